//! What a user expects to find in a JSON message: `PATH` or `PATH=VALUE`.

use regex::Regex;
use serde_json::Value;
use serde_json_path::functions::{LogicalType, ValueType};
use serde_json_path::{JsonPath, ParseError};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonExpectation {
    path: JsonPath,
    /// Without one, it is enough that the path leads somewhere.
    value: Option<Value>,
    text: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BadExpectation {
    #[error("write `PATH` or `PATH=VALUE`, as in `$.op=done`")]
    NoPath,
    #[error("compare with a single `=`, as in `$.op=done`; a text that begins with one is written `$.op=\"=done\"`")]
    DoubleEquals,
    #[error("`{path}` is no JSONPath: {reason}; write it like `$.op`, `$.list[0].id` or `$['my-name']`")]
    Path { path: String, reason: ParseError },
}

impl JsonExpectation {
    /// Reads `PATH[=VALUE]`. A path may leave its `$.` out; a value that is no JSON is a plain string.
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

    /// What the user typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether `message` is JSON and one of the places that the path leads to has the value.
    pub(crate) fn matches(&self, message: &str) -> bool {
        let Ok(message) = serde_json::from_str(message) else {
            return false;
        };
        let found = self.path.query(&message);
        match &self.value {
            Some(value) => found.iter().any(|found| same(found, value)),
            None => !found.is_empty(),
        }
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

/// `5` and `5.0` are the same number to JSON, if not to `serde_json`. Two integers are compared exactly.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => a.as_f64() == b.as_f64(),
        _ => found == expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_matches_where_the_path_leads_to_the_value() {
        let message = r#"{"op":"done","n":5,"s":"5","x":null,"list":[{"id":1},{"id":2,"name":"bé"}],"a=b":true,"big":9007199254740993}"#;
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
            ("big=9007199254740993", true),
            ("big=9007199254740992", false),
        ] {
            let expectation = JsonExpectation::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expectation.matches(message), matches, "{text}");
            assert_eq!(expectation.text(), text);
        }
    }

    #[test]
    fn a_value_is_all_behind_the_first_equals_sign() {
        let expectation = JsonExpectation::from_text("q=a=b c").unwrap();
        assert!(expectation.matches(r#"{"q":"a=b c"}"#));
    }

    #[test]
    fn what_is_no_json_never_matches() {
        let expectation = JsonExpectation::from_text("$").unwrap();
        assert!(expectation.matches("1") && !expectation.matches("hello") && !expectation.matches(""));
    }

    #[test]
    fn a_bad_expectation_is_refused_with_the_right_spelling() {
        for (text, reason) in [
            ("", "write `PATH` or `PATH=VALUE`"),
            ("=5", "write `PATH` or `PATH=VALUE`"),
            ("$.op==\"x\"", "single `=`"),
            ("my-name=1", "`$['my-name']`"),
            ("$.a[", "`$.a[` is no JSONPath"),
            ("$['a]=1", "is no JSONPath"),
        ] {
            let error = JsonExpectation::from_text(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
