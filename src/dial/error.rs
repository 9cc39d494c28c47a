//! Why there is no connection to a server, by step, with its exit status and a hint.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::family::Family;
use super::proxy::ProxyError;
use super::tls::TlsError;
use crate::message::failure_kind::FailureKind;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("cannot resolve `{host}`")]
    Resolve { host: String, source: io::Error },
    #[error("cannot find the interface `{name}`")]
    NoInterface { name: String, source: io::Error },
    #[error("`{host}` has no {} address", family_name(*family))]
    NoAddress { host: String, family: Option<Family> },
    #[error("cannot connect to {place}{}", listed(tried))]
    Unreachable { place: String, tried: Vec<(SocketAddr, io::Error)> },
    #[error("cannot connect to the socket `{}`", path.display())]
    UnixSocket { path: PathBuf, source: io::Error },
    #[error("cannot read the system's root certificates: {why}")]
    NoRoots { why: String },
    #[error("`{name}` is not a name that a certificate can contain")]
    BadName { name: String },
    #[error("the proxy {proxy} did not open a tunnel to {to}")]
    Proxy { proxy: String, to: String, source: ProxyError },
    #[error("TLS with `{host}` failed")]
    Tls { host: String, source: TlsError },
    #[error("timed out after {after:?} while {step} (--connect-timeout)")]
    TimedOut { step: &'static str, after: Duration },
}

impl DialError {
    /// The exit status that the manual promises. Without `_`, so that each new error has to choose.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::BadName { .. } => 2,
            Self::Resolve { .. }
            | Self::NoInterface { .. }
            | Self::NoAddress { .. }
            | Self::Unreachable { .. }
            | Self::UnixSocket { .. }
            | Self::NoRoots { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. } => 3,
            Self::TimedOut { .. } => 7,
        }
    }

    /// What a record calls it. Without `_`, so that each new error has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::BadName { .. } => FailureKind::Usage,
            Self::NoInterface { .. } => FailureKind::Local,
            Self::Resolve { .. } | Self::NoAddress { .. } => FailureKind::Resolve,
            Self::Unreachable { .. } | Self::UnixSocket { .. } => FailureKind::Unreachable,
            Self::NoRoots { .. } | Self::Tls { .. } => FailureKind::Tls,
            Self::Proxy { .. } => FailureKind::Proxy,
            Self::TimedOut { .. } => FailureKind::TimedOut,
        }
    }

    /// Whether another attempt may fare better. Without `_`, so that each new error has to choose.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Resolve { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::UnixSocket { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
            }
            // What the peer's TLS says stays so; that the connection broke need not.
            Self::Tls { source, .. } => source.may_pass(),
            Self::Proxy { source, .. } => source.may_pass(),
            Self::BadName { .. } | Self::NoInterface { .. } | Self::NoAddress { .. } | Self::NoRoots { .. } => false,
        }
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Proxy { source, .. } => source.hint(),
            Self::Tls { source, .. } => source.hint().map(str::to_owned),
            Self::Unreachable { tried, .. } if tried.iter().any(lacks_interface) => Some(
                "a link-local address needs its interface: write it as in `[fe80::1%25eth0]`, or name it with --interface"
                    .to_owned(),
            ),
            Self::NoRoots { .. } => Some("install ca-certificates, or name a file with --cacert".to_owned()),
            Self::NoAddress { family: Some(Family::V4), .. } => Some("try without -4".to_owned()),
            Self::NoAddress { family: Some(Family::V6), .. } => Some("try without -6".to_owned()),
            _ => None,
        }
    }
}

fn lacks_interface((address, error): &(SocketAddr, io::Error)) -> bool {
    match address {
        SocketAddr::V6(address) => {
            let is_open = address.ip().is_unicast_link_local() && address.scope_id() == 0;
            is_open && error.kind() == io::ErrorKind::InvalidInput
        }
        SocketAddr::V4(_) => false,
    }
}

fn family_name(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::V4) => "IPv4",
        Some(Family::V6) => "IPv6",
        None => "usable",
    }
}

fn listed(tried: &[(SocketAddr, io::Error)]) -> String {
    match tried {
        [(address, error)] => format!(": {address}: {error}"),
        _ => tried.iter().fold(String::new(), |mut list, (address, error)| {
            write!(list, "{} {address}: {error}", if list.is_empty() { ":" } else { ";" }).expect("a String takes all");
            list
        }),
    }
}
