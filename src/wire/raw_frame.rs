//! Raw frames, to test how a peer handles invalid frames: no rule is enforced unless requested.
//!
//! Plain code: one syntax for the prompt and for scripts in, bytes out.

use bytes::{Bytes, BytesMut};

use super::frame::{self, FrameHeader, Side, Width};
use crate::text::unescape::{base64, hex};

/// How a frame is written down, for the help and the manual.
pub(crate) const SYNTAX: &str = "\
OPCODE is continuation, text, binary, close, ping, pong or a number up to 15.
Fields may follow, in any order; without them the frame is valid:

  fin=0      not the last of its message
  rsv=1,3    these of the bits RSV1, RSV2 and RSV3 are set
  mask=KEY   8 hex digits, or none, or random
  len=N      claim this length instead of the payload's;
             len7=N, len16=N, len64=N: in a field of 7, 16 or 64 bits

Then the payload: text to the end of the line, or bytes as `hex 00 ff` or
`base64 AP8Q`; after `text`, the text may begin like any of these.";

/// What may be between the opcode and the payload.
const FIELDS: &str = "`fin=`, `rsv=`, `mask=`, `len=`, `len7=`, `len16=` and `len64=`";

/// A frame that goes out as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawFrame {
    pub(crate) fin: bool,
    /// Three bits; the highest is RSV1.
    pub(crate) rsv: u8,
    /// 0 to 15.
    pub(crate) opcode: u8,
    pub(crate) masking: Masking,
    /// What the header says instead of the payload's real length.
    pub(crate) claim: Option<Claim>,
    /// As it is before it is masked.
    pub(crate) payload: Bytes,
}

/// How a payload is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Masking {
    /// As our side has to (RFC 6455, section 5.1): a client with a random key, a server not at all.
    Usual,
    Off,
    Random,
    Key([u8; 4]),
}

/// A length, and in how many bits the header states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) length: u64,
    pub(crate) width: Width,
}

impl RawFrame {
    /// Reads `OPCODE [FIELD=VALUE]... [PAYLOAD]`, as in `text fin=0 rsv=1 mask=none len16=5 hex 00 ff`.
    ///
    /// The payload is text to its end; or bytes, after `hex` or `base64`. After `text` stands any text, also one that
    /// begins like something else.
    ///
    /// # Errors
    /// A message for the user, with what would be right.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let (opcode, mut rest) = word(text);
        let mut made = Self {
            fin: true,
            rsv: 0,
            opcode: opcode_from(opcode)?,
            masking: Masking::Usual,
            claim: None,
            payload: Bytes::new(),
        };
        loop {
            let (field, behind) = word(rest);
            if !made.set(field)? {
                break;
            }
            rest = behind;
        }
        made.payload = payload(rest)?;
        Ok(made)
    }

    /// Takes a field; false when it is none, so that the payload begins with it.
    fn set(&mut self, field: &str) -> Result<bool, String> {
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let Some((name, value)) = field.split_once('=').filter(|(name, _)| is_name(name)) else { return Ok(false) };
        match name {
            "fin" => self.fin = flag(value)?,
            "rsv" => self.rsv = reserved(value)?,
            "mask" => self.masking = masking(value)?,
            "len" => self.claim = Some(claim(value, None)?),
            "len7" => self.claim = Some(claim(value, Some(Width::Seven))?),
            "len16" => self.claim = Some(claim(value, Some(Width::Sixteen))?),
            "len64" => self.claim = Some(claim(value, Some(Width::SixtyFour))?),
            _ => return Err(format!("unknown field `{name}=`, expected {FIELDS}; `text {field}` is text")),
        }
        Ok(true)
    }

    /// What masks it when it comes from this side; `random` is for where any key will do.
    pub(crate) fn mask(&self, side: Side, random: [u8; 4]) -> Option<[u8; 4]> {
        match (self.masking, side) {
            (Masking::Key(key), _) => Some(key),
            (Masking::Random, _) | (Masking::Usual, Side::Client) => Some(random),
            (Masking::Off, _) | (Masking::Usual, Side::Server) => None,
        }
    }

    /// What its header says.
    pub(crate) fn header(&self, mask: Option<[u8; 4]>) -> FrameHeader {
        let length = self.claim.map_or(self.payload.len() as u64, |claim| claim.length);
        FrameHeader { fin: self.fin, rsv: self.rsv, opcode: self.opcode, mask, length }
    }

    /// Appends it as it goes over the wire.
    pub(crate) fn write(&self, mask: Option<[u8; 4]>, out: &mut BytesMut) {
        let header = self.header(mask);
        header.write_in(self.claim.map_or(Width::of(header.length), |claim| claim.width), out);
        let start = out.len();
        out.extend_from_slice(&self.payload);
        if let Some(key) = mask {
            frame::mask(&mut out[start..], key, 0);
        }
    }
}

/// The next word, and what is after the space after it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

fn opcode_from(text: &str) -> Result<u8, String> {
    let number = || text.parse().ok().filter(|opcode| *opcode < 16);
    (0..16).find(|opcode| crate::wire::frame::name(*opcode) == text).or_else(number).ok_or_else(|| {
        "expected an opcode: continuation, text, binary, close, ping, pong or a number up to 15".to_owned()
    })
}

fn flag(text: &str) -> Result<bool, String> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err("expected 0 or 1 after `fin=`".to_owned()),
    }
}

