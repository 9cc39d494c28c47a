//! Protocol Buffers without a schema, as `protoc --decode_raw` reads them: numbers in place of names, and a guess at what has a
//! length.

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::notation::{Container, NotationWriter};
use super::reader::ByteReader;
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "protobuf",
    about: "Protocol Buffers, without a schema",
    unpacks: false,
    reads_text: false,
    start: |_| Box::new(Protobuf),
};

/// How many messages may lie within each other: each is a map, and may be in an array.
const MAX_NESTING: usize = super::error::MAX_DEPTH / 2;

struct Protobuf;

impl Decoder for Protobuf {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let Message::Binary(data) = message else { return Ok(Some(message)) };
        let room = found.room();
        found.value(|out| ScannedFields::scan(&data, 0, room)?.write(out))?;
        Ok(None)
    }
}

/// The fields of a message, with those of the groups in it.
struct ScannedFields<'d> {
    data: &'d [u8],
    /// How many messages it lies within.
    depth: usize,
    /// How many bytes its text may have.
    room: usize,
    places: Vec<FieldPlace>,
}

/// Where a field is; four bytes each, since a field may have no more than two.
struct FieldPlace {
    number: u32,
    start: u32,
    /// The field that follows it: behind its own fields, if it is a group.
    next: u32,
}

/// What a field holds, as far as the wire tells.
enum WireType<'d> {
    Varint(u64),
    Fixed64(u64),
    Sized(&'d [u8]),
    Group,
    GroupEnd,
    Fixed32(u32),
}

impl<'d> ScannedFields<'d> {
    /// Reads all fields without what they hold: the time for all guesses together grows with the size of the data.
    fn scan(data: &'d [u8], depth: usize, room: usize) -> Result<Self, DecodeError> {
        if u32::try_from(data.len()).is_err() {
            return Err(DecodeError::new("it has more than 4 GiB"));
        }
        let mut places: Vec<FieldPlace> = Vec::new();
        let mut groups: Vec<usize> = Vec::new();
        let mut reader = ByteReader::new(data);
        while !reader.is_empty() {
            let at = reader.place();
            let (number, wire) = field(&mut reader)?;
            if matches!(wire, WireType::GroupEnd) {
                match groups.pop() {
                    Some(group) if places[group].number == number => places[group].next = index(places.len()),
                    _ => return Err(DecodeError::at(at, "the end of a group that did not begin")),
                }
                continue;
            }
            if matches!(wire, WireType::Group) {
                groups.push(places.len());
                if depth + groups.len() >= MAX_NESTING {
                    return Err(DecodeError::TooDeep);
                }
            }
            places.push(FieldPlace { number, start: index(at), next: index(places.len() + 1) });
            // Each becomes a digit and a comma at least.
            if places.len() > room {
                return Err(DecodeError::TooLarge(room));
            }
        }
        if groups.is_empty() { Ok(Self { data, depth, room, places }) } else { Err(DecodeError::Cut) }
    }

    fn write(&self, out: &mut NotationWriter) -> Result<(), DecodeError> {
        self.write_range(0, self.places.len(), self.depth, out)
    }

    /// Writes the fields of the message or a group: those of one number as an array, where the first of them stood.
    fn write_range(&self, first: usize, end: usize, depth: usize, out: &mut NotationWriter) -> Result<(), DecodeError> {
        let next = |at: &usize| Some(self.places[*at].next as usize).filter(|next| *next < end);
        let mut fields: Vec<usize> = std::iter::successors(Some(first).filter(|first| *first < end), next).collect();
        fields.sort_by_key(|at| self.places[*at].number);
        let mut by_number: Vec<_> = fields.chunk_by(|a, b| self.places[*a].number == self.places[*b].number).collect();
        by_number.sort_by_key(|fields| fields[0]);
        out.open(Container::Map)?;
        for fields in by_number {
            out.string(&self.places[fields[0]].number.to_string())?;
            if fields.len() > 1 {
                out.open(Container::Array)?;
            }
            fields.iter().try_for_each(|field| self.write_field(*field, depth, out))?;
            if fields.len() > 1 {
                out.close()?;
            }
        }
        out.close()
    }

    fn write_field(&self, at: usize, depth: usize, out: &mut NotationWriter) -> Result<(), DecodeError> {
        let place = &self.places[at];
        match field(&mut ByteReader::at(self.data, place.start as usize))?.1 {
            WireType::Varint(value) => out.integer(value),
            WireType::Fixed64(value) => out.foreign(&format!("{value:#018x}")),
            WireType::Fixed32(value) => out.foreign(&format!("{value:#010x}")),
            WireType::Sized(data) => self.write_sized(data, depth + 1, out),
            WireType::Group | WireType::GroupEnd => self.write_range(at + 1, place.next as usize, depth + 1, out),
        }
    }

