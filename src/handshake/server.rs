//! The server's side (RFC 6455, section 4.2): reads a request, judges it, and accepts or rejects the client.
//!
//! Owns what is written to the client until it is in. What a request has to hold is in `verify`.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

pub(crate) use super::head::OpeningRequest;
pub(crate) use super::verify::BadOpening;

use super::authority::Authority;
use super::http1::{Asked, HeadError, HeadReader};
use super::http2_server::AskedStream;
use super::{send, verify};
use crate::events::FailureKind;
use crate::request::{Header, write_fields};
use crate::wire::offer::{Agreed, Parameters};

/// What a server grants to a client.
#[derive(Debug, Default)]
pub(crate) struct Grant {
    /// One of those that the client offered.
    pub(crate) subprotocol: Option<String>,
    /// How to compress, if the client offers it.
    pub(crate) compression: Option<Parameters>,
    pub(crate) headers: Vec<Header>,
}

/// How a server rejects a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) status: u16,
    /// Of the status line, where it is not the usual one (RFC 9112, section 4).
    pub(crate) reason: Option<Box<str>>,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<u8>,
    /// Details for the user that the client does not get.
    pub(crate) why: Option<String>,
}

/// A client that was let in.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) opening: OpeningRequest,
    /// The fields of the answer.
    pub(crate) answer: Vec<Header>,
    pub(crate) subprotocol: Option<String>,
    /// What it was told of extensions.
    pub(crate) extensions: Option<String>,
    /// permessage-deflate, if it was offered and granted.
    pub(crate) deflate: Option<Agreed>,
    /// What came after the request: the first frames of a fast client.
    pub(crate) leftover: Bytes,
}

/// Why a client was not let in; it has been told, where that is possible.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Declined {
    #[error("the connection broke during the handshake")]
    Io(#[from] io::Error),
    #[error("TLS with the client failed")]
    Tls(#[source] io::Error),
    #[error("the client closed the connection before it sent a request")]
    Closed,
    #[error("the client closed the connection after {received} bytes of its request")]
    CutShort { received: usize },
    #[error("the client's request is not a WebSocket handshake")]
    BadOpening(#[from] BadOpening),
    #[error("the client was rejected with {}{}", .0.status, .0.explanation())]
    Denied(Denial),
    /// It did not request a WebSocket, and got a plain HTTP response.
    #[error("{request} was answered with {}", .answer.status)]
    Answered { request: String, answer: Denial },
    /// It did not request a WebSocket, and got the answer of the server behind a relay.
    #[error("{request} was answered with {} by the server", .answer.status)]
    Passed { request: String, answer: Denial },
    #[error("the client did not finish its handshake within {0:?} (--handshake-timeout)")]
    TooSlow(Duration),
}

/// What a client asked that was not let in, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct ClientRequestHead {
    /// The head as it came.
    pub(crate) head: String,
    pub(crate) opening: Option<OpeningRequest>,
    pub(crate) is_http2: bool,
}

/// A request that was read, and what came after it.
#[derive(Debug)]
pub(crate) struct ReadRequest {
    pub(super) asked: AskedRequest,
    /// The host that it is for.
    authority: Authority,
    pub(super) leftover: Bytes,
}

/// A request in either version of HTTP.
#[derive(Debug)]
pub(super) enum AskedRequest {
    Http1(Asked),
    Http2(AskedStream),
}

impl ReadRequest {
    pub(crate) fn opening(&self) -> &OpeningRequest {
        match &self.asked {
            AskedRequest::Http1(asked) => &asked.opening,
            AskedRequest::Http2(asked) => &asked.opening,
        }
    }

    /// The host that it is for, with the port.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn into_opening(self) -> OpeningRequest {
        match self.asked {
            AskedRequest::Http1(asked) => asked.opening,
            AskedRequest::Http2(asked) => asked.opening,
        }
    }

    /// Whether it is a sound handshake.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), BadOpening> {
        match &self.asked {
            AskedRequest::Http1(asked) => verify::opening(asked).map(drop),
            AskedRequest::Http2(asked) => asked.check(),
        }
    }

    /// The method of a request that wants no upgrade.
    pub(crate) fn plain_method(&self) -> Option<&str> {
        match &self.asked {
            AskedRequest::Http1(asked) => {
                (!asked.opening.fields.iter().any(|field| field.is("Upgrade"))).then_some(&asked.opening.method)
            }
            AskedRequest::Http2(asked) => asked.protocol.is_none().then_some(&asked.opening.method),
        }
    }

    /// Whether it asks for a page, as a browser does that was given the URL: a GET that wants no upgrade.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain_method() == Some("GET")
    }
}

/// Reads a request, without an answer; what nobody may send is refused, whatever it asks for. `head` is what came of it,
/// `begins` has been read already.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    begins: BytesMut,
    head: &mut String,
) -> Result<ReadRequest, Declined> {
    let mut reader = HeadReader::after(begins, stream);
    let asked = reader.request(head).await?;
    let authority = verify::authority(&asked)?;
    Ok(ReadRequest { asked: AskedRequest::Http1(asked), authority, leftover: reader.leftover() })
}

/// Takes a request that came over HTTP/2.
pub(crate) fn taken_request(asked: AskedStream) -> Result<ReadRequest, Declined> {
    let authority = verify::host(&asked.opening)?;
    Ok(ReadRequest { asked: AskedRequest::Http2(asked), authority, leftover: Bytes::new() })
}

/// What is granted to a sound request over HTTP/2.
pub(crate) fn grant(heard: ReadRequest, choice: Grant) -> Accepted {
    granted(heard, choice, Vec::new())
}

