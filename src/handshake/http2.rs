//! The opening handshake over HTTP/2 (RFC 8441, section 5): an extended CONNECT, and any 2xx as its answer.
//!
//! Owns what the request and the answer look like there; the frames are `http2`'s.

use std::io;

use bytes::{Bytes, BytesMut};
use h2::ext::Protocol;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request as HttpRequest, Uri};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};

use super::body::{Collected, MAX_BODY};
use super::http1::{BODY_STALL, BODY_TIME};
use super::verify::{self, Agreement};
use super::{Answer, HandshakeError, Refusal, Response, SentRequest, Switched};
use crate::http2::client::{ClientStream, Http2Answer, Http2Client, NoSettings};
use crate::http2::fault::Http2Fault;
use crate::message::failure_kind::FailureKind;
use crate::request::{Header, Request, write_fields};
use crate::transport::Duplex;

/// Why there is no WebSocket over HTTP/2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Http2Refusal {
    #[error("the server chose {} by ALPN, not HTTP/2", chosen.as_deref().map_or_else(|| "nothing".to_owned(), |name| format!("`{name}`")))]
    NotChosen { chosen: Option<String> },
    #[error("without TLS, there is nothing to choose HTTP/2 with")]
    NoAlpn,
    #[error("the server does not speak HTTP/2: its answer begins with `{}`", begins.escape_ascii())]
    NotSpoken { begins: Bytes },
    #[error("the server closed the connection before it sent its SETTINGS")]
    Silent,
    #[error("the server speaks HTTP/2, but takes no WebSockets over it: SETTINGS_ENABLE_CONNECT_PROTOCOL is not 1")]
    NoConnectProtocol,
    #[error("HTTP/2 cannot carry {what}")]
    Unsendable { what: String },
    #[error(transparent)]
    Fault(#[from] Http2Fault),
}

impl Http2Refusal {
    /// The exit status that the manual promises. Without `_`, so that each new one has to choose.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unsendable { .. } => 2,
            Self::NotChosen { .. } | Self::NoAlpn | Self::NotSpoken { .. } => 3,
            Self::NoConnectProtocol => 4,
            Self::Silent | Self::Fault(_) => 5,
        }
    }

    /// What a record calls it. Without `_`, so that each new one has to choose.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Unsendable { .. } => FailureKind::Usage,
            Self::NoConnectProtocol => FailureKind::Refused,
            Self::NotChosen { .. } | Self::NoAlpn | Self::NotSpoken { .. } | Self::Silent | Self::Fault(_) => {
                FailureKind::Handshake
            }
        }
    }

    /// Whether the same server may still have WebSockets over HTTP/1.1.
    pub(crate) fn leaves_http1(&self) -> bool {
        match self {
            Self::NoConnectProtocol => true,
            Self::Fault(fault) => fault.wants_http1(),
            _ => false,
        }
    }

    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Fault(fault) => fault.may_pass(),
            _ => false,
        }
    }

    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotChosen { .. } | Self::NotSpoken { .. } => Some("--http1.1 does without"),
            Self::NoConnectProtocol => Some("--http1.1 does without; servers have a switch for RFC 8441"),
            Self::Silent => Some("does it speak HTTP/2 on this port?"),
            Self::NoAlpn => Some("use --http2-prior-knowledge for ws://"),
            Self::Fault(fault) if fault.wants_http1() => Some("use --http1.1"),
            Self::Unsendable { .. } | Self::Fault(_) => None,
        }
    }
}

impl From<NoSettings> for HandshakeError {
    fn from(missing: NoSettings) -> Self {
        match missing {
            NoSettings::Other(begins) => Http2Refusal::NotSpoken { begins: first_line(&begins) }.into(),
            NoSettings::Closed => Http2Refusal::Silent.into(),
            NoSettings::Fault(fault) => fault.into(),
        }
    }
}

impl From<Http2Fault> for HandshakeError {
    fn from(fault: Http2Fault) -> Self {
        match fault {
            fault if fault.is_end() => Self::Closed,
            Http2Fault::Io(error) => Self::Io(error),
            fault => Self::OverHttp2(fault.into()),
        }
    }
}

/// What to show of a peer that speaks something else.
fn first_line(begins: &Bytes) -> Bytes {
    let line = begins.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    begins.slice_ref(&line[..line.len().min(SHOWN)])
}

const SHOWN: usize = 80;

/// An extended CONNECT, ready to be sent.
pub(crate) struct ConnectRequest<'r> {
    request: &'r Request,
    extended: HttpRequest<()>,
}

