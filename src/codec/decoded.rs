//! What a message says, once it is decoded.

use super::decoder::FoundValues;
use super::error::DecodeError;
use super::notation::Notation;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecodedMessage {
    /// What it was decoded as.
    pub(crate) kind: String,
    pub(crate) values: Vec<Notation>,
    /// Such messages may hold any number of values.
    pub(crate) is_list: bool,
}

/// What came of decoding a message: what it says, or why that cannot be told.
pub(crate) type Decoding = Result<DecodedMessage, String>;

impl DecodedMessage {
    /// What a command has said of a message: JSON, a text, or nothing.
    ///
    /// # Errors
    /// It is too large.
    pub(crate) fn of_line(line: &[u8], limit: usize) -> Result<Self, DecodeError> {
        let mut found = FoundValues::new(limit);
        found.any_number();
        if !line.trim_ascii().is_empty() {
            found.value(|out| out.payload(line.trim_ascii()))?;
        }
        Ok(Self { kind: "decoded".to_owned(), values: found.values, is_list: false })
    }

    /// So many bytes of it, to be shown.
    pub(crate) fn beginning(&self, size: usize) -> Self {
        let mut left = size;
        let mut values = Vec::new();
        for value in &self.values {
            if left == 0 {
                break;
            }
            values.push(value.beginning(left));
            left = left.saturating_sub(value.text().len());
        }
        Self { kind: self.kind.clone(), values, is_list: self.is_list }
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.values.iter().map(|value| value.text().len()).sum()
    }

    /// All of it as one JSON value.
    pub(crate) fn json(&self) -> String {
        let values: Vec<_> = self.values.iter().map(Notation::json).collect();
        match &*values {
            [value] if !self.is_list => value.to_string(),
            [] if !self.is_list => "null".to_owned(),
            values => format!("[{}]", values.join(",")),
        }
    }
}
