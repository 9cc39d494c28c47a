//! A message of stdin that is sent as it is read.

use bytes::BytesMut;
use memchr::memrchr;

use super::payload::{NOT_UTF8, PayloadKind, message};
use crate::message::Part;
use crate::wire::utf8::Utf8;

/// An escape that has begun is waited for up to this length; any that is right is shorter.
const LONGEST_ESCAPE: usize = 64;

/// A message that has begun to be sent.
pub(super) struct StreamedMessage {
    kind: PayloadKind,
    text: Utf8,
    taken: usize,
}

impl StreamedMessage {
    pub(super) fn new(kind: PayloadKind) -> Self {
        Self { kind, text: Utf8::default(), taken: 0 }
    }

    /// How many bytes of the input it has taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Takes the next part from what has come, up to `end`, as far as it may be cut there.
    pub(super) fn part(&mut self, rest: &mut BytesMut, end: usize, is_last: bool) -> Result<Part, String> {
        let end = if is_last { end } else { self.border(&rest[..end]) };
        let data = rest.split_to(end).freeze();
        self.taken += data.len();
        let kind = self.kind.of_message();
        if self.kind == PayloadKind::Text {
            let checked = self.text.push(&data);
            checked.and_then(|()| if is_last { self.text.finish() } else { Ok(()) }).map_err(|_| NOT_UTF8)?;
            return Ok(Part { kind, data, is_last });
        }
        let data = message(data, self.kind)?.into_data();
        Ok(Part { kind, data, is_last })
    }

    /// Up to where it may be cut: an escape and the characters around it are read as a whole.
    fn border(&self, data: &[u8]) -> usize {
        if matches!(self.kind, PayloadKind::Text | PayloadKind::Binary) {
            return data.len();
        }
        let begun = begun_escape(data).unwrap_or(data.len());
        match std::str::from_utf8(&data[..begun]) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => begun,
        }
    }
}

/// Where an escape begins that has not ended yet.
fn begun_escape(data: &[u8]) -> Option<usize> {
    let tail = data.len().saturating_sub(LONGEST_ESCAPE);
    let last = tail + memrchr(b'\\', &data[tail..])?;
    let run = data[..=last].iter().rev().take_while(|byte| **byte == b'\\').count();
    let is_whole = match &data[last + 1..] {
        [] => false,
        [b'x', digits @ ..] => digits.len() >= 2,
        [b'u', code @ ..] => code.contains(&b'}'),
        _ => true,
    };
    // Of an even run, each has its partner.
    (run % 2 == 1 && !is_whole).then_some(last)
}
