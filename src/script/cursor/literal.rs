//! JSON and regular expressions, which end where their brackets, quotes and slashes say so.

use regex::{Regex, RegexBuilder};

use super::chars::is_space;
use super::text::{FENCE, closing};
use super::{Cursor, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Regexp, ScriptText, Style};
use crate::script::template::{self, Backslash};

impl<'a> Cursor<'a> {
    /// A JSON value, checked with `0` for its variables; what follows it is left.
    pub(crate) fn json(&mut self) -> Result<ScriptText, Flaw> {
        if self.is_over() {
            return Err(self.flaw("expected a JSON value").hint("as in `{\"op\":\"tick\"}`"));
        }
        let (start, place) = (self.at, self.place());
        let (style, template) = if self.rest().starts_with(FENCE) {
            (Style::Block, self.block(Backslash::Json)?)
        } else {
            let text = &self.rest()[..json_length(self.rest())];
            self.at += text.len();
            (Style::Bare, template::read(text, Backslash::Json, |at| self.place_at(start + at))?)
        };
        let probe = template.probe();
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&probe) {
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            // Columns are right only if nothing was put in before them.
            let ends = error.column().saturating_sub(1);
            let wrong = match template.literal() {
                Some(text) if style == Style::Bare && self.whole().get(start..start + ends) == text.get(..ends) => {
                    self.place_at(start + ends)
                }
                _ => place,
            };
            let flaw = Flaw::new(wrong, format!("this is not JSON: {reason}"));
            let is_word = probe.starts_with(|c: char| c.is_alphabetic());
            return Err(if is_word { flaw.hint(format!("write text as `\"{}\"`", shortened(&probe))) } else { flaw });
        }
        Ok(ScriptText { style, template })
    }

    /// `/…/flags`
    pub(crate) fn regexp(&mut self) -> Result<Regexp, Flaw> {
        self.regexp_for(|regexp, source| regexp.compiled(source).map(drop))
    }

    /// The same for bytes.
    pub(crate) fn regexp_for_bytes(&mut self) -> Result<Regexp, Flaw> {
        self.regexp_for(|regexp, source| regexp.compiled_for_bytes(source).map(drop))
    }

    fn regexp_for(&mut self, check: fn(&Regexp, &str) -> Result<(), String>) -> Result<Regexp, Flaw> {
        let place = self.place();
        let Some(inner) = self.rest().strip_prefix('/') else {
            return Err(self.flaw("expected a regular expression").hint("write it as in `/^tick \\d+/i`"));
        };
        let start = self.at + 1;
        let Some(length) = closing(inner, '/') else {
            return Err(self
                .flaw("this regular expression is not closed")
                .hint("end it with `/`; write a slash inside as `\\/`"));
        };
        let source = template::read(&inner[..length], Backslash::Regexp, |at| self.place_at(start + at))?;
        self.at = start + length + 1;
        let flags = self.peek_flags();
        for (at, flag) in flags.char_indices() {
            if !"imsx".contains(flag) || flags[..at].contains(flag) {
                let place = self.place_at(self.at + at);
                return Err(Flaw::new(place, format!("unknown flag `{flag}`")).hint("expected `i`, `m`, `s` or `x`"));
            }
        }
        self.at += flags.len();
        let regexp = Regexp { source, flags: flags.to_owned() };
        match check(&regexp, &regexp.source.probe()) {
            Ok(()) => Ok(regexp),
            Err(why) => Err(Flaw::new(place, format!("this is not a regular expression: {why}"))),
        }
    }

    fn peek_flags(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| is_space(c) || c == ')').unwrap_or(rest.len())]
    }
}

impl Regexp {
    /// The expression with its flags.
    ///
    /// # Errors
    /// What is wrong with `source`, in words.
    pub(crate) fn compiled(&self, source: &str) -> Result<Regex, String> {
        let mut builder = RegexBuilder::new(source);
        builder.case_insensitive(self.flags.contains('i')).multi_line(self.flags.contains('m'));
        builder.dot_matches_new_line(self.flags.contains('s')).ignore_whitespace(self.flags.contains('x'));
        builder.build().map_err(|error| crate::text::patterns::why(&error))
    }

    /// The same for bytes, which `(?-u:…)` matches whatever they are.
    ///
    /// # Errors
    /// What is wrong with `source`, in words.
    pub(crate) fn compiled_for_bytes(&self, source: &str) -> Result<regex::bytes::Regex, String> {
        let mut builder = regex::bytes::RegexBuilder::new(source);
        builder.case_insensitive(self.flags.contains('i')).multi_line(self.flags.contains('m'));
        builder.dot_matches_new_line(self.flags.contains('s')).ignore_whitespace(self.flags.contains('x'));
        builder.build().map_err(|error| crate::text::patterns::why(&error))
    }
}

/// How much of `text` the JSON value takes that it begins with, as far as brackets and quotes tell.
fn json_length(text: &str) -> usize {
    let (mut depth, mut next) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        if at < next {
            continue;
        }
        let rest = &text[at..];
        match c {
            '{' if rest.starts_with("{{") && !rest.starts_with("{{{") => {
                next = rest.find("}}").map_or(text.len(), |end| at + end + 2);
            }
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            '"' => {
                next = closing(&rest[1..], '"').map_or(text.len(), |length| at + length + 2);
                if depth == 0 {
                    return next;
                }
            }
            ')' if depth == 0 => return at,
            _ if depth == 0 && is_space(c) => return at,
            _ => {}
        }
    }
    text.trim_end_matches(is_space).len()
}
