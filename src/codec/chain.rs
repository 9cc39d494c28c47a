//! Decoders one after the other, as `--decode` names them.

use std::sync::Arc;

use super::decoded::{DecodedMessage, Decoding};
use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::table::DECODERS;
use crate::message::{DataKind, Message};

/// How messages are to be decoded (`--decode`): the decoders, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecoderChain {
    /// As the user wrote it.
    pub(crate) name: String,
    entries: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadChain {
    #[error("no decoder `{0}`: expected {all}", all = names())]
    Unknown(String),
    #[error("`{0}` makes JSON of messages, so no decoder can follow it")]
    NotLast(&'static str),
}

fn names() -> String {
    let names: Vec<_> = DECODERS.iter().map(|entry| format!("`{}`", entry.name)).collect();
    names.join(", ")
}

impl std::str::FromStr for DecoderChain {
    type Err = BadChain;

    fn from_str(text: &str) -> Result<Self, BadChain> {
        let entry = |name: &str| {
            let at = DECODERS.iter().position(|entry| entry.name == name);
            at.ok_or_else(|| BadChain::Unknown(name.to_owned()))
        };
        let entries = text.split(',').map(|name| entry(name.trim())).collect::<Result<Vec<_>, _>>()?;
        let (_, before) = entries.split_last().expect("a split has one part at least");
        match before.iter().map(|at| &DECODERS[*at]).find(|entry| !entry.unpacks) {
            Some(entry) => Err(BadChain::NotLast(entry.name)),
            None => Ok(Self { name: text.to_owned(), entries }),
        }
    }
}

impl DecoderChain {
    /// Starts to decode the messages of a connection that go one way; no more than `limit` bytes are made of one.
    pub(crate) fn start(&self, subprotocol: Option<&str>, limit: usize) -> MessageDecoder {
        let decoders =
            self.entries.iter().map(|at| &DECODERS[*at]).map(|entry| (entry, (entry.start)(subprotocol))).collect();
        MessageDecoder { name: self.name.clone(), decoders, limit }
    }
}

/// Decodes the messages of a connection that go one way.
pub(crate) struct MessageDecoder {
    name: String,
    decoders: Vec<(&'static DecoderEntry, Box<dyn Decoder>)>,
    limit: usize,
}

impl MessageDecoder {
    /// What a message says; none if it can be read as it is.
    pub(crate) fn decode(&mut self, message: &Message) -> Option<Arc<Decoding>> {
        let mut found = FoundValues::new(self.limit);
        let read = self.read(message, &mut found);
        let kind = found.kind.unwrap_or(&self.name);
        let decoding = match read {
            Ok(false) => return None,
            Ok(true) => Ok(DecodedMessage { kind: kind.to_owned(), values: found.values, is_list: found.is_list }),
            Err(error) => Err(format!("not {kind}: {error}")),
        };
        Some(Arc::new(decoding))
    }

    /// False if the message is to be read as it is.
    fn read(&mut self, message: &Message, found: &mut FoundValues) -> Result<bool, DecodeError> {
        let mut left = message.clone();
        for (entry, decoder) in &mut self.decoders {
            if entry.reads_text && left != *message {
                left = Message::of_bytes(left.into_data().into(), DataKind::Text, true);
            }
            match decoder.decode(left, found)? {
                Some(next) => left = next,
                None => return Ok(true),
            }
        }
        if left == *message {
            return Ok(false);
        }
        found.value(|out| out.payload(left.data()))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_refused_where_nothing_can_be_read_any_more() {
        let chain = |text: &str| text.parse::<DecoderChain>().map(|chain| chain.entries.len());
        assert_eq!(chain("gzip, msgpack"), Ok(2));
        assert_eq!(chain("msgpack,gzip"), Err(BadChain::NotLast("msgpack")));
        assert!(chain("gzip,").unwrap_err().to_string().starts_with("no decoder ``: expected `gzip`, `deflate`"));
    }

    #[test]
    fn each_decoder_has_a_name_of_its_own() {
        for (at, entry) in DECODERS.iter().enumerate() {
            assert!(DECODERS[..at].iter().all(|other| other.name != entry.name));
            assert!(entry.name.parse::<DecoderChain>().is_ok());
        }
    }

    #[test]
    fn text_is_left_alone_where_only_bytes_are_decoded() {
        for entry in DECODERS.iter().filter(|entry| !entry.reads_text) {
            let mut decoder = entry.name.parse::<DecoderChain>().unwrap().start(None, 1000);
            assert_eq!(decoder.decode(&"hello".into()), None, "{}", entry.name);
        }
    }
    #[test]
    fn what_was_unpacked_is_bytes_to_the_next_decoder_even_if_it_could_be_text() {
        // python3: zlib.compress(data), each of which is valid UTF-8.
        for (how, packed, json) in [
            ("deflate,protobuf", &b"x\x9c\xe3`\x04\x00\x00\x13\x00\x0a"[..], r#"{"1":1}"#),
            ("deflate,cbor", b"x\x9cKL\x04\x00\x01%\x00\xc3", "\"a\""),
            ("deflate,msgpack", b"x\x9cc\x04\x00\x00\x02\x00\x02", "1"),
            ("deflate,socketio", b"x\x9c3\x02\x00\x003\x003", r#"{"type":"ping"}"#),
            ("deflate,signalr", b"x\x9c\xab\xae\x95\x03\x00\x02\x8c\x01\x17", "[{}]"),
            ("deflate", b"x\x9c3\x02\x00\x003\x003", "2"),
        ] {
            let decoding =
                how.parse::<DecoderChain>().unwrap().start(None, 1000).decode(&Message::Binary(packed.into()));
            assert_eq!(decoding.unwrap().as_ref().as_ref().map(DecodedMessage::json), Ok(json.to_owned()), "{how}");
        }
    }
}
