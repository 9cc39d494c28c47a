//! How much of a text fits a number of rows, as a terminal wraps them.

use super::wrapping::WrappedCursor;

/// The room that there is, in columns and rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Columns of the first row that are taken.
    pub(crate) taken: usize,
}

/// The beginning that fits; none if all does. Colours take no room.
pub(crate) fn beginning(text: &str, room: Room) -> Option<&str> {
    let mut cursor = PaintedCursor::new(room.taken, room.columns);
    // A line end at the end begins no row.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let first_too_far = text.char_indices().find(|(_, c)| {
        cursor.pass(*c);
        cursor.at.row >= room.rows
    });
    first_too_far.map(|(at, _)| &text[..at])
}

/// How many rows a text takes.
pub(crate) fn rows(text: &str, columns: usize) -> usize {
    let mut cursor = PaintedCursor::new(0, columns);
    text.strip_suffix('\n').unwrap_or(text).chars().for_each(|c| cursor.pass(c));
    cursor.at.row + 1
}

/// The cursor of a terminal that is written to; colours do not move it.
struct PaintedCursor {
    at: WrappedCursor,
    /// Within a sequence that sets a colour.
    in_colour: bool,
}

impl PaintedCursor {
    fn new(taken: usize, columns: usize) -> Self {
        Self { at: WrappedCursor::new(taken, columns), in_colour: false }
    }

    fn pass(&mut self, c: char) {
        match c {
            c if self.in_colour || c == '\x1b' => self.in_colour = c != 'm',
            // A tab stops at the end of the row.
            '\t' => self.at.advance(self.at.tab().min(self.at.room())),
            c => self.at.pass(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_a_terminal_wraps_them() {
        for (text, columns, expected) in [
            ("", 10, 1),
            ("a\n", 10, 1),
            ("a\nb", 10, 2),
            ("a\n\n", 10, 2),
            ("0123456789", 10, 1),
            ("0123456789x", 10, 2),
            ("012345678日", 10, 2),
            ("日本日本日", 10, 1),
            ("\x1b[38;5;4m01234\x1b[39m56789\n", 10, 1),
            ("a\tb", 10, 1),
            ("e\u{301}".repeat(10).as_str(), 10, 1),
        ] {
            assert_eq!(rows(text, columns), expected, "{text:?}");
        }
    }

    #[test]
    fn the_beginning_is_what_fits_and_nothing_if_all_does() {
        let room = |rows, taken| Room { columns: 10, rows, taken };
        for (text, room, shown) in [
            ("a\nb\n", room(2, 0), None),
            ("a\nb\nc", room(2, 0), Some("a\nb")),
            ("0123456789abc", room(1, 0), Some("0123456789")),
            ("0123456789abc", room(1, 2), Some("01234567")),
            ("012345678日", room(1, 0), Some("012345678")),
            ("a\n0123456789abc", room(2, 0), Some("a\n0123456789")),
        ] {
            assert_eq!(beginning(text, room), shown, "{text:?}");
        }
    }
}
