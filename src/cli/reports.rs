//! `--report`, of `wsprobe run` and `wsprobe check`.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::error::Error;
use crate::report::{ReportFormat, ReportRequest};

/// `--report FORMAT [FILE]`, each time that it was given.
#[derive(Clone, Debug)]
pub(super) struct ReportArgs(Vec<Vec<String>>);

impl FromArgMatches for ReportArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = matches.get_occurrences::<String>("report").into_iter().flatten();
        Ok(Self(given.map(|values| values.cloned().collect()).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ReportArgs {
    /// By hand, because clap's derive does not show which values were given together.
    fn augment_args(command: Command) -> Command {
        const SUMMARY: &str = "Write a report: `tap`, `junit FILE` or `json FILE`; repeat it for more";
        const DETAILS: &str = "TAP is written to stdout as results arrive, the other reports to their file at the end; \
            `junit=FILE` means the same as `junit FILE`, and `-` is stdout. Without a report, stdout stays empty: results \
            are shown on stderr.";
        let report = Arg::new("report").long("report").value_name("FORMAT [FILE]").num_args(1..=2);
        let report = report.action(ArgAction::Append).hide_short_help(true).help_heading("Output");
        command.arg(report.help(SUMMARY).long_help(format!("{SUMMARY}\n\n{DETAILS}")))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl ReportArgs {
    /// The requested reports, and what is to be tested that follows them: the FILE of `--report tap FILE`.
    ///
    /// # Errors
    /// An invalid report, or one that would overwrite a script.
    pub(super) fn read(&self, tested: Tested) -> Result<(Vec<ReportRequest>, Vec<PathBuf>), Error> {
        let mut reports: Vec<ReportRequest> = Vec::new();
        let mut others = Vec::new();
        for values in &self.0 {
            let mut values = values.iter().map(String::as_str);
            let first = values.next().unwrap_or_default();
            let (name, mut file) = first.split_once('=').map_or((first, None), |(name, file)| (name, Some(file)));
            let format = format(name)?;
            let second = values.next();
            if file.is_none() && format != ReportFormat::Tap {
                file =
                    Some(second.ok_or_else(|| {
                        Error::Usage(format!("`--report {name}` needs a file: `--report {name} FILE`"))
                    })?);
            } else {
                others.extend(second.map(PathBuf::from));
            }
            let file = file.filter(|file| *file != "-").map(PathBuf::from);
            if let Some(objection) = file.as_deref().and_then(|file| tested.objection(name, file)) {
                return Err(Error::Usage(objection));
            }
            reports.push(ReportRequest { format, file });
        }
        if reports.iter().filter(|report| report.file.is_none()).count() > 1 {
            return Err(Error::Usage("only one report can go to stdout".to_owned()));
        }
        Ok((reports, others))
    }
}

/// What a command tests, which may be taken for the file of a report.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tested {
    Scripts,
    Server,
}

impl Tested {
    /// What speaks against this file for a report.
    fn objection(self, report: &str, file: &Path) -> Option<String> {
        let shown = file.display();
        match self {
            Self::Server if file.to_string_lossy().contains("://") => {
                Some(format!("`--report {report}` needs a file before the URL: `--report {report} FILE {shown}`"))
            }
            Self::Server if is_script(file) => Some(format!("`--report {report}` would overwrite `{shown}`, a script")),
            Self::Scripts if is_script(file) => Some(format!(
                "`--report {report}` would overwrite `{shown}`: the file of the report comes first, then the files to run"
            )),
            Self::Scripts | Self::Server => None,
        }
    }
}

fn format(name: &str) -> Result<ReportFormat, Error> {
    match name {
        "tap" => Ok(ReportFormat::Tap),
        "json" => Ok(ReportFormat::Json),
        "junit" => Ok(ReportFormat::Junit),
        _ => Err(Error::Usage(format!("invalid report `{name}`: expected `tap`, `junit FILE` or `json FILE`"))),
    }
}

fn is_script(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|extension| extension == "wsp")
}
