//! The adapter below tungstenite: messages are taken out of what comes in, and put into what goes out, so that only
//! control frames pass through tungstenite itself. All that goes either way is counted.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::frame::{self, FrameHeader};
use super::inbound::Inbound;
use super::incoming::Incoming;
use super::trace::{Tracer, WireEvent};

/// When this much is unsent, more has to wait.
pub(super) const FULL: usize = 256 << 10;

/// What one read may bring to any connection that [shares](ReadBuffer::Shared) its block.
const SHARED_BLOCK: usize = 64 << 10;

/// A frame of which so much has come gets room for this many times as much, if it needs that.
const FORESIGHT: usize = 16;

thread_local! {
    /// Where connections read to that are many.
    static BLOCK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where a connection reads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadBuffer {
    /// To a block of its own, of this size.
    Own(usize),
    /// To one that all connections of a thread share, and from there to a place that is as large as what has come: a
    /// server, or `wsprobe load`, has thousands of peers that say nothing, and small messages that are kept keep no more than themselves.
    Shared,
}

/// A transport with checks.
pub(super) struct FrameIo<S> {
    inner: S,
    bytes_read: u64,
    /// When the last of them were there.
    read_at: Instant,
    bytes_written: u64,
    /// When the last of them were handed over.
    written_at: Instant,
    /// raw Frames that are not written yet.
    raw: BytesMut,
    is_shut_down: bool,
    reading: ReadBuffer,
    inbound: Inbound,
    /// What has come and still has to be looked at.
    waiting: BytesMut,
    /// What tungstenite is to read.
    control: BytesMut,
    /// What it is to leave alone.
    came: Option<Incoming>,
    /// Why nothing follows it, until tungstenite hears of that: a [fault](super::fault::Fault), or how the transport ended.
    end: Option<io::Result<()>>,
    unsent: BytesMut,
    /// There is something of tungstenite's in it.
    owes_control: bool,
    /// The newest pong that has found no room there; it stands for those before it (RFC 6455, section 5.5.3).
    pong: BytesMut,
    /// At which count of bytes written a message ends, for those that are unsent.
    ends: VecDeque<u64>,
    messages_written: u64,
    tracer: Option<Box<Tracer>>,
    close_answer: CloseAnswer,
}

/// Who answers the peer's Close, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CloseAnswer {
    /// tungstenite, as soon as it has come.
    AtOnce,
    /// It is kept from tungstenite, and has not come yet or not been taken.
    Held,
    /// The same, and it has been taken.
    Owed,
}

impl<S> FrameIo<S> {
    /// `leftover` has been read already.
    pub(super) fn new(
        inner: S,
        reading: ReadBuffer,
        inbound: Inbound,
        leftover: Bytes,
        mut tracer: Option<Box<Tracer>>,
    ) -> Self {
        if let Some(tracer) = &mut tracer {
            tracer.came_in(&leftover);
        }
        Self {
            inner,
            bytes_read: 0,
            read_at: Instant::now(),
            bytes_written: 0,
            written_at: Instant::now(),
            raw: BytesMut::new(),
            is_shut_down: false,
            reading,
            inbound,
            waiting: BytesMut::from(leftover),
            control: BytesMut::new(),
            came: None,
            end: None,
            unsent: BytesMut::new(),
            owes_control: false,
            pong: BytesMut::new(),
            ends: VecDeque::new(),
            messages_written: 0,
            tracer,
            close_answer: CloseAnswer::AtOnce,
        }
    }

    pub(super) fn hand_over_runs(&mut self) {
        self.inbound.hand_up_runs();
    }

    /// What has come and does not concern tungstenite; the frames that brought it are told before it.
    pub(super) fn take(&mut self) -> Option<Incoming> {
        let seen = self.take_seen();
        if !seen.is_empty() {
            return Some(Incoming::Frames(seen));
        }
        self.look();
        self.came.take().or_else(|| self.take_held_close())
    }

    /// From now on, the peer's Close is handed over, and kept from tungstenite until it is released.
    pub(super) fn hold_close(&mut self) {
        self.close_answer = CloseAnswer::Held;
    }

