//! Whether what came is what was expected: a pattern with its variables replaced, and what it says to a message.
//!
//! JSON values are set side by side in `compare`, conditions judged in `condition`, what differs is shown by `diff`.

pub(crate) mod any_order;
pub(crate) mod bytes;
mod condition;
mod extract;
mod json;
pub(crate) mod mismatch;
pub(crate) mod sources;
#[cfg(test)]
mod tests;
mod text;

use regex::bytes::Regex as BytesRegex;

use self::bytes::{BytePattern, dumped};
use self::condition::JsonCondition;
use self::json::{JsonMatcher, judge_condition, no_json};
use self::mismatch::{MatchResult, Mismatch};
use self::sources::Sources;
use self::text::{TextMatcher, bytes_regex};
use super::syntax::{Pattern, TextPattern};
use crate::compare::diff::DiffLine;
use crate::message::{Close, Message};
use crate::request::Header;
use crate::text::hex::digits;

pub(crate) use self::extract::Extractor;
pub(crate) use self::text::is_large;

/// A pattern that can be held against what comes.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    Message,
    AnyText,
    Text(TextMatcher),
    Json(JsonMatcher),
    AnyBinary,
    Binary(BytePattern),
    BinaryContains(BytePattern),
    BinaryMatches(BytesRegex),
    /// In a message of either type.
    MessageJson(JsonMatcher),
    BinaryJson(JsonMatcher),
    /// Of a stream, which [`BytePattern::fit`] says more about.
    Bytes(BytePattern),
    Ping(Option<TextMatcher>),
    Pong(Option<TextMatcher>),
    Close {
        code: Option<u16>,
        reason: Option<TextMatcher>,
    },
    Header {
        name: String,
        value: Option<TextMatcher>,
    },
    Body(TextMatcher),
    BodyJson(JsonCondition),
    Subprotocol(String),
}

/// In which of the orders of a connection the next one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedKind {
    Message,
    Ping,
    Pong,
    Close,
    /// The stream of bytes that binary messages are.
    Bytes,
    /// The answer to the opening request, which is there already.
    Answer,
}

/// What a server said to the opening request.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpeningAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) subprotocol: Option<String>,
    /// Of a refusal.
    pub(crate) body: Vec<u8>,
}

impl Matcher {
    /// # Errors
    /// A message for the user: what is invalid with its variables replaced.
    pub(crate) fn new(pattern: &Pattern, sources: &impl Sources) -> Result<Self, String> {
        let optional =
            |text: &Option<TextPattern>| text.as_ref().map(|text| TextMatcher::new(text, sources)).transpose();
        Ok(match pattern {
            Pattern::Message => Self::Message,
            Pattern::AnyText => Self::AnyText,
            Pattern::Text(text) => Self::Text(TextMatcher::new(text, sources)?),
            Pattern::JsonSubset(_) | Pattern::JsonExactly(_) | Pattern::Json(_) => {
                Self::Json(JsonMatcher::new(pattern, sources)?)
            }
            Pattern::AnyBinary => Self::AnyBinary,
            Pattern::Binary(binary) => Self::Binary(BytePattern::new(binary, sources)?),
            Pattern::BinaryContains(binary) => Self::BinaryContains(BytePattern::new(binary, sources)?),
            Pattern::BinaryMatches(expression) => Self::BinaryMatches(bytes_regex(expression, sources)?),
            Pattern::MessageJson(pattern) => Self::MessageJson(JsonMatcher::new(pattern, sources)?),
            Pattern::BinaryJson(pattern) => Self::BinaryJson(JsonMatcher::new(pattern, sources)?),
            Pattern::Bytes(binary) => Self::Bytes(BytePattern::new(binary, sources)?),
            Pattern::Ping(text) => Self::Ping(optional(text)?),
            Pattern::Pong(text) => Self::Pong(optional(text)?),
            Pattern::Close { code, reason } => Self::Close { code: *code, reason: optional(reason)? },
            Pattern::Header { name, value } => Self::Header { name: name.clone(), value: optional(value)? },
            Pattern::Body(text) => Self::Body(TextMatcher::new(text, sources)?),
            Pattern::BodyJson(condition) => Self::BodyJson(JsonCondition::new(condition, sources)?),
            Pattern::Subprotocol(text) => Self::Subprotocol(sources.text(&text.template)?),
        })
    }

    pub(crate) fn kind(&self) -> ExpectedKind {
        match self {
            Self::Message
            | Self::AnyText
            | Self::Text(_)
            | Self::Json(_)
            | Self::AnyBinary
            | Self::Binary(_)
            | Self::BinaryContains(_)
            | Self::BinaryMatches(_)
            | Self::MessageJson(_)
            | Self::BinaryJson(_) => ExpectedKind::Message,
            Self::Bytes(_) => ExpectedKind::Bytes,
            Self::Ping(_) => ExpectedKind::Ping,
            Self::Pong(_) => ExpectedKind::Pong,
            Self::Close { .. } => ExpectedKind::Close,
            Self::Header { .. } | Self::Body(_) | Self::BodyJson(_) | Self::Subprotocol(_) => ExpectedKind::Answer,
        }
    }

    /// Whether it may take long also for a small message: counted repetitions make large automata.
    pub(crate) fn is_costly(&self) -> bool {
        match self {
            Self::Text(TextMatcher::Matches(regex)) => is_large(regex.as_str()),
            Self::BinaryMatches(regex) => is_large(regex.as_str()),
            Self::Json(JsonMatcher::Condition(condition))
            | Self::MessageJson(JsonMatcher::Condition(condition))
            | Self::BinaryJson(JsonMatcher::Condition(condition)) => {
                condition.regexes().into_iter().any(|regex| is_large(regex.as_str()))
            }
            _ => false,
        }
    }

