//! Which versions of HTTP are offered by ALPN (RFC 7301).

use std::fmt;

/// What is offered to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Alpn {
    #[default]
    Http1,
    /// The newer one first.
    Both,
    Http2,
}

/// As the protocols are called there.
pub(crate) const HTTP2: &str = "h2";
const HTTP1: &str = "http/1.1";

impl Alpn {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &[HTTP1],
            Self::Both => &[HTTP2, HTTP1],
            Self::Http2 => &[HTTP2],
        }
    }

    pub(crate) fn protocols(self) -> Vec<Vec<u8>> {
        self.names().iter().map(|name| name.as_bytes().to_vec()).collect()
    }
}

impl fmt::Display for Alpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALPN `{}`", self.names().join("`, `"))
    }
}
