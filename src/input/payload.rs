//! What a piece of stdin is sent as, and the message that it becomes.

use bytes::Bytes;

use crate::codec::encode::PayloadEncoding;
use crate::message::{DataKind, Message, Utf8Text};
use crate::text::unescape::{unescape_bytes, unescape_text};

pub(super) const NOT_UTF8: &str = "is not UTF-8; --binary sends bytes as they are";

/// What a piece of stdin is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadKind {
    Text,
    Binary,
    EscapedText,
    EscapedBinary,
    /// JSON, which becomes a binary message (`--encode`).
    Json(PayloadEncoding),
}

impl PayloadKind {
    /// The kind of the message that it becomes.
    pub(crate) fn of_message(self) -> DataKind {
        match self {
            Self::Text | Self::EscapedText => DataKind::Text,
            Self::Binary | Self::EscapedBinary | Self::Json(_) => DataKind::Binary,
        }
    }

    /// The message that a text becomes.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(crate) fn message(self, text: &str) -> Result<Message, String> {
        Ok(match self {
            Self::Text => Message::from(text),
            Self::Binary => Message::Binary(text.to_owned().into()),
            Self::EscapedText => Message::Text(unescape_text(text).map_err(|error| error.to_string())?.into()),
            Self::EscapedBinary => Message::Binary(unescape_bytes(text).map_err(|error| error.to_string())?.into()),
            Self::Json(encoding) => Message::Binary(encoding.encode(text)?.into()),
        })
    }
}

pub(super) fn message(piece: Bytes, kind: PayloadKind) -> Result<Message, String> {
    Ok(match kind {
        PayloadKind::Text => Message::Text(text(piece)?),
        PayloadKind::Binary => Message::Binary(piece),
        PayloadKind::EscapedText => {
            let text = unescape_text(&text(piece)?).map_err(|error| format!("has an invalid escape: {error}"))?;
            Message::Text(text.into())
        }
        PayloadKind::EscapedBinary => {
            let bytes = unescape_bytes(&text(piece)?).map_err(|error| format!("has an invalid escape: {error}"))?;
            Message::Binary(bytes.into())
        }
        PayloadKind::Json(encoding) => Message::Binary(encoding.encode(&text(piece)?)?.into()),
    })
}

pub(super) fn text(piece: Bytes) -> Result<Utf8Text, String> {
    Utf8Text::try_from(piece).map_err(|_| NOT_UTF8.to_owned())
}
