//! The vocabulary that all modules share: input, events, and how a session ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::codec::{DecodedMessage, Decoding};
use crate::dial::Steps;
use crate::masking;
use crate::message::{Close, Direction, Message, Part};
use crate::request::{self, Header};
use crate::transport::Peer;
use crate::wire::frame::Side;
use crate::wire::offer::Agreed;
use crate::wire::raw_frame::RawFrame;
use crate::wire::trace::WireEvent;
use crate::wire::{CompressionStats, Fault};

pub(crate) use crate::message::batch::{MessageBatch, MessageSpan};
pub(crate) use crate::message::failure_kind::FailureKind;
pub(crate) use crate::sys::clock::{TimeOrder, now};

/// What the user wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Message(Message),
    Run(MessageBatch),
    /// Nothing but its other parts may follow, until the last.
    Part(Part),
    Ping(Bytes),
    Pong(Bytes),
    /// Without one, the Close that the command line asks for.
    Close(Option<Close>),
    /// A frame that need not keep any rule.
    Frame(RawFrame),
    /// From now on, messages go out in frames of this size at most; without one, as they go by themselves.
    Fragment(Option<usize>),
    /// Nothing more is sent (TCP FIN, TLS close_notify), but what comes is still read.
    HalfClose,
    /// The connection is cut without a Close (TCP RST).
    Drop,
}

/// Inputs that became ready together: they are sent with one flush.
pub(crate) type Batch = Vec<Input>;

/// What happened, and when.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: SystemTime,
    /// With whom, where we are the server.
    pub(crate) client: Option<ClientName>,
    /// It happened on the connection to the server that a relay makes for this client (`listen --forward`).
    pub(crate) is_upstream: bool,
    pub(crate) what: EventKind,
    /// What a message says, where it was decoded (`--decode`), or why that failed.
    pub(crate) decoded: Option<Arc<Decoding>>,
}

/// What a server calls a client: `#1` is the first that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientName(pub(crate) u32);

/// Whom a user speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// The server that we are connected to, or all clients of the one that we are.
    All,
    Client(ClientName),
    /// The server of a relay, on the connection of this client, or of the only one.
    Server(Option<ClientName>),
}

#[derive(Clone, Debug)]
pub(crate) enum EventKind {
    /// The server that we are waits for clients at this URL.
    Listening(String),
    Open(Box<Opened>),
    Message(Direction, Message),
    /// Messages came in together, or went out.
    Run(Direction, MessageBatch),
    /// A frame went over the wire (`--frames`).
    Frame(Box<WireEvent>),
    /// Some of a large message came in; its parts follow each other.
    Part(Part),
    /// The head of a message that passed in parts, and the size of all of it.
    Excerpt(Direction, Message, usize),
    Ping(Direction, Bytes),
    /// With the round trip's time, if it answers a ping of ours.
    Pong(Direction, Bytes, Option<Duration>),
    /// The direction tells who began. Not clean: there was no closing handshake.
    Close {
        by: Direction,
        close: Close,
        clean: bool,
    },
    Error(Box<ErrorEvent>),
    /// A client asked for no socket, and got something else.
    Answered(Box<Exchange>),
}

/// An error: its kind for programs, its text for people.
#[derive(Clone, Debug)]
pub(crate) struct ErrorEvent {
    pub(crate) kind: FailureKind,
    pub(crate) words: String,
    /// The request that led to no connection, and its answer.
    pub(crate) exchange: Option<Box<Exchange>>,
}

/// A request that led to no connection, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Whose side is ours.
    pub(crate) side: Side,
    /// Who is at the other end, and what was asked for, where we are the server.
    pub(crate) peer: Option<Peer>,
    pub(crate) url: Option<String>,
    /// Of the answer; none where there was none.
    pub(crate) status: Option<u16>,
    /// What the peer said.
    pub(crate) headers: Vec<Header>,
    /// The head of its request as it came, where no fields could be read in it.
    pub(crate) head: Option<String>,
    /// What we said.
    pub(crate) ours: Vec<Header>,
    /// Of the answer, as far as it is worth keeping.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) is_cut: bool,
}

/// A connection as it was made.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) url: String,
    pub(crate) peer: Peer,
    /// Version and cipher suite.
    pub(crate) tls: Option<String>,
    pub(crate) status: u16,
    /// Whether it is a stream of an HTTP/2 connection.
    pub(crate) is_http2: bool,
    /// What we asked with; nothing where we are the server.
    pub(crate) request: Vec<Header>,
    /// What the peer said.
    pub(crate) headers: Vec<Header>,
    /// What we answered; nothing where we are the client.
    pub(crate) answer: Vec<Header>,
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Option<String>,
    pub(crate) deflate: Option<Agreed>,
    /// Counts on while the connection is open.
    pub(crate) tally: Arc<CompressionStats>,
    /// How long it took to open, where we are the client.
    pub(crate) timing: OpeningTimes,
}

/// How long each step of opening a connection took; after a redirect, of the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpeningTimes {
    pub(crate) steps: Steps,
    /// From the request to the answer.
    pub(crate) answered: Duration,
}

