//! `wsprobe load`: its options, and what they mean.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;

use super::env::Env;
use super::options::{ConnectionArgs, Options, OutputArgs, When};
use super::{translate, values};
use crate::commands::load::plan::{LoadModel, LoadOptions, LoadOutput, LoadTraffic};
use crate::commands::load::replies::ReplyMatch;
use crate::error::Error;
use crate::message::{DataKind, Message};
use crate::session::Rate;

/// How often a connection sends if nothing is said.
const ONCE_A_SECOND: Rate = Rate { messages: NonZeroU32::MIN, per: Duration::from_secs(1) };

/// Options of the timing that have no effect here, and why.
const UNUSED: [(&[&str], &str); 3] = [
    (&["ping-interval", "ping-timeout"], "connections are measured by their messages; `wsprobe ping` measures pings"),
    (&["heartbeat", "heartbeat-interval"], "`-x` with `--rate` sends at regular intervals"),
    (&["reconnect", "reconnect-delay"], "a connection that is lost is counted as broken"),
];

/// All that `wsprobe load` takes.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("compress", |compress| compress.default_value("off")))]
pub(super) struct LoadArgs {
    /// The server, as for `wsprobe URL`
    #[arg(value_name = "URL")]
    url: String,

    #[command(flatten)]
    load: LoadingArgs,
    #[command(flatten)]
    output: LoadOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load")]
struct LoadingArgs {
    /// Hold this many connections
    ///
    /// Not the `--connect` of `wsprobe -c URL`, which is wscat's. More than 100 to a server that is neither on this machine
    /// nor in a private network need `--authorized`.
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = values::positive::<u32>)]
    connections: u32,

    /// Open this many connections in a time: `100`, `100/s`, `1000/1m`
    ///
    /// Each is due at its time, whether those before it are open or not.
    #[arg(long, value_name = "N[/TIME]", default_value = "100", value_parser = values::rate)]
    connect_rate: Rate,

    /// Go on for this long after the last connection was due
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::time_span)]
    duration: Duration,

    /// Send this message, again and again, on each connection
    ///
    /// Without it and without `--size`, the connections are held and say nothing.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true, conflicts_with = "size")]
    execute: Option<String>,

    /// Send a message of this size instead of `-x`: letters, or with `--binary` bytes
    #[arg(long, value_name = "BYTES", value_parser = crate::text::units::size)]
    size: Option<usize>,

    /// Send binary messages
    #[arg(short, long)]
    binary: bool,

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

    /// Wait this long at the end for the last replies
    #[arg(short, long, value_name = "TIME", default_value = "2s", value_parser = crate::text::units::time)]
    wait: Duration,

    /// The owner of a server on the public network agrees to more than 100 connections
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

    pub(super) fn job(&self, env: &Env) -> Result<LoadOptions, Error> {
        let LoadOutputArgs { quiet, json, color, no_color } = self.output;
        let mut options = Options::without_stdin().connecting(&self.connection);
        options.output = OutputArgs { color, no_color, ..options.output };
        let mut plan = *translate::connect(&self.url, &options, env)?;
        // A reply is judged as a whole.
        plan.connect.manner.parts = false;
        plan.connect.manner.is_of_many = true;
        Ok(LoadOptions {
            plan,
            connections: self.load.connections,
            connect_rate: self.load.connect_rate,
            duration: self.load.duration,
            traffic: self.load.traffic()?,
            wait: self.load.wait,
            is_authorized: self.load.authorized,
            output: match (quiet, json) {
                (true, _) => LoadOutput::Summary,
                (false, true) => LoadOutput::Records,
                (false, false) => LoadOutput::Lines,
            },
            draws: env.stdout_is_terminal && !env.terminal_is_dumb,
        })
    }
}

impl LoadingArgs {
    fn traffic(&self) -> Result<Option<LoadTraffic>, Error> {
        let kind = if self.binary { DataKind::Binary } else { DataKind::Text };
        let data = match (&self.execute, self.size) {
            (Some(text), _) => Bytes::from(text.clone()),
            (None, Some(size)) => (b'a'..=b'z').cycle().take(size).collect(),
            (None, None) => return self.check_silence().map(|()| None),
        };
        let matching = self.matching.clone().unwrap_or(ReplyMatch::Echo);
        if self.closed && matches!(matching, ReplyMatch::None) {
            return Err(Error::Usage(
                "`--closed` sends after a reply, and with `--match none` there is none".to_owned(),
            ));
        }
        let model = if self.closed { LoadModel::Closed } else { LoadModel::Open(self.rate.unwrap_or(ONCE_A_SECOND)) };
        let message = Message::new(kind, data).expect("arguments and letters are UTF-8");
        Ok(Some(LoadTraffic { message, model, matching }))
    }

    /// What would say how a message is sent, where there is none.
    fn check_silence(&self) -> Result<(), Error> {
        let given = [
            (self.rate.is_some(), "--rate"),
            (self.closed, "--closed"),
            (self.matching.is_some(), "--match"),
            (self.binary, "--binary"),
        ];
        match given.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => {
                Err(Error::Usage(format!("`{option}` has no effect here: without `-x` or `--size`, nothing is sent")))
            }
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
