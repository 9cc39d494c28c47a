//! Whether what came is what was expected: a pattern with its variables put in, and what it says to a message.
//!
//! JSON values are set side by side in `compare`, conditions judged in `condition`, what differs is shown by `diff`.

pub(crate) mod any_order;
pub(crate) mod bytes;
pub(crate) mod compare;
mod condition;
pub(crate) mod diff;
mod extract;
mod json;
#[cfg(test)]
mod tests;
mod text;

use regex::bytes::Regex as BytesRegex;
use serde_json::Value;

use self::bytes::{BytePattern, dumped};
use self::condition::Condition;
use self::diff::Line;
pub(crate) use self::extract::Extractor;
use self::json::{WantedJson, judge_condition, no_json};
use self::text::WantedText;
use self::text::bytes_regex;
pub(crate) use self::text::is_large;
use super::syntax::{Pattern, Template, TextPattern};
use crate::event::{Close, Message};
use crate::render::hex::digits;
use crate::request::Header;

/// A value takes many times the memory of its text.
const LARGEST_JSON: usize = 1 << 20;

/// What stands behind the words of a script: the values of its variables, and files beside it.
///
/// # Errors
/// All of them in words.
pub(crate) trait Sources {
    fn text(&self, template: &Template) -> Result<String, String>;

    /// The same as JSON, which it has to be.
    fn json_text(&self, template: &Template) -> Result<String, String>;

    fn json(&self, template: &Template) -> Result<Value, String> {
        let text = self.json_text(template)?;
        if text.len() > LARGEST_JSON {
            return Err(format!("JSON that is compared has no more than {} MiB", LARGEST_JSON >> 20));
        }
        serde_json::from_str(&text).map_err(|error| format!("`{text}` is no JSON: {error}"))
    }

    /// The same in a regular expression, where variables stand for themselves.
    fn expression(&self, template: &Template) -> Result<String, String>;

    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// A pattern that can be held against what comes.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Message,
    AnyText,
    Text(WantedText),
    Json(WantedJson),
    AnyBinary,
    Binary(BytePattern),
    BinaryContains(BytePattern),
    BinaryMatches(BytesRegex),
    /// In a message of either type.
    MessageJson(WantedJson),
    BinaryJson(WantedJson),
    /// Of a stream, which [`BytePattern::fit`] says more about.
    Bytes(BytePattern),
    Ping(Option<WantedText>),
    Pong(Option<WantedText>),
    Close {
        code: Option<u16>,
        reason: Option<WantedText>,
    },
    Header {
        name: String,
        value: Option<WantedText>,
    },
    Body(WantedText),
    BodyJson(Condition),
    Subprotocol(String),
}

/// In which of the orders of a connection the next one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) subprotocol: Option<String>,
    /// Of a refusal.
    pub(crate) body: Vec<u8>,
}

/// Why something does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) words: String,
    pub(crate) diff: Vec<Line>,
}

/// What a pattern captures of what fits it.
pub(crate) type Verdict = Result<String, Mismatch>;

impl Mismatch {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), diff: Vec::new() }
    }

    pub(crate) fn with(words: impl Into<String>, diff: Vec<Line>) -> Self {
        Self { words: words.into(), diff }
    }
}

impl Wanted {
    /// # Errors
    /// In words: what makes no sense with its variables put in.
    pub(crate) fn new(pattern: &Pattern, sources: &impl Sources) -> Result<Self, String> {
        let optional =
            |text: &Option<TextPattern>| text.as_ref().map(|text| WantedText::new(text, sources)).transpose();
        Ok(match pattern {
            Pattern::Message => Self::Message,
            Pattern::AnyText => Self::AnyText,
            Pattern::Text(text) => Self::Text(WantedText::new(text, sources)?),
            Pattern::JsonSubset(_) | Pattern::JsonExactly(_) | Pattern::Json(_) => {
                Self::Json(WantedJson::new(pattern, sources)?)
            }
            Pattern::AnyBinary => Self::AnyBinary,
            Pattern::Binary(binary) => Self::Binary(BytePattern::new(binary, sources)?),
            Pattern::BinaryContains(binary) => Self::BinaryContains(BytePattern::new(binary, sources)?),
            Pattern::BinaryMatches(expression) => Self::BinaryMatches(bytes_regex(expression, sources)?),
            Pattern::MessageJson(pattern) => Self::MessageJson(WantedJson::new(pattern, sources)?),
            Pattern::BinaryJson(pattern) => Self::BinaryJson(WantedJson::new(pattern, sources)?),
            Pattern::Bytes(binary) => Self::Bytes(BytePattern::new(binary, sources)?),
            Pattern::Ping(text) => Self::Ping(optional(text)?),
            Pattern::Pong(text) => Self::Pong(optional(text)?),
            Pattern::Close { code, reason } => Self::Close { code: *code, reason: optional(reason)? },
            Pattern::Header { name, value } => Self::Header { name: name.clone(), value: optional(value)? },
            Pattern::Body(text) => Self::Body(WantedText::new(text, sources)?),
            Pattern::BodyJson(condition) => Self::BodyJson(Condition::new(condition, sources)?),
            Pattern::Subprotocol(text) => Self::Subprotocol(sources.text(&text.template)?),
        })
    }

