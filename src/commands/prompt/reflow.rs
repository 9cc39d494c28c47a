//! Where wrapped input stands on the screen, and where it has got to when the window was made wider or narrower.

use crate::render::wrapping::WrappedCursor;

/// Where the cursor is behind a text that begins in a column, as the line editor counts it: behind a full row is the next one.
pub(crate) fn position(text: &str, column: usize, columns: usize) -> WrappedCursor {
    let mut at = laid_out(text, column, columns);
    if at.room() == 0 {
        (at.row, at.column) = (at.row + 1, 0);
    }
    at
}

/// The same as the terminal has it.
fn laid_out(text: &str, column: usize, columns: usize) -> WrappedCursor {
    let mut at = WrappedCursor::new(column, columns);
    text.chars().for_each(|c| at.pass(c));
    at
}

/// Input as it stands on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DrawnInput {
    /// The columns of the prompt.
    pub(crate) prompt: usize,
    /// What of the line was drawn in one piece, so that the terminal has wrapped it; the rest was typed behind it.
    pub(crate) painted: String,
    pub(crate) line: String,
    /// What stands behind it in grey.
    pub(crate) hint: String,
    /// Those of the screen.
    pub(crate) columns: usize,
}

impl DrawnInput {
    /// What makes room for the line editor to draw anew what it drew before the width changed to `columns`, with the cursor
    /// behind the first `cursor` bytes of the line: the old rows are cleared, and the cursor is where the editor thinks it is.
    ///
    /// Most terminals wrap rows anew by themselves; some do not.
    pub(crate) fn make_room(&self, cursor: usize, columns: usize, wraps_anew: bool) -> String {
        let whole = self.line.clone() + &self.hint;
        let (end, at) = (self.position(&whole), self.position(&self.line[..cursor]));
        let now = if wraps_anew { self.row_after(cursor, columns) } else { at.row };
        let up = |rows: usize| if rows > 0 { format!("\x1b[{rows}A") } else { String::new() };
        let mut text = up(now) + "\r\x1b[J";
        text.extend(std::iter::repeat_n('\n', end.row));
        text + &up(end.row - at.row)
    }

    fn position(&self, text: &str) -> WrappedCursor {
        position(text, self.prompt, self.columns)
    }

    /// The row that the terminal has moved the cursor to.
    fn row_after(&self, cursor: usize, columns: usize) -> usize {
        let (text, cursor) = self.as_drawn(cursor);
        let at = laid_out(&text[..cursor], self.prompt, columns);
        let rest = &text[cursor..];
        // Behind a full row is the next one, if there is anything in it.
        let is_in_next = at.room() == 0 && !rest.is_empty() && !rest.starts_with('\n');
        at.row + usize::from(is_in_next)
    }

    /// The text with the line break that the line editor adds where what it draws ends with a full row, and the cursor in it.
    fn as_drawn(&self, cursor: usize) -> (String, usize) {
        let typed = self.line.strip_prefix(self.painted.as_str()).unwrap_or_default();
        let mut text = self.line[..self.line.len() - typed.len()].to_owned() + &self.hint;
        let end = self.position(&text);
        let painted = text.len();
        let is_ended = end.column == 0 && end.row > 0 && !text.ends_with('\n');
        if is_ended {
            text.push('\n');
        }
        let cursor = if is_ended && cursor >= painted { cursor + 1 } else { cursor };
        (text + typed, cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_the_line_editor_does() {
        let counted = |text: &str| {
            let at = position(text, 2, 10);
            (at.row, at.column)
        };
        for (text, at) in [
            ("", (0, 2)),
            ("1234567", (0, 9)),
            ("12345678", (1, 0)),
            ("123456789", (1, 1)),
            ("1234567日", (1, 2)),
            ("a\n\nb", (2, 1)),
            ("a\n", (1, 0)),
            ("\t", (0, 8)),
            ("e\u{301}", (0, 3)),
        ] {
            assert_eq!(counted(text), at, "{text:?}");
        }
    }

    #[test]
    fn the_rows_that_the_terminal_has_wrapped_anew_are_cleared_and_those_above_are_not() {
        let drawn = |line: &str, columns| {
            let (painted, line) = (line.to_owned(), line.to_owned());
            DrawnInput { prompt: 2, painted, line, hint: String::new(), columns }
        };
        let line = "x".repeat(90);
        for (before, after, wraps_anew, text) in [
            (80, 120, true, "\r\x1b[J\n"),
            (80, 40, true, "\x1b[2A\r\x1b[J\n"),
            (40, 120, true, "\r\x1b[J\n\n"),
            (120, 40, true, "\x1b[2A\r\x1b[J"),
            (80, 40, false, "\x1b[1A\r\x1b[J\n"),
            (40, 120, false, "\x1b[2A\r\x1b[J\n\n"),
        ] {
            assert_eq!(drawn(&line, before).make_room(line.len(), after, wraps_anew), text, "{before} to {after}");
        }
        // With the cursor in the first of two rows.
        assert_eq!(drawn(&line, 80).make_room(10, 40, true), "\r\x1b[J\n\x1b[1A");
        // A full row, which the line editor has ended by itself.
        assert_eq!(drawn(&"x".repeat(78), 80).make_room(78, 120, true), "\x1b[1A\r\x1b[J\n");
        // One that was typed key by key: its second row is none that the terminal has made.
        let typed = DrawnInput { painted: "x".repeat(78), ..drawn(&line, 80) };
        assert_eq!(typed.make_room(90, 120, true), "\x1b[1A\r\x1b[J\n");
        assert_eq!(typed.make_room(10, 120, true), "\r\x1b[J\n\x1b[1A");
        assert_eq!(typed.make_room(90, 40, true), "\x1b[2A\r\x1b[J\n");
    }
}
