//! Whether what came is what was expected: a pattern with its variables put in, and what it says to a message.
//!
//! JSON values are set side by side in `compare`, conditions judged in `condition`, what differs is shown by `diff`.

pub(crate) mod any_order;
pub(crate) mod compare;
mod condition;
pub(crate) mod diff;

use std::fmt::Write as _;

use regex::Regex;
use serde_json::Value;

use self::compare::{is_part, same, shown_beside};
use self::condition::{Condition, Path, plain};
use self::diff::{Line, diff};
use super::syntax::{Binary, Extract, Pattern, Regexp, Template, TextPattern};
use crate::event::{Close, Message};
use crate::render::hex::{digits, hexdump};
use crate::request::Header;

/// A hexdump of two rows of eight fits beside its signs.
const DUMP_WIDTH: usize = 80;

/// A regular expression of this length may take long.
const LARGE_REGEX: usize = 1000;

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
    JsonSubset(Value),
    JsonExactly(Value),
    Json(Condition),
    AnyBinary,
    Binary(Vec<u8>),
    Ping(Option<WantedText>),
    Pong(Option<WantedText>),
    Close { code: Option<u16>, reason: Option<WantedText> },
    Header { name: String, value: Option<WantedText> },
    Body(WantedText),
    BodyJson(Condition),
    Subprotocol(String),
}

#[derive(Clone, Debug)]
pub(crate) enum WantedText {
    Is(String),
    Contains(String),
    Matches(Regex),
}

