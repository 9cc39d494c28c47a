//! The terminal and the standard output streams: who writes to them, how wide and how colourful they are.

pub(crate) mod diagnostics;
mod file_writer;
mod status;
mod talk;

pub(crate) use self::file_writer::{FileWriter, print, stdout_gone};
pub(crate) use self::status::Status;
pub(crate) use self::talk::{Details, Talk, Verbosity};
pub(crate) use crate::sys::terminal::{
    edit_again, guard_terminal, note_editing, own_terminal, restore_terminal, suspend_key,
};

/// The screen that programs have to themselves, and the way back from it, to where the cursor was (xterm's DECSET 1049).
pub(crate) const OTHER_SCREEN: &str = "\x1b[?1049h";
pub(crate) const OWN_SCREEN: &str = "\x1b[?1049l";

/// How large a terminal is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TerminalSize {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// Columns, as of now: the user may resize the window at any time.
pub(crate) fn terminal_width() -> usize {
    terminal_size().columns
}

/// Rows and columns, as of now; asking takes three calls of the system.
pub(crate) fn terminal_size() -> TerminalSize {
    // A terminal that does not know has no rows at all.
    let size = crossterm::terminal::size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 0);
    let (columns, rows) = size.map_or((80, 24), |(columns, rows)| (columns.into(), rows.into()));
    TerminalSize { rows, columns }
}

/// Lets colours through; the decision for or against them is made once, by the caller.
pub(crate) fn allow_colour() {
    // crossterm would look at NO_COLOR by itself, which `--color always` overrules.
    crossterm::style::force_color_output(true);
}
