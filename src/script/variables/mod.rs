//! What `{{name}}` stands for: variables, and what is made up on the spot.

pub(crate) mod environment;
pub(crate) mod files;

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use super::syntax::{Piece, Template};
pub(crate) use super::template::is_reference;
use crate::render::record;
use crate::text::unescape;

/// The values of variables, by name. A clone goes its own way.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
    /// The environment, which is not ours to read.
    environment: fn(&str) -> Option<String>,
}

/// A text of this size is put together, and no larger one; all that a script gives values to has no more.
const LARGEST: usize = 64 << 20;

/// A regular expression of this size takes long enough to compile.
const LONGEST_EXPRESSION: usize = 64 << 10;

/// Why no value can be put in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undefined {
    #[error("the variable `{0}` has no value here")]
    Variable(String),
    #[error("`{0}` is not set in the environment")]
    Environment(String),
    #[error("the value of `{0}` is not hex: {1}")]
    NoHex(String, String),
    #[error("with its variables replaced, this is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
    #[error("with its variables replaced, this regular expression is larger than {} KiB", LONGEST_EXPRESSION >> 10)]
    LongExpression,
    #[error("all variables together are larger than {} MiB", LARGEST >> 20)]
    Full,
}

impl Variables {
    pub(crate) fn new(environment: fn(&str) -> Option<String>) -> Self {
        Self { values: BTreeMap::new(), environment }
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// The same for what a script comes by, which is limited.
    ///
    /// # Errors
    /// There is no room for it.
    pub(crate) fn keep(&mut self, name: &str, value: String) -> Result<(), Undefined> {
        let others = self.values.iter().filter(|(other, _)| *other != name).map(|(_, value)| value.len());
        if others.sum::<usize>() + value.len() > LARGEST {
            return Err(Undefined::Full);
        }
        self.set(name, value);
        Ok(())
    }

    /// Takes the value of a variable away.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.values.keys().map(String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn has_environment(&self, name: &str) -> bool {
        (self.environment)(name).is_some()
    }

    /// The text with its variables replaced.
    ///
    /// # Errors
    /// The first of its names that stands for nothing.
    pub(crate) fn text(&self, template: &Template) -> Result<String, Undefined> {
        self.filled(template, |_, value, text| text.push_str(value))
    }

    /// The same where it is a regular expression, in which variables stand for themselves.
    ///
    /// # Errors
    /// The first of its names that stands for nothing.
    pub(crate) fn expression(&self, template: &Template) -> Result<String, Undefined> {
        // The escapes are not to be made of what is too long anyway.
        let variables = template.0.iter().filter(|piece| !matches!(piece, Piece::Literal(_)));
        let lengths = variables.map(|piece| self.value(piece).map(|value| value.len()));
        if lengths.sum::<Result<usize, _>>()? > LONGEST_EXPRESSION {
            return Err(Undefined::LongExpression);
        }
        self.filled(template, |_, value, text| text.push_str(&regex::escape(value)))
    }

    /// The same where it is JSON: in a string of it, a variable becomes a part of that string.
    ///
    /// # Errors
    /// The first of its names that stands for nothing.
    pub(crate) fn json(&self, template: &Template) -> Result<String, Undefined> {
        let mut strings = Strings::default();
        self.filled(template, |before, value, text| {
            strings.read(before);
            if strings.is_inside {
                let quoted = serde_json::Value::from(value).to_string();
                text.push_str(&quoted[1..quoted.len() - 1]);
            } else {
                text.push_str(value);
            }
        })
    }

    /// `put` gets the literal text since the last variable, a variable's value, and where it is to go.
    fn filled(&self, template: &Template, mut put: impl FnMut(&str, &str, &mut String)) -> Result<String, Undefined> {
        let mut text = String::new();
        let mut before = "";
        for piece in &template.0 {
            if let Piece::Literal(literal) = piece {
                text.push_str(literal);
                before = literal;
                continue;
            }
            let value = self.value(piece)?;
            if text.len() + value.len() > LARGEST {
                return Err(Undefined::TooLarge);
            }
            put(std::mem::take(&mut before), &value, &mut text);
        }
        Ok(text)
    }

