//! What is pasted, without the escape sequences in it: the line editor would drop parts of them, and keep the rest as text.

/// Around what is pasted (xterm, "Bracketed Paste Mode").
const START: &[u8] = b"\x1b[200~";
const END: &[u8] = b"\x1b[201~";

const ESCAPE: u8 = 0x1b;

/// Stands between the keyboard and the line editor.
#[derive(Default)]
pub(crate) struct PasteFilter {
    /// How much of `START` was typed just now.
    begun: usize,
    /// What is being pasted.
    pasted: Option<Vec<u8>>,
}

impl PasteFilter {
    /// What the editor gets for what is typed.
    pub(crate) fn pass(&mut self, typed: &[u8]) -> Vec<u8> {
        let mut passed = Vec::with_capacity(typed.len());
        for byte in typed {
            match &mut self.pasted {
                Some(pasted) => {
                    pasted.push(*byte);
                    if let Some(text) = pasted.strip_suffix(END) {
                        passed.extend_from_slice(without_sequences(text).as_bytes());
                        passed.extend_from_slice(END);
                        self.pasted = None;
                    }
                }
                None => {
                    passed.push(*byte);
                    self.follow(*byte);
                }
            }
        }
        passed
    }

    fn follow(&mut self, byte: u8) {
        let goes_on = byte == START[self.begun];
        self.begun = if goes_on { self.begun + 1 } else { usize::from(byte == ESCAPE) };
        if self.begun == START.len() {
            (self.begun, self.pasted) = (0, Some(Vec::new()));
        }
    }
}

/// The text without escape sequences, each of them dropped as a whole; what is not UTF-8 would end the line.
fn without_sequences(pasted: &[u8]) -> String {
    let (mut kept, mut rest) = (Vec::with_capacity(pasted.len()), pasted);
    while let Some(at) = rest.iter().position(|byte| *byte == ESCAPE) {
        kept.extend_from_slice(&rest[..at]);
        // One that does not end is no sequence: what follows the Escape is text.
        rest = after_sequence(&rest[at + 1..]).unwrap_or(&rest[at + 1..]);
    }
    kept.extend_from_slice(rest);
    String::from_utf8_lossy(&kept).into_owned()
}

/// What follows a sequence whose Escape has been read (ECMA-48, 5.3 to 5.6; ECMA-35, 13.2).
fn after_sequence(rest: &[u8]) -> Option<&[u8]> {
    let (first, body) = rest.split_first()?;
    match first {
        b'[' => {
            let body = skip(skip(body, 0x30..=0x3f), 0x20..=0x2f);
            final_byte(body, 0x40)
        }
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = body.iter().position(|byte| matches!(*byte, 0x07 | ESCAPE))?;
            match &body[end..] {
                [ESCAPE, b'\\', after @ ..] | [0x07, after @ ..] => Some(after),
                _ => None,
            }
        }
        // A character of another set; keys come so too.
        b'N' | b'O' => final_byte(body, 0x20),
        _ => final_byte(skip(rest, 0x20..=0x2f), 0x30),
    }
}

fn skip(bytes: &[u8], skipped: std::ops::RangeInclusive<u8>) -> &[u8] {
    let length = bytes.iter().take_while(|byte| skipped.contains(byte)).count();
    &bytes[length..]
}

fn final_byte(bytes: &[u8], least: u8) -> Option<&[u8]> {
    bytes.split_first().filter(|(last, _)| (least..=0x7e).contains(last)).map(|(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_dropped_as_a_whole_and_every_other_byte_kept() {
        for (pasted, text) in [
            ("a \x1b[31mRED\x1b[0m b", "a RED b"),
            ("\x1b[38;5;196mx\x1b[?25hy\x1b[m\x1b[1 qz", "xyz"),
            ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1bP1$r\x1b\\c", "abc"),
            ("A\x1bcB\x1b(BC\x1b=D\x1bOAE", "ABCDE"),
            ("end\x1b", "end"),
            ("\x1b[31", "[31"),
            ("\x1b]0;no end", "]0;no end"),
            ("\x1b[3é\x1bé\x1b\x1b[1mx", "[3ééx"),
            ("[0m 31m tab\tnul\0\x03\r\n", "[0m 31m tab\tnul\0\x03\r\n"),
        ] {
            assert_eq!(without_sequences(pasted.as_bytes()), text, "{pasted:?}");
        }
        assert_eq!(without_sequences(b"caf\xe9 \xff"), "caf\u{fffd} \u{fffd}");
    }

    #[test]
    fn keys_pass_at_once_and_a_paste_when_it_is_whole_however_it_is_cut() {
        let typed = b"\x1b\x1b[A\x1b[20~x\x1b\x1b[200~\x1b[0;1mone\x1b[200~\rtwo\x1b[201\x1b[201~\x1b[201~\x1b[B";
        let expected = b"\x1b\x1b[A\x1b[20~x\x1b\x1b[200~one\rtwo[201\x1b[201~\x1b[201~\x1b[B".as_slice();
        for length in 1..typed.len() {
            let mut filter = PasteFilter::default();
            let passed: Vec<u8> = typed.chunks(length).flat_map(|typed| filter.pass(typed)).collect();
            assert_eq!(String::from_utf8_lossy(&passed), String::from_utf8_lossy(expected), "by {length}");
        }
        let mut filter = PasteFilter::default();
        assert_eq!(filter.pass(b"\x1b[20"), b"\x1b[20");
        assert_eq!(filter.pass(b"0~half"), b"0~");
        assert_eq!(filter.pass(b"\x1b[201~x"), b"half\x1b[201~x");
    }
}
