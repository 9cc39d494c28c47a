//! Messages for people, and for the next program in a pipe.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use crossterm::style::{Color, Stylize as _};
use data_encoding::BASE64;

use super::json::{Layout, is_json, pretty};
use super::{OutputStyle, PayloadFormat};
use crate::events::MessageBatch;
use crate::message::{Direction, Message};
use crate::term::terminal_width;
use crate::text::escape::{Keep, escape};
use crate::text::hex::{digits, hexdump};

/// More of a text than this is not worth a search for JSON in it, or a screen.
const LONGEST_JSON: usize = 1 << 20;

/// A longer text is cut at the prompt; `/last` shows it whole.
pub(crate) const LONGEST_AT_PROMPT: usize = 4 << 10;

/// What stands before each further row of a message at the prompt: without it, a peer could write rows that look like ours.
const INDENT: &[u8] = b"  ";

/// Rows of a hexdump at the prompt and on a terminal; `--output hex` shows them all.
const HEXDUMP_ROWS: usize = 8;

/// How much there is of a message, of which only the head may be at hand, and where the prompt keeps the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// In bytes.
    pub(crate) size: usize,
    /// None, if that shows in what is at hand.
    pub(crate) is_json: Option<bool>,
    /// Counted from the last message; none where it is too large to be kept.
    pub(crate) place: Option<u64>,
}

impl Extent {
    /// Of a message that is at hand, and is the last.
    pub(crate) fn whole(message: &Message) -> Self {
        Self { size: message.data().len(), is_json: None, place: Some(1) }
    }

    /// Of a message of which only the head will be kept.
    pub(crate) fn cut(message: &Message) -> Self {
        let is_json = match message {
            Message::Text(text) => text.len() <= LONGEST_JSON && is_json(text),
            Message::Binary(_) => false,
        };
        Self { is_json: Some(is_json), ..Self::whole(message) }
    }

    fn is_json(&self, text: &str) -> bool {
        self.size <= LONGEST_JSON && self.is_json.unwrap_or_else(|| is_json(text))
    }

    /// `9600 bytes, /last 2 shows all`
    fn told(&self) -> String {
        format!("{} bytes, {}", self.size, self.whole_is())
    }

    /// Where the whole is.
    fn whole_is(&self) -> String {
        match self.place {
            Some(1) => "/last shows all".to_owned(),
            Some(place) => format!("/last {place} shows all"),
            None => "too many to be kept".to_owned(),
        }
    }
}

/// The beginning of a message, as much as the prompt shows of one.
pub(crate) fn head(message: &Message) -> Message {
    match message {
        Message::Text(text) => text[..text.floor_char_boundary(LONGEST_AT_PROMPT)].into(),
        Message::Binary(data) => Message::Binary(Bytes::copy_from_slice(&data[..data.len().min(LONGEST_AT_PROMPT)])),
    }
}

/// Appends a message.
///
/// `lead` stands before it: the time and the client's name, where there are such.
pub(super) fn message(
    look: &OutputStyle,
    lead: &str,
    direction: Direction,
    (message, extent): (&Message, &Extent),
    out: &mut BytesMut,
) {
    let start = out.len();
    out.extend_from_slice(lead.as_bytes());
    if look.marks {
        out.extend_from_slice(mark(look, direction).as_bytes());
    }
    let (taken, body) = (columns_of(&out[start..]), out.len());
    match (look.format, message) {
        // A binary message is its bytes and nothing else: no delimiter, and so nothing before it either.
        (PayloadFormat::Raw, Message::Binary(data)) => {
            out.truncate(start);
            out.extend_from_slice(data);
            return;
        }
        (PayloadFormat::Auto, Message::Binary(data)) if !look.for_terminal => {
            out.truncate(start);
            out.extend_from_slice(data);
            return;
        }
        (PayloadFormat::Auto, Message::Binary(data)) => dump(look, data, HEXDUMP_ROWS, extent, out),
        (PayloadFormat::Hex, message) if look.for_terminal => dump(look, message.data(), usize::MAX, extent, out),
        (PayloadFormat::Hex, message) => out.extend_from_slice(digits(message.data()).as_bytes()),
        (PayloadFormat::Base64, message) => out.extend_from_slice(BASE64.encode(message.data()).as_bytes()),
        (PayloadFormat::Raw, Message::Text(text)) => out.extend_from_slice(text.as_bytes()),
        (PayloadFormat::Text, Message::Binary(data)) => as_text(data, out),
        (PayloadFormat::Auto | PayloadFormat::Text, Message::Text(text)) => readable(look, text, taken, extent, out),
        (PayloadFormat::Records, _) => unreachable!("records are written elsewhere"),
    }
    if matches!(look.format, PayloadFormat::Base64 | PayloadFormat::Raw) && extent.size > message.data().len() {
        out.extend_from_slice(painted(look, &format!("… [{}]", extent.told()), Color::DarkGrey).as_bytes());
    }
    if look.marks && look.format != PayloadFormat::Raw {
        indent(body, out);
    }
    delimit(look, message.data(), out);
}