    /// Writes a message if it can be one, else text or bytes.
    fn write_sized(&self, data: &[u8], depth: usize, out: &mut NotationWriter) -> Result<(), DecodeError> {
        let may_be_one = !data.is_empty() && depth < MAX_NESTING;
        match may_be_one.then(|| ScannedFields::scan(data, depth, self.room)) {
            Some(Ok(fields)) => fields.write(out),
            _ => match std::str::from_utf8(data) {
                Ok(text) => out.string(text),
                Err(_) => out.bytes(data),
            },
        }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("it was looked at before")
}

fn field<'d>(reader: &mut ByteReader<'d>) -> Result<(u32, WireType<'d>), DecodeError> {
    let at = reader.place();
    let tag = varint(reader)?;
    let number = u32::try_from(tag).map(|tag| tag >> 3).ok().filter(|number| *number != 0);
    let number = number.ok_or(DecodeError::at(at, "a number that no field can have"))?;
    let wire = match tag & 7 {
        0 => WireType::Varint(varint(reader)?),
        1 => WireType::Fixed64(u64::from_le_bytes(reader.array()?)),
        2 => {
            let size = varint(reader)?;
            WireType::Sized(reader.take(usize::try_from(size).map_err(|_| DecodeError::Cut)?)?)
        }
        3 => WireType::Group,
        4 => WireType::GroupEnd,
        5 => WireType::Fixed32(u32::from_le_bytes(reader.array()?)),
        kind => return Err(DecodeError::at(at, format!("the unknown wire type {kind}"))),
    };
    Ok((number, wire))
}

fn varint(reader: &mut ByteReader<'_>) -> Result<u64, DecodeError> {
    let at = reader.place();
    reader.varint(10)?.ok_or(DecodeError::at(at, "a number of more than ten bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &[u8]) -> Result<String, DecodeError> {
        let mut found = FoundValues::new(10_000);
        let rest = Protobuf.decode(Message::Binary(bytes::Bytes::copy_from_slice(data)), &mut found)?;
        assert_eq!(rest, None);
        Ok(found.values[0].text().to_owned())
    }

    /// From <https://protobuf.dev/programming-guides/encoding/>.
    #[test]
    fn the_examples_of_the_manual_are_read() {
        for (data, text) in [
            (&b"\x08\x96\x01"[..], r#"{"1":150}"#),
            (b"\x12\x07testing", r#"{"2":"testing"}"#),
            (b"\x1a\x03\x08\x96\x01", r#"{"3":{"1":150}}"#),
            (b"\x22\x05hello\x28\x01\x28\x02\x28\x03", r#"{"4":"hello","5":[1,2,3]}"#),
            (b"\x28\x01\x22\x05hello\x28\x02", r#"{"5":[1,2],"4":"hello"}"#),
            // Packed numbers are bytes here: those from 150 on are no message and no text.
            (b"\x32\x06\x03\x8e\x02\x9e\xa7\x05", r#"{"6":h'038e029ea705'}"#),
            (b"\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", r#"{"1":18446744073709551614}"#),
            (b"\x43\x08\x01\x44", r#"{"8":{"1":1}}"#),
        ] {
            assert_eq!(read(data), Ok(text.to_owned()), "{data:02x?}");
        }
    }

    #[test]
    fn all_wire_types_and_groups_in_groups_are_read() {
        for (data, text) in [
            (&b""[..], "{}"),
            (b"\x09\x00\x00\x00\x00\x00\x00\xf0\x3f", r#"{"1":0x3ff0000000000000}"#),
            (b"\x0d\x00\x00\x80\x3f", r#"{"1":0x3f800000}"#),
            (b"\x0a\x00", r#"{"1":""}"#),
            (b"\x0a\x02\xff\x00", r#"{"1":h'ff00'}"#),
            (b"\x0b\x13\x08\x01\x14\x08\x02\x0c\x0b\x0c\x10\x05", r#"{"1":[{"2":{"1":1},"1":2},{}],"2":5}"#),
            (b"\xfa\xff\xff\xff\x0f\x02yz", r#"{"536870911":"yz"}"#),
        ] {
            assert_eq!(read(data), Ok(text.to_owned()), "{data:02x?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for data in [&b"\x08"[..], b"\x80", b"\x09\0\0", b"\x0d\0", b"\x12\x07test", b"\x0b\x08\x01"] {
            assert_eq!(read(data), Err(DecodeError::Cut), "{data:02x?}");
        }
        for (data, why) in [
            (&b"\x00\x01"[..], "a number that no field can have at byte 0"),
            (b"\x08\x01\xf8\xff\xff\xff\x1f\x01", "a number that no field can have at byte 2"),
            (b"\x08\x01\x0e", "the unknown wire type 6 at byte 2"),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a number of more than ten bytes at byte 1"),
            (b"\x08\x01\x0c", "the end of a group that did not begin at byte 2"),
            (b"\x0b\x14", "the end of a group that did not begin at byte 1"),
        ] {
            assert_eq!(read(data).map_err(|error| error.to_string()), Err(why.to_owned()), "{data:02x?}");
        }
        assert_eq!(read(&[0x0b; 1000]), Err(DecodeError::TooDeep));
        assert_eq!(read(&[0x08, 0x01].repeat(6000)), Err(DecodeError::TooLarge(10_000)));
    }

    #[test]
    fn what_lies_too_deep_is_left_as_it_is() {
        let nested = |levels: usize| {
            (0..levels).fold(b"\x08\x01".to_vec(), |inner, _| {
                // Twice, so that each is in an array too.
                let size = [vec![0x0a], varint_of(inner.len()), inner].concat();
                [&size[..], b"\x0a\x00"].concat()
            })
        };
        let (deep, deeper) = (read(&nested(MAX_NESTING - 1)).unwrap(), read(&nested(MAX_NESTING)).unwrap());
        assert!(deep.contains(r#"{"1":1}"#));
        assert!(crate::codec::notation::is_json(&deep));
        assert!(!deeper.contains(r#"{"1":1}"#));
    }

    fn varint_of(value: usize) -> Vec<u8> {
        let low = u8::try_from(value & 0x7f).unwrap();
        if value < 0x80 { vec![low] } else { [vec![low | 0x80], varint_of(value >> 7)].concat() }
    }
}
