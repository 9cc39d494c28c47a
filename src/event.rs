//! The words that all parts share: what goes in, what comes out, how it ended.

mod clock;
mod failure_kind;
mod run;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

pub(crate) use clock::{TimeOrder, now};
pub(crate) use failure_kind::FailureKind;
pub(crate) use run::{Place, Run};
/// Text that is known to be UTF-8, shared without copying.
pub(crate) use tokio_tungstenite::tungstenite::Utf8Bytes as Text;

use crate::masking;
use crate::request::{self, Header};
use crate::wire::handmade::Handmade;
use crate::wire::offer::Agreed;
use crate::wire::trace::Seen;
use crate::wire::{Fault, Side, Tally};

/// A message of at most this many bytes is copied to be kept.
const SMALL: usize = 16 << 10;

/// A data message (RFC 6455, section 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Text),
    Binary(Bytes),
}

/// A piece of a message that is too large to be held whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Of which kind the message is; its text is UTF-8 as a whole, and may be cut within a character.
    pub(crate) is_text: bool,
    pub(crate) data: Bytes,
    pub(crate) is_last: bool,
}

/// What a Close frame carries (RFC 6455, section 5.5.1); without a code it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
}

/// What the user wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Message(Message),
    Run(Run),
    /// Nothing but its other parts may follow, until the last.
    Part(Part),
    Ping(Bytes),
    Pong(Bytes),
    /// Without one, the Close that the command line asks for.
    Close(Option<Close>),
    /// A frame that need not keep any rule.
    Frame(Handmade),
    /// From now on, messages go out in frames of this size at most; without one, as they go by themselves.
    Fragment(Option<usize>),
    /// Nothing more is sent (TCP FIN, TLS close_notify), but what comes is still read.
    HalfClose,
    /// The connection is cut without a Close (TCP RST).
    Drop,
}

/// Inputs that became ready together: they are sent with one flush.
pub(crate) type Batch = Vec<Input>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// What happened, and when.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: SystemTime,
    /// With whom, where we are the server.
    pub(crate) client: Option<ClientName>,
    pub(crate) what: Happening,
}

/// What a server calls a client: `#1` is the first that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientName(pub(crate) u32);

#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// The server that we are waits for clients at this URL.
    Listening(String),
    Open(Box<Opened>),
    Message(Direction, Message),
    /// Messages came in together.
    Run(Run),
    /// A frame went over the wire (`--frames`).
    Frame(Box<Seen>),
    /// Some of a large message came in; its parts follow each other.
    Part(Part),
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

/// Something that went wrong: by its kind for programs, in words for people.
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
    pub(crate) tally: Arc<Tally>,
}

/// Who is at the other end of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Inet(SocketAddr),
    Unix(String),
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
    /// The peer broke the protocol.
    Broken(Fault),
    /// The peer did not answer our Close.
    Unanswered,
    /// `--timeout` ran out.
    TimedOut,
    /// A signal asked us to leave.
    Interrupted(i32),
    /// We left without a Close, as we were told to (`Drop`).
    Abandoned,
    /// The peer left without a Close, after we had said that nothing more would come (`HalfClose`).
    Left,
    /// Nobody reads our output any more.
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
    pub(crate) fn now(what: Happening) -> Self {
        Self { at: now(), client: None, what }
    }
}

impl ErrorEvent {
    pub(crate) fn new(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), exchange: None }
    }
}

impl From<ErrorEvent> for Happening {
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

impl Message {
    pub(crate) fn data(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) => data,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// The same, for keeping: a small one would keep all of the block that it was read in.
    pub(crate) fn unshared(&self) -> Self {
        match self {
            _ if self.data().len() > SMALL => self.clone(),
            Self::Text(text) => Self::Text(text.as_str().into()),
            Self::Binary(data) => Self::Binary(Bytes::copy_from_slice(data)),
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Close {
    pub(crate) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code: Some(code), reason: reason.into() }
    }

    /// Whether an endpoint may send this code (RFC 6455, section 7.4, and its registry).
    pub(crate) fn may_be_sent(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Whether the code says that all went well: none, 1000 or 1001 (RFC 6455, section 7.4.1).
    pub(crate) fn is_good(&self) -> bool {
        matches!(self.code, None | Some(1000 | 1001))
    }

    /// The code in words (the IANA registry of close codes).
    pub(crate) fn meaning(&self) -> &'static str {
        match self.code {
            None => "no code",
            Some(code) => match code {
                1000 => "normal closure",
                1001 => "going away",
                1002 => "protocol error",
                1003 => "unsupported data",
                1006 => "cut without a Close",
                1007 => "invalid data",
                1008 => "policy violation",
                1009 => "message too big",
                1010 => "extension required",
                1011 => "internal error",
                1012 => "service restart",
                1013 => "try again later",
                1014 => "bad gateway",
                3000 => "unauthorized",
                3003 => "forbidden",
                3008 => "timeout",
                3001..=3999 => "registered with IANA",
                4000..=4999 => "of the application",
                _ => "not a code that may be sent",
            },
        }
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

impl End {
    /// Whether another connection may fare better. Without `_`, so that each new end has to choose.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Closed { sent: None, close } => {
                // Going away, internal error, restart, try again, bad gateway, timeout (the IANA registry).
                matches!(close.code, Some(1001 | 1011..=1014 | 3008))
            }
            // Whoever wanted an end would have closed it.
            Self::Cut(_) | Self::Silent | Self::Abandoned | Self::Left => true,
            Self::Closed { sent: Some(_), .. }
            | Self::Broken(_)
            | Self::Unanswered
            | Self::TimedOut
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
            Self::TimedOut => Some(FailureKind::TimedOut),
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
            Self::Unanswered | Self::TimedOut => 7,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            Self::Abandoned | Self::Left | Self::OutputGone => 0,
            Self::BadInput(_) => 2,
        }
    }
}
