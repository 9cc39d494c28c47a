//! What makes a handshake sound: of an answer (RFC 6455, section 4.1) and of a request (section 4.2.1).
//!
//! Plain code: looks at parsed heads and says what is wrong with them.

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use bytes::Bytes;
use sha1_smol::Sha1;

use super::authority::Authority;
use super::broken::BrokenHead;
use super::head::{OpeningRequest, Response, list, values};
use super::http1::{Asked, MAX_FIELDS, MAX_HEAD};
use crate::masking;
use crate::request::{Header, Request};
use crate::wire::offer::{self, Agreed, BadTerms};

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// What is wrong with a 101.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error("the version is HTTP/1.{minor}, expected HTTP/1.1")]
    HttpVersion { minor: u8 },
    #[error("`Upgrade` is {}, expected `websocket`", shown(.got))]
    Upgrade { got: Vec<String> },
    #[error("`Connection` is {}, expected `Upgrade`", shown(.got))]
    Connection { got: Vec<String> },
    #[error("`Sec-WebSocket-Accept` is {}, expected `{expected}`", shown(.got))]
    Accept { got: Vec<String>, expected: String },
    #[error("the server chose the subprotocol `{got}`, expected {}", offered(.asked))]
    Subprotocol { got: String, asked: Vec<String> },
    #[error("the server chose several subprotocols, {}, expected at most one", shown(.got))]
    SeveralSubprotocols { got: Vec<String> },
    #[error("the server uses the extension `{got}`, expected {}", offered(.asked))]
    Extension { got: String, asked: Vec<String> },
    #[error("the server's compression parameters are invalid")]
    Compression(#[from] BadTerms),
    #[error("the server does not compress (--compress required)")]
    Uncompressed,
}

/// What a good answer agrees on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) subprotocol: Option<String>,
    pub(super) deflate: Option<Agreed>,
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadOpening {
    #[error("the request begins with `{}`, expected HTTP", begins.escape_ascii())]
    NotHttp { begins: Bytes },
    #[error("the request is not valid HTTP: {0}")]
    Malformed(BrokenHead),
    #[error("the head of the request is longer than {} KiB", MAX_HEAD / 1024)]
    TooLarge,
    #[error("the request has more than {MAX_FIELDS} header fields")]
    TooManyFields,
    #[error("the method is `{got}`, expected `GET`")]
    Method { got: String },
    #[error("`:protocol` is `{got}`, expected `websocket`")]
    Protocol { got: String },
    #[error("the version of HTTP is not 1.1")]
    HttpVersion,
    #[error("a line of the request ends with a line feed alone, expected CRLF")]
    BareLineFeed,
    #[error("`Host` is {}, expected exactly one host", shown(.got))]
    Host { got: Vec<String> },
    #[error("the request has {count} fields `{name}`, expected at most one")]
    Several { name: &'static str, count: usize },
    #[error("the request has a body, expected none with `Upgrade`")]
    Body,
    #[error("`Upgrade` is {}, expected `websocket`", shown(.got))]
    Upgrade { got: Vec<String> },
    #[error("`Connection` is {}, expected `Upgrade`", shown(.got))]
    Connection { got: Vec<String> },
    #[error("`Sec-WebSocket-Version` is {}, expected `13`", shown(.got))]
    WebSocketVersion { got: Vec<String> },
    #[error("`Sec-WebSocket-Key` is {}, expected 16 bytes in base64", shown(.got))]
    Key { got: Vec<String> },
}

impl BadOpening {
    /// The answer it gets.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::NotHttp { .. }
            | Self::Malformed(_)
            | Self::BareLineFeed
            | Self::Host { .. }
            | Self::Several { .. }
            | Self::Body
            | Self::Key { .. } => 400,
            Self::Method { .. } => 405,
            Self::Upgrade { .. } | Self::Connection { .. } | Self::WebSocketVersion { .. } => 426,
            Self::TooLarge | Self::TooManyFields => 431,
            Self::Protocol { .. } => 501,
            Self::HttpVersion => 505,
        }
    }

    /// The field that tells the client what to do instead.
    pub(super) fn remedy(&self) -> Option<Header> {
        match self {
            Self::Method { .. } => Some(Header::new("Allow", "GET")),
            Self::Upgrade { .. } | Self::Connection { .. } => Some(Header::new("Upgrade", "websocket")),
            Self::WebSocketVersion { .. } => Some(Header::new("Sec-WebSocket-Version", "13")),
            Self::NotHttp { .. }
            | Self::Malformed(_)
            | Self::TooLarge
            | Self::TooManyFields
            | Self::HttpVersion
            | Self::Protocol { .. }
            | Self::BareLineFeed
            | Self::Host { .. }
            | Self::Several { .. }
            | Self::Body
            | Self::Key { .. } => None,
        }
    }
}

/// What `Sec-WebSocket-Accept` answers to this key (RFC 6455, section 4.2.2).
pub(super) fn accept(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    // Not ring's: that asks first what the CPU can do, which takes long in a virtual machine.
    BASE64.encode(Sha1::from(text).digest().bytes())
}

/// Checks a 101 against its request.
pub(super) fn answer(request: &Request, response: &Response) -> Result<Agreement, BadAnswer> {
    let fields = &response.fields;
    // RFC 9110, 7.8: a switch of protocols needs HTTP/1.1.
    if response.minor_version != 1 {
        return Err(BadAnswer::HttpVersion { minor: response.minor_version });
    }
    // RFC 6455, section 4.1: the value is `websocket`, and no list in which it stands.
    if list(fields, "Upgrade").count() != 1 || !has_token(fields, "Upgrade", "websocket") {
        return Err(BadAnswer::Upgrade { got: all(fields, "Upgrade") });
    }
    if !has_token(fields, "Connection", "Upgrade") {
        return Err(BadAnswer::Connection { got: all(fields, "Connection") });
    }
    let (got, expected) = (all(fields, "Sec-WebSocket-Accept"), accept(request.key()));
    if got != [expected.as_str()] {
        return Err(BadAnswer::Accept { got, expected });
    }
    agreement(request, response)
}