impl OpeningTimes {
    pub(crate) fn total(&self) -> Duration {
        let Steps { resolved, connected, tunnelled, secured } = self.steps;
        resolved + connected + tunnelled.unwrap_or_default() + secured.unwrap_or_default() + self.answered
    }
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The closing handshake was completed; `close` is the peer's, `sent` ours if we began.
    Closed { sent: Option<Close>, close: Close },
    /// The connection ended without the peer's Close.
    Cut(Option<std::io::Error>),
    /// The peer did not answer our pings.
    Silent,
    /// No message came for as long as `--idle-timeout` says.
    Idle,
    /// A message had no reply for as long as `--timeout-each` says.
    NoReply(String),
    /// The peer broke the protocol.
    Broken(Fault),
    /// The peer did not answer our Close.
    Unanswered,
    /// `--timeout` ran out.
    TimedOut,
    /// A signal asked us to leave.
    Interrupted(i32),
    /// We left without a Close, as requested (`Drop`).
    Abandoned,
    /// The peer left without a Close, after we had said that nothing more would come (`HalfClose`).
    Left,
    /// Nothing reads our output any more.
    OutputGone,
    /// The input was no good; the error names the place.
    BadInput(String),
}

impl Input {
    /// How many messages it is.
    pub(crate) fn messages(&self) -> usize {
        match self {
            Self::Message(_) => 1,
            Self::Run(run) => run.len(),
            _ => 0,
        }
    }
}

impl Event {
    pub(crate) fn now(what: EventKind) -> Self {
        Self { at: now(), client: None, is_upstream: false, what, decoded: None }
    }

    /// What a message says, if it was decoded.
    pub(crate) fn decoded(&self) -> Option<&DecodedMessage> {
        self.decoded.as_deref()?.as_ref().ok()
    }
}

impl ErrorEvent {
    pub(crate) fn new(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), exchange: None }
    }
}

impl From<ErrorEvent> for EventKind {
    fn from(error: ErrorEvent) -> Self {
        Self::Error(Box::new(error))
    }
}

impl Opened {
    /// The URL as it may be shown.
    pub(crate) fn shown_url(&self) -> String {
        masking::reference(&self.url)
    }

    /// The subprotocols that the client offered.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &str> {
        request::subprotocols(if self.request.is_empty() { &self.headers } else { &self.request })
    }

    /// The subprotocol that was chosen, as it may be shown.
    pub(crate) fn shown_subprotocol(&self) -> Option<String> {
        self.subprotocol.as_ref().map(|name| masking::chosen_subprotocol(name, self.offered()))
    }

    /// The subprotocols that the client offered, as they may be shown.
    pub(crate) fn shown_offer(&self) -> Vec<String> {
        masking::subprotocols(&self.offered().collect::<Vec<_>>().join(",")).shown
    }
}

impl std::str::FromStr for ClientName {
    type Err = std::num::ParseIntError;

    /// The sign may be left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: std::num::NonZeroU32 = text.strip_prefix('#').unwrap_or(text).parse()?;
        Ok(Self(number.get()))
    }
}

impl std::fmt::Display for ClientName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl End {
    /// Whether another connection may succeed. Without `_`, so that each new end has to choose.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Closed { sent: None, close } => {
                // Going away, internal error, restart, try again, bad gateway, timeout (the IANA registry).
                matches!(close.code, Some(1001 | 1011..=1014 | 3008))
            }
            // A deliberate end would have a Close.
            Self::Cut(_) | Self::Silent | Self::Idle | Self::Abandoned | Self::Left => true,
            Self::Closed { sent: Some(_), .. }
            | Self::Broken(_)
            | Self::Unanswered
            | Self::TimedOut
            | Self::NoReply(_)
            | Self::Interrupted(_)
            | Self::OutputGone
            | Self::BadInput(_) => false,
        }
    }

    /// What a record calls it, if it is an error. Without `_`, so that each new end has to choose.
    pub(crate) fn kind(&self) -> Option<FailureKind> {
        match self {
            Self::Closed { .. } => (self.exit_code() != 0).then_some(FailureKind::Closed),
            Self::Cut(_) => Some(FailureKind::Cut),
            Self::Silent => Some(FailureKind::Silent),
            Self::Broken(fault) => Some(fault.kind()),
            Self::Unanswered => Some(FailureKind::Unanswered),
            Self::TimedOut | Self::Idle | Self::NoReply(_) => Some(FailureKind::TimedOut),
            Self::Interrupted(_) => Some(FailureKind::Interrupted),
            Self::BadInput(_) => Some(FailureKind::Input),
            Self::Abandoned | Self::Left | Self::OutputGone => None,
        }
    }

    /// The exit status that the manual promises. Without `_`, so that each new end has to choose.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed { sent: Some(sent), close } if sent.code == close.code => 0,
            Self::Closed { close, .. } if close.is_good() => 0,
            Self::Closed { .. } => 6,
            Self::Cut(_) | Self::Silent | Self::Broken(_) => 5,
            Self::Unanswered | Self::TimedOut | Self::Idle | Self::NoReply(_) => 7,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            Self::Abandoned | Self::Left | Self::OutputGone => 0,
            Self::BadInput(_) => 2,
        }
    }
}
