//! Where a server is: the address that was asked for, the sockets there, and the URL they are reached at.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::{fmt, io};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::sys::unix_socket::SocketFile;
use crate::transport::{Duplex, Peer};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// What to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Inet(SocketAddr),
    Unix(PathBuf),
}

/// Where a server is reached.
#[derive(Clone, Debug)]
pub(crate) struct ListenAddress {
    address: Address,
    is_tls: bool,
}

/// A connection that came in.
pub(crate) struct IncomingConnection {
    pub(crate) stream: Box<dyn Duplex>,
    pub(crate) peer: Peer,
}

/// A socket that listens.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(SocketFile),
}

impl Address {
    /// Reads `8080`, `:8080`, `127.0.0.1:0`, `[::1]:9000`, `localhost:8080`, `unix:/run/x.sock`.
    ///
    /// Without an address it is the loopback interface; being reachable from elsewhere needs an address.
    ///
    /// # Errors
    /// A message for the user, if the text is invalid.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err("the path is missing: unix:PATH".to_owned())
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
        let inet = match port.parse() {
            Ok(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            Err(_) => text.parse().ok(),
        };
        inet.map(Self::Inet)
            .ok_or_else(|| "expected 8080, 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080 or unix:PATH".to_owned())
    }

    /// Whether it is reached from this machine alone.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Inet(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl ListenAddress {
    pub(crate) fn new(listener: &Listener, is_tls: bool) -> io::Result<Self> {
        let address = match listener {
            Listener::Tcp(listener) => Address::Inet(listener.local_addr()?),
            Listener::Unix(listener) => Address::Unix(listener.path().to_owned()),
        };
        Ok(Self { address, is_tls })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.is_tls
    }

    pub(crate) fn port(&self) -> u16 {
        match &self.address {
            Address::Inet(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }

    /// The URL of a resource.
    pub(crate) fn url(&self, resource: &str) -> String {
        let scheme = if self.is_tls { "wss" } else { "ws" };
        match &self.address {
            Address::Inet(address) => format!("{scheme}://{address}{resource}"),
            Address::Unix(path) => format!("{scheme}+unix:{}:{resource}", path.display()),
        }
    }

    /// As CGI wants them.
    pub(crate) fn name_and_port(&self) -> (String, String) {
        match &self.address {
            Address::Inet(address) => (address.ip().to_string(), address.port().to_string()),
            Address::Unix(path) => (path.display().to_string(), String::new()),
        }
    }
}

impl Listener {
    /// Needs a runtime to be there.
    pub(crate) fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Inet(address) => bind_tcp(*address).map(Self::Tcp),
            Address::Unix(path) => SocketFile::bind(path).map(Self::Unix),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<IncomingConnection> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Small messages are not to wait for larger ones; a client that is gone already will be noticed.
                let _ = stream.set_nodelay(true);
                Ok(IncomingConnection { stream: Box::new(stream), peer: Peer::Inet(peer) })
            }
            Self::Unix(listener) => {
                let (stream, peer) = (listener.accept().await?, listener.path().display().to_string());
                Ok(IncomingConnection { stream: Box::new(stream), peer: Peer::Unix(peer) })
            }
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose last connections linger is free all the same (tcp(7)).
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_an_address_means_what_the_manual_says() {
        let shown = |text| Address::from_text(text).map_or_else(|error| error, |address| address.to_string());
        for (typed, meant) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:9000", "[::1]:9000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("unix:/run/x.sock", "unix:/run/x.sock"),
        ] {
            assert_eq!(shown(typed), meant, "{typed}");
        }
        for bad in ["", ":", "99999", "example.org:80", "127.0.0.1", "unix:", "::1:80"] {
            assert!(Address::from_text(bad).is_err(), "{bad}");
        }
        assert_eq!(Address::default().to_string(), "127.0.0.1:8080");
    }
}
