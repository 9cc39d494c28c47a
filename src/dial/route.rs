//! How to get to a server.

use std::path::PathBuf;
use std::time::Duration;

use super::family::Family;
use super::overrides::{ConnectTo, LocalAddress, ResolveOverride};
use super::proxy::Proxies;

/// How to get to the server.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// `-4`, `-6`: the only family of addresses to use.
    pub(crate) family: Option<Family>,
    /// `--interface`
    pub(crate) origin: Option<LocalAddress>,
    /// `--unix-socket`: the way to every host.
    pub(crate) unix_socket: Option<PathBuf>,
    /// `--resolve`
    pub(crate) known: Vec<ResolveOverride>,
    /// `--connect-to`
    pub(crate) detours: Vec<ConnectTo>,
    pub(crate) proxies: Proxies,
    pub(crate) tls: super::tls::Options,
    /// The limit for name, address, proxy and TLS together.
    pub(crate) connect_timeout: Duration,
}

impl Route {
    /// The route for another host: without what identifies us.
    pub(crate) fn for_another_host(&self) -> Self {
        Self { tls: self.tls.for_another_host(), ..self.clone() }
    }
}
