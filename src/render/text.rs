//! Messages for people, and for the next program in a pipe.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use bytes::{Bytes, BytesMut};
use crossterm::style::{Color, Stylize as _};

use super::json::{Layout, is_json, pretty};
use super::palette;
use super::preview::{self, Room};
use super::style::{IndentJson, OutputStyle, PayloadFormat};
use crate::codec::DecodedMessage;
use crate::events::{Event, EventKind, MessageBatch};
use crate::message::{DataKind, Direction, Message};
use crate::text::escape::{Keep, escape};
use crate::text::hex::{digits, hexdump};
use crate::text::units::counted;

/// More of a text than this is not worth a search for JSON in it, or a screen.
const LONGEST_JSON: usize = 1 << 20;

/// A longer text is cut at the prompt; `/last` shows it whole.
pub(crate) const LONGEST_AT_PROMPT: usize = 4 << 10;

/// What stands before each further row of a message at the prompt: without it, a peer could write rows that look like ours.
const INDENT: &str = "  ";

/// Rows of a hexdump at the prompt and on a terminal; `--output hex` shows them all.
const HEXDUMP_ROWS: usize = 8;

/// However low the screen is, a preview has as many rows.
const LEAST_ROWS: usize = 3;

/// Ends a colour (ECMA-48, SGR).
const PLAIN: &str = "\x1b[39m";

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
    /// Of what an event has at hand.
    pub(crate) fn of(event: &Event) -> Self {
        match &event.what {
            EventKind::Message(_, message) => Self::whole(message),
            _ => Self::default(),
        }
    }

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

    /// Of a message of which no more than the head is anywhere.
    pub(crate) fn beyond(size: usize) -> Self {
        Self { size, is_json: Some(false), place: None }
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
/// `lead` is before it: the time and the client's name, where there are such.
pub(super) fn message(
    style: &OutputStyle,
    lead: &str,
    direction: Direction,
    (message, extent): (&Message, &Extent),
    out: &mut BytesMut,
) {
    let start = out.len();
    out.extend_from_slice(lead.as_bytes());
    if style.has_marks() {
        out.extend_from_slice(mark(style, direction).as_bytes());
    }
    let taken = columns_of(&out[start..]);
    match (style.format, message) {
        // A binary message is its bytes and nothing else: no delimiter, and so nothing before it either.
        (PayloadFormat::Raw, Message::Binary(data)) => {
            out.truncate(start);
            out.extend_from_slice(data);
            return;
        }
        (PayloadFormat::Auto, Message::Binary(data)) if !dumps_binary(style) => {
            out.truncate(start);
            out.extend_from_slice(data);
            return;
        }
        (PayloadFormat::Auto, Message::Binary(data)) => dump(style, data, dumped_rows(style), extent, out),
        (PayloadFormat::Hex, message) if style.for_terminal => dump(style, message.data(), usize::MAX, extent, out),
        (PayloadFormat::Hex, message) => out.extend_from_slice(digits(message.data()).as_bytes()),
        (PayloadFormat::Base64, message) => out.extend_from_slice(BASE64.encode(message.data()).as_bytes()),
        (PayloadFormat::Raw, Message::Text(text)) => out.extend_from_slice(text.as_bytes()),
        (PayloadFormat::Text, Message::Binary(data)) => as_text(style, data, taken, extent, out),
        (PayloadFormat::Auto | PayloadFormat::Text, Message::Text(text)) => readable(style, text, taken, extent, out),
        (PayloadFormat::Records | PayloadFormat::Nothing, _) => unreachable!("these are written elsewhere, or not"),
    }
    let tells_by_itself = match (style.format, message) {
        (PayloadFormat::Auto, Message::Binary(_)) => true,
        (PayloadFormat::Hex, _) => style.for_terminal,
        (PayloadFormat::Auto | PayloadFormat::Text, _) => style.marks,
        _ => false,
    };
    if !tells_by_itself && extent.size > message.data().len() {
        out.extend_from_slice(painted(style, &format!("… [{}]", extent.told()), Color::DarkGrey).as_bytes());
    }
    delimit(style, message.data(), out);
}

/// Appends what a message was decoded to, a line for each value.
pub(super) fn decoded(
    style: &OutputStyle,
    lead: &str,
    direction: Direction,
    (decoded, place): (&DecodedMessage, Option<u64>),
    out: &mut BytesMut,
) {
    let begin = |out: &mut BytesMut| {
        let start = out.len();
        out.extend_from_slice(lead.as_bytes());
        if style.has_marks() {
            out.extend_from_slice(mark(style, direction).as_bytes());
        }
        if style.for_terminal {
            out.extend_from_slice(painted(style, &format!("{} ", decoded.kind), Color::DarkGrey).as_bytes());
        }
        columns_of(&out[start..])
    };
    for value in &decoded.values {
        let taken = begin(out);
        let text = if style.for_terminal { value.text().into() } else { value.json() };
        let extent = Extent { size: value.size(), is_json: Some(true), place };
        readable(style, &text, taken, &extent, out);
        delimit(style, text.as_bytes(), out);
    }
    if decoded.values.is_empty() && style.for_terminal {
        begin(out);
        out.extend_from_slice(painted(style, "… [nothing whole yet]\n", Color::DarkGrey).as_bytes());
    }
}

/// Appends why a message could not be decoded, below it.
pub(super) fn not_decoded(style: &OutputStyle, why: &str, out: &mut BytesMut) {
    let why = format!("{INDENT}[{}]", escape(why, Keep::Nothing));
    out.extend_from_slice(painted(style, &why, Color::DarkGrey).as_bytes());
    out.extend_from_slice(b"\n");
}

/// A page with all rows but the first indented.
fn indented(page: &str) -> Cow<'_, str> {
    if !page.contains('\n') {
        return page.into();
    }
    let row = |(n, row): (usize, &str)| {
        // A row with nothing in it looks like nobody's.
        let indent = if n > 0 && row != "\n" { INDENT } else { "" };
        format!("{indent}{row}")
    };
    page.split_inclusive('\n').enumerate().map(row).collect::<String>().into()
}

