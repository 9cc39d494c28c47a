//! `/filter`: which messages are shown.

use regex::Regex;

use crate::message::Direction;
use crate::session::{JsonExpectation, Judged, SeenMessage};
use crate::text::patterns;

/// Which messages are shown; those that are not are kept all the same.
#[derive(Clone, Debug)]
pub(crate) struct MessageFilter {
    /// Without one, received messages are shown as ever.
    direction: Option<Direction>,
    pattern: Option<FilterPattern>,
    text: String,
}

#[derive(Clone, Debug)]
enum FilterPattern {
    Regex(Regex),
    Json(Box<JsonExpectation>),
}

impl MessageFilter {
    /// Reads `in` or `out`, and a regular expression or a JSONPath with its value; both may be left out, but not at once.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (direction, pattern) = match first {
            "in" => (Some(Direction::In), rest.trim_start()),
            "out" => (Some(Direction::Out), rest.trim_start()),
            _ => (None, text),
        };
        // As a regular expression, what comes after an end could never match.
        let pattern = match pattern {
            "" => None,
            path if path.starts_with("$.") || path.starts_with("$[") => {
                let path = JsonExpectation::from_text(path).map_err(|error| error.to_string())?;
                Some(FilterPattern::Json(Box::new(path)))
            }
            regex => Some(FilterPattern::Regex(patterns::regex(regex)?)),
        };
        Ok(Self { direction, pattern, text: text.to_owned() })
    }

    /// Whether it asks for what is sent.
    pub(crate) fn wants_sent(&self) -> bool {
        self.direction == Some(Direction::Out)
    }

    pub(crate) fn shows(&self, direction: Direction, message: SeenMessage<'_>) -> bool {
        if self.direction.is_some_and(|wanted| wanted != direction) {
            return false;
        }
        match &self.pattern {
            None => true,
            Some(FilterPattern::Regex(regex)) => message.texts(true).any(|text| regex.is_match(&text)),
            Some(FilterPattern::Json(path)) => message.texts(false).any(|text| path.judge(&text) == Judged::Met),
        }
    }
}

impl std::fmt::Display for MessageFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_a_direction_a_pattern_or_both() {
        for (filter, direction, message, is_shown) in [
            ("^a", Direction::In, "abc", true),
            ("^a", Direction::In, "bac", false),
            ("in", Direction::In, "x", true),
            ("in", Direction::Out, "x", false),
            ("out", Direction::Out, "x", true),
            ("out", Direction::In, "x", false),
            ("in ^a", Direction::In, "b", false),
            ("in  ^a", Direction::In, "a", true),
            ("inner", Direction::In, "in", false),
            ("$.op=done", Direction::In, r#"{"op":"done"}"#, true),
            ("$.op=done", Direction::In, r#"{"op":"new"}"#, false),
            ("$.op", Direction::In, r#"{"op":null}"#, true),
            ("$.op", Direction::In, "op", false),
            ("out $[0]=1", Direction::Out, "[1]", true),
            ("a$", Direction::In, "ba", true),
        ] {
            let read = MessageFilter::from_text(filter).unwrap();
            assert_eq!(
                read.shows(direction, SeenMessage::AsReceived(&message.into())),
                is_shown,
                "{filter}: {message}"
            );
        }
        assert_eq!(MessageFilter::from_text("(").unwrap_err(), "unclosed group");
        assert!(MessageFilter::from_text("$.[").unwrap_err().starts_with("`$.[` is not a JSONPath"));
    }
}
