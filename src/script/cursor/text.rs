//! Text in its three styles; that in a block takes the lines below along.

use super::Cursor;
use super::chars::{begins_comment, is_space};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Piece, Position, ScriptText, Style, Template};
use crate::script::template::{self, Backslash};

/// What opens and closes text that takes several lines.
pub(crate) const FENCE: &str = "\"\"\"";

/// Which quotes keep a `#` from beginning a comment in text that is not quoted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// Those of JSON, in text that begins like JSON.
    Json,
    Shell,
}

impl<'a> Cursor<'a> {
    /// Text that is not quoted, to the end of the line or to a comment; where it begins, and it.
    pub(crate) fn bare(&mut self, quotes: Quotes) -> (usize, &'a str) {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let text = rest[..bare_length(rest, quotes)].trim_end_matches(is_space);
        self.at += text.len();
        (start, text)
    }

    /// The same as a template.
    pub(crate) fn bare_template(&mut self, quotes: Quotes) -> Result<Template, Flaw> {
        let (start, text) = self.bare(quotes);
        template::read(text, Backslash::Plain, |at| self.place_at(start + at))
    }

    /// So many bytes as a template.
    pub(crate) fn template_of(&mut self, length: usize) -> Result<Template, Flaw> {
        self.skip_space();
        let start = self.at;
        self.at += length;
        template::read(&self.whole()[start..self.at], Backslash::Plain, |at| self.place_at(start + at))
    }

    /// Text in any of its styles; `None` if there is none.
    pub(crate) fn text(&mut self) -> Result<Option<ScriptText>, Flaw> {
        if self.is_over() {
            return Ok(None);
        }
        if self.rest().starts_with(FENCE) {
            return self.block(Backslash::Plain).map(|template| Some(ScriptText { style: Style::Block, template }));
        }
        if self.rest().starts_with('"') {
            return self.quoted().map(|template| Some(ScriptText { style: Style::Quoted, template }));
        }
        self.bare_template(Quotes::Json).map(|template| Some(ScriptText { style: Style::Bare, template }))
    }

    pub(crate) fn quoted(&mut self) -> Result<Template, Flaw> {
        let template = self.quoted_part()?;
        if !self.rest().is_empty() && !self.rest().starts_with(is_space) {
            return Err(self.flaw("the quoted text ends before this").hint("write a quote inside as `\\\"`"));
        }
        Ok(template)
    }

    /// The same, whatever is after it.
    pub(crate) fn quoted_part(&mut self) -> Result<Template, Flaw> {
        let start = self.at + 1;
        let inner = &self.whole()[start..];
        let Some(length) = closing(inner, '"') else {
            return Err(self
                .flaw("this quote is not closed")
                .hint("end it with `\"`; write a text that begins with a quote as `\"\\\"…\"`"));
        };
        let template = template::read(&inner[..length], Backslash::Escape, |at| self.place_at(start + at))?;
        self.at = start + length + 1;
        Ok(template)
    }

    /// One variable in its braces, which begins here.
    pub(crate) fn variable(&mut self) -> Result<Piece, Flaw> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
        let template = template::read(&rest[..length], Backslash::Plain, |at| self.place_at(start + at))?;
        match <[Piece; 1]>::try_from(template.0) {
            Ok([piece]) if !matches!(piece, Piece::Literal(_)) => {
                self.at += length;
                Ok(piece)
            }
            _ => Err(self.flaw("expected a variable").hint("as in `{{name}}`")),
        }
    }

    /// The lines up to the one with three quotes alone, without what they are indented by in common.
    pub(crate) fn block(&mut self, backslash: Backslash) -> Result<Template, Flaw> {
        let opened = self.place();
        self.at += FENCE.len();
        if !self.is_over() {
            return Err(self
                .flaw(format!("text in `{FENCE}` must begin on the next line"))
                .hint("quote a single line with one `\"` on each side"));
        }
        self.keep_comment();
        let inside = &self.lines[self.line + 1..];
        let Some(count) = inside.iter().position(|line| line.trim_matches(is_space) == FENCE) else {
            self.below = inside.len();
            return Err(Flaw::new(opened, format!("this `{FENCE}` is not closed"))
                .hint(format!("end the text with `{FENCE}` on a separate line")));
        };
        self.below = count + 1;
        let inside = &inside[..count];
        let indent = common_indent(inside.iter().copied());
        let mut pieces = Vec::new();
        for (number, line) in inside.iter().enumerate() {
            let text = line.get(indent..).unwrap_or_default();
            let place = |at: usize| Position {
                line: opened.line + 1 + number,
                column: line.get(..indent.saturating_add(at)).map_or(0, |before| before.chars().count()) + 1,
            };
            pieces.extend((number > 0).then(|| Piece::Literal("\n".to_owned())));
            pieces.extend(template::read(text, backslash, place)?.0);
        }
        Ok(Template::joined(pieces))
    }

    /// Skips this line and the block that it may have opened, because it is invalid.
    pub(crate) fn abandon(&mut self) {
        let line = self.rest();
        let line = line[..bare_length(line, Quotes::Json)].trim_end_matches(is_space);
        if self.below == 0 && line.ends_with(FENCE) {
            let inside = &self.lines[self.line + 1..];
            let end = inside.iter().position(|line| line.trim_matches(is_space) == FENCE);
            self.below = end.map_or(0, |count| count + 1);
        }
    }
}

/// Up to a comment, or all. What comes before `text` is a blank.
pub(crate) fn bare_length(text: &str, quotes: Quotes) -> usize {
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

/// How far it is to this character, not counting those after a backslash.
pub(super) fn closing(text: &str, end: char) -> Option<usize> {
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

/// The blanks, in bytes, that all lines with something in them begin with.
pub(crate) fn common_indent<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
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
