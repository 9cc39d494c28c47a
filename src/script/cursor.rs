//! One line of a script, read from left to right; text in a block takes the lines below along.

use std::time::Duration;

use regex::{Regex, RegexBuilder};

use super::flaw::Flaw;
use super::syntax::{Place, Regexp, Style, Template, Text};
use super::template::{self, Backslash};
use crate::cli::values;

/// What opens and closes text that takes several lines.
pub(super) const FENCE: &str = "\"\"\"";

/// Which quotes keep a `#` from beginning a comment in text that is not quoted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Those of JSON, in text that begins like JSON.
    Json,
    Shell,
}

#[derive(Clone)]
pub(super) struct Cursor<'a> {
    lines: &'a [&'a str],
    /// Counted from 0.
    line: usize,
    /// In bytes.
    at: usize,
    /// How many lines below belong to this one.
    below: usize,
    /// With its `#`.
    pub(super) comment: Option<&'a str>,
}

/// Blanks and what is left of the line ends of other systems.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

impl<'a> Cursor<'a> {
    pub(super) fn new(lines: &'a [&'a str], line: usize) -> Self {
        Self { lines, line, at: 0, below: 0, comment: None }
    }

    pub(super) fn whole(&self) -> &'a str {
        self.lines[self.line]
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.whole()[self.at..]
    }

    /// The line that follows, counted from 0.
    pub(super) fn next_line(&self) -> usize {
        self.line + self.below + 1
    }

    pub(super) fn place(&self) -> Place {
        self.place_at(self.at)
    }

    fn place_at(&self, at: usize) -> Place {
        Place { line: self.line + 1, column: self.whole()[..at].chars().count() + 1 }
    }

    /// Something wrong at what comes next.
    pub(super) fn flaw(&self, what: impl Into<String>) -> Flaw {
        Flaw::new(self.place(), what)
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Blanks, of which the number comes back.
    pub(super) fn skip_space(&mut self) -> usize {
        let blanks = self.rest().len() - self.rest().trim_start_matches(is_space).len();
        self.at += blanks;
        blanks
    }

    /// Whether only a comment is left, or nothing.
    pub(super) fn is_over(&mut self) -> bool {
        self.skip_space();
        let rest = self.rest();
        let stands_apart = self.at == 0 || self.whole()[..self.at].ends_with(is_space);
        rest.is_empty() || stands_apart && begins_comment(rest)
    }

    /// The next word, up to a blank; empty at the end.
    pub(super) fn peek(&mut self) -> &'a str {
        if self.is_over() {
            return "";
        }
        self.rest().split(is_space).next().unwrap_or_default()
    }

    pub(super) fn word(&mut self) -> &'a str {
        let word = self.peek();
        self.at += word.len();
        word
    }

    /// Takes the next word if it is this one.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let is_next = self.peek() == word;
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// The letters that come next: words of a condition need no blanks around them.
    pub(super) fn peek_letters(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())]
    }

    /// Makes sure that nothing is left but a comment, and keeps that.
    pub(super) fn finish(&mut self) -> Result<(), Flaw> {
        if !self.is_over() {
            return Err(self.flaw(format!("`{}` is too much here", shortened(self.rest().trim_end_matches(is_space)))));
        }
        self.keep_comment();
        Ok(())
    }

    fn keep_comment(&mut self) {
        let rest = self.rest().trim_end_matches(is_space);
        if !rest.is_empty() {
            self.comment = Some(rest);
            self.at += rest.len();
        }
    }

    /// Text that is not quoted, to the end of the line or to a comment; where it begins, and it.
    pub(super) fn bare(&mut self, quotes: Quotes) -> (usize, &'a str) {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let text = rest[..bare_length(rest, quotes)].trim_end_matches(is_space);
        self.at += text.len();
        (start, text)
    }

    /// The same as a template.
    pub(super) fn bare_template(&mut self, quotes: Quotes) -> Result<Template, Flaw> {
        let (start, text) = self.bare(quotes);
        template::read(text, Backslash::Plain, |at| self.place_at(start + at))
    }

    /// So many bytes as a template.
    pub(super) fn template_of(&mut self, length: usize) -> Result<Template, Flaw> {
        self.skip_space();
        let start = self.at;
        self.at += length;
        template::read(&self.whole()[start..self.at], Backslash::Plain, |at| self.place_at(start + at))
    }

    /// Text in any of its styles; `None` if there is none.
    pub(super) fn text(&mut self) -> Result<Option<Text>, Flaw> {
        if self.is_over() {
            return Ok(None);
        }
        if self.rest().starts_with(FENCE) {
            return self.block(Backslash::Plain).map(|template| Some(Text { style: Style::Block, template }));
        }
        if self.rest().starts_with('"') {
            return self.quoted().map(|template| Some(Text { style: Style::Quoted, template }));
        }
        self.bare_template(Quotes::Json).map(|template| Some(Text { style: Style::Bare, template }))
    }

    pub(super) fn quoted(&mut self) -> Result<Template, Flaw> {
        let start = self.at + 1;
        let inner = &self.whole()[start..];
        let Some(length) = closing(inner, '"') else {
            return Err(self
                .flaw("this quote is not closed")
                .hint("end it with `\"`; a text that begins with one is written `\"\\\"…\"`"));
        };
        let template = template::read(&inner[..length], Backslash::Escape, |at| self.place_at(start + at))?;
        self.at = start + length + 1;
        if !self.rest().is_empty() && !self.rest().starts_with(is_space) {
            return Err(self.flaw("the quote ends before this").hint("a quote inside is written `\\\"`"));
        }
        Ok(template)
    }

    /// The lines up to the one with three quotes alone, without what they are indented by in common.
    pub(super) fn block(&mut self, backslash: Backslash) -> Result<Template, Flaw> {
        let opened = self.place();
        self.at += FENCE.len();
        if !self.is_over() {
            return Err(self
                .flaw(format!("text in `{FENCE}` begins on the next line"))
                .hint("one line is quoted with one `\"` on each side"));
        }
        self.keep_comment();
        let inside = &self.lines[self.line + 1..];
        let Some(count) = inside.iter().position(|line| line.trim_matches(is_space) == FENCE) else {
            self.below = inside.len();
            return Err(Flaw::new(opened, format!("this `{FENCE}` is not closed"))
                .hint(format!("end the text with `{FENCE}` on a line of its own")));
        };
        self.below = count + 1;
        let inside = &inside[..count];
        let indent = common_indent(inside.iter().copied());
        let mut pieces = Vec::new();
        for (number, line) in inside.iter().enumerate() {
            let text = line.get(indent..).unwrap_or_default();
            let place = |at: usize| Place {
                line: opened.line + 1 + number,
                column: line.get(..indent.saturating_add(at)).map_or(0, |before| before.chars().count()) + 1,
            };
            pieces.extend((number > 0).then(|| super::syntax::Piece::Literal("\n".to_owned())));
            pieces.extend(template::read(text, backslash, place)?.0);
        }
        Ok(Template::joined(pieces))
    }

    /// Lets go of what this line and the block that it may have opened say, since it is not understood.
    pub(super) fn abandon(&mut self) {
        let line = self.rest();
        let line = line[..bare_length(line, Quotes::Json)].trim_end_matches(is_space);
        if self.below == 0 && line.ends_with(FENCE) {
            let inside = &self.lines[self.line + 1..];
            let end = inside.iter().position(|line| line.trim_matches(is_space) == FENCE);
            self.below = end.map_or(0, |count| count + 1);
        }
    }

    /// A JSON value, checked with `0` for its variables; what follows it is left.
    pub(super) fn json(&mut self) -> Result<Text, Flaw> {
        if self.is_over() {
            return Err(self.flaw("a JSON value is missing here").hint("as in `{\"op\":\"tick\"}`"));
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
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&probe) {
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
            let flaw = Flaw::new(wrong, format!("this is no JSON: {reason}"));
            let is_word = probe.starts_with(|c: char| c.is_alphabetic());
            return Err(if is_word {
                flaw.hint(format!("a text is written `\"{}\"`", shortened(&probe)))
            } else {
                flaw
            });
        }
        Ok(Text { style, template })
    }

    /// `/…/flags`
    pub(super) fn regexp(&mut self) -> Result<Regexp, Flaw> {
        let place = self.place();
        let Some(inner) = self.rest().strip_prefix('/') else {
            return Err(self.flaw("a regular expression is missing here").hint("write it as in `/^tick \\d+/i`"));
        };
        let start = self.at + 1;
        let Some(length) = closing(inner, '/') else {
            return Err(self
                .flaw("this regular expression is not closed")
                .hint("end it with `/`; one inside is written `\\/`"));
        };
        let source = template::read(&inner[..length], Backslash::Regexp, |at| self.place_at(start + at))?;
        self.at = start + length + 1;
        let flags = self.peek_flags();
        for (at, flag) in flags.char_indices() {
            if !"imsx".contains(flag) || flags[..at].contains(flag) {
                let place = self.place_at(self.at + at);
                return Err(
                    Flaw::new(place, format!("`{flag}` is no flag here")).hint("there are `i`, `m`, `s` and `x`")
                );
            }
        }
        self.at += flags.len();
        let regexp = Regexp { source, flags: flags.to_owned() };
        match regexp.compiled(&regexp.source.probe()) {
            Ok(_) => Ok(regexp),
            Err(why) => Err(Flaw::new(place, format!("this is no regular expression: {why}"))),
        }
    }

    fn peek_flags(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| is_space(c) || c == ')').unwrap_or(rest.len())]
    }

    pub(super) fn time(&mut self) -> Result<Duration, Flaw> {
        let place = self.place_of_next();
        match self.word() {
            "" => Err(Flaw::new(place, "a time is missing here").hint("as in `500ms`, `2s` or `1m30s`")),
            word => values::time(word).map_err(|hint| Flaw::new(place, format!("`{word}` is no time")).hint(hint)),
        }
    }

    /// The name of a variable that gets a value.
    pub(super) fn name(&mut self) -> Result<String, Flaw> {
        let place = self.place_of_next();
        let word = self.word();
        if word.is_empty() {
            return Err(Flaw::new(place, "the name of a variable is missing here"));
        }
        if !template::is_name(word) || matches!(word, "uuid" | "now" | "random" | "env") {
            let flaw = Flaw::new(place, format!("`{word}` is no name for a variable"));
            return Err(match word {
                "uuid" | "now" | "random" | "env" => flaw.hint("that one has a meaning already"),
                _ => flaw.hint("it has letters, digits, `_` and `-`, and begins with a letter or `_`"),
            });
        }
        Ok(word.to_owned())
    }

    pub(super) fn place_of_next(&mut self) -> Place {
        self.skip_space();
        self.place()
    }

    /// Whether all that is left is `within TIME` and `capture NAME`.
    pub(super) fn only_keywords_left(&mut self) -> bool {
        let rest = self.rest();
        let mut words = rest[..bare_length(rest, Quotes::Json)].split(is_space).filter(|word| !word.is_empty());
        let mut found = false;
        loop {
            match (words.next(), words.next()) {
                (None, _) => return found,
                (Some(keyword), Some(value)) if is_keyword(keyword, value) => found = true,
                _ => return false,
            }
        }
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
        builder.build().map_err(|error| values::why(&error))
    }
}

