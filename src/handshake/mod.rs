//! The opening handshake (RFC 6455, section 4) on an open stream: as client (`open`) and as server (`accept`).
//!
//! Owns the order of reading, judging and answering. What an answer has to hold is in `verify`, how HTTP looks on
//! the wire in `http1` and `body`, where a refusal points to in `redirect`. Time limits, beside the one on a body
//! that stalls, are the caller's.

mod body;
mod http1;
pub(crate) mod redirect;
mod verify;

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::http::StatusCode;

pub(crate) use http1::{Opening, Response};
pub(crate) use verify::{BadAnswer, BadOpening};

use crate::request::{Header, Request};
use http1::{Reader, Unread};

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
    #[error("the server's answer is broken HTTP")]
    Malformed(#[source] httparse::Error),
    #[error("the head of the server's answer is longer than {} KiB", http1::MAX_HEAD / 1024)]
    TooLarge,
    #[error("the server's answer has more than {} header fields", http1::MAX_FIELDS)]
    TooManyFields,
    /// A 101 that fails the checks; kept, so that it can be shown.
    #[error("the server's 101 is no WebSocket handshake")]
    BadAnswer { response: Box<Response>, source: BadAnswer },
}

/// What a server grants to a client.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// One of those that the client offered.
    pub(crate) subprotocol: Option<String>,
    pub(crate) headers: Vec<Header>,
}

/// How a server turns a client away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: String,
}

/// A client that was let in.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) opening: Opening,
    pub(crate) subprotocol: Option<String>,
    /// What came behind the request: the first frames of a client in a hurry.
    pub(crate) leftover: Bytes,
}

/// Why a client was not let in; it has been told, where that is possible.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Declined {
    #[error("the connection broke during the handshake")]
    Io(#[from] io::Error),
    #[error("the client closed the connection before it asked for anything")]
    Closed,
    #[error("the client closed the connection after {received} bytes of its request")]
    CutShort { received: usize },
    #[error("the client's request is no WebSocket handshake")]
    BadOpening(#[from] BadOpening),
    #[error("the client was turned away with {}", .0.status)]
    Denied(Denial),
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
        Ok(subprotocol) => Ok(Answer::Switched(Switched { response, subprotocol, leftover: reader.leftover() })),
        Err(source) => Err(Flaw::BadAnswer { response: Box::new(response), source }),
    }
}

/// Reads a request and answers it; `choose` has the last word on one that is sound.
pub(crate) async fn accept<S>(
    stream: &mut S,
    choose: impl FnOnce(&Opening) -> Result<Choice, Denial>,
) -> Result<Accepted, Declined>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = Reader::new(&mut *stream);
    let judged = judge(&mut reader, choose).await;
    let leftover = reader.leftover();
    match judged {
        Ok((opening, key, choice)) => {
            send(stream, &switching_head(&key, &choice)).await?;
            Ok(Accepted { opening, subprotocol: choice.subprotocol, leftover })
        }
        Err(declined) => {
            if let Some(denial) = declined.denial() {
                // Whether the client still listens changes nothing: it is declined all the same.
                turn_away(stream, &denial).await.ok();
            }
            Err(declined)
        }
    }
}

async fn judge<S: AsyncRead + Unpin>(
    reader: &mut Reader<'_, S>,
    choose: impl FnOnce(&Opening) -> Result<Choice, Denial>,
) -> Result<(Opening, String, Choice), Declined> {
    let asked = reader.request().await?;
    let key = verify::opening(&asked)?.to_owned();
    let choice = choose(&asked.opening).map_err(Declined::Denied)?;
    Ok((asked.opening, key, choice))
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, head: &str) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await
}

async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, denial: &Denial) -> io::Result<()> {
    send(stream, &denial.text()).await?;
    stream.shutdown().await?;
    // Closing with bytes unread resets the connection, which can take the answer from the client again.
    let mut sink = tokio::io::sink();
    let unread = tokio::io::copy(stream, &mut sink);
    timeout(LINGER, unread).await.map_or(Ok(()), |read| read.map(drop))
}

fn switching_head(key: &str, choice: &Choice) -> String {
    let mut fields = vec![
        Header::new("Upgrade", "websocket"),
        Header::new("Connection", "Upgrade"),
        Header::new("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes())),
    ];
    fields.extend(choice.subprotocol.iter().map(|name| Header::new("Sec-WebSocket-Protocol", name)));
    fields.extend_from_slice(&choice.headers);
    head(101, &fields)
}

fn head(status: u16, fields: &[Header]) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default());
    for field in fields {
        write!(head, "{}: {}\r\n", field.name, field.value).expect("a String takes all");
    }
    head.push_str("\r\n");
    head
}

impl Denial {
    fn text(&self) -> String {
        let mut fields = vec![
            Header::new("Connection", "close"),
            Header::new("Content-Type", "text/plain; charset=utf-8"),
            Header::new("Content-Length", self.body.len().to_string()),
        ];
        fields.extend_from_slice(&self.headers);
        head(self.status, &fields) + &self.body
    }
}

impl Declined {
    /// What the client is told; nothing where it is gone.
    fn denial(&self) -> Option<Denial> {
        match self {
            Self::Io(_) | Self::Closed | Self::CutShort { .. } => None,
            Self::BadOpening(bad) => {
                let headers = bad.remedy().into_iter().collect();
                Some(Denial { status: bad.status(), headers, body: format!("{bad}\n") })
            }
            Self::Denied(denial) => Some(denial.clone()),
        }
    }
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

impl From<Unread> for Declined {
    fn from(unread: Unread) -> Self {
        Self::BadOpening(match unread {
            Unread::Io(error) => return Self::Io(error),
            Unread::Closed => return Self::Closed,
            Unread::CutShort { received } => return Self::CutShort { received },
            Unread::NotHttp { begins } => BadOpening::NotHttp { begins },
            Unread::Malformed(httparse::Error::Version) => BadOpening::HttpVersion,
            Unread::Malformed(error) => BadOpening::Malformed(error),
            Unread::TooLarge => BadOpening::TooLarge,
            Unread::TooManyFields => BadOpening::TooManyFields,
        })
    }
}

/// Enough for a client to take the answer and close; nobody waits for it.
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
