//! The server's side of an opening over HTTP/2 (RFC 8441, section 5): what a stream asks for, and the heads of answers.

use std::fmt::Write as _;

use h2::ext::Protocol;
use http::{HeaderName, HeaderValue, Request, Response};

use super::head::OpeningRequest;
use super::http2::{OF_HTTP1, fields_of};
use super::verify::{self, BadOpening};
use crate::request::{Header, write_fields};

/// A request that opens a stream.
#[derive(Debug)]
pub(crate) struct AskedStream {
    /// Of an extended CONNECT.
    pub(super) protocol: Option<String>,
    pub(super) opening: OpeningRequest,
    head: String,
}

impl AskedStream {
    pub(crate) fn of(request: &Request<()>) -> Self {
        let (method, uri) = (request.method().as_str().to_owned(), request.uri());
        let protocol = request.extensions().get::<Protocol>().map(|protocol| protocol.as_str().to_owned());
        let resource = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut fields = fields_of(request.headers());
        let mut head = format!(":method: {method}\r\n");
        if let Some(protocol) = &protocol {
            write!(head, ":protocol: {protocol}\r\n").expect("a String takes all");
        }
        if let Some(scheme) = uri.scheme_str() {
            write!(head, ":scheme: {scheme}\r\n").expect("a String takes all");
        }
        let authority = uri.authority().map(|authority| authority.as_str());
        write!(head, ":authority: {}\r\n:path: {resource}\r\n", authority.unwrap_or_default())
            .expect("a String takes all");
        write_fields(&mut head, &fields);
        // It says what Host says in HTTP/1.1, and goes before it (RFC 9113, section 8.3.1).
        if let Some(authority) = authority {
            fields.retain(|field| !field.is("Host"));
            fields.insert(0, Header::new("Host", authority));
        }
        Self { protocol, opening: OpeningRequest { method, resource, fields }, head }
    }

    /// The pseudo-header fields and the others, as they came.
    pub(crate) fn head(&self) -> &str {
        &self.head
    }

    /// Whether it is a sound handshake.
    pub(super) fn check(&self) -> Result<(), BadOpening> {
        match &self.protocol {
            None => Err(BadOpening::Method { got: self.opening.method.clone() }),
            Some(protocol) if !protocol.eq_ignore_ascii_case("websocket") => {
                Err(BadOpening::Protocol { got: protocol.clone() })
            }
            Some(_) => verify::version(&self.opening.fields),
        }
    }
}

/// The head of an answer of ours; what belongs to HTTP/1.1 is left out.
pub(crate) fn answer(status: u16, fields: &[Header]) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for field in fields.iter().filter(|field| !OF_HTTP1.iter().any(|name| field.is(name))) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(&field.name), HeaderValue::try_from(&field.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The same as it is shown.
pub(crate) fn shown_answer(status: u16, fields: &[Header]) -> String {
    super::http2::head_of(&answer(status, fields)).head
}
