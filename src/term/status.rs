//! A status line at the bottom of the terminal; messages appear above it.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use super::terminal_width;
use crate::text::escape::{Keep, escape};

/// Goes to the beginning of the row and erases it (ECMA-48, EL).
const ERASE: &str = "\r\x1b[K";

/// Not shown before there is something to show: then it is as good as none.
#[derive(Default)]
pub(crate) struct Status {
    shown: Mutex<String>,
}

impl Status {
    /// Shows a text instead of the one before; it is cut to one row.
    pub(crate) fn show(&self, text: &str) {
        let text: String = escape(text, Keep::Nothing).chars().take(terminal_width() - 1).collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != text {
            write(&format!("{ERASE}{text}"));
            *shown = text;
        }
    }

    pub(crate) fn erase(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.is_empty() {
            write(ERASE);
            shown.clear();
        }
    }

    /// Writes lines above it.
    pub(super) fn say(&self, lines: &str) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_empty() {
            write(lines);
        } else {
            write(&format!("{ERASE}{lines}{shown}"));
        }
    }
}

fn write(text: &str) {
    #[expect(clippy::disallowed_methods, reason = "the owner of stderr")]
    let mut stderr = std::io::stderr().lock();
    // There is no way to report that stderr is closed.
    let _ = stderr.write_all(text.as_bytes());
}