/// Whether these two words behind text would be taken for a keyword and its value.
pub(super) fn is_keyword(keyword: &str, value: &str) -> bool {
    match keyword {
        "within" => values::time(value).is_ok(),
        "capture" => template::is_name(value),
        _ => false,
    }
}

/// What stands before the keyword and its value that this text ends in, and those two.
pub(super) fn ends_in_keyword(text: &str) -> Option<(&str, String)> {
    let (before, value) = text.trim_end_matches(is_space).rsplit_once(is_space)?;
    let before = before.trim_end_matches(is_space);
    let (before, keyword) = before.rsplit_once(is_space).unwrap_or(("", before));
    is_keyword(keyword, value).then(|| (before.trim_end_matches(is_space), format!("{keyword} {value}")))
}

/// The beginning of what is to be named in an error.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What stands behind a blank and begins with `#`, itself before a blank or the end.
fn begins_comment(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|behind| behind.is_empty() || behind.starts_with(is_space))
}

/// Up to a comment, or all. What comes before `text` is a blank.
pub(super) fn bare_length(text: &str, quotes: Quotes) -> usize {
    let mut quotes: &[char] = match quotes {
        Quotes::Json if text.starts_with(['{', '[']) => &['"'],
        Quotes::Json => &[],
        Quotes::Shell => &['"', '\''],
    };
    let (mut behind_space, mut next) = (true, 0);
    for (at, c) in text.char_indices() {
        if at < next {
            continue;
        }
        if behind_space && begins_comment(&text[at..]) {
            return at;
        }
        behind_space = is_space(c);
        if quotes.contains(&c) {
            match closing(&text[at + 1..], c) {
                Some(length) => next = at + 1 + length + 1,
                // It is a mark like any other, then.
                None => quotes = &[],
            }
        }
    }
    text.len()
}

/// How far it is to this character, not counting those behind a backslash.
fn closing(text: &str, end: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == end => return Some(at),
            _ => {}
        }
    }
    None
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

/// The blanks, in bytes, that all lines with something in them begin with.
pub(super) fn common_indent<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let mut common: Option<&str> = None;
    for line in lines.filter(|line| !line.trim_matches(is_space).is_empty()) {
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        let both = common.map_or(indent, |common| {
            let same = common.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count();
            &indent[..same]
        });
        common = Some(both);
    }
    // Lines of blanks alone are empty lines.
    common.map_or(usize::MAX, str::len)
}
