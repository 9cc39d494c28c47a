//! What a user expects to find in a JSON message: `PATH` or `PATH=VALUE`.

use std::io::Write;

use regex::Regex;
use serde_json::Value;
use serde_json_path::functions::{LogicalType, ValueType};
use serde_json_path::{JsonPath, ParseError};

use crate::compare::json;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonExpectation {
    path: JsonPath,
    /// Without one, it is enough that the path exists.
    value: Option<Value>,
    text: String,
}

/// The result for a message; the order says which is closest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Judged {
    NotJson,
    /// The path does not exist.
    Nothing,
    /// These values stood there.
    Other(String),
    Met,
}

/// How much of what stood there is told: bytes, and values.
const SHOWN: usize = 200;
const SHOWN_VALUES: usize = 3;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BadExpectation {
    #[error("expected `PATH` or `PATH=VALUE`, as in `$.op=done`")]
    NoPath,
    #[error("compare with a single `=`, as in `$.op=done`; write a text that begins with one as `$.op=\"=done\"`")]
    DoubleEquals,
    #[error("`{path}` is not a JSONPath: {reason}; write it like `$.op`, `$.list[0].id` or `$['my-name']`")]
    Path { path: String, reason: ParseError },
}

impl JsonExpectation {
    /// Reads `PATH[=VALUE]`. A path may leave its `$.` out; a value that is not JSON is a plain string.
    pub(crate) fn from_text(text: &str) -> Result<Self, BadExpectation> {
        let (path, value) = split(text);
        let path = rooted(path.trim()).ok_or(BadExpectation::NoPath)?;
        if value.is_some_and(|value| value.starts_with('=')) {
            return Err(BadExpectation::DoubleEquals);
        }
        let value = value.map(|value| serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)));
        match JsonPath::parse(&path) {
            Ok(path) => Ok(Self { path, value, text: text.to_owned() }),
            Err(reason) => Err(BadExpectation::Path { path, reason }),
        }
    }

    /// Whether `message` is JSON and one of the places that the path selects has the value.
    pub(crate) fn judge(&self, message: &str) -> Judged {
        let Ok(message) = serde_json::from_str(message) else {
            return Judged::NotJson;
        };
        let found = self.path.query(&message);
        match &self.value {
            _ if found.is_empty() => Judged::Nothing,
            Some(value) if !found.iter().any(|found| json::same(found, value)) => Judged::Other(shown(&found.all())),
            _ => Judged::Met,
        }
    }

    /// Why no message met it, after the one that came closest.
    pub(super) fn shown_miss(&self, closest: Option<&Judged>) -> String {
        let path = split(&self.text).0.trim();
        match closest {
            Some(Judged::Other(values)) => format!("`{}`: `{path}` was last {values}", self.text),
            Some(Judged::Nothing) => format!("`{}`: there was no `{path}`", self.text),
            Some(Judged::NotJson) => format!("`{}`: no message was JSON", self.text),
            Some(Judged::Met) | None => format!("`{}`", self.text),
        }
    }
}

/// The values in one line, cut where it gets long.
fn shown(values: &[&Value]) -> String {
    let mut text = Beginning::default();
    for (at, value) in values.iter().take(SHOWN_VALUES).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // It fails where there is no more room, and nowhere else.
        let written =
            write!(text, "{comma}").and_then(|()| serde_json::to_writer(&mut text, value).map_err(Into::into));
        if written.is_err() {
            break;
        }
    }
    let more = if text.is_cut || values.len() > SHOWN_VALUES { "…" } else { "" };
    format!("`{}{more}`", String::from_utf8_lossy(&text.bytes))
}

/// The beginning of what is written, so that nothing large is made for a line.
#[derive(Default)]
struct Beginning {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = SHOWN - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_cut |= bytes.len() > room;
        if self.is_cut { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// RFC 9535, 2.4.6 and 2.4.7. The library has both, but brings all of regex with them: 190 kB of the binary.
#[serde_json_path_macros::function(name = "match")]
fn is_match(value: ValueType, pattern: ValueType) -> LogicalType {
    found(&value, &pattern, |pattern| format!("(?R)^(?:{pattern})$"))
}

#[serde_json_path_macros::function(name = "search")]
fn is_found(value: ValueType, pattern: ValueType) -> LogicalType {
    found(&value, &pattern, |pattern| format!("(?R){pattern}"))
}

fn found(value: &ValueType, pattern: &ValueType, anchored: impl Fn(&str) -> String) -> LogicalType {
    let (Some(Value::String(value)), Some(Value::String(pattern))) = (value.as_value(), pattern.as_value()) else {
        return LogicalType::False;
    };
    Regex::new(&anchored(pattern)).is_ok_and(|pattern| pattern.is_match(value)).into()
}

/// Reads a JSONPath, which may leave its `$.` out.
pub(crate) fn json_path(text: &str) -> Result<JsonPath, BadExpectation> {
    let path = rooted(text.trim()).ok_or(BadExpectation::NoPath)?;
    JsonPath::parse(&path).map_err(|reason| BadExpectation::Path { path, reason })
}

/// Splits at the first `=` outside brackets and quotes: filters have some of their own.
fn split(text: &str) -> (&str, Option<&str>) {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '=') if depth == 0 => return (&text[..at], Some(&text[at + 1..])),
            (None, _) => {}
        }
    }
    (text, None)
}

