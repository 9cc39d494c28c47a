//! The options by heading. Their doc comments are the manual: the first line is for `-h`, the whole for the rest.

mod ending;
mod messages;
mod output;
mod protocol;
mod request;
mod route;
mod timing;
mod tls;

use clap::{ArgMatches, Args, Command, FromArgMatches};

pub(crate) use self::ending::EndingArgs;
pub(crate) use self::messages::{MessageArgs, StdinArgs};
pub(crate) use self::output::{DecodeArgs, OutputArgs, OutputFormat, Timestamps, When};
pub(crate) use self::protocol::{Compress, Http2When, ProtocolArgs};
pub(crate) use self::request::RequestArgs;
pub(crate) use self::route::RouteArgs;
pub(crate) use self::timing::TimingArgs;
pub(crate) use self::tls::{TlsArgs, TlsVersion};

/// The options that `wsprobe URL` and `wsprobe demo` share.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) messages: MessageArgs,
    pub(crate) output: OutputArgs,
    pub(crate) ending: EndingArgs,
    pub(crate) request: RequestArgs,
    pub(crate) tls: TlsArgs,
    pub(crate) route: RouteArgs,
    pub(crate) timing: TimingArgs,
    pub(crate) protocol: ProtocolArgs,
}

/// In the order of the help. Called through pointers, or some of them would be put into their caller, whose frame would then
/// take ten pages of the stack more: each costs time at every start.
const HEADINGS: [fn(Command) -> Command; 8] = [
    MessageArgs::augment_args,
    OutputArgs::augment_args,
    EndingArgs::augment_args,
    RequestArgs::augment_args,
    TlsArgs::augment_args,
    RouteArgs::augment_args,
    TimingArgs::augment_args,
    ProtocolArgs::augment_args,
];

/// What a command takes of them that makes a connection as the client does, but with input and output of its own.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConnectionArgs {
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
    #[command(flatten)]
    pub(crate) protocol: ProtocolArgs,
}

impl Options {
    /// What they are when nothing is said.
    pub(super) fn defaults() -> Self {
        let matches = Self::augment_args(Command::new("wsprobe")).get_matches_from(["wsprobe"]);
        Self::from_arg_matches(&matches).expect("clap has just matched these")
    }

    /// The same, and stdin is not read, also on a terminal.
    pub(super) fn without_stdin() -> Self {
        let mut options = Self::defaults();
        options.messages.stdin.receive_only = true;
        options
    }

    /// These, for a connection that is made so.
    pub(super) fn connecting(self, connection: &ConnectionArgs) -> Self {
        let ConnectionArgs { request, tls, route, timing, protocol } = connection.clone();
        Self { request, tls, route, timing, protocol, ..self }
    }
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        HEADINGS.iter().fold(command, |command, heading| heading(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            messages: MessageArgs::in_order(matches)?,
            output: OutputArgs::from_arg_matches_mut(matches)?,
            ending: EndingArgs::from_arg_matches_mut(matches)?,
            request: RequestArgs::from_arg_matches_mut(matches)?,
            tls: TlsArgs::from_arg_matches_mut(matches)?,
            route: RouteArgs::from_arg_matches_mut(matches)?,
            timing: TimingArgs::from_arg_matches_mut(matches)?,
            protocol: ProtocolArgs::from_arg_matches_mut(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|options| *self = options)
    }
}
