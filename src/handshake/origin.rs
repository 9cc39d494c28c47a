//! Origins of pages (RFC 6454), and which of them a server lets in.

use url::Host;

use super::authority::Authority;

/// The pages that are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origins {
    /// Those of the server itself: with the host and the port that they ask for. Clients that are not pages are accepted too.
    #[default]
    Own,
    /// These, and nobody else.
    Only(Vec<OriginPattern>),
    Any,
}

/// Origins that are allowed: `https://example.org`, `example.org`, `*.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginPattern {
    scheme: Option<String>,
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Exactly(Host),
    /// Any name that ends so; it begins with a dot.
    Below(String),
}

/// The origin of a page, as a browser tells it.
#[derive(Debug)]
struct Origin {
    scheme: String,
    host: Host,
    /// The scheme's own where none is written; none where the scheme has none.
    port: Option<u16>,
}

/// Whether a page of this origin is one of the server itself.
pub(crate) fn is_own_page(origin: &str, asked: &Authority, is_tls: bool) -> bool {
    Origin::from_text(origin).is_some_and(|origin| origin.is_of(asked, is_tls))
}

const HOW: &str = "expected an origin like `https://example.org`, `example.org` or `*.example.org`, or `*` for all";

impl Origins {
    /// Whether a client is let in that tells this origin and asks for that host.
    pub(super) fn allow(&self, origin: Option<&str>, asked: &Authority, is_tls: bool) -> bool {
        let origin = origin.map(Origin::from_text);
        match (self, origin) {
            (Self::Any, _) | (Self::Own, None) => true,
            (Self::Own, Some(Some(origin))) => origin.is_of(asked, is_tls),
            (Self::Only(patterns), Some(Some(origin))) => patterns.iter().any(|pattern| pattern.matches(&origin)),
            (Self::Own | Self::Only(_), _) => false,
        }
    }

    /// What is wrong with an origin that is not allowed, and what would let it in.
    pub(super) fn objection(origin: Option<&str>) -> String {
        let Some(origin) = origin else { return "it sent no Origin (--origin)".to_owned() };
        let shown: String = origin.chars().take(SHOWN).collect();
        // A suggestion is pasted into a shell: what could do harm there is not suggested.
        let remedy = match Origin::from_text(origin) {
            Some(read) if shown == origin && is_harmless(origin) && !read.scheme.is_empty() => {
                format!("`--origin {origin}` allows it")
            }
            _ => "`--origin '*'` allows all pages".to_owned(),
        };
        format!("its origin is `{shown}`; {remedy}")
    }
}

impl OriginPattern {
    /// # Errors
    /// A message for the user, if it is not an origin.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        // What a browser says of a page that could be anybody's is nothing to go by.
        if text.eq_ignore_ascii_case("null") || scheme.as_ref().is_some_and(|scheme| !is_scheme(scheme)) {
            return Err(HOW.to_owned());
        }
        let (name, is_below) = match rest.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let Authority { host, port } = Authority::from_text(name).ok_or(HOW)?;
        let host = match (is_below, host) {
            (false, host) => HostPattern::Exactly(host),
            (true, Host::Domain(name)) => HostPattern::Below(format!(".{name}")),
            // Nothing is below an address.
            (true, Host::Ipv4(_) | Host::Ipv6(_)) => return Err(HOW.to_owned()),
        };
        // Who wrote a scheme means an origin, whose port is the scheme's own unless it is written (RFC 6454).
        let port = port.or_else(|| scheme.as_deref().and_then(default_port));
        Ok(Self { scheme, host, port })
    }

    fn matches(&self, origin: &Origin) -> bool {
        let is_host = match (&self.host, &origin.host) {
            (HostPattern::Exactly(host), other) => host == other,
            (HostPattern::Below(domain), Host::Domain(name)) => {
                name.len() > domain.len() && name.ends_with(domain.as_str())
            }
            (HostPattern::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        };
        match &self.scheme {
            Some(scheme) => is_host && *scheme == origin.scheme && self.port == origin.port,
            None => is_host && (self.port.is_none() || self.port == origin.port),
        }
    }
}

impl Origin {
    /// None for `null`, and for what no browser says.
    fn from_text(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !is_scheme(&scheme) {
            return None;
        }
        // Some programs send the URL of a page that they make up.
        let Authority { host, port } = Authority::from_text(rest.strip_suffix('/').unwrap_or(rest))?;
        let port = port.or_else(|| default_port(&scheme));
        Some(Self { scheme, host, port })
    }

