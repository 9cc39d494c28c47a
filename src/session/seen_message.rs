//! A message as it is seen by whatever looks into messages: expectations, rules, filters.

use std::borrow::Cow;

use crate::codec::{DecodedMessage, Decoding};
use crate::message::{DataKind, Message};

/// What a received message says: what it was decoded to, or else itself.
#[derive(Debug)]
pub(crate) enum SeenMessage<'m> {
    AsReceived(&'m Message),
    /// A JSON text for each value that was found in it.
    Decoded(Vec<Cow<'m, str>>),
}

impl<'m> SeenMessage<'m> {
    pub(crate) fn new(message: &'m Message, decoding: Option<&'m Decoding>) -> Self {
        match decoding {
            Some(Ok(decoded)) => Self::decoded(decoded),
            _ => Self::AsReceived(message),
        }
    }

    pub(crate) fn decoded(decoded: &'m DecodedMessage) -> Self {
        Self::Decoded(decoded.values.iter().map(|value| value.json()).collect())
    }

    /// The texts in it; those of binary messages, too, if they are wanted, as far as they are UTF-8.
    pub(crate) fn texts(&self, of_binary: bool) -> Vec<Cow<'_, str>> {
        match self {
            Self::AsReceived(Message::Text(text)) => vec![Cow::Borrowed(text.as_str())],
            Self::AsReceived(Message::Binary(data)) if of_binary => vec![String::from_utf8_lossy(data)],
            Self::AsReceived(Message::Binary(_)) => Vec::new(),
            Self::Decoded(texts) => texts.iter().map(|text| Cow::Borrowed(&**text)).collect(),
        }
    }

    /// Calls `look` with each part of it that is looked at by itself.
    pub(crate) fn each(&self, mut look: impl FnMut(DataKind, &[u8])) {
        match self {
            Self::AsReceived(message) => look(message.kind(), message.data()),
            Self::Decoded(texts) => texts.iter().for_each(|text| look(DataKind::Text, text.as_bytes())),
        }
    }
}
