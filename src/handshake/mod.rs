//! The opening handshake (RFC 6455, section 4) on an open stream: as client here, as server in `server`.
//!
//! Owns the order of sending, reading and judging. What an answer has to hold is in `verify`, whom a server lets in in
//! `admission`, `origin` and `authority`, how HTTP looks on the wire in `http1`, `body`, `coding` and `broken`, what a refusal
//! says in `refusal` and `challenge`, where it points to in `redirect`. Time limits, beside those on a body that does not end,
//! are the caller's.

pub(crate) mod admission;
pub(crate) mod auth;
pub(crate) mod authority;
mod body;
mod broken;
mod challenge;
mod coding;
pub(crate) mod fuzz;
pub(crate) mod head;
mod http1;
pub(crate) mod http2;
pub(crate) mod http2_server;
pub(crate) mod origin;
pub(crate) mod passing;
pub(crate) mod redirect;
mod refusal;
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod verify;

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

pub(crate) use self::head::Response;
pub(crate) use self::http2::Http2Refusal;
pub(crate) use self::refusal::{Refusal, SentRequest, is_temporary};
pub(crate) use self::verify::BadAnswer;

use self::broken::BrokenHead;
use self::http1::{HeadError, HeadReader};
use self::verify::Agreement;
use crate::request::{Request, is_token};
use crate::wire::offer::Agreed;

/// What a server said to the opening request.
#[derive(Debug)]
pub(crate) enum Answer {
    Switched(Switched),
    Refused(Refusal),
}

impl Answer {
    pub(crate) fn response(&self) -> &Response {
        match self {
            Self::Switched(switched) => &switched.response,
            Self::Refused(refusal) => &refusal.response,
        }
    }
}

/// A verified 101.
#[derive(Debug)]
pub(crate) struct Switched {
    pub(crate) response: Response,
    pub(crate) subprotocol: Option<String>,
    /// permessage-deflate, if the server takes it.
    pub(crate) deflate: Option<Agreed>,
    /// What came after the head: the first frames, often in the same segment.
    pub(crate) leftover: Bytes,
}

/// Why there is no answer, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("the connection broke during the handshake")]
    Io(#[from] io::Error),
    #[error("the server closed the connection before it answered")]
    Closed,
    #[error("the server closed the connection after {} bytes of its answer", received.len())]
    CutShort { received: Bytes },
    #[error("the server speaks HTTP/2: its answer begins with a SETTINGS frame")]
    Http2,
    #[error("the server does not speak HTTP/1: its answer begins with `{}`", begins.escape_ascii())]
    NotHttp { begins: Bytes },
    #[error("the server speaks TLS on this port: its answer is a TLS record")]
    Tls,
    #[error("the server's answer is not valid HTTP: {0}")]
    Malformed(BrokenHead),
    #[error("the head of the server's answer is longer than {} KiB", http1::MAX_HEAD / 1024)]
    TooLarge,
    #[error("the server's answer has more than {} header fields", http1::MAX_FIELDS)]
    TooManyFields { head: Bytes },
    /// A 101 that fails the checks; kept, so that it can be shown.
    #[error("the server's {} is not a WebSocket handshake", response.status)]
    BadAnswer { response: Box<Response>, source: BadAnswer },
    /// There is no WebSocket over HTTP/2.
    #[error(transparent)]
    OverHttp2(#[from] Http2Refusal),
}

impl HandshakeError {
    /// What to try, at a URL with TLS or without it, after a request from this origin.
    pub(crate) fn hint(&self, is_tls: bool, origin: Option<&str>) -> Option<String> {
        match self {
            Self::Tls => Some("use wss://".to_owned()),
            Self::Http2 if is_tls => Some("use --http2".to_owned()),
            Self::Http2 => Some("use --http2-prior-knowledge".to_owned()),
            Self::OverHttp2(refusal) => refusal.hint().map(str::to_owned),
            Self::Closed => Some(silence_hint(is_tls, origin)),
            Self::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => Some(silence_hint(is_tls, origin)),
            Self::BadAnswer { source: BadAnswer::Subprotocol { got, .. }, .. } if is_token(got) => {
                Some(format!("-s {got} requests it"))
            }
            _ => None,
        }
    }

    /// The heads that were read, also of an unusable or invalid response.
    fn heads(&self) -> Vec<String> {
        match self {
            Self::BadAnswer { response, .. } => response.heads().map(str::to_owned).collect(),
            Self::CutShort { received: head }
            | Self::Malformed(BrokenHead { head, .. })
            | Self::TooManyFields { head } => vec![String::from_utf8_lossy(head).into_owned()],
            Self::Io(_)
            | Self::Closed
            | Self::Http2
            | Self::Tls
            | Self::NotHttp { .. }
            | Self::TooLarge
            | Self::OverHttp2(_) => Vec::new(),
        }
    }

    /// Whether it can go away by itself: what the peer says stays so; that the connection broke need not.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Io(_) | Self::Closed | Self::CutShort { .. } => true,
            Self::OverHttp2(refusal) => refusal.may_pass(),
            _ => false,
        }
    }

    /// The exit status that the manual promises.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::OverHttp2(refusal) => refusal.exit_code(),
            _ => 5,
        }
    }
}

