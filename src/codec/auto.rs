//! What messages are, where the subprotocol or their beginnings leave no doubt.

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::notation::is_json_object;
use super::{cbor, deflate, mqtt, msgpack, signalr, socketio};
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "auto",
    about: "any of the others but `protobuf`, where the subprotocol or the beginning of a message leaves no doubt; other messages \
        stay as they are",
    unpacks: false,
    reads_text: true,
    start: |subprotocol| Box::new(Auto { fixed: subprotocol.and_then(by_subprotocol), is_first: true }),
};

/// gzip with deflate, the only method that there is (RFC 1952, section 2.3.1).
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// The tag that says nothing but that this is CBOR (RFC 8949, section 3.4.6).
const SELF_DESCRIBED_CBOR: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// The first packet of an Engine.IO server (its protocol, version 4).
const ENGINE_IO: &str = r#"0{"sid":"#;

struct Auto {
    /// What all messages of this connection are.
    fixed: Option<(&'static str, Box<dyn Decoder>)>,
    is_first: bool,
}

impl Decoder for Auto {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let is_first = std::mem::take(&mut self.is_first);
        if self.fixed.is_none() && is_first {
            self.fixed = by_first_message(&message).map(begun);
        }
        if let Some((name, decoder)) = &mut self.fixed {
            found.known_as(name);
            return decoder.decode(message, found);
        }
        let Message::Binary(data) = &message else { return Ok(Some(message)) };
        let Some(entry) = by_beginning(data) else { return Ok(Some(message)) };
        // What only began like it is shown as it is.
        match (entry.start)(None).decode(message.clone(), found) {
            Ok(decoded) => {
                found.known_as(entry.name);
                Ok(decoded)
            }
            Err(_) => Ok(Some(message)),
        }
    }
}

fn begun(entry: DecoderEntry) -> (&'static str, Box<dyn Decoder>) {
    (entry.name, (entry.start)(None))
}

fn by_subprotocol(name: &str) -> Option<(&'static str, Box<dyn Decoder>)> {
    match name {
        "mqtt" | "mqttv3.1" => Some(begun(mqtt::ENTRY)),
        "wamp.2.msgpack" | "wamp.2.msgpack.batched" | "msgpack" => Some(begun(msgpack::ENTRY)),
        "wamp.2.cbor" | "cbor" => Some(begun(cbor::ENTRY)),
        _ => None,
    }
}

/// Of a protocol that the first message gives away.
fn by_first_message(message: &Message) -> Option<DecoderEntry> {
    match message {
        Message::Text(text) if text.starts_with(ENGINE_IO) => Some(socketio::ENTRY),
        Message::Text(text) => {
            let records = text.strip_suffix(char::from(signalr::RECORD_END))?;
            records.split(char::from(signalr::RECORD_END)).all(is_json_object).then_some(signalr::ENTRY)
        }
        Message::Binary(data) if deflate::has_zlib_header(data) && data.ends_with(&deflate::FLUSHED) => {
            Some(deflate::ZLIB_STREAM)
        }
        Message::Binary(_) => None,
    }
}

/// Of a message by itself.
fn by_beginning(data: &[u8]) -> Option<DecoderEntry> {
    if data.starts_with(&GZIP) {
        Some(deflate::GZIP)
    } else if data.starts_with(&SELF_DESCRIBED_CBOR) {
        Some(cbor::ENTRY)
    } else if deflate::has_zlib_header(data) {
        // Its checksum tells whether it is one.
        Some(deflate::DEFLATE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{DecoderChain, MessageDecoder};

    fn decoder(subprotocol: Option<&str>) -> MessageDecoder {
        "auto".parse::<DecoderChain>().unwrap().start(subprotocol, 10_000)
    }

    /// What a message is taken for, and what it says.
    fn read(decoder: &mut MessageDecoder, message: &Message) -> Option<(String, String)> {
        let decoding = decoder.decode(message)?;
        let decoded = decoding.as_ref().as_ref().expect("it can be read");
        Some((decoded.kind.clone(), decoded.json()))
    }

    fn binary(data: &'static [u8]) -> Message {
        Message::Binary(data.into())
    }

    #[test]
    fn what_leaves_no_doubt_is_decoded() {
        for (subprotocol, message, kind, json) in [
            (Some("mqtt"), binary(b"\xd0\x00"), "mqtt", r#"[{"type":"pingresp"}]"#),
            (Some("wamp.2.msgpack"), binary(b"\x92\x01\x02"), "msgpack", "[1,2]"),
            (Some("wamp.2.cbor"), binary(b"\x82\x01\x02"), "cbor", "[1,2]"),
            (None, binary(b"\xd9\xd9\xf7\x01"), "cbor", "\"55799(1)\""),
            (None, "{}\u{1e}".into(), "signalr", "[{}]"),
            (
                None,
                "0{\"sid\":\"x\",\"upgrades\":[]}".into(),
                "socketio",
                r#"{"type":"open","data":{"sid":"x","upgrades":[]}}"#,
            ),
            (
                None,
                binary(
                    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00",
                ),
                "gzip",
                "\"hello\"",
            ),
            // python3: zlib.compress(b"hello")
            (None, binary(b"x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15"), "deflate", "\"hello\""),
            (None, binary(b"x\x9c\xaaVJT\xb22\xac\x05\x00\x00\x00\xff\xff"), "zlib-stream", r#"{"a":1}"#),
        ] {
            let read = read(&mut decoder(subprotocol), &message);
            assert_eq!(read, Some((kind.to_owned(), json.to_owned())), "{message:?}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for message in [
            "hello".into(),
            "{}".into(),
            "plain\u{1e}".into(),
            binary(b"\x92\x01\x02"),
            binary(b"\x1f\x8b\x08\x00"),
            binary(b"\xd9\xd9\xf7\x82"),
            // The checksum is wrong.
            binary(b"x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x16"),
        ] {
            assert_eq!(decoder(Some("chat")).decode(&message), None, "{message:?}");
        }
    }
}