/// Indents all rows but the first of what was written from `start` on.
fn indent(start: usize, out: &mut BytesMut) {
    if !out[start..].contains(&b'\n') {
        return;
    }
    let body = out.split_off(start);
    for (n, row) in body.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // A row with nothing in it looks like nobody's.
        if n > 0 && row != b"\n" {
            out.extend_from_slice(INDENT);
        }
        out.extend_from_slice(row);
    }
}

/// Appends messages that [pass untouched](Look::passes_untouched).
pub(super) fn run(look: &OutputStyle, run: &MessageBatch, out: &mut BytesMut) {
    out.reserve(run.size() + run.len() * look.delimiter.len());
    for data in run.iter() {
        out.extend_from_slice(data);
        if run.is_text() {
            delimit(look, data, out);
        }
    }
}

fn delimit(look: &OutputStyle, data: &[u8], out: &mut BytesMut) {
    let is_whole = look.keeps_delimiter && data.ends_with(&look.delimiter);
    if !is_whole {
        out.extend_from_slice(&look.delimiter);
    }
}

/// A ping in words.
pub(crate) fn ping(data: &[u8]) -> String {
    format!("ping {}", escape(&String::from_utf8_lossy(data), Keep::Nothing)).trim_end().to_owned()
}

/// A pong in words, with the time of the round trip if it was one.
pub(crate) fn pong(data: &[u8], round_trip: Option<Duration>) -> String {
    let pong = format!("pong {}", escape(&String::from_utf8_lossy(data), Keep::Nothing));
    match round_trip {
        Some(time) => format!("{} ({:.2} ms)", pong.trim_end(), time.as_secs_f64() * 1000.0),
        None => pong.trim_end().to_owned(),
    }
}

/// Appends a ping or pong.
pub(super) fn control(look: &OutputStyle, lead: &str, direction: Direction, words: &str, out: &mut BytesMut) {
    out.extend_from_slice(lead.as_bytes());
    out.extend_from_slice(mark(look, direction).as_bytes());
    out.extend_from_slice(painted(look, words, Color::DarkGrey).as_bytes());
    out.extend_from_slice(b"\n");
}

fn mark(look: &OutputStyle, direction: Direction) -> String {
    match direction {
        Direction::In => painted(look, "< ", Color::DarkBlue),
        Direction::Out => painted(look, "> ", Color::DarkGreen),
    }
}

fn painted(look: &OutputStyle, text: &str, colour: Color) -> String {
    if look.colour { text.with(colour).to_string() } else { text.to_owned() }
}

/// The columns that a stamp and a mark take: their colours take none.
fn columns_of(written: &[u8]) -> usize {
    let mut in_colour = false;
    written
        .iter()
        .filter(|byte| {
            let counts = !in_colour && **byte != 0x1b;
            in_colour = **byte == 0x1b || in_colour && **byte != b'm';
            counts
        })
        .count()
}

