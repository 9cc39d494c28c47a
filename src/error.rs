//! What can go wrong before a session runs, by stage, with its exit status and a hint.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::dial::error::DialError;
use crate::dial::proxy::ProxyError;
use crate::events::{ErrorEvent, Exchange, FailureKind};
use crate::handshake::head::Response;
use crate::handshake::redirect::BadRedirect;
use crate::handshake::{HandshakeError, Refusal, is_temporary};
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
    #[error("{}:{}:{}: {}", path.display(), why.line(), why.column(), bad_json(why))]
    BadJson { path: PathBuf, why: serde_json::Error },
    #[error("cannot {what}")]
    Local { what: &'static str, source: io::Error },
    #[error("cannot listen on `{address}`")]
    Listen { address: String, source: io::Error },
    #[error(transparent)]
    Dial(#[from] DialError),
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
            Self::Usage(_) | Self::File { .. } | Self::BadRecord { .. } | Self::BadJson { .. } | Self::Local { .. } => {
                2
            }
            Self::Listen { .. } => 3,
            Self::Dial(error) => error.exit_code(),
            Self::Refused(_) | Self::Redirect(_) => 4,
            Self::Handshake { source, .. } => source.exit_code(),
            Self::TimedOut { .. } => 7,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    pub(crate) fn stdout(source: io::Error) -> Self {
        Self::Local { what: "write to stdout", source }
    }

    /// What a record calls it. Without `_`, so that each new error has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Usage { .. } => FailureKind::Usage,
            Self::File { .. } | Self::BadRecord { .. } | Self::BadJson { .. } => FailureKind::File,
            Self::Local { .. } => FailureKind::Local,
            Self::Listen { .. } => FailureKind::Listen,
            Self::Dial(error) => error.kind(),
            Self::TimedOut { .. } => FailureKind::TimedOut,
            Self::Handshake { source: HandshakeError::OverHttp2(refusal), .. } => refusal.kind(),
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
            Self::Dial(DialError::Proxy { source: ProxyError::Refused(refusal), .. }) => Some(refused_with(refusal)),
            Self::Handshake { source: HandshakeError::BadAnswer { response, .. }, .. } => Some(answered(response)),
            _ => None,
        };
        ErrorEvent { exchange: exchange.map(Box::new), ..ErrorEvent::new(self.kind(), self.chain()) }
    }

    /// Whether another attempt may succeed. Without `_`, so that each new error has to choose.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Dial(error) => error.may_pass(),
            Self::Handshake { source, .. } => source.may_pass(),
            Self::Refused(refusal) => is_temporary(refusal.response.status),
            Self::TimedOut { option, .. } => *option != RUN_LIMIT,
            Self::Usage(_)
            | Self::File { .. }
            | Self::BadRecord { .. }
            | Self::BadJson { .. }
            | Self::Local { .. }
            | Self::Listen { .. }
            | Self::Redirect(_)
            | Self::Interrupted(_) => false,
        }
    }

    /// How long the server, or the proxy before it, asks to wait.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        match self {
            Self::Refused(refusal) | Self::Dial(DialError::Proxy { source: ProxyError::Refused(refusal), .. }) => {
                refusal.retry_after(now)
            }
            _ => None,
        }
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Dial(error) => error.hint(),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("is another server listening there? port 0 picks a free port".to_owned())
            }
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

/// What is wrong, without the place.
fn bad_json(why: &serde_json::Error) -> String {
    let words = why.to_string();
    let place = format!(" at line {} column {}", why.line(), why.column());
    let words = words.strip_suffix(&place).unwrap_or(&words);
    if why.is_syntax() || why.is_eof() { format!("not JSON: {words}") } else { words.to_owned() }
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