    /// Lets tungstenite see a Close that was held.
    pub(super) fn release_close(&mut self) {
        self.close_answer = CloseAnswer::AtOnce;
    }

    /// Whether a Close was handed over, and still has no answer.
    pub(super) fn owes_close(&self) -> bool {
        self.close_answer == CloseAnswer::Owed
    }

    fn take_held_close(&mut self) -> Option<Incoming> {
        let close = self.inbound.close().filter(|_| self.close_answer == CloseAnswer::Held).map(frame::read_close)?;
        self.close_answer = CloseAnswer::Owed;
        Some(Incoming::Close(close))
    }

    /// Looks at what waits, unless something has been found already.
    fn look(&mut self) {
        let is_idle = self.waiting.is_empty() && self.inbound.is_between_frames();
        if !is_idle && self.came.is_none() && self.control.is_empty() && self.end.is_none() {
            match self.inbound.next(&mut self.waiting, &mut self.control) {
                Ok(came) => self.came = came,
                Err(fault) => self.end = Some(Err(io::Error::other(fault))),
            }
        }
    }

    /// Puts a frame of data after all that is unsent.
    pub(super) fn put(&mut self, header: &FrameHeader, payload: &[u8]) {
        self.append(header, payload);
        if header.fin {
            self.ends.push_back(self.bytes_written + self.unsent.len() as u64);
        }
    }

    fn append(&mut self, header: &FrameHeader, payload: &[u8]) {
        header.write(&mut self.unsent);
        let start = self.unsent.len();
        self.unsent.extend_from_slice(payload);
        if let Some(key) = header.mask {
            frame::mask(&mut self.unsent[start..], key, 0);
        }
    }

    /// What the peer's Close carried, once tungstenite has read it.
    pub(super) fn close(&self) -> Option<&[u8]> {
        self.inbound.close().filter(|_| self.control.is_empty())
    }

    /// Whether something has to be written before more is put.
    pub(super) fn is_full(&self) -> bool {
        self.unsent.len() >= FULL
    }

    /// The frames since the last time, if they are traced.
    pub(super) fn take_seen(&mut self) -> Vec<WireEvent> {
        self.tracer.as_mut().map(|tracer| tracer.take()).unwrap_or_default()
    }

    /// The same, with what came after a Close; nothing more will be seen.
    pub(super) fn take_last_seen(&mut self) -> Vec<WireEvent> {
        self.tracer.take().map(|mut tracer| tracer.take_last()).unwrap_or_default()
    }

