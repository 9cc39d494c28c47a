//! Keywords among the words of a payload.

use crate::script::cursor::Cursor;

/// Whether what may be after a pattern comes next.
pub(crate) fn is_keyword_next(cursor: &mut Cursor<'_>) -> bool {
    let word = cursor.peek();
    matches!(word, "within" | "capture") || cursor.before == Some(word)
}
