//! Whose turn it was in a recording, and what was done.

use std::time::SystemTime;

use bytes::Bytes;

use crate::events::ClientName;
use crate::message::{Close, Message};
use crate::request::Header;

/// One of the connections of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecordedConnection {
    /// Of a client's recording, counted from 0: there is more than one if it had to connect again.
    Nth(usize),
    /// Of a server's recording.
    With(ClientName),
}

/// One of the two ends, whoever of them recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Client,
    Server,
}

/// What one of the two did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    /// Its line in the file.
    pub(crate) line: u64,
    pub(crate) at: Option<SystemTime>,
    pub(crate) by: Party,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    Open(Box<RecordedOpening>),
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    /// Not clean: there was no closing handshake.
    Close {
        close: Close,
        clean: bool,
    },
}

/// How a connection was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordedOpening {
    pub(crate) url: String,
    pub(crate) subprotocol: Option<String>,
    /// The fields of the client's request, as far as they were recorded.
    pub(crate) request: Vec<Header>,
}
