//! The command line of `wsprobe check`.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::env::Env;
use super::message_file;
use super::options::{Options, OutputArgs, RequestArgs, RouteArgs, TimingArgs, TlsArgs, When};
use super::profile::ConfigArgs;
use super::reports::{ReportArgs, Tested};
use super::{translate, values};
use crate::app::Job;
use crate::commands::check::{CaseChoice, CheckOptions, ShownCase};
use crate::error::Error;
use crate::session::{Rate, Wait};

#[derive(Args, Clone, Debug)]
pub(super) struct CheckArgs {
    /// The server, as for `wsprobe URL`
    #[arg(value_name = "URL", required_unless_present_any = ["list", "show", "report"])]
    url: Option<String>,

    #[command(flatten)]
    cases: CaseArgs,
    #[command(flatten)]
    traffic: TrafficArgs,
    #[command(flatten)]
    output: CheckOutputArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    route: RouteArgs,
    #[command(flatten)]
    timing: CheckTimingArgs,
    #[command(flatten)]
    _config: ConfigArgs,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cases")]
struct CaseArgs {
    /// List the cases, with what each sends and expects; nothing connects
    #[arg(long, conflicts_with_all = ["url", "TrafficArgs", "CheckOutputArgs", "RequestArgs", "TlsArgs", "RouteArgs", "CheckTimingArgs", "strict"])]
    list: bool,

    /// Print a case as a script for `wsprobe run`; nothing connects
    ///
    /// Without a URL, the script has `{{url}}` for it.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["list", "only", "skip", "TrafficArgs", "CheckOutputArgs", "RequestArgs", "TlsArgs", "RouteArgs", "CheckTimingArgs", "strict"])]
    show: Option<String>,

    /// Run only these cases; repeat it for more: `--only 'utf8/*'`
    ///
    /// `*` matches any text.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Skip these cases; repeat it for more
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,

    /// Exit with 1 if a SHOULD is broken too
    #[arg(long)]
    strict: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traffic")]
struct TrafficArgs {
    /// The server echoes: also run the cases that compare what comes back
    #[arg(long)]
    echo: bool,

    /// Also send frames that break the rules
    ///
    /// The server has to fail the connection then. A server that is neither on this machine nor in a private network
    /// needs `--authorized` too.
    #[arg(long)]
    malformed: bool,

    /// Also send large messages and many of them, up to 16 MiB
    ///
    /// A compressed message inflates to at most a thousand times its size. Each has to be accepted, or refused with 1009. Needs
    /// `--authorized` as `--malformed` does.
    #[arg(long)]
    limits: bool,

    /// The owner of a server on the public network agrees to `--malformed` and `--limits`
    #[arg(long)]
    authorized: bool,

    /// Send this text message first on each connection; repeat it for more
    ///
    /// For a server that expects a greeting or a login. `@FILE` sends the text of a file, `@@TEXT` the text `@TEXT`.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true)]
    execute: Vec<String>,

    /// Open at most this many connections in a time: `10`, `10/s`, `100/1m`
    #[arg(long, value_name = "N[/TIME]", value_parser = values::rate, default_value = "10")]
    rate: Rate,

    /// Wait this long for each reaction
    #[arg(short, long, value_name = "TIME", default_value = "3s", value_parser = values::time_span)]
    wait: Duration,

    /// Also check whether the server notices a client that answers nothing, within this time
    #[arg(long, value_name = "TIME", value_parser = values::time_span)]
    vanish: Option<Duration>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
struct CheckOutputArgs {
    #[command(flatten)]
    reports: ReportArgs,

    /// Show the requests and frames of the cases, both ways
    #[arg(long, requires = "only")]
    frames: bool,

    /// Use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,

    /// The same as `--color never`
    #[arg(long, conflicts_with = "color")]
    no_color: bool,

    /// Print only failed cases
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Show the handshake of the first connection; twice: TLS and timing too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

/// The part of `TimingArgs` that has a meaning here.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Timing")]
struct CheckTimingArgs {
    /// Give up if there is no connection in time
    ///
    /// Covers the name, the addresses, the proxy and TLS together.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time)]
    connect_timeout: Duration,

    /// Give up if the server does not answer the first opening request in time
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time)]
    handshake_timeout: Duration,

    /// Wait this long for the server to start, or `forever`
    ///
    /// Tries again every 50 ms while the name is unknown, the connection is refused or the answer is a 502, 503 or the like.
    #[arg(long, value_name = "TIME", value_parser = values::wait)]
    wait_for_server: Option<Wait>,
}

impl CheckArgs {
    /// # Errors
    /// What is wrong with the options.
    pub(super) fn job(self, env: &Env) -> Result<Job, Error> {
        let choice = CaseChoice {
            only: self.cases.only.clone(),
            skip: self.cases.skip.clone(),
            echo: self.traffic.echo,
            malformed: self.traffic.malformed,
            limits: self.traffic.limits,
            vanish: self.traffic.vanish.is_some(),
        };
        if let Some(name) = self.cases.show {
            let target = self.url.as_deref().map(translate::target).transpose()?.map(|parsed| parsed.target);
            return Ok(Job::ShowCase(Box::new(ShownCase { name, target })));
        }
        if self.cases.list {
            return Ok(Job::ListCases(Box::new(choice)));
        }
        let (reports, more) = self.output.reports.read(Tested::Server)?;
        let mut urls = self.url.iter().cloned().chain(more.iter().map(|path| path.display().to_string()));
        let url = urls.next().ok_or_else(|| Error::Usage("no URL was given: `wsprobe check URL`".to_owned()))?;
        if let Some(other) = urls.next() {
            return Err(Error::Usage(format!(
                "unexpected argument `{other}`: only one server can be checked at a time"
            )));
        }
        let TrafficArgs { authorized, execute, rate, wait, vanish, .. } = self.traffic.clone();
        let (is_strict, frames) = (self.cases.strict, self.output.frames);
        Ok(Job::Check(Box::new(CheckOptions {
            plan: *translate::connect(&url, &self.options(), env)?,
            choice,
            hello: execute.iter().map(|arg| message_file::text(arg)).collect::<Result<_, _>>()?,
            is_strict,
            rate,
            wait,
            vanish,
            is_authorized: authorized,
            frames,
            reports,
        })))
    }

    /// How the first connection is made, and those after it.
    fn options(self) -> Options {
        let defaults = Options::without_stdin();
        let CheckOutputArgs { color, no_color, quiet, verbose, .. } = self.output;
        let CheckTimingArgs { connect_timeout, handshake_timeout, wait_for_server } = self.timing;
        Options {
            output: OutputArgs { color, no_color, quiet, verbose, ..defaults.output },
            timing: TimingArgs { connect_timeout, handshake_timeout, wait_for_server, ..defaults.timing },
            request: self.request,
            tls: self.tls,
            route: self.route,
            ..defaults
        }
    }
}
