//! MessagePack (its specification of 2017-08-09). The wire format is `rmp`'s work.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rmp::Marker;

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::nesting::{NestedItem, write_nested};
use super::notation::{Container, NotationWriter};
use super::reader::ByteReader;
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "msgpack",
    about: "MessagePack",
    unpacks: false,
    reads_text: false,
    start: |_| Box::new(MessagePack),
};

/// The type of the extension for points in time.
const TIMESTAMP: i8 = -1;

struct MessagePack;

impl Decoder for MessagePack {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        found.value(|out| read_all(&data, out))?;
        Ok(None)
    }
}

/// Reads one value, which is all that there is.
pub(super) fn read_all(data: &[u8], out: &mut NotationWriter) -> Result<(), DecodeError> {
    let mut reader = ByteReader::new(data);
    write_nested(out, |out| item(&mut reader, out))?;
    if reader.is_empty() { Ok(()) } else { Err(reader.flaw("something follows its end")) }
}

/// Writes a value, or opens a container.
fn item(reader: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<NestedItem, DecodeError> {
    let at = reader.place();
    match Marker::from_u8(reader.byte()?) {
        Marker::Null => out.null()?,
        Marker::True => out.bool(true)?,
        Marker::False => out.bool(false)?,
        Marker::FixPos(value) => out.integer(value)?,
        Marker::FixNeg(value) => out.integer(value)?,
        Marker::U8 => out.integer(reader.byte()?)?,
        Marker::U16 => out.integer(u16::from_be_bytes(reader.array()?))?,
        Marker::U32 => out.integer(u32::from_be_bytes(reader.array()?))?,
        Marker::U64 => out.integer(u64::from_be_bytes(reader.array()?))?,
        Marker::I8 => out.integer(i8::from_be_bytes(reader.array()?))?,
        Marker::I16 => out.integer(i16::from_be_bytes(reader.array()?))?,
        Marker::I32 => out.integer(i32::from_be_bytes(reader.array()?))?,
        Marker::I64 => out.integer(i64::from_be_bytes(reader.array()?))?,
        Marker::F32 => out.float32(f32::from_be_bytes(reader.array()?))?,
        Marker::F64 => out.float(f64::from_be_bytes(reader.array()?))?,
        Marker::Reserved => return Err(DecodeError::at(at, "0xc1, which MessagePack does not use,")),
        marker => return sized(reader, marker, out),
    }
    Ok(NestedItem::Value)
}

/// Writes what begins with its size.
fn sized(reader: &mut ByteReader<'_>, marker: Marker, out: &mut NotationWriter) -> Result<NestedItem, DecodeError> {
    let size = size(reader, marker)?;
    match marker {
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            out.open(Container::Array)?;
            return Ok(NestedItem::Begins(Some(size as u64)));
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            out.open(Container::Map)?;
            return Ok(NestedItem::Begins(Some(2 * size as u64)));
        }
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            // The specification lets strings have bytes that are not UTF-8.
            let bytes = reader.take(size)?;
            match std::str::from_utf8(bytes) {
                Ok(text) => out.string(text)?,
                Err(_) => out.bytes(bytes)?,
            }
        }
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => out.bytes(reader.take(size)?)?,
        _ => {
            let kind = i8::from_be_bytes(reader.array()?);
            extension(kind, reader.take(size)?, out)?;
        }
    }
    Ok(NestedItem::Value)
}

fn size(reader: &mut ByteReader<'_>, marker: Marker) -> Result<usize, DecodeError> {
    Ok(match marker {
        Marker::FixArray(size) | Marker::FixMap(size) | Marker::FixStr(size) => size.into(),
        Marker::FixExt1 => 1,
        Marker::FixExt2 => 2,
        Marker::FixExt4 => 4,
        Marker::FixExt8 => 8,
        Marker::FixExt16 => 16,
        Marker::Str8 | Marker::Bin8 | Marker::Ext8 => reader.byte()?.into(),
        Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
            u16::from_be_bytes(reader.array()?).into()
        }
        _ => u32::from_be_bytes(reader.array()?) as usize,
    })
}

/// A point in time as a string, anything else as `ext(TYPE, h'…')`.
fn extension(kind: i8, data: &[u8], out: &mut NotationWriter) -> Result<(), DecodeError> {
    match Some(data).filter(|_| kind == TIMESTAMP).and_then(timestamp) {
        Some(at) => out.string(&at),
        None => out.foreign(&format!("ext({kind}, h'{}')", crate::text::hex::digits(data))),
    }
}

