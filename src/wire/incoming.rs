//! What a peer has sent.

use bytes::Bytes;

use super::trace::WireEvent;
use crate::events::MessageBatch;
use crate::message::{Close, Message, Part};

/// What the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    Message(Message),
    Run(MessageBatch),
    Part(Part),
    /// Traced frames, either way, before what they brought.
    Frames(Vec<WireEvent>),
    Ping(Bytes),
    Pong(Bytes),
    Close(Close),
}

impl Incoming {
    /// How many bytes it would take on the way without compression, at least (RFC 6455, section 5.2).
    pub(crate) fn size(&self) -> usize {
        let payload = match self {
            Self::Message(message) => message.data().len(),
            Self::Run(run) => run.size(),
            Self::Part(part) => part.data.len(),
            Self::Ping(data) | Self::Pong(data) => data.len(),
            Self::Frames(_) | Self::Close(_) => 0,
        };
        payload + 2
    }
}
