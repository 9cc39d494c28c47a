//! Outgoing connections: from a target to an open stream of bytes.
//!
//! Owns names, addresses, the TCP and Unix sockets and TLS. What is said over the stream belongs to `handshake`.

mod race;
mod resolve;
mod stream;
pub(crate) mod tls;

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use url::Host;

use crate::error::Error;
use crate::event::Peer;
use crate::target::{Place, Target};

pub(crate) use resolve::Family;
pub(crate) use stream::{Duplex, Stream};
pub(crate) use tls::Trust;

/// How to get to the server.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// `-4`, `-6`: the only family of addresses to use.
    pub(crate) family: Option<Family>,
    pub(crate) trust: Trust,
    /// The limit for name, address and TLS together.
    pub(crate) connect_timeout: Duration,
}

/// An open stream, with what is worth knowing about it.
pub(crate) struct Dialed {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) steps: Steps,
    pub(crate) tls: Option<tls::Session>,
}

/// How long each step took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) resolved: Duration,
    pub(crate) connected: Duration,
    pub(crate) secured: Option<Duration>,
}

/// Opens a stream to the target.
///
/// # Errors
/// The step that failed: the name, all of its addresses, TLS; or the one that was under way at the time limit.
pub(crate) async fn dial(target: &Target, route: &Route) -> Result<Dialed, Error> {
    let step = Cell::new("resolving the name");
    match tokio::time::timeout(route.connect_timeout, dial_in_steps(target, route, &step)).await {
        Ok(dialed) => dialed,
        Err(_) => Err(Error::TimedOut { step: step.get(), after: route.connect_timeout, option: "--connect-timeout" }),
    }
}

async fn dial_in_steps(target: &Target, route: &Route, step: &Cell<&'static str>) -> Result<Dialed, Error> {
    let mut steps = Steps::default();
    let mut clock = Instant::now();
    let mut lap = || std::mem::replace(&mut clock, Instant::now()).elapsed();

    let roots = target.scheme.is_tls().then(|| tls::Roots::fetch(&route.trust));
    let (stream, peer) = match &target.place {
        Place::Host { host, port } => {
            let addresses = resolve::resolve(host, *port, route.family).await?;
            steps.resolved = lap();
            step.set("connecting");
            let raced = race::race(&addresses, connect).await;
            let (address, tcp) = raced.map_err(|tried| Error::Unreachable { url: target.to_string(), tried })?;
            (Stream::Tcp(tcp), Peer::Inet(address))
        }
        Place::Unix(path) => {
            step.set("connecting");
            #[expect(clippy::disallowed_methods, reason = "the owner of outgoing connections")]
            let connected = UnixStream::connect(path).await;
            let unix = connected.map_err(|source| Error::UnixSocket { path: path.clone(), source })?;
            (Stream::Unix(unix), Peer::Unix(path.display().to_string()))
        }
    };
    steps.connected = lap();
    let Some(roots) = roots else {
        return Ok(Dialed { stream, peer, steps, tls: None });
    };

    step.set("securing the connection with TLS");
    let host = match &target.place {
        Place::Host { host, .. } => host.clone(),
        Place::Unix(_) => Host::Domain("localhost".to_owned()),
    };
    let (stream, session) = tls::secure(stream, &host, roots.config().await?).await?;
    steps.secured = Some(lap());
    Ok(Dialed { stream, peer, steps, tls: Some(session) })
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    #[expect(clippy::disallowed_methods, reason = "the owner of outgoing connections")]
    let stream = TcpStream::connect(address).await?;
    // A message is sent when it is there, not when there are more of them.
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(60)))?;
    Ok(stream)
}
