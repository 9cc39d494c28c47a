//! Overrides of names, ports and local addresses: `--resolve`, `--connect-to`, `--interface`.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpSocket;
use url::Host;

use super::family::Family;
use crate::sys::interfaces;

/// `--resolve`: the addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResolveOverride {
    /// `None` is any.
    host: Option<Host>,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// `--connect-to`: another host and port to connect to. `None` is any, and the same, respectively.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectTo {
    from: (Option<Host>, Option<u16>),
    to: (Option<Host>, Option<u16>),
}

/// `--interface`: where connections begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalAddress {
    Address(IpAddr),
    Device(String),
}

impl ResolveOverride {
    /// Reads `HOST:PORT:ADDR[,ADDR]`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let bad = || {
            "expected HOST:PORT:ADDR, as in `example.com:443:127.0.0.1`; append `,ADDR` for more \
            addresses"
                .to_owned()
        };
        let (host, rest) = host_of(text).ok_or_else(bad)?;
        let (port, addresses) = rest.strip_prefix(':').and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
        let host = if host == "*" { None } else { Some(Host::parse(host).map_err(|_| bad())?) };
        let addresses = addresses.split(',').map(|address| bare(address).parse().map_err(|_| bad()));
        Ok(Self { host, port: port.parse().map_err(|_| bad())?, addresses: addresses.collect::<Result<_, _>>()? })
    }

    /// For a host whose addresses are known by now.
    pub(super) fn new(host: Host, port: u16, addresses: Vec<IpAddr>) -> Self {
        Self { host: Some(host), port, addresses }
    }

    /// What the first entry for this host and port says.
    pub(super) fn addresses<'k>(all: &'k [Self], host: &Host, port: u16) -> Option<&'k [IpAddr]> {
        let known = all.iter().find(|known| known.port == port && known.host.as_ref().is_none_or(|one| one == host));
        known.map(|known| known.addresses.as_slice())
    }
}

impl ConnectTo {
    /// Reads `HOST1:PORT1:HOST2:PORT2`, any of which may be empty.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let bad = || "expected HOST1:PORT1:HOST2:PORT2, as in `example.com:443:127.0.0.1:8443`".to_owned();
        let end = |text: &str| Self::end(text).ok_or_else(bad);
        let (host, rest) = host_of(text).ok_or_else(bad)?;
        let (port, to) = rest.strip_prefix(':').and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
        Ok(Self { from: end(&format!("{host}:{port}"))?, to: end(to)? })
    }

    fn end(text: &str) -> Option<(Option<Host>, Option<u16>)> {
        let (host, rest) = host_of(text)?;
        let port = rest.strip_prefix(':')?;
        let host = if host.is_empty() { None } else { Some(Host::parse(host).ok()?) };
        let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
        Some((host, port))
    }

    /// Where the first entry for this host and port leads, or the same.
    pub(crate) fn end_of(all: &[Self], host: &Host, port: u16) -> (Host, u16) {
        let meant = |detour: &&Self| {
            detour.from.0.as_ref().is_none_or(|one| one == host) && detour.from.1.is_none_or(|one| one == port)
        };
        match all.iter().find(meant) {
            Some(Self { to, .. }) => (to.0.clone().unwrap_or_else(|| host.clone()), to.1.unwrap_or(port)),
            None => (host.clone(), port),
        }
    }
}

impl LocalAddress {
    /// Reads an address or, on Linux, the name of an interface.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        if let Ok(address) = bare(text).parse() {
            return Ok(Self::Address(address));
        }
        if interfaces::can_be_bound_to(text) {
            return Ok(Self::Device(text.to_owned()));
        }
        Err("expected an address of this machine, or the name of one of its interfaces (Linux)".to_owned())
    }

    /// The only family that can be reached from here.
    pub(crate) fn family(&self) -> Option<Family> {
        match self {
            Self::Address(address) => Some(if address.is_ipv4() { Family::V4 } else { Family::V6 }),
            Self::Device(_) => None,
        }
    }

    pub(super) fn bind(&self, socket: &TcpSocket) -> std::io::Result<()> {
        match self {
            Self::Address(address) => socket.bind(SocketAddr::new(*address, 0)),
            Self::Device(name) => interfaces::bind(socket, name),
        }
    }
}

/// Cuts after a host, which may be an IPv6 address in brackets.
fn host_of(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':')? };
    Some(text.split_at(end))
}

fn bare(address: &str) -> &str {
    address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    #[test]
    fn a_known_name_has_the_addresses_that_were_given() {
        let all = ["a.example:80:127.0.0.1,::1", "[::2]:80:[::1]", "*:443:10.0.0.1"];
        let all = all.map(|text| ResolveOverride::from_text(text).unwrap());
        let found = |name: &str, port| {
            ResolveOverride::addresses(&all, &host(name), port)
                .map(|found| found.iter().map(ToString::to_string).collect())
        };
        assert_eq!(found("A.Example", 80), Some(vec!["127.0.0.1".to_owned(), "::1".to_owned()]));
        assert_eq!(found("[::2]", 80), Some(vec!["::1".to_owned()]));
        assert_eq!(found("b.example", 443), Some(vec!["10.0.0.1".to_owned()]));
        assert_eq!(found("a.example", 81), None::<Vec<String>>);
        for bad in ["", "a", "a:80", "a:80:", "a:x:1.1.1.1", "a:80:b.example", "[::1:80:1.1.1.1", "a:80:1.1.1.1,"] {
            assert!(ResolveOverride::from_text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_detour_leads_from_what_it_names_to_what_it_names() {
        for (text, from, to) in [
            ("a.example:80:b.example:81", ("a.example", 80), "b.example:81"),
            ("a.example:80:b.example:81", ("a.example", 82), "a.example:82"),
            ("a.example:80:b.example:81", ("c.example", 80), "c.example:80"),
            ("::b.example:", ("a.example", 80), "b.example:80"),
            ("a.example::[::1]:81", ("a.example", 80), "[::1]:81"),
            (":80::81", ("a.example", 80), "a.example:81"),
            ("[::1]:80:[::2]:81", ("[::1]", 80), "[::2]:81"),
        ] {
            let detours = [ConnectTo::from_text(text).unwrap()];
            let (host, port) = ConnectTo::end_of(&detours, &host(from.0), from.1);
            assert_eq!(format!("{host}:{port}"), to, "{text}");
        }
        for bad in ["", "a", "a:80", "a:80:b", "a:80:b:c", "a:x:b:80", "a:80:b:99999"] {
            assert!(ConnectTo::from_text(bad).is_err(), "{bad}");
        }
    }
}
