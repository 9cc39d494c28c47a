//! Bytes that are to be sent or expected: in hex with lengths and gaps, in base64, as text or from a file.

use std::ops::Range;

use memchr::memmem;
use regex::bytes::Regex;

use super::mismatch::{MatchResult, Mismatch};
use super::sources::Sources;
use crate::compare::diff::{DiffLine, diff};
use crate::script::syntax::{Binary, BytePiece, LengthPrefix, Piece, Template};
use crate::text::hex::{digits, hexdump};
use crate::text::{unescape, units};

/// A hexdump of two rows of eight fits beside its signs.
const DUMP_WIDTH: usize = 80;

/// The longest number that `varint` reads: 32 bits.
const LONGEST_VARINT: usize = 5;

/// Bytes with gaps in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BytePattern(Vec<BytesPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum BytesPart {
    Known(Vec<u8>),
    Any,
    Rest,
    Counted(LengthPrefix, Vec<BytesPart>),
}

/// What a pattern says to the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// So many of them fit it.
    Whole(usize),
    /// It continues where they end.
    Short,
    /// This one is another.
    Not(usize),
}

/// The bytes that are to be sent.
///
/// # Errors
/// A message for the user: the file, a variable that holds no bytes, or a length that has no room.
pub(crate) fn bytes(binary: &Binary, sources: &impl Sources) -> Result<Vec<u8>, String> {
    match binary {
        Binary::Hex(pieces) => made(pieces, sources),
        Binary::Base64(template) => unescape::base64(&sources.text(template)?),
        Binary::File(path) => sources.file(&sources.text(&path.template)?),
        Binary::Text(text) => sources.text(&text.template).map(String::into_bytes),
    }
}

fn made(pieces: &[BytePiece], sources: &impl Sources) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    for piece in pieces {
        match piece {
            BytePiece::Known(bytes) => data.extend(bytes),
            BytePiece::Text(template) => data.extend(sources.text(template)?.bytes()),
            BytePiece::Variable(piece) => data.extend(of_variable(piece, sources)?),
            BytePiece::Counted(prefix, inner) => {
                let inner = made(inner, sources)?;
                data.extend(prefix.written(inner.len())?);
                data.extend(inner);
            }
            // The parser allows them only in patterns.
            BytePiece::Any | BytePiece::Rest => return Err(format!("{piece:?} cannot be sent")),
        }
    }
    Ok(data)
}

/// The bytes that a variable holds in hex, as `capture` writes them.
fn of_variable(piece: &Piece, sources: &impl Sources) -> Result<Vec<u8>, String> {
    let value = sources.text(&Template(vec![piece.clone()]))?;
    unescape::hex(&value).map_err(|why| format!("the value of `{piece}` is not hex: {why}"))
}

impl BytePattern {
    /// # Errors
    /// A message for the user, as those of [`bytes`].
    pub(crate) fn new(binary: &Binary, sources: &impl Sources) -> Result<Self, String> {
        match binary {
            Binary::Hex(pieces) => parts(pieces, sources).map(Self),
            _ => bytes(binary, sources).map(|bytes| Self(vec![BytesPart::Known(bytes)])),
        }
    }

