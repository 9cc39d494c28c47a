//! A header field (RFC 9110, section 5).

use std::fmt::Write as _;

use crate::masking;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Header {
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value as it may be shown.
    pub(crate) fn shown_value(&self) -> String {
        masking::field(&self.name, &self.value)
    }
}

/// The fields of a head, and its end.
pub(crate) fn write_fields(head: &mut String, fields: &[Header]) {
    for field in fields {
        write!(head, "{}: {}\r\n", field.name, field.value).expect("a String takes all");
    }
    head.push_str("\r\n");
}
