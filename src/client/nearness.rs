//! Whether a server is on this machine or in a network of its own, so that it may be sent what would be an attack elsewhere.

use std::net::IpAddr;

use url::Host;

use crate::target::{Endpoint, Target, is_localhost};
use crate::transport::Peer;

/// Whether only this machine or a private network reaches a server; what is behind a proxy is told by its name alone.
pub(crate) fn is_near(peer: &Peer, target: &Target, has_proxy: bool) -> bool {
    match peer {
        Peer::Unix(_) => true,
        Peer::Inet(address) if !has_proxy => is_private(address.ip()),
        Peer::Inet(_) => match &target.place {
            Endpoint::Host { host: Host::Domain(name), .. } => is_localhost(name),
            Endpoint::Host { host: Host::Ipv4(address), .. } => is_private(IpAddr::V4(*address)),
            Endpoint::Host { host: Host::Ipv6(address), .. } => is_private(IpAddr::V6(*address)),
            Endpoint::Unix(_) => true,
        },
    }
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
}
