//! The opening handshake (RFC 6455, section 4) on an open stream: as client here, as server in `server`.
//!
//! Owns the order of sending, reading and judging. What an answer has to hold is in `verify`, whom a server lets in in `admission`, `origin`
//! and `authority`, how HTTP looks on the wire in `http1` and `body`, where a refusal points to in `redirect`. Time limits, beside those on a body that does
//! not end, are the caller's.

pub(crate) mod admission;
pub(crate) mod authority;
mod body;
pub(crate) mod fuzz;
mod http1;
pub(crate) mod origin;
pub(crate) mod redirect;
pub(crate) mod server;
mod verify;

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

pub(crate) use http1::Response;
pub(crate) use verify::BadAnswer;

use crate::request::Request;
use crate::wire::offer::Agreed;
use http1::{Reader, Unread};
use verify::Agreement;

/// What a server said to the opening request.
#[derive(Debug)]
pub(crate) enum Answer {
    Switched(Switched),
    Refused(Refusal),
}

/// A verified 101.
#[derive(Debug)]
pub(crate) struct Switched {
    pub(crate) response: Response,
    pub(crate) subprotocol: Option<String>,
    /// permessage-deflate, if the server takes it.
    pub(crate) deflate: Option<Agreed>,
    /// What came behind the head: the first frames, often in the same segment.
    pub(crate) leftover: Bytes,
}

/// Any other final status, with the beginning of its body.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) response: Response,
    pub(crate) body: Vec<u8>,
    /// The body did not come whole: longer than the bound, stalled, broken or ended early.
    pub(crate) cut: bool,
}

/// Why there is no answer, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("the connection broke during the handshake")]
    Io(#[from] io::Error),
    #[error("the server closed the connection before it answered")]
    Closed,
    #[error("the server closed the connection after {received} bytes of its answer")]
    CutShort { received: usize },
    #[error("the server does not speak HTTP/1: its answer begins with `{}`", begins.escape_ascii())]
    NotHttp { begins: Bytes },
    #[error("the server's answer is broken HTTP: {0}")]
    Malformed(httparse::Error),
    #[error("the head of the server's answer is longer than {} KiB", http1::MAX_HEAD / 1024)]
    TooLarge,
    #[error("the server's answer has more than {} header fields", http1::MAX_FIELDS)]
    TooManyFields,
    /// A 101 that fails the checks; kept, so that it can be shown.
    #[error("the server's 101 is no WebSocket handshake")]
    BadAnswer { response: Box<Response>, source: BadAnswer },
}

impl Flaw {
    /// What to try.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            // A TLS record: an alert (0x15) or a handshake message (0x16), version 3.x.
            Self::NotHttp { begins } if matches!(begins[..], [0x15 | 0x16, 0x03, ..]) => {
                Some("this looks like TLS: try `wss://`")
            }
            _ => None,
        }
    }
}

/// Sends the request and reads the answer.
pub(crate) async fn open<S>(stream: &mut S, request: &Request) -> Result<Answer, Flaw>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sent = send(stream, &request.head()).await;
    let mut reader = Reader::new(stream);
    let response = match (reader.response().await, sent) {
        // A server may refuse and close before it has read the whole request: its answer says more than our
        // failure to write, which in turn says more than the end that follows it.
        (Err(Unread::Io(_) | Unread::Closed), Err(unsent)) => return Err(unsent.into()),
        (read, _) => read?,
    };
    if response.status != 101 {
        let (body, cut) = reader.body(&response).await;
        return Ok(Answer::Refused(Refusal { response, body, cut }));
    }
    match verify::answer(request, &response) {
        Ok(Agreement { subprotocol, deflate }) => {
            Ok(Answer::Switched(Switched { response, subprotocol, deflate, leftover: reader.leftover() }))
        }
        Err(source) => Err(Flaw::BadAnswer { response: Box::new(response), source }),
    }
}

/// Sends a request that is no WebSocket handshake, such as a proxy's, and reads the answer's head and what was read
/// behind it.
pub(crate) async fn ask<S>(stream: &mut S, head: &str) -> Result<(Response, Bytes), Flaw>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    send(stream, head).await?;
    let mut reader = Reader::new(stream);
    let response = reader.response().await?;
    Ok((response, reader.leftover()))
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, head: &str) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await
}

impl From<Unread> for Flaw {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Io(error) => Self::Io(error),
            Unread::Closed => Self::Closed,
            Unread::CutShort { received } => Self::CutShort { received },
            Unread::NotHttp { begins } => Self::NotHttp { begins },
            Unread::Malformed(error) => Self::Malformed(error),
            Unread::TooLarge => Self::TooLarge,
            Unread::TooManyFields => Self::TooManyFields,
        }
    }
}

#[cfg(test)]
mod tests;
