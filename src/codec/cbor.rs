//! CBOR (RFC 8949). The wire format is `minicbor`'s work.

use minicbor::Decoder as Items;
use minicbor::data::Type;
use minicbor::decode::Error;

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::nesting::{NestedItem, write_nested};
use super::notation::{Container, NotationWriter};
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry =
    DecoderEntry { name: "cbor", about: "CBOR", unpacks: false, reads_text: false, start: |_| Box::new(Cbor) };

/// Integers of any size are byte strings with one of these tags (RFC 8949, section 3.4.3).
const BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;

/// Larger integers than this stay byte strings: how long it takes to write one grows with the square of its size.
const LONGEST_BIGNUM: usize = 64;

struct Cbor;

impl Decoder for Cbor {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        found.value(|out| read_all(&data, out))?;
        Ok(None)
    }
}

/// Reads one value, which is all that there is.
fn read_all(data: &[u8], out: &mut NotationWriter) -> Result<(), DecodeError> {
    let mut reader = CborReader { items: Items::new(data) };
    write_nested(out, |out| reader.item(out))?;
    match reader.items.position() {
        end if end < data.len() => Err(DecodeError::at(end, "something follows its end")),
        _ => Ok(()),
    }
}

struct CborReader<'d> {
    items: Items<'d>,
}

impl CborReader<'_> {
    fn item(&mut self, out: &mut NotationWriter) -> Result<NestedItem, DecodeError> {
        let at = self.items.position();
        match self.items.datatype().map_err(|error| told(&error, at))? {
            Type::Array | Type::ArrayIndef => {
                let count = self.items.array().map_err(|error| told(&error, at))?;
                out.open(Container::Array)?;
                return Ok(NestedItem::Begins(count));
            }
            Type::Map | Type::MapIndef => {
                let count = self.items.map().map_err(|error| told(&error, at))?;
                out.open(Container::Map)?;
                let values = count.map(|pairs| pairs.checked_mul(2).ok_or(DecodeError::Cut)).transpose()?;
                return Ok(NestedItem::Begins(values));
            }
            Type::Tag => return self.tagged(out, at),
            Type::Break => {
                self.items.set_position(at + 1);
                return Ok(NestedItem::Break(at));
            }
            Type::F16 => {
                let bytes = self.items.input().get(at + 1..at + 3).and_then(|bytes| bytes.try_into().ok());
                out.float(half(u16::from_be_bytes(bytes.ok_or(DecodeError::Cut)?)))?;
                self.items.set_position(at + 3);
            }
            kind => self.scalar(kind, out, at)?,
        }
        Ok(NestedItem::Value)
    }

    fn scalar(&mut self, kind: Type, out: &mut NotationWriter, at: usize) -> Result<(), DecodeError> {
        let items = &mut self.items;
        let told = |error: Error| told(&error, at);
        match kind {
            Type::Null => items.null().map_err(told).and_then(|()| out.null()),
            Type::Undefined => items.undefined().map_err(told).and_then(|()| out.foreign("undefined")),
            Type::Bool => items.bool().map_err(told).and_then(|value| out.bool(value)),
            Type::F32 => items.f32().map_err(told).and_then(|value| out.float32(value)),
            Type::F64 => items.f64().map_err(told).and_then(|value| out.float(value)),
            Type::Simple => items.simple().map_err(told).and_then(|value| out.foreign(&format!("simple({value})"))),
            Type::Bytes | Type::BytesIndef => out.bytes(&self.byte_string(at)?),
            Type::String => items.str().map_err(told).and_then(|text| out.string(text)),
            Type::StringIndef => {
                let pieces = items.str_iter().map_err(told)?.collect::<Result<Vec<_>, _>>().map_err(told)?;
                out.string(&pieces.concat())
            }
            Type::Unknown(_) => Err(DecodeError::at(at, "what CBOR does not use,")),
            _ => items.int().map_err(told).and_then(|value| out.integer(i128::from(value))),
        }
    }

    fn byte_string(&mut self, at: usize) -> Result<Vec<u8>, DecodeError> {
        let pieces = self.items.bytes_iter().map_err(|error| told(&error, at))?;
        pieces.collect::<Result<Vec<_>, _>>().map(|pieces| pieces.concat()).map_err(|error| told(&error, at))
    }

    fn tagged(&mut self, out: &mut NotationWriter, at: usize) -> Result<NestedItem, DecodeError> {
        let tag = self.items.tag().map_err(|error| told(&error, at))?.as_u64();
        let place = self.items.position();
        let is_number = matches!(tag, BIGNUM | NEGATIVE_BIGNUM)
            && matches!(self.items.datatype(), Ok(Type::Bytes | Type::BytesIndef));
        if is_number {
            let bytes = self.byte_string(place)?;
            if bytes.len() <= LONGEST_BIGNUM {
                out.json(&decimal(&bytes, tag == NEGATIVE_BIGNUM))?;
                return Ok(NestedItem::Value);
            }
            self.items.set_position(place);
        }
        out.open(Container::Tag(tag))?;
        Ok(NestedItem::Begins(Some(1)))
    }
}