/// Appends messages that are [printed alike](OutputStyle::prints_alike).
///
/// `lead` stands before each: the client's name, where there is one.
pub(super) fn run(style: &OutputStyle, lead: &str, direction: Direction, run: &MessageBatch, out: &mut BytesMut) {
    match run.kind() {
        DataKind::Text => texts(style, lead, direction, run, out),
        DataKind::Binary if dumps_binary(style) => {
            for message in (0..).map_while(|at| run.get(at)) {
                self::message(style, lead, direction, (&message, &Extent::whole(&message)), out);
            }
        }
        // As above: nothing before binary messages, and nothing after them.
        DataKind::Binary => run.iter().for_each(|data| out.extend_from_slice(data)),
    }
}

fn texts(style: &OutputStyle, lead: &str, direction: Direction, run: &MessageBatch, out: &mut BytesMut) {
    let mark = if style.has_marks() { mark(style, direction) } else { String::new() };
    let lead = format!("{lead}{mark}");
    out.reserve(run.size() + run.len() * (lead.len() + style.delimiter.len()));
    for data in run.iter() {
        out.extend_from_slice(lead.as_bytes());
        out.extend_from_slice(data);
        delimit(style, data, out);
    }
}

/// Whether a binary message is shown as a dump where nobody asked for bytes: what two sides say is not for one program to read.
fn dumps_binary(style: &OutputStyle) -> bool {
    style.format == PayloadFormat::Auto && (style.for_terminal || style.both_ways)
}

fn delimit(style: &OutputStyle, data: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(delimiter_after(style, data));
}

/// What stands after a message that ends so.
pub(super) fn delimiter_after<'l>(style: &'l OutputStyle, data: &[u8]) -> &'l [u8] {
    let is_whole = style.keeps_delimiter && data.ends_with(&style.delimiter);
    if is_whole { &[] } else { &style.delimiter }
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
pub(super) fn control(style: &OutputStyle, lead: &str, direction: Direction, words: &str, out: &mut BytesMut) {
    out.extend_from_slice(lead.as_bytes());
    out.extend_from_slice(mark(style, direction).as_bytes());
    out.extend_from_slice(painted(style, words, Color::DarkGrey).as_bytes());
    out.extend_from_slice(b"\n");
}

fn mark(style: &OutputStyle, direction: Direction) -> String {
    match direction {
        Direction::In => painted(style, "< ", palette::received()),
        Direction::Out => painted(style, "> ", Color::DarkGreen),
    }
}

pub(crate) fn painted(style: &OutputStyle, text: &str, colour: Color) -> String {
    if style.colour { text.with(colour).to_string() } else { text.to_owned() }
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

fn readable(style: &OutputStyle, text: &str, taken: usize, extent: &Extent, out: &mut BytesMut) {
    if style.marks {
        let page = match extent.size > LONGEST_AT_PROMPT {
            true => beginning(style, text, taken, extent),
            false => laid_out(style, text, taken, extent).into_owned(),
        };
        return put_preview(style, &page, extent, taken, out);
    }
    out.extend_from_slice(laid_out(style, text, taken, extent).as_bytes());
}

/// A text as it is shown if nothing is cut.
fn laid_out<'t>(style: &OutputStyle, text: &'t str, taken: usize, extent: &Extent) -> Cow<'t, str> {
    if (style.indent_json.indents() || style.colour) && text.len() <= LONGEST_JSON && extent.is_json(text) {
        pretty(text, layout(style, taken)).into()
    } else if style.for_terminal {
        escape(text, Keep::Lines)
    } else {
        text.into()
    }
}

