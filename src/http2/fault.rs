//! What a peer of HTTP/2 does instead of going on (RFC 9113, sections 5.4 and 7), by name and code.

use std::io;

use h2::Reason;

/// Why a stream or a connection has ended before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Http2Fault {
    #[error("the stream was reset (RST_STREAM): {}", named(*.0))]
    Reset(Reason),
    #[error("the HTTP/2 connection was ended (GOAWAY): {}{}", named(*reason), quoted(debug))]
    GoAway { reason: Reason, debug: String },
    /// Found by us.
    #[error("the rules of HTTP/2 were broken: {}", named(*.0))]
    Broken(Reason),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Io(io::Error),
}

impl Http2Fault {
    pub(crate) fn new(error: h2::Error) -> Self {
        let (is_remote, is_reset, is_go_away) = (error.is_remote(), error.is_reset(), error.is_go_away());
        match error.reason() {
            Some(reason) if is_reset && is_remote => Self::Reset(reason),
            Some(reason) if is_go_away && is_remote => Self::GoAway { reason, debug: debug_of(&error) },
            Some(reason) => Self::Broken(reason),
            None => match error.to_string() {
                said if !error.is_io() => Self::Refused(said),
                _ => Self::Io(error.into_io().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
            },
        }
    }

    /// This, or what the peer said beside ending the transport.
    pub(super) fn or_rather(self, said: impl FnOnce() -> Option<Self>) -> Self {
        if self.is_end() { said().unwrap_or(self) } else { self }
    }

    /// Whether the transport ended, without a word of HTTP/2.
    pub(crate) fn is_end(&self) -> bool {
        let ends = [io::ErrorKind::BrokenPipe, io::ErrorKind::UnexpectedEof];
        matches!(self, Self::Io(error) if error.raw_os_error().is_none() && ends.contains(&error.kind()))
    }

    /// Whether the peer asks for HTTP/1.1 (RFC 9113, section 7).
    pub(crate) fn wants_http1(&self) -> bool {
        matches!(self, Self::Reset(Reason::HTTP_1_1_REQUIRED) | Self::GoAway { reason: Reason::HTTP_1_1_REQUIRED, .. })
    }

    /// Whether another attempt may fare better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Reset(reason) => {
                matches!(*reason, Reason::REFUSED_STREAM | Reason::INTERNAL_ERROR | Reason::CANCEL | Reason::NO_ERROR)
            }
            Self::GoAway { .. } | Self::Io(_) => true,
            Self::Broken(_) | Self::Refused(_) => false,
        }
    }
}

impl From<Http2Fault> for io::Error {
    fn from(fault: Http2Fault) -> Self {
        match fault {
            Http2Fault::Io(error) => error,
            fault => Self::new(io::ErrorKind::ConnectionReset, fault),
        }
    }
}

/// `CANCEL (0x8)`
fn named(reason: Reason) -> String {
    let code = u32::from(reason);
    let name = match code {
        0x0 => "NO_ERROR",
        0x1 => "PROTOCOL_ERROR",
        0x2 => "INTERNAL_ERROR",
        0x3 => "FLOW_CONTROL_ERROR",
        0x4 => "SETTINGS_TIMEOUT",
        0x5 => "STREAM_CLOSED",
        0x6 => "FRAME_SIZE_ERROR",
        0x7 => "REFUSED_STREAM",
        0x8 => "CANCEL",
        0x9 => "COMPRESSION_ERROR",
        0xa => "CONNECT_ERROR",
        0xb => "ENHANCE_YOUR_CALM",
        0xc => "INADEQUATE_SECURITY",
        0xd => "HTTP_1_1_REQUIRED",
        _ => "an unknown code",
    };
    format!("{name} ({code:#x})")
}

/// What a GOAWAY says beside its code: `h2` shows it only within its own words, escaped.
fn debug_of(error: &h2::Error) -> String {
    let said = error.to_string();
    let quoted = said.split_once(" (b\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    quoted.unwrap_or_default().chars().take(SHOWN).collect()
}

fn quoted(debug: &str) -> String {
    if debug.is_empty() { String::new() } else { format!(": `{debug}`") }
}

/// How much of the peer's own words goes into the message.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_by_its_name() {
        assert_eq!(named(Reason::CANCEL), "CANCEL (0x8)");
        assert_eq!(named(Reason::from(0x4d)), "an unknown code (0x4d)");
    }
}
