//! What a decoder is, and what it finds.

use super::error::DecodeError;
use super::notation::{Notation, NotationWriter};
use crate::message::Message;

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
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError>;
}

/// The values that were found in a message.
#[derive(Debug)]
pub(crate) struct FoundValues {
    pub(super) values: Vec<Notation>,
    pub(super) is_list: bool,
    /// How many bytes may come out of a message (`--max-message`).
    limit: usize,
}

impl FoundValues {
    pub(super) fn new(limit: usize) -> Self {
        Self { values: Vec::new(), is_list: false, limit }
    }

    /// How many bytes may still come out of this message.
    pub(crate) fn room(&self) -> usize {
        self.limit
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
        let mut writer = NotationWriter::new(self.limit);
        write(&mut writer)?;
        let value = writer.finish();
        self.limit = self.limit.saturating_sub(value.text().len());
        self.values.push(value);
        Ok(())
    }
}
