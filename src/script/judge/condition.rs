//! A condition for a JSON value, ready to be evaluated: paths parsed, variables replaced.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::sources::Sources;
use super::text::regex;
use crate::compare::json::{is_part, order, same};
use crate::script::syntax::{self, Operand, Operator};

/// A condition that can be judged.
#[derive(Clone, Debug)]
pub(crate) enum JsonCondition {
    Exists(Path),
    Compare { path: Path, operator: Operator, value: Against },
    Not(Box<JsonCondition>),
    And(Box<JsonCondition>, Box<JsonCondition>),
    Or(Box<JsonCondition>, Box<JsonCondition>),
}

/// RFC 9535
#[derive(Clone, Debug)]
pub(crate) struct Path {
    query: JsonPath,
    text: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Against {
    Value(Value),
    Path(Path),
    Regex(Regex),
}

impl Path {
    /// # Errors
    /// A message for the user.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let query = JsonPath::parse(text).map_err(|error| format!("`{text}` is not a JSONPath: {error}"))?;
        Ok(Self { query, text: text.to_owned() })
    }

    /// The first place that it selects.
    pub(crate) fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.query.query(value).first()
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonCondition {
    /// # Errors
    /// A message for the user: what is not a JSON value or regular expression with its variables replaced.
    pub(crate) fn new(condition: &syntax::Condition, sources: &impl Sources) -> Result<Self, String> {
        let both = |a, b| Ok::<_, String>((Box::new(Self::new(a, sources)?), Box::new(Self::new(b, sources)?)));
        Ok(match condition {
            syntax::Condition::Exists(path) => Self::Exists(Path::new(path)?),
            syntax::Condition::Compare { path, operator, value } => Self::Compare {
                path: Path::new(path)?,
                operator: *operator,
                value: match value {
                    Operand::Value(template) => Against::Value(sources.json(template)?),
                    Operand::Path(path) => Against::Path(Path::new(path)?),
                    Operand::Regexp(expression) => Against::Regex(regex(expression, sources)?),
                },
            },
            syntax::Condition::Not(inner) => Self::Not(Box::new(Self::new(inner, sources)?)),
            syntax::Condition::And(a, b) => both(a, b).map(|(a, b)| Self::And(a, b))?,
            syntax::Condition::Or(a, b) => both(a, b).map(|(a, b)| Self::Or(a, b))?,
        })
    }

    /// Whether it holds; for a comparison it is enough that one of the places that the path selects compares so.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Exists(path) => path.first(value).is_some(),
            Self::Compare { path, operator, value: against } => {
                path.query.query(value).iter().any(|found| match against {
                    Against::Value(expected) => compares(found, *operator, expected),
                    Against::Path(other) => {
                        other.query.query(value).iter().any(|expected| compares(found, *operator, expected))
                    }
                    Against::Regex(regex) => regex.is_match(&plain(found)),
                })
            }
            Self::Not(inner) => !inner.holds(value),
            Self::And(a, b) => a.holds(value) && b.holds(value),
            Self::Or(a, b) => a.holds(value) || b.holds(value),
        }
    }

    /// What its first path selects.
    pub(crate) fn captured(&self, value: &Value) -> Option<String> {
        self.paths().first().and_then(|path| path.first(value)).map(plain)
    }

    /// Each of its paths with what it selects.
    pub(crate) fn findings(&self, value: &Value) -> Vec<String> {
        let mut findings: Vec<String> = Vec::new();
        for path in self.paths() {
            let found = path.query.query(value);
            let words = match found.first() {
                None => format!("{} does not exist", path.text),
                Some(first) if found.len() == 1 => format!("{} is {first}", path.text),
                Some(first) => format!("{} is {first}, and {} more", path.text, found.len() - 1),
            };
            if !findings.contains(&words) {
                findings.push(words);
            }
        }
        findings
    }

    /// The regular expressions in it.
    pub(crate) fn regexes(&self) -> Vec<&Regex> {
        match self {
            Self::Compare { value: Against::Regex(regex), .. } => vec![regex],
            Self::Exists(_) | Self::Compare { .. } => Vec::new(),
            Self::Not(inner) => inner.regexes(),
            Self::And(a, b) | Self::Or(a, b) => [a.regexes(), b.regexes()].concat(),
        }
    }

    fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Exists(path) => vec![path],
            Self::Compare { path, value: Against::Path(other), .. } => vec![path, other],
            Self::Compare { path, .. } => vec![path],
            Self::Not(inner) => inner.paths(),
            Self::And(a, b) | Self::Or(a, b) => [a.paths(), b.paths()].concat(),
        }
    }
}

/// A string without its quotes, anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compares(found: &Value, operator: Operator, expected: &Value) -> bool {
    let order = || order(found, expected);
    match operator {
        Operator::Equal => same(found, expected),
        Operator::NotEqual => !same(found, expected),
        Operator::Less => order() == Some(Ordering::Less),
        Operator::LessOrEqual => order().is_some_and(Ordering::is_le),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
        Operator::Contains => contains(found, expected),
        // The parser puts a regular expression after it.
        Operator::Matches => false,
    }
}

/// A text has another in it, a list an item, an object these keys with these values.
fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Array(items), expected) => items.iter().any(|item| same(item, expected)),
        (Value::Object(_), Value::Object(_)) => is_part(expected, found),
        _ => false,
    }
}