    /// What was read past all of this.
    pub(super) fn was_drained(&mut self, bytes: &[u8]) {
        if let Some(tracer) = &mut self.tracer {
            tracer.drained(bytes);
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    pub(super) fn written_at(&self) -> Instant {
        self.written_at
    }

    pub(super) fn message_bytes_read(&self) -> u64 {
        self.inbound.taken()
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    pub(super) fn messages_written(&self) -> u64 {
        self.messages_written
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
}

impl<S: AsyncRead + Unpin> FrameIo<S> {
    /// Reads until there is something to [take](Self::take), or something that tungstenite may have to do: it takes its
    /// time to find that there is nothing.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.look();
            if !self.is_quiet() {
                return Poll::Ready(());
            }
            ready!(self.poll_fill(cx));
        }
    }

    fn is_quiet(&self) -> bool {
        let is_nothing_there = self.came.is_none() && self.control.is_empty();
        let is_open = self.end.is_none() && self.inbound.close().is_none();
        // What is tungstenite's, it has to see off.
        is_nothing_there && is_open && !self.owes_control && self.pong.is_empty() && self.tracer.is_none()
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = self.waiting.len();
        match ready!(self.poll_more(cx)) {
            Ok(read @ 1..) => {
                self.bytes_read += read as u64;
                self.read_at = Instant::now();
                if let Some(tracer) = &mut self.tracer {
                    tracer.came_in(&self.waiting[before..]);
                }
            }
            end => self.end = Some(end.map(drop)),
        }
        Poll::Ready(())
    }

    /// Reads to the end of what waits.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let missing = self.inbound.missing(&self.waiting);
        match self.reading {
            ReadBuffer::Own(block) => {
                self.waiting.reserve(block);
                pin!(self.inner.read_buf(&mut self.waiting)).poll(cx)
            }
            ReadBuffer::Shared if missing > SHARED_BLOCK => {
                // No further than its end, so that it need not be moved to make room for what follows.
                let room = missing.min(self.waiting.len() * FORESIGHT).max(SHARED_BLOCK);
                self.waiting.reserve(room);
                pin!(self.inner.read_buf(&mut (&mut self.waiting).limit(room))).poll(cx)
            }
            ReadBuffer::Shared => BLOCK.with_borrow_mut(|block| self.poll_block(block, cx)),
        }
    }

    fn poll_block(&mut self, block: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        block.resize(SHARED_BLOCK, 0);
        let mut read = ReadBuf::new(block);
        if self.waiting.is_empty() {
            // It would keep what it was cut from.
            self.waiting = BytesMut::new();
        }
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read))?;
        if self.waiting.is_empty() {
            self.waiting = BytesMut::from(read.filled());
        } else {
            self.waiting.extend_from_slice(read.filled());
        }
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameIo<S> {
    /// Reads control frames; pending also when there is something to [`take`](Checked::take) first.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        loop {
            me.look();
            let holds_close = me.close_answer != CloseAnswer::AtOnce && me.inbound.close().is_some();
            if me.came.is_some() || holds_close {
                return Poll::Pending;
            }
            if !me.control.is_empty() {
                let length = me.control.len().min(buf.remaining());
                buf.put_slice(&me.control[..length]);
                me.control.advance(length);
                return Poll::Ready(Ok(()));
            }
            if let Some(end) = me.end.take() {
                return Poll::Ready(end);
            }
            ready!(me.poll_fill(cx));
        }
    }
}

impl<S: AsyncWrite + Unpin> FrameIo<S> {
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_raw(cx))?;
        while !self.unsent.is_empty() {
            let begun = Instant::now();
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written_at = begun;
            if let Some(tracer) = &mut self.tracer {
                tracer.went_out(&self.unsent[..written]);
            }
            self.bytes_written += written as u64;
            self.unsent.advance(written);
            if !self.is_full() {
                let pong = self.pong.split();
                self.unsent.extend_from_slice(&pong);
            }
            let ended = self.ends.partition_point(|end| *end <= self.bytes_written);
            self.ends.drain(..ended);
            self.messages_written += ended as u64;
        }
        self.owes_control = false;
        if self.reading == ReadBuffer::Shared {
            // Nor does a client keep room that has said and heard much, and is silent now.
            self.unsent = BytesMut::new();
            self.ends = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

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

/// What tungstenite writes: control frames, one at a time. All are taken at once, or a peer that pings and never reads
/// would have it keep a pong for each.
impl<S: AsyncWrite + Unpin> AsyncWrite for FrameIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_shut_down {
            // What tungstenite answers by itself after that goes nowhere, and is no reason to stop reading.
            return Poll::Ready(Ok(buf.len()));
        }
        if self.is_full() && buf[0] & 0x0f == frame::PONG {
            self.pong = BytesMut::from(buf);
        } else {
            self.owes_control = true;
            let pong = self.pong.split();
            self.unsent.extend_from_slice(&pong);
            match self.close().filter(|_| buf[0] & 0x0f == frame::CLOSE).map(Bytes::copy_from_slice) {
                // Its answer; tungstenite rejects 1014, which is newer than RFC 6455.
                Some(payload) => {
                    let mask = (buf[1] & 0x80 != 0).then(rand::random);
                    let header =
                        FrameHeader { fin: true, rsv: 0, opcode: frame::CLOSE, mask, length: payload.len() as u64 };
                    self.append(&header, &payload);
                }
                None => self.unsent.extend_from_slice(buf),
            }
        }
        match self.poll_unsent(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_shut_down {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        self.is_shut_down = true;
        Poll::Ready(Ok(()))
    }
}
