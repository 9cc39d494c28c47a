//! JSON for reading: coloured, and indented when it is too long for a row.
//!
//! Works on the sender's text and never on parsed values: digits, key order, duplicate keys and string escapes stay
//! as sent, only white space between them may change. `tokens` cuts the text up; how much of a message is worth
//! showing is for `render` to say.

mod tokens;
pub(crate) mod typed;

use std::borrow::Cow;
use std::fmt::Write as _;

use crossterm::style::{Color, Stylize as _};
use serde_json::value::RawValue;

use self::tokens::{Token, TokenKind, Tokens};
use crate::text::escape::{Keep, escape};

/// The room there is, and whether SGR sequences may be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// In columns.
    pub(crate) width: usize,
    pub(crate) colour: bool,
    /// The outermost container has a row for each item, also where all would fit on one.
    pub(crate) is_tall: bool,
}

/// Whether a text is a whole JSON object or array; a bare scalar reads better as the text it is.
pub(crate) fn is_json(text: &str) -> bool {
    begins_json(text) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Whether a text begins as a JSON object or array does.
pub(crate) fn begins_json(text: &str) -> bool {
    text.trim_ascii_start().starts_with(['{', '['])
}

/// Lays JSON out for a terminal: as sent when that fits on one row, else indented, with small containers on one row.
///
/// The result is safe for a terminal, also when `text` is not JSON, and does not end with a line feed.
pub(crate) fn pretty(text: &str, layout: Layout) -> String {
    let text = text.trim_ascii();
    let mut page = JsonPage::new(layout);
    match one_row(text, layout.width).filter(|_| !layout.is_tall) {
        Some(row) => Tokens::of(&row).for_each(|token| page.put(token)),
        None => indent(&compact(text), &mut page),
    }
    page.text
}

/// What is kept as sent: a text without line breaks that fits the width.
fn one_row(text: &str, width: usize) -> Option<Cow<'_, str>> {
    let may_fit = text.len() <= longest(width) && !text.contains(['\n', '\r', '\t']);
    may_fit.then(|| escape(text, Keep::Nothing)).filter(|row| columns(row) <= width)
}

/// The tokens alone, safe for a terminal. Layout works on this, so the sender's spacing cannot change or slow it.
fn compact(text: &str) -> String {
    let tokens = Tokens::of(text).filter(|token| token.kind != TokenKind::Space);
    let mut compact = String::with_capacity(text.len());
    tokens.for_each(|token| compact.push_str(&escape(token.text, Keep::Nothing)));
    compact
}

/// Without recursion, since the peer says how deep its containers go.
fn indent(compact: &str, page: &mut JsonPage) {
    let mut tokens = Tokens::of(compact);
    // How many of the open containers have a row for each item, and how many within them are on the present row.
    let (mut tall, mut flat) = (0_usize, 0_usize);
    let mut after_number = false;
    loop {
        let here = tokens.rest();
        let Some(token) = tokens.next() else { break };
        match token.kind {
            TokenKind::Open if flat > 0 || fits(here, page.room_for_container(tall)) => {
                flat += 1;
                page.put(token);
            }
            TokenKind::Open => {
                tall += 1;
                page.put(token);
                page.new_row(tall);
            }
            TokenKind::Close if flat > 0 => {
                flat -= 1;
                page.put(token);
            }
            TokenKind::Close => {
                tall = tall.saturating_sub(1);
                page.new_row(tall);
                page.put(token);
            }
            TokenKind::Comma => {
                page.put(token);
                // Numbers share rows, or a list of a thousand would be a thousand rows.
                if flat > 0 || after_number && number_fits(tokens.rest(), page.room()) {
                    page.space();
                } else {
                    page.new_row(tall);
                }
            }
            TokenKind::Colon => {
                page.put(token);
                page.space();
            }
            TokenKind::Space | TokenKind::Key | TokenKind::String | TokenKind::Number | TokenKind::Literal => {
                page.put(token)
            }
        }
        after_number = token.kind == TokenKind::Number;
    }
}

/// Whether the container at the start of `compact` fits in `room` columns, with the comma after it.
///
/// Looks no further than `room` goes, so that asking at each level of a deep text stays cheap.
fn fits(compact: &str, room: usize) -> bool {
    // An empty one would gain nothing from a second row.
    if compact[1..].starts_with(['}', ']']) {
        return true;
    }
    let near = &compact[..compact.floor_char_boundary(longest(room))];
    let mut tokens = Tokens::of(near);
    let (mut depth, mut taken) = (0_usize, 0_usize);
    while let Some(token) = tokens.next() {
        taken += columns(token.text);
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth -= 1,
            TokenKind::Comma | TokenKind::Colon => taken += 1,
            TokenKind::Space | TokenKind::Key | TokenKind::String | TokenKind::Number | TokenKind::Literal => {}
        }
        if taken > room {
            return false;
        }
        if depth == 0 {
            let end = near.len() - tokens.rest().len();
            return taken + usize::from(compact[end..].starts_with(',')) <= room;
        }
    }
    false
}

