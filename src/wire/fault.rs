//! Errors in what a peer sends.

use std::io;

use super::utf8::NotUtf8;
use crate::events::FailureKind;

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the connection was cut without a Close")]
    Cut(#[source] Option<io::Error>),
    #[error("{0}")]
    Protocol(String),
    #[error("a text message is not UTF-8: {0}")]
    NotUtf8(NotUtf8),
    #[error("a Close {code} has a reason that is not UTF-8: {wrong} of `{}`", reason.escape_ascii())]
    Reason { code: u16, reason: Vec<u8>, wrong: NotUtf8 },
    #[error("a compressed message cannot be inflated: {0}")]
    Deflate(&'static str),
    #[error("a message is larger than {limit} bytes")]
    TooBig { limit: usize },
}

impl Fault {
    /// What a record calls it. Without `_`, so that each new fault has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Cut { .. } => FailureKind::Cut,
            Self::Protocol { .. } => FailureKind::Protocol,
            Self::NotUtf8 { .. } | Self::Reason { .. } => FailureKind::NotUtf8,
            Self::Deflate { .. } => FailureKind::Deflate,
            Self::TooBig { .. } => FailureKind::TooBig,
        }
    }

    /// The code that tells the peer (RFC 6455, section 7.4.1); none when it is no longer there.
    pub(crate) fn close_code(&self) -> Option<u16> {
        match self {
            Self::Cut(_) => None,
            Self::Protocol(_) => Some(1002),
            Self::NotUtf8(_) | Self::Reason { .. } | Self::Deflate(_) => Some(1007),
            Self::TooBig { .. } => Some(1009),
        }
    }
}