/// Fields that belong to HTTP/1.1 (RFC 9113, section 8.2.2; RFC 8441, section 5), and the host, which has its pseudo-header.
pub(super) const OF_HTTP1: [&str; 7] =
    ["Host", "Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Sec-WebSocket-Key"];

impl<'r> ConnectRequest<'r> {
    /// # Errors
    /// There is something in it that HTTP/2 cannot carry.
    pub(crate) fn new(request: &'r Request, is_tls: bool) -> Result<Self, Http2Refusal> {
        let unsendable = |what: String| Http2Refusal::Unsendable { what };
        let host = request.field("Host").unwrap_or_default();
        let authority = Authority::try_from(host).map_err(|_| unsendable(format!("the host `{host}`")))?;
        let scheme = if is_tls { "https" } else { "http" };
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(request.resource()).build();
        let uri = uri.map_err(|_| unsendable("this path".to_owned()))?;
        let mut extended = HttpRequest::new(());
        *extended.method_mut() = Method::CONNECT;
        *extended.uri_mut() = uri;
        extended.extensions_mut().insert(Protocol::from_static("websocket"));
        for field in request.fields().iter().filter(|field| !OF_HTTP1.iter().any(|name| field.is(name))) {
            let name = HeaderName::try_from(&field.name);
            let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(&field.value)) else {
                return Err(unsendable(format!("the header `{}`", field.name)));
            };
            extended.headers_mut().append(name, value);
        }
        Ok(Self { request, extended })
    }

    /// The pseudo-header fields and the others, as they are sent.
    pub(crate) fn head(&self) -> String {
        let uri = self.extended.uri();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut head = format!(
            ":method: CONNECT\r\n:protocol: websocket\r\n:scheme: {}\r\n:authority: {}\r\n:path: {path}\r\n",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", Authority::as_str),
        );
        write_fields(&mut head, &fields_of(self.extended.headers()));
        head
    }

    /// The connection, if the server takes such requests on it.
    ///
    /// # Errors
    /// It does not, and was left.
    pub(crate) async fn admitted<S: Duplex>(
        &self,
        mut client: Http2Client<S>,
    ) -> Result<Http2Client<S>, HandshakeError> {
        if client.takes_connect().await? {
            return Ok(client);
        }
        client.leave();
        Err(Http2Refusal::NoConnectProtocol.into())
    }

    /// Sends it and reads the answer. What it opens is a stream of bytes.
    pub(crate) async fn open<S: Duplex + Send + 'static>(
        self,
        client: Http2Client<S>,
    ) -> Result<(Answer, ClientStream<S>), HandshakeError> {
        let Http2Answer { interim, response, mut stream } = client.ask(self.extended).await?;
        let interim = interim.iter().map(|response| head_of(response).head).collect();
        let response = Response { interim, ..head_of(&response) };
        if !(200..300).contains(&response.status) {
            let body = body(&mut stream).await;
            return Ok((Answer::Refused(Refusal::new(response, body, SentRequest::of(self.request))), stream));
        }
        match verify::agreement(self.request, &response) {
            Ok(Agreement { subprotocol, deflate }) => {
                let switched = Switched { response, subprotocol, deflate, leftover: Bytes::new() };
                Ok((Answer::Switched(switched), stream))
            }
            Err(source) => Err(HandshakeError::BadAnswer { response: Box::new(response), source }),
        }
    }
}

pub(super) fn head_of(response: &http::Response<()>) -> Response {
    let (status, fields) = (response.status().as_u16(), fields_of(response.headers()));
    let mut head = format!(":status: {status}\r\n");
    write_fields(&mut head, &fields);
    Response { minor_version: 1, status, reason: String::new(), fields, head, interim: Vec::new() }
}

pub(super) fn fields_of(headers: &HeaderMap) -> Vec<Header> {
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        Header::new(name.as_str(), String::from_utf8_lossy(value.as_bytes()))
    };
    headers.iter().map(field).collect()
}

/// The body's beginning. What came is returned, however it ends.
async fn body(stream: &mut (impl AsyncRead + Unpin)) -> Collected {
    let (mut bytes, deadline) = (BytesMut::new(), Instant::now() + BODY_TIME);
    let is_whole = loop {
        if bytes.len() > MAX_BODY {
            break false;
        }
        let until = deadline.min(Instant::now() + BODY_STALL);
        let read: Result<io::Result<usize>, _> = timeout_at(until, stream.read_buf(&mut bytes)).await;
        match read {
            Ok(Ok(0)) => break true,
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => break false,
        }
    };
    bytes.truncate(MAX_BODY);
    Collected { bytes: bytes.into(), is_cut: !is_whole }
}
