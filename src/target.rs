//! Where to connect: a URL, its short forms, and what they mean.
//!
//! Owns parsing and display; how to get there belongs to `dial`, what to say there to `request`.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use url::{Host, Url};

use crate::masking;

/// A parsed WebSocket URL (RFC 6455, section 3), without its user and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) place: Endpoint,
    /// The request target: path and query, beginning with `/`.
    pub(crate) resource: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ws,
    Wss,
}

/// What the transport connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Host {
        host: Host,
        port: u16,
        /// The interface that a link-local address belongs to (RFC 4007, section 11); it stays on this machine.
        zone: Option<String>,
    },
    Unix(PathBuf),
}

/// What a URL carries besides the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) target: Target,
    /// `user:pass@`, percent-decoded.
    pub(crate) credentials: Option<(String, String)>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUrl {
    #[error("the URL is empty")]
    Empty,
    #[error("a WebSocket URL has no fragment: leave `#{}` out, or write its `#` as %23", masking::typed(.0))]
    Fragment(String),
    #[error("`{}://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:", masking::typed(.0))]
    Scheme(String),
    #[error("{0}")]
    Syntax(#[from] url::ParseError),
    #[error("`{0}` is not an interface; write one as in `[fe80::1%25eth0]`")]
    Zone(String),
    #[error("write a Unix socket as ws+unix:/run/app.sock:/path")]
    Unix,
}

impl Scheme {
    pub(crate) fn is_tls(self) -> bool {
        self == Self::Wss
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
        })
    }
}

impl Parsed {
    /// Reads a URL in any of the forms that the command line takes.
    pub(crate) fn from_text(text: &str) -> Result<Self, BadUrl> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadUrl::Empty);
        }
        if let Some((_, fragment)) = text.split_once('#') {
            return Err(BadUrl::Fragment(fragment.to_owned()));
        }
        for (prefix, scheme) in [("ws+unix:", Scheme::Ws), ("wss+unix:", Scheme::Wss)] {
            if let Some(rest) = strip_prefix_ignoring_case(text, prefix) {
                return unix(scheme, rest);
            }
        }
        let (text, zone) = split_zone(text)?;
        let text = &*text;
        let (scheme, rest) = match text.split_once("://") {
            // A query may hold a URL of its own: `host/?next=http://…` has no scheme.
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => (scheme_named(scheme)?, rest.to_owned()),
            _ if text.starts_with(':') => (Scheme::Ws, format!("localhost{text}")),
            _ => (guessed_scheme(text), text.to_owned()),
        };
        from_url(scheme, zone, &Url::parse(&format!("{scheme}://{rest}"))?)
    }
}

impl Target {
    /// The URL with all that is secret in it.
    pub(crate) fn url(&self) -> String {
        self.url_with(&self.resource)
    }

    fn url_with(&self, resource: &str) -> String {
        match &self.place {
            Endpoint::Host { zone: Some(zone), .. } => {
                let authority = self.authority().replacen(']', &format!("%25{zone}]"), 1);
                format!("{}://{authority}{resource}", self.scheme)
            }
            Endpoint::Host { .. } => format!("{}://{}{resource}", self.scheme, self.authority()),
            Endpoint::Unix(path) => format!("{}+unix:{}:{resource}", self.scheme, path.display()),
        }
    }

    /// The value of the Host field: the port only where it is not the scheme's own (RFC 6455, section 4.1).
    pub(crate) fn authority(&self) -> String {
        match &self.place {
            Endpoint::Host { host, port, .. } if *port == self.scheme.default_port() => host.to_string(),
            Endpoint::Host { host, port, .. } => format!("{host}:{port}"),
            Endpoint::Unix(_) => "localhost".to_owned(),
        }
    }

    /// The name or address that certificates and cookies are for.
    pub(crate) fn host(&self) -> String {
        match &self.place {
            Endpoint::Host { host, .. } => host.to_string(),
            Endpoint::Unix(_) => "localhost".to_owned(),
        }
    }

    /// Whether it is the same machine, as far as its name tells.
    pub(crate) fn same_host(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Endpoint::Host { host, zone, .. }, Endpoint::Host { host: other, zone: other_zone, .. }) => {
                host == other && zone == other_zone
            }
            (place, other) => place == other,
        }
    }

    /// Whether credentials for `self` may go to `other` too (RFC 6454, section 5).
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.place == other.place
    }
}

/// As it may be shown.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url_with(&masking::reference(&self.resource)))
    }
}

fn scheme_named(name: &str) -> Result<Scheme, BadUrl> {
    match name.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok(Scheme::Ws),
        "wss" | "https" => Ok(Scheme::Wss),
        _ => Err(BadUrl::Scheme(name.to_owned())),
    }
}

/// A server on this machine is rarely behind TLS, any other nearly always.
fn guessed_scheme(text: &str) -> Scheme {
    let is_loopback = Url::parse(&format!("ws://{text}")).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    });
    if is_loopback { Scheme::Ws } else { Scheme::Wss }
}

/// The names that always mean this machine (RFC 6761, section 6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name.len() > 10 && name.as_bytes()[name.len() - 10..].eq_ignore_ascii_case(b".localhost")
}

