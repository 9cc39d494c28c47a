//! What a decoder is, and what it finds.

use super::error::DecodeError;
use super::notation::{Notation, NotationWriter};
use crate::message::Message;

/// How many values are read from a message, since it takes memory to keep even those that are a byte each.
const MAX_VALUES: usize = 100_000;

/// A decoder that the user can choose.
pub(crate) struct DecoderEntry {
    pub(crate) name: &'static str,
    /// What it reads, for the manual.
    pub(crate) about: &'static str,
    /// Whether what it makes of a message is a message, which another decoder may read.
    pub(crate) unpacks: bool,
    /// Whether it reads text, too.
    pub(super) reads_text: bool,
    /// Begins with a connection, whose subprotocol may tell more.
    pub(crate) start: fn(Option<&str>) -> Box<dyn Decoder>,
}

/// Reads the messages of one connection that go one way, from the first to the last.
pub(crate) trait Decoder {
    /// Finds values in a message, or makes another message of it: for the next decoder, or, if it is as it was, for nobody.
    ///
    /// # Errors
    /// It is not what the user said it is, or too large or too deep.
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError>;
}

/// The values that were found in a message.
#[derive(Debug)]
pub(crate) struct FoundValues {
    pub(super) values: Vec<Notation>,
    pub(super) is_list: bool,
    /// What the message is, where the user has not said.
    pub(super) kind: Option<&'static str>,
    /// How many bytes may come out of a message (`--max-message`).
    limit: usize,
    left: usize,
}

impl FoundValues {
    pub(super) fn new(limit: usize) -> Self {
        Self { values: Vec::new(), is_list: false, kind: None, limit, left: limit }
    }

    /// How many bytes may still come out of this message.
    pub(crate) fn room(&self) -> usize {
        self.left
    }

    /// A message may hold any number of values, also none: programs always get a list.
    pub(crate) fn any_number(&mut self) {
        self.is_list = true;
    }

    /// The message turned out to be of this kind.
    pub(crate) fn known_as(&mut self, kind: &'static str) {
        self.kind = Some(kind);
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