/// Appends what of a page takes half a screen, and says how large the whole is if that is not all.
fn put_preview(style: &OutputStyle, page: &str, extent: &Extent, taken: usize, out: &mut BytesMut) {
    let page = &*indented(page);
    let room = Room { columns: width(style), rows: rows_at_prompt(style), taken };
    let is_all = extent.size <= LONGEST_AT_PROMPT;
    if is_all && preview::beginning(page, room).is_none() {
        return out.extend_from_slice(page.as_bytes());
    }
    // The note takes a row.
    match preview::beginning(page, Room { rows: room.rows - 1, ..room }) {
        Some(shown) => {
            out.extend_from_slice(shown.as_bytes());
            if style.colour {
                // It may end within a token.
                out.extend_from_slice(PLAIN.as_bytes());
            }
            out.extend_from_slice(format!("\n{INDENT}").as_bytes());
        }
        None => {
            out.extend_from_slice(page.as_bytes());
            out.extend_from_slice(if page.ends_with('\n') { INDENT.as_bytes() } else { b"" });
        }
    }
    let note = format!("… [{}]", extent.told());
    out.extend_from_slice(painted(style, &note, Color::DarkGrey).as_bytes());
}

/// Half of the screen.
fn rows_at_prompt(style: &OutputStyle) -> usize {
    (style.size().rows / 2).max(LEAST_ROWS)
}

/// Beside the rows of the dump there are two of words.
fn dumped_rows(style: &OutputStyle) -> usize {
    if style.marks { HEXDUMP_ROWS.min(rows_at_prompt(style) - 2) } else { HEXDUMP_ROWS }
}