/// The URL without the zone of its address, which no parser of URLs takes, and the zone.
///
/// `%25` stands for the `%` of other notations (RFC 6874, section 2), which is taken as well.
pub(crate) fn split_zone(text: &str) -> Result<(Cow<'_, str>, Option<String>), BadUrl> {
    let start = match text.split_once("://") {
        Some((scheme, _)) if !scheme.contains(['/', '?']) => scheme.len() + 3,
        _ => 0,
    };
    let authority = text[start..].split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let Some((address, zone)) =
        host.strip_prefix('[').and_then(|host| host.split_once(']')).and_then(|(address, _)| address.split_once('%'))
    else {
        return Ok((Cow::Borrowed(text), None));
    };
    let name = zone.strip_prefix("25").unwrap_or(zone);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte)) {
        return Err(BadUrl::Zone(name.to_owned()));
    }
    let without = text.replacen(&format!("[{address}%{zone}]"), &format!("[{address}]"), 1);
    Ok((Cow::Owned(without), Some(name.to_owned())))
}

fn from_url(scheme: Scheme, zone: Option<String>, url: &Url) -> Result<Parsed, BadUrl> {
    let host = url.host().ok_or(url::ParseError::EmptyHost)?.to_owned();
    let port = url.port().unwrap_or(scheme.default_port());
    let resource = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    Ok(Parsed {
        target: Target { scheme, place: Endpoint::Host { host, port, zone }, resource },
        credentials: has_credentials
            .then(|| (percent_decoded(url.username()), percent_decoded(url.password().unwrap_or_default()))),
    })
}

/// `/run/app.sock:/path`, and with `//` before it as other tools write it.
fn unix(scheme: Scheme, rest: &str) -> Result<Parsed, BadUrl> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, resource) = match rest.rfind(":/") {
        Some(colon) => (&rest[..colon], &rest[colon + 1..]),
        None => (rest, "/"),
    };
    if path.is_empty() || path.ends_with(':') {
        return Err(BadUrl::Unix);
    }
    // The path and query go through the same parser, so that what must be escaped on the wire is.
    let url = Url::parse(&format!("ws://localhost{resource}"))?;
    let resource = from_url(scheme, None, &url)?.target.resource;
    Ok(Parsed { target: Target { scheme, place: Endpoint::Unix(path.into()), resource }, credentials: None })
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

pub(crate) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Parsed::from_text(text).map_or_else(|error| format!("error: {error}"), |parsed| parsed.target.to_string())
    }

    #[test]
    fn every_short_form_means_what_the_manual_says() {
        for (typed, meant) in [
            ("ws://example.com", "ws://example.com/"),
            ("wss://example.com:443/a?b=c", "wss://example.com/a?b=c"),
            ("http://example.com:8080", "ws://example.com:8080/"),
            ("HTTPS://Example.com/x", "wss://example.com/x"),
            (":8080/x", "ws://localhost:8080/x"),
            (":8080", "ws://localhost:8080/"),
            ("localhost:3000", "ws://localhost:3000/"),
            ("app.localhost/x", "ws://app.localhost/x"),
            ("127.0.0.1:9", "ws://127.0.0.1:9/"),
            ("[::1]:9/y", "ws://[::1]:9/y"),
            ("[2001:db8::1]:9/y", "wss://[2001:db8::1]:9/y"),
            ("ws://[FE80::1%25eth0]:9/y", "ws://[fe80::1%25eth0]:9/y"),
            ("wss://me:p%25w@[fe80::1%eth0.2]/?[::1%25x]", "wss://[fe80::1%25eth0.2]/?[::1%25x]"),
            ("[::1%25lo]:9", "ws://[::1%25lo]:9/"),
            ("ws://h/[::1%25lo]", "ws://h/[::1%25lo]"),
            ("example.com/chat", "wss://example.com/chat"),
            ("example.com:8443?next=http://a/b", "wss://example.com:8443/?next=http://a/b"),
            ("wss://bücher.example/ä", "wss://xn--bcher-kva.example/%C3%A4"),
            ("ws+unix:/run/app.sock:/chat?x", "ws+unix:/run/app.sock:/chat?x"),
            ("ws+unix:///run/app.sock:/chat", "ws+unix:/run/app.sock:/chat"),
            ("ws+unix:/run/app.sock", "ws+unix:/run/app.sock:/"),
        ] {
            assert_eq!(shown(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_no_websocket_url_is_refused_with_the_reason() {
        assert!(shown("ws://a/#top").contains("no fragment"));
        assert!(shown("ftp://a").contains("not a WebSocket scheme"));
        assert_eq!(shown(""), "error: the URL is empty");
        assert_eq!(shown("ws+unix:"), "error: write a Unix socket as ws+unix:/run/app.sock:/path");
        assert_eq!(shown("ws://a:99999"), "error: invalid port number");
        assert_eq!(shown("ws://"), "error: empty host");
        for zone in ["%25", "%", "%25a b", "%25%0a"] {
            assert!(shown(&format!("ws://[fe80::1{zone}]/")).ends_with("write one as in `[fe80::1%25eth0]`"), "{zone}");
        }
    }

    #[test]
    fn credentials_leave_the_url() {
        let parsed = Parsed::from_text("wss://me%40x:p%3Aw+d@example.com/").unwrap();
        assert_eq!(parsed.credentials, Some(("me@x".into(), "p:w+d".into())));
        assert_eq!(parsed.target.to_string(), "wss://example.com/");
    }

    #[test]
    fn the_port_stands_in_host_only_when_it_is_not_the_default() {
        let authority = |text| Parsed::from_text(text).unwrap().target.authority();
        assert_eq!(authority("ws://a:80"), "a");
        assert_eq!(authority("ws://a:443"), "a:443");
        assert_eq!(authority("wss://[::1]:443"), "[::1]");
        // RFC 6874, section 4: the zone means nothing to the server.
        assert_eq!(authority("ws://[fe80::1%25eth0]:9"), "[fe80::1]:9");
    }
}
