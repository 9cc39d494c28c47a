//! The command line of `wsprobe run`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::dialing;
use super::env::Env;
use super::profile::config_file;
use super::suite::PlayingArgs;
use crate::app::Job;
use crate::commands::check_scripts::ScriptCheck;
use crate::error::Error;
use crate::play::files::Scripts;
use crate::script::check::DefaultConnection;
use crate::script::variables::files::{self, VariablesFormat};
use crate::script::variables::{Variables, is_reference};
use crate::sys::file;

#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Scripts, and folders of them (`*.wsp`); `-` is stdin
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Only check the scripts: nothing connects
    ///
    /// All errors of all files are printed, each with its line and column; the exit status is 2 if there are any.
    /// Whether variables have values is checked only if `--var` or `--vars` is given. With `--fmt`, files that are not
    /// in their canonical form are listed and not changed, and the exit status is 1.
    #[arg(long, help_heading = "Scripts", conflicts_with_all = ["ChoiceArgs", "report", "record", "frames", "config"])]
    check: bool,

    /// Format the scripts: write them in their canonical form
    ///
    /// Files are changed in place, stdin is printed to stdout. Indentation and blanks between words change; comments
    /// and the contents of messages do not. If any file has an error, none is written.
    #[arg(long, help_heading = "Scripts", conflicts_with_all = ["ChoiceArgs", "report", "record", "frames", "var", "vars", "config"])]
    fmt: bool,

    #[command(flatten)]
    values: Values,

    #[command(flatten)]
    playing: PlayingArgs,
    /// Take the defaults and the hosts' options of this file of profiles too
    ///
    /// Without it, a run gets only what its command line and its scripts say; `@NAME` among the files takes that profile: its
    /// URL is the variable `url`, its options hold for each connection.
    #[arg(long, value_name = "FILE", hide_short_help = true, help_heading = "Profiles", value_parser = config_file())]
    config: Option<PathBuf>,
}

/// The values of variables.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Scripts")]
pub(super) struct Values {
    /// Give a variable a value: `--var url=ws://localhost:8080`
    ///
    /// It replaces `{{NAME}}` in scripts, and overrides `--vars`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    var: Vec<(String, String)>,

    /// Take variables from a file: TOML, JSON or .env, according to its name
    ///
    /// Nested keys are joined with dots: `{{server.url}}`, `{{list.0}}`. If several files set a variable, the last one
    /// wins.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    vars: Vec<PathBuf>,
}

impl RunArgs {
    /// Whether the scripts are not played.
    pub(super) fn only_reads(&self) -> bool {
        self.check || self.fmt
    }

    /// What is to be done with the scripts.
    ///
    /// # Errors
    /// What is wrong with the options, or with the files of variables.
    pub(super) fn job(self, env: &Env) -> Result<Job, Error> {
        let is_played = !self.only_reads();
        let (reports, more) = self.playing.reports()?;
        let paths: Vec<_> = more.into_iter().chain(self.paths).collect();
        if paths.is_empty() {
            return Err(Error::Usage(
                "no script given: use `wsprobe run FILE...`, or name a folder of scripts".to_owned(),
            ));
        }
        let variables = self.values.read()?;
        let known = (is_played || self.values.has_any()).then(|| variables.clone());
        let scripts = Scripts {
            paths,
            options: dialing::names(),
            variables: known,
            dial: self.playing.dial(env),
            given: if is_played { DefaultConnection::No } else { DefaultConnection::Perhaps },
        };
        if is_played {
            return Ok(Job::Run(Box::new(self.playing.suite(scripts, variables, reports, env))));
        }
        let diagnostics = self.playing.diagnostics(env);
        Ok(Job::CheckScripts(Box::new(ScriptCheck { scripts, checks: self.check, formats: self.fmt, diagnostics })))
    }
}

impl Values {
    fn has_any(&self) -> bool {
        !self.var.is_empty() || !self.vars.is_empty()
    }

    /// # Errors
    /// What is wrong with the files.
    pub(super) fn read(&self) -> Result<Variables, Error> {
        variables(&self.vars, self.var.clone())
    }
}

fn variables(paths: &[PathBuf], given: Vec<(String, String)>) -> Result<Variables, Error> {
    let mut variables = Variables::new(Env::secret);
    for path in paths {
        let bad = |why: String| Error::Usage(format!("cannot use the variables of `{}`: {why}", path.display()));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let format =
            VariablesFormat::of(&name).ok_or_else(|| bad("its name must end in .toml, .json or .env".to_owned()))?;
        let unread = |source| Error::File { what: "read", path: path.clone(), source };
        let text = file::read_to_string(path).map_err(unread)?;
        files::read(&text, format).map_err(bad)?.into_iter().for_each(|(name, value)| variables.set(name, value));
    }
    given.into_iter().for_each(|(name, value)| variables.set(name, value));
    Ok(variables)
}

/// `NAME=VALUE`
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_reference(name) => Ok((name.to_owned(), value.to_owned())),
        Some(_) => Err("a name consists of letters, digits, `_` and `-`, and begins with a letter or `_`".to_owned()),
        None => Err("expected `NAME=VALUE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_given_as_name_and_value() {
        assert_eq!(assignment("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert!(assignment("a").unwrap_err().contains("NAME=VALUE"));
        assert!(assignment("=a").unwrap_err().contains("begins with a letter"));
    }
}