fn told(error: &Error, at: usize) -> DecodeError {
    if error.is_end_of_input() { DecodeError::Cut } else { DecodeError::at(at, error.to_string()) }
}

/// A half-precision float (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => fraction * 2_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (fraction + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

/// A number of these bytes, or the one below its negative (RFC 8949, section 3.4.3).
fn decimal(bytes: &[u8], is_negative: bool) -> String {
    // In groups of nine digits, the last first.
    const GROUP: u64 = 1_000_000_000;
    let mut groups = vec![0_u64];
    let mut multiply_add = |factor: u64, mut carry: u64| {
        for group in &mut groups {
            carry += *group * factor;
            *group = carry % GROUP;
            carry /= GROUP;
        }
        if carry > 0 {
            groups.push(carry);
        }
    };
    bytes.iter().for_each(|byte| multiply_add(256, u64::from(*byte)));
    if is_negative {
        multiply_add(1, 1);
    }
    let sign = if is_negative { "-" } else { "" };
    let (first, rest) = groups.split_last().expect("there is one from the start");
    let rest: String = rest.iter().rev().map(|group| format!("{group:09}")).collect();
    format!("{sign}{first}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::notation::Notation;

    fn read(hex: &str) -> Result<Notation, DecodeError> {
        let data = crate::text::hex::bytes(hex).unwrap();
        let mut out = NotationWriter::new(10_000);
        read_all(&data, &mut out).map(|()| out.finish())
    }

    /// RFC 8949, appendix A, with indefinite lengths shown as definite ones.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for line in include_str!("cbor_vectors.txt").lines() {
            let (hex, text) = line.split_once(' ').unwrap();
            assert_eq!(read(hex).map(|value| value.text().to_owned()), Ok(text.to_owned()), "{hex}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for hex in
            ["", "18", "f97c", "62ff", "9bffffffffffffffff00", "bbffffffffffffffff00", "7f61", "5f4101", "c1", "9f01"]
        {
            assert_eq!(read(hex), Err(DecodeError::Cut), "{hex}");
        }
        assert_eq!(read("0000").unwrap_err().to_string(), "something follows its end at byte 1");
        for hex in ["ff", "81ff", "c1ff"] {
            assert!(read(hex).unwrap_err().to_string().starts_with("\"break\" where nothing ends at byte"), "{hex}");
        }
        for hex in ["1c", "61ff", "5f00ff"] {
            assert!(matches!(read(hex), Err(DecodeError::At { .. })), "{hex}: {:?}", read(hex));
        }
        assert_eq!(read("bf40ff").unwrap_err().to_string(), "a map ends after a key");
        assert_eq!(read(&"81".repeat(1000)), Err(DecodeError::TooDeep));
        assert_eq!(read(&"c1".repeat(1000)), Err(DecodeError::TooDeep));
        assert_eq!(read(&("9a00010000".to_owned() + &"f6".repeat(5000))), Err(DecodeError::TooLarge(10_000)));
    }
}
