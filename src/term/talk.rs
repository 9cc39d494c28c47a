//! Messages to the user other than the data: on stderr, or above the prompt.

use std::io::Write as _;
use std::sync::Arc;

use crossterm::style::{Color, Stylize as _};

use super::status::Status;
use crate::text::escape::{Keep, escape};

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verbosity {
    /// Events, not only errors.
    pub(crate) talks: bool,
    pub(crate) details: Details,
}

/// The level of details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Details {
    None,
    /// The handshake.
    Some,
    /// TLS and timing too.
    All,
}

impl Verbosity {
    /// Errors only.
    pub(crate) const QUIET: Self = Self { talks: false, details: Details::None };
    pub(crate) const NORMAL: Self = Self { talks: true, details: Details::None };
}

/// Prints messages to the user. A peer's text is escaped here, wherever it goes.
pub(crate) struct Talk {
    verbosity: Verbosity,
    colour: bool,
    /// What is before each line.
    name: &'static str,
    sink: LineSink,
    /// For lines that take the place of those before them, where that can be done.
    progress: Option<LineSink>,
}

type LineSink = Box<dyn Fn(String) + Send + Sync>;

impl Talk {
    /// On stderr, each line with the program's name before it.
    pub(crate) fn on_stderr(verbosity: Verbosity, colour: bool) -> Self {
        Self { name: "wsprobe: ", ..Self::pages_on_stderr(verbosity, colour) }
    }

    /// On stderr, in lines that belong together and so are without a name.
    pub(crate) fn pages_on_stderr(verbosity: Verbosity, colour: bool) -> Self {
        let sink = |text: String| {
            #[expect(clippy::disallowed_methods, reason = "the owner of stderr")]
            let mut stderr = std::io::stderr().lock();
            // There is no way to report that stderr is closed.
            let _ = stderr.write_all(text.as_bytes());
        };
        Self { verbosity, colour, name: "", sink: Box::new(sink), progress: None }
    }

    /// With the name, above a line that stays at the bottom.
    pub(crate) fn above(status: &Arc<Status>, verbosity: Verbosity, colour: bool) -> Self {
        let status = Arc::clone(status);
        let sink = Box::new(move |text: String| status.say(&text));
        Self { verbosity, colour, name: "wsprobe: ", sink, progress: None }
    }

    /// To a function that shows lines, each with its line end.
    pub(crate) fn to(
        verbosity: Verbosity,
        colour: bool,
        name: &'static str,
        sink: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        Self { verbosity, colour, name, sink: Box::new(sink), progress: None }
    }

    /// The same, with another way for lines that take the place of those before them.
    pub(crate) fn with_progress(self, sink: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { progress: Some(Box::new(sink)), ..self }
    }

    /// Whether what is painted elsewhere may be.
    pub(crate) fn has_colour(&self) -> bool {
        self.colour
    }

    /// Whether details are told.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity.details >= Details::Some
    }

    /// Something that happened, in one line.
    pub(crate) fn say(&self, text: &str) {
        if self.verbosity.talks {
            self.line(self.name, text, None);
        }
    }

    /// Something that happened and that is worth a colour.
    pub(crate) fn warn(&self, text: &str) {
        if self.verbosity.talks {
            self.line(self.name, text, Some(Color::DarkYellow));
        }
    }

    /// The progress of something that takes a while; on a terminal one line, which replaces the previous one.
    pub(crate) fn progress(&self, lines: &[&str]) {
        match &self.progress {
            _ if !self.verbosity.talks => {}
            Some(sink) => sink(self.painted(self.name, &lines.join("; "), None)),
            None => lines.iter().for_each(|line| self.say(line)),
        }
    }

    /// The same for less important progress.
    pub(crate) fn faint_progress(&self, line: &str) {
        if self.verbosity.talks {
            self.progress.as_ref().unwrap_or(&self.sink)(self.painted(self.name, line, Some(Color::DarkGrey)));
        }
    }

    /// An error; printed even with `--quiet`.
    pub(crate) fn error(&self, text: &str) {
        self.line(self.name, text, Some(Color::DarkRed));
    }

    /// A frame on the wire; printed even with `--quiet`, because it was requested.
    pub(crate) fn frame(&self, text: &str) {
        self.line("", text, Some(Color::DarkGrey));
    }

    /// Something wrong in a file, whose name is where the program's would; below it the line, and a mark below that.
    pub(crate) fn flaw(&self, what: &str, line: &str, mark: &str) {
        self.line("", what, Some(Color::DarkRed));
        self.line("", line, None);
        self.line("", mark, Some(Color::DarkRed));
    }

    /// Lines that are already coloured and safe, and that are printed even with `--quiet`.
    pub(crate) fn page(&self, page: &str) {
        (self.sink)(page.to_owned());
    }

    /// What belongs to an error and is below it, such as the body of a refusal: indented, since a peer wrote it.
    pub(crate) fn body(&self, text: &str) {
        self.lines("  ", text, None);
    }

    /// A detail for `-v`, marked as curl marks it: `>` sent, `<` received, `*` a note.
    pub(crate) fn detail(&self, mark: char, text: &str) {
        if self.verbosity.details >= Details::Some {
            self.lines(&format!("{mark} "), text, Some(Color::DarkGrey));
        }
    }

    /// One that takes time to be made.
    pub(crate) fn details(&self, mark: char, text: impl FnOnce() -> String) {
        if self.verbosity.details >= Details::Some {
            self.detail(mark, &text());
        }
    }

    /// A detail for `-vv`.
    pub(crate) fn fine_detail(&self, text: &str) {
        self.fine_details(|| text.to_owned());
    }

    /// Several lines of the same, which are made only where they are told.
    pub(crate) fn fine_details(&self, text: impl FnOnce() -> String) {
        if self.verbosity.details >= Details::All {
            text().lines().for_each(|line| self.line("* ", line, Some(Color::DarkGrey)));
        }
    }

    /// Line breaks are escaped too: after one in a peer's text, the rest would look like a message of ours.
    fn line(&self, prefix: &str, text: &str, colour: Option<Color>) {
        (self.sink)(self.painted(prefix, text, colour));
    }

    fn lines(&self, prefix: &str, text: &str, colour: Option<Color>) {
        // The heads of HTTP end their lines with CRLF.
        (self.sink)(text.lines().map(|line| self.painted(prefix, line, colour)).collect());
    }

    fn painted(&self, prefix: &str, line: &str, colour: Option<Color>) -> String {
        let line = escape(line, Keep::Nothing);
        match colour.filter(|_| self.colour) {
            Some(colour) => format!("{}\n", format!("{prefix}{line}").with(colour)),
            None => format!("{prefix}{line}\n"),
        }
    }
}
