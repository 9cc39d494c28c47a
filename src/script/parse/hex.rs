//! Reads bytes that are written in hex, with what may be between the digits: `10 varint(u16("MQTT") 04 ..)`.

use super::words::is_keyword_next;
use crate::script::cursor::{Cursor, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{BytePiece, LengthPrefix};
use crate::text::hex;

/// How deep lengths may be in each other.
const DEEPEST: usize = 16;

const PREFIXES: [(&str, LengthPrefix); 4] = [
    ("u8(", LengthPrefix::U8),
    ("u16(", LengthPrefix::U16),
    ("u32(", LengthPrefix::U32),
    ("varint(", LengthPrefix::Varint),
];

/// Where the bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Sent,
    /// A pattern for a whole message.
    Message,
    /// A pattern for what has no end of its own.
    Part,
}

/// Pieces up to a keyword, a comment or the end of the line.
pub(super) fn read(cursor: &mut Cursor<'_>, used: Use) -> Result<Vec<BytePiece>, Flaw> {
    Pieces { used, depth: 0 }.read(cursor)
}

struct Pieces {
    used: Use,
    depth: usize,
}

impl Pieces {
    fn read(&self, cursor: &mut Cursor<'_>) -> Result<Vec<BytePiece>, Flaw> {
        let mut pieces = Vec::new();
        loop {
            let place = cursor.place_of_next();
            let is_over = cursor.is_over() || self.depth == 0 && is_keyword_next(cursor);
            if is_over || self.depth > 0 && cursor.rest().starts_with(')') {
                return Ok(pieces);
            }
            if matches!(pieces.last(), Some(BytePiece::Rest)) {
                return Err(Flaw::new(place, "nothing can follow `..`"));
            }
            pieces.push(self.piece(cursor)?);
        }
    }

    fn piece(&self, cursor: &mut Cursor<'_>) -> Result<BytePiece, Flaw> {
        let rest = cursor.rest();
        if let Some((word, prefix)) = PREFIXES.iter().find(|(word, _)| rest.starts_with(word)) {
            return self.counted(cursor, word.len(), *prefix);
        }
        if rest.starts_with('"') {
            return cursor.quoted_part().map(BytePiece::Text);
        }
        if rest.starts_with("{{") {
            return cursor.variable().map(BytePiece::Variable);
        }
        if rest.starts_with("??") {
            self.only_expected(cursor, "??")?;
            cursor.skip(2);
            return Ok(BytePiece::Any);
        }
        if rest.starts_with("..") {
            self.only_expected(cursor, "..")?;
            if self.used == Use::Part && self.depth == 0 {
                let flaw = cursor.flaw("the end of these bytes is undefined");
                return Err(flaw.hint("`..` stands for the rest of a message, or of what `u16(…)` counts"));
            }
            cursor.skip(2);
            return Ok(BytePiece::Rest);
        }
        known(cursor)
    }

    fn only_expected(&self, cursor: &Cursor<'_>, sign: &str) -> Result<(), Flaw> {
        match self.used {
            Use::Sent => Err(cursor.flaw(format!("`{sign}` can be expected, but not sent"))),
            Use::Message | Use::Part => Ok(()),
        }
    }

    fn counted(&self, cursor: &mut Cursor<'_>, word: usize, prefix: LengthPrefix) -> Result<BytePiece, Flaw> {
        let place = cursor.place();
        if self.depth == DEEPEST {
            return Err(Flaw::new(place, format!("lengths can be nested at most {DEEPEST} levels deep")));
        }
        cursor.skip(word);
        let inner = Self { used: self.used, depth: self.depth + 1 }.read(cursor)?;
        if cursor.is_over() {
            return Err(Flaw::new(place, "this parenthesis is not closed"));
        }
        cursor.skip(1);
        Ok(BytePiece::Counted(prefix, inner))
    }
}

/// Digits, with blanks wherever one likes.
fn known(cursor: &mut Cursor<'_>) -> Result<BytePiece, Flaw> {
    let place = cursor.place();
    let mut digits = String::new();
    loop {
        let rest = cursor.rest();
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        digits += &rest[..end];
        cursor.skip(end);
        let before = cursor.clone();
        // A keyword may begin with digits.
        if cursor.is_over() || is_keyword_next(cursor) {
            *cursor = before;
            break;
        }
    }
    if digits.is_empty() {
        let word = cursor.peek();
        return Err(cursor.flaw(format!("`{}` is not hex", shortened(word))).hint("as in `00 ff 10`"));
    }
    hex::bytes(&digits)
        .map(BytePiece::Known)
        .ok_or_else(|| Flaw::new(place, "a hex digit is missing").hint("each byte has two, as in `00 ff 10`"))
}
