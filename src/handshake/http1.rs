//! HTTP/1 as it comes from the wire: finds the end of a head, has `httparse` read it, and collects a body.
//!
//! Owns the bytes that were read too far. What a head has to say is checked in `verify`.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use httparse::{EMPTY_HEADER, Status};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};

use super::body::{Body, Collected};
use super::broken::{self, BrokenHead};
use super::head::{OpeningRequest, Response};
use super::refusal::{Refusal, SentRequest};
use crate::request::Header;

/// An `OpeningRequest` with what of the request line is only checked.
#[derive(Debug)]
pub(super) struct Asked {
    /// 1 for HTTP/1.1
    pub(super) minor_version: u8,
    /// `httparse` takes one for the end of a line; others do not.
    pub(super) has_bare_line_feed: bool,
    pub(super) opening: OpeningRequest,
}

/// Why no head could be read; `mod` says it to who opens, `server` to who accepts.
#[derive(Debug)]
pub(super) enum HeadError {
    Io(io::Error),
    Closed,
    CutShort { received: Bytes },
    NotHttp { begins: Bytes },
    Malformed(BrokenHead),
    TooLarge,
    TooManyFields { head: Bytes },
}

/// A stream and what was read of it too far.
pub(super) struct HeadReader<'s, S> {
    stream: &'s mut S,
    buffer: BytesMut,
    /// What heads may still take; one for all of them, as a server may send 1xx without end.
    head_room: usize,
}

pub(super) const MAX_HEAD: usize = 64 * 1024;

pub(super) const MAX_FIELDS: usize = 256;

impl<'s, S: AsyncRead + Unpin> HeadReader<'s, S> {
    pub(super) fn new(stream: &'s mut S) -> Self {
        Self::after(BytesMut::new(), stream)
    }

    /// The same where this has been read already.
    pub(super) fn after(buffer: BytesMut, stream: &'s mut S) -> Self {
        Self { stream, buffer, head_room: MAX_HEAD }
    }

    /// The next final answer.
    pub(super) async fn response(&mut self) -> Result<Response, HeadError> {
        let mut interim = Vec::new();
        loop {
            let mut response = parse_response(self.head(may_begin_response).await?)?;
            if response.status == 101 || !(100..200).contains(&response.status) {
                response.interim = interim;
                return Ok(response);
            }
            interim.push(response.head);
        }
    }

    /// A request; `seen` is its head, as far as it came.
    pub(super) async fn request(&mut self, seen: &mut String) -> Result<Asked, HeadError> {
        let head = self.head(may_begin_request).await;
        let came = match &head {
            Ok(head) | Err(HeadError::CutShort { received: head }) => head,
            Err(_) => &self.buffer[..],
        };
        *seen = String::from_utf8_lossy(came).into_owned();
        parse_request(head?)
    }

    /// A refusal with its body. What comes after that, but for the end of the last chunk, was not asked for.
    pub(super) async fn refusal(&mut self, response: Response, sent: SentRequest) -> Refusal {
        let (body, is_marked) = self.body(&response).await;
        let is_clean = self.buffer.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        let keeps_open = is_marked && is_clean && !body.is_cut && response.stays_open();
        Refusal { keeps_open, ..Refusal::new(response, body, sent) }
    }

    /// The body's beginning, and whether it has an end but that of the connection. What came is returned, however it ends.
    async fn body(&mut self, response: &Response) -> (Collected, bool) {
        let mut body = Body::of(response);
        let is_marked = body.has_marked_end();
        let deadline = Instant::now() + BODY_TIME;
        while body.take(&mut self.buffer) {
            let until = deadline.min(Instant::now() + BODY_STALL);
            match timeout_at(until, self.fill()).await {
                Ok(Ok(0)) => {
                    body.closed();
                    break;
                }
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => break,
            }
        }
        (body.collected(), is_marked)
    }

    /// What was read after the last head.
    pub(super) fn leftover(self) -> Bytes {
        self.buffer.freeze()
    }

