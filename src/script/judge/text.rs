//! Text that is expected: whole, contained or matched.

use regex::Regex;
use regex::bytes::Regex as BytesRegex;

use super::mismatch::{MatchResult, Mismatch};
use super::sources::Sources;
use crate::compare::diff::{DiffLine, diff};
use crate::script::syntax::{Regexp, TextPattern};

/// A regular expression of this length may take long.
const LARGE_REGEX: usize = 1000;

#[derive(Clone, Debug)]
pub(crate) enum TextMatcher {
    Is(String),
    Contains(String),
    Matches(Regex),
}

impl TextMatcher {
    pub(super) fn new(pattern: &TextPattern, sources: &impl Sources) -> Result<Self, String> {
        Ok(match pattern {
            TextPattern::Is(text) => Self::Is(sources.text(&text.template)?),
            TextPattern::Contains(text) => Self::Contains(sources.text(&text.template)?),
            TextPattern::Matches(expression) => Self::Matches(regex(expression, sources)?),
        })
    }

    pub(super) fn judge(&self, what: &str, text: &str) -> MatchResult {
        match self {
            Self::Is(wanted) if wanted == text => Ok(text.to_owned()),
            Self::Is(wanted) => Err(Mismatch::with(format!("{what} differs"), diff(wanted, text))),
            Self::Contains(wanted) if text.contains(wanted.as_str()) => Ok(text.to_owned()),
            Self::Contains(wanted) => {
                Err(Mismatch::with(format!("{what} does not contain `{wanted}`"), vec![DiffLine::came(text)]))
            }
            Self::Matches(regex) => found(regex, text)
                .ok_or_else(|| Mismatch::with(format!("{what} does not match /{regex}/"), vec![DiffLine::came(text)])),
        }
    }
}

/// Compiles a regular expression with its flags.
///
/// # Errors
/// A message for the user.
pub(crate) fn regex(expression: &Regexp, sources: &impl Sources) -> Result<Regex, String> {
    let source = sources.expression(&expression.source)?;
    expression.compiled(&source).map_err(|why| format!("`{source}` is not a regular expression: {why}"))
}

/// The same for bytes, of which as many as are UTF-8 are characters.
///
/// # Errors
/// A message for the user.
pub(super) fn bytes_regex(expression: &Regexp, sources: &impl Sources) -> Result<BytesRegex, String> {
    let source = sources.expression(&expression.source)?;
    expression.compiled_for_bytes(&source).map_err(|why| format!("`{source}` is not a regular expression: {why}"))
}

/// Whether it may take long also for a small text: counted repetitions make large automata.
pub(crate) fn is_large(expression: &str) -> bool {
    expression.len() > LARGE_REGEX || expression.contains('{')
}

/// The first group, else the whole match.
pub(super) fn found(regex: &Regex, text: &str) -> Option<String> {
    let captures = regex.captures(text)?;
    let group = captures.get(1).or(captures.get(0))?;
    Some(group.as_str().to_owned())
}