/// For a server that closes without a response.
fn silence_hint(is_tls: bool, origin: Option<&str>) -> String {
    let tls = if is_tls { "does it " } else { "does it speak TLS here (wss://), or " };
    match origin {
        None => format!("{tls}require an --origin that it accepts?"),
        Some(origin) => format!("{tls}reject the origin `{origin}`?"),
    }
}

/// Sends the request and reads the answer.
pub(crate) async fn open<S>(stream: &mut S, request: &Request) -> Result<Answer, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    open_in_pieces(stream, request, &[request.head()]).await
}

/// The same with a head that says something else, or comes piece by piece; the answer is held against the request.
pub(crate) async fn open_in_pieces<S>(
    stream: &mut S,
    request: &Request,
    pieces: &[String],
) -> Result<Answer, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut sent = Ok(());
    for piece in pieces {
        sent = send(stream, piece).await;
        if sent.is_err() {
            break;
        }
    }
    let mut reader = HeadReader::new(stream);
    let response = match (reader.response().await, sent) {
        // A server may refuse and close before it has read the whole request: its answer says more than our
        // failure to write, which in turn says more than the end that follows it.
        (Err(HeadError::Io(_) | HeadError::Closed), Err(unsent)) => return Err(unsent.into()),
        (read, _) => read?,
    };
    if response.status != 101 {
        let refusal = reader.refusal(response, SentRequest::of(request)).await;
        return Ok(Answer::Refused(refusal));
    }
    match verify::answer(request, &response) {
        Ok(Agreement { subprotocol, deflate }) => {
            Ok(Answer::Switched(Switched { response, subprotocol, deflate, leftover: reader.leftover() }))
        }
        Err(source) => Err(HandshakeError::BadAnswer { response: Box::new(response), source }),
    }
}

/// What a proxy said to a CONNECT.
#[derive(Debug)]
pub(crate) enum TunnelAnswer {
    /// With what was read after the head.
    Open(Response, Bytes),
    Refused(Refusal),
}

impl TunnelAnswer {
    pub(crate) fn response(&self) -> &Response {
        match self {
            Self::Open(response, _) => response,
            Self::Refused(refusal) => &refusal.response,
        }
    }
}

/// The heads of an answer, or of what was meant to be one.
pub(crate) fn heads_of<A>(answer: &Result<A, HandshakeError>, response: impl Fn(&A) -> &Response) -> Vec<String> {
    match answer {
        Ok(answer) => response(answer).heads().map(str::to_owned).collect(),
        Err(flaw) => flaw.heads(),
    }
}

/// Sends a CONNECT and reads the answer; `scheme` is that of the credentials in it.
pub(crate) async fn ask_for_tunnel<S>(
    stream: &mut S,
    head: &str,
    scheme: Option<&str>,
) -> Result<TunnelAnswer, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    send(stream, head).await?;
    let mut reader = HeadReader::new(stream);
    let response = reader.response().await?;
    if (200..300).contains(&response.status) {
        return Ok(TunnelAnswer::Open(response, reader.leftover()));
    }
    let sent = SentRequest { scheme: scheme.map(str::to_owned), ..SentRequest::default() };
    Ok(TunnelAnswer::Refused(reader.refusal(response, sent).await))
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, head: &str) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await
}

impl From<HeadError> for HandshakeError {
    fn from(unread: HeadError) -> Self {
        match unread {
            HeadError::Io(error) => Self::Io(error),
            HeadError::Closed => Self::Closed,
            HeadError::CutShort { received } => Self::CutShort { received },
            HeadError::NotHttp { begins } if is_http2(&begins) => Self::Http2,
            // An alert (0x15) or a message of the handshake (0x16), version 3.x.
            HeadError::NotHttp { begins } if matches!(begins[..], [0x15 | 0x16, 0x03, ..]) => Self::Tls,
            HeadError::NotHttp { begins } => Self::NotHttp { begins },
            HeadError::Malformed(broken) => Self::Malformed(broken),
            HeadError::TooLarge => Self::TooLarge,
            HeadError::TooManyFields { head } => Self::TooManyFields { head },
        }
    }
}

/// A SETTINGS frame of the whole connection, with which each side of HTTP/2 begins (RFC 9113, section 3.4).
fn is_http2(begins: &[u8]) -> bool {
    // Three bytes of length, that of settings with six bytes each; type 4, no flags, stream 0.
    let [0, high, low, 4, 0, 0, 0, 0, 0, ..] = begins else { return false };
    u16::from_be_bytes([*high, *low]).is_multiple_of(6)
}
