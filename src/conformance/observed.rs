//! What was seen of a server: plain data, for `judge`.

use std::time::Duration;

use bytes::Bytes;

use crate::handshake::{BadAnswer, Response};
use crate::wire::frame::{self, CLOSE, FrameHeader, PING, PONG};
use crate::wire::offer::Agreed;

/// The payload of the ping that follows what a case sends.
pub(crate) const MARKER: &[u8] = b"wsprobe check";

/// What came of a case.
#[derive(Debug)]
pub(crate) enum Observed {
    /// There was no connection to try it on.
    Unreached(String),
    Answered(Reply),
    Heard(Heard),
    /// A connection over which nothing was sent, and how long it was watched.
    Watched(Heard, Duration),
}

/// The answer to an opening request.
#[derive(Debug)]
pub(crate) enum Reply {
    Switched {
        response: Response,
        deflate: Option<Agreed>,
    },
    /// A 101 that is no WebSocket handshake.
    BadSwitch {
        response: Box<Response>,
        source: BadAnswer,
    },
    Refused(Response),
    /// No answer of HTTP, but an end, in words.
    Gone(String),
    /// Nothing for this long.
    Silent(Duration),
}

/// What came over an open connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Before the case began: greetings, and the pong that tells that all is well.
    pub(crate) before: Vec<HeardFrame>,
    /// Since then.
    pub(crate) after: Vec<HeardFrame>,
    pub(crate) end: HeardEnd,
    /// The connection was over, or did not answer, before anything of the case was sent.
    pub(crate) is_spoilt: bool,
    pub(crate) deflate: Option<Agreed>,
}

/// How far a connection was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HeardEnd {
    /// It was open still.
    #[default]
    Open,
    Ended,
    /// More came than is kept.
    Flooded,
}

/// A frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeardFrame {
    pub(crate) header: FrameHeader,
    /// The bytes that the header took.
    pub(crate) header_size: usize,
    /// Unmasked, if it was masked.
    pub(crate) payload: Bytes,
}

/// What a server did, as far as it tells how it took what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It answered the ping that was sent last.
    Stays,
    /// It sent a Close, with that code or none.
    Closes(Option<u16>),
    Cuts,
    #[default]
    Silent,
}

/// What a server does by itself, and with messages that there is nothing to say against.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerTraits {
    /// Why there was no handshake to begin with.
    pub(crate) bad_handshake: Option<String>,
    /// How many messages it sends before anything was said.
    pub(crate) greetings: usize,
    /// To nothing but a ping.
    pub(crate) idle: Outlook,
    pub(crate) text: Outlook,
    pub(crate) binary: Outlook,
    pub(crate) echoes: bool,
    pub(crate) deflates: bool,
}

impl Heard {
    /// How the server took it; `marker` is the payload of the ping that was sent last.
    pub(crate) fn outlook(&self, marker: &[u8]) -> Outlook {
        let is_told = |frame: &&HeardFrame| frame.is_pong_to(marker) || frame.is_close();
        let told = self.after.iter().find(is_told).map(|frame| match frame.is_close() {
            true => Outlook::Closes(frame.close_code()),
            false => Outlook::Stays,
        });
        told.unwrap_or(if self.end == HeardEnd::Ended { Outlook::Cuts } else { Outlook::Silent })
    }

    /// The server's Close.
    pub(crate) fn close(&self) -> Option<&HeardFrame> {
        self.after.iter().find(|frame| frame.is_close())
    }
}

impl HeardFrame {
    pub(crate) fn is_close(&self) -> bool {
        self.header.opcode == CLOSE
    }

    pub(crate) fn is_ping(&self) -> bool {
        self.header.opcode == PING
    }

    pub(crate) fn is_pong(&self) -> bool {
        self.header.opcode == PONG
    }

    /// Whether it answers a ping with this payload.
    pub(crate) fn is_pong_to(&self, payload: &[u8]) -> bool {
        self.is_pong() && self.payload == payload
    }

    /// Whether it is the last of a message.
    pub(crate) fn ends_message(&self) -> bool {
        self.header.fin && !self.header.is_control()
    }

    /// The code of a Close, also one that may not be sent.
    pub(crate) fn close_code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }

    /// `pong "hello"`, `close 1002`
    pub(crate) fn shown(&self) -> String {
        let name = frame::name(self.header.opcode);
        match (self.header.opcode, &self.payload[..]) {
            (_, []) => name,
            (CLOSE, [high, low, reason @ ..]) => {
                let code = u16::from_be_bytes([*high, *low]);
                let reason = if reason.is_empty() { String::new() } else { format!(" {}", quoted(reason)) };
                format!("{name} {code}{reason}")
            }
            (_, payload) => format!("{name} {}", quoted(payload)),
        }
    }
}

impl Outlook {
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Stays => "the connection stayed open: the ping that followed was answered".to_owned(),
            Self::Closes(Some(code)) => format!("Close {code}"),
            Self::Closes(None) => "Close without a code".to_owned(),
            Self::Cuts => "the connection was cut without a Close".to_owned(),
            Self::Silent => "nothing: no Close, no end, and no pong to the ping that followed".to_owned(),
        }
    }
}

/// The beginning of a payload, safe to be shown.
pub(crate) fn quoted(payload: &[u8]) -> String {
    const SHOWN: usize = 32;
    let beginning = payload[..payload.len().min(SHOWN)].escape_ascii();
    let more = if payload.len() > SHOWN { format!("… ({} bytes)", payload.len()) } else { String::new() };
    format!("\"{beginning}\"{more}")
}
