//! UTF-8 that is checked as it arrives: what can no longer become UTF-8 is noticed at its first bad byte.

use std::fmt;

/// Follows a text; at most three bytes of a character are kept between two pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf8 {
    begun: [u8; 4],
    length: usize,
    /// The bytes before those.
    passed: u64,
}

/// The text is not UTF-8, whatever may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    /// Where in the text the bad bytes stand, the first is 0.
    at: u64,
    bytes: [u8; 4],
    length: usize,
    /// They could have been the beginning of a character.
    is_end: bool,
}

impl Utf8 {
    /// Whether all of this is a text.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn check(text: &[u8]) -> Result<(), NotUtf8> {
        let mut utf8 = Self::default();
        utf8.push(text)?;
        utf8.finish()
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// It makes the text invalid.
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.length > 0 {
            let [next, rest @ ..] = piece else { return Ok(()) };
            self.begun[self.length] = *next;
            self.length += 1;
            piece = rest;
            match std::str::from_utf8(&self.begun[..self.length]) {
                Ok(_) => {
                    self.passed += self.length as u64;
                    self.length = 0;
                }
                Err(error) => match error.error_len() {
                    None => {}
                    Some(length) => return Err(NotUtf8::new(self.passed, &self.begun[..length], false)),
                },
            }
        }
        let Err(error) = std::str::from_utf8(piece) else {
            self.passed += piece.len() as u64;
            return Ok(());
        };
        let begun = &piece[error.valid_up_to()..];
        self.passed += error.valid_up_to() as u64;
        if let Some(length) = error.error_len() {
            return Err(NotUtf8::new(self.passed, &begun[..length], false));
        }
        self.begun[..begun.len()].copy_from_slice(begun);
        self.length = begun.len();
        Ok(())
    }

    /// Ends the text, and begins another.
    ///
    /// # Errors
    /// It ended within a character.
    pub(crate) fn finish(&mut self) -> Result<(), NotUtf8> {
        let Self { begun, length, passed } = std::mem::take(self);
        match length {
            0 => Ok(()),
            _ => Err(NotUtf8::new(passed, &begun[..length], true)),
        }
    }
}

impl NotUtf8 {
    fn new(at: u64, bad: &[u8], is_end: bool) -> Self {
        let mut bytes = [0; 4];
        bytes[..bad.len()].copy_from_slice(bad);
        Self { at, bytes, length: bad.len(), is_end }
    }
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes[..self.length].escape_ascii();
        let end = if self.is_end { ", where it ends within a character" } else { "" };
        write!(f, "`{bytes}` at byte {}{end}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_be_cut_anywhere() {
        let text = "aκόσ€µε\u{10ffff}\u{0}".as_bytes();
        for size in 1..=text.len() {
            let mut utf8 = Utf8::default();
            assert!(text.chunks(size).all(|piece| utf8.push(piece).is_ok()) && utf8.finish().is_ok(), "{size}");
        }
    }

    #[test]
    fn the_first_bad_byte_is_noticed_at_once() {
        for (text, bad, shown) in [
            (&b"a\xff"[..], 1, r"`\xff` at byte 1"),
            (b"\xce\xba\xf4\x90\x80\x80", 3, r"`\xf4` at byte 2"),
            (b"\xed\xa0\x80", 1, r"`\xed` at byte 0"),
            (b"\xc0\x80", 0, r"`\xc0` at byte 0"),
            (b"\xe2\x82a", 2, r"`\xe2\x82` at byte 0"),
            (b"abc\xf0\x9f\x98\x80d\xf0\x9f\x98d", 11, r"`\xf0\x9f\x98` at byte 8"),
        ] {
            let mut utf8 = Utf8::default();
            let noticed = text.iter().position(|byte| utf8.push(&[*byte]).is_err());
            assert_eq!(noticed, Some(bad), "{}", text.escape_ascii());
            for size in 1..=text.len() {
                let mut utf8 = Utf8::default();
                let error = text.chunks(size).find_map(|piece| utf8.push(piece).err()).unwrap();
                assert_eq!(error.to_string(), shown, "in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_text_that_ends_within_a_character_is_none() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(b"ab\xe2\x82"), Ok(()));
        let shown = r"`\xe2\x82` at byte 2, where it ends within a character";
        assert_eq!(utf8.finish().unwrap_err().to_string(), shown);
        assert_eq!(utf8.finish(), Ok(()));
        assert_eq!(Utf8::check(b"ab\xe2\x82").unwrap_err().to_string(), shown);
    }
}
