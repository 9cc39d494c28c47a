//! What many connections to one server have in common, found out once: the addresses of its name, and how TLS is done.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use url::Host;

use super::error::DialError;
use super::overrides::ConnectTo;
use super::proxy::ProxyKind;
use super::resolve::resolve;
use super::{ResolveOverride, Route};
use crate::target::{Endpoint, Target};

/// A way to a server that connections can take one after the other without asking anybody.
pub(crate) struct PreparedRoute {
    pub(crate) route: Route,
    /// Where they connect to: the server's addresses or the proxy's; none is a Unix socket.
    pub(crate) peers: Vec<SocketAddr>,
    /// The host that a proxy leads to.
    pub(crate) behind_proxy: Option<Host>,
    /// How long the names took.
    pub(crate) resolved: Duration,
}

/// Resolves the names on the way to a target and reads the roots.
///
/// # Errors
/// A name has no address that may be used, there are no roots, or it takes too long.
pub(crate) async fn prepare(target: &Target, route: &Route) -> Result<PreparedRoute, DialError> {
    let late = DialError::TimedOut { step: "resolving the name", after: route.connect_timeout };
    tokio::time::timeout(route.connect_timeout, prepare_all(target, route)).await.unwrap_or(Err(late))
}

async fn prepare_all(target: &Target, route: &Route) -> Result<PreparedRoute, DialError> {
    let mut prepared =
        PreparedRoute { route: route.clone(), peers: Vec::new(), behind_proxy: None, resolved: Duration::ZERO };
    let clock = Instant::now();
    if let (Endpoint::Host { host, port, .. }, None) = (&target.place, &route.unix_socket) {
        let (host, port) = ConnectTo::end_of(&route.detours, host, *port);
        match route.proxies.to(target) {
            Some(proxy) => {
                prepared.peers = prepared.learn(&proxy.host, proxy.port).await?;
                if proxy.kind == ProxyKind::Socks5 {
                    prepared.learn(&host, port).await?;
                }
                prepared.behind_proxy = Some(host);
            }
            None => prepared.peers = prepared.learn(&host, port).await?,
        }
    }
    prepared.resolved = clock.elapsed();
    if target.scheme.is_tls() {
        prepared.route.tls = route.tls.prepared().await?;
    }
    Ok(prepared)
}

impl PreparedRoute {
    async fn learn(&mut self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, DialError> {
        let found = resolve(host, port, &self.route).await?;
        let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
        self.route.known.insert(0, ResolveOverride::new(host.clone(), port, addresses));
        Ok(found)
    }
}
