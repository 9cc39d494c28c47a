//! Where a refusal sends the client instead (RFC 9110, section 15.4), and how often it lets itself be sent.
//!
//! Plain code: whether to follow at all, and which secrets go along, is `connect`'s.

use url::{ParseError, Url};

use super::http1::Response;
use crate::target::{BadUrl, Parsed, Place, Scheme, Target};

/// A redirect that is not followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRedirect {
    #[error("the server answered {status} without a `Location`")]
    NoLocation { status: u16 },
    #[error("the server redirects to `{location}`, which is no URL")]
    Syntax { location: String, source: BadUrl },
    #[error("the server redirects to `{location}`, which is no URL for WebSocket")]
    Scheme { location: String },
    #[error("the server redirects from wss:// to `{to}`, where anyone could listen")]
    Downgrade { to: Target },
    #[error("the server redirects in a circle, back to `{to}`")]
    Loop { to: Target },
    #[error("the server redirected more than {max} times, last to `{to}`")]
    TooMany { max: usize, to: Target },
}

/// The targets visited so far.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    current: Target,
    before: Vec<Target>,
    max: usize,
}

impl Trail {
    /// Begins at `start`, from where at most `max` redirects are followed.
    pub(crate) fn new(start: Target, max: usize) -> Self {
        Self { current: start, before: Vec::new(), max }
    }

    pub(crate) fn current(&self) -> &Target {
        &self.current
    }

    /// Goes where the answer of the current target points to; `None` when it is no redirect.
    pub(crate) fn follow(&mut self, response: &Response) -> Result<Option<&Target>, BadRedirect> {
        let Some(to) = redirect_target(&self.current, response)? else {
            return Ok(None);
        };
        // No answer changes what is asked next (there is no cookie jar), so a circle would never be left.
        if to == self.current || self.before.contains(&to) {
            return Err(BadRedirect::Loop { to });
        }
        if self.before.len() == self.max {
            return Err(BadRedirect::TooMany { max: self.max, to });
        }
        self.before.push(std::mem::replace(&mut self.current, to));
        Ok(Some(&self.current))
    }
}

/// Where the answer points to; `None` when it is no redirect.
pub(crate) fn redirect_target(from: &Target, response: &Response) -> Result<Option<Target>, BadRedirect> {
    let status = response.status;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.field("Location").ok_or(BadRedirect::NoLocation { status })?;
    let no_url = |source: BadUrl| BadRedirect::Syntax { location: location.to_owned(), source };
    let url = base(from).and_then(|base| base.join(location)).map_err(|error| no_url(error.into()))?;
    let to = match (&from.place, url.host_str()) {
        (Place::Unix(_), Some(SAME_SOCKET)) => Target { resource: resource(&url), ..from.clone() },
        _ => elsewhere(url, location)?,
    };
    if from.scheme.is_tls() && !to.scheme.is_tls() {
        return Err(BadRedirect::Downgrade { to });
    }
    Ok(Some(to))
}

const SAME_SOCKET: &str = "unix.invalid";
fn base(from: &Target) -> Result<Url, ParseError> {
    match &from.place {
        Place::Unix(_) => Url::parse(&format!("{}://{SAME_SOCKET}{}", from.scheme, from.resource)),
        _ => Url::parse(&from.to_string()),
    }
}
fn resource(url: &Url) -> String {
    match url.query() {
        Some(q) => format!("{}?{q}", url.path()),
        None => url.path().to_owned(),
    }
}
fn elsewhere(mut url: Url, location: &str) -> Result<Target, BadRedirect> {
    url.set_fragment(None);
    Parsed::from_text(url.as_str())
        .map(|p| p.target)
        .map_err(|source| BadRedirect::Syntax { location: location.to_owned(), source })
}
#[allow(unused)]
fn x(_: Scheme) {}
