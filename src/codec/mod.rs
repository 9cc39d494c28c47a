//! What is inside messages: decoders, which say it as JSON, and encoders.
//!
//! Plain code, without I/O: a message goes in, [`Decoded`] comes out. A decoder is a file here and a line of [`DECODERS`].

mod cbor;
mod deflate;
pub(crate) mod encode;
mod error;
mod msgpack;
pub(crate) mod notation;
mod protobuf;
mod signalr;
mod socketio;

use std::sync::Arc;

use self::error::DecodeError;
use self::notation::{Notation, NotationWriter};
use crate::message::Message;

/// How many values are read from a message, since it takes memory to keep even those that are a byte each.
const MAX_VALUES: usize = 100_000;

/// All decoders, in the order of the manual.
pub(crate) const DECODERS: &[DecoderEntry] = &[
    deflate::GZIP,
    deflate::DEFLATE,
    deflate::ZLIB_STREAM,
    msgpack::ENTRY,
    cbor::ENTRY,
    protobuf::ENTRY,
    signalr::ENTRY,
    socketio::ENTRY,
];

/// A decoder that the user can choose.
pub(crate) struct DecoderEntry {
    pub(crate) name: &'static str,
    /// What it reads, for the manual.
    pub(crate) about: &'static str,
    /// Whether what it makes of a message is a message, which another decoder may read.
    pub(crate) unpacks: bool,
    pub(crate) start: fn() -> Box<dyn Decoder>,
}

/// Reads the messages of one connection that go one way, from the first to the last.
pub(crate) trait Decoder {
    /// Finds values in a message, or makes another message of it: for the next decoder, or, if it is as it was, for nobody.
    ///
    /// # Errors
    /// It is not what the user said it is, or too large or too deep.
    fn decode(&mut self, message: Message, found: &mut Found) -> Result<Option<Message>, DecodeError>;
}

/// The values that were found in a message.
#[derive(Debug)]
pub(crate) struct Found {
    values: Vec<Notation>,
    is_list: bool,
    /// How many bytes may come out of a message (`--max-message`).
    limit: usize,
    left: usize,
}

impl Found {
    fn new(limit: usize) -> Self {
        Self { values: Vec::new(), is_list: false, limit, left: limit }
    }

    /// How many bytes may still come out of this message.
    pub(crate) fn room(&self) -> usize {
        self.left
    }

    /// A message may hold any number of values, also none: programs always get a list.
    pub(crate) fn any_number(&mut self) {
        self.is_list = true;
    }

    /// Adds a value.
    pub(crate) fn value(
        &mut self,
        write: impl FnOnce(&mut NotationWriter) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if self.values.len() >= MAX_VALUES {
            return Err(DecodeError::new(format!("it holds more than {MAX_VALUES} values")));
        }
        let mut writer = NotationWriter::new(self.left);
        write(&mut writer).map_err(|error| match error {
            DecodeError::TooLarge(_) => DecodeError::TooLarge(self.limit),
            other => other,
        })?;
        let value = writer.finish();
        self.left = self.left.saturating_sub(value.text().len());
        self.values.push(value);
        Ok(())
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) values: Vec<Notation>,
    /// Such messages may hold any number of values.
    pub(crate) is_list: bool,
}

/// What came of decoding a message: what it says, or why that cannot be told.
pub(crate) type Decoding = Result<Decoded, String>;

impl Decoded {
    /// All of it as one JSON value.
    pub(crate) fn json(&self) -> String {
        let values: Vec<_> = self.values.iter().map(Notation::json).collect();
        if self.is_list { format!("[{}]", values.join(",")) } else { values.concat() }
    }
}

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
    pub(crate) fn start(&self, limit: usize) -> MessageDecoder {
        let decoders = self.entries.iter().map(|at| (DECODERS[*at].start)()).collect();
        MessageDecoder { name: self.name.clone(), decoders, limit }
    }
}

/// Decodes the messages of a connection that go one way.
pub(crate) struct MessageDecoder {
    name: String,
    decoders: Vec<Box<dyn Decoder>>,
    limit: usize,
}

impl MessageDecoder {
    /// What a message says; none if it can be read as it is.
    pub(crate) fn decode(&mut self, message: &Message) -> Option<Arc<Decoding>> {
        let decoding = self.read(message).map_err(|error| format!("not {}: {error}", self.name)).transpose();
        decoding.map(Arc::new)
    }

    fn read(&mut self, message: &Message) -> Result<Option<Decoded>, DecodeError> {
        let mut found = Found::new(self.limit);
        let mut left = message.clone();
        for decoder in &mut self.decoders {
            match decoder.decode(left, &mut found)? {
                Some(next) => left = next,
                None => return Ok(Some(Decoded { values: found.values, is_list: found.is_list })),
            }
        }
        if left == *message {
            return Ok(None);
        }
        found.value(|out| out.payload(left.data()))?;
        Ok(Some(Decoded { values: found.values, is_list: false }))
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
    fn each_decoder_has_a_name_of_its_own_and_leaves_text_that_is_no_work_for_it() {
        for (at, entry) in DECODERS.iter().enumerate() {
            assert!(DECODERS[..at].iter().all(|other| other.name != entry.name));
            if [signalr::ENTRY.name, socketio::ENTRY.name].contains(&entry.name) {
                continue;
            }
            let mut decoder = entry.name.parse::<DecoderChain>().unwrap().start(1000);
            assert_eq!(decoder.decode(&"hello".into()), None, "{}", entry.name);
        }
    }
}
