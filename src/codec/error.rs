//! Why a message cannot be read.

use std::borrow::Cow;

/// A container within more than this many others is not read: a reader of JSON stops there too.
pub(crate) const MAX_DEPTH: usize = 127;

/// Why a message is not what it was taken for. Bytes are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("it ends too early")]
    Cut,
    #[error("values lie within more than {MAX_DEPTH} others")]
    TooDeep,
    #[error("it becomes larger than {0} bytes (--max-message)")]
    TooLarge(usize),
    #[error("{what} at byte {at}")]
    At { at: usize, what: Cow<'static, str> },
    #[error("{0}")]
    Other(Cow<'static, str>),
}

impl DecodeError {
    pub(crate) fn at(at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self::At { at, what: what.into() }
    }

    /// The same of what begins after so many other bytes.
    pub(crate) fn further(self, by: usize) -> Self {
        match self {
            Self::At { at, what } => Self::At { at: by + at, what },
            other => other,
        }
    }

    pub(crate) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Other(what.into())
    }
}
