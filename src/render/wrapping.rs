//! How a terminal wraps a text: where each character brings the cursor.

use unicode_width::UnicodeWidthChar as _;

/// Where terminals have their tab stops.
const TAB: usize = 8;

/// Where the cursor is, counted from the row that the text began in. A full row is left only by what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrappedCursor {
    pub(crate) row: usize,
    pub(crate) column: usize,
    columns: usize,
}

impl WrappedCursor {
    pub(crate) fn new(column: usize, columns: usize) -> Self {
        Self { row: 0, column, columns: columns.max(1) }
    }

    pub(crate) fn pass(&mut self, c: char) {
        match c {
            '\n' => (self.row, self.column) = (self.row + 1, 0),
            '\t' => self.advance(self.tab()),
            c => self.advance(c.width().unwrap_or(0)),
        }
    }

    /// The columns to the next tab stop.
    pub(crate) fn tab(&self) -> usize {
        TAB - self.column % TAB
    }

    /// Those to the end of the row.
    pub(crate) fn room(&self) -> usize {
        self.columns.saturating_sub(self.column)
    }

    pub(crate) fn advance(&mut self, width: usize) {
        self.column += width;
        if self.column > self.columns {
            (self.row, self.column) = (self.row + 1, width);
        }
    }
}
