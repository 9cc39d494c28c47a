//! What `capture NAME = …` takes out of a message, ready to be taken.

use regex::Regex;

use super::condition::{Path, plain};
use super::json::{no_json, value};
use super::mismatch::{MatchResult, Mismatch};
use super::sources::Sources;
use super::text::{found, regex};
use crate::compare::diff::DiffLine;
use crate::message::Message;
use crate::script::syntax::Extract;
use crate::text::hex::digits;

#[derive(Clone, Debug)]
pub(crate) enum Extractor {
    Text,
    Regex(Regex),
    Json(Path),
    Binary,
}

impl Extractor {
    /// # Errors
    /// A message for the user: what is invalid with its variables replaced, or is not taken out of a message.
    pub(crate) fn new(from: &Extract, sources: &impl Sources) -> Result<Self, String> {
        Ok(match from {
            Extract::Text => Self::Text,
            Extract::Regexp(expression) => Self::Regex(regex(expression, sources)?),
            Extract::Json(path) => Self::Json(Path::new(path)?),
            Extract::Binary => Self::Binary,
            Extract::Header(_) | Extract::Status | Extract::CloseCode | Extract::CloseReason => {
                return Err("a message does not have that".to_owned());
            }
        })
    }

    pub(crate) fn take(&self, message: &Message) -> MatchResult {
        let text = || {
            let text = std::str::from_utf8(message.data());
            text.map_err(|_| Mismatch::new("the last message is binary and not UTF-8"))
        };
        let missed = |words: String, text: &str| Mismatch::with(words, vec![DiffLine::came(text)]);
        match self {
            Self::Text => text().map(str::to_owned),
            Self::Binary => Ok(digits(message.data())),
            Self::Regex(regex) => {
                let text = text()?;
                found(regex, text).ok_or_else(|| missed(format!("the text does not match /{regex}/"), text))
            }
            Self::Json(path) => {
                let text = text()?;
                let value = value(text).ok_or_else(|| no_json("the message", text))?;
                path.first(&value).map(plain).ok_or_else(|| missed(format!("{path} does not exist"), text))
            }
        }
    }
}
