//! Why something does not match a pattern.

use crate::compare::diff::DiffLine;

/// Why something does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) words: String,
    pub(crate) diff: Vec<DiffLine>,
}

/// What a pattern captures of what fits it.
pub(crate) type MatchResult = Result<String, Mismatch>;

impl Mismatch {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), diff: Vec::new() }
    }

    pub(crate) fn with(words: impl Into<String>, diff: Vec<DiffLine>) -> Self {
        Self { words: words.into(), diff }
    }
}
