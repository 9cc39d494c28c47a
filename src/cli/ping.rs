//! `wsprobe ping`: its options, and what they mean.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::env::Env;
use super::options::{ConnectionArgs, Options, OutputArgs, When};
use super::profile::ConfigArgs;
use super::unlisted::{UnusedOptions, unlisted};
use super::{translate, values};
use crate::commands::ping::view::PingOutput;
use crate::commands::ping::{AnswerMatch, PingOptions};
use crate::error::Error;
use crate::message::Message;
use crate::wire::frame::LONGEST_CONTROL;

/// The shortest `--interval`.
const SHORTEST: Duration = Duration::from_millis(10);

/// Options of the timing that have no effect here, and why.
const UNUSED: UnusedOptions = [
    (&["ping-interval", "ping-timeout"], "`--interval` says how often it pings, and nothing else does"),
    (&["heartbeat", "heartbeat-interval"], "`-x` sends a message beside each ping"),
    (&["idle-timeout"], "`--interval` and `--deadline` limit the time"),
    (&["reconnect", "reconnect-delay", "reconnect-on"], "`--reconnect-each` connects again for each ping"),
];

/// All that `wsprobe ping` takes.
#[derive(Args, Clone, Debug)]
#[command(mut_args(|argument| unlisted(argument, &UNUSED)))]
pub(super) struct PingArgs {
    /// The server, as for `wsprobe URL`
    #[arg(value_name = "URL")]
    url: String,

    #[command(flatten)]
    pinging: PingingArgs,
    #[command(flatten)]
    output: PingOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    _config: ConfigArgs,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ping")]
struct PingingArgs {
    /// Stop after this many pings; without it, Ctrl-C stops it
    #[arg(short = 'c', long, value_name = "N", value_parser = values::count)]
    count: Option<u64>,

    /// Wait this long from one ping to the next, at least 10ms
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,

    /// Stop after this long, connecting included
    #[arg(long, value_name = "TIME", value_parser = values::time_span)]
    deadline: Option<Duration>,

    /// The payload of each ping, in bytes: 0 to 125
    #[arg(long, value_name = "BYTES", default_value = "32", value_parser = payload)]
    size: usize,

    /// Send this message beside each ping, and time its answer
    ///
    /// The pong comes from the server's WebSocket library, the answer from the application: the difference is the time of
    /// the application itself.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true)]
    execute: Option<String>,

    /// Which message is the answer to `-x`: REGEX or json:PATH
    ///
    /// Without it, the next message. A regular expression has to match the text; with `json:` before it, a JSONPath
    /// (RFC 9535) has to find something in the message. All other messages are passed over.
    #[arg(long = "match", value_name = "REGEX|json:PATH", requires = "execute", value_parser = answer_match)]
    matching: Option<AnswerMatch>,

    /// Open a connection for each ping, and time that too
    #[arg(long)]
    reconnect_each: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
struct PingOutputArgs {
    /// Print only the summary
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// Print a JSON record for the connection, for each ping and for the summary
    ///
    /// `type` is open, round or summary. Times are in milliseconds, to the microsecond; null is a ping or a message without an
    /// answer.
    #[arg(short, long)]
    json: bool,

    /// Show the handshake on stderr; twice: TLS too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    color: When,

    /// The same as `--color never`
    #[arg(long, hide_short_help = true, conflicts_with = "color")]
    no_color: bool,
}

impl PingArgs {
    /// Options that have no effect here, and why.
    pub(super) fn unused() -> impl Iterator<Item = (&'static [&'static str], &'static str)> {
        UNUSED.into_iter()
    }

    pub(super) fn job(&self, env: &Env) -> Result<PingOptions, Error> {
        let PingOutputArgs { quiet, json, verbose, color, no_color } = self.output;
        let mut options = Options::without_stdin().connecting(&self.connection);
        options.output = OutputArgs { verbose, color, no_color, ..options.output };
        options.ending.close_timeout = Duration::from_secs(1);
        let mut plan = *translate::connect(&self.url, &options, env)?;
        // An answer is judged as a whole.
        plan.connect.connection.parts = false;
        let PingingArgs { count, interval, deadline, size, ref execute, ref matching, reconnect_each } = self.pinging;
        let answer = || matching.clone().unwrap_or(AnswerMatch::Next);
        Ok(PingOptions {
            plan,
            count,
            interval,
            deadline,
            size,
            message: execute.as_ref().map(|text| (Message::Text(text.clone().into()), answer())),
            reconnects: reconnect_each,
            output: match (quiet, json) {
                (true, _) => PingOutput::Summary,
                (false, true) => PingOutput::Records,
                (false, false) => PingOutput::Lines,
            },
            draws: env.stdout_is_terminal && !env.terminal_is_dumb,
        })
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let time = values::time_span(text)?;
    if time < SHORTEST { Err(format!("it is at least {SHORTEST:?}")) } else { Ok(time) }
}

fn payload(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|size| *size <= LONGEST_CONTROL).ok_or_else(|| {
        format!("write a number from 0 to {LONGEST_CONTROL}: a control frame holds no more (RFC 6455, section 5.5)")
    })
}

fn answer_match(text: &str) -> Result<AnswerMatch, String> {
    match text.strip_prefix("json:") {
        Some(path) => values::path(path).map(AnswerMatch::Json),
        None => crate::text::patterns::regex(text).map(AnswerMatch::Text),
    }
}
