//! Where no proxy is used: the list of `--no-proxy` and `NO_PROXY`.

use std::net::IpAddr;

use url::Host;

/// A list of hosts; the default holds none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: ExceptedHosts,
    /// `None` is any.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ExceptedHosts {
    All,
    /// A name with all below it.
    Below(String),
    /// An address, of which this many bits are compared.
    Net(IpAddr, u32),
}

impl Exceptions {
    /// Reads a list with commas or spaces between its elements. What cannot be understood matches nothing, since
    /// the variable belongs to other programs too.
    pub(crate) fn from_text(text: &str) -> Self {
        let elements = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|element| !element.is_empty());
        Self(elements.filter_map(exception).collect())
    }

    pub(super) fn contain(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|one| one.port.is_none_or(|only| only == port) && one.hosts.contain(host))
    }
}

impl ExceptedHosts {
    fn contain(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Below(name), Host::Domain(domain)) => {
                let domain = domain.trim_end_matches('.').to_ascii_lowercase();
                domain.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Net(net, bits), Host::Ipv4(address)) => covers(*net, *bits, IpAddr::V4(*address)),
            (Self::Net(net, bits), Host::Ipv6(address)) => covers(*net, *bits, IpAddr::V6(*address)),
            _ => false,
        }
    }
}

fn exception(element: &str) -> Option<Exception> {
    let any_port = |hosts| Exception { hosts, port: None };
    if element == "*" {
        return Some(any_port(ExceptedHosts::All));
    }
    if let Some(net) = net(element) {
        return Some(any_port(net));
    }
    let (host, port) = match element.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (element, None),
    };
    let hosts = match host {
        "*" => ExceptedHosts::All,
        host => net(host).unwrap_or_else(|| {
            let name = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
            ExceptedHosts::Below(name.trim_end_matches('.').to_ascii_lowercase())
        }),
    };
    // An empty name would be above all others.
    (hosts != ExceptedHosts::Below(String::new())).then_some(Exception { hosts, port })
}

/// `10.0.0.1`, `10.0.0.0/8`, `[::1]`, `fe80::/10`
fn net(text: &str) -> Option<ExceptedHosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text, None),
    };
    let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
    let address: IpAddr = bare.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits: u32| bits <= most).then(|| ExceptedHosts::Net(address, bits.unwrap_or(most)))
}

fn covers(net: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let differing = u32::from(net) ^ u32::from(address);
            differing.checked_shr(32 - bits).unwrap_or_default() == 0
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let differing = u128::from(net) ^ u128::from(address);
            differing.checked_shr(128 - bits).unwrap_or_default() == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_exception_matches_what_it_says() {
        for (list, host, port, matches) in [
            ("*", "a.example", 80, true),
            ("", "a.example", 80, false),
            (",, ,", "a.example", 80, false),
            ("example", "a.example", 80, true),
            ("b.example,A.Example", "a.example", 80, true),
            ("b.example A.Example", "a.example", 80, true),
            (".a.example", "a.example", 80, true),
            ("*.a.example", "x.a.example", 80, true),
            ("a.example", "xa.example", 80, false),
            ("x.a.example", "a.example", 80, false),
            ("a.example.", "a.example", 80, true),
            ("a.example", "a.example.", 80, true),
            (".", "a.example", 80, false),
            ("a.example:80", "a.example", 80, true),
            ("a.example:81", "a.example", 80, false),
            ("a.example:x", "a.example", 80, false),
            ("*:8080", "a.example", 8080, true),
            ("10.1.2.3", "10.1.2.3", 80, true),
            ("10.1.2.3", "10.1.2.4", 80, false),
            ("10.0.0.0/8", "10.1.2.3", 80, true),
            ("10.0.0.0/8", "11.1.2.3", 80, false),
            ("0.0.0.0/0", "11.1.2.3", 80, true),
            ("10.0.0.0/33", "10.0.0.0", 80, false),
            ("10.0.0.0/8", "ten.example", 80, false),
            ("127.0.0.1:9", "127.0.0.1", 9, true),
            ("127.0.0.1:9", "127.0.0.1", 8, false),
            ("::1", "[::1]", 80, true),
            ("[::1]", "[::1]", 80, true),
            ("[::1]:80", "[::1]", 80, true),
            ("[::1]:81", "[::1]", 80, false),
            ("fe80::/10", "[fe80::1]", 80, true),
            ("fe80::/10", "[fec0::1]", 80, false),
            ("::/0", "10.1.2.3", 80, false),
        ] {
            let host = Host::parse(host).unwrap();
            assert_eq!(Exceptions::from_text(list).contain(&host, port), matches, "{list} {host}:{port}");
        }
    }
}
