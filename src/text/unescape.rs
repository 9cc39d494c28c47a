//! Bytes that are written as text: the escapes of `--escapes` and `--delimiter` (`\n \t \r \0 \\ \xNN \u{N}`), hex digits,
//! base64.

use super::hex;
use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

/// What `\xNN` may stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hex {
    Ascii,
    AnyByte,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadEscape {
    #[error("`\\` at the end: write a backslash as `\\\\`")]
    Unfinished,
    #[error("unknown escape `\\{0}`; expected one of \\n \\t \\r \\0 \\xNN \\u{{N}} \\\\")]
    Unknown(char),
    #[error("expected two hex digits after `\\x`, as in `\\x1b`")]
    Hex,
    #[error("expected a Unicode code point in braces after `\\u`, as in `\\u{{e9}}`")]
    CodePoint,
    #[error("`\\x{0:02x}` alone is not UTF-8; write `\\u{{{0:x}}}` for the character, or send the message as binary")]
    NotText(u8),
}

/// Reads the escapes of a text message, which has to stay UTF-8.
pub(crate) fn unescape_text(text: &str) -> Result<String, BadEscape> {
    unescape(text, Hex::Ascii).map(|bytes| String::from_utf8(bytes).expect("each piece of it was UTF-8"))
}

/// Reads the escapes of what may be any bytes; `\u{N}` stands for the UTF-8 of its character.
pub(crate) fn unescape_bytes(text: &str) -> Result<Vec<u8>, BadEscape> {
    unescape(text, Hex::AnyByte)
}

/// Reads pairs of hex digits, with any space between them: `00 ff 10`.
///
/// # Errors
/// A message for the user.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::bytes(&digits).ok_or_else(|| "write two hex digits for each byte, as in `00 ff 10`".to_owned())
}

/// Reads base64 with its padding.
///
/// # Errors
/// A message for the user.
pub(crate) fn base64(text: &str) -> Result<Vec<u8>, String> {
    BASE64.decode(text.as_bytes()).map_err(|_| "invalid base64: expected text such as `AP8Q`".to_owned())
}

fn unescape(text: &str, hex: Hex) -> Result<Vec<u8>, BadEscape> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let name = escape.chars().next().ok_or(BadEscape::Unfinished)?;
        rest = &escape[name.len_utf8()..];
        match name {
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'r' => bytes.push(b'\r'),
            '0' => bytes.push(b'\0'),
            '\\' => bytes.push(b'\\'),
            'x' => {
                let byte = rest.get(..2).and_then(hex_number).ok_or(BadEscape::Hex)?;
                let byte = u8::try_from(byte).expect("two hex digits are a byte");
                if hex == Hex::Ascii && !byte.is_ascii() {
                    return Err(BadEscape::NotText(byte));
                }
                bytes.push(byte);
                rest = &rest[2..];
            }
            'u' => {
                let (digits, after) = braced(rest).ok_or(BadEscape::CodePoint)?;
                let c = hex_number(digits).and_then(char::from_u32).ok_or(BadEscape::CodePoint)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            other => return Err(BadEscape::Unknown(other)),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Stricter than `from_str_radix` alone, which takes a sign.
fn hex_number(digits: &str) -> Option<u32> {
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

fn braced(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('{')?.split_once('}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_escape_stands_for_its_character() {
        for (typed, meant) in [
            ("", ""),
            ("plain é", "plain é"),
            (r"a\nb\tc\rd\0e", "a\nb\tc\rd\0e"),
            (r"C:\\new", r"C:\new"),
            (r"\x1b[0m\x7F", "\x1b[0m\x7f"),
            (r"\u{e9}\u{1F600}\u{000041}", "é😀A"),
        ] {
            assert_eq!(unescape_text(typed).as_deref(), Ok(meant), "{typed}");
            assert_eq!(unescape_bytes(typed).as_deref(), Ok(meant.as_bytes()), "{typed}");
        }
    }

    #[test]
    fn any_byte_may_stand_in_binary_but_not_in_text() {
        assert_eq!(unescape_bytes(r"\xff\x00a\u{e9}"), Ok(b"\xff\0a\xc3\xa9".to_vec()));
        let error = unescape_text(r"\xe9").unwrap_err();
        assert_eq!(
            error.to_string(),
            r"`\xe9` alone is not UTF-8; write `\u{e9}` for the character, or send the message as binary"
        );
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for (typed, error) in [
            (r"a\", BadEscape::Unfinished),
            (r"\q", BadEscape::Unknown('q')),
            (r"\é", BadEscape::Unknown('é')),
            (r"\x", BadEscape::Hex),
            (r"\x1", BadEscape::Hex),
            (r"\x+1", BadEscape::Hex),
            (r"\x1é", BadEscape::Hex),
            (r"\u00e9", BadEscape::CodePoint),
            (r"\u{}", BadEscape::CodePoint),
            (r"\u{12", BadEscape::CodePoint),
            (r"\u{d800}", BadEscape::CodePoint),
            (r"\u{110000}", BadEscape::CodePoint),
            (r"\u{fffffffff}", BadEscape::CodePoint),
        ] {
            assert_eq!(unescape_text(typed), Err(error), "{typed}");
        }
        assert_eq!(
            BadEscape::Unknown('q').to_string(),
            r"unknown escape `\q`; expected one of \n \t \r \0 \xNN \u{N} \\"
        );
    }

    proptest! {
        #[test]
        fn a_doubled_backslash_brings_any_text_through(text in any::<String>()) {
            prop_assert_eq!(unescape_text(&text.replace('\\', r"\\")), Ok(text));
        }

        #[test]
        fn text_and_bytes_agree_where_both_are_possible(
            typed in r"(\\[ntr0xu\\]|\\x[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}|.){0,12}",
        ) {
            if let Ok(text) = unescape_text(&typed) {
                prop_assert_eq!(unescape_bytes(&typed), Ok(text.into_bytes()));
            }
        }
    }
}
