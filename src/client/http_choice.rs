//! Which version of HTTP a connection is opened with.

use crate::dial::tls::Alpn;
use crate::dial::tls::alpn::HTTP2;
use crate::error::Error;
use crate::handshake::{HandshakeError, Http2Refusal};

/// `--http1.1`, `--http2[=required]`, `--http2-prior-knowledge`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HttpChoice {
    #[default]
    Http1,
    /// HTTP/2 where a server chooses it and takes WebSockets over it.
    Offered,
    Required,
    /// Nobody is asked.
    PriorKnowledge,
}

impl HttpChoice {
    /// What is offered in TLS.
    pub(super) fn alpn(self) -> Alpn {
        match self {
            Self::Http1 => Alpn::Http1,
            Self::Offered => Alpn::Both,
            Self::Required | Self::PriorKnowledge => Alpn::Http2,
        }
    }

    /// Whether HTTP/2 is spoken after what the server chose, where there was TLS to choose in.
    pub(super) fn settled(self, chosen: Option<Option<&str>>) -> Result<bool, Http2Refusal> {
        let is_chosen = chosen.flatten() == Some(HTTP2);
        match self {
            Self::Http1 => Ok(false),
            Self::Offered => Ok(is_chosen),
            Self::Required if is_chosen => Ok(true),
            Self::Required => Err(match chosen {
                None => Http2Refusal::NoAlpn,
                Some(chosen) => Http2Refusal::NotChosen { chosen: chosen.map(str::to_owned) },
            }),
            Self::PriorKnowledge => Ok(true),
        }
    }

    /// Whether HTTP/1.1 is tried after this.
    pub(super) fn returns_to_http1(self, error: &Error) -> bool {
        let refusal = match error {
            Error::Handshake { source: HandshakeError::OverHttp2(refusal), .. } => refusal,
            _ => return false,
        };
        self == Self::Offered && refusal.leaves_http1()
    }
}
