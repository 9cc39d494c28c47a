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

/// Columns, as of now: the user may resize the window at any time.
pub(crate) fn terminal_width() -> usize {
    terminal_size().1.max(20)
}

/// Rows and columns, as of now.
pub(crate) fn terminal_size() -> (usize, usize) {
    // A terminal that does not know has no rows at all.
    let size = crossterm::terminal::size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 0);
    size.map_or((24, 80), |(columns, rows)| (usize::from(rows), usize::from(columns)))
}

/// Rows, as of now.
pub(crate) fn terminal_rows() -> usize {
    crossterm::terminal::size().map_or(24, |(_, rows)| usize::from(rows).max(1))
}

/// Lets colours through; the decision for or against them is made once, by the caller.
pub(crate) fn allow_colour() {
    // crossterm would look at NO_COLOR by itself, which `--color always` overrules.
    crossterm::style::force_color_output(true);
}
