//! HTTP requests that want no WebSocket, on their way through a relay (RFC 9110, section 7.6).
//!
//! Owns how long the bodies are. One request for each connection: what follows the first is not read.

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncRead;

use super::HandshakeError;
use super::head::{Response, values};
use super::http1::HeadReader;
use super::server::{AskedRequest, Denial, ReadRequest};
use crate::request::Header;

/// What is passed on of a request beside its fields.
#[derive(Debug)]
pub(crate) struct PassedRequest {
    pub(crate) method: String,
    pub(crate) version: &'static str,
    pub(crate) body_length: u64,
    /// The beginning of the body, and what else has been read.
    pub(crate) begins: Bytes,
}

impl PassedRequest {
    /// Its method and path, to be told.
    pub(crate) fn named(&self, resource: &str) -> String {
        format!("{} {}", self.method, resource.split('?').next().unwrap_or_default())
    }
}

impl ReadRequest {
    /// What is passed on of it, unless it wants a WebSocket or came over HTTP/2.
    ///
    /// # Errors
    /// Where its body ends is not said beforehand.
    pub(crate) fn passed(&self) -> Option<Result<PassedRequest, Denial>> {
        let method = self.plain_method()?.to_owned();
        let AskedRequest::Http1(asked) = &self.asked else { return None };
        let version = if asked.minor_version == 0 { "HTTP/1.0" } else { "HTTP/1.1" };
        let length = body_length(&asked.opening.fields);
        let passed = |body_length| PassedRequest { method, version, body_length, begins: self.leftover.clone() };
        Some(length.map(passed))
    }
}

/// How long the body of a request is (RFC 9112, section 6.3).
fn body_length(fields: &[Header]) -> Result<u64, Denial> {
    if values(fields, "Transfer-Encoding").next().is_some() {
        return Err(Denial::new(411, "this relay passes on bodies of a known length only (Content-Length)\n"));
    }
    let mut lengths = values(fields, "Content-Length");
    let Some(length) = lengths.next() else { return Ok(0) };
    let is_one = length.bytes().all(|byte| byte.is_ascii_digit()) && lengths.all(|other| other == length);
    let length = length.parse().ok().filter(|_| is_one);
    length.ok_or_else(|| Denial::new(400, "the Content-Length is not a number\n"))
}

/// Reads the head of the answer, and what else comes with it.
///
/// # Errors
/// It is none.
pub(crate) async fn answer_to_passed(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<(Response, Bytes), HandshakeError> {
    let mut reader = HeadReader::after(BytesMut::new(), stream);
    let response = reader.response().await?;
    Ok((response, reader.leftover()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_body_is_one_number_or_nothing() {
        let length = |fields: &[(&str, &str)]| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| Header::new(name, *value)).collect();
            body_length(&fields).map_err(|denial| denial.status)
        };
        assert_eq!(length(&[]), Ok(0));
        assert_eq!(length(&[("content-length", "12"), ("Content-Length", "12")]), Ok(12));
        for bad in ["+1", "", "1, 2", "99999999999999999999999"] {
            assert_eq!(length(&[("Content-Length", bad)]), Err(400), "{bad}");
        }
        assert_eq!(length(&[("Content-Length", "1"), ("Content-Length", "2")]), Err(400));
        assert_eq!(length(&[("Transfer-Encoding", "chunked"), ("Content-Length", "2")]), Err(411));
    }
}
