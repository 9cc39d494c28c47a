//! Text in its styles, as far as each of them can say it where it stands.

use std::fmt::{self, Write as _};

use crate::script::cursor::chars::is_space;
use crate::script::cursor::{FENCE, Quotes, bare_length, common_indent, ends_in_keyword};
use crate::script::syntax::{ScriptText, Style, Template};
use crate::script::template::Backslash;

/// Where text stands, and so what it may look like without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// Nothing that follows it could be meant as a keyword.
    Alone,
    /// At the end of a pattern.
    Last,
    /// Keywords do follow it.
    Followed,
}

impl fmt::Display for ScriptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, Spot::Alone))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(Backslash::Plain))
    }
}

pub(super) fn text(text: &ScriptText, spot: Spot) -> String {
    let written = match text.style {
        Style::Bare => bare(&text.template, spot),
        Style::Quoted => None,
        Style::Block if spot == Spot::Followed => None,
        Style::Block => text.template.unquoted().and_then(|written| block(&written)),
    };
    written.unwrap_or_else(|| quoted(&text.template))
}

/// Text in quotes if it begins with a word that would be taken for ours.
pub(super) fn text_unless(words: &[&str], wanted: &ScriptText, spot: Spot) -> String {
    let written = text(wanted, spot);
    let begins_so = words.contains(&written.split(is_space).next().unwrap_or_default());
    if begins_so { quoted(&wanted.template) } else { written }
}

/// Without quotes, unless that would be read as something else.
pub(super) fn bare(template: &Template, spot: Spot) -> Option<String> {
    let text = template.unquoted()?;
    let fits = !text.is_empty()
        && text.trim_matches(is_space) == text
        && !text.contains('\n')
        && !text.starts_with('"')
        && bare_length(&text, Quotes::Json) == text.len()
        && (spot == Spot::Alone || ends_in_keyword(&text).is_none());
    (fits && spot != Spot::Followed).then_some(text)
}

pub(super) fn quoted(template: &Template) -> String {
    format!("\"{}\"", template.written(Backslash::Escape))
}

/// Between two lines of quotes, unless that would be read as something else.
fn block(text: &str) -> Option<String> {
    let lines: Vec<_> = if text.is_empty() { Vec::new() } else { text.split('\n').collect() };
    let is_blank = |line: &&str| line.trim_matches(is_space).is_empty();
    let keeps_its_blanks = match common_indent(lines.iter().copied()) {
        0 => true,
        _ => lines.iter().all(|line| line.is_empty()),
    };
    let is_taken = |line: &&str| line.trim_matches(is_space) == FENCE || line.ends_with('\r');
    if !keeps_its_blanks || lines.iter().any(|line| is_taken(line) || is_blank(line) && line.contains('\r')) {
        return None;
    }
    let mut block = format!("{FENCE}\n");
    for line in lines {
        let indent = if line.is_empty() { "" } else { INDENT };
        writeln!(block, "{indent}{line}").expect("a String takes all");
    }
    Some(block + FENCE)
}

pub(super) fn shell(command: &Template, is_captured: bool) -> String {
    let text = command.written(Backslash::Plain);
    let fits = !text.contains('\n')
        && text.trim_matches(is_space) == text
        && !text.starts_with(FENCE)
        && !text.starts_with("within ")
        && bare_length(&text, Quotes::Shell) == text.len()
        && ends_in_keyword(&text).is_none_or(|(_, keyword)| keyword.starts_with("within"));
    // A block leaves no room for what is after it.
    if fits || is_captured { text } else { block(&text).unwrap_or(text) }
}

pub(super) fn json(text: &ScriptText, spot: Spot) -> String {
    let written = text.template.written(Backslash::Json);
    let as_block = text.style == Style::Block && spot != Spot::Followed;
    // Between values a line feed is a blank, and inside of them there is none.
    as_block.then(|| block(&written)).flatten().unwrap_or_else(|| written.replace('\n', " "))
}

pub(crate) const INDENT: &str = "  ";

/// Appends lines at that depth; what is empty stays so.
pub(crate) fn put(text: &mut String, depth: usize, lines: &str) {
    for line in lines.split('\n') {
        if !line.is_empty() {
            text.extend(std::iter::repeat_n(INDENT, depth));
            text.push_str(line);
        }
        text.push('\n');
    }
}
