//! The kinds of what goes wrong, as records name them: programs may depend on these names.

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    BadRequest,
    Closed,
    Cut,
    Deflate,
    Denied,
    File,
    Handshake,
    Input,
    Interrupted,
    Listen,
    Local,
    NotSent,
    NotUtf8,
    Protocol,
    Proxy,
    Redirect,
    Refused,
    Resolve,
    Silent,
    TimedOut,
    Tls,
    TooBig,
    Unanswered,
    Unmet,
    Unreachable,
    Usage,
}

impl FailureKind {
    /// In the order of the manual.
    pub(crate) const ALL: [Self; 26] = [
        Self::Usage,
        Self::File,
        Self::Input,
        Self::Local,
        Self::Listen,
        Self::Resolve,
        Self::Unreachable,
        Self::Proxy,
        Self::Tls,
        Self::Handshake,
        Self::Redirect,
        Self::Refused,
        Self::Protocol,
        Self::NotUtf8,
        Self::Deflate,
        Self::TooBig,
        Self::Cut,
        Self::Silent,
        Self::Closed,
        Self::Unanswered,
        Self::NotSent,
        Self::Unmet,
        Self::TimedOut,
        Self::Interrupted,
        Self::BadRequest,
        Self::Denied,
    ];

    /// The name in records.
    pub(crate) fn name(self) -> &'static str {
        self.described().0
    }

    /// The name, and what the manual says.
    pub(crate) fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Usage => ("usage", "The command line is wrong."),
            Self::File => ("file", "A file cannot be read or written, or its contents are invalid."),
            Self::Input => ("input", "The input cannot be sent, such as a line that is not UTF-8."),
            Self::Local => ("local", "This system refused something that is needed."),
            Self::Listen => ("listen", "wsprobe cannot listen on the address."),
            Self::Resolve => ("resolve", "The name of the host has no usable address."),
            Self::Unreachable => (
                "unreachable",
                "No address of the host accepts the connection, or the Unix socket \
                does not.",
            ),
            Self::Proxy => ("proxy", "The proxy did not open a tunnel."),
            Self::Tls => ("tls", "TLS failed, on either side."),
            Self::Handshake => {
                ("handshake", "The answer to the opening request is missing, broken, or a 101 that breaks the rules.")
            }
            Self::Redirect => ("redirect", "A redirect cannot be followed."),
            Self::Refused => {
                ("refused", "The server answered with a status other than 101: `status`, `headers` and `body` have it.")
            }
            Self::Protocol => ("protocol", "The peer broke the protocol."),
            Self::NotUtf8 => ("not_utf8", "The peer sent text, or the reason of a Close, that is not UTF-8."),
            Self::Deflate => ("deflate", "The peer sent a compressed message that cannot be inflated."),
            Self::TooBig => ("too_big", "The peer sent a message larger than `--max-message`."),
            Self::Cut => ("cut", "The connection ended without a Close, or before the handshake was done."),
            Self::Silent => ("silent", "The peer did not answer a ping in time."),
            Self::Closed => ("closed", "The peer closed with a code that is not 1000 or 1001."),
            Self::Unanswered => ("unanswered", "The peer did not answer our Close in time."),
            Self::NotSent => ("not_sent", "A message came too late to be sent."),
            Self::Unmet => ("unmet", "An expectation, `--count` or `--until` was not met."),
            Self::TimedOut => ("timed_out", "A time limit has passed; the message names its option."),
            Self::Interrupted => ("interrupted", "A signal ended the run."),
            Self::BadRequest => ("bad_request", "As a server: a client's request is not a handshake."),
            Self::Denied => (
                "denied",
                "As a server: a client was rejected. `headers` are those of its request, `answer` is the response.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_is_in_the_manual_once() {
        let names: BTreeSet<_> = FailureKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FailureKind::ALL.len());
        let of_name = |name| FailureKind::ALL.iter().filter(|kind| kind.name() == name).count();
        assert_eq!(of_name("refused"), 1);
    }
}