    /// The bytes, if there are no gaps.
    fn exact(&self) -> Option<&[u8]> {
        match &self.0[..] {
            [] => Some(&[]),
            [BytesPart::Known(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// Whether these bytes begin as it says.
    pub(crate) fn fit(&self, data: &[u8]) -> Fit {
        fit(&self.0, data)
    }

    /// Judges a whole message.
    pub(super) fn judge(&self, data: &[u8]) -> MatchResult {
        let words = match (self.exact(), self.fit(data)) {
            (_, Fit::Whole(length)) if length == data.len() => return Ok(digits(data)),
            (Some(wanted), _) => return judge_exactly(wanted, data),
            (None, Fit::Whole(length)) => format!("{} too many", units::counted(data.len() - length, "byte")),
            (None, Fit::Short) => "the message ends too soon".to_owned(),
            (None, Fit::Not(at)) => format!("the byte at {at:#x} differs"),
        };
        Err(Mismatch::with(words, dumped(data).map(DiffLine::came).collect()))
    }

    /// Judges a message that is to have it somewhere.
    pub(super) fn judge_part(&self, data: &[u8]) -> MatchResult {
        match self.found(data) {
            Some(range) => Ok(digits(&data[range])),
            None => {
                Err(Mismatch::with("the message does not contain that", dumped(data).map(DiffLine::came).collect()))
            }
        }
    }

    fn found(&self, data: &[u8]) -> Option<Range<usize>> {
        if let Some(wanted) = self.exact() {
            return memmem::find(data, wanted).map(|at| at..at + wanted.len());
        }
        (0..=data.len()).find_map(|at| match self.fit(&data[at..]) {
            Fit::Whole(length) => Some(at..at + length),
            Fit::Short | Fit::Not(_) => None,
        })
    }

    /// Why these bytes, with which a stream continues, are not those.
    pub(crate) fn mismatch(&self, data: &[u8], at: usize) -> Mismatch {
        match self.exact() {
            Some(wanted) => {
                let as_many = &data[..data.len().min(wanted.len())];
                judge_exactly(wanted, as_many).err().unwrap_or_default()
            }
            None => Mismatch::with(format!("the byte at {at:#x} differs"), dumped(data).map(DiffLine::came).collect()),
        }
    }
}

fn parts(pieces: &[BytePiece], sources: &impl Sources) -> Result<Vec<BytesPart>, String> {
    let mut parts = Vec::new();
    for piece in pieces {
        let part = match piece {
            BytePiece::Any => BytesPart::Any,
            BytePiece::Rest => BytesPart::Rest,
            BytePiece::Counted(prefix, inner) => BytesPart::Counted(*prefix, self::parts(inner, sources)?),
            known => BytesPart::Known(made(std::slice::from_ref(known), sources)?),
        };
        match (parts.last_mut(), part) {
            (Some(BytesPart::Known(before)), BytesPart::Known(bytes)) => before.extend(bytes),
            (_, part) => parts.push(part),
        }
    }
    Ok(parts)
}

fn fit(parts: &[BytesPart], data: &[u8]) -> Fit {
    let mut at = 0;
    for part in parts {
        let rest = &data[at..];
        match part {
            BytesPart::Known(bytes) => {
                let same = bytes.iter().zip(rest).take_while(|(a, b)| a == b).count();
                match same {
                    _ if same == bytes.len() => at += same,
                    _ if same == rest.len() => return Fit::Short,
                    _ => return Fit::Not(at + same),
                }
            }
            BytesPart::Any if rest.is_empty() => return Fit::Short,
            BytesPart::Any => at += 1,
            BytesPart::Rest => return Fit::Whole(data.len()),
            BytesPart::Counted(prefix, inner) => match counted(*prefix, inner, rest) {
                Fit::Whole(length) => at += length,
                Fit::Short => return Fit::Short,
                Fit::Not(other) => return Fit::Not(at + other),
            },
        }
    }
    Fit::Whole(at)
}

fn counted(prefix: LengthPrefix, inner: &[BytesPart], data: &[u8]) -> Fit {
    let (begin, length) = match prefix.read(data) {
        Ok(Some(read)) => read,
        Ok(None) => return Fit::Short,
        Err(at) => return Fit::Not(at),
    };
    let is_there = data.len() - begin >= length;
    let inside = &data[begin..data.len().min(begin + length)];
    match fit(inner, inside) {
        Fit::Not(at) => Fit::Not(begin + at),
        _ if !is_there => Fit::Short,
        Fit::Whole(fits) if fits == length => Fit::Whole(begin + length),
        Fit::Whole(fits) => Fit::Not(begin + fits),
        // It counts fewer than there are to be.
        Fit::Short => Fit::Not(0),
    }
}

impl LengthPrefix {
    /// How long it is itself, and the length that it tells; none if it is not all there, or where it is not a number.
    fn read(self, data: &[u8]) -> Result<Option<(usize, usize)>, usize> {
        let fixed = |count: usize| {
            let number = data.get(..count)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
            Some((count, number))
        };
        match self {
            Self::U8 => Ok(fixed(1)),
            Self::U16 => Ok(fixed(2)),
            Self::U32 => Ok(fixed(4)),
            Self::Varint => varint(data),
        }
    }

    fn written(self, length: usize) -> Result<Vec<u8>, String> {
        let too_long = || format!("{length} bytes are too many for {self}");
        match self {
            Self::U8 => u8::try_from(length).map(|length| vec![length]).map_err(|_| too_long()),
            Self::U16 => u16::try_from(length).map(|length| length.to_be_bytes().to_vec()).map_err(|_| too_long()),
            Self::U32 => u32::try_from(length).map(|length| length.to_be_bytes().to_vec()).map_err(|_| too_long()),
            Self::Varint => {
                let mut left = u32::try_from(length).map_err(|_| too_long())?;
                let mut bytes = Vec::new();
                while left >= 0x80 {
                    bytes.push((left & 0x7f) as u8 | 0x80);
                    left >>= 7;
                }
                bytes.push(left as u8);
                Ok(bytes)
            }
        }
    }
}

fn varint(data: &[u8]) -> Result<Option<(usize, usize)>, usize> {
    let mut number = 0_u64;
    for (at, byte) in data.iter().take(LONGEST_VARINT).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let number = u32::try_from(number).map_err(|_| at)?;
            return Ok(Some((at + 1, number as usize)));
        }
    }
    if data.len() >= LONGEST_VARINT { Err(LONGEST_VARINT - 1) } else { Ok(None) }
}

/// Judges by a regular expression: what it captures is text, or hex if it is not UTF-8 (`(?-u:…)` matches such bytes).
pub(super) fn judge_match(regex: &Regex, data: &[u8]) -> MatchResult {
    let Some(captures) = regex.captures(data) else {
        let words = format!("the message does not match /{regex}/");
        return Err(Mismatch::with(words, dumped(data).map(DiffLine::came).collect()));
    };
    let found = captures.get(1).or(captures.get(0)).map_or(&data[..0], |found| found.as_bytes());
    Ok(std::str::from_utf8(found).map_or_else(|_| digits(found), str::to_owned))
}

fn judge_exactly(wanted: &[u8], data: &[u8]) -> MatchResult {
    if wanted == data {
        return Ok(digits(data));
    }
    let words = match (wanted.len(), data.len()) {
        (expected, came) if expected == came => "the bytes differ".to_owned(),
        (expected, came) => format!("expected {expected} bytes, {came} came"),
    };
    let text = |data| dumped(data).collect::<Vec<_>>().join("\n");
    Err(Mismatch::with(words, diff(&format!("{}\n", text(wanted)), &format!("{}\n", text(data)))))
}

pub(crate) fn dumped(data: &[u8]) -> impl Iterator<Item = String> {
    /// Enough to find the place.
    const ROWS: usize = 4096;
    let dump = hexdump(data, ROWS, DUMP_WIDTH);
    let mut rows: Vec<_> = dump.rows.lines().map(str::to_owned).collect();
    if dump.left > 0 {
        rows.push(format!("… {} bytes more", dump.left));
    }
    rows.into_iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(bytes: &[u8]) -> BytesPart {
        BytesPart::Known(bytes.to_vec())
    }

    #[test]
    fn lengths_and_gaps_are_followed_as_far_as_the_bytes_go() {
        // A CONNECT of MQTT: 10 varint(u16("MQTT") 04 ??  ..)
        let inner = vec![
            BytesPart::Counted(LengthPrefix::U16, vec![known(b"MQTT")]),
            known(&[4]),
            BytesPart::Any,
            BytesPart::Rest,
        ];
        let pattern = BytePattern(vec![known(&[0x10]), BytesPart::Counted(LengthPrefix::Varint, inner)]);
        let connect = b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0\xc0\0";
        assert_eq!(pattern.fit(connect), Fit::Whole(14));
        for length in 0..14 {
            assert_eq!(pattern.fit(&connect[..length]), Fit::Short, "{length}");
        }
        assert_eq!(pattern.fit(b"\x10\x0c\0\x04MQXT"), Fit::Not(6));
        assert_eq!(pattern.fit(b"\x20"), Fit::Not(0));
        // The inner length is larger than there is room for.
        assert_eq!(pattern.fit(b"\x10\x03\0\x04M"), Fit::Not(1));
        assert_eq!(pattern.fit(b"\x10\xff\xff\xff\xff\xff"), Fit::Not(5));
    }

    #[test]
    fn a_message_is_fitted_whole_and_contained_anywhere() {
        let pattern = BytePattern(vec![known(&[1]), BytesPart::Any]);
        assert_eq!(pattern.judge(&[1, 2]).unwrap(), "0102");
        assert_eq!(pattern.judge(&[1, 2, 3]).unwrap_err().words, "1 byte too many");
        assert_eq!(pattern.judge(&[1]).unwrap_err().words, "the message ends too soon");
        assert_eq!(pattern.judge(&[2]).unwrap_err().words, "the byte at 0x0 differs");
        assert_eq!(pattern.judge_part(&[0, 1, 1, 3]).unwrap(), "0101");
        assert_eq!(BytePattern(vec![known(&[1, 3])]).judge_part(&[0, 1, 1, 3]).unwrap(), "0103");
        assert!(pattern.judge_part(&[0, 1]).is_err());
    }

    proptest! {
        #[test]
        fn a_length_is_read_as_it_was_written(length in 0_usize..70_000, more in proptest::collection::vec(any::<u8>(), 0..3)) {
            for prefix in [LengthPrefix::U8, LengthPrefix::U16, LengthPrefix::U32, LengthPrefix::Varint] {
                let Ok(mut bytes) = prefix.written(length) else { continue };
                let own = bytes.len();
                bytes.extend(&more);
                prop_assert_eq!(prefix.read(&bytes), Ok(Some((own, length))));
                prop_assert_eq!(prefix.read(&bytes[..own - 1]), Ok(None));
            }
        }

        #[test]
        fn what_fits_whole_is_short_before(data in proptest::collection::vec(any::<u8>(), 0..40)) {
            let pattern = BytePattern(vec![BytesPart::Any, BytesPart::Counted(LengthPrefix::Varint, vec![BytesPart::Rest]), BytesPart::Any]);
            if let Fit::Whole(length) = pattern.fit(&data) {
                prop_assert!((0..length).all(|end| pattern.fit(&data[..end]) == Fit::Short));
            }
        }
    }
}
