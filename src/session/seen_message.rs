//! A message as it is seen by whatever looks into messages: expectations, rules, filters.

use std::borrow::Cow;

use crate::codec::notation::Notation;
use crate::codec::{DecodedMessage, Decoding};
use crate::message::{DataKind, Message};

/// What a received message says: what it was decoded to, or else itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SeenMessage<'m> {
    AsReceived(&'m Message),
    Decoded(&'m DecodedMessage),
}

impl<'m> SeenMessage<'m> {
    pub(crate) fn new(message: &'m Message, decoding: Option<&'m Decoding>) -> Self {
        match decoding {
            Some(Ok(decoded)) => Self::Decoded(decoded),
            _ => Self::AsReceived(message),
        }
    }

    /// The texts in it, each to be looked at by itself: JSON for each value that was found in it; or its own, that of binary
    /// messages, too, if it is wanted, as far as it is UTF-8.
    pub(crate) fn texts(self, of_binary: bool) -> impl Iterator<Item = Cow<'m, str>> {
        let (own, values) = match self {
            Self::AsReceived(message) => (Some(message), [].as_slice()),
            Self::Decoded(decoded) => (None, decoded.values.as_slice()),
        };
        let own = own.into_iter().filter_map(move |message| text_of(message.kind(), message.data(), of_binary));
        own.chain(values.iter().map(Notation::json))
    }

    /// Calls `look` with each part of it that is looked at by itself.
    pub(crate) fn each(self, mut look: impl FnMut(DataKind, &[u8])) {
        match self {
            Self::AsReceived(message) => look(message.kind(), message.data()),
            Self::Decoded(_) => self.texts(false).for_each(|text| look(DataKind::Text, text.as_bytes())),
        }
    }
}

/// What a message says, if text is looked for in one of its kind. Text is known to be UTF-8, and then nothing is copied.
pub(super) fn text_of(kind: DataKind, data: &[u8], of_binary: bool) -> Option<Cow<'_, str>> {
    (kind == DataKind::Text || of_binary).then(|| String::from_utf8_lossy(data))
}
