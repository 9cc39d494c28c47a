//! What is asked of the connection, or of the server, at the prompt.

use std::path::PathBuf;
use std::time::Duration;

use crate::events::{ClientName, Input};
use crate::message::{Close, Message};
use crate::target::Parsed;

/// What the typist wants.
#[derive(Debug)]
pub(crate) enum ServerRequest {
    /// To one, or to all.
    Send(Option<ClientName>, Input),
    /// Of one, or of all.
    Close(Option<ClientName>, Option<Close>),
    List,
    Record(Option<PathBuf>),
    Leave,
}

/// What the typist wants beside messages.
#[derive(Debug)]
pub(crate) enum ClientRequest {
    Reconnect,
    Connect(Box<Parsed>),
    Record(Option<PathBuf>),
    Repeat {
        message: Message,
        times: u32,
        every: Duration,
    },
    /// In frames of this size.
    Fragment(Option<usize>),
    /// Do not connect again.
    Stay,
    Leave,
}