    pub(crate) fn kind(&self) -> Kind {
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
            | Self::BinaryJson(_) => Kind::Message,
            Self::Bytes(_) => Kind::Bytes,
            Self::Ping(_) => Kind::Ping,
            Self::Pong(_) => Kind::Pong,
            Self::Close { .. } => Kind::Close,
            Self::Header { .. } | Self::Body(_) | Self::BodyJson(_) | Self::Subprotocol(_) => Kind::Answer,
        }
    }

    /// Whether it may take long also for a small message: counted repetitions make large automata.
    pub(crate) fn is_costly(&self) -> bool {
        match self {
            Self::Text(WantedText::Matches(regex)) => is_large(regex.as_str()),
            Self::BinaryMatches(regex) => is_large(regex.as_str()),
            Self::Json(WantedJson::Condition(condition))
            | Self::MessageJson(WantedJson::Condition(condition))
            | Self::BinaryJson(WantedJson::Condition(condition)) => {
                condition.regexes().into_iter().any(|regex| is_large(regex.as_str()))
            }
            _ => false,
        }
    }

    /// Judges a data message.
    pub(crate) fn message(&self, message: &Message) -> Verdict {
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
                let words = "expected a binary message, and a text message came";
                Err(Mismatch::with(words, vec![Line::came(text.as_str())]))
            }
            (_, Message::Binary(data)) => {
                let words = format!("expected a text message, and a binary message of {} bytes came", data.len());
                Err(Mismatch::with(words, dumped(data).map(Line::came).collect()))
            }
            // The player asks for the next of the right kind.
            (_, Message::Text(_)) => Err(Mismatch::new("a message came")),
        }
    }

    /// Judges what a ping or pong carries.
    pub(crate) fn control(&self, data: &[u8]) -> Verdict {
        let text = String::from_utf8_lossy(data);
        match self {
            Self::Ping(Some(wanted)) => wanted.judge("what the ping carries", &text),
            Self::Pong(Some(wanted)) => wanted.judge("what the pong carries", &text),
            _ => Ok(text.into_owned()),
        }
    }

    /// Judges a Close; one that is missing has the code 1006 (RFC 6455, section 7.1.5).
    pub(crate) fn close(&self, close: &Close) -> Verdict {
        let Self::Close { code, reason } = self else { return Err(Mismatch::new(closed_with(close))) };
        if code.is_some() && *code != close.code {
            let expected = code.map(|code| format!("close {code}"));
            let lines = vec![Line::expected(expected.unwrap_or_default()), Line::came(closing(close))];
            return Err(Mismatch::with("the code of the Close is another", lines));
        }
        match reason {
            Some(reason) => reason.judge("the reason of the Close", &close.reason),
            None => Ok(close.code.map_or_else(String::new, |code| code.to_string())),
        }
    }

    /// Judges the answer to the opening request.
    pub(crate) fn answer(&self, answer: &Answer) -> Verdict {
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
                WantedText::Is(wanted.clone()).judge("the subprotocol", got)
            }
            _ => Err(Mismatch::new("the answer to the opening request came")),
        }
    }
}

impl Answer {
    /// The values of the fields of that name.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.is(name)).map(|header| header.value.as_str())
    }
}

/// What there is to say of a message where there was to be none.
pub(crate) fn unexpected(message: &Message) -> Mismatch {
    match message {
        Message::Text(text) => Mismatch::with("a text message came", vec![Line::came(text.as_str())]),
        Message::Binary(data) => Mismatch::with("a binary message came", dumped(data).map(Line::came).collect()),
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
