//! The options by heading. Their doc comments are the manual: the first line is for `-h`, the whole for the rest.

mod ending;
mod messages;
mod named;
mod output;
mod protocol;
mod request;
mod route;
mod timing;
mod tls;

use clap::{ArgMatches, Args, Command, FromArgMatches};

pub(crate) use self::ending::EndingArgs;
pub(crate) use self::messages::{MessageArgs, StdinArgs};
pub(super) use self::named::NamedHeadings;
pub use self::named::option_names;
pub(crate) use self::output::{DecodeArgs, OutputArgs, OutputFormat, Timestamps, When};
pub(crate) use self::protocol::{Compress, Http2When, ProtocolArgs};
pub(crate) use self::request::RequestArgs;
pub(crate) use self::route::RouteArgs;
pub(crate) use self::timing::TimingArgs;
pub(crate) use self::tls::{TlsArgs, TlsVersion};

/// The options that `wsprobe URL` and `wsprobe demo` share.
#[derive(Clone, Debug, Default)]
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
    /// What they are when nothing is said, and stdin is not read, also on a terminal.
    pub(super) fn without_stdin() -> Self {
        let mut options = Self::default();
        options.messages.stdin.receive_only = true;
        options
    }

    /// These, for a connection that is made so.
    pub(super) fn connecting(self, connection: &ConnectionArgs) -> Self {
        let ConnectionArgs { request, tls, route, timing, protocol } = connection.clone();
        Self { request, tls, route, timing, protocol, ..self }
    }

    /// Those under some headings as they were given, the others as they are when nothing is said.
    pub(super) fn of_headings(
        NamedHeadings(named): NamedHeadings,
        matches: &mut ArgMatches,
    ) -> Result<Self, clap::Error> {
        let [messages, output, ending, request, tls, route, timing, protocol] = named;
        Ok(Self {
            messages: if messages { MessageArgs::in_order(matches)? } else { MessageArgs::default() },
            output: given(output, matches)?,
            ending: given(ending, matches)?,
            request: given(request, matches)?,
            tls: given(tls, matches)?,
            route: given(route, matches)?,
            timing: given(timing, matches)?,
            protocol: given(protocol, matches)?,
        })
    }
}

fn given<T: FromArgMatches + Default>(is_defined: bool, matches: &mut ArgMatches) -> Result<T, clap::Error> {
    if is_defined { T::from_arg_matches_mut(matches) } else { Ok(T::default()) }
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        NamedHeadings::ALL.define(command)
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
        Self::of_headings(NamedHeadings::ALL, matches)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|options| *self = options)
    }
}
