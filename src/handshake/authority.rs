//! A host and its port, as the field `Host` and the origin of a page name them.
//!
//! Both are brought into the same form by the parser that browsers have (the URL Standard, section 3.5), so that they can
//! be compared.

use std::net::IpAddr;

use url::Host;

use crate::target::is_localhost;

/// `example.org`, `example.org:8080`, `[::1]:8080`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

impl Authority {
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (text, ""),
        };
        // The parser of numbers would take a sign too.
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
        Some(Self { host: parsed(host)?, port })
    }
}

/// Reads a host alone: a name, or an address with or without its brackets.
///
/// # Errors
/// A message for the user, if the text is invalid.
pub(crate) fn host(text: &str) -> Result<Host, String> {
    let address = text.parse().map(|address| match address {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    });
    let host = address.ok().or_else(|| parsed(text));
    host.ok_or_else(|| "expected a name or an address, without scheme and port".to_owned())
}

/// Whether it always means the machine that asks.
pub(crate) fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

/// Whether two hosts are one, also where the name of one of them ends with the dot of the root.
pub(crate) fn is_same_host(a: &Host, b: &Host) -> bool {
    match (a, b) {
        (Host::Domain(a), Host::Domain(b)) => a.trim_end_matches('.') == b.trim_end_matches('.'),
        _ => a == b,
    }
}

fn parsed(host: &str) -> Option<Host> {
    // In a URL a name may be written in other ways, but a browser sends none of them.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'*'));
    if is_plain { Host::parse(host).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        let shown = |text: &str| Authority::from_text(text).map(|read| format!("{} {:?}", read.host, read.port));
        for (text, expected) in [
            ("Example.ORG", Some("example.org None")),
            ("example.org:", Some("example.org None")),
            ("example.org:8080", Some("example.org Some(8080)")),
            ("[::1]", Some("[::1] None")),
            ("[0::1]:80", Some("[::1] Some(80)")),
            ("127.1:80", Some("127.0.0.1 Some(80)")),
            ("a_b", Some("a_b None")),
            ("", None),
            (":80", None),
            ("a:+8", None),
            ("a:65536", None),
            ("a:b", None),
            ("::1", None),
            ("a@b", None),
            ("a/b", None),
            ("a%62", None),
            ("ä", None),
        ] {
            assert_eq!(shown(text).as_deref(), expected, "{text}");
        }
    }
}
