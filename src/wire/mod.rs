//! The WebSocket connection itself: the one place that knows tungstenite.
//!
//! Owns framing in both directions. Compression, the trace of frames and their adapter below tungstenite
//! (`frame`, `deflate`, `trace`) have their place here.

mod stream;
mod walk;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use crate::event::{Close, Message};
use stream::Metered;
use walk::Disguise;

/// tungstenite zeroes the free part of its buffer before each read, so a larger one costs latency.
const READ_BUFFER: usize = 32 << 10;

/// A server has one for each of its clients.
const SERVER_READ_BUFFER: usize = 8 << 10;

/// tungstenite moves all that is unsent at each partial write, so what is larger goes out in frames of this size.
const LARGEST_FRAME: usize = 64 << 10;

/// What a peer may ask of us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest message that is taken, in bytes.
    pub(crate) max_message: usize,
    /// Whether its pings are answered.
    pub(crate) pongs: bool,
}

/// Which side of the connection we are (RFC 6455, section 5.1: the client masks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    Close(Close),
}

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the connection was cut without a Close")]
    Cut(#[source] Option<io::Error>),
    #[error("{0}")]
    Protocol(String),
    #[error("a text message is not UTF-8")]
    NotUtf8,
    #[error("a message is larger than {limit} bytes")]
    TooBig { limit: usize },
}

/// An open connection. Its methods take `&self`, so that one task can read and write side by side.
pub(crate) struct Socket<S> {
    // Borrowed only inside a poll, never across an await.
    inner: RefCell<WebSocketStream<Metered<S>>>,
    limits: Limits,
}

impl Fault {
    /// The code that tells the peer (RFC 6455, section 7.4.1); none when it is no longer there.
    pub(crate) fn close_code(&self) -> Option<u16> {
        match self {
            Self::Cut(_) => None,
            Self::Protocol(_) => Some(1002),
            Self::NotUtf8 => Some(1007),
            Self::TooBig { .. } => Some(1009),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Takes over after the handshake; `leftover` is what came behind its head.
    pub(crate) async fn new(stream: S, leftover: Bytes, side: Side, limits: Limits) -> Self {
        let (role, read_buffer) = match side {
            Side::Client => (Role::Client, READ_BUFFER),
            Side::Server => (Role::Server, SERVER_READ_BUFFER),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(read_buffer)
            .max_message_size(Some(limits.max_message))
            .max_frame_size(Some(limits.max_message));
        let mut disguise = (!limits.pongs).then(Disguise::default);
        let mut leftover = BytesMut::from(leftover);
        if let Some(disguise) = &mut disguise {
            disguise.put_on(&mut leftover);
        }
        let stream = Metered::new(stream, disguise);
        let inner = WebSocketStream::from_partially_read(stream, leftover.into(), role, Some(config)).await;
        Self { inner: RefCell::new(inner), limits }
    }

    /// The next thing that the peer sent; `None` after the closing handshake, once the peer has left.
    ///
    /// Cancel-safe. Pings (if the limits say so) and Closes are answered by themselves.
    pub(crate) async fn next(&self) -> Option<Result<Incoming, Fault>> {
        loop {
            let message = poll_fn(|cx| Pin::new(&mut *self.inner.borrow_mut()).poll_next(cx)).await?;
            match message.map(incoming) {
                Ok(Some(Incoming::Pong(data))) if self.was_ping() => return Some(Ok(Incoming::Ping(data))),
                Ok(Some(incoming)) => return Some(Ok(incoming)),
                Ok(None) => {}
                Err(error) => return self.fault(error).map(Err),
            }
        }
    }

    /// Puts a message into the send buffer; waits while that is full and the peer does not read.
    pub(crate) async fn feed(&self, message: Message) -> io::Result<()> {
        let (opcode, data) = match message {
            Message::Text(text) => (Data::Text, Bytes::from(text)),
            Message::Binary(data) => (Data::Binary, data),
        };
        if data.len() <= LARGEST_FRAME {
            return self.feed_frame(Frame::message(data, OpCode::Data(opcode), true)).await;
        }
        let mut rest = data;
        let mut opcode = opcode;
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(LARGEST_FRAME));
            self.feed_frame(Frame::message(part, OpCode::Data(opcode), rest.is_empty())).await?;
            opcode = Data::Continue;
        }
        Ok(())
    }

    /// Sends a ping with up to 125 bytes (RFC 6455, section 5.5.2).
    pub(crate) async fn ping(&self, data: Bytes) -> io::Result<()> {
        self.feed_frame(Frame::ping(data)).await
    }

    /// Sends a pong that nobody asked for (RFC 6455, section 5.5.3).
    pub(crate) async fn pong(&self, data: Bytes) -> io::Result<()> {
        self.feed_frame(Frame::pong(data)).await
    }

    /// Begins the closing handshake; nothing can be fed after it.
    pub(crate) async fn close(&self, close: &Close) -> io::Result<()> {
        let frame = close.code.map(|code| CloseFrame { code: CloseCode::from(code), reason: (&*close.reason).into() });
        self.start_send(tungstenite::Message::Close(frame)).await?;
        self.flush().await
    }

    /// Hands over to the transport all that was fed.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        let flushed = poll_fn(|cx| Pin::new(&mut *self.inner.borrow_mut()).poll_flush(cx)).await;
        flushed.map_err(write_error)
    }

