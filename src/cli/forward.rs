//! The command line of a relay: `wsprobe listen --forward URL`, and the options of its connections to that server.

use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::arguments::OF_CLIENTS;
use super::dialing::{self, Connections, Dialer};
use super::env::Env;
use super::options::OutputArgs;
use super::profile::ConfigArgs;
use crate::error::Error;
use crate::play::planner::{ConnectOption, PlanConnection as _};
use crate::server::lane::{CutAfter, HoldTime, Impairments, LaneDirection};
use crate::server::upstream::UpstreamOptions;
use crate::text::units;

/// Options of the server that hold for its connections to another one, too; the first two for nothing else then.
const OF_BOTH: [&str; 9] = [
    "header",
    "bearer",
    "subprotocol",
    "compress",
    "compress-options",
    "max-message",
    "handshake-timeout",
    "ping-interval",
    "ping-timeout",
];

/// What else is done with clients.
const OTHER_WORK: [&str; 6] = ["echo", "broadcast", "exec", "tcp", "script", "replay"];

const HEADING: &str = "Forwarding";

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Work")]
pub(super) struct ForwardArgs {
    /// Be a relay: connect each client to this server, and show what they say
    ///
    /// What a client says goes to the server, and what that says goes to the client: `<` is from the client, `>` is to
    /// it. A URL that ends with `/` (or has no path) gets the path and query of the client's request behind it; any
    /// other is used as it is. The client's header fields, cookies, subprotocols and credentials are passed on. Host
    /// and Origin become those of the server, unless `-H` says otherwise. If the server refuses, the client gets its
    /// answer (the first 64 KiB of the body); if it cannot be reached, 502 or 504. A Close is passed on with its code,
    /// a cut as a cut. An HTTP request that asks for no WebSocket (SignalR's negotiation, Socket.IO's polling, a page) goes
    /// to the same path of the server over HTTP/1.1, and its answer comes back as it is; `-v` and records tell of it, but
    /// not of its body. The server sees the Origin of a page that did not come through the relay. The options under this heading, and those of `wsprobe` for a connection, say how to connect to
    /// the server: among them `-H`, `--bearer`, `--subprotocol`, `--compress`, `--max-message`, `--handshake-timeout`
    /// and the pings. stdin is not read; at the prompt, `/to #1 TEXT` and `/to server TEXT` add messages.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,

    /// Pass the client's Origin on as it is, instead of the server's own
    #[arg(long, requires = "forward", hide_short_help = true)]
    keep_origin: bool,

    /// Cut both connections of a client after so many messages, or so long: `10`, `up:3`, `2s`
    ///
    /// `up:` counts what the client sends, `down:` what the server sends; without it, both count together. The last
    /// message still passes. Each connection ends without a Close. Repeat it for more.
    #[arg(long, value_name = "[DIR:]N|TIME", requires = "forward", value_parser = cut_after, hide_short_help = true)]
    cut_after: Vec<CutAfter>,

    /// Let this command change the messages: JSON records in, JSON records out
    ///
    /// It is run in a shell for each client. It reads a record for each message, as `--json` prints it (`"dir":"in"` is
    /// from the client, `"out"` from the server), and nothing is passed on but the records that it writes: `"in"` goes
    /// to the server, `"out"` to the client; `text`, `binary`, `ping`, `pong` and `close` are sent. It must not buffer
    /// its output (`jq --unbuffered`, `python3 -u`). When a side closes, its stdin ends. When it ends by itself, or
    /// writes no record, both sides are closed with 1011.
    #[arg(long, value_name = "CMD", requires = "forward", hide_short_help = true)]
    edit_with: Option<String>,

    #[command(flatten)]
    connection: UpstreamArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// A value of `--delay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DelayValue {
    direction: Option<LaneDirection>,
    hold: HoldTime,
}

/// The options of the connections to the server, as they were given.
///
/// They are read before the server takes those that it shares, and [defined](UpstreamDefinition) after all others.
#[derive(Clone, Debug, Default)]
struct UpstreamArgs(Vec<ConnectOption>);

/// Defines the options of the connections to the server.
#[derive(Clone, Debug)]
pub(super) struct UpstreamDefinition;

impl ForwardArgs {
    pub(super) fn is_given(&self) -> bool {
        self.forward.is_some()
    }

