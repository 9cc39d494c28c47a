//! What a benchmark calls: the client's end of a connection over any transport, without a handshake.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::frame::Side;
use super::incoming::Incoming;
use super::offer::Agreed;
use super::options::{ConnectionOptions, Limits};
use super::socket::Socket;
use crate::message::{Message, Utf8Text};

/// An open connection of a client.
pub struct Wire<S>(Socket<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// With permessage-deflate as it is negotiated by default, or without.
    pub async fn open(stream: S, is_compressed: bool) -> Self {
        let limits = Limits { max_message: 256 << 20, pongs: true };
        let connection = ConnectionOptions {
            deflate: is_compressed.then(Agreed::default),
            parts: true,
            ..ConnectionOptions::default()
        };
        Self(Socket::new(stream, Bytes::new(), Side::Client, limits, connection).await)
    }

    /// How many bytes the next message or part of one has; none at the end.
    pub async fn next(&self) -> Option<usize> {
        match self.0.next().await? {
            Ok(Incoming::Message(message)) => Some(message.data().len()),
            Ok(Incoming::Part(part)) => Some(part.data.len()),
            _ => None,
        }
    }

    /// Puts a text message into the send buffer.
    ///
    /// # Panics
    /// The transport takes nothing more.
    pub async fn feed(&self, text: Utf8Text) {
        self.0.feed(Message::Text(text)).await.expect("the transport takes all");
    }

    /// # Panics
    /// The transport takes nothing more.
    pub async fn flush(&self) {
        self.0.flush().await.expect("the transport takes all");
    }
}
