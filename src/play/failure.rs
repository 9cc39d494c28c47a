//! A failed step: its place, what came instead, and what came before.

use std::fmt::Write as _;

use crossterm::style::{Color, Stylize as _};

use crate::compare::diff::{DiffLine, DiffSide};
use crate::compare::paint::painted;
use crate::error::Error;
use crate::render::page::page;
use crate::script::judge::mismatch::Mismatch;
use crate::script::syntax::Position;
use crate::text::escape::{Keep, escape};

/// Why a script did not come to its end.
#[derive(Clone, Debug)]
pub(crate) struct StepFailure {
    pub(crate) place: Position,
    /// The step as it was written.
    pub(crate) step: String,
    pub(crate) fault: StepFault,
    /// The connection's name and its last messages; none if the step has nothing to do with one.
    pub(crate) recent: Option<(Option<String>, Vec<String>)>,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub(crate) struct StepFault {
    pub(crate) words: String,
    pub(crate) diff: Vec<DiffLine>,
    /// The exit status of it.
    pub(crate) code: u8,
    /// The step that it belongs to, where that is not the one being played.
    pub(crate) place: Option<Position>,
}

impl StepFault {
    pub(crate) fn new(words: impl Into<String>, code: u8) -> Self {
        Self { words: words.into(), diff: Vec::new(), code, place: None }
    }

    /// The script was stopped without a failure.
    pub(crate) fn stopped() -> Self {
        Self::new("the script was stopped", 0)
    }

    pub(crate) fn at(self, place: Position) -> Self {
        Self { place: Some(place), ..self }
    }
}

/// A message for the user: the step cannot be done.
impl From<String> for StepFault {
    fn from(words: String) -> Self {
        Self::new(words, 1)
    }
}

impl From<Mismatch> for StepFault {
    fn from(mismatch: Mismatch) -> Self {
        Self { diff: mismatch.diff, ..Self::new(mismatch.words, 1) }
    }
}

impl From<&Error> for StepFault {
    fn from(error: &Error) -> Self {
        let body = match error {
            Error::Refused(refusal) => page(refusal, false).text,
            _ => String::new(),
        };
        let diff = body.lines().map(|line| DiffLine::new(DiffSide::Both, line)).collect();
        Self { diff, ..Self::new(error.chain(), error.exit_code()) }
    }
}

impl StepFailure {
    /// Nothing failed: the script was ended.
    pub(crate) fn is_of_stop(&self) -> bool {
        self.fault.code == 0
    }

    /// As it is shown: `file` and the place first, safe for a terminal.
    pub(crate) fn shown(&self, file: &str, colour: bool) -> String {
        let paint = Paint { colour };
        let mut page = String::new();
        let place = format!("{}:{}: ", safe(file), self.place.line);
        writeln!(page, "{}{}", paint.bold(&place), paint.bold(&safe(&self.step))).expect("a String takes all");
        for line in self.fault.words.lines() {
            writeln!(page, "  {}", paint.of(Color::DarkRed, &safe(line))).expect("a String takes all");
        }
        for line in &self.fault.diff {
            writeln!(page, "  {}", painted(line, colour)).expect("a String takes all");
        }
        if let Some((name, recent)) = self.recent.as_ref().filter(|(_, recent)| !recent.is_empty()) {
            let name = name.as_ref().map_or_else(String::new, |name| format!(" of {name}"));
            let title = format!("the last messages{name} (> sent, < received; times since it was opened):");
            writeln!(page, "  {}", paint.of(Color::DarkGrey, &title)).expect("a String takes all");
            for message in recent {
                writeln!(page, "  {}", paint.of(Color::DarkGrey, message)).expect("a String takes all");
            }
        }
        page
    }
}

/// A peer's text must not control the terminal.
fn safe(text: &str) -> String {
    escape(text, Keep::Nothing).into_owned()
}

struct Paint {
    colour: bool,
}

impl Paint {
    fn of(&self, colour: Color, text: &str) -> String {
        if self.colour { text.with(colour).to_string() } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        if self.colour { text.bold().to_string() } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::diff::diff;

    fn failure() -> StepFailure {
        let mismatch = Mismatch { words: "the text differs".to_owned(), diff: diff("hello", "hallo\u{1b}") };
        StepFailure {
            place: Position { line: 7, column: 1 },
            step: "expect text hello".to_owned(),
            fault: mismatch.into(),
            recent: Some((Some("a".to_owned()), vec!["    0.001s < hallo\\e".to_owned()])),
        }
    }

    #[test]
    fn it_names_the_place_the_step_what_came_and_the_last_messages() {
        assert_eq!(
            failure().shown("chat.wsp", false),
            "chat.wsp:7: expect text hello\n  the text differs\n  - hello\n  + hallo\\e\n  \
             the last messages of a (> sent, < received; times since it was opened):\n      0.001s < hallo\\e\n"
        );
    }

    #[test]
    fn colour_marks_what_differs_and_a_peer_brings_none_of_its_own() {
        crate::term::allow_colour();
        let page = failure().shown("chat.wsp", true);
        assert!(page.contains("\u{1b}[38;5;1m\u{1b}[7ma"), "{page:?}");
        assert!(page.contains("\\e") && !page.contains("hallo\u{1b}"), "{page:?}");
    }
}