/// Opens the connection. The request has to be sound.
pub(crate) async fn accept<S: AsyncWrite + Unpin>(
    stream: &mut S,
    heard: ReadRequest,
    choice: Grant,
) -> Result<Accepted, Declined> {
    let AskedRequest::Http1(asked) = &heard.asked else { unreachable!("each version has its own way") };
    let fields = switching_fields(verify::opening(asked)?);
    let accepted = granted(heard, choice, fields);
    send(stream, &answer_head(101, &accepted.answer)).await?;
    Ok(accepted)
}

/// What a client gets, after these fields of the answer.
fn granted(heard: ReadRequest, choice: Grant, mut fields: Vec<Header>) -> Accepted {
    let granted = choice.compression.and_then(|own| verify::deflate(heard.opening(), &own));
    let (extensions, deflate) = granted.map(|(answer, agreed)| (answer.to_string(), agreed)).unzip();
    fields.extend(choice.subprotocol.iter().map(|name| Header::new("Sec-WebSocket-Protocol", name)));
    fields.extend(extensions.iter().map(|answer: &String| Header::new("Sec-WebSocket-Extensions", answer)));
    let (answer, leftover) = (replaced(fields, &choice.headers), heard.leftover.clone());
    Accepted { opening: heard.into_opening(), answer, subprotocol: choice.subprotocol, extensions, deflate, leftover }
}

/// Reports the client that it is rejected, if it still listens.
pub(crate) async fn reject<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, declined: &Declined) {
    if let Some(denial) = declined.denial() {
        // Whether the client still listens changes nothing: it is declined all the same.
        turn_away(stream, &denial).await.ok();
    }
}

async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, denial: &Denial) -> io::Result<()> {
    send(stream, &denial.head()).await?;
    stream.write_all(&denial.body).await?;
    stream.shutdown().await?;
    // Closing with bytes unread resets the connection, which can take the answer from the client again.
    let mut nowhere = tokio::io::sink();
    timeout(LINGER, tokio::io::copy(stream, &mut nowhere)).await.map_or(Ok(()), |read| read.map(drop))
}

fn switching_fields(key: &str) -> Vec<Header> {
    vec![
        Header::new("Upgrade", "websocket"),
        Header::new("Connection", "Upgrade"),
        Header::new("Sec-WebSocket-Accept", verify::accept(key)),
    ]
}

/// The fields, with some of them replaced and others added; one without a value takes the field away.
fn replaced(mut fields: Vec<Header>, by: &[Header]) -> Vec<Header> {
    fields.retain(|field| !by.iter().any(|other| other.is(&field.name)));
    fields.extend(by.iter().filter(|field| !field.value.is_empty()).cloned());
    fields
}

/// The head of an answer of ours, with the usual reason.
pub(crate) fn answer_head(status: u16, fields: &[Header]) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    head_with(status, reason.unwrap_or_default(), fields)
}

fn head_with(status: u16, reason: &str, fields: &[Header]) -> String {
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    write_fields(&mut head, fields);
    head
}

impl Denial {
    /// A text for the client.
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, reason: None, headers: Vec::new(), body: body.into().into_bytes(), why: None }
    }

    fn explanation(&self) -> String {
        self.why.as_ref().map_or_else(String::new, |why| format!(": {why}"))
    }

    /// The head of the answer.
    pub(crate) fn head(&self) -> String {
        match &self.reason {
            Some(reason) => head_with(self.status, reason, &self.fields()),
            None => answer_head(self.status, &self.fields()),
        }
    }

    /// The fields of the answer.
    pub(crate) fn fields(&self) -> Vec<Header> {
        let fields = vec![
            Header::new("Connection", "close"),
            Header::new("Content-Type", "text/plain; charset=utf-8"),
            Header::new("Content-Length", self.body.len().to_string()),
        ];
        replaced(fields, &self.headers)
    }
}

impl Declined {
    /// What a record calls it. Without `_`, so that each new one has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Io { .. } | Self::Closed { .. } | Self::CutShort { .. } => FailureKind::Cut,
            Self::Tls { .. } => FailureKind::Tls,
            Self::BadOpening { .. } => FailureKind::BadRequest,
            Self::Denied { .. } | Self::Answered { .. } | Self::Passed { .. } => FailureKind::Denied,
            Self::TooSlow { .. } => FailureKind::TimedOut,
        }
    }

    /// What the client is told; nothing where it is gone.
    pub(crate) fn denial(&self) -> Option<Denial> {
        match self {
            Self::Io(_) | Self::Tls(_) | Self::Closed | Self::CutShort { .. } => None,
            Self::BadOpening(bad) => {
                let headers = bad.remedy().into_iter().collect();
                Some(Denial { headers, ..Denial::new(bad.status(), format!("{bad}\n")) })
            }
            Self::Denied(denial) | Self::Answered { answer: denial, .. } | Self::Passed { answer: denial, .. } => {
                Some(denial.clone())
            }
            Self::TooSlow(_) => Some(Denial::new(408, format!("{self}\n"))),
        }
    }
}

impl From<HeadError> for Declined {
    fn from(unread: HeadError) -> Self {
        Self::BadOpening(match unread {
            HeadError::Io(error) => return Self::Io(error),
            HeadError::Closed => return Self::Closed,
            HeadError::CutShort { received } => return Self::CutShort { received: received.len() },
            HeadError::NotHttp { begins } => BadOpening::NotHttp { begins },
            HeadError::Malformed(broken) if broken.why == httparse::Error::Version => BadOpening::HttpVersion,
            HeadError::Malformed(broken) => BadOpening::Malformed(broken),
            HeadError::TooLarge => BadOpening::TooLarge,
            HeadError::TooManyFields { .. } => BadOpening::TooManyFields,
        })
    }
}

/// Enough for a client to read the response and close; nothing waits for it.
const LINGER: Duration = Duration::from_secs(1);