    /// Whether it is a page of the server itself, as far as the host that was asked for tells.
    fn is_of(&self, asked: &Authority, is_tls: bool) -> bool {
        // Without a port it is the scheme's own: ours, or that of a proxy before us, which only the page knows then.
        let port = match asked.port {
            None if is_tls => Some(443),
            None => default_port(&self.scheme),
            port => port,
        };
        default_port(&self.scheme).is_some() && port == self.port && self.host == asked.host
    }
}

fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// Of the schemes that pages with a server have; programs that are no browsers write the other two as well.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Whether a shell takes it as it stands.
pub(super) fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "+-._:/[]".contains(c))
}

/// As much of what a client says of itself is told.
pub(super) const SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_matched_by_what_was_written() {
        for (allowed, origin, expected) in [
            ("https://example.org", "https://example.org", true),
            ("https://example.org", "HTTPS://Example.ORG", true),
            ("https://example.org", "https://example.org:443", true),
            ("https://example.org:443", "https://example.org", true),
            ("https://example.org", "http://example.org", false),
            ("https://example.org", "https://example.org:8443", false),
            ("https://example.org:8443", "https://example.org:8443", true),
            ("example.org", "http://example.org:8080", true),
            ("example.org:8080", "http://example.org:8080", true),
            ("example.org:443", "https://example.org", true),
            ("example.org:80", "https://example.org", false),
            ("example.org", "https://evil-example.org", false),
            ("example.org", "https://a.example.org", false),
            ("*.example.org", "https://a.b.example.org", true),
            ("*.example.org", "https://example.org", false),
            ("*.example.org", "https://evilexample.org", false),
            ("*.example.org", "https://example.org.evil.net", false),
            ("*.example.org", "https://evil.net/.example.org", false),
            ("*.example.org", "https://evil.net?.example.org", false),
            ("*.example.org:81", "https://a.example.org:81", true),
            ("*.example.org:81", "https://a.example.org", false),
            ("https://*.example.org", "http://a.example.org", false),
            ("https://*.example.org", "https://a.example.org", true),
            ("[::1]", "http://[::1]:3000", true),
            ("chrome-extension://abcdef", "chrome-extension://abcdef", true),
            ("chrome-extension://abcdef", "https://abcdef", false),
            ("example.org", "null", false),
            ("example.org", "", false),
        ] {
            let origins = Origins::Only(vec![OriginPattern::from_text(allowed).unwrap()]);
            let asked = Authority::from_text("localhost").unwrap();
            assert_eq!(origins.allow(Some(origin), &asked, false), expected, "{allowed} {origin}");
        }
        for bad in ["", "*.", "https://", "a b", "https://a/b", "a.*.b", "null", "*.127.0.0.1", "1x://a", "://a"] {
            assert!(OriginPattern::from_text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_of_the_server_has_the_host_and_the_port_that_it_asks_for() {
        for (asked, origin, is_tls, expected) in [
            ("h", Some("http://h"), false, true),
            ("h", Some("https://h"), false, true),
            ("h", Some("https://h"), true, true),
            ("h", Some("http://h"), true, false),
            ("h:443", Some("https://h"), true, true),
            ("h:80", Some("https://h"), false, false),
            ("h:8080", Some("http://H:8080/"), false, true),
            ("h:8080", Some("ws://h:8080"), false, true),
            ("h:8080", Some("http://h:8081"), false, false),
            ("h:8080", Some("app://h:8080"), false, false),
            ("h", Some("app://h"), false, false),
            ("[::1]:1", Some("http://[0:0::1]:1"), false, true),
            ("h", None, true, true),
            ("h", Some(""), false, false),
            ("h", Some("null"), false, false),
            ("h", Some("http://h/x"), false, false),
        ] {
            let read = Authority::from_text(asked).unwrap();
            assert_eq!(Origins::Own.allow(origin, &read, is_tls), expected, "{asked} {origin:?} {is_tls}");
        }
    }

    #[test]
    fn nothing_is_suggested_that_a_shell_would_run() {
        assert!(Origins::objection(Some("https://a.b:1")).ends_with("`--origin https://a.b:1` allows it"));
        for origin in ["null", "https://a;b", "https://$(b)", "https://a`b`", "x", &"https://a".repeat(50)] {
            assert!(Origins::objection(Some(origin)).ends_with("`--origin '*'` allows all pages"), "{origin}");
        }
    }
}
