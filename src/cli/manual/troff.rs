//! A manual page in the language of man(7), with lines that fit a screen.

use std::fmt::Write as _;

use regex::Regex;

/// The longest line of a page's source, as `mandoc -T lint` wants it.
const COLUMNS: usize = 78;

/// When the pages were last looked through; the test of the pages wants the same date on the ones that are written by hand.
const DATE: &str = "2026-11-29";

/// A page that is being written.
#[derive(Debug, Default)]
pub(super) struct ManPage(String);

impl ManPage {
    /// A page in this section of the manual, and in a line what it is about.
    pub(super) fn new(name: &str, section: u8, summary: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let manual = if section == 1 { "User Commands" } else { "File Formats" };
        let title = name.to_uppercase();
        let mut page = Self(format!(".TH {title} {section} {DATE} \"wsprobe {version}\" \"{manual}\"\n"));
        page.section("NAME");
        page.macro_line(&format!("{} \\- {}", escaped(name), escaped(summary)));
        page
    }

    pub(super) fn section(&mut self, title: &str) {
        self.macro_line(&format!(".SH \"{title}\""));
    }

    pub(super) fn subsection(&mut self, title: &str) {
        self.macro_line(&format!(".SS \"{title}\""));
    }

    /// A paragraph for each part of the text between empty lines.
    pub(super) fn paragraphs(&mut self, text: &str) {
        for (at, paragraph) in text.split("\n\n").enumerate() {
            if at > 0 || !self.is_at_heading() {
                self.macro_line(".PP");
            }
            self.paragraph(paragraph);
        }
    }

    /// A term, in troff already, and what it means.
    pub(super) fn entry(&mut self, term: &str, text: &str) {
        self.macro_line(".TP");
        self.macro_line(term);
        for (at, paragraph) in text.split("\n\n").enumerate() {
            if at > 0 {
                self.macro_line(".IP");
            }
            self.paragraph(paragraph);
        }
    }

    /// Terms in bold, and what they mean.
    pub(super) fn entries<T: AsRef<str>, D: AsRef<str>>(&mut self, entries: impl IntoIterator<Item = (T, D)>) {
        for (term, text) in entries {
            self.entry(&bold(term.as_ref()), text.as_ref());
        }
    }

    /// A line as it is, in troff already.
    pub(super) fn macro_line(&mut self, line: &str) {
        writeln!(self.0, "{line}").expect("a String takes all");
    }

    pub(super) fn finished(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn is_at_heading(&self) -> bool {
        self.0.lines().last().is_some_and(|line| line.starts_with(".S"))
    }

    /// Text to be filled, or, if it is indented, lines to be kept.
    fn paragraph(&mut self, text: &str) {
        if text.starts_with(' ') {
            self.macro_line(".nf");
            text.lines().for_each(|line| self.macro_line(&quoted(&escaped(line))));
            self.macro_line(".fi");
        } else {
            self.filled(&quoted(&escaped(text)));
        }
    }

    fn filled(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.chars().count() + " ".len() + word.chars().count() > COLUMNS {
                self.text_line(&std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += word;
        }
        if !line.is_empty() {
            self.text_line(&line);
        }
    }

    fn text_line(&mut self, line: &str) {
        // troff would take it for a command.
        let guard = if line.starts_with('.') { "\\&" } else { "" };
        self.macro_line(&format!("{guard}{line}"));
    }
}

pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text.trim()))
}

pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text.trim()))
}

/// Keeps troff from making other characters of these, and from breaking lines at hyphens.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    text.replace('^', "\\(ha").replace('~', "\\(ti")
}

/// What is between backticks becomes bold.
fn quoted(text: &str) -> String {
    let code = Regex::new("`([^`]+)`").expect("it is a valid expression");
    code.replace_all(text, r"\fB$1\fR").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(write: impl FnOnce(&mut ManPage)) -> String {
        let mut page = ManPage::default();
        write(&mut page);
        String::from_utf8(page.finished()).expect("it is text")
    }

    #[test]
    fn no_text_is_taken_for_a_command() {
        let words = "word ".repeat(15);
        let text = page(|page| page.paragraphs(&format!("{words}.wsp 'x' \\ `-x`")));
        assert_eq!(text, format!(".PP\n{}\n\\&.wsp \\(aqx\\(aq \\e \\fB\\-x\\fR\n", words.trim()));
    }

    #[test]
    fn indented_lines_are_kept() {
        let text = page(|page| page.entry("a", "one\ntwo\n\n  kept\n  as it is"));
        assert_eq!(text, ".TP\na\none two\n.IP\n.nf\n  kept\n  as it is\n.fi\n");
    }
}