/// The path with the `$` that RFC 9535 wants.
fn rooted(path: &str) -> Option<String> {
    match path.chars().next()? {
        '$' => Some(path.to_owned()),
        '[' | '.' => Some(format!("${path}")),
        _ => Some(format!("$.{path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_matches_where_the_path_leads_to_the_value() {
        let message = r#"{"op":"done","n":5,"s":"5","x":null,"list":[{"id":1},{"id":2,"name":"bé"}],"a=b":true,"big":9007199254740993,"huge":2e999,"zero":-0,"deep":{"b":[1,{"c":-0}]}}"#;
        for (text, matches) in [
            ("$.op=done", true),
            ("op=done", true),
            (".op=\"done\"", true),
            ("op=don", false),
            ("op", true),
            ("nothing", false),
            ("n=5", true),
            ("n=5.0", true),
            ("n=\"5\"", false),
            ("s=5", false),
            ("s=\"5\"", true),
            ("x=null", true),
            ("x", true),
            ("op=", false),
            ("list[1].id=2", true),
            ("$..id=2", true),
            ("$..id=3", false),
            ("$.list[?@.id==2]", true),
            ("$.list[?@.id==2].id=2", true),
            ("$.list[0]={\"id\": 1}", true),
            ("['a=b']=true", true),
            ("$[\"a=b\"]", true),
            ("list[?match(@.name, 'b.')].id=2", true),
            ("list[?match(@.name, 'a|b')].id=2", false),
            ("list[?search(@.name, 'é')].id=2", true),
            ("list[?search(@.name, '(')]", false),
            ("list[?search(@.id, '1')]", false),
            ("zero=0", true),
            ("deep={\"b\":[1.0,{\"c\":0}]}", true),
            ("deep={\"b\":[1,{\"c\":1}]}", false),
            ("deep={\"b\":[1]}", false),
            ("big=9007199254740993", true),
            ("big=9007199254740992", false),
            ("huge=2e999", true),
            ("huge=1e999", false),
        ] {
            let expectation = JsonExpectation::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expectation.judge(message) == Judged::Met, matches, "{text}");
        }
    }

    #[test]
    fn a_value_is_all_behind_the_first_equals_sign() {
        let expectation = JsonExpectation::from_text("q=a=b c").unwrap();
        assert!(expectation.judge(r#"{"q":"a=b c"}"#) == Judged::Met);
    }

    #[test]
    fn what_is_no_json_never_matches() {
        let expectation = JsonExpectation::from_text("$").unwrap();
        assert_eq!(
            ["1", "hello", ""].map(|text| expectation.judge(text)),
            [Judged::Met, Judged::NotJson, Judged::NotJson]
        );
    }

    #[test]
    fn what_stood_there_instead_is_told_up_to_a_bound() {
        let long = format!("{{\"a\":\"{}\"}}", "é".repeat(1000));
        for (text, message, told) in [
            ("$.op=done", r#"{"op":"wait","x":1}"#, "`$.op=done`: `$.op` was last `\"wait\"`"),
            ("op=done", r#"{"op":{"a":[1, 2.50]}}"#, "`op=done`: `op` was last `{\"a\":[1,2.50]}`"),
            ("list[*]=9", r#"{"list":[1,2,3,4]}"#, "`list[*]=9`: `list[*]` was last `1, 2, 3…`"),
            ("op", r#"{"x":1}"#, "`op`: there was no `op`"),
            ("op=1", "hello", "`op=1`: no message was JSON"),
            ("a=1", &long, &format!("`a=1`: `a` was last `\"{}\u{fffd}…`", "é".repeat(99))),
        ] {
            let expectation = JsonExpectation::from_text(text).unwrap();
            let judged = expectation.judge(message);
            assert_eq!(expectation.shown_miss(Some(&judged)), told);
        }
        assert_eq!(JsonExpectation::from_text("op").unwrap().shown_miss(None), "`op`");
    }

    #[test]
    fn a_bad_expectation_is_refused_with_the_right_spelling() {
        for (text, reason) in [
            ("", "expected `PATH` or `PATH=VALUE`"),
            ("=5", "expected `PATH` or `PATH=VALUE`"),
            ("$.op==\"x\"", "single `=`"),
            ("my-name=1", "`$['my-name']`"),
            ("$.a[", "`$.a[` is not a JSONPath"),
            ("$['a]=1", "is not a JSONPath"),
        ] {
            let error = JsonExpectation::from_text(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
