//! gzip (RFC 1952), zlib (RFC 1950) and raw deflate (RFC 1951), a message each or one stream over all of them.

use flate2::{Decompress, FlushDecompress, Status};

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use crate::message::Message;

pub(super) const GZIP: DecoderEntry = DecoderEntry {
    name: "gzip",
    about: "gzip, a message each",
    unpacks: true,
    reads_text: false,
    start: |_| Box::new(CompressedMessages { start: |_| Decompress::new_gzip(WINDOW_BITS) }),
};

pub(super) const DEFLATE: DecoderEntry = DecoderEntry {
    name: "deflate",
    about: "zlib or raw deflate, a message each",
    unpacks: true,
    reads_text: false,
    start: |_| Box::new(CompressedMessages { start: |data| Decompress::new(has_zlib_header(data)) }),
};

pub(super) const ZLIB_STREAM: DecoderEntry = DecoderEntry {
    name: "zlib-stream",
    about: "one zlib stream over all messages, as Discord sends",
    unpacks: true,
    reads_text: false,
    start: |_| Box::new(CompressedStream { inflating: Decompress::new(true), begun: Vec::new(), is_broken: false }),
};

const WINDOW_BITS: u8 = 15;

/// What ends a message of a stream: an empty stored block, to which a sender flushes (zlib's Z_SYNC_FLUSH).
pub(super) const FLUSHED: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

const PIECE: usize = 32 << 10;

/// Messages that are compressed each by itself.
struct CompressedMessages {
    start: fn(&[u8]) -> Decompress,
}

impl Decoder for CompressedMessages {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        let mut inflating = (self.start)(&data);
        let mut unpacked = Vec::new();
        if inflate(&mut inflating, &data, &mut unpacked, found.room())? != Status::StreamEnd {
            return Err(DecodeError::Cut);
        }
        match usize::try_from(inflating.total_in()) {
            Ok(end) if end < data.len() => Err(DecodeError::at(end, "something follows its end")),
            _ => Ok(Some(Message::Binary(unpacked.into()))),
        }
    }
}

/// One stream over all messages; one that does not end with a flush goes on in the next.
struct CompressedStream {
    inflating: Decompress,
    /// What has come out of a message that is not at its end.
    begun: Vec<u8>,
    is_broken: bool,
}

impl Decoder for CompressedStream {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        if self.is_broken {
            return Err(DecodeError::new("the stream broke before"));
        }
        let room = found.room().saturating_sub(self.begun.len());
        let inflated = inflate(&mut self.inflating, &data, &mut self.begun, room);
        self.is_broken = inflated.is_err();
        if inflated? != Status::StreamEnd && !data.ends_with(&FLUSHED) {
            // Nothing to show until the rest is there.
            found.any_number();
            return Ok(None);
        }
        Ok(Some(Message::Binary(std::mem::take(&mut self.begun).into())))
    }
}

/// Whether data begins as a zlib stream does (RFC 1950, section 2.2).
pub(super) fn has_zlib_header(data: &[u8]) -> bool {
    matches!(data, [method, flags, ..] if method & 0x8f == 0x08 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// Appends what `data` inflates to, up to `room` bytes.
fn inflate(inflating: &mut Decompress, data: &[u8], out: &mut Vec<u8>, room: usize) -> Result<Status, DecodeError> {
    let (start, first) = (inflating.total_in(), out.len());
    let mut piece = vec![0; PIECE.min(room.saturating_add(1))];
    loop {
        let taken = usize::try_from(inflating.total_in() - start).unwrap_or(data.len());
        let before = inflating.total_out();
        let status = inflating.decompress(&data[taken..], &mut piece, FlushDecompress::Sync);
        let status =
            status.map_err(|error| DecodeError::at(taken, error.message().unwrap_or("bad data").to_owned()))?;
        let made = usize::try_from(inflating.total_out() - before).unwrap_or_default();
        out.extend_from_slice(&piece[..made]);
        if out.len() - first > room {
            return Err(DecodeError::TooLarge(room));
        }
        if status == Status::StreamEnd || made < piece.len() {
            return Ok(status);
        }
    }
}
