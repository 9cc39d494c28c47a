//! Whether a server is on this machine or in a network of its own, so that it may be sent what would be an attack elsewhere.

use std::net::IpAddr;

use url::Host;

use crate::target::is_localhost;
use crate::transport::Peer;

/// Whether both the peer and the host that it is a proxy to are near: `localhost` is the proxy's own machine, and a private
/// address is one in its network.
pub(crate) fn is_near(peer: &Peer, behind_proxy: Option<&Host>) -> bool {
    let is_host_near = |host: &Host| match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => is_private(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_private(IpAddr::V6(*address)),
    };
    let is_peer_near = match peer {
        Peer::Unix(_) => true,
        Peer::Inet(address) => is_private(address.ip()),
    };
    is_peer_near && behind_proxy.is_none_or(is_host_near)
}

/// Loopback, private (RFC 1918, RFC 4193) or link-local.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_are_not_routed_are_near() {
        for near in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.0.1", "::1", "fd00::1"]
        {
            assert!(is_private(near.parse().unwrap()), "{near}");
        }
        for near in ["fe80::1", "::ffff:10.0.0.1"] {
            assert!(is_private(near.parse().unwrap()), "{near}");
        }
        for far in ["8.8.8.8", "172.32.0.1", "100.64.0.1", "0.0.0.0", "2001:db8::1", "::ffff:8.8.8.8", "fec0::1"] {
            assert!(!is_private(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn behind_a_proxy_both_the_proxy_and_the_host_have_to_be_near() {
        let [own, far] = ["127.0.0.1:1", "8.8.8.8:1"].map(|proxy| Peer::Inet(proxy.parse().unwrap()));
        for host in ["localhost", "127.0.0.1", "10.0.0.1", "[::1]"].map(|host| Host::parse(host).unwrap()) {
            assert!(is_near(&own, Some(&host)), "{host}");
            assert!(!is_near(&far, Some(&host)), "{host} of a proxy elsewhere");
        }
        assert!(!is_near(&own, Some(&Host::parse("far.example").unwrap())));
        assert!(is_near(&own, None) && !is_near(&far, None));
    }
}