    async fn head(&mut self, may_begin: fn(&[u8]) -> bool) -> Result<Bytes, HeadError> {
        // Where the search continues, so that a head that comes byte by byte is looked at once.
        let mut seen = 0;
        loop {
            // RFC 9112, 2.2: be patient with line ends before a head.
            let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.buffer.advance(blank);
            if !may_begin(&self.buffer) {
                return Err(HeadError::NotHttp { begins: self.first_line() });
            }
            match end_of_head(&self.buffer, seen) {
                Some(end) if end <= self.head_room => {
                    self.head_room -= end;
                    return Ok(self.buffer.split_to(end).freeze());
                }
                Some(_) => return Err(HeadError::TooLarge),
                None if self.buffer.len() > self.head_room => return Err(HeadError::TooLarge),
                None => seen = self.buffer.len().saturating_sub(2),
            }
            match self.fill().await {
                Ok(0) if self.buffer.is_empty() => return Err(HeadError::Closed),
                Ok(0) => return Err(HeadError::CutShort { received: self.buffer.split().freeze() }),
                Ok(_) => {}
                Err(error) => return Err(HeadError::Io(error)),
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ_SIZE);
        match self.stream.read_buf(&mut self.buffer).await {
            // A TLS peer that closes without saying so is as gone as any other.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        }
    }

    /// What to show of a peer that speaks something else.
    fn first_line(&self) -> Bytes {
        let line = self.buffer[..].split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        Bytes::copy_from_slice(&line[..line.len().min(SHOWN)])
    }
}

/// The end of the empty line that closes a head, looked for from `seen` on.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    // memchr would ask first what the CPU can do, and a virtual machine takes longer to tell than this to look.
    let ends = (seen..bytes.len()).filter(|at| bytes[*at] == b'\n');
    ends.map(|at| at + 1).find_map(|line| match bytes[line..] {
        [b'\n', ..] => Some(line + 1),
        [b'\r', b'\n', ..] => Some(line + 2),
        _ => None,
    })
}

/// Detected by the first bytes: a peer with another protocol may wait for us and never send an empty line.
fn may_begin_response(bytes: &[u8]) -> bool {
    let version = b"HTTP/1.";
    bytes.iter().zip(version).all(|(byte, expected)| byte == expected)
}

/// TLS and other binary protocols do not begin with a letter, methods do.
fn may_begin_request(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(u8::is_ascii_alphabetic)
}

fn parse_response(head: Bytes) -> Result<Response, HeadError> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let complete = match parsed.parse(&head) {
        Ok(complete) => complete,
        Err(error) => return Err(unread(error, head, broken::in_response)),
    };
    let (Status::Complete(_), Some(status), Some(minor_version)) = (complete, parsed.code, parsed.version) else {
        return Err(unread(httparse::Error::Status, head, broken::in_response));
    };
    let fields = fields_of(parsed.headers);
    let head = String::from_utf8_lossy(&head).into_owned();
    // Not httparse's, which is empty when it is not ASCII.
    let reason = head.lines().next().and_then(|line| line.splitn(3, ' ').nth(2)).unwrap_or_default().to_owned();
    Ok(Response { minor_version, status, reason, fields, head, interim: Vec::new() })
}

fn parse_request(head: Bytes) -> Result<Asked, HeadError> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let complete = match parsed.parse(&head) {
        Ok(complete) => complete,
        Err(error) => return Err(unread(error, head, broken::in_request)),
    };
    let (Status::Complete(_), Some(method), Some(resource), Some(minor_version)) =
        (complete, parsed.method, parsed.path, parsed.version)
    else {
        return Err(unread(httparse::Error::Token, head, broken::in_request));
    };
    let (method, resource) = (method.to_owned(), resource.to_owned());
    let opening = OpeningRequest { method, resource, fields: fields_of(parsed.headers) };
    let has_bare_line_feed = head.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r');
    Ok(Asked { minor_version, has_bare_line_feed, opening })
}

fn unread(error: httparse::Error, head: Bytes, find: fn(httparse::Error, Bytes) -> BrokenHead) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooManyFields { head },
        error => HeadError::Malformed(find(error, head)),
    }
}

fn fields_of(parsed: &[httparse::Header<'_>]) -> Vec<Header> {
    parsed.iter().map(|field| Header::new(field.name, String::from_utf8_lossy(field.value))).collect()
}

const READ_SIZE: usize = 4096;

/// How much of a line that is not HTTP goes into the message.
const SHOWN: usize = 80;

/// A body that stands still this long is taken for all there is, so that the status is shown before the caller's
/// limit on the whole handshake takes both away.
pub(super) const BODY_STALL: Duration = Duration::from_secs(2);

/// The same for one that drips without end, as an event stream does.
pub(super) const BODY_TIME: Duration = Duration::from_secs(5);