/// The beginning of a long text: whole lines, if it has any.
fn beginning(style: &OutputStyle, text: &str, taken: usize, extent: &Extent) -> String {
    let head = &text[..text.floor_char_boundary(LONGEST_AT_PROMPT)];
    if style.indent_json.indents() && extent.is_json(text) {
        let page = pretty(head, layout(style, taken));
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

fn layout(style: &OutputStyle, taken: usize) -> Layout {
    let width = if style.indent_json.indents() { width(style).saturating_sub(taken) } else { usize::MAX };
    Layout { width, colour: style.colour, is_tall: style.indent_json == IndentJson::Always }
}

fn width(style: &OutputStyle) -> usize {
    if style.for_terminal { style.size().columns } else { 80 }
}

fn dump(style: &OutputStyle, data: &[u8], rows: usize, extent: &Extent, out: &mut BytesMut) {
    let indent = if style.marks { INDENT } else { "" };
    let dump = hexdump(data, rows, width(style).saturating_sub(indent.len()));
    let left = dump.left + (extent.size - data.len());
    let size = format!("binary, {}", counted(extent.size, "byte"));
    out.extend_from_slice(painted(style, &size, Color::DarkGrey).as_bytes());
    for row in dump.rows.lines() {
        out.extend_from_slice(format!("\n{indent}{row}").as_bytes());
    }
    if left > 0 {
        let all = if style.marks { format!(", {}", extent.whole_is()) } else { String::new() };
        let note = format!("… {left} bytes more{all}");
        out.extend_from_slice(format!("\n{indent}{}", painted(style, &note, Color::DarkGrey)).as_bytes());
    }
}

/// Binary as text, with `\xNN` for what is not UTF-8.
fn as_text(style: &OutputStyle, data: &[u8], taken: usize, extent: &Extent, out: &mut BytesMut) {
    let shown = if style.marks { &data[..data.len().min(LONGEST_AT_PROMPT)] } else { data };
    let mut page = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        page += &escape(chunk.valid(), Keep::Lines);
        for byte in chunk.invalid() {
            write!(page, "\\x{byte:02x}").expect("a String takes all");
        }
    }
    if style.marks { put_preview(style, &page, extent, taken, out) } else { out.extend_from_slice(page.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(style: &OutputStyle, received: &Message) -> String {
        let mut out = BytesMut::new();
        message(style, "", Direction::In, (received, &Extent::whole(received)), &mut out);
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
        let style = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        assert_eq!(rendered(&style, &"a\x1b[2J".into()), "< a\\e[2J\n");
        assert!(rendered(&style, &binary(b"ab")).starts_with("< binary, 2 bytes\n  00000000"));
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
        let style =
            OutputStyle { format: PayloadFormat::Raw, for_terminal: true, colour: true, ..OutputStyle::default() };
        assert_eq!(rendered(&style, &"\x1b[2J".into()), "\x1b[2J\n");
    }

    #[test]
    fn a_kept_delimiter_is_not_doubled() {
        let style = OutputStyle { keeps_delimiter: true, ..OutputStyle::default() };
        assert_eq!(rendered(&style, &"a\n".into()), "a\n");
        assert_eq!(rendered(&style, &"a".into()), "a\n");
    }

    #[test]
    fn a_long_text_is_cut_at_the_prompt_and_nowhere_else() {
        let long = Message::from("é".repeat(4000).as_str());
        let prompt = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        let shown = rendered(&prompt, &long);
        assert!(shown.ends_with("é\n  … [8000 bytes, /last shows all]\n") && shown.len() < 4200, "{shown}");
        assert_eq!(preview::rows(&shown, width(&prompt)), rows_at_prompt(&prompt));
        assert_eq!(rendered(&OutputStyle { for_terminal: true, ..OutputStyle::default() }, &long).len(), 8001);
    }

    #[test]
    fn a_long_text_of_lines_is_cut_at_the_end_of_one() {
        let prompt = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        let shown = rendered(&prompt, &"0123456789\n".repeat(1000).as_str().into());
        assert!(shown.ends_with("\n  0123456789\n  … [11000 bytes, /last shows all]\n"), "{shown}");
        assert_eq!(shown.lines().count(), rows_at_prompt(&prompt));
    }

    #[test]
    fn what_fits_half_a_screen_is_shown_to_its_last_row() {
        let prompt = OutputStyle { for_terminal: true, marks: true, ..OutputStyle::default() };
        let rows = rows_at_prompt(&prompt);
        let fits = vec!["x"; rows].join("\n");
        assert_eq!(rendered(&prompt, &fits.as_str().into()), format!("< {}\n", fits.replace('\n', "\n  ")));
        let shown = rendered(&prompt, &format!("{fits}\nx").as_str().into());
        assert_eq!(
            shown,
            format!("< {}\n  … [{} bytes, /last shows all]\n", vec!["x"; rows - 1].join("\n  "), 2 * rows + 1)
        );
        let text = OutputStyle { format: PayloadFormat::Text, ..prompt };
        let shown = rendered(&text, &Message::Binary(vec![0xff; 9000].into()));
        assert!(shown.ends_with("\n  … [9000 bytes, /last shows all]\n"), "{shown}");
        assert_eq!(preview::rows(&shown, width(&text)), rows);
    }

    #[test]
    fn a_colour_that_is_cut_off_ends_all_the_same() {
        crossterm::style::force_color_output(true);
        let prompt = OutputStyle {
            for_terminal: true,
            marks: true,
            colour: true,
            indent_json: IndentJson::Long,
            ..OutputStyle::default()
        };
        let shown = rendered(&prompt, &format!("[\"{}\"]", "x".repeat(4000)).as_str().into());
        assert!(shown.contains("x\x1b[39m\n"), "{shown}");
    }

    #[test]
    fn long_json_is_laid_out_and_cut_at_the_end_of_a_row() {
        let prompt =
            OutputStyle { for_terminal: true, marks: true, indent_json: IndentJson::Long, ..OutputStyle::default() };
        let json =
            format!("[{}]", vec![r#"{"name": "0123456789", "id": 12345678901234567890, "id": 1.10}"#; 900].join(","));
        let shown = rendered(&prompt, &json.as_str().into());
        assert!(
            shown.starts_with("< [\n    {\"name\": \"0123456789\", \"id\": 12345678901234567890, \"id\": 1.10},\n"),
            "{shown}"
        );
        assert!(shown.ends_with(&format!("1.10}},\n  … [{} bytes, /last shows all]\n", json.len())), "{shown}");
        assert_eq!(shown.lines().count(), rows_at_prompt(&prompt));
    }

    fn at_prompt(format: PayloadFormat) -> OutputStyle {
        OutputStyle { format, for_terminal: true, marks: true, indent_json: IndentJson::Long, ..OutputStyle::default() }
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
            (PayloadFormat::Auto, &text, Some(2), "x\n  … [2097152 bytes, /last 2 shows all]\n"),
            (PayloadFormat::Auto, &text, None, "x\n  … [2097152 bytes, too many to be kept]\n"),
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