/// `1,3` sets RSV1 and RSV3.
fn reserved(text: &str) -> Result<u8, String> {
    text.split(',').try_fold(0, |bits, bit| match bit {
        "0" => Ok(bits),
        "1" => Ok(bits | frame::RSV1),
        "2" => Ok(bits | frame::RSV1 >> 1),
        "3" => Ok(bits | frame::RSV1 >> 2),
        _ => Err("expected the bits to set after `rsv=`: 1, 2, 3, or several as in `rsv=1,3`".to_owned()),
    })
}

fn masking(text: &str) -> Result<Masking, String> {
    match text {
        "none" => Ok(Masking::Off),
        "random" => Ok(Masking::Random),
        key => match hex(key).ok().and_then(|key| key.try_into().ok()) {
            Some(key) => Ok(Masking::Key(key)),
            None => Err("expected none, random or a key of eight hex digits after `mask=`, as in \
                `mask=37fa213d`"
                .to_owned()),
        },
    }
}

fn claim(text: &str, width: Option<Width>) -> Result<Claim, String> {
    let bad = || format!("expected a length up to {}", width.unwrap_or(Width::SixtyFour).largest());
    let length = text.parse().map_err(|_| bad())?;
    let width = width.unwrap_or(Width::of(length));
    if length > width.largest() { Err(bad()) } else { Ok(Claim { length, width }) }
}

fn payload(text: &str) -> Result<Bytes, String> {
    let text = text.trim_start();
    let (kind, rest) = word(text);
    Ok(match kind {
        "hex" => hex(rest)?.into(),
        "base64" => base64(rest.trim())?.into(),
        "text" => Bytes::copy_from_slice(rest.as_bytes()),
        _ => Bytes::copy_from_slice(text.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame's bytes, as a client sends them with this key.
    fn bytes(text: &str) -> Vec<u8> {
        let frame = RawFrame::from_text(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        let mut out = BytesMut::new();
        frame.write(frame.mask(Side::Client, [0, 1, 2, 3]), &mut out);
        out.to_vec()
    }

    #[test]
    fn every_bit_can_be_asked_for() {
        for (text, expected) in [
            ("text", &b"\x81\x80\0\x01\x02\x03"[..]),
            ("text ab", b"\x81\x82\0\x01\x02\x03ac"),
            ("text  two  words", b"\x81\x8a\0\x01\x02\x03tvm#\x20vmqdr"),
            ("text mask=none hex", b"\x81\x00"),
            ("binary mask=none hex 00 FF", b"\x82\x02\x00\xff"),
            ("2 mask=none base64 AP8Q", b"\x82\x03\x00\xff\x10"),
            ("text mask=none text hex 00", b"\x81\x06hex 00"),
            ("text mask=none text fin=0", b"\x81\x05fin=0"),
            ("text mask=none {\"a\"=1}", b"\x81\x07{\"a\"=1}"),
            ("continuation fin=0 mask=none", b"\x00\x00"),
            ("0 fin=1 mask=none", b"\x80\x00"),
            ("text rsv=1 mask=none", b"\xc1\x00"),
            ("ping rsv=2,3 mask=none", b"\xb9\x00"),
            ("15 rsv=0 mask=00000000 a", b"\x8f\x81\0\0\0\0a"),
            ("close mask=none hex 03", b"\x88\x01\x03"),
            ("pong mask=37fa213d Hello", b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
            ("text mask=none len=5 ab", b"\x81\x05ab"),
            ("text mask=none len7=125 ab", b"\x81\x7dab"),
            ("text mask=none len16=2 ab", b"\x81\x7e\x00\x02ab"),
            ("text mask=none len=126 ab", b"\x81\x7e\x00\x7eab"),
            ("text mask=none len64=2 ab", b"\x81\x7f\0\0\0\0\0\0\0\x02ab"),
            ("text mask=none len=18446744073709551615", b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
        ] {
            assert_eq!(bytes(text).escape_ascii().to_string(), expected.escape_ascii().to_string(), "{text}");
        }
        let long = bytes(&format!("text mask=none {}", "x".repeat(300)));
        assert_eq!(long[..4], *b"\x81\x7e\x01\x2c");
    }

    #[test]
    fn a_side_masks_as_it_has_to_unless_told_otherwise() {
        let mask = |text: &str, side| RawFrame::from_text(text).unwrap().mask(side, [7; 4]);
        assert_eq!(mask("text", Side::Client), Some([7; 4]));
        assert_eq!(mask("text", Side::Server), None);
        assert_eq!(mask("text mask=random", Side::Server), Some([7; 4]));
        assert_eq!(mask("text mask=none", Side::Client), None);
    }

    #[test]
    fn what_is_no_frame_is_refused_with_what_would_be_right() {
        for (text, why) in [
            ("", "expected an opcode: continuation, text, binary, close, ping, pong or a number up to 15"),
            ("16", "expected an opcode"),
            ("opcode", "expected an opcode"),
            ("text fin=2", "expected 0 or 1 after `fin=`"),
            ("text rsv=4", "expected the bits to set after `rsv=`: 1, 2, 3, or several as in `rsv=1,3`"),
            ("text mask=12", "expected none, random or a key of eight hex digits after `mask=`, as in `mask=37fa213d`"),
            ("text len=-1", "expected a length up to 18446744073709551615"),
            ("text len7=126", "expected a length up to 125"),
            ("text len16=65536", "expected a length up to 65535"),
            ("text len64=18446744073709551616", "expected a length up to 18446744073709551615"),
            ("text fni=0 a", "unknown field `fni=`, expected `fin=`, `rsv=`, `mask=`"),
            ("text fni=0 a", "`text fni=0` is text"),
            ("text hex 0", "write two hex digits for each byte, as in `00 ff 10`"),
            ("text base64 ?", "invalid base64: expected text such as `AP8Q`"),
        ] {
            let said = RawFrame::from_text(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
