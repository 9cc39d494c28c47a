//! One line of a script, read from left to right, word by word; text and literals have modules of their own.

pub(crate) mod chars;
mod literal;
pub(crate) mod text;

use std::time::Duration;

use self::chars::{begins_comment, is_space};
use super::flaw::Flaw;
use super::syntax::Position;
use super::template;

pub(super) use self::text::{FENCE, Quotes, bare_length, common_indent};

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
    /// What follows the pattern that is read, so that its text has to be in quotes: `with`, or `{`.
    pub(super) before: Option<&'static str>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(lines: &'a [&'a str], line: usize) -> Self {
        Self { lines, line, at: 0, below: 0, comment: None, before: None }
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

    pub(super) fn place(&self) -> Position {
        self.place_at(self.at)
    }

    fn place_at(&self, at: usize) -> Position {
        Position { line: self.line + 1, column: self.whole()[..at].chars().count() + 1 }
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

    /// Whether nothing but a comment follows the next word.
    pub(super) fn is_last_word(&mut self) -> bool {
        let at = self.at;
        self.word();
        let is_last = self.is_over();
        self.at = at;
        is_last
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

    /// The `{` that begins a block, at the end of its line.
    pub(super) fn brace(&mut self, example: &str) -> Result<(), Flaw> {
        if !self.takes("{") {
            return Err(self.flaw("expected `{`").hint(format!("as in `{example}`")));
        }
        if !self.is_over() {
            return Err(self.flaw("write the steps of a block, and its `}`, on separate lines"));
        }
        Ok(())
    }

    /// Makes sure that nothing is left but a comment, and keeps that.
    pub(super) fn finish(&mut self) -> Result<(), Flaw> {
        if !self.is_over() {
            return Err(self.flaw(format!("unexpected `{}`", shortened(self.rest().trim_end_matches(is_space)))));
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

    pub(super) fn time(&mut self) -> Result<Duration, Flaw> {
        let place = self.place_of_next();
        match self.word() {
            "" => Err(Flaw::new(place, "expected a time").hint("as in `500ms`, `2s` or `1m30s`")),
            word => crate::text::units::time(word)
                .map_err(|hint| Flaw::new(place, format!("`{word}` is not a time")).hint(hint)),
        }
    }

    /// The name of a variable that gets a value.
    pub(super) fn name(&mut self) -> Result<String, Flaw> {
        let place = self.place_of_next();
        let word = self.word();
        if word.is_empty() {
            return Err(Flaw::new(place, "expected the name of a variable"));
        }
        let is_taken = matches!(word, "uuid" | "now" | "random" | "env" | "base64");
        if !template::is_name(word) || is_taken {
            let flaw = Flaw::new(place, format!("`{word}` cannot be the name of a variable"));
            return Err(match word {
                _ if is_taken => flaw.hint("it is a reserved word"),
                _ => flaw.hint("a name consists of letters, digits, `_` and `-`, and begins with a letter or `_`"),
            });
        }
        Ok(word.to_owned())
    }

    pub(super) fn place_of_next(&mut self) -> Position {
        self.skip_space();
        self.place()
    }

    /// Whether all that is left is `within TIME` and `capture NAME`; or, in a rule, `capture NAME` and `with …` or `{`.
    pub(super) fn only_keywords_left(&mut self) -> bool {
        if let Some(end) = self.before {
            return matches!(self.peek(), word if word == end || word == "capture");
        }
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

/// Whether these two words after text would be taken for a keyword and its value.
pub(super) fn is_keyword(keyword: &str, value: &str) -> bool {
    match keyword {
        "within" => crate::text::units::time(value).is_ok(),
        "capture" => template::is_name(value),
        _ => false,
    }
}

/// What is before the keyword and its value that this text ends in, and those two.
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
