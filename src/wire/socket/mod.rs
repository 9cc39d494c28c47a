//! The WebSocket connection itself: the one place that knows tungstenite.

#[cfg(test)]
pub(crate) mod tests;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::stream::FusedStream as _;
use futures_util::{Sink as _, Stream as _};
use rand::RngExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, tungstenite};

use super::fault::Fault;
use super::frame::{FrameHeader, Side};
use super::inbound::{Inbound, InboundOptions};
use super::incoming::Incoming;
use super::options::{ConnectionOptions, Limits};
use super::outbound::Outbound;
use super::raw_frame::RawFrame;
use super::stream::{FrameIo, ReadBuffer};
use super::trace::{Tracer, WireEvent};
use crate::message::{Close, DataKind, Message, Part};
use crate::transport::Duplex;

/// What one read may bring to a client.
pub(crate) const BLOCK: usize = 256 << 10;

/// More than a control frame takes; tungstenite zeroes what is free of it before each read.
const CONTROL_BUFFER: usize = 256;

/// What tungstenite has.
pub(crate) type Polled = Option<Result<tungstenite::Message, tungstenite::Error>>;

/// An open connection. Its methods take `&self`, so that one task can read and write side by side.
pub(crate) struct Socket<S> {
    // Borrowed only inside a poll, never across an await.
    inner: RefCell<WebSocketStream<FrameIo<S>>>,
    outbound: RefCell<Outbound>,
    side: Side,
    /// A Close has gone either way, or the end of all that we send: no message may follow.
    is_closing: Cell<bool>,
    /// A ping has come, and tungstenite has its pong ready.
    owes_pong: Cell<bool>,
    /// What arrived with frames that are traced first.
    came: RefCell<Option<Polled>>,
    limits: Limits,
    subprotocol: Option<Arc<str>>,
}

impl<S> Socket<S> {
    /// The largest message that is taken, in bytes.
    pub(crate) fn max_message(&self) -> usize {
        self.limits.max_message
    }

    /// The subprotocol that was negotiated (RFC 6455, section 1.9).
    pub(crate) fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Takes over after the handshake; `leftover` is what came after its head.
    pub(crate) async fn new(
        stream: S,
        leftover: Bytes,
        side: Side,
        limits: Limits,
        connection: ConnectionOptions,
    ) -> Self {
        let (client, server) = connection.deflate.map(|agreed| (agreed.client, agreed.server)).unzip();
        let (role, reading, ours, theirs) = match side {
            Side::Client if connection.is_of_many => (Role::Client, ReadBuffer::Shared, client, server),
            Side::Client => (Role::Client, ReadBuffer::Own(BLOCK), client, server),
            Side::Server => (Role::Server, ReadBuffer::Shared, server, client),
        };
        // Written at once, each frame reaches `stream` by itself.
        let config = WebSocketConfig::default().read_buffer_size(CONTROL_BUFFER).write_buffer_size(0);
        let inbound = Inbound::new(InboundOptions {
            side,
            max_message: limits.max_message,
            deflate: theirs,
            parts: connection.parts,
            runs: false,
            pongs: limits.pongs,
            tally: Arc::clone(&connection.tally),
        });
        let tracer = connection.traced.then(|| Box::new(Tracer::new(side, connection.deflate)));
        let stream = FrameIo::new(stream, reading, inbound, leftover, tracer);
        let inner = WebSocketStream::from_raw_socket(stream, role, Some(config)).await;
        let outbound = Outbound::new(ours, connection.fragment, connection.tally);
        Self {
            inner: RefCell::new(inner),
            outbound: RefCell::new(outbound),
            side,
            is_closing: Cell::new(false),
            owes_pong: Cell::new(false),
            came: RefCell::new(None),
            limits,
            subprotocol: connection.subprotocol,
        }
    }

    /// From now on, small messages that come together are handed over together.
    pub(crate) fn hand_over_runs(&self) {
        self.inner.borrow_mut().get_mut().hand_over_runs();
    }

    /// From now on, the peer's Close is not answered before we have sent one, or [released](Self::release_close) it.
    pub(crate) fn hold_close(&self) {
        self.inner.borrow_mut().get_mut().hold_close();
    }

    /// Lets a Close that was held be answered.
    pub(crate) fn release_close(&self) {
        self.inner.borrow_mut().get_mut().release_close();
    }

