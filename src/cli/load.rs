//! `wsprobe load`: its options, and what they mean.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use super::dialing::{Connections, Dialer};
use super::env::Env;
use super::options::{ConnectionArgs, Options, OutputArgs, When};
use super::profile::ConfigArgs;
use super::unlisted::{UnusedOptions, unlisted};
use super::{dialing, translate, values};
use crate::app::Job;
use crate::commands::load::files::LoadFilePaths;
use crate::commands::load::merge::MergeOptions;
use crate::commands::load::output::LoadOutput;
use crate::commands::load::plan::{LoadModel, LoadOptions, LoadTraffic};
use crate::commands::load::replies::ReplyMatch;
use crate::commands::load::schedule::OpeningSchedule;
use crate::commands::load::script::LoadScript;
use crate::commands::load::texts::{ClientTexts, LoadMessage};
use crate::commands::load::threshold::Threshold;
use crate::commands::load::variables::ClientTable;
use crate::error::Error;
use crate::message::DataKind;
use crate::play::files::Scripts;
use crate::script::check::DefaultConnection;
use crate::script::variables::Variables;
use crate::session::{self, Rate};

/// How often a connection sends if nothing is said.
const ONCE_A_SECOND: Rate = Rate { messages: NonZeroU32::MIN, per: Duration::from_secs(1) };

/// Options of the timing that have no effect here, and why.
const UNUSED: UnusedOptions = [
    (&["ping-interval", "ping-timeout"], "connections are measured by their messages; `wsprobe ping` measures pings"),
    (&["heartbeat", "heartbeat-interval"], "`-x` with `--rate` sends at regular intervals"),
    (&["idle-timeout"], "`--duration` limits the time"),
    (&["reconnect", "reconnect-delay", "reconnect-on"], "a connection that is lost is counted as broken"),
];

/// All that `wsprobe load` takes.
#[derive(Args, Clone, Debug)]
#[command(mut_args(|argument| unlisted(argument, &UNUSED)))]
#[command(mut_arg("compress", |compress| compress.default_value("off")))]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
#[command(override_usage = "wsprobe load [OPTIONS] <URL>\n       wsprobe load merge [OPTIONS] <FILE>...")]
pub(super) struct LoadArgs {
    /// The server, as for `wsprobe URL`
    #[arg(value_name = "URL", required = true)]
    url: Option<String>,

    #[command(flatten)]
    load: LoadingArgs,
    #[command(flatten)]
    output: LoadOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    _config: ConfigArgs,

    #[command(subcommand)]
    command: Option<LoadCommand>,
}

#[derive(Subcommand, Clone, Debug)]
enum LoadCommand {
    /// Add the logs of several runs, and print the report of all together
    ///
    /// The histograms of `--hdr` are added exactly: percentiles are those of all samples, not means of percentiles. The runs are
    /// taken for parts of one, as with `--start-at`.
    Merge(MergeArgs),
}

#[derive(Args, Clone, Debug)]
struct MergeArgs {
    /// Logs that `--hdr` has written
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Exit with 1 unless this holds; repeat it for more
    #[arg(long, value_name = "LIMIT", value_parser = Threshold::from_text)]
    threshold: Vec<Threshold>,