/// Whether a number comes next, and fits with the space before and the comma after it.
fn number_fits(compact: &str, room: usize) -> bool {
    let next = Tokens::of(compact).next();
    next.is_some_and(|token| token.kind == TokenKind::Number && columns(token.text) + 2 <= room)
}

/// One for each character. Wide ones make a row wrap, which harms nobody.
fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The bytes that this many columns can have at most (RFC 3629: four for a character).
fn longest(columns: usize) -> usize {
    columns.saturating_mul(4)
}

/// The rows written so far.
struct JsonPage {
    text: String,
    layout: Layout,
    /// How many columns of the present row are taken.
    taken: usize,
}

impl JsonPage {
    fn new(layout: Layout) -> Self {
        Self { text: String::new(), layout, taken: 0 }
    }

    fn room(&self) -> usize {
        self.layout.width.saturating_sub(self.taken)
    }

    /// An empty container needs none.
    fn room_for_container(&self, depth: usize) -> usize {
        if self.layout.is_tall && depth == 0 { 0 } else { self.room() }
    }

    fn put(&mut self, token: Token<'_>) {
        self.taken += columns(token.text);
        match colour(token.kind).filter(|_| self.layout.colour) {
            Some(colour) => write!(self.text, "{}", token.text.with(colour)).expect("a String takes all"),
            None => self.text.push_str(token.text),
        }
    }

    fn space(&mut self) {
        self.taken += 1;
        self.text.push(' ');
    }

    fn new_row(&mut self, depth: usize) {
        // Half the width is left for content, however deep it lies.
        self.taken = depth.saturating_mul(2).min(self.layout.width / 2);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', self.taken));
    }
}