/// In which of the orders of a connection the next one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Ping,
    Pong,
    Close,
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
            Pattern::JsonSubset(text) => Self::JsonSubset(sources.json(&text.template)?),
            Pattern::JsonExactly(text) => Self::JsonExactly(sources.json(&text.template)?),
            Pattern::Json(condition) => Self::Json(Condition::new(condition, sources)?),
            Pattern::AnyBinary => Self::AnyBinary,
            Pattern::Binary(binary) => Self::Binary(bytes(binary, sources)?),
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
            | Self::JsonSubset(_)
            | Self::JsonExactly(_)
            | Self::Json(_)
            | Self::AnyBinary
            | Self::Binary(_) => Kind::Message,
            Self::Ping(_) => Kind::Ping,
            Self::Pong(_) => Kind::Pong,
            Self::Close { .. } => Kind::Close,
            Self::Header { .. } | Self::Body(_) | Self::BodyJson(_) | Self::Subprotocol(_) => Kind::Answer,
        }
    }

    /// Whether it may take long also for a small message: counted repetitions make large automata.
    pub(crate) fn is_costly(&self) -> bool {
        let is_large = |regex: &Regex| regex.as_str().len() > LARGE_REGEX || regex.as_str().contains('{');
        match self {
            Self::Text(WantedText::Matches(regex)) => is_large(regex),
            Self::Json(condition) => condition.regexes().into_iter().any(is_large),
            _ => false,
        }
    }

    /// Judges a data message.
    pub(crate) fn message(&self, message: &Message) -> Verdict {
        match (self, message) {
            (Self::Message, Message::Text(text)) | (Self::AnyText, Message::Text(text)) => Ok(text.as_str().to_owned()),
            (Self::Message, Message::Binary(data)) | (Self::AnyBinary, Message::Binary(data)) => Ok(digits(data)),
            (Self::Text(wanted), Message::Text(text)) => wanted.judge("the text", text),
            (Self::Binary(wanted), Message::Binary(data)) => judge_bytes(wanted, data),
            (Self::Json(condition), Message::Text(text)) => judge_condition(condition, "the message", text),
            (Self::JsonSubset(_) | Self::JsonExactly(_), Message::Text(text)) => self.judge_json(text),
            (Self::AnyBinary | Self::Binary(_), Message::Text(text)) => {
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

    fn judge_json(&self, text: &str) -> Verdict {
        let (Self::JsonSubset(expected) | Self::JsonExactly(expected)) = self else { return Ok(text.to_owned()) };
        let Ok(came) = serde_json::from_str::<Value>(text) else { return Err(no_json("the message", text)) };
        let is_subset = matches!(self, Self::JsonSubset(_));
        if if is_subset { is_part(expected, &came) } else { same(expected, &came) } {
            return Ok(text.to_owned());
        }
        let shown = if is_subset { shown_beside(expected, &came) } else { spelled_as(expected, &came) };
        Err(Mismatch::with("the message does not fit", diff(&pretty(expected), &pretty(&shown))))
    }
}

impl WantedText {
    fn new(pattern: &TextPattern, sources: &impl Sources) -> Result<Self, String> {
        Ok(match pattern {
            TextPattern::Is(text) => Self::Is(sources.text(&text.template)?),
            TextPattern::Contains(text) => Self::Contains(sources.text(&text.template)?),
            TextPattern::Matches(expression) => Self::Matches(regex(expression, sources)?),
        })
    }

    fn judge(&self, what: &str, text: &str) -> Verdict {
        match self {
            Self::Is(wanted) if wanted == text => Ok(text.to_owned()),
            Self::Is(wanted) => Err(Mismatch::with(format!("{what} is another"), diff(wanted, text))),
            Self::Contains(wanted) if text.contains(wanted.as_str()) => Ok(text.to_owned()),
            Self::Contains(wanted) => {
                Err(Mismatch::with(format!("{what} does not contain `{wanted}`"), vec![Line::came(text)]))
            }
            Self::Matches(regex) => found(regex, text)
                .ok_or_else(|| Mismatch::with(format!("{what} does not match /{regex}/"), vec![Line::came(text)])),
        }
    }
}

impl Answer {
    /// The values of the fields of that name.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.is(name)).map(|header| header.value.as_str())
    }
}

/// Compiles a regular expression with its flags.
///
/// # Errors
/// In words.
pub(crate) fn regex(expression: &Regexp, sources: &impl Sources) -> Result<Regex, String> {
    let source = sources.expression(&expression.source)?;
    expression.compiled(&source).map_err(|why| format!("`{source}` is no regular expression: {why}"))
}

/// What a binary message holds.
///
/// # Errors
/// In words: the file, or an escape.
pub(crate) fn bytes(binary: &Binary, sources: &impl Sources) -> Result<Vec<u8>, String> {
    match binary {
        Binary::Hex(data) | Binary::Base64(data) => Ok(data.clone()),
        Binary::File(path) => sources.file(&sources.text(&path.template)?),
        Binary::Text(text) => sources.text(&text.template).map(String::into_bytes),
    }
}

/// Takes a value out of the message that came last.
pub(crate) fn extract(from: &Extract, message: &Message, sources: &impl Sources) -> Result<String, Mismatch> {
    let text = || message.text().ok_or_else(|| Mismatch::new("the message that came last is binary"));
    match from {
        Extract::Text => text().map(str::to_owned),
        Extract::Binary => Ok(digits(message.data())),
        Extract::Regexp(expression) => {
            let regex = regex(expression, sources).map_err(Mismatch::new)?;
            let text = text()?;
            found(&regex, text)
                .ok_or_else(|| Mismatch::with(format!("the text does not match /{regex}/"), vec![Line::came(text)]))
        }
        Extract::Json(path) => {
            let path_of = Path::new(path).map_err(Mismatch::new)?;
            let text = text()?;
            let value = serde_json::from_str::<Value>(text).map_err(|_| no_json("the message", text))?;
            path_of
                .first(&value)
                .map(plain)
                .ok_or_else(|| Mismatch::with(format!("{path} leads nowhere"), vec![Line::came(text)]))
        }
        Extract::Header(_) | Extract::Status | Extract::CloseCode | Extract::CloseReason => {
            Err(Mismatch::new("that is not of a message"))
        }
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

/// The first group, else the whole match.
fn found(regex: &Regex, text: &str) -> Option<String> {
    let captures = regex.captures(text)?;
    let group = captures.get(1).or(captures.get(0))?;
    Some(group.as_str().to_owned())
}

fn judge_bytes(wanted: &[u8], data: &[u8]) -> Verdict {
    if wanted == data {
        return Ok(digits(data));
    }
    let words = match (wanted.len(), data.len()) {
        (expected, came) if expected == came => "the bytes are others".to_owned(),
        (expected, came) => format!("expected {expected} bytes, and {came} came"),
    };
    let text = |data| dumped(data).collect::<Vec<_>>().join("\n");
    Err(Mismatch::with(words, diff(&format!("{}\n", text(wanted)), &format!("{}\n", text(data)))))
}

fn dumped(data: &[u8]) -> impl Iterator<Item = String> {
    /// Enough to find the place.
    const ROWS: usize = 4096;
    let dump = hexdump(data, ROWS, DUMP_WIDTH);
    let mut rows: Vec<_> = dump.rows.lines().map(str::to_owned).collect();
    if dump.left > 0 {
        rows.push(format!("… {} bytes more", dump.left));
    }
    rows.into_iter()
}

fn judge_condition(condition: &Condition, what: &str, text: &str) -> Verdict {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Err(no_json(what, text)) };
    if condition.holds(&value) {
        return Ok(condition.captured(&value).unwrap_or_else(|| text.to_owned()));
    }
    let mut words = format!("{what} does not fit");
    for finding in condition.findings(&value) {
        write!(words, "; {finding}").expect("a String takes all");
    }
    Err(Mismatch::with(words, vec![Line::came(text)]))
}

fn no_json(what: &str, text: &str) -> Mismatch {
    Mismatch::with(format!("{what} is no JSON"), vec![Line::came(text)])
}

/// `came` with the spelling of `expected` where both are the same.
fn spelled_as(expected: &Value, came: &Value) -> Value {
    match (expected, came) {
        _ if same(expected, came) => expected.clone(),
        (Value::Array(expected), Value::Array(came)) => {
            let spelled =
                |(at, came)| expected.get(at).map_or_else(|| Value::clone(came), |expected| spelled_as(expected, came));
            came.iter().enumerate().map(spelled).collect()
        }
        (Value::Object(expected), Value::Object(came)) => {
            let spelled = |(key, came): (&String, &Value)| {
                (key.clone(), expected.get(key).map_or_else(|| came.clone(), |expected| spelled_as(expected, came)))
            };
            Value::Object(came.iter().map(spelled).collect())
        }
        _ => came.clone(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value that was parsed has no way to fail")
}

#[cfg(test)]
mod tests {
    use super::super::syntax::{Condition as Asked, Operand, Operator, Piece, Text};
    use super::diff::Side;
    use super::*;

    /// Knows no variables and no files.
    struct Plain;

    impl Sources for Plain {
        fn text(&self, template: &Template) -> Result<String, String> {
            match &template.0[..] {
                [] => Ok(String::new()),
                [Piece::Literal(text)] => Ok(text.clone()),
                _ => Err("a variable".to_owned()),
            }
        }

        fn json_text(&self, template: &Template) -> Result<String, String> {
            self.text(template)
        }

        fn expression(&self, template: &Template) -> Result<String, String> {
            self.text(template)
        }

        fn file(&self, path: &str) -> Result<Vec<u8>, String> {
            Ok(path.as_bytes().to_vec())
        }
    }

    fn template(text: &str) -> Template {
        Template(vec![Piece::Literal(text.to_owned())])
    }

    fn text(text: &str) -> Text {
        Text { template: template(text), ..Text::default() }
    }

    fn matches(source: &str) -> TextPattern {
        TextPattern::Matches(Regexp { source: template(source), flags: String::new() })
    }

    fn wanted(pattern: Pattern) -> Wanted {
        Wanted::new(&pattern, &Plain).unwrap()
    }

    fn binary(data: &'static [u8]) -> Message {
        Message::Binary(data.into())
    }

    /// The words, then the lines with their signs.
    fn shown(mismatch: &Mismatch) -> Vec<String> {
        let line = |line: &Line| {
            let sign = match line.side {
                Side::Both => ' ',
                Side::Expected => '-',
                Side::Came => '+',
                Side::Gap => '~',
            };
            format!("{sign}{}", line.spans.iter().map(|span| span.text.as_str()).collect::<String>())
        };
        std::iter::once(mismatch.words.clone()).chain(mismatch.diff.iter().map(line)).collect()
    }

    #[test]
    fn messages_are_told_apart_by_their_type() {
        assert_eq!(wanted(Pattern::Message).message(&"a".into()).unwrap(), "a");
        assert_eq!(wanted(Pattern::AnyBinary).message(&binary(b"\0a")).unwrap(), "0061");
        let mismatch = wanted(Pattern::AnyText).message(&binary(b"ab")).unwrap_err();
        assert_eq!(mismatch.words, "expected a text message, and a binary message of 2 bytes came");
        assert!(shown(&mismatch)[1].starts_with("+00000000  61 62"));
        let mismatch = wanted(Pattern::AnyBinary).message(&"hello".into()).unwrap_err();
        assert_eq!(shown(&mismatch), ["expected a binary message, and a text message came", "+hello"]);
    }

    #[test]
    fn texts_are_whole_contained_or_matched() {
        let is = wanted(Pattern::Text(TextPattern::Is(text("hello"))));
        assert_eq!(is.message(&"hello".into()).unwrap(), "hello");
        assert_eq!(shown(&is.message(&"hallo".into()).unwrap_err()), ["the text is another", "-hello", "+hallo"]);
        let contains = wanted(Pattern::Text(TextPattern::Contains(text("ell"))));
        assert!(contains.message(&"hello".into()).is_ok());
        assert_eq!(shown(&contains.message(&"x".into()).unwrap_err()), ["the text does not contain `ell`", "+x"]);
        let matching = |source| wanted(Pattern::Text(matches(source)));
        assert_eq!(matching(r"^tick \d+$").message(&"tick 12".into()).unwrap(), "tick 12");
        assert_eq!(matching(r"^tick (\d+)$").message(&"tick 12".into()).unwrap(), "12");
        assert_eq!(shown(&matching("^t").message(&"x".into()).unwrap_err()), ["the text does not match /^t/", "+x"]);
        let flags = Regexp { source: template("^TICK"), flags: "i".to_owned() };
        assert!(regex(&flags, &Plain).unwrap().is_match("tick"));
        assert!(Wanted::new(&Pattern::Text(matches("(")), &Plain).unwrap_err().contains("is no regular expression"));
    }

    #[test]
    fn json_shows_only_the_paths_that_matter() {
        let subset = wanted(Pattern::JsonSubset(text(r#"{"op":"x","id":1}"#)));
        assert!(subset.message(&r#"{"id":1.0,"op":"x","more":[]}"#.into()).is_ok());
        let mismatch = subset.message(&r#"{"id":2,"op":"x","more":[]}"#.into()).unwrap_err();
        assert_eq!(
            shown(&mismatch),
            ["the message does not fit", " {", "-  \"id\": 1,", "+  \"id\": 2,", "   \"op\": \"x\"", " }"]
        );
        let exactly = wanted(Pattern::JsonExactly(text(r#"{"id":1}"#)));
        assert!(exactly.message(&r#"{"id":1.0}"#.into()).is_ok());
        assert!(exactly.message(&r#"{"id":1,"more":[]}"#.into()).is_err());
        assert_eq!(shown(&exactly.message(&"x".into()).unwrap_err()), ["the message is no JSON", "+x"]);
    }

    #[test]
    fn conditions_tell_what_their_paths_lead_to() {
        let compare = |path: &str, operator, value: &str| Asked::Compare {
            path: path.to_owned(),
            operator,
            value: Operand::Value(template(value)),
        };
        let is_tick = compare("$.op", Operator::Equal, r#""tick""#);
        let costs = compare("$.price", Operator::Greater, "0");
        let both = wanted(Pattern::Json(Asked::And(Box::new(is_tick), Box::new(costs))));
        assert_eq!(both.message(&r#"{"op":"tick","price":0.5}"#.into()).unwrap(), "tick");
        let mismatch = both.message(&r#"{"op":"tock"}"#.into()).unwrap_err();
        assert_eq!(
            shown(&mismatch),
            [r#"the message does not fit; $.op is "tock"; $.price leads nowhere"#, r#"+{"op":"tock"}"#]
        );
        for (path, operator, value, message, holds) in [
            ("$.n", Operator::NotEqual, "1", r#"{"n":2}"#, true),
            ("$.n", Operator::NotEqual, "1", "{}", false),
            ("$..id", Operator::Equal, "2", r#"[{"id":1},{"id":2}]"#, true),
            ("$.n", Operator::GreaterOrEqual, "2", r#"{"n":2.0}"#, true),
            ("$.n", Operator::Less, "\"b\"", r#"{"n":"a"}"#, true),
            ("$.n", Operator::Less, "2", r#"{"n":"1"}"#, false),
            ("$.n", Operator::Contains, "\"b\"", r#"{"n":"abc"}"#, true),
            ("$.n", Operator::Contains, "2", r#"{"n":[1,2.0]}"#, true),
            ("$.n", Operator::Contains, r#"{"a":1}"#, r#"{"n":{"a":1,"b":2}}"#, true),
            ("$.n", Operator::Equal, "18446744073709551617", r#"{"n":18446744073709551616}"#, false),
        ] {
            let condition = Condition::new(&compare(path, operator, value), &Plain).unwrap();
            let message = serde_json::from_str(message).unwrap();
            assert_eq!(condition.holds(&message), holds, "{path} {operator:?} {value} {message}");
        }
    }

    #[test]
    fn other_bytes_are_shown_as_dumps() {
        let wanted = wanted(Pattern::Binary(Binary::Hex(b"\0\xff\x10".to_vec())));
        assert_eq!(wanted.message(&binary(b"\0\xff\x10")).unwrap(), "00ff10");
        let lines = shown(&wanted.message(&binary(b"\0\xff")).unwrap_err());
        assert_eq!(lines[0], "expected 3 bytes, and 2 came");
        assert!(lines[1].starts_with("-00000000  00 ff 10") && lines[2].starts_with("+00000000  00 ff "), "{lines:?}");
    }

    #[test]
    fn closes_have_a_code_and_a_reason() {
        let close = |code, reason: Option<&str>| {
            wanted(Pattern::Close { code, reason: reason.map(|reason| TextPattern::Is(text(reason))) })
        };
        assert_eq!(close(None, None).close(&Close::new(1006, "")).unwrap(), "1006");
        assert_eq!(close(Some(1000), Some("bye")).close(&Close::new(1000, "bye")).unwrap(), "bye");
        let mismatch = close(Some(1000), None).close(&Close::new(1008, "no")).unwrap_err();
        assert_eq!(shown(&mismatch)[1..], ["-close 1000", "+close 1008 no"]);
        assert!(close(Some(1000), Some("bye")).close(&Close::new(1000, "")).is_err());
        assert!(close(Some(1005), None).close(&Close::default()).is_err());
    }

    #[test]
    fn the_answer_has_headers_a_body_and_a_subprotocol() {
        let answer = Answer {
            status: 401,
            headers: vec![Header::new("X-A", "1"), Header::new("x-a", "2")],
            subprotocol: None,
            body: b"{\"why\":\"no\"}\n".to_vec(),
        };
        let header = |value: Option<&str>| {
            let value = value.map(|value| TextPattern::Is(text(value)));
            wanted(Pattern::Header { name: "x-A".to_owned(), value }).answer(&answer)
        };
        assert_eq!(header(None).unwrap(), "1");
        assert_eq!(header(Some("2")).unwrap(), "2");
        assert_eq!(shown(&header(Some("3")).unwrap_err()), ["the header `x-A` is another", "-3", "+2"]);
        let body = wanted(Pattern::Body(TextPattern::Contains(text("why"))));
        assert!(body.answer(&answer).is_ok());
        let json = wanted(Pattern::BodyJson(Asked::Exists("$.why".to_owned())));
        assert_eq!(json.answer(&answer).unwrap(), "no");
        assert!(wanted(Pattern::Subprotocol(text(""))).answer(&answer).is_ok());
        assert!(wanted(Pattern::Subprotocol(text("chat"))).answer(&answer).is_err());
    }

    #[test]
    fn values_are_taken_out_of_a_message() {
        let message = Message::from(r#"{"seq":7,"name":"x"}"#);
        let take = |from| extract(&from, &message, &Plain);
        assert_eq!(take(Extract::Json("$.seq".to_owned())).unwrap(), "7");
        assert_eq!(take(Extract::Json("$.name".to_owned())).unwrap(), "x");
        assert_eq!(take(Extract::Json("$.gone".to_owned())).unwrap_err().words, "$.gone leads nowhere");
        assert_eq!(extract(&Extract::Binary, &binary(b"\xff"), &Plain).unwrap(), "ff");
    }
}
