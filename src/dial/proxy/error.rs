//! Why a proxy makes no tunnel, and what to try.

use super::socks::SocksError;
use crate::handshake::{HandshakeError, Refusal};

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("it answered {}", .0.status_line())]
    Refused(Box<Refusal>),
    #[error("its answer cannot be used")]
    Flaw(#[source] HandshakeError),
    #[error("it sent {0} bytes before anything was sent to the server")]
    SpeaksFirst(usize),
    #[error(transparent)]
    Socks(#[from] SocksError),
}

impl ProxyError {
    /// Whether the error may be temporary: the server behind the proxy may come up; its rules and our login do not change.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(refusal.response.status, 408 | 429 | 500 | 502..=504),
            Self::Flaw(flaw) => flaw.may_pass(),
            Self::SpeaksFirst(_) => false,
            Self::Socks(failure) => {
                matches!(failure, SocksError::Io(_) | SocksError::Refused { reply: 1 | 3..=6 })
            }
        }
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) if matches!(refusal.response.status, 401 | 407) => {
                return Some(refusal.proxy_hint());
            }
            Self::Refused(refusal) if !matches!(refusal.response.status, 403 | 405) => return None,
            Self::Refused(_) | Self::Socks(SocksError::Refused { reply: 2 }) => {
                "the proxy may not allow tunnels to this host or port; --no-proxy connects without it"
            }
            Self::Socks(SocksError::NoMethod { had_login: false }) => "try --proxy KIND://USER:PASS@HOST:PORT",
            Self::Socks(SocksError::Login) => "the credentials were refused",
            Self::Socks(SocksError::NotSocks) => "is it an http proxy?",
            Self::Flaw(HandshakeError::Tls) => "is it an https proxy?",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