    /// How to connect to the server, and what is done on the way; none if it is no relay.
    pub(super) fn upstream(
        &self,
        delays: &[DelayValue],
        keeps_credentials: bool,
        output: &OutputArgs,
        env: &Env,
    ) -> Result<Option<Arc<UpstreamOptions>>, Error> {
        let Some(url) = &self.forward else { return Ok(None) };
        let dialer = Dialer::new(Connections(self.connection.0.clone()), output.frames, env);
        let mut client = dialer.plan(url, &[], &[], std::path::Path::new("."))?;
        client.connect.connection.parts = self.passes_parts(output);
        let held = |direction| delays.iter().rfind(|delay| delay.is_of(direction)).map(|delay| delay.hold);
        let impairments =
            Impairments { up: held(LaneDirection::Up), down: held(LaneDirection::Down), cuts: self.cut_after.clone() };
        let (keeps_origin, editor) = (self.keep_origin, self.edit_with.clone());
        Ok(Some(Arc::new(UpstreamOptions { client, keeps_origin, keeps_credentials, impairments, editor })))
    }

    /// Whether large messages go on in parts: records have whole ones, and so have decoders.
    pub(super) fn passes_parts(&self, output: &OutputArgs) -> bool {
        self.is_given()
            && !output.json
            && output.record.is_none()
            && !output.decode.is_given()
            && self.edit_with.is_none()
    }
}

impl DelayValue {
    fn is_of(&self, direction: LaneDirection) -> bool {
        self.direction.is_none_or(|own| own == direction)
    }

    /// The time, where a range or a direction has no meaning.
    pub(super) fn plain(self) -> Option<Duration> {
        (self.direction.is_none() && self.hold.least == self.hold.most).then_some(self.hold.least)
    }
}

/// `100ms`, `100ms..300ms`, `up:1s`
pub(super) fn delay(text: &str) -> Result<DelayValue, String> {
    let (direction, time) = directed(text);
    let (least, most) = match time.split_once("..") {
        Some((least, most)) => (units::time(least)?, units::time(most)?),
        None => (units::time(time)?, units::time(time)?),
    };
    if least > most {
        return Err("the first time must not be longer than the second".to_owned());
    }
    Ok(DelayValue { direction, hold: HoldTime { least, most } })
}

/// `10`, `up:3`, `2s`
fn cut_after(text: &str) -> Result<CutAfter, String> {
    let (direction, what) = directed(text);
    match (what.parse::<std::num::NonZeroU64>(), direction) {
        (Ok(count), direction) => Ok(CutAfter::Messages(direction, count.get())),
        (Err(_), None) if what != "0" => units::time(what).map(CutAfter::Time),
        _ => Err("expected a number of messages like 10 or up:10, or a time like 2s".to_owned()),
    }
}

fn directed(text: &str) -> (Option<LaneDirection>, &str) {
    match (text.strip_prefix("up:"), text.strip_prefix("down:")) {
        (Some(rest), _) => (Some(LaneDirection::Up), rest),
        (_, Some(rest)) => (Some(LaneDirection::Down), rest),
        _ => (None, text),
    }
}

impl FromArgMatches for UpstreamArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let arguments = dialing::arguments();
        let taken = arguments.iter().filter(|argument| !is_one_of(argument, &OF_CLIENTS));
        self.0.extend(taken.flat_map(|argument| dialing::given(argument, matches)));
        Ok(())
    }
}

impl Args for UpstreamArgs {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

impl FromArgMatches for UpstreamDefinition {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

impl Args for UpstreamDefinition {
    fn augment_args(command: Command) -> Command {
        let own = |argument: &Arg| !is_one_of(argument, &OF_CLIENTS) && !is_one_of(argument, &OF_BOTH);
        let of_upstream = |argument: Arg| {
            // `--auth` is the server's.
            let argument = argument.help_heading(HEADING).alias(None).hide_short_help(true);
            // clap does not check the requirement where another kind of work is given.
            argument.requires("forward").conflicts_with_all(OTHER_WORK)
        };
        command.args(dialing::arguments().into_iter().filter(own).map(of_upstream))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn is_one_of(argument: &Arg, names: &[&str]) -> bool {
    argument.get_long().is_some_and(|long| names.contains(&long))
}
