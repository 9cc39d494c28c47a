//! From a host to its addresses, in the order in which they are tried.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Host;

use super::ResolveOverride;
use super::family::Family;
use super::route::Route;
use crate::dial::error::DialError;
use crate::sys::interfaces;
use crate::target::is_localhost;

/// Finds the addresses of a host that the route allows: by the system's resolver, unless none is needed.
pub(super) async fn resolve(host: &Host, port: u16, route: &Route) -> Result<Vec<SocketAddr>, DialError> {
    match ResolveOverride::addresses(&route.known, host, port) {
        Some(known) => allowed(host, port, known.to_vec(), route.family),
        None => allowed(host, port, found(host, port).await?, route.family),
    }
}

/// Puts the IPv6 addresses on an interface, by its name or its number.
pub(super) fn put_in_zone(addresses: &mut [SocketAddr], zone: &str) -> Result<(), DialError> {
    let numbered = || zone.parse().ok();
    let index = interfaces::index(zone).or_else(|error| numbered().ok_or(error));
    let index = index.map_err(|error| DialError::NoInterface { name: zone.to_owned(), source: error })?;
    for address in addresses {
        if let SocketAddr::V6(address) = address {
            address.set_scope_id(index);
        }
    }
    Ok(())
}

async fn found(host: &Host, port: u16) -> Result<Vec<IpAddr>, DialError> {
    Ok(match host {
        Host::Ipv4(address) => vec![(*address).into()],
        Host::Ipv6(address) => vec![(*address).into()],
        // These never leave this machine (RFC 6761, section 6.3), and asking costs a thread.
        Host::Domain(name) if is_localhost(name) => vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), port))
            .await
            .map_err(|source| DialError::Resolve { host: name.clone(), source })?
            .map(|address| address.ip())
            .collect(),
    })
}

fn allowed(host: &Host, port: u16, found: Vec<IpAddr>, family: Option<Family>) -> Result<Vec<SocketAddr>, DialError> {
    let wanted = found.into_iter().filter(|ip| family.is_none_or(|family| family.has(*ip)));
    let addresses: Vec<_> = interleaved(wanted).into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    if addresses.is_empty() {
        return Err(DialError::NoAddress { host: host.to_string(), family });
    }
    Ok(addresses)
}

/// The resolver's order, with the families taking turns (RFC 8305, section 4).
fn interleaved(found: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut unique: Vec<IpAddr> = Vec::new();
    for ip in found {
        if !unique.contains(&ip) {
            unique.push(ip);
        }
    }
    let Some(first) = unique.first().copied() else { return unique };
    let (leading, other): (Vec<_>, Vec<_>) = unique.into_iter().partition(|ip| ip.is_ipv6() == first.is_ipv6());
    let mut other = other.into_iter();
    let mut order = Vec::with_capacity(leading.len() + other.len());
    for ip in leading {
        order.push(ip);
        order.extend(other.next());
    }
    order.extend(other);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(found: &[&str]) -> Vec<String> {
        interleaved(found.iter().map(|text| text.parse().unwrap())).iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_first() {
        assert_eq!(order(&["::1", "::2", "::3", "1.1.1.1"]), ["::1", "1.1.1.1", "::2", "::3"]);
        assert_eq!(order(&["1.1.1.1", "::1", "::2", "::3"]), ["1.1.1.1", "::1", "::2", "::3"]);
        assert_eq!(order(&["1.1.1.1", "1.1.1.1"]), ["1.1.1.1"]);
        assert!(order(&[]).is_empty());
    }

    #[tokio::test]
    async fn localhost_is_both_loopback_addresses_and_a_family_keeps_one() {
        let host = Host::Domain("localhost".to_owned());
        let both = found(&host, 80).await.unwrap();
        assert_eq!(allowed(&host, 80, both.clone(), None).unwrap().len(), 2);
        assert_eq!(allowed(&host, 80, both, Some(Family::V4)).unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        let literal = Host::Ipv4(Ipv4Addr::LOCALHOST);
        let one = found(&literal, 80).await.unwrap();
        assert!(matches!(allowed(&literal, 80, one, Some(Family::V6)), Err(DialError::NoAddress { .. })));
    }
}