    /// Says that nothing more will be sent, below the WebSocket (TCP FIN, TLS close_notify).
    pub(crate) async fn shut_down(&self) -> io::Result<()> {
        poll_fn(|cx| {
            let mut inner = self.inner.borrow_mut();
            Pin::new(inner.get_mut()).poll_shutdown(cx)
        })
        .await
    }

    /// Reads and forgets what the peer still sends, until it leaves.
    ///
    /// Without this, closing a transport with unread input would make the kernel throw away our Close (TCP RST).
    pub(crate) async fn drain(&self) {
        let _ = self.shut_down().await;
        let mut waste = [0; 4096];
        let mut left = false;
        while !left {
            left = poll_fn(|cx| {
                let mut buf = ReadBuf::new(&mut waste);
                let polled = Pin::new(self.inner.borrow_mut().get_mut()).poll_read(cx, &mut buf);
                polled.map(|read| read.is_err() || buf.filled().is_empty())
            })
            .await;
        }
    }

    /// How many bytes have gone either way: what tells a slow peer from a dead one.
    pub(crate) fn bytes_moved(&self) -> u64 {
        self.inner.borrow().get_ref().bytes_moved()
    }

    pub(crate) fn answers_pings(&self) -> bool {
        self.limits.pongs
    }

    /// How many bytes have come: a peer that sends anything is there.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.inner.borrow().get_ref().bytes_read()
    }

    /// How many messages the transport has taken to their last byte.
    pub(crate) fn messages_written(&self) -> u64 {
        self.inner.borrow().get_ref().messages_written()
    }

    fn was_ping(&self) -> bool {
        self.inner.borrow_mut().get_mut().disguise().is_some_and(Disguise::take_off)
    }

    async fn feed_frame(&self, frame: Frame) -> io::Result<()> {
        self.start_send(tungstenite::Message::Frame(frame)).await
    }

    async fn start_send(&self, message: tungstenite::Message) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self.inner.borrow_mut()).poll_ready(cx)).await.map_err(write_error)?;
        Pin::new(&mut *self.inner.borrow_mut()).start_send(message).map_err(write_error)
    }

    fn fault(&self, error: tungstenite::Error) -> Option<Fault> {
        use tungstenite::error::ProtocolError;
        Some(match error {
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => return None,
            // What comes behind a Close means nothing (RFC 6455, section 5.5.1).
            tungstenite::Error::Protocol(ProtocolError::ReceivedAfterClosing) => return None,
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Fault::Cut(None),
            tungstenite::Error::Io(error) => Fault::Cut(Some(error)),
            tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Fault::TooBig { limit: self.limits.max_message }
            }
            tungstenite::Error::Utf8(_) => Fault::NotUtf8,
            tungstenite::Error::Protocol(error) => Fault::Protocol(error.to_string()),
            other => Fault::Protocol(other.to_string()),
        })
    }
}

fn incoming(message: tungstenite::Message) -> Option<Incoming> {
    Some(match message {
        tungstenite::Message::Text(text) => Incoming::Message(Message::Text(text)),
        tungstenite::Message::Binary(data) => Incoming::Message(Message::Binary(data)),
        tungstenite::Message::Ping(data) => Incoming::Ping(data),
        tungstenite::Message::Pong(data) => Incoming::Pong(data),
        tungstenite::Message::Close(frame) => Incoming::Close(
            frame.map_or_else(Close::default, |frame| Close::new(frame.code.into(), frame.reason.as_str())),
        ),
        tungstenite::Message::Frame(_) => return None,
    })
}

fn write_error(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::new(io::ErrorKind::NotConnected, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    async fn client(stream: DuplexStream, max_message: usize) -> Socket<DuplexStream> {
        Socket::new(stream, Bytes::new(), Side::Client, Limits { max_message, pongs: true }).await
    }

    #[tokio::test]
    async fn a_message_over_64_kib_goes_out_in_frames_and_arrives_whole() {
        let (near, far) = duplex(4096);
        let (near, far) = (client(near, 1 << 20).await, async {
            Socket::new(far, Bytes::new(), Side::Server, Limits { max_message: 1 << 20, pongs: true }).await
        });
        let sent = Message::Binary(Bytes::from(vec![7; 200_000]));
        let far = far.await;
        let (fed, got) = tokio::join!(async { near.feed(sent.clone()).await.and(near.flush().await) }, far.next());
        fed.unwrap();
        assert_eq!(got.unwrap().unwrap(), Incoming::Message(sent));
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_a_fault_that_closes_with_1009() {
        let (near, mut far) = duplex(4096);
        let near = client(near, 4).await;
        far.write_all(b"\x81\x05hello").await.unwrap();
        let fault = near.next().await.unwrap().unwrap_err();
        assert_eq!((fault.to_string().as_str(), fault.close_code()), ("a message is larger than 4 bytes", Some(1009)));
        near.close(&Close::new(1009, "")).await.unwrap();
        let mut frame = [0; 8];
        far.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[..2], [0x88, 0x82]);
    }

    #[tokio::test]
    async fn each_fault_has_its_close_code() {
        for (bytes, code) in [
            (&b"\x81\x02\xff\xff"[..], Some(1007)),
            (b"\xc1\x01a", Some(1002)),
            (b"\x83\x00", Some(1002)),
            (b"\x81\x81\0\0\0\0a", Some(1002)),
            (b"", None),
        ] {
            let (near, mut far) = duplex(4096);
            let near = client(near, 1024).await;
            far.write_all(bytes).await.unwrap();
            drop(far);
            assert_eq!(near.next().await.unwrap().unwrap_err().close_code(), code, "{bytes:?}");
        }
    }
}
