//! Messages and Closes (RFC 6455, sections 5.5 and 5.6).

pub(crate) mod batch;
pub(crate) mod close;
pub(crate) mod failure_kind;

use bytes::Bytes;

/// A message of at most this many bytes is copied to be kept.
pub(crate) const SMALL: usize = 16 << 10;

/// Text that is known to be UTF-8, shared without copying.
pub(crate) type Utf8Text = tokio_tungstenite::tungstenite::Utf8Bytes;

/// A data message (RFC 6455, section 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Utf8Text),
    Binary(Bytes),
}

/// What a data message holds (RFC 6455, section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataKind {
    /// UTF-8.
    Text,
    Binary,
}

/// A piece of a message that is too large to be held whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// That of the whole message; its text is UTF-8 as a whole, and may be cut within a character.
    pub(crate) kind: DataKind,
    pub(crate) data: Bytes,
    pub(crate) is_last: bool,
}

/// What a Close frame carries (RFC 6455, section 5.5.1); without a code it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

impl DataKind {
    /// As records, scripts and frames name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

impl Message {
    /// A message of this kind.
    ///
    /// # Errors
    /// Text is not UTF-8.
    pub(crate) fn new(kind: DataKind, data: Bytes) -> Result<Self, std::str::Utf8Error> {
        Ok(match kind {
            DataKind::Text => Self::Text(data.try_into()?),
            DataKind::Binary => Self::Binary(data),
        })
    }

    /// The message of these bytes, or of their beginning, which may end within a character.
    pub(crate) fn of_bytes(data: Vec<u8>, kind: DataKind, is_whole: bool) -> Self {
        match String::from_utf8(data) {
            Ok(text) if kind == DataKind::Text => Self::Text(text.into()),
            Ok(text) => Self::Binary(text.into_bytes().into()),
            Err(error) if kind == DataKind::Text && !is_whole => {
                let end = error.utf8_error().valid_up_to();
                Self::from(String::from_utf8_lossy(&error.as_bytes()[..end]).as_ref())
            }
            Err(error) => Self::Binary(error.into_bytes().into()),
        }
    }

    pub(crate) fn kind(&self) -> DataKind {
        match self {
            Self::Text(_) => DataKind::Text,
            Self::Binary(_) => DataKind::Binary,
        }
    }

    pub(crate) fn data(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) => data,
        }
    }

    pub(crate) fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
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
                4000..=4999 => "private use",
                _ => "not a code that may be sent",
            },
        }
    }
}
