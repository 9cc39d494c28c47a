//! JSON that is expected: in part, exactly, or as a condition says.

use std::fmt::Write as _;

use serde_json::Value;

use super::condition::JsonCondition;
use super::mismatch::{MatchResult, Mismatch};
use super::sources::Sources;
use crate::compare::diff::{DiffLine, diff};
use crate::compare::json::{is_part, same, shown_beside};
use crate::script::syntax::Pattern;

#[derive(Clone, Debug)]
pub(crate) enum JsonMatcher {
    Subset(Value),
    Exactly(Value),
    Condition(JsonCondition),
}

impl JsonMatcher {
    /// Of one of the patterns of JSON.
    ///
    /// # Errors
    /// A message for the user: what is invalid with its variables replaced.
    pub(super) fn new(pattern: &Pattern, sources: &impl Sources) -> Result<Self, String> {
        Ok(match pattern {
            Pattern::JsonSubset(text) => Self::Subset(sources.json(&text.template)?),
            Pattern::JsonExactly(text) => Self::Exactly(sources.json(&text.template)?),
            Pattern::Json(condition) => Self::Condition(JsonCondition::new(condition, sources)?),
            // The parser puts nothing else there.
            _ => return Err(format!("`{pattern}` is not JSON")),
        })
    }

    pub(super) fn judge(&self, what: &str, text: &str) -> MatchResult {
        let (expected, is_subset) = match self {
            Self::Condition(condition) => return judge_condition(condition, what, text),
            Self::Subset(expected) => (expected, true),
            Self::Exactly(expected) => (expected, false),
        };
        let Some(came) = value(text) else { return Err(no_json(what, text)) };
        if if is_subset { is_part(expected, &came) } else { same(expected, &came) } {
            return Ok(text.to_owned());
        }
        let shown = if is_subset { shown_beside(expected, &came) } else { spelled_as(expected, &came) };
        Err(Mismatch::with(format!("{what} does not match"), diff(&pretty(expected), &pretty(&shown))))
    }
}

pub(super) fn judge_condition(condition: &JsonCondition, what: &str, text: &str) -> MatchResult {
    let Some(value) = value(text) else { return Err(no_json(what, text)) };
    if condition.holds(&value) {
        return Ok(condition.captured(&value).unwrap_or_else(|| text.to_owned()));
    }
    let mut words = format!("{what} does not match");
    for finding in condition.findings(&value) {
        write!(words, "; {finding}").expect("a String takes all");
    }
    Err(Mismatch::with(words, vec![DiffLine::came(text)]))
}

/// The value that a message holds. A record separator after it, as after SignalR's records, is no part of it.
pub(super) fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text.strip_suffix('\x1e').unwrap_or(text)).ok()
}

pub(super) fn no_json(what: &str, text: &str) -> Mismatch {
    Mismatch::with(format!("{what} is not JSON"), vec![DiffLine::came(text)])
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
