//! What carries a connection, and who is at its other end.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Who is at the other end of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Inet(SocketAddr),
    Unix(String),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

/// Any stream of bytes that goes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {
    /// From now on, dropping it throws away what is on its way and tells the peer so (TCP RST), where that can be done.
    fn abort_on_drop(&self) {}
}

impl Duplex for TcpStream {
    fn abort_on_drop(&self) {
        // Without it the connection still ends, but not abruptly.
        let _ = self.set_zero_linger();
    }
}

impl Duplex for UnixStream {}

impl Duplex for Box<dyn Duplex> {
    fn abort_on_drop(&self) {
        (**self).abort_on_drop();
    }
}

#[cfg(test)]
impl Duplex for tokio::io::DuplexStream {}
