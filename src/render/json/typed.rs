//! JSON while it is typed: its colours, and the brackets that belong together. Nothing is added that takes room.

use crossterm::style::Stylize as _;

use super::tokens::{TokenKind, Tokens};
use super::{begins_json, colour};

/// A text in the colours of JSON; what stands at the places of `pair` is underlined.
pub(crate) fn as_typed(text: &str, pair: Option<[usize; 2]>, has_colour: bool) -> String {
    let (mut shown, mut at) = (String::with_capacity(2 * text.len()), 0);
    for token in Tokens::of(text) {
        match colour(token.kind).filter(|_| has_colour) {
            Some(colour) => shown += &token.text.with(colour).to_string(),
            // ECMA-48, SGR: underlined, and no longer.
            None if pair.is_some_and(|pair| pair.contains(&at)) => shown += &format!("\x1b[4m{}\x1b[24m", token.text),
            None => shown += token.text,
        }
        at += token.text.len();
    }
    shown
}

/// The places of the bracket at the cursor, or else before it, and of the one that it belongs to.
pub(crate) fn brackets_at(text: &str, cursor: usize) -> Option<[usize; 2]> {
    let (mut open, mut at) = (Vec::new(), 0);
    let mut before = None;
    for token in Tokens::of(text) {
        match token.kind {
            TokenKind::Open => open.push((at, token.text)),
            TokenKind::Close => {
                let (begin, opened) = open.pop()?;
                let pair = [begin, at];
                if matches!((opened, token.text), ("{", "}") | ("[", "]")) {
                    if pair.contains(&cursor) {
                        return Some(pair);
                    }
                    if cursor > 0 && pair.contains(&(cursor - 1)) {
                        before = Some(pair);
                    }
                }
            }
            _ => {}
        }
        at += token.text.len();
    }
    before
}

/// Whether a text is the beginning of a JSON object or array whose end is missing.
pub(crate) fn is_unfinished(text: &str) -> bool {
    let mut depth = 0_u32;
    for token in Tokens::of(text).filter(|_| begins_json(text)) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => match depth.checked_sub(1) {
                Some(less) => depth = less,
                // It closes more than it opens: no more lines will mend that.
                None => return false,
            },
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bracket_at_the_cursor_or_before_it_has_a_partner() {
        let text = r#"{"a": ["]", {}]}"#;
        for (cursor, pair) in [
            (0, Some([0, 15])),
            (1, Some([0, 15])),
            (2, None),
            (6, Some([6, 14])),
            (8, None),
            (12, Some([12, 13])),
            (13, Some([12, 13])),
            (14, Some([6, 14])),
            (15, Some([0, 15])),
            (16, Some([0, 15])),
        ] {
            assert_eq!(brackets_at(text, cursor), pair, "{cursor}");
        }
        assert_eq!(brackets_at("[}", 2), None);
        assert_eq!(brackets_at("]]", 2), None);
        assert_eq!(brackets_at("[", 1), None);
    }

    #[test]
    fn only_colours_are_added() {
        crossterm::style::force_color_output(true);
        let text = "{\"é\":\n [1, tru";
        assert_eq!(as_typed(text, None, false), text);
        assert_eq!(as_typed("[]", Some([0, 1]), false), "\x1b[4m[\x1b[24m\x1b[4m]\x1b[24m");
        let shown = as_typed(text, None, true);
        let sgr = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        assert!(shown != text && sgr.replace_all(&shown, "") == text, "{shown:?}");
    }
}
