//! Conditions, with no more parentheses than they need.

use std::fmt;

use crate::script::syntax::{Condition, Operand, Operator};
use crate::script::template::Backslash;

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => f.write_str(path),
            Self::Compare { path, operator, value } => write!(f, "{path} {operator} {value}"),
            Self::Not(inner) => write!(f, "not {}", Within(inner, Tie::Not)),
            Self::And(a, b) => write!(f, "{} and {}", Within(a, Tie::And), Within(b, Tie::Not)),
            Self::Or(a, b) => write!(f, "{a} or {}", Within(b, Tie::And)),
        }
    }
}

/// How close a condition ties what is beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Or,
    And,
    Not,
}

/// A part of a condition, with parentheses if it ties less than its surroundings.
struct Within<'a>(&'a Condition, Tie);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(condition, around) = self;
        let tie = match condition {
            Condition::Or(..) => Tie::Or,
            Condition::And(..) => Tie::And,
            _ => Tie::Not,
        };
        if tie < *around { write!(f, "({condition})") } else { condition.fmt(f) }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::Matches => "matches",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&value.written(Backslash::Json)),
            Self::Path(path) => f.write_str(path),
            Self::Regexp(regexp) => regexp.fmt(f),
        }
    }
}
