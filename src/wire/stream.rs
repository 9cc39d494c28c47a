//! The adapter below tungstenite: it counts what goes through, and keeps pings from being answered.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::walk::{Disguise, Walker};

/// A transport that counts what goes either way.
pub(super) struct Metered<S> {
    inner: S,
    bytes_read: u64,
    bytes_written: u64,
    written: Walker,
    /// Worn by pings that are not to be answered.
    disguise: Option<Disguise>,
}

impl<S> Metered<S> {
    pub(super) fn new(inner: S, disguise: Option<Disguise>) -> Self {
        Self { inner, bytes_read: 0, bytes_written: 0, written: Walker::default(), disguise }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(super) fn bytes_moved(&self) -> u64 {
        self.bytes_read + self.bytes_written
    }

    pub(super) fn messages_written(&self) -> u64 {
        self.written.messages()
    }

    pub(super) fn disguise(&mut self) -> Option<&mut Disguise> {
        self.disguise.as_mut()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Some(disguise) = &mut self.disguise {
            disguise.put_on(&mut buf.filled_mut()[before..]);
        }
        self.bytes_read += (buf.filled().len() - before) as u64;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = polled {
            self.bytes_written += written as u64;
            self.written.walk(&buf[..written]);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