    /// Whether the peer has sent its Close and has no answer yet, since that is held.
    pub(crate) fn owes_close(&self) -> bool {
        self.inner.borrow().get_ref().owes_close()
    }

    /// The next thing that the peer sent; `None` after the closing handshake, once the peer has left.
    ///
    /// Cancel-safe. Pings (if the limits say so) and Closes are answered by themselves.
    pub(crate) async fn next(&self) -> Option<Result<Incoming, Fault>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        loop {
            if !self.has_to_ask() {
                ready!(self.inner.borrow_mut().get_mut().poll_ahead(cx));
            }
            if let Some(incoming) = self.take() {
                return Poll::Ready(Some(Ok(incoming)));
            }
            let stashed = self.came.take();
            let polled = match stashed {
                Some(came) => Poll::Ready(came),
                None => {
                    self.owes_pong.set(false);
                    let polled = Pin::new(&mut *self.inner.borrow_mut()).poll_next(cx);
                    let frames = self.take_frames();
                    if !frames.is_empty() {
                        if let Poll::Ready(came) = polled {
                            // tungstenite answers a Close at the next flush, whoever asks for it.
                            if matches!(came, Some(Ok(tungstenite::Message::Close(_)))) {
                                self.is_closing.set(true);
                            }
                            self.came.replace(Some(came));
                        }
                        return Poll::Ready(Some(Ok(Incoming::Frames(frames))));
                    }
                    polled
                }
            };
            match polled {
                Poll::Ready(Some(Ok(message))) => {
                    if let Some(incoming) = self.control(message) {
                        return Poll::Ready(Some(Ok(incoming)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.fault(error).map(Err)),
                Poll::Ready(None) => return Poll::Ready(None),
                // tungstenite waits as well while something has come that does not concern it.
                Poll::Pending => return self.take().map_or(Poll::Pending, |incoming| Poll::Ready(Some(Ok(incoming)))),
            }
        }
    }

    /// Whether tungstenite has something to say by itself, or has said its last.
    fn has_to_ask(&self) -> bool {
        self.owes_pong.get() || self.came.borrow().is_some() || self.inner.borrow().is_terminated()
    }

    /// What has come already and does not concern tungstenite.
    pub(crate) fn take(&self) -> Option<Incoming> {
        // A pong goes before any answer to what came after the ping.
        if self.owes_pong.get() || self.came.borrow().is_some() {
            return None;
        }
        self.inner.borrow_mut().get_mut().take()
    }

    /// The frames that were seen since the last time, if they are traced.
    pub(crate) fn take_frames(&self) -> Vec<WireEvent> {
        self.inner.borrow_mut().get_mut().take_seen()
    }

    /// The last of them, with how much came after the peer's Close.
    pub(crate) fn take_last_frames(&self) -> Vec<WireEvent> {
        self.inner.borrow_mut().get_mut().take_last_seen()
    }

    /// Puts a message into the send buffer; waits while that is full and the peer does not read.
    pub(crate) async fn feed(&self, message: Message) -> io::Result<()> {
        let opcode = super::frame::opcode(message.kind());
        self.outbound.borrow_mut().push(opcode, message.into_data());
        self.feed_frames().await
    }

    /// Puts messages of one kind into the send buffer, for as long as nothing has to be waited for or worked on before;
    /// tells how many those were.
    pub(crate) fn put<'m>(&self, kind: DataKind, messages: impl Iterator<Item = &'m [u8]>) -> usize {
        if self.is_closing.get() {
            return 0;
        }
        let (outbound, mut inner) = (self.outbound.borrow(), self.inner.borrow_mut());
        let stream = inner.get_mut();
        let opcode = super::frame::opcode(kind);
        let mut keys = rand::rng();
        let mut count = 0;
        for data in messages {
            if stream.is_full() || !outbound.lets_pass(data.len()) {
                break;
            }
            let mask = (self.side == Side::Client).then(|| keys.random());
            stream.put(&FrameHeader { fin: true, rsv: 0, opcode, mask, length: data.len() as u64 }, data);
            count += 1;
        }
        count
    }

    /// Puts a message into the send buffer, however full that is: for whoever flushes before the next one.
    ///
    /// Tells whether it did: not once the connection is closing.
    pub(crate) fn put_whole(&self, message: Message) -> bool {
        if self.is_closing.get() {
            return false;
        }
        let mut outbound = self.outbound.borrow_mut();
        outbound.push(super::frame::opcode(message.kind()), message.into_data());
        while let Some(frame) = outbound.next() {
            let rsv = if frame.rsv1 { super::frame::RSV1 } else { 0 };
            self.put_frame(frame.fin, rsv, frame.opcode, &frame.payload);
        }
        true
    }

    /// The same with a part of a message.
    pub(crate) async fn feed_part(&self, part: Part) -> io::Result<()> {
        let opcode = super::frame::opcode(part.kind);
        self.outbound.borrow_mut().push_part(opcode, part.data, part.is_last);
        self.feed_frames().await
    }

    async fn feed_frames(&self) -> io::Result<()> {
        loop {
            self.room().await?;
            if self.is_closing.get() {
                return Err(io::ErrorKind::NotConnected.into());
            }
            let Some(frame) = self.outbound.borrow_mut().next() else { return Ok(()) };
            let rsv = if frame.rsv1 { super::frame::RSV1 } else { 0 };
            self.put_frame(frame.fin, rsv, frame.opcode, &frame.payload);
        }
    }

    /// Waits while the send buffer is full.
    async fn room(&self) -> io::Result<()> {
        if self.inner.borrow().get_ref().is_full() {
            self.flush().await?;
        }
        Ok(())
    }

    fn put_frame(&self, fin: bool, rsv: u8, opcode: u8, payload: &[u8]) {
        let mask = (self.side == Side::Client).then(rand::random);
        let header = FrameHeader { fin, rsv, opcode, mask, length: payload.len() as u64 };
        self.inner.borrow_mut().get_mut().put(&header, payload);
    }

    /// Sends a ping with up to 125 bytes (RFC 6455, section 5.5.2).
    pub(crate) async fn ping(&self, data: Bytes) -> io::Result<()> {
        self.room().await?;
        self.start_send(tungstenite::Message::Frame(Frame::ping(data))).await
    }

    /// Sends a unsolicited pong (RFC 6455, section 5.5.3).
    pub(crate) async fn pong(&self, data: Bytes) -> io::Result<()> {
        self.room().await?;
        self.start_send(tungstenite::Message::Frame(Frame::pong(data))).await
    }

    /// Begins the closing handshake; nothing can be fed after it.
    pub(crate) async fn close(&self, close: &Close) -> io::Result<()> {
        let frame = close.code.map(|code| CloseFrame { code: CloseCode::from(code), reason: (&*close.reason).into() });
        self.start_send(tungstenite::Message::Close(frame)).await?;
        self.is_closing.set(true);
        self.flush().await
    }

    /// Sends a raw frame after all that was fed, and tells what it looks like; waits until it is written.
    pub(crate) async fn send_handmade(&self, frame: &RawFrame) -> io::Result<WireEvent> {
        let mask = frame.mask(self.side, fastrand::u32(..).to_ne_bytes());
        let mut bytes = BytesMut::new();
        frame.write(mask, &mut bytes);
        self.flush().await?;
        // Nothing is waited for in between: what tungstenite sends by itself comes before it or after it.
        self.inner.borrow_mut().get_mut().push_raw(&bytes);
        self.flush().await?;
        Ok(WireEvent::handmade(frame, mask))
    }

    /// From now on, messages go out in frames of this size at most.
    pub(crate) fn fragment(&self, size: Option<usize>) {
        self.outbound.borrow_mut().fragment(size);
    }

    /// Hands over to the transport all that was fed.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| {
            let mut inner = self.inner.borrow_mut();
            // All else that it had to send is in our buffer.
            let may_answer = self.owes_pong.get() || self.is_closing.get() || inner.get_ref().close().is_some();
            let flushed = if may_answer { ready!(Pin::new(&mut *inner).poll_flush(cx)) } else { Ok(()) };
            // tungstenite leaves off when a server has answered a Close.
            ready!(Pin::new(inner.get_mut()).poll_flush(cx))?;
            Poll::Ready(flushed.map_err(write_error))
        })
        .await
    }

    /// Says that nothing more will be sent, below the WebSocket (TCP FIN, TLS close_notify).
    pub(crate) async fn shut_down(&self) -> io::Result<()> {
        self.is_closing.set(true);
        poll_fn(|cx| {
            let mut inner = self.inner.borrow_mut();
            Pin::new(inner.get_mut()).poll_shutdown(cx)
        })
        .await
    }

    /// Whether we have said that nothing more will be sent.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.inner.borrow().get_ref().is_shut_down()
    }

    /// Sends nothing more, and waits until the peer [leaves](Self::left).
    ///
    /// Without this, closing a transport with unread input would make the kernel throw away our Close (TCP RST).
    pub(crate) async fn drain(&self) {
        let _ = self.shut_down().await;
        self.left().await;
    }

    /// Reads and forgets what the peer still sends, until it leaves.
    pub(crate) async fn left(&self) {
        let mut waste = [0; 4096];
        let mut left = |cx: &mut Context<'_>| {
            let (mut buf, mut inner) = (ReadBuf::new(&mut waste), self.inner.borrow_mut());
            let polled = Pin::new(inner.get_mut().inner_mut()).poll_read(cx, &mut buf);
            inner.get_mut().was_drained(buf.filled());
            polled.map(|read| read.is_err() || buf.filled().is_empty())
        };
        while !poll_fn(&mut left).await {
            // One that sends without end is not to be all that is done.
            yield_now().await;
        }
    }

    /// How many bytes have gone: a peer that takes anything is there.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.inner.borrow().get_ref().bytes_written()
    }

    pub(crate) fn answers_pings(&self) -> bool {
        self.limits.pongs
    }

    /// How many bytes have come: a peer that sends anything is there.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.inner.borrow().get_ref().bytes_read()
    }

    /// When something was read last.
    pub(crate) fn read_at(&self) -> Instant {
        self.inner.borrow().get_ref().read_at()
    }

    /// When the last write began that took something.
    pub(crate) fn written_at(&self) -> Instant {
        self.inner.borrow().get_ref().written_at()
    }

    /// How many of them were of messages: what a peer says beside them shows only that it is there.
    pub(crate) fn message_bytes_read(&self) -> u64 {
        self.inner.borrow().get_ref().message_bytes_read()
    }

    /// How many messages the transport has taken to their last byte.
    pub(crate) fn messages_written(&self) -> u64 {
        self.inner.borrow().get_ref().messages_written()
    }

    async fn start_send(&self, message: tungstenite::Message) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self.inner.borrow_mut()).poll_ready(cx)).await.map_err(write_error)?;
        Pin::new(&mut *self.inner.borrow_mut()).start_send(message).map_err(write_error)
    }

    /// What tungstenite has read, and answers.
    fn control(&self, message: tungstenite::Message) -> Option<Incoming> {
        Some(match message {
            tungstenite::Message::Ping(data) => {
                self.owes_pong.set(true);
                Incoming::Ping(data)
            }
            tungstenite::Message::Pong(data) => Incoming::Pong(data),
            tungstenite::Message::Close(_) => {
                self.is_closing.set(true);
                Incoming::Close(
                    self.inner.borrow().get_ref().close().map_or_else(Close::default, super::frame::read_close),
                )
            }
            // Those go past it.
            tungstenite::Message::Text(_) | tungstenite::Message::Binary(_) | tungstenite::Message::Frame(_) => {
                return None;
            }
        })
    }

    fn fault(&self, error: tungstenite::Error) -> Option<Fault> {
        use tungstenite::error::ProtocolError;
        Some(match error {
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => return None,
            // What follows a Close means nothing (RFC 6455, section 5.5.1).
            tungstenite::Error::Protocol(ProtocolError::ReceivedAfterClosing) => return None,
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Fault::Cut(None),
            tungstenite::Error::Io(error) => match error.downcast::<Fault>() {
                Ok(fault) => fault,
                Err(error) => Fault::Cut(Some(error)),
            },
            tungstenite::Error::Protocol(error) => Fault::Protocol(error.to_string()),
            other => Fault::Protocol(other.to_string()),
        })
    }
}

impl<S: Duplex> Socket<S> {
    /// Makes the end of this connection an abrupt one: no Close, no close_notify, and where there is TCP, a RST.
    pub(crate) fn abort(&self) {
        self.inner.borrow_mut().get_mut().inner_mut().abort_on_drop();
    }
}

fn write_error(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::new(io::ErrorKind::NotConnected, other),
    }
}