fn readable(look: &OutputStyle, text: &str, taken: usize, extent: &Extent, out: &mut BytesMut) {
    if look.marks && extent.size > LONGEST_AT_PROMPT {
        out.extend_from_slice(beginning(look, text, taken, extent).as_bytes());
        let note = format!("… [{}]", extent.told());
        out.extend_from_slice(painted(look, &note, Color::DarkGrey).as_bytes());
        return;
    }
    if (look.indent_json || look.colour) && text.len() <= LONGEST_JSON && is_json(text) {
        out.extend_from_slice(pretty(text, layout(look, taken)).as_bytes());
    } else if look.for_terminal {
        out.extend_from_slice(escape(text, Keep::Lines).as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// The beginning of a long text: whole lines, if it has any.
fn beginning(look: &OutputStyle, text: &str, taken: usize, extent: &Extent) -> String {
    let head = &text[..text.floor_char_boundary(LONGEST_AT_PROMPT)];
    if look.indent_json && extent.is_json(text) {
        let page = pretty(head, layout(look, taken));
        // The last row is cut off somewhere in the middle.
        let rows = page.rsplit_once('\n').map_or("", |(rows, _)| rows).lines();
        let mut room = LONGEST_AT_PROMPT;
        let fitting = rows.take_while(|row| {
            let fits = columns_of(row.as_bytes()) <= room;
            room = room.saturating_sub(columns_of(row.as_bytes()));
            fits
        });
        let shown: String = fitting.flat_map(|row| [row, "\n"]).collect();
        if !shown.is_empty() {
            return shown;
        }
    }
    let lines = head.rfind('\n').map_or(head, |end| &head[..=end]);
    escape(lines, Keep::Lines).into_owned()
}

fn layout(look: &OutputStyle, taken: usize) -> Layout {
    let width = if look.indent_json { width(look).saturating_sub(taken) } else { usize::MAX };
    Layout { width, colour: look.colour }
}

fn width(look: &OutputStyle) -> usize {
    if look.for_terminal { terminal_width() } else { 80 }
}

fn dump(look: &OutputStyle, data: &[u8], rows: usize, extent: &Extent, out: &mut BytesMut) {
    let room = if look.marks { width(look) - INDENT.len() } else { width(look) };
    let dump = hexdump(data, rows, room);
    let left = dump.left + (extent.size - data.len());
    let size = format!("binary, {} byte{}", extent.size, if extent.size == 1 { "" } else { "s" });
    out.extend_from_slice(painted(look, &size, Color::DarkGrey).as_bytes());
    for row in dump.rows.lines() {
        out.extend_from_slice(b"\n");
        out.extend_from_slice(row.as_bytes());
    }
    if left > 0 {
        let all = if look.marks { format!(", {}", extent.whole_is()) } else { String::new() };
        let note = format!("\n… {left} bytes more{all}");
        out.extend_from_slice(painted(look, &note, Color::DarkGrey).as_bytes());
    }
}

/// Binary as text, with `\xNN` for what is not UTF-8.
fn as_text(data: &[u8], out: &mut BytesMut) {
    for chunk in data.utf8_chunks() {
        out.extend_from_slice(escape(chunk.valid(), Keep::Lines).as_bytes());
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(look: &OutputStyle, received: &Message) -> String {
        let mut out = BytesMut::new();
        message(look, "", Direction::In, (received, &Extent::whole(received)), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn binary(data: &'static [u8]) -> Message {
        Message::Binary(Bytes::from_static(data))
    }

    #[test]
    fn a_pipe_gets_text_untouched_and_binary_without_a_delimiter() {
        assert_eq!(rendered(&OutputStyle::default(), &"a\x1b[2J\n".into()), "a\x1b[2J\n\n");
        assert_eq!(rendered(&OutputStyle::default(), &binary(b"ab")), "ab");
    }

    #[test]
    fn a_terminal_gets_control_characters_escaped_and_binary_as_a_hexdump() {
        let look = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        assert_eq!(rendered(&look, &"a\x1b[2J".into()), "< a\\e[2J\n");
        assert!(rendered(&look, &binary(b"ab")).starts_with("< binary, 2 bytes\n  00000000"));
    }

    #[test]
    fn each_format_has_its_shape_in_a_pipe() {
        let as_format = |format| OutputStyle { format, ..OutputStyle::default() };
        assert_eq!(rendered(&as_format(PayloadFormat::Hex), &"ab".into()), "6162\n");
        assert_eq!(rendered(&as_format(PayloadFormat::Base64), &binary(b"\0\x01")), "AAE=\n");
        assert_eq!(rendered(&as_format(PayloadFormat::Text), &binary(b"a\xffb\x1b")), "a\\xffb\\e\n");
        assert_eq!(rendered(&as_format(PayloadFormat::Raw), &binary(b"ab")), "ab");
    }

    #[test]
    fn raw_does_not_escape_even_on_a_terminal() {
        let look =
            OutputStyle { format: PayloadFormat::Raw, for_terminal: true, colour: true, ..OutputStyle::default() };
        assert_eq!(rendered(&look, &"\x1b[2J".into()), "\x1b[2J\n");
    }

    #[test]
    fn a_kept_delimiter_is_not_doubled() {
        let look = OutputStyle { keeps_delimiter: true, ..OutputStyle::default() };
        assert_eq!(rendered(&look, &"a\n".into()), "a\n");
        assert_eq!(rendered(&look, &"a".into()), "a\n");
    }

    #[test]
    fn a_long_text_is_cut_at_the_prompt_and_nowhere_else() {
        let long = Message::from("é".repeat(4000).as_str());
        let prompt = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        let shown = rendered(&prompt, &long);
        assert!(shown.ends_with("é… [8000 bytes, /last shows all]\n") && shown.len() < 4200);
        assert_eq!(rendered(&OutputStyle { for_terminal: true, ..OutputStyle::default() }, &long).len(), 8001);
    }

    #[test]
    fn a_long_text_of_lines_is_cut_at_the_end_of_one() {
        let prompt = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        let shown = rendered(&prompt, &"0123456789\n".repeat(1000).as_str().into());
        assert!(shown.ends_with("\n  0123456789\n  … [11000 bytes, /last shows all]\n"), "{shown}");
        assert_eq!(shown.matches("0123456789").count(), LONGEST_AT_PROMPT / 11);
    }

    #[test]
    fn long_json_is_laid_out_and_cut_at_the_end_of_a_row() {
        let prompt = OutputStyle { for_terminal: true, marks: true, indent_json: true, ..OutputStyle::default() };
        let json =
            format!("[{}]", vec![r#"{"name": "0123456789", "id": 12345678901234567890, "id": 1.10}"#; 900].join(","));
        let shown = rendered(&prompt, &json.as_str().into());
        assert!(
            shown.starts_with("< [\n    {\"name\": \"0123456789\", \"id\": 12345678901234567890, \"id\": 1.10},\n"),
            "{shown}"
        );
        assert!(shown.ends_with(&format!("1.10}},\n  … [{} bytes, /last shows all]\n", json.len())), "{shown}");
        assert!(shown.len() < LONGEST_AT_PROMPT + 400);
    }

    fn at_prompt(format: PayloadFormat) -> OutputStyle {
        OutputStyle { format, for_terminal: true, marks: true, indent_json: true, ..OutputStyle::default() }
    }

    #[test]
    fn each_further_row_at_the_prompt_is_indented_so_that_none_looks_like_ours() {
        for (sent, shown) in [
            ("a\n* closed", "< a\n  * closed\n"),
            ("\n> sent\n\n< b\n", "< \n  > sent\n\n  < b\n\n"),
            ("a\r\n#1 < b", "< a\\r\n  #1 < b\n"),
        ] {
            assert_eq!(rendered(&at_prompt(PayloadFormat::Auto), &sent.into()), shown);
        }
        let forged = binary(b"a\n* closed");
        assert_eq!(rendered(&at_prompt(PayloadFormat::Text), &forged), "< a\n  * closed\n");
        for format in [PayloadFormat::Auto, PayloadFormat::Hex] {
            assert!(rendered(&at_prompt(format), &forged).starts_with("< binary, 10 bytes\n  00000000  61 0a"));
        }
        assert_eq!(rendered(&OutputStyle { for_terminal: true, ..OutputStyle::default() }, &"a\nb".into()), "a\nb\n");
    }

    #[test]
    fn what_is_left_of_a_message_is_told_where_only_its_head_is_at_hand() {
        let text = Message::from("x".repeat(2 << 20).as_str());
        let bytes = Message::Binary(vec![0; 2 << 20].into());
        let cut = |format, whole: &Message, place| {
            let mut out = BytesMut::new();
            let extent = Extent { place, ..Extent::cut(whole) };
            message(&at_prompt(format), "", Direction::In, (&head(whole), &extent), &mut out);
            String::from_utf8(out.to_vec()).unwrap()
        };
        for (format, whole, place, note) in [
            (PayloadFormat::Auto, &text, Some(2), "x… [2097152 bytes, /last 2 shows all]\n"),
            (PayloadFormat::Auto, &text, None, "x… [2097152 bytes, too many to be kept]\n"),
            (PayloadFormat::Auto, &bytes, Some(3), "\n  … 2097024 bytes more, /last 3 shows all\n"),
            (PayloadFormat::Hex, &bytes, Some(1), "\n  … 2093056 bytes more, /last shows all\n"),
            (PayloadFormat::Base64, &bytes, Some(2), "A==… [2097152 bytes, /last 2 shows all]\n"),
            (PayloadFormat::Raw, &text, Some(2), "x… [2097152 bytes, /last 2 shows all]\n"),
        ] {
            let shown = cut(format, whole, place);
            assert!(shown.ends_with(note) && shown.len() < 32 << 10, "{format:?}: {}", &shown[shown.len() - 99..]);
        }
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(columns_of(b"\x1b[38;5;4m< \x1b[39m"), 2);
    }
}