    /// Print a JSON record
    #[arg(short, long)]
    json: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load")]
struct LoadingArgs {
    /// Hold this many connections
    ///
    /// Not the `--connect` of `wsprobe -c URL`, which is wscat's. More than 100 to a server that is neither on this machine
    /// nor in a private network need `--authorized`.
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = values::positive::<u32>, conflicts_with = "ramp")]
    connections: u32,

    /// Open this many connections in a time: `100`, `100/s`, `1000/1m`
    ///
    /// Each is due at its time, whether those before it are open or not.
    #[arg(long, value_name = "N[/TIME]", default_value = "100", value_parser = values::rate, conflicts_with = "ramp")]
    connect_rate: Rate,

    /// Open connections in steps instead: `10s:100,1m:1000` opens 100 in 10 s, then 900 more in a minute
    ///
    /// Within a step they are due at even distances; a step with the number of the one before it waits.
    #[arg(long, value_name = "TIME:N,…", value_parser = OpeningSchedule::ramp_from_text)]
    ramp: Option<OpeningSchedule>,

    /// Begin at this time: `2026-11-28T12:00:00Z`
    ///
    /// RFC 3339; without a zone it is UTC. So several processes, on several machines, can begin together.
    #[arg(long, value_name = "TIME", value_parser = start_at)]
    start_at: Option<SystemTime>,

    /// Go on for this long after the last connection was due
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::time_span)]
    duration: Duration,

    /// Send this message, again and again, on each connection
    ///
    /// Without it and without `--size`, the connections are held and say nothing. In braces: `{{seq}}` is the number of the
    /// message on its connection, `{{client}}` that of the connection, both from 1 on; `{{uuid}}`, `{{now}}` (RFC 3339),
    /// `{{random 1..6}}`, and the columns of `--vars-from`. `\{{` is no such word. The URL's path and query, `--header`,
    /// `--cookie` and `--bearer` take them too, but for `{{seq}}`.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true, conflicts_with = "size")]
    execute: Option<String>,

    /// Send a message of this size instead of `-x`: letters, or with `--binary` bytes
    #[arg(long, value_name = "BYTES", value_parser = crate::text::units::size)]
    size: Option<usize>,

    /// Send binary messages
    #[arg(short, long)]
    binary: bool,

    /// Take variables from a file, a line for each client: tokens, rooms
    ///
    /// Comma-separated values (RFC 4180); the first line names the columns, which are then words in braces: `{{token}}`. After
    /// the last line it begins again. A line with more or fewer values is refused.
    #[arg(long, value_name = "FILE")]
    vars_from: Option<PathBuf>,

    /// Send this many messages in a time on each connection, once a second by default: `10`, `10/s`, `100/1m`
    ///
    /// The model is open: a message is due at its time, whatever the server does, and its latency counts from then. If the
    /// server stalls for a second, all messages that were due in it are late, not only the one that was under way.
    #[arg(long, value_name = "N[/TIME]", value_parser = values::rate, conflicts_with = "closed")]
    rate: Option<Rate>,

    /// Send a message when the reply to the one before has come
    ///
    /// The closed model, for the most that a server can do. Its latencies leave out what a stall does to those who would have
    /// sent meanwhile.
    #[arg(long)]
    closed: bool,

    /// How the reply to a message is found: echo, next, json:PATH or none
    ///
    /// echo: it says the same. next: it is the next message that comes. json:PATH: it has the same value at this JSONPath
    /// (RFC 9535), such as an id; where the message has none, any value. none: no reply is waited for, and there are no
    /// latencies.
    #[arg(long = "match", value_name = "HOW", value_parser = reply_match)]
    matching: Option<ReplyMatch>,

    /// One connection sends, and all receive: measure each delivery
    ///
    /// The first connection sends, from when all were due to be open, at `--rate`. A delivery to each other one counts from when
    /// its message was due; those that never come are counted, from the opening of the receiver on. The report tells how the receivers differ, and names the slowest.
    /// Put `{{seq}}` into the message if it may come late or get lost: equal messages are told apart by their order alone.
    #[arg(long, conflicts_with = "closed")]
    fan_out: bool,

    /// Have each connection play this script, again and again
    ///
    /// The language is that of `wsprobe run`, see wsprobe.wsp(5). A play is due at `--rate`, or with `--closed` when the one before
    /// has ended; its latency is that of all its steps. The connection is there already, as in `wsprobe listen --script`. A step
    /// that fails ends its connection, which counts as broken. `{{seq}}` is the number of the play.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["execute", "size", "binary", "matching", "fan_out"])]
    script: Option<PathBuf>,

    /// Search the highest rate that holds this: `p99<100ms`, `errors<1%`
    ///
    /// Runs for `--duration` at one rate after another, each with new connections: at first `--rate`, then twice that as often as
    /// it holds, or half of it; then between the two, until they differ by less than a twentieth. It ends after 25 runs at the
    /// latest, with the summary of the one with the highest rate. A rate holds only if no connection is refused or broken; messages
    /// without a reply count as later than all others. The exit status is 1 if no rate holds.
    #[arg(
        long, value_name = "LIMIT", value_parser = rate_limit,
        conflicts_with_all = ["closed", "threshold", "csv", "hdr", "plot"]
    )]
    find_rate: Option<Threshold>,

    /// Wait this long at the end for the last replies
    #[arg(short, long, value_name = "TIME", default_value = "2s", value_parser = crate::text::units::time)]
    wait: Duration,

    /// The owner of a server on the public network agrees to more than 100 connections
    ///
    /// Without it, wsprobe asks on a terminal, and refuses otherwise.
    #[arg(long)]
    authorized: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
