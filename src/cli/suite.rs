//! The options of `wsprobe run` that control how scripts are played and reported.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::dialing::{Connections, Dialer};
use super::env::Env;
use super::options::When;
use super::reports::{ReportArgs, Tested};
use super::{translate, values};
use crate::client::output_file::Destination;
use crate::commands::run::RunOptions;
use crate::error::Error;
use crate::play::files::Scripts;
use crate::play::planner::ConnectionPlanner;
use crate::render::record::Secrets;
use crate::report::ReportRequest;
use crate::script::variables::Variables;
use crate::term::diagnostics::Diagnostics;

#[derive(Args, Clone, Debug)]
pub(super) struct PlayingArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    output: SuiteOutputArgs,
    #[command(flatten)]
    connections: Connections,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Playing")]
struct ChoiceArgs {
    /// Run this many files at once: by default, one per CPU
    #[arg(long, value_name = "N", value_parser = values::positive::<u32>, hide_short_help = true)]
    jobs: Option<u32>,

    /// End the run when a file has failed
    ///
    /// Files that are running then are stopped, and count as not run.
    #[arg(long, hide_short_help = true)]
    fail_fast: bool,

    /// Run each file this many times
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = values::positive::<u32>, hide_short_help = true)]
    repeat: u32,

    /// Run only files whose path contains this; repeat it for more
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    filter: Vec<String>,

    /// Limit the time of each file, all of its steps together
    #[arg(long, value_name = "TIME", value_parser = crate::text::units::time, hide_short_help = true)]
    timeout: Option<Duration>,

    /// Stop waiting for a server's Close after this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::text::units::time, hide_short_help = true)]
    close_timeout: Duration,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
struct SuiteOutputArgs {
    #[command(flatten)]
    reports: ReportArgs,

    /// Write a JSON record for each event of all connections to this file
    ///
    /// The records are those of `wsprobe --record`.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    record: Option<PathBuf>,

    /// Let `--record` replace the contents of a file
    #[arg(long, requires = "record", hide_short_help = true)]
    force: bool,

    /// Leave secrets in the record as they are
    #[arg(long, requires = "record", hide_short_help = true)]
    record_secrets: bool,

    /// Show each frame on the wire, in both directions
    #[arg(long, hide_short_help = true)]
    frames: bool,

    /// Use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    color: When,

    /// The same as `--color never`
    #[arg(long, hide_short_help = true, conflicts_with = "color")]
    no_color: bool,

    /// Show only failures
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Show each step and the handshakes; twice: TLS and timing too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

impl PlayingArgs {
    /// What makes connections, with these options for all of them.
    pub(super) fn dial(&self, env: &Env) -> ConnectionPlanner {
        Dialer::new(self.connections.clone(), self.output.frames, env).into()
    }

    /// All that is needed to play these files.
    pub(super) fn suite(
        self,
        scripts: Scripts,
        variables: Variables,
        reports: Vec<ReportRequest>,
        env: &Env,
    ) -> RunOptions {
        let diagnostics = self.diagnostics(env);
        let ChoiceArgs { jobs, fail_fast, repeat, filter, timeout, close_timeout } = self.choice;
        let cpus = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let output = self.output;
        let secrets = if output.record_secrets { Secrets::Kept } else { Secrets::Masked };
        RunOptions {
            scripts,
            variables,
            filter,
            jobs: jobs.map_or_else(cpus, |jobs| jobs as usize),
            repeat,
            fail_fast,
            timeout,
            close_timeout,
            reports,
            record: output.record.map(|path| (Destination { path, is_forced: output.force }, secrets)),
            diagnostics,
            progress: env.stderr_is_terminal && !env.terminal_is_dumb && !output.quiet,
        }
    }

    /// The reports that are wanted, and files to play that were given with them.
    ///
    /// # Errors
    /// An invalid report, or one that would overwrite a script.
    pub(super) fn reports(&self) -> Result<(Vec<ReportRequest>, Vec<PathBuf>), Error> {
        self.output.reports.read(Tested::Scripts)
    }

    /// How to print messages to the user.
    pub(super) fn diagnostics(&self, env: &Env) -> Diagnostics {
        let output = &self.output;
        let colour = !output.no_color && translate::chosen(output.color, env.colours(env.stderr_is_terminal));
        Diagnostics { verbosity: translate::verbosity(output.quiet, output.verbose), colour }
    }
}
