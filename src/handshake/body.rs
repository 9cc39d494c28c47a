//! The body of a refusal (RFC 9112, section 6): how its end is told, and its beginning up to a bound.
//!
//! Plain code: takes bytes as they come. Reading them, and patience, belong to `http1`.

use bytes::{Buf as _, BytesMut};
use httparse::Status;

use super::head::{Response, list};

/// A body on its way.
pub(super) struct Body {
    bytes: Vec<u8>,
    end: BodyEnd,
    state: BodyState,
}

/// The result of reading a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Collected {
    pub(super) bytes: Vec<u8>,
    /// It did not come whole: longer than the bound, stalled, broken or ended early.
    pub(super) is_cut: bool,
}

/// How the end of the body is marked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    Length,
    LastChunk,
    Close,
}

enum BodyState {
    Data {
        left: u64,
    },
    ChunkSize,
    ChunkEnd,
    Whole,
    /// Too long, or invalid.
    Cut,
}

pub(super) const MAX_BODY: usize = 64 * 1024;

impl Body {
    pub(super) fn of(response: &Response) -> Self {
        let is_chunked =
            list(&response.fields, "Transfer-Encoding").any(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = response.field("Content-Length").map(str::parse);
        let (end, state) = match length {
            _ if matches!(response.status, 204 | 304) => (BodyEnd::Length, BodyState::Whole),
            _ if is_chunked => (BodyEnd::LastChunk, BodyState::ChunkSize),
            Some(Ok(left)) => (BodyEnd::Length, BodyState::Data { left }),
            // A length that is not a number is as useless as none.
            Some(Err(_)) | None => (BodyEnd::Close, BodyState::Data { left: u64::MAX }),
        };
        Self { bytes: Vec::new(), end, state }
    }

    /// Whether more may follow it on the connection.
    pub(super) fn has_marked_end(&self) -> bool {
        self.end != BodyEnd::Close
    }

    /// Takes what it can, and says whether it waits for more.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> bool {
        loop {
            self.state = match self.state {
                BodyState::Data { left: 0 } if self.end == BodyEnd::LastChunk => BodyState::ChunkEnd,
                BodyState::Data { left: 0 } => BodyState::Whole,
                BodyState::Data { .. } if input.is_empty() => return true,
                BodyState::Data { left } => self.take_data(left, input),
                BodyState::ChunkSize => match httparse::parse_chunk_size(input) {
                    // The trailers after the last chunk are of no use here.
                    Ok(Status::Complete((line, 0))) => {
                        input.advance(line);
                        BodyState::Whole
                    }
                    Ok(Status::Complete((line, left))) => {
                        input.advance(line);
                        BodyState::Data { left }
                    }
                    Ok(Status::Partial) if input.len() < MAX_CHUNK_LINE => return true,
                    Ok(Status::Partial) | Err(_) => BodyState::Cut,
                },
                BodyState::ChunkEnd if input.len() < 2 => return true,
                BodyState::ChunkEnd if input.starts_with(b"\r\n") => {
                    input.advance(2);
                    BodyState::ChunkSize
                }
                BodyState::ChunkEnd => BodyState::Cut,
                BodyState::Whole | BodyState::Cut => return false,
            };
        }
    }

    /// Nothing will follow.
    pub(super) fn closed(&mut self) {
        if self.end == BodyEnd::Close {
            self.state = BodyState::Whole;
        }
    }

    pub(super) fn collected(self) -> Collected {
        Collected { is_cut: !matches!(self.state, BodyState::Whole), bytes: self.bytes }
    }

    fn take_data(&mut self, left: u64, input: &mut BytesMut) -> BodyState {
        let here = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let room = MAX_BODY - self.bytes.len();
        self.bytes.extend_from_slice(&input.split_to(here.min(room)));
        if here > room { BodyState::Cut } else { BodyState::Data { left: left - here as u64 } }
    }
}

/// Far above any size with its extensions, and it bounds how often a line that comes byte by byte is read again.
const MAX_CHUNK_LINE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Header;

    fn body(status: u16, field: Option<Header>) -> Body {
        let (reason, head) = (String::new(), String::new());
        Body::of(&Response {
            minor_version: 1,
            status,
            reason,
            fields: field.into_iter().collect(),
            head,
            interim: Vec::new(),
        })
    }

    /// Feeds the text byte by byte and then closes.
    fn collected(mut body: Body, text: &str) -> (String, bool) {
        let mut input = BytesMut::new();
        let mut bytes = text.bytes();
        while body.take(&mut input) {
            match bytes.next() {
                Some(byte) => input.extend_from_slice(&[byte]),
                None => {
                    body.closed();
                    break;
                }
            }
        }
        let Collected { bytes, is_cut } = body.collected();
        (String::from_utf8(bytes).unwrap(), is_cut)
    }

    #[test]
    fn the_end_is_told_by_length_last_chunk_or_close() {
        for (status, field, text, expected, cut) in [
            (404, Some(("Content-Length", "3")), "abcdef", "abc", false),
            (404, Some(("content-length", "0")), "abc", "", false),
            (404, Some(("Content-Length", "9")), "abc", "abc", true),
            (404, Some(("Content-Length", "many")), "abc", "abc", false),
            (404, Some(("Content-Length", "99999999999999999999")), "abc", "abc", false),
            (404, None, "abc", "abc", false),
            (204, Some(("Content-Length", "3")), "abc", "", false),
            (304, None, "abc", "", false),
            (401, Some(("Transfer-Encoding", "Chunked")), "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde", false),
            (401, Some(("Transfer-Encoding", "gzip, chunked")), "1\r\na\r\n", "a", true),
            (401, Some(("Transfer-Encoding", "chunked")), "no size\r\n", "", true),
            (401, Some(("Transfer-Encoding", "chunked")), "1\r\nab", "a", true),
            (401, Some(("Transfer-Encoding", "chunked")), "ffffffffffffffff\r\nabc", "abc", true),
            (401, Some(("Transfer-Encoding", "chunked")), "fffffffffffffffff\r\nabc", "", true),
        ] {
            let body = body(status, field.map(|(name, value)| Header::new(name, value)));
            assert_eq!(collected(body, text), (expected.to_owned(), cut), "{status} {field:?} {text:?}");
        }
    }

    #[test]
    fn a_body_as_long_as_the_bound_is_whole_and_a_longer_one_is_cut() {
        let whole = "x".repeat(MAX_BODY);
        assert_eq!(collected(body(500, None), &whole), (whole.clone(), false));
        assert_eq!(collected(body(500, None), &format!("{whole}y")), (whole, true));
    }

    #[test]
    fn a_chunk_size_without_end_is_given_up() {
        let (bytes, cut) = collected(body(500, Some(Header::new("Transfer-Encoding", "chunked"))), &"1;".repeat(5000));
        assert_eq!((bytes.as_str(), cut), ("", true));
    }
}
