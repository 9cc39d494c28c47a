//! The adapter below tungstenite: what comes in goes through [`Inbound`], all that goes either way is counted,
//! and pings can be kept from being answered.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Fault;
use super::inbound::Inbound;
use super::trace::{Seen, Tracer};
use super::walk::{Disguise, Walker};

/// What one read may bring, where tungstenite's own buffer is not used.
const READ: usize = 32 << 10;

/// A transport with checks.
pub(super) struct Checked<S> {
    inner: S,
    bytes_read: u64,
    bytes_written: u64,
    written: Walker,
    /// Frames made by hand that are not written yet.
    raw: BytesMut,
    is_shut_down: bool,
    pub(super) inbound: Inbound,
    /// What has come and still has to be looked at.
    waiting: BytesMut,
    /// What tungstenite is to read before anything else.
    ready: BytesMut,
    /// What is wrong with what comes behind it.
    fault: Option<Fault>,
    tracer: Option<Box<Tracer>>,
    /// Worn by pings that are not to be answered.
    disguise: Option<Disguise>,
}

impl<S> Checked<S> {
    /// `leftover` has been read already.
    pub(super) fn new(
        inner: S,
        inbound: Inbound,
        leftover: Bytes,
        mut tracer: Option<Box<Tracer>>,
        mut disguise: Option<Disguise>,
    ) -> Self {
        if let Some(tracer) = &mut tracer {
            tracer.came_in(&leftover);
        }
        let mut waiting = BytesMut::from(leftover);
        if let Some(disguise) = &mut disguise {
            disguise.put_on(&mut waiting);
        }
        Self {
            inner,
            bytes_read: 0,
            bytes_written: 0,
            written: Walker::default(),
            raw: BytesMut::new(),
            is_shut_down: false,
            inbound,
            waiting,
            ready: BytesMut::new(),
            fault: None,
            tracer,
            disguise,
        }
    }

    /// The frames since the last time, if they are traced.
    pub(super) fn take_seen(&mut self) -> Vec<Seen> {
        self.tracer.as_mut().map(|tracer| tracer.take()).unwrap_or_default()
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

    /// Takes what goes out as it is, before anything that is written after this; it is neither counted nor traced.
    pub(super) fn push_raw(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// The transport itself, for what is not to be looked at.
    pub(super) fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes a faultless beginning of what was read into `buf` behind `start`.
    fn keep_good(&mut self, start: usize, buf: &mut ReadBuf<'_>) {
        let passed = self.inbound.pass(&buf.filled()[start..]);
        let passed = passed.unwrap_or_else(|(passed, fault)| {
            self.fault = Some(fault);
            passed
        });
        self.waiting.extend_from_slice(&buf.filled()[start + passed..]);
        buf.set_filled(start + passed);
    }
}

impl<S: AsyncRead + Unpin> Checked<S> {
    fn poll_inner(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
        self.bytes_read += read as u64;
        if let Some(tracer) = &mut self.tracer {
            tracer.came_in(&buf.filled()[before..]);
        }
        if let Some(disguise) = &mut self.disguise {
            disguise.put_on(&mut buf.filled_mut()[before..]);
        }
        Poll::Ready(Ok(read))
    }

    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let before = self.waiting.len();
        self.waiting.resize(before + READ, 0);
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut buf = ReadBuf::new(&mut waiting[before..]);
        let polled = self.poll_inner(cx, &mut buf);
        let read = buf.filled().len();
        waiting.truncate(before + read);
        self.waiting = waiting;
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Checked<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let start = buf.filled().len();
        loop {
            if !me.ready.is_empty() {
                let length = me.ready.len().min(buf.remaining());
                buf.put_slice(&me.ready[..length]);
                me.ready.advance(length);
                return Poll::Ready(Ok(()));
            }
            if let Some(fault) = me.fault.take() {
                return Poll::Ready(Err(io::Error::other(fault)));
            }
            if !me.waiting.is_empty() || me.inbound.has_more() {
                me.fault = me.inbound.step(&mut me.waiting, &mut me.ready).err();
                if me.fault.is_some() || !me.ready.is_empty() {
                    continue;
                }
            }
            if me.waiting.is_empty() && me.inbound.is_passing() {
                if ready!(me.poll_inner(cx, buf))? == 0 {
                    return Poll::Ready(Ok(()));
                }
                me.keep_good(start, buf);
                if buf.filled().len() > start {
                    return Poll::Ready(Ok(()));
                }
            } else if ready!(me.poll_waiting(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Checked<S> {
    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.raw.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.raw))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes_written += written as u64;
            self.raw.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Checked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_shut_down {
            // What tungstenite answers by itself after that goes nowhere, and is no reason to stop reading.
            return Poll::Ready(Ok(buf.len()));
        }
        ready!(self.poll_raw(cx))?;
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.bytes_written += written as u64;
        self.written.walk(&buf[..written]);
        if let Some(tracer) = &mut self.tracer {
            tracer.went_out(&buf[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_shut_down {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_raw(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        self.is_shut_down = true;
        Poll::Ready(Ok(()))
    }
}
