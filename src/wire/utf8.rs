//! UTF-8 that is checked as it arrives: what can no longer become UTF-8 is noticed at its first bad byte.

/// Follows a text; at most three bytes of a character are kept between two pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf8 {
    begun: [u8; 4],
    length: usize,
}

/// The text is not UTF-8, whatever may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8;

impl Utf8 {
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
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(NotUtf8),
            }
        }
        let Err(error) = std::str::from_utf8(piece) else { return Ok(()) };
        if error.error_len().is_some() {
            return Err(NotUtf8);
        }
        let begun = &piece[error.valid_up_to()..];
        self.begun[..begun.len()].copy_from_slice(begun);
        self.length = begun.len();
        Ok(())
    }

    /// Ends the text, and begins another.
    ///
    /// # Errors
    /// It ended within a character.
    pub(crate) fn finish(&mut self) -> Result<(), NotUtf8> {
        match std::mem::take(&mut self.length) {
            0 => Ok(()),
            _ => Err(NotUtf8),
        }
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
        for (text, bad) in [
            (&b"a\xff"[..], 1),
            (b"\xce\xba\xf4\x90\x80\x80", 3),
            (b"\xed\xa0\x80", 1),
            (b"\xc0\x80", 0),
            (b"\xe2\x82a", 2),
        ] {
            let mut utf8 = Utf8::default();
            let noticed = text.iter().position(|byte| utf8.push(&[*byte]).is_err());
            assert_eq!(noticed, Some(bad), "{}", text.escape_ascii());
            assert_eq!(Utf8::default().push(text), Err(NotUtf8));
        }
    }

    #[test]
    fn a_text_that_ends_within_a_character_is_none() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(b"\xe2\x82"), Ok(()));
        assert_eq!(utf8.finish(), Err(NotUtf8));
        assert_eq!(utf8.finish(), Ok(()));
    }
}
