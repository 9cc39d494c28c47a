//! Outgoing connections: from a target to an open stream of bytes.
//!
//! Owns names, addresses, the TCP and Unix sockets, proxies and TLS. What is said over the stream belongs to
//! `handshake`.

pub(crate) mod error;
pub(crate) mod family;
mod overrides;
pub(crate) mod prepare;
pub(crate) mod proxy;
mod race;
mod resolve;
pub(crate) mod route;
mod stream;
pub(crate) mod tls;

pub(crate) use route::Route;

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use url::Host;

use crate::sys::unix_socket::UnixStream;
use crate::target::{Endpoint, Target};
use crate::transport::Peer;

use self::error::DialError;
pub(crate) use self::overrides::{ConnectTo, LocalAddress, ResolveOverride};
use self::proxy::{Proxy, ProxyError, ProxyHead, ProxyKind, ProxyPath, TunnelStep};
pub(crate) use self::stream::{Secured, Stream};
pub(crate) use self::tls::Trust;

/// An open stream, with what is worth knowing about it.
pub(crate) struct Dialed {
    pub(crate) stream: Stream,
    /// What the server has said already.
    pub(crate) begins: Bytes,
    pub(crate) peer: Peer,
    /// The proxy that it leads through, as it may be shown.
    pub(crate) proxy: Option<String>,
    pub(crate) steps: Steps,
    pub(crate) tls: Option<tls::Session>,
}

impl Dialed {
    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_private(&self) -> bool {
        self.tls.is_some() || self.proxy.is_none() && self.peer.is_here()
    }
}

/// How long each step took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) resolved: Duration,
    pub(crate) connected: Duration,
    /// TLS to the proxy included.
    pub(crate) tunnelled: Option<Duration>,
    pub(crate) secured: Option<Duration>,
}

/// Opens a stream to the target; what an HTTP proxy is told and says is traced.
///
/// # Errors
/// The step that failed: the name, all of its addresses, the proxy, TLS; or the one that was under way at the time
/// limit.
pub(crate) async fn dial(target: &Target, route: &Route, trace: &dyn Fn(ProxyHead<'_>)) -> Result<Dialed, DialError> {
    let step = Cell::new("resolving the name");
    let roots = tls::Roots::of(&route.tls.trust);
    let (steps, clock) = (Steps::default(), Instant::now());
    let begins = Bytes::new();
    let dialing = DialAttempt { target, route, roots: &roots, step: &step, steps, clock, begins, trace };
    match tokio::time::timeout(route.connect_timeout, dialing.run()).await {
        Ok(dialed) => dialed,
        Err(_) => Err(DialError::TimedOut { step: step.get(), after: route.connect_timeout }),
    }
}

/// A connection that is being made.
struct DialAttempt<'d> {
    target: &'d Target,
    route: &'d Route,
    roots: &'d tls::Roots<'d>,
    step: &'d Cell<&'static str>,
    steps: Steps,
    clock: Instant,
    /// What came from a tunnel before anything was sent into it.
    begins: Bytes,
    trace: &'d dyn Fn(ProxyHead<'_>),
}

