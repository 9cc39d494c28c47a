//! Bytes for reading: the hexdump and plain hex digits.

use std::fmt::Write as _;

/// The first rows of a hexdump.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hexdump {
    /// Offset, bytes in groups of eight, and what of them is printable ASCII; each row ends with a line feed.
    pub(crate) rows: String,
    /// How many bytes did not come to be shown.
    pub(crate) left: usize,
}

/// How many columns a row of sixteen bytes takes.
const WIDE: usize = 76;
const GROUP: usize = 8;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Dumps what goes into `max_rows` rows: sixteen bytes a row where the screen has room for them, else eight.
pub(crate) fn hexdump(bytes: &[u8], max_rows: usize, width: usize) -> Hexdump {
    let groups = if width < WIDE { 1 } else { 2 };
    let per_row = groups * GROUP;
    let (shown, left) = bytes.split_at(bytes.len().min(max_rows.saturating_mul(per_row)));
    let mut rows = String::new();
    for (row, bytes) in shown.chunks(per_row).enumerate() {
        write_row(&mut rows, row * per_row, bytes, groups);
    }
    Hexdump { rows, left: left.len() }
}

/// Two hex digits for each byte, and nothing else.
pub(crate) fn digits(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of pairs of hex digits, in upper or lower case; none if it is anything else.
pub(crate) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| if let &[high, low] = pair { Some(half(high)? << 4 | half(low)?) } else { None }).collect()
}

fn write_row(rows: &mut String, offset: usize, bytes: &[u8], groups: usize) {
    let group = |group: usize| bytes.chunks(GROUP).nth(group).unwrap_or_default();
    let spaced = |bytes: &[u8]| bytes.iter().map(|byte| digits(&[*byte])).collect::<Vec<_>>().join(" ");
    write!(rows, "{offset:08x}").expect("a String takes all");
    for index in 0..groups {
        write!(rows, "  {:23}", spaced(group(index))).expect("a String takes all");
    }
    rows.push_str("  ");
    rows.extend(bytes.iter().map(|&byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }));
    rows.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_back_in_either_case_and_only_in_pairs() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&digits(&all)), Some(all.clone()));
        assert_eq!(bytes(&digits(&all).to_uppercase()), Some(all));
        assert_eq!((digits(b"\x0a\xff"), bytes("")), ("0aff".to_owned(), Some(vec![])));
        for wrong in ["0", "0g", "+1", "\u{e9}", "00 ", "123"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    const BYTES: &[u8] = b"Hello, world!\r\n\0\xff 2nd row";

    #[test]
    fn a_wide_screen_gets_sixteen_bytes_a_row_and_a_narrow_one_eight() {
        let wide = "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 0d 0a 00  Hello, world!...\n\
                    00000010  ff 20 32 6e 64 20 72 6f  77                       . 2nd row\n";
        let narrow = "00000000  48 65 6c 6c 6f 2c 20 77  Hello, w\n\
                      00000008  6f 72 6c 64 21 0d 0a 00  orld!...\n\
                      00000010  ff 20 32 6e 64 20 72 6f  . 2nd ro\n\
                      00000018  77                       w\n";
        for (width, rows) in [(200, wide), (76, wide), (75, narrow), (0, narrow)] {
            assert_eq!(hexdump(BYTES, usize::MAX, width), Hexdump { rows: rows.to_owned(), left: 0 }, "{width}");
        }
    }

    #[test]
    fn a_full_row_is_as_wide_as_promised() {
        let dump = hexdump(&[b'x'; 16], 1, WIDE);
        assert_eq!(dump.rows.trim_end().len(), WIDE);
    }

    #[test]
    fn the_rows_are_bounded_and_what_is_left_is_counted() {
        for (max_rows, rows, left) in [(0, 0, 25), (1, 1, 9), (2, 2, 0), (3, 2, 0)] {
            let dump = hexdump(BYTES, max_rows, 80);
            assert_eq!((dump.rows.lines().count(), dump.left), (rows, left), "{max_rows}");
        }
        assert_eq!(hexdump(b"", 4, 80), Hexdump { rows: String::new(), left: 0 });
    }

    #[test]
    fn plain_digits_are_lower_case_and_unspaced() {
        assert_eq!(digits(b"\x00\xaf\xFF"), "00afff");
        assert_eq!(digits(b""), "");
    }
}
