//! A head that is not HTTP: which of its lines is wrong, so that it can be shown.
//!
//! Plain code: `httparse` says what is wrong, and not where.

use std::fmt;

use bytes::Bytes;
use httparse::{EMPTY_HEADER, Error};

use crate::masking;

/// A head that could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokenHead {
    /// As it was received.
    pub(crate) head: Bytes,
    pub(crate) why: Error,
    /// The line that is wrong, the first is 1.
    line: usize,
}

/// How much of the line is told.
const SHOWN: usize = 80;

pub(super) fn in_response(why: Error, head: Bytes) -> BrokenHead {
    let is_sound = |head: &[u8]| httparse::Response::new(&mut [EMPTY_HEADER]).parse(head).is_ok();
    BrokenHead { line: broken_line(&head, is_sound), why, head }
}

pub(super) fn in_request(why: Error, head: Bytes) -> BrokenHead {
    let is_sound = |head: &[u8]| httparse::Request::new(&mut [EMPTY_HEADER]).parse(head).is_ok();
    BrokenHead { line: broken_line(&head, is_sound), why, head }
}

/// The first line that is wrong beside a sound first line, or the first one itself.
fn broken_line(head: &[u8], is_sound: impl Fn(&[u8]) -> bool) -> usize {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if !is_sound(&[first, b"\r\n"].concat()) {
        return 1;
    }
    let wrong = lines.position(|line| !is_sound(&[first, line, b"\r\n"].concat()));
    wrong.map_or(1, |at| at + 2)
}

impl BrokenHead {
    /// The line that is wrong, as it may be shown.
    fn text(&self) -> Vec<u8> {
        let line_of = |head: &[u8]| {
            let line = head.split(|byte| *byte == b'\n').nth(self.line - 1).unwrap_or_default();
            line.strip_suffix(b"\r").unwrap_or(line).to_vec()
        };
        let came = String::from_utf8_lossy(&self.head);
        let shown = line_of(masking::head(&came).as_bytes());
        // The very bytes say more, where there is no secret among them.
        if shown == line_of(came.as_bytes()) { line_of(&self.head) } else { shown }
    }
}

impl fmt::Display for BrokenHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        let shown = &text[..text.len().min(SHOWN)];
        let more = if shown.len() < text.len() { "…" } else { "" };
        write!(f, "{} in line {}, `{}{more}`", self.why, self.line, shown.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_wrong_is_named_and_shown_escaped() {
        let long = format!("HTTP/1.1 200 OK\r\nX: 1\r\n{}\r\n\r\n", "a b".repeat(40));
        for (head, shown) in [
            ("HTTP/1.1 101 x\r\nA: 1\r\nX-Bad: a\x01b\r\nB: 2\r\n\r\n", r"x in line 3, `X-Bad: a\x01b`"),
            ("HTTP/1.1 101 x\nno colon\n\n", "x in line 2, `no colon`"),
            ("HTTP/1.1 101 x\r\nSet-Cookie: sesame\x01\r\n\r\n", "x in line 2, `Set-Cookie: ***`"),
            ("HTTP/1.1 101 x\r\nX-Token: a\r\n sesame\r\n\r\n", "x in line 3, `***`"),
            ("HTTP/1.1 101 x\r\nA: 1\r\n folded\r\n\r\n", "x in line 3, ` folded`"),
            ("HTTP/1.1 abc x\r\nA: 1\r\n\r\n", "x in line 1, `HTTP/1.1 abc x`"),
            ("HTTP/1.1 101 x\r\nÄ: 1\r\n\r\n", r"x in line 2, `\xc3\x84: 1`"),
            (&long, &format!("x in line 3, `{}…`", &"a b".repeat(40)[..80])),
        ] {
            let why = httparse::Response::new(&mut [EMPTY_HEADER; 8]).parse(head.as_bytes()).unwrap_err();
            let broken = in_response(why, Bytes::copy_from_slice(head.as_bytes()));
            assert_eq!(broken.to_string(), shown.replacen('x', &why.to_string(), 1));
        }
        let request = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: h\r\nA b: 1\r\n\r\n");
        assert_eq!(in_request(Error::HeaderName, request).to_string(), "invalid header name in line 3, `A b: 1`");
    }
}