    /// Judges a data message.
    pub(crate) fn message(&self, message: &Message) -> MatchResult {
        match (self, message) {
            (Self::Message, Message::Text(text)) | (Self::AnyText, Message::Text(text)) => Ok(text.as_str().to_owned()),
            (Self::Message, Message::Binary(data)) | (Self::AnyBinary, Message::Binary(data)) => Ok(digits(data)),
            (Self::Text(wanted), Message::Text(text)) => wanted.judge("the text", text),
            (Self::Json(wanted), Message::Text(text)) => wanted.judge("the message", text),
            (Self::Binary(wanted), Message::Binary(data)) => wanted.judge(data),
            (Self::BinaryContains(wanted), Message::Binary(data)) => wanted.judge_part(data),
            (Self::BinaryMatches(regex), Message::Binary(data)) => bytes::judge_match(regex, data),
            (Self::MessageJson(wanted), _) | (Self::BinaryJson(wanted), Message::Binary(_)) => {
                match std::str::from_utf8(message.data()) {
                    Ok(text) => wanted.judge("the message", text),
                    Err(_) => Err(no_json("the message", &String::from_utf8_lossy(message.data()))),
                }
            }
            (
                Self::AnyBinary
                | Self::Binary(_)
                | Self::BinaryContains(_)
                | Self::BinaryMatches(_)
                | Self::BinaryJson(_)
                | Self::Bytes(_),
                Message::Text(text),
            ) => {
                let words = "expected a binary message, but a text message came";
                Err(Mismatch::with(words, vec![DiffLine::came(text.as_str())]))
            }
            (_, Message::Binary(data)) => {
                let words = format!("expected a text message, but a binary message of {} bytes came", data.len());
                Err(Mismatch::with(words, dumped(data).map(DiffLine::came).collect()))
            }
            // The player asks for the next of the right kind.
            (_, Message::Text(_)) => Err(Mismatch::new("a message came")),
        }
    }

    /// Judges what a ping or pong carries.
    pub(crate) fn control(&self, data: &[u8]) -> MatchResult {
        let text = String::from_utf8_lossy(data);
        match self {
            Self::Ping(Some(wanted)) => wanted.judge("what the ping carries", &text),
            Self::Pong(Some(wanted)) => wanted.judge("what the pong carries", &text),
            _ => Ok(text.into_owned()),
        }
    }

    /// Judges a Close; one that is missing has the code 1006 (RFC 6455, section 7.1.5).
    pub(crate) fn close(&self, close: &Close) -> MatchResult {
        let Self::Close { code, reason } = self else { return Err(Mismatch::new(closed_with(close))) };
        if code.is_some() && *code != close.code {
            let expected = code.map(|code| format!("close {code}"));
            let lines = vec![DiffLine::expected(expected.unwrap_or_default()), DiffLine::came(closing(close))];
            return Err(Mismatch::with("the code of the Close differs", lines));
        }
        match reason {
            Some(reason) => reason.judge("the reason of the Close", &close.reason),
            None => Ok(close.code.map_or_else(String::new, |code| code.to_string())),
        }
    }

    /// Judges the answer to the opening request.
    pub(crate) fn answer(&self, answer: &OpeningAnswer) -> MatchResult {
        let body = || String::from_utf8_lossy(&answer.body);
        match self {
            Self::Header { name, value } => {
                let values: Vec<_> = answer.values(name).collect();
                let what = format!("the header `{name}`");
                let judge = |text: &&str| match value {
                    Some(wanted) => wanted.judge(&what, text),
                    None => Ok((*text).to_owned()),
                };
                // Of several fields one is enough, and the last is shown.
                let none = || Err(Mismatch::new(format!("the answer has no header `{name}`")));
                values.iter().map(judge).reduce(Result::or).unwrap_or_else(none)
            }
            Self::Body(wanted) => wanted.judge("the body", body().trim_end_matches(['\r', '\n'])),
            Self::BodyJson(condition) => judge_condition(condition, "the body", &body()),
            Self::Subprotocol(wanted) => {
                let got = answer.subprotocol.as_deref().unwrap_or_default();
                TextMatcher::Is(wanted.clone()).judge("the subprotocol", got)
            }
            _ => Err(Mismatch::new("the answer to the opening request came")),
        }
    }
}

impl OpeningAnswer {
    /// The values of the fields of that name.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.is(name)).map(|header| header.value.as_str())
    }
}

/// The mismatch for a message where none was expected.
pub(crate) fn unexpected(message: &Message) -> Mismatch {
    match message {
        Message::Text(text) => Mismatch::with("a text message came", vec![DiffLine::came(text.as_str())]),
        Message::Binary(data) => Mismatch::with("a binary message came", dumped(data).map(DiffLine::came).collect()),
    }
}

/// A Close in words: `close 1000 bye`.
pub(crate) fn closing(close: &Close) -> String {
    let code = close.code.map_or_else(String::new, |code| format!(" {code}"));
    let reason = if close.reason.is_empty() { String::new() } else { format!(" {}", close.reason) };
    format!("close{code}{reason}")
}

fn closed_with(close: &Close) -> String {
    format!("the connection was closed: {}", closing(close))
}