/// RFC 3339; none before 1970, or where there is no such time.
fn timestamp(data: &[u8]) -> Option<String> {
    let (seconds, nanoseconds) = match *data {
        [a, b, c, d] => (u32::from_be_bytes([a, b, c, d]).into(), 0),
        [_, _, _, _, _, _, _, _] => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            (both & 0x3_ffff_ffff, u32::try_from(both >> 34).ok()?)
        }
        _ => {
            let (nanoseconds, seconds) = data.split_first_chunk::<4>()?;
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (u64::try_from(seconds).ok()?, u32::from_be_bytes(*nanoseconds))
        }
    };
    // The year 9999, beyond which RFC 3339 has no words.
    let is_told = seconds < 253_402_300_800 && nanoseconds < 1_000_000_000;
    let at: SystemTime = UNIX_EPOCH + Duration::new(seconds.min(253_402_300_799), nanoseconds.min(999_999_999));
    is_told.then(|| humantime::format_rfc3339(at).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::notation::Notation;

    fn read(data: &[u8]) -> Result<Notation, DecodeError> {
        let mut out = NotationWriter::new(10_000);
        read_all(data, &mut out).map(|()| out.finish())
    }

    /// Of each format of the specification.
    #[test]
    fn each_format_is_read() {
        for (data, text) in [
            (&b"\xc0"[..], "null"),
            (b"\xc2", "false"),
            (b"\xc3", "true"),
            (b"\x7f", "127"),
            (b"\xff", "-1"),
            (b"\xcc\xff", "255"),
            (b"\xcd\xff\xff", "65535"),
            (b"\xce\xff\xff\xff\xff", "4294967295"),
            (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
            (b"\xd0\x80", "-128"),
            (b"\xd1\x80\x00", "-32768"),
            (b"\xd2\x80\x00\x00\x00", "-2147483648"),
            (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"),
            (b"\xca\x3d\xcc\xcc\xcd", "0.1"),
            (b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1"),
            (b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "Infinity"),
            (b"\xa3abc", r#""abc""#),
            (b"\xd9\x01a", r#""a""#),
            (b"\xda\x00\x01a", r#""a""#),
            (b"\xdb\x00\x00\x00\x01a", r#""a""#),
            (b"\xa1\xff", "h'ff'"),
            (b"\xc4\x02\x00\x01", "h'0001'"),
            (b"\xc5\x00\x01\x01", "h'01'"),
            (b"\xc6\x00\x00\x00\x01\x01", "h'01'"),
            (b"\x93\x01\x90\x80", "[1,[],{}]"),
            (b"\xdc\x00\x02\xc0\xc0", "[null,null]"),
            (b"\xdd\x00\x00\x00\x01\x91\x01", "[[1]]"),
            (b"\x82\xa1a\x01\x02\xa1b", r#"{"a":1,2:"b"}"#),
            (b"\xde\x00\x01\x92\x01\x02\xc0", "{[1,2]:null}"),
            (b"\xdf\x00\x00\x00\x01\xa1a\x81\xa1b\xc3", r#"{"a":{"b":true}}"#),
            (b"\xd4\x05\xaa", "ext(5, h'aa')"),
            (b"\xd5\x05\xaa\xbb", "ext(5, h'aabb')"),
            (b"\xd8\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "ext(5, h'00000000000000000000000000000000')"),
            (b"\xc7\x01\x05\xaa", "ext(5, h'aa')"),
            (b"\xc8\x00\x01\x05\xaa", "ext(5, h'aa')"),
            (b"\xc9\x00\x00\x00\x00\x05", "ext(5, h'')"),
            (b"\xd6\xff\x00\x00\x00\x01", r#""1970-01-01T00:00:01Z""#),
            (b"\xd7\xff\x77\x35\x94\x00\x00\x00\x00\x02", r#""1970-01-01T00:00:02.500000000Z""#),
            (b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", "ext(-1, h'00000000ffffffffffffffff')"),
        ] {
            assert_eq!(read(data).map(|value| value.text().to_owned()), Ok(text.to_owned()), "{data:02x?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(read(b""), Err(DecodeError::Cut));
        assert_eq!(read(b"\xdd\xff\xff\xff\xff\xc0"), Err(DecodeError::Cut));
        assert_eq!(read(b"\xdb\xff\xff\xff\xffab"), Err(DecodeError::Cut));
        assert_eq!(read(b"\xc0\xc0").unwrap_err().to_string(), "something follows its end at byte 1");
        assert_eq!(read(b"\x91\xc1").unwrap_err().to_string(), "0xc1, which MessagePack does not use, at byte 1");
        assert_eq!(read(&[0x91; 1000]), Err(DecodeError::TooDeep));
        let mut many = vec![0xdc, 0xff, 0xff];
        many.resize(60_000, 0xc0);
        assert_eq!(read(&many), Err(DecodeError::TooLarge(10_000)));
    }
}