impl DialAttempt<'_> {
    async fn run(mut self) -> Result<Dialed, DialError> {
        let (target, route, roots) = (self.target, self.route, self.roots);
        if !target.scheme.is_tls() {
            let (stream, peer, proxy) = self.reach().await?;
            return Ok(Dialed { stream, begins: self.begins, peer, proxy, steps: self.steps, tls: None });
        }
        let (stream, peer, proxy) = roots.beside(self.reach()).await?;
        self.step.set("securing the connection with TLS");
        let host = match &target.place {
            Endpoint::Host { host, .. } => host.clone(),
            Endpoint::Unix(_) => Host::Domain("localhost".to_owned()),
        };
        let (stream, session) = tls::secure(stream, &host, &route.tls, roots).await?;
        self.steps.secured = Some(self.lap());
        Ok(Dialed { stream, begins: Bytes::new(), peer, proxy, steps: self.steps, tls: Some(session) })
    }

    /// A stream to the target, with the proxy that it leads through.
    async fn reach(&mut self) -> Result<(Stream, Peer, Option<String>), DialError> {
        let (target, route) = (self.target, self.route);
        let mut shown_proxy = None;
        let (stream, peer) = match (&target.place, &route.unix_socket) {
            (_, Some(path)) | (Endpoint::Unix(path), _) => self.unix(path).await?,
            (Endpoint::Host { host: named, port, zone }, None) => {
                let (host, port) = ConnectTo::end_of(&route.detours, named, *port);
                let zone = zone.as_deref().filter(|_| host == *named);
                match route.proxies.to(target) {
                    Some(proxy) => {
                        shown_proxy = Some(proxy.to_string());
                        self.through(proxy, &host, port).await?
                    }
                    None => self.tcp(&host, port, zone, || target.to_string()).await?,
                }
            }
        };
        Ok((stream, peer, shown_proxy))
    }

    /// The time since the last call.
    fn lap(&mut self) -> Duration {
        std::mem::replace(&mut self.clock, Instant::now()).elapsed()
    }

    async fn unix(&mut self, path: &Path) -> Result<(Stream, Peer), DialError> {
        self.step.set("connecting");
        #[expect(clippy::disallowed_methods, reason = "the owner of outgoing connections")]
        let connected = UnixStream::connect(path).await;
        let unix = connected.map_err(|source| DialError::UnixSocket { path: path.to_owned(), source })?;
        self.steps.connected = self.lap();
        Ok((Stream::Unix(unix), Peer::Unix(path.display().to_string())))
    }

    async fn tcp(
        &mut self,
        host: &Host,
        port: u16,
        zone: Option<&str>,
        place: impl Fn() -> String,
    ) -> Result<(Stream, Peer), DialError> {
        let mut addresses = resolve::resolve(host, port, self.route).await?;
        if let Some(zone) = zone {
            resolve::put_in_zone(&mut addresses, zone)?;
        }
        let lap = self.lap();
        self.steps.resolved += lap;
        self.step.set("connecting");
        let raced = race::race(&addresses, |address| connect(address, self.route.origin.as_ref())).await;
        let (address, tcp) = raced.map_err(|tried| DialError::Unreachable { place: place(), tried })?;
        let lap = self.lap();
        self.steps.connected += lap;
        Ok((Stream::Tcp(tcp), Peer::Inet(address)))
    }

    async fn through(&mut self, proxy: &Proxy, host: &Host, port: u16) -> Result<(Stream, Peer), DialError> {
        if proxy.kind != ProxyKind::Socks5 {
            return self.tunnel(proxy, host, port).await;
        }
        // The proxy tries one address at a time, and reports when nothing listens there.
        let addresses = resolve::resolve(host, port, self.route).await?;
        let lap = self.lap();
        self.steps.resolved += lap;
        let mut last = None;
        for address in addresses {
            let host = match address {
                SocketAddr::V4(address) => Host::Ipv4(*address.ip()),
                SocketAddr::V6(address) => Host::Ipv6(*address.ip()),
            };
            match self.tunnel(proxy, &host, port).await {
                Err(error @ DialError::Proxy { .. }) => last = Some(error),
                tunnelled => return tunnelled,
            }
        }
        Err(last.expect("a name that resolves has an address"))
    }

    async fn tunnel(&mut self, proxy: &Proxy, host: &Host, port: u16) -> Result<(Stream, Peer), DialError> {
        let mut login = proxy.login(self.route.proxies.schemes);
        let mut kept = None;
        let tunnelled = loop {
            let is_kept = kept.is_some();
            let (mut stream, peer) = match kept.take() {
                Some(kept) => kept,
                None => self.reach_proxy(proxy).await?,
            };
            self.step.set("waiting for the proxy");
            let path = ProxyPath { is_private: proxy.kind == ProxyKind::Https || peer.is_here(), is_kept };
            let asked = proxy.tunnel(&mut stream, (host, port), login.as_mut(), path, self.trace).await;
            match asked {
                Ok(TunnelStep::Again { keeps_open }) => kept = keeps_open.then_some((stream, peer)),
                Ok(TunnelStep::Open(begins)) => break Ok((stream, peer, begins)),
                Err(error) => break Err(error),
            }
        };
        let tunnelled = tunnelled.and_then(|(stream, peer, begins)| match begins.len() {
            // TLS and HTTP/1.1 let the client begin; without TLS, a server of HTTP/2 need not wait (RFC 9113, section 3.4).
            1.. if self.target.scheme.is_tls() || self.route.tls.alpn != tls::Alpn::Http2 => {
                Err(ProxyError::SpeaksFirst(begins.len()))
            }
            _ => Ok((stream, peer, begins)),
        });
        let (stream, peer, begins) = tunnelled.map_err(|source| DialError::Proxy {
            proxy: proxy.to_string(),
            to: format!("{host}:{port}"),
            source,
        })?;
        self.begins = begins;
        self.steps.tunnelled = Some(self.lap());
        Ok((stream, peer))
    }

    /// A stream to a proxy.
    async fn reach_proxy(&mut self, proxy: &Proxy) -> Result<(Stream, Peer), DialError> {
        let roots = self.roots;
        let reaching = self.tcp(&proxy.host, proxy.port, proxy.zone.as_deref(), || format!("the proxy {proxy}"));
        if proxy.kind != ProxyKind::Https {
            return reaching.await;
        }
        let (stream, peer) = roots.beside(reaching).await?;
        self.step.set("securing the connection to the proxy with TLS");
        let options = tls::Options { pins: Vec::new(), alpn: tls::Alpn::Http1, ..self.route.tls.for_another_host() };
        let secured = tls::secure(stream, &proxy.host, &options, roots).await;
        let (stream, _) = secured.map_err(|error| match error {
            DialError::Tls { source, .. } => DialError::Tls { host: proxy.to_string(), source },
            error => error,
        })?;
        Ok((stream, peer))
    }
}

async fn connect(address: SocketAddr, origin: Option<&LocalAddress>) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(origin) = origin {
        origin.bind(&socket)?;
    }
    let stream = socket.connect(address).await?;
    // Messages are sent at once, not when there are more of them.
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(60)))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_sent_at_once_and_a_silent_peer_is_probed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(listener.local_addr().unwrap(), None).await.unwrap();
        assert!(stream.nodelay().unwrap());
        assert!(SockRef::from(&stream).keepalive().unwrap());
    }
}
