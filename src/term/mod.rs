//! The terminal and the standard output streams: who writes to them, how wide and how colourful they are.

pub(crate) mod at_once;
mod broken_pipe;
pub(crate) mod escape;
mod lane;
mod state;
mod status;
mod talk;

pub(crate) use lane::{Lane, print, stdout_gone};
pub(crate) use state::{edit_again, guard_terminal, note_editing, restore_terminal};
pub(crate) use status::Status;
pub(crate) use talk::{Details, Talk, Verbosity};

/// Columns, as of now: the user may resize the window at any time.
pub(crate) fn terminal_width() -> usize {
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns).max(20))
}

/// Lets colours through; the decision for or against them is made once, by the caller.
pub(crate) fn allow_colour() {
    // crossterm would look at NO_COLOR by itself, which `--color always` overrules.
    crossterm::style::force_color_output(true);
}
