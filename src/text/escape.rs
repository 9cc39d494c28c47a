//! Makes a peer's text safe for a terminal: text that would control it, or hide or reorder text, is shown as an escape.
//!
//! For terminals only; a pipe gets the bytes as they came. Colours are added afterwards, by `render`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Which control characters go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Line feeds and tabs, for text that may take several rows.
    Lines,
    /// None at all, for what has to stay on its row.
    Nothing,
}

/// Shows control and invisible formatting characters as `\e`, `\r`, `\x9b` or `\u{202e}`.
///
/// Backslashes stay single, so the result is for reading and cannot be turned back.
pub(crate) fn escape(text: &str, keep: Keep) -> Cow<'_, str> {
    let Some(first) = text.find(|c| is_unsafe(c, keep)) else {
        return Cow::Borrowed(text);
    };
    let (clean, rest) = text.split_at(first);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(clean);
    for c in rest.chars() {
        match c {
            c if !is_unsafe(c, keep) => escaped.push(c),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\x1b' => escaped.push_str("\\e"),
            '\0'..='\u{ff}' => write!(escaped, "\\x{:02x}", u32::from(c)).expect("a String takes all"),
            _ => write!(escaped, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all"),
        }
    }
    Cow::Owned(escaped)
}

fn is_unsafe(c: char, keep: Keep) -> bool {
    match c {
        '\n' | '\t' => keep == Keep::Nothing,
        // C0, DEL and C1.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        _ => reorders(c) || hides(c),
    }
}

/// Bidirectional controls can show a text in another order than the one it was sent in (Unicode, UAX 9).
fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without width, or that break the row without the terminal's knowledge.
///
/// Joiners (U+200C, U+200D) and variation selectors stay: Persian and emoji need them.
fn hides(c: char) -> bool {
    match c {
        // Soft hyphen, Mongolian vowel separator, zero width space, line and paragraph separators.
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' => true,
        // Word joiner, invisible operators, deprecated format characters.
        '\u{2060}'..='\u{206f}' => true,
        // Byte order mark, interlinear annotations, tags.
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// What XML 1.0 can hold: control characters are shown escaped, as on a terminal.
pub(crate) fn xml_escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in escape(text, Keep::Lines).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Both ends of each range.
    const UNSAFE: &str = "\0\x08\x0b\r\x1b\x1f\x7f\u{80}\u{9b}\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\
        \u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2064}\u{2066}\u{2069}\u{206f}\u{feff}\u{fff9}\u{fffb}\u{e0000}\
        \u{e0001}\u{e007f}";

    #[test]
    fn what_drives_a_terminal_is_shown_as_an_escape() {
        for (sent, shown) in [
            ("a\x1b[2Jb", "a\\e[2Jb"),
            ("bell\x07, back\x08", "bell\\x07, back\\x08"),
            ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
            ("\u{9b}31m", "\\x9b31m"),
            ("\0\x7f", "\\x00\\x7f"),
            ("evil\u{202e}txt.exe", "evil\\u{202e}txt.exe"),
            ("pay\u{200b}pal", "pay\\u{200b}pal"),
            ("so\u{ad}ft", "so\\xadft"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(escape(sent, Keep::Nothing), shown, "{sent:?}");
        }
    }

    #[test]
    fn line_feeds_and_tabs_go_through_only_where_lines_are_kept() {
        assert_eq!(escape("a\n\tb\r\n", Keep::Lines), "a\n\tb\\r\n");
        assert_eq!(escape("a\n\tb", Keep::Nothing), "a\\n\\tb");
    }

    #[test]
    fn every_unsafe_character_is_escaped_wherever_it_stands() {
        for c in UNSAFE.chars() {
            let shown = escape(&format!("a{c}ü{c}"), Keep::Lines).into_owned();
            assert!(!shown.contains(c) && shown.matches('\\').count() == 2, "{shown:?}");
        }
    }

    #[test]
    fn scripts_and_emoji_are_left_alone() {
        for text in
            ["", "plain\\", "é日本 العربية", "می\u{200c}خواهم", "👩\u{200d}💻 ❤\u{fe0f}", "e\u{301}\u{a0}\u{3000}"]
        {
            assert!(matches!(escape(text, Keep::Nothing), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_unsafe_comes_out_and_clean_text_is_borrowed(
            chars in proptest::collection::vec(
                prop_oneof![3 => any::<char>(), 1 => proptest::sample::select(UNSAFE.chars().collect::<Vec<_>>())],
                0..40,
            ),
        ) {
            let text = String::from_iter(chars);
            let shown = escape(&text, Keep::Nothing);
            prop_assert!(!shown.contains(|c: char| c.is_control() || UNSAFE.contains(c)));
            let shown_again = escape(&shown, Keep::Nothing);
            prop_assert!(matches!(&shown_again, Cow::Borrowed(again) if *again == shown), "{}", shown_again);
        }
    }
}
