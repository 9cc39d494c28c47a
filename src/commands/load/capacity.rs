//! What this machine has for the connections: threads, descriptors, ports; and whether the server may be sent so many. Told before
//! anything connects.

use std::net::SocketAddr;

use crate::client::nearness::is_near;
use crate::dial::prepare::PreparedRoute;
use crate::error::Error;
use crate::sys::{descriptors, ports};
use crate::target::Target;
use crate::transport::Peer;

/// More connections than this to a server that anybody may reach look like an attack.
const MODEST: u32 = 100;

/// Descriptors of a thread: its runtime's and its timer's.
const OF_A_THREAD: u64 = 8;

/// How many threads hold the connections: one for each CPU, but for one of them where all peers are on this machine.
///
/// They would take the server's turn: with a thread less, 100 connections to a fast server sent 1.5 times as many messages on two
/// CPUs, each for three quarters of the CPU time (docs/measurements.md). Without a peer it is a Unix socket.
pub(super) fn threads<'p>(cpus: usize, connections: u32, mut peers: impl Iterator<Item = &'p SocketAddr>) -> u32 {
    let of_the_server = usize::from(peers.all(|address| Peer::Inet(*address).is_here()));
    u32::try_from(cpus.saturating_sub(of_the_server)).unwrap_or(u32::MAX).clamp(1, connections)
}

/// # Errors
/// The system has too few descriptors or ports.
pub(super) fn check_room(connections: u32, threads: u32, routes: &[PreparedRoute]) -> Result<(), Error> {
    let (wanted, room) = (u64::from(connections), descriptors::room().saturating_sub(u64::from(threads) * OF_A_THREAD));
    if wanted > room {
        return Err(Error::Usage(format!(
            "there is no room for {connections} connections: this process may open {room} more files (`ulimit -Hn` \
             tells the limit)"
        )));
    }
    let ports = ports::local_ports().filter(|_| routes.iter().all(|route| !route.peers.is_empty()));
    let ports = ports.map(|ports| ports * routes.len() as u64);
    match ports {
        Some(ports) if wanted > ports => Err(Error::Usage(format!(
            "there is no room for {connections} connections: from here to one server there are {ports} local ports \
             (`sysctl net.ipv4.ip_local_port_range`; several `--interface` addresses have their own)"
        ))),
        _ => Ok(()),
    }
}

/// Why nobody should be sent so many without a word of its owner: it is neither on this machine nor in a private network.
pub(super) fn objection(connections: u32, target: &Target, route: &PreparedRoute) -> Option<String> {
    let is_near = |address| is_near(&Peer::Inet(address), route.behind_proxy.as_ref());
    let far = route.peers.iter().find(|address| !is_near(**address)).filter(|_| connections > MODEST)?;
    let place = match &route.behind_proxy {
        Some(host) => format!("{target} is behind a proxy, and {host} is not known to be"),
        None => format!("{target} is at {}, which is neither", far.ip()),
    };
    let or = if route.behind_proxy.is_some() { "or" } else { "nor" };
    Some(format!(
        "{place} on this machine {or} in a private network: its owner has to agree to {connections} connections"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_has_a_cpu_of_its_own() {
        let threads = |cpus, connections, peers: &[&str]| {
            let peers: Vec<SocketAddr> = peers.iter().map(|peer| peer.parse().unwrap()).collect();
            threads(cpus, connections, peers.iter())
        };
        let (far, here) = (["192.0.2.1:80"], ["127.0.0.1:80", "[::1]:80"]);
        assert_eq!([threads(8, 100, &far), threads(8, 100, &here)], [8, 7]);
        assert_eq!([threads(8, 100, &[]), threads(8, 100, &["[::1]:80", "192.0.2.1:80"])], [7, 8]);
        assert_eq!([threads(8, 5, &far), threads(2, 100, &here), threads(1, 100, &here)], [5, 1, 1]);
    }
}