    fn value(&self, piece: &Piece) -> Result<String, Undefined> {
        match piece {
            Piece::Literal(text) => Ok(text.clone()),
            Piece::Variable(_, name) => self.values.get(name).cloned().ok_or_else(|| Undefined::Variable(name.clone())),
            Piece::Environment(_, name) => (self.environment)(name).ok_or_else(|| Undefined::Environment(name.clone())),
            Piece::Base64 { of, is_hex } => {
                let value = self.value(of)?;
                let bytes = if *is_hex {
                    unescape::hex(&value).map_err(|why| Undefined::NoHex(of.to_string(), why))?
                } else {
                    value.into_bytes()
                };
                Ok(BASE64.encode(&bytes))
            }
            Piece::Uuid => Ok(uuid(fastrand::u128(..))),
            Piece::Now => Ok(record::time(SystemTime::now())),
            Piece::Random(least, most) => Ok(fastrand::i64(*least..=*most).to_string()),
        }
    }
}

/// RFC 9562, section 5.4: all is random but the version and the variant.
fn uuid(random: u128) -> String {
    let number = random & !(0xf << 76 | 0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// Follows JSON piece by piece, and knows whether it is in a string.
#[derive(Default)]
struct Strings {
    is_inside: bool,
    is_escaped: bool,
}

impl Strings {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' if self.is_inside => self.is_escaped = true,
                '"' => self.is_inside = !self.is_inside,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::syntax::{Action, Payload};

    fn template(text: &str) -> Template {
        let script = super::super::parse(&format!("send {text}")).unwrap();
        match script.steps.into_iter().next().map(|step| step.action) {
            Some(Action::Send(Payload::Text(text))) => text.template,
            other => panic!("{other:?}"),
        }
    }

    fn variables() -> Variables {
        let mut variables = Variables::new(|name| (name == "HOME").then(|| "/root".to_owned()));
        variables.set("name", "a\"b\\");
        variables.set("n", "1.5");
        variables.set("list.0.id", "x");
        variables
    }

    #[test]
    fn variables_are_put_in_as_they_are() {
        let variables = variables();
        assert_eq!(variables.text(&template("{{name}}, {{env:HOME}}, {{list.0.id}}")).unwrap(), "a\"b\\, /root, x");
        assert_eq!(variables.text(&template("\\{{n}} {{{n}}}")).unwrap(), "{{n}} {1.5}");
        let error = |text| variables.text(&template(text)).unwrap_err().to_string();
        assert_eq!(error("{{n}}{{m}}"), "the variable `m` has no value here");
        assert_eq!(error("{{env:NO}}"), "`NO` is not set in the environment");
    }

    #[test]
    fn json_and_expressions_take_them_without_falling_apart() {
        let variables = variables();
        let filled = variables.json(&template(r#"{"a{{n}}":{{n}},"b\"":"{{name}}","c":["{{name}}",{{n}}]}"#)).unwrap();
        assert_eq!(filled, r#"{"a1.5":1.5,"b\"":"a\"b\\","c":["a\"b\\",1.5]}"#);
        assert_eq!(variables.expression(&template("^{{n}}$")).unwrap(), r"^1\.5$");
    }

    #[test]
    fn what_grows_and_grows_comes_to_an_end() {
        let mut variables = variables();
        variables.set("a", "x".repeat(LARGEST / 2 + 1));
        let error = |text| variables.text(&template(text)).unwrap_err().to_string();
        assert_eq!(error("{{a}}{{a}}"), "with its variables replaced, this is larger than 64 MiB");
        assert_eq!(variables.expression(&template("{{a}}")), Err(Undefined::LongExpression));
        let mut variables = variables.clone();
        assert_eq!(variables.keep("b", "x".repeat(LARGEST / 2)), Err(Undefined::Full));
        assert_eq!(variables.keep("a", "x".repeat(LARGEST - 100)), Ok(()));
    }

    #[test]
    fn what_is_made_up_is_as_promised() {
        let text = |text| variables().text(&template(text)).unwrap();
        let uuid = regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
        for _ in 0..100 {
            assert!(uuid.is_match(&text("{{uuid}}")));
            assert!((-1..=1).contains(&text("{{random -1..1}}").parse::<i64>().unwrap()));
        }
        assert_eq!(super::uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(text("{{random 7..7}}"), "7");
        assert_ne!(text("{{uuid}}"), text("{{uuid}}"));
        assert_eq!(text("{{base64 name}} {{base64 env:HOME}}"), "YSJiXA== L3Jvb3Q=");
        let mut bytes = variables();
        bytes.set("x", "00 FFfe");
        assert_eq!(bytes.text(&template("{{ base64  hex x }}")).unwrap(), "AP/+");
        let error = bytes.text(&template("{{base64 hex n}}")).unwrap_err().to_string();
        assert!(error.starts_with("the value of `{{n}}` is not hex"), "{error}");
        let now = humantime::parse_rfc3339(&text("{{now}}")).unwrap();
        assert!(now.elapsed().unwrap().as_secs() < 60);
    }
}
