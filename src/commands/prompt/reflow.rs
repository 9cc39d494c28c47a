//! Where wrapped input stands on the screen, and where it has got to when the window was made wider or narrower.

use unicode_width::UnicodeWidthChar as _;

/// The columns between two tab stops.
const TAB: usize = 8;

/// Counted from the row in which the prompt stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScreenPosition {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// Where the cursor is behind a text that begins in a column, as the line editor counts it.
pub(crate) fn position(text: &str, column: usize, columns: usize) -> ScreenPosition {
    let mut at = laid_out(text, ScreenPosition { row: 0, column }, columns);
    if at.column >= columns {
        at = ScreenPosition { row: at.row + 1, column: 0 };
    }
    at
}

/// The same, but that a full row is left only by what comes after it.
fn laid_out(text: &str, mut at: ScreenPosition, columns: usize) -> ScreenPosition {
    for c in text.chars() {
        let width = match c {
            '\n' => {
                at = ScreenPosition { row: at.row + 1, column: 0 };
                continue;
            }
            '\t' => TAB - at.column % TAB,
            c => c.width().unwrap_or(0),
        };
        at.column += width;
        if at.column > columns {
            at = ScreenPosition { row: at.row + 1, column: width };
        }
    }
    at
}

/// Input as it was drawn last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DrawnInput {
    /// The columns of the prompt.
    pub(crate) prompt: usize,
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
        let (end, at) = (self.end(), position(&self.line[..cursor], self.prompt, self.columns));
        let now = if wraps_anew { self.row_after(cursor, columns, end) } else { at.row };
        let mut text = String::new();
        let up = |rows: usize| if rows > 0 { format!("\x1b[{rows}A") } else { String::new() };
        text += &up(now);
        text += "\r\x1b[J";
        text.extend(std::iter::repeat_n('\n', end.row));
        text + &up(end.row - at.row)
    }

    /// Where it ends, as the line editor counts.
    fn end(&self) -> ScreenPosition {
        position(&(self.line.clone() + &self.hint), self.prompt, self.columns)
    }

    /// The row that the terminal has moved the cursor to.
    fn row_after(&self, cursor: usize, columns: usize, end: ScreenPosition) -> usize {
        let start = ScreenPosition { row: 0, column: self.prompt };
        let before = &self.line[..cursor];
        let at = laid_out(before, start, columns);
        let is_at_end = cursor == self.line.len() && self.hint.is_empty();
        // The line editor ends a full row at the end by itself, and is in the row after it.
        if is_at_end && end.column == 0 && end.row > 0 && !before.ends_with('\n') {
            return at.row + 1;
        }
        // Behind a full row is the next one, if there is anything in it.
        let is_in_next = at.column >= columns && !is_at_end && !self.line[cursor..].starts_with('\n');
        at.row + usize::from(is_in_next)
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
        let drawn = |line: &str, columns| DrawnInput { prompt: 2, line: line.to_owned(), hint: String::new(), columns };
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
    }
}