/// From the eight colours that themes adapt, those that read on dark and light. Punctuation has the terminal's own.
fn colour(kind: TokenKind) -> Option<Color> {
    match kind {
        TokenKind::Key => Some(Color::DarkCyan),
        TokenKind::String => Some(Color::DarkGreen),
        TokenKind::Number => Some(Color::DarkMagenta),
        TokenKind::Literal => Some(Color::DarkYellow),
        TokenKind::Space | TokenKind::Open | TokenKind::Close | TokenKind::Comma | TokenKind::Colon => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str, width: usize) -> String {
        pretty(text, Layout { width, colour: false, is_tall: false })
    }

    fn coloured(text: &str, width: usize) -> String {
        // Else NO_COLOR in the environment of the test run would decide.
        crossterm::style::force_color_output(true);
        pretty(text, Layout { width, colour: true, is_tall: false })
    }

    /// `text` without the white space outside its strings.
    fn stripped(text: &str) -> String {
        let (mut in_string, mut escaped) = (false, false);
        let mut keep = |c: char| {
            (in_string, escaped) = match c {
                '"' if !escaped => (!in_string, false),
                '\\' if in_string => (true, !escaped),
                _ => (in_string, false),
            };
            in_string || !c.is_ascii_whitespace()
        };
        text.chars().filter(|c| keep(*c)).collect()
    }

    fn without_sgr(text: &str) -> String {
        let mut pieces = text.split("\x1b[");
        let first = pieces.next().unwrap_or_default().to_owned();
        first + &pieces.map(|piece| piece.split_once('m').expect("SGR only").1).collect::<String>()
    }

    /// JSON in text form, with the sender's own spacing.
    fn any_json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,5})?",
            "true|false|null",
            r#""([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,12}""#,
        ];
        let any = scalar.prop_recursive(5, 60, 8, |item| {
            let item = ("[ \n\r\t]{0,3}", item, "[ \n\r\t]{0,3}").prop_map(|(a, item, b)| a + &item + &b);
            let member = ("[ \n]?\"[a-z:,{]{0,4}\"[ \n]?", item.clone()).prop_map(|(key, item)| key + ":" + &item);
            prop_oneof![
                proptest::collection::vec(item, 0..8).prop_map(|items| format!("[{}]", items.join(","))),
                proptest::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        });
        ("[ \n]{0,2}", any).prop_map(|(space, json)| format!("{space}[{json}]"))
    }

    #[test]
    fn only_whole_objects_and_arrays_are_json() {
        for text in ["{}", " [1,2]\n", r#"{"a":1,"a":2}"#, "[1e999999]", r#"["\ud800"]"#, "[\"\u{202e}\"]"] {
            assert!(is_json(text), "{text}");
        }
        for text in ["", "1", "\"a\"", "true", "{", "[1,]", "{a:1}", "{}{}", "[1] x", "[01]", "['a']", "[\"\n\"]"] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn what_fits_on_a_row_stays_as_sent() {
        for text in ["{}", r#"{"a":1}"#, r#"{ "a" : [1,2 , 3] }"#] {
            assert_eq!(plain(text, 19), text);
        }
        assert_eq!(plain(" {\"a\":1}\r\n", 19), r#"{"a":1}"#);
    }

    #[test]
    fn a_tall_layout_has_a_row_for_each_item_of_the_outermost_container() {
        let tall = |text| pretty(text, Layout { width: 40, colour: false, is_tall: true });
        assert_eq!(tall(r#"{"a":1}"#), "{\n  \"a\": 1\n}");
        assert_eq!(tall(r#"{"a":{"b":[1,2]},"c":{}}"#), "{\n  \"a\": {\"b\": [1, 2]},\n  \"c\": {}\n}");
        assert_eq!(tall("{ }"), "{}");
        assert_eq!(tall("[1,2]"), "[\n  1, 2\n]");
    }

    #[test]
    fn what_does_not_fit_is_indented_with_small_containers_on_one_row() {
        let text =
            r#"{"op":"subscribe","args":[{"id":1,"on":true},{"id":2,"on":false}],"empty":{},"none":[],"x":null}"#;
        let rows = r#"{
  "op": "subscribe",
  "args": [
    {"id": 1, "on": true},
    {"id": 2, "on": false}
  ],
  "empty": {},
  "none": [],
  "x": null
}"#;
        assert_eq!(plain(text, 40), rows);
        assert_eq!(plain(rows, 40), rows, "the sender's own rows do not matter");
        assert_eq!(plain("{\n\t\"a\": [\r\n1,2]}", 40), r#"{"a": [1, 2]}"#);
    }

    #[test]
    fn a_container_fits_to_the_last_column_with_its_comma() {
        let text = r#"[["aaaa","bbbb"],["cccc","dddd"]]"#;
        assert_eq!(plain(text, 19), "[\n  [\"aaaa\", \"bbbb\"],\n  [\"cccc\", \"dddd\"]\n]");
        assert_eq!(plain(text, 18), "[\n  [\n    \"aaaa\",\n    \"bbbb\"\n  ],\n  [\"cccc\", \"dddd\"]\n]");
    }

    #[test]
    fn numbers_share_rows() {
        assert_eq!(plain("[1,22,333,4444,5,6,\"x\",7,8]", 14), "[\n  1, 22, 333,\n  4444, 5, 6,\n  \"x\",\n  7, 8\n]");
        let numbers = (0..1000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let rows = plain(&format!("{{\"n\":[{numbers}]}}"), 80);
        assert!(rows.lines().count() < 80 && rows.lines().all(|row| row.len() <= 80), "{rows}");
    }

    #[test]
    fn numbers_keys_and_escapes_stay_as_sent() {
        let text = r#"{"b":12345678901234567890123.10,"a":1E+2,"a":-0,"s":"\u00e9\/\"\\","é":1.0}"#;
        assert_eq!(plain(text, 200), text);
        assert_eq!(stripped(&plain(text, 10)), text);
    }

    #[test]
    fn every_kind_has_its_colour_and_punctuation_the_terminals_own() {
        let shown = coloured(r#"{"k":["s",-1,null]}"#, 80);
        let [cyan, green, magenta, yellow] = [6, 2, 5, 3].map(|colour| format!("\x1b[38;5;{colour}m"));
        let end = "\x1b[39m";
        let expected = format!("{{{cyan}\"k\"{end}:[{green}\"s\"{end},{magenta}-1{end},{yellow}null{end}]}}");
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_string_cannot_drive_the_terminal() {
        let text = "{\"a\u{202e}\":\"\u{9b}2J\x7f\"}";
        let shown = "{\"a\\u{202e}\":\"\\x9b2J\\x7f\"}";
        assert_eq!(plain(text, 80), shown);
        assert_eq!(stripped(&plain(text, 20)), shown);
    }

    #[test]
    fn depth_and_size_cost_no_more_than_their_length() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let long = format!("{}\"{}\"{}", "[".repeat(100), "x".repeat(1_000_000), "]".repeat(100));
        let airy = format!("[{}1]", "[ 1 ,\n        ".repeat(100) + &" ".repeat(1_000_000)) + &"]".repeat(100);
        for text in [deep, long, airy] {
            let start = Instant::now();
            assert!(is_json(&text) && plain(&text, 80).starts_with("[\n"));
            assert!(start.elapsed() < Duration::from_secs(5), "quadratic");
        }
    }

    proptest! {
        #[test]
        fn only_white_space_and_colour_are_ever_added(json in any_json(), width in 0_usize..60) {
            prop_assert!(is_json(&json), "the generator is wrong");
            let rows = plain(&json, width);
            let sent = escape(&stripped(&json), Keep::Nothing).into_owned();
            prop_assert_eq!(stripped(&rows), sent);
            prop_assert_eq!(without_sgr(&coloured(&json, width)), rows);
        }

        #[test]
        fn any_text_at_all_comes_out_safe(text in r#"([\[\]{}:,"\\ \n1a\x1b]|.){0,60}"#, width in 0_usize..60) {
            let rows = plain(&text, width);
            prop_assert!(matches!(escape(&rows, Keep::Lines), Cow::Borrowed(_)));
        }
    }
}
