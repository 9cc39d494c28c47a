//! SignalR's Hub Protocol: JSON records with an end mark each, or MessagePack with a length before each.
//!
//! <https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md>

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::msgpack;
use super::notation::is_json;
use super::reader::ByteReader;
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "signalr",
    about: "SignalR's Hub Protocol, JSON or MessagePack",
    unpacks: false,
    reads_text: true,
    start: |_| Box::new(SignalR),
};

/// Ends a record of JSON, and no JSON holds it.
pub(super) const RECORD_END: u8 = 0x1e;

struct SignalR;

impl Decoder for SignalR {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        found.any_number();
        let (data, is_text) = (message.data(), message.text().is_some());
        let mut at = 0;
        while at < data.len() {
            let rest = &data[at..];
            let read = if is_text || is_handshake(rest) { json_record(rest, found) } else { packed(rest, found) };
            at += read.map_err(|error| error.further(at))?;
        }
        Ok(None)
    }
}

/// With MessagePack too, the first record of each side is JSON: as a length, its `{` would not be followed by an array.
fn is_handshake(data: &[u8]) -> bool {
    matches!(data, [b'{', b'"' | b'}', ..])
}

/// Reads a record, and tells how many bytes it takes.
fn json_record(data: &[u8], found: &mut FoundValues) -> Result<usize, DecodeError> {
    let end = memchr::memchr(RECORD_END, data);
    let end = end.ok_or(DecodeError::new("a record is not ended by 0x1e"))?;
    let record = std::str::from_utf8(&data[..end]).ok().filter(|record| is_json(record));
    let record = record.ok_or(DecodeError::at(0, "a record that is not JSON"))?;
    found.value(|out| out.json(record))?;
    Ok(end + 1)
}

/// Reads a length and as much MessagePack, and tells how many bytes both take.
fn packed(data: &[u8], found: &mut FoundValues) -> Result<usize, DecodeError> {
    let mut reader = ByteReader::new(data);
    let size = reader.varint(5)?.ok_or(DecodeError::at(0, "a length of more than five bytes"))?;
    let start = reader.place();
    let value = reader.take(usize::try_from(size).map_err(|_| DecodeError::Cut)?)?;
    found.value(|out| msgpack::read_all(value, out)).map_err(|error| error.further(start))?;
    Ok(reader.place())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: Message) -> Result<String, String> {
        read_within(1000, message)
    }

    fn read_within(limit: usize, message: Message) -> Result<String, String> {
        let mut found = FoundValues::new(limit);
        let rest = SignalR.decode(message, &mut found).map_err(|error| error.to_string())?;
        assert_eq!((rest, found.is_list), (None, true));
        Ok(found.values.iter().map(|value| value.text()).collect::<Vec<_>>().join(" "))
    }

    fn binary(data: &[u8]) -> Result<String, String> {
        read(Message::Binary(bytes::Bytes::copy_from_slice(data)))
    }

    #[test]
    fn records_of_json_are_read() {
        assert_eq!(read("{}\x1e".into()), Ok("{}".into()));
        let both = "{\"type\": 1, \"target\":\"Send\"}\x1e{\"type\":6}\x1e";
        assert_eq!(read(both.into()), Ok(r#"{"type":1,"target":"Send"} {"type":6}"#.into()));
        assert_eq!(read("".into()), Ok(String::new()));
    }

    /// The examples of the specification, whose Headers are maps, with a length before each.
    #[test]
    fn messages_of_messagepack_are_read() {
        let invocation = b"\x96\x01\x80\xa3xyz\xa6method\x91\x2a\x90";
        let completion = b"\x95\x03\x80\xa3xyz\x03\x2a";
        let [both, one] = [&[&invocation[..], completion][..], &[invocation]].map(|messages| {
            let size = |data: &[u8]| vec![u8::try_from(data.len()).unwrap()];
            messages.iter().flat_map(|data| [size(data), data.to_vec()].concat()).collect::<Vec<u8>>()
        });
        assert_eq!(binary(&one), Ok(r#"[1,{},"xyz","method",[42],[]]"#.into()));
        assert_eq!(binary(&both), Ok(r#"[1,{},"xyz","method",[42],[]] [3,{},"xyz",3,42]"#.into()));
        let after_handshake = [b"{}\x1e", &b"\x02\x91\x06"[..]].concat();
        assert_eq!(binary(&after_handshake), Ok("{} [6]".into()));
        assert_eq!(binary(b"{\"error\":\"no\"}\x1e"), Ok(r#"{"error":"no"}"#.into()));
        let long = [&b"\x83\x02\xda\x01\x00"[..], &[b'a'; 256]].concat();
        assert_eq!(binary(&long), Ok(format!("\"{}\"", "a".repeat(256))));
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(read("{}".into()), Err("a record is not ended by 0x1e".into()));
        assert_eq!(read("{}\x1e{\"type\":".into()), Err("a record is not ended by 0x1e".into()));
        assert_eq!(read("{}\x1e{\"type\"\x1e".into()), Err("a record that is not JSON at byte 3".into()));
        assert_eq!(read("\x1e".into()), Err("a record that is not JSON at byte 0".into()));
        assert_eq!(binary(b"{\"a"), Err("a record is not ended by 0x1e".into()));
        for cut in [&b"\x03\x91\x06"[..], b"\x80", b"\xff\xff\xff\xff\x7f", b"\x02\x92\x06"] {
            assert_eq!(binary(cut), Err("it ends too early".into()), "{cut:02x?}");
        }
        assert_eq!(binary(b"\xff\xff\xff\xff\xff\x01"), Err("a length of more than five bytes at byte 0".into()));
        assert_eq!(binary(b"\x02\x91\x06\x03\x91\x06\xc0"), Err("something follows its end at byte 6".into()));
        let many = read_within(1_000_000, Message::Binary(b"\x01\xc0".repeat(100_001).into()));
        assert_eq!(many, Err("it holds more than 100000 values".into()));
        assert_eq!(binary(&b"\x01\xc0".repeat(999)), Err("it becomes larger than 1000 bytes (--max-message)".into()));
    }
}