struct LoadOutputArgs {
    /// Print only the summary
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// Print a JSON record for each second and for the summary
    ///
    /// `type` is second or summary. Times are in milliseconds, to the microsecond; null is a time of nothing.
    #[arg(short, long)]
    json: bool,

    /// Exit with 1 unless this holds at the end: `p99<50ms`, `max<=1s`, `errors<0.1%`, `rate>1000/s`; repeat it for more
    ///
    /// pN and max are of the latency. errors is the share of connections that were refused or broken, and of messages without a
    /// reply or unsent. rate is how many messages came in a second.
    #[arg(long, value_name = "LIMIT", value_parser = Threshold::from_text)]
    threshold: Vec<Threshold>,

    /// Also write a table with a line a second
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Also write a log of latency histograms, one a second, for `load merge` and the tools of HdrHistogram
    ///
    /// Version 1.3 of the log, version 2 of the histograms, in nanoseconds. Histograms with a tag are those of the steps of
    /// opening and of wsprobe's own lateness.
    #[arg(long, value_name = "FILE")]
    hdr: Option<PathBuf>,

    /// Draw rates and percentiles over time into this file (SVG)
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    color: When,

    /// The same as `--color never`
    #[arg(long, hide_short_help = true, conflicts_with = "color")]
    no_color: bool,
}

impl LoadArgs {
    /// Options that have no effect here, and why.
    pub(super) fn unused() -> impl Iterator<Item = (&'static [&'static str], &'static str)> {
        UNUSED.into_iter()
    }

    pub(super) fn job(&self, env: &Env) -> Result<Job, Error> {
        if let Some(LoadCommand::Merge(MergeArgs { files, threshold, json })) = &self.command {
            let output = if *json { LoadOutput::Records } else { LoadOutput::Summary };
            return Ok(Job::MergeLoads(MergeOptions { files: files.clone(), output, thresholds: threshold.clone() }));
        }
        self.options(env).map(Box::new).map(Job::Load)
    }

    fn options(&self, env: &Env) -> Result<LoadOptions, Error> {
        let LoadOutputArgs { quiet, json, ref threshold, ref csv, ref hdr, ref plot, color, no_color } = self.output;
        let mut options = Options::without_stdin().connecting(&self.connection);
        options.output = OutputArgs { color, no_color, ..options.output };
        let interfaces = std::mem::take(&mut options.route.interface);
        let mut plan = *translate::connect(self.url.as_deref().unwrap_or_default(), &options, env)?;
        // A reply is judged as a whole.
        plan.connect.connection.parts = false;
        plan.connect.connection.is_of_many = true;
        let table = self.load.table()?;
        let files = LoadFilePaths { csv: csv.clone(), hdr: hdr.clone(), plot: plot.clone() };
        files.check(self.load.vars_from.as_deref())?;
        let traffic = self.load.traffic(&table)?;
        let script = self.load.script(&table, &plan.session, env);
        if script.is_none() {
            check_thresholds("threshold", threshold, traffic.as_ref())?;
            check_thresholds("find-rate", self.load.find_rate.as_slice(), traffic.as_ref())?;
        }
        let LoadingArgs { connections, connect_rate, ref ramp, duration, start_at, wait, authorized, .. } = self.load;
        Ok(LoadOptions {
            openings: ramp.clone().unwrap_or(OpeningSchedule::Steady(connect_rate, connections)),
            texts: ClientTexts::new(&plan.connect, table).map_err(Error::Usage)?,
            plan,
            duration,
            model: (traffic.is_some() || script.is_some()).then(|| self.load.model()),
            traffic,
            script,
            find_rate: self.load.find_rate.clone(),
            wait,
            is_authorized: authorized,
            may_ask: env.stdin_is_terminal && env.stderr_is_terminal,
            interfaces,
            start_at,
            thresholds: threshold.clone(),
            files,
            output: match (quiet, json) {
                (true, _) => LoadOutput::Summary,
                (false, true) => LoadOutput::Records,
                (false, false) => LoadOutput::Lines,
            },
            draws: env.stdout_is_terminal && !env.terminal_is_dumb,
        })
    }
}

/// Refuses a limit for the latency where no replies are looked for.
fn check_thresholds(option: &str, thresholds: &[Threshold], traffic: Option<&LoadTraffic>) -> Result<(), Error> {
    let has_replies = traffic.is_some_and(|traffic| !matches!(traffic.matching, ReplyMatch::None));
    match thresholds.iter().find(|threshold| threshold.is_of_latency()) {
        Some(threshold) if !has_replies => {
            let text = threshold.text();
            Err(Error::Usage(format!("`--{option} {text}` is of the latency, and no replies are looked for")))
        }
        _ => Ok(()),
    }
}

