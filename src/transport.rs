//! What carries a connection, and who is at its other end.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Who is at the other end of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Inet(SocketAddr),
    Unix(String),
}

impl Peer {
    /// Whether it is on this machine, so that nobody else is on the way.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::Inet(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
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

/// A stream of which the beginning has been read already.
pub(crate) struct Replayed<S> {
    pub(crate) begins: Bytes,
    pub(crate) inner: S,
}

impl<S: Duplex> Duplex for Replayed<S> {
    fn abort_on_drop(&self) {
        self.inner.abort_on_drop();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Replayed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.begins.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let length = self.begins.len().min(buf.remaining());
        buf.put_slice(&self.begins.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Replayed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
impl Duplex for tokio::io::DuplexStream {}