/// Checks what an answer grants against what was asked for.
pub(super) fn agreement(request: &Request, response: &Response) -> Result<Agreement, BadAnswer> {
    let fields = &response.fields;
    let asked: Vec<String> = request.extensions().map(str::to_owned).collect();
    let mut granted = offer::names(values(fields, EXTENSIONS));
    if let Some(got) = granted.find(|name| !asked.iter().any(|asked| asked.eq_ignore_ascii_case(name))) {
        return Err(BadAnswer::Extension { got: got.to_owned(), asked });
    }
    let deflate = offer::answered(&request.deflate_offers(), values(fields, EXTENSIONS))?;
    if deflate.is_none() && request.requires_compression() {
        return Err(BadAnswer::Uncompressed);
    }
    Ok(Agreement { subprotocol: subprotocol(request, fields)?, deflate })
}

/// Checks what no request may leave open, and returns the host that it is for.
///
/// Where two readers of a request may understand it in two ways, one of them being a proxy before us, it is refused.
pub(super) fn authority(asked: &Asked) -> Result<Authority, BadOpening> {
    if asked.has_bare_line_feed {
        return Err(BadOpening::BareLineFeed);
    }
    host(&asked.opening)
}

/// The same of the fields alone.
pub(super) fn host(opening: &OpeningRequest) -> Result<Authority, BadOpening> {
    let fields = &opening.fields;
    for name in ["Origin", "Authorization"] {
        let count = values(fields, name).count();
        if count > 1 {
            return Err(BadOpening::Several { name, count });
        }
    }
    let mut hosts = values(fields, "Host");
    let host = hosts.next().filter(|_| hosts.next().is_none()).and_then(Authority::from_text);
    host.ok_or_else(|| BadOpening::Host { got: all(fields, "Host") })
}

/// Checks a request and returns its key.
pub(super) fn opening(asked: &Asked) -> Result<&str, BadOpening> {
    let fields = &asked.opening.fields;
    if asked.opening.method != "GET" {
        return Err(BadOpening::Method { got: asked.opening.method.clone() });
    }
    if asked.minor_version != 1 {
        return Err(BadOpening::HttpVersion);
    }
    if !has_token(fields, "Upgrade", "websocket") {
        return Err(BadOpening::Upgrade { got: all(fields, "Upgrade") });
    }
    if !has_token(fields, "Connection", "Upgrade") {
        return Err(BadOpening::Connection { got: all(fields, "Connection") });
    }
    if has_body(fields) {
        return Err(BadOpening::Body);
    }
    version(fields)?;
    let mut keys = values(fields, "Sec-WebSocket-Key");
    match (keys.next(), keys.next()) {
        (Some(key), None) if BASE64.decode(key.as_bytes()).is_ok_and(|nonce| nonce.len() == 16) => Ok(key),
        _ => Err(BadOpening::Key { got: all(fields, "Sec-WebSocket-Key") }),
    }
}

/// Checks the version of the WebSocket protocol.
pub(super) fn version(fields: &[Header]) -> Result<(), BadOpening> {
    if values(fields, "Sec-WebSocket-Version").eq(["13"]) {
        return Ok(());
    }
    Err(BadOpening::WebSocketVersion { got: all(fields, "Sec-WebSocket-Version") })
}

fn subprotocol(request: &Request, fields: &[Header]) -> Result<Option<String>, BadAnswer> {
    let fields = all(fields, "Sec-WebSocket-Protocol");
    let Some(got) = fields.first() else {
        return Ok(None);
    };
    if fields.len() > 1 || got.contains(',') {
        let shown = |value: &String| masking::field("Sec-WebSocket-Protocol", value);
        return Err(BadAnswer::SeveralSubprotocols { got: fields.iter().map(shown).collect() });
    }
    let asked: Vec<String> = request.subprotocols().map(str::to_owned).collect();
    if !asked.contains(got) {
        let got = masking::chosen_subprotocol(got, request.subprotocols());
        return Err(BadAnswer::Subprotocol { got, asked: masking::subprotocols(&asked.join(",")).shown });
    }
    Ok(Some(got.clone()))
}

/// As a server: the answer to the first offer of permessage-deflate that makes sense, and what it means.
pub(super) fn deflate(asked: &OpeningRequest, own: &offer::Parameters) -> Option<(offer::Parameters, Agreed)> {
    offer::offers(values(&asked.fields, EXTENSIONS)).first().map(|offer| offer.accepted(own))
}

/// Its frames could be taken for a body, or a body for frames.
fn has_body(fields: &[Header]) -> bool {
    values(fields, "Transfer-Encoding").next().is_some() || list(fields, "Content-Length").any(|length| length != "0")
}

fn has_token(fields: &[Header], name: &str, token: &str) -> bool {
    list(fields, name).any(|item| item.eq_ignore_ascii_case(token))
}

fn all(fields: &[Header], name: &str) -> Vec<String> {
    values(fields, name).map(str::to_owned).collect()
}

fn shown(values: &[String]) -> String {
    match values {
        [] => "missing".to_owned(),
        values => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
    }
}

fn offered(asked: &[String]) -> String {
    match asked {
        [] => "none, because none was requested".to_owned(),
        asked => format!("one of {}", shown(asked)),
    }
}