impl LoadingArgs {
    fn table(&self) -> Result<ClientTable, Error> {
        let Some(path) = &self.vars_from else { return Ok(ClientTable::default()) };
        ClientTable::from_file(path).map_err(|error| {
            Error::Usage(format!("invalid value `{}` for `--vars-from <FILE>`: {error}", path.display()))
        })
    }

    fn traffic(&self, table: &ClientTable) -> Result<Option<LoadTraffic>, Error> {
        let kind = if self.binary { DataKind::Binary } else { DataKind::Text };
        let text = match (&self.execute, self.size) {
            (Some(text), _) => text.clone(),
            (None, Some(size)) => ('a'..='z').cycle().take(size).collect(),
            (None, None) if self.script.is_some() => return Ok(None),
            (None, None) => return self.check_silence().map(|()| None),
        };
        let message = LoadMessage::new(&text, kind, table)
            .map_err(|why| Error::Usage(format!("invalid value `{text}` for `--execute <MSG>`: {why}")))?;
        let matching = self.matching.clone().unwrap_or(ReplyMatch::Echo);
        if self.closed && matches!(matching, ReplyMatch::None) {
            return Err(Error::Usage(
                "`--closed` sends after a reply, and with `--match none` there is none".to_owned(),
            ));
        }
        if self.fan_out {
            self.check_fan_out(&matching)?;
        }
        Ok(Some(LoadTraffic { message, matching, is_fan_out: self.fan_out }))
    }

    fn model(&self) -> LoadModel {
        if self.closed { LoadModel::Closed } else { LoadModel::Open(self.rate.unwrap_or(ONCE_A_SECOND)) }
    }

    fn check_fan_out(&self, matching: &ReplyMatch) -> Result<(), Error> {
        if matches!(matching, ReplyMatch::Next | ReplyMatch::None) {
            return Err(Error::Usage(
                "`--fan-out` has to know a message when it comes: use `--match echo` or `--match json:PATH`".to_owned(),
            ));
        }
        let connections = self.ramp.as_ref().map_or(self.connections, OpeningSchedule::connections);
        if connections < 2 {
            return Err(Error::Usage("`--fan-out` takes two connections at least: one sends".to_owned()));
        }
        Ok(())
    }

    fn script(&self, table: &ClientTable, session: &session::options::Options, env: &Env) -> Option<LoadScript> {
        let scripts = Scripts {
            paths: vec![self.script.clone()?],
            options: dialing::names(),
            variables: Some(Variables::new(Env::secret)),
            dial: Dialer::new(Connections::default(), false, env).into(),
            given: DefaultConnection::Yes,
        };
        Some(LoadScript::new(scripts, table, session.clone()))
    }

    /// What would say how a message is sent, where there is none.
    fn check_silence(&self) -> Result<(), Error> {
        let given = [
            (self.rate.is_some(), "--rate"),
            (self.closed, "--closed"),
            (self.matching.is_some(), "--match"),
            (self.binary, "--binary"),
            (self.fan_out, "--fan-out"),
            (self.find_rate.is_some(), "--find-rate"),
        ];
        match given.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(Error::Usage(format!(
                "`{option}` has no effect here: without `-x` or `--size`, nothing is sent (`--script` plays a script)"
            ))),
            None => Ok(()),
        }
    }
}

fn reply_match(text: &str) -> Result<ReplyMatch, String> {
    match text {
        "echo" => Ok(ReplyMatch::Echo),
        "next" => Ok(ReplyMatch::Next),
        "none" => Ok(ReplyMatch::None),
        _ => match text.strip_prefix("json:") {
            Some(path) => values::path(path).map(ReplyMatch::Json),
            None => Err("expected echo, next, none or json:PATH".to_owned()),
        },
    }
}

fn rate_limit(text: &str) -> Result<Threshold, String> {
    let limit = Threshold::from_text(text)?;
    if limit.is_of_rate() || !limit.wants_less() {
        return Err("expected what more messages make worse, like `p99<100ms` or `errors<1%`".to_owned());
    }
    Ok(limit)
}

fn start_at(text: &str) -> Result<SystemTime, String> {
    let time = humantime::parse_rfc3339_weak(text)
        .map_err(|_| "expected a time like 2026-11-28T12:00:00Z, in UTC".to_owned())?;
    if time < SystemTime::now() { Err("that time is over".to_owned()) } else { Ok(time) }
}
