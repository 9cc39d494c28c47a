//! What can go wrong before a session runs, by stage, with its exit status and a hint.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::dial::family::Family;
use crate::dial::{proxy, tls};
use crate::events::{ErrorEvent, Exchange, FailureKind};
use crate::handshake::head::Response;
use crate::handshake::redirect::BadRedirect;
use crate::handshake::{HandshakeError, Refusal};
use crate::masking;
use crate::wire::frame::Side;

/// The option whose time limit applies to all attempts together.
pub(crate) const RUN_LIMIT: &str = "--timeout";

/// A run that ended before, or instead of, a session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Usage(String),
    #[error("cannot {what} `{}`", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{}:{line}: {why}", path.display())]
    BadRecord { path: PathBuf, line: u64, why: String },
    #[error("cannot {what}")]
    Local { what: &'static str, source: io::Error },
    #[error("cannot listen on `{address}`")]
    Listen { address: String, source: io::Error },
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
    #[error("the proxy {proxy} did not open a tunnel to {to}")]
    Proxy { proxy: String, to: String, source: proxy::ProxyError },
    #[error("TLS with `{host}` failed")]
    Tls { host: String, source: tls::TlsError },
    #[error("timed out after {after:?} while {step} ({option})")]
    TimedOut { step: &'static str, after: Duration, option: &'static str },
    #[error("the handshake with {url} failed")]
    /// With the origin that was sent.
    Handshake { url: String, origin: Option<String>, source: HandshakeError },
    #[error("{}", refused(.0))]
    Refused(Box<Refusal>),
    #[error("cannot follow the redirect")]
    Redirect(#[source] BadRedirect),
    #[error("interrupted")]
    Interrupted(i32),
}

impl Error {
    /// The exit status that the manual promises. Without `_`, so that each new error has to choose.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::File { .. } | Self::BadRecord { .. } | Self::Local { .. } => 2,
            Self::Listen { .. }
            | Self::Resolve { .. }
            | Self::NoInterface { .. }
            | Self::NoAddress { .. }
            | Self::Unreachable { .. }
            | Self::UnixSocket { .. }
            | Self::NoRoots { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. } => 3,
            Self::Refused(_) | Self::Redirect(_) => 4,
            Self::Handshake { .. } => 5,
            Self::TimedOut { .. } => 7,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    /// What a record calls it. Without `_`, so that each new error has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Usage { .. } => FailureKind::Usage,
            Self::File { .. } | Self::BadRecord { .. } => FailureKind::File,
            Self::Local { .. } => FailureKind::Local,
            Self::Listen { .. } => FailureKind::Listen,
            Self::NoInterface { .. } => FailureKind::Local,
            Self::Resolve { .. } | Self::NoAddress { .. } => FailureKind::Resolve,
            Self::Unreachable { .. } | Self::UnixSocket { .. } => FailureKind::Unreachable,
            Self::NoRoots { .. } | Self::Tls { .. } => FailureKind::Tls,
            Self::Proxy { .. } => FailureKind::Proxy,
            Self::TimedOut { .. } => FailureKind::TimedOut,
            Self::Handshake { .. } => FailureKind::Handshake,
            Self::Refused { .. } => FailureKind::Refused,
            Self::Redirect { .. } => FailureKind::Redirect,
            Self::Interrupted { .. } => FailureKind::Interrupted,
        }
    }

    /// What a record tells of it.
    pub(crate) fn event(&self) -> ErrorEvent {
        let exchange = match self {
            Self::Refused(refusal) => Some(refused_with(refusal)),
            Self::Proxy { source: proxy::ProxyError::Refused(refusal), .. } => Some(refused_with(refusal)),
            Self::Handshake { source: HandshakeError::BadAnswer { response, .. }, .. } => Some(answered(response)),
            _ => None,
        };
        ErrorEvent { exchange: exchange.map(Box::new), ..ErrorEvent::new(self.kind(), self.chain()) }
    }

    /// Whether another attempt may succeed. Without `_`, so that each new error has to choose.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Resolve { .. } | Self::Unreachable { .. } => true,
            Self::UnixSocket { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
            }
            // The peer's TLS errors are permanent; a broken connection may be temporary.
            Self::Tls { source, .. } => source.may_pass(),
            Self::Proxy { source, .. } => source.may_pass(),
            Self::Handshake { source, .. } => source.may_pass(),
            // Try later, or a proxy that waits for the server behind it (RFC 9110, section 15).
            Self::Refused(refusal) => matches!(refusal.response.status, 408 | 425 | 429 | 500 | 502..=504),
            Self::TimedOut { option, .. } => *option != RUN_LIMIT,
            Self::Usage(_)
            | Self::File { .. }
            | Self::BadRecord { .. }
            | Self::Local { .. }
            | Self::Listen { .. }
            | Self::NoInterface { .. }
            | Self::NoAddress { .. }
            | Self::NoRoots { .. }
            | Self::Redirect(_)
            | Self::Interrupted(_) => false,
        }
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Proxy { source, .. } => source.hint(),
            Self::Tls { source, .. } => source.hint().map(str::to_owned),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("is another server listening there? port 0 picks a free port".to_owned())
            }
            Self::Unreachable { tried, .. } if tried.iter().any(lacks_interface) => Some(
                "a link-local address needs its interface: write it as in `[fe80::1%25eth0]`, or name it with --interface"
                    .to_owned(),
            ),
            Self::NoRoots { .. } => Some("install ca-certificates, or name a file with --cacert".to_owned()),
            Self::NoAddress { family: Some(Family::V4), .. } => Some("try without -4".to_owned()),
            Self::NoAddress { family: Some(Family::V6), .. } => Some("try without -6".to_owned()),
            Self::Handshake { url, origin, source } => source.hint(url.starts_with("wss"), origin.as_deref()),
            _ => None,
        }
    }

    /// The error and what caused it, in one line, with the hint.
    pub(crate) fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some causes repeat the text of the error above them.
            if !line.ends_with(&cause_text) {
                write!(line, ": {cause_text}").expect("a String takes all");
            }
            source = cause.source();
        }
        if let Some(hint) = self.hint() {
            write!(line, " ({hint})").expect("a String takes all");
        }
        line
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

fn refused(refusal: &Refusal) -> String {
    let status = refusal.status_line();
    match refusal.response.field("Location") {
        Some(location) => format!("the server answered {status} and points to `{}`", masking::reference(location)),
        None => format!("the server answered {status} instead of switching to WebSocket"),
    }
}

fn refused_with(refusal: &Refusal) -> Exchange {
    Exchange { body: Some(refusal.body.clone()), is_cut: refusal.is_cut, ..answered(&refusal.response) }
}

/// An answer that led to no connection.
fn answered(response: &Response) -> Exchange {
    Exchange {
        side: Side::Client,
        peer: None,
        url: None,
        status: Some(response.status),
        headers: response.fields.clone(),
        head: None,
        ours: Vec::new(),
        body: None,
        is_cut: false,
    }
}
