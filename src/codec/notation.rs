//! Values as text: JSON, and CBOR's diagnostic notation (RFC 8949, section 8) for what JSON cannot say.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::error::{DecodeError, MAX_DEPTH};
use crate::text::hex::digits;

/// One value, written from the outside in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notation {
    text: String,
    /// What of the text is not JSON, from left to right; never within each other.
    foreign: Vec<Range<usize>>,
    /// Of the whole, in bytes, where this is only its beginning.
    whole: Option<usize>,
}

/// What may hold other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Array,
    /// Keys and values take turns; a key may be anything.
    Map,
    /// One value with a number that says what it is (RFC 8949, section 3.4).
    Tag(u64),
}

/// Writes a [`Notation`].
#[derive(Debug)]
pub(crate) struct NotationWriter {
    notation: Notation,
    open: Vec<OpenContainer>,
    /// How many bytes it may become.
    limit: usize,
}

#[derive(Debug)]
struct OpenContainer {
    container: Container,
    /// How many values it holds, keys included.
    count: usize,
    start: usize,
    /// All of it is foreign to JSON.
    is_foreign: bool,
}

impl Notation {
    /// For people.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How many bytes of text it has, or would have as a whole.
    pub(crate) fn size(&self) -> usize {
        self.whole.unwrap_or(self.text.len())
    }

    /// So many bytes of it, to be shown.
    pub(crate) fn beginning(&self, size: usize) -> Self {
        let text = self.text[..self.text.floor_char_boundary(size)].to_owned();
        Self { text, foreign: Vec::new(), whole: Some(self.size()) }
    }

    /// For programs: what JSON cannot say is a string of the notation.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        if self.foreign.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let mut json = String::with_capacity(self.text.len() + 2 * self.foreign.len());
        let mut done = 0;
        for foreign in &self.foreign {
            json.push_str(&self.text[done..foreign.start]);
            quote(&self.text[foreign.clone()], &mut json);
            done = foreign.end;
        }
        json.push_str(&self.text[done..]);
        Cow::Owned(json)
    }
}

impl NotationWriter {
    /// The text may have as many bytes as `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self { notation: Notation::default(), open: Vec::new(), limit }
    }

    /// What was written, with all containers closed.
    pub(crate) fn finish(self) -> Notation {
        debug_assert!(self.open.is_empty(), "each container is closed by who opened it");
        self.notation
    }

    pub(crate) fn null(&mut self) -> Result<(), DecodeError> {
        self.literal("null")
    }

    pub(crate) fn bool(&mut self, value: bool) -> Result<(), DecodeError> {
        self.literal(if value { "true" } else { "false" })
    }

    pub(crate) fn integer(&mut self, value: impl Into<i128>) -> Result<(), DecodeError> {
        let value = value.into().to_string();
        self.value(true, value.len(), |text| text.push_str(&value))
    }

    pub(crate) fn float(&mut self, value: f64) -> Result<(), DecodeError> {
        self.number(value, format!("{value:?}"))
    }

    /// With the fewest digits that single precision needs.
    pub(crate) fn float32(&mut self, value: f32) -> Result<(), DecodeError> {
        self.number(value.into(), format!("{value:?}"))
    }

    fn number(&mut self, value: f64, shown: String) -> Result<(), DecodeError> {
        if value.is_finite() {
            return self.value(true, shown.len(), |text| text.push_str(&shown));
        }
        self.foreign(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    }

    pub(crate) fn string(&mut self, value: &str) -> Result<(), DecodeError> {
        self.begin(value.len() + 2)?;
        quote(value, &mut self.notation.text);
        self.end();
        Ok(())
    }

    /// `h'00ff'`
    pub(crate) fn bytes(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        self.value(false, 2 * value.len() + 3, |text| push_bytes(value, text))
    }

    /// JSON as it came, without the white space between its values.
    pub(crate) fn json(&mut self, json: &str) -> Result<(), DecodeError> {
        self.value(true, json.len(), |text| push_compact(json, text))
    }

    /// The same, with bytes in place of some of its values.
    pub(crate) fn json_with_bytes(&mut self, json: &str, bytes: &[(Range<usize>, &[u8])]) -> Result<(), DecodeError> {
        let size = |data: &[u8]| 2 * data.len() + 3;
        self.begin(bytes.iter().fold(json.len(), |sum, (_, data)| sum.saturating_add(size(data))))?;
        let mut done = 0;
        for (place, data) in bytes {
            push_compact(&json[done..place.start], &mut self.notation.text);
            let start = self.notation.text.len();
            push_bytes(data, &mut self.notation.text);
            self.note_foreign(start);
            done = place.end;
        }
        push_compact(&json[done..], &mut self.notation.text);
        self.end();
        Ok(())
    }

    /// A text that is JSON, a string, or bytes: whatever it turns out to be.
    pub(crate) fn payload(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        match std::str::from_utf8(data) {
            Ok(text) if is_json(text) => self.json(text),
            Ok(text) => self.string(text),
            Err(_) => self.bytes(data),
        }
    }

    /// What JSON has no word for, in the notation.
    pub(crate) fn foreign(&mut self, notation: &str) -> Result<(), DecodeError> {
        self.value(false, notation.len(), |text| text.push_str(notation))
    }

    /// A key and a string, as most of what is read for people is made of.
    pub(crate) fn field(&mut self, name: &str, value: &str) -> Result<(), DecodeError> {
        self.string(name)?;
        self.string(value)
    }

    pub(crate) fn open(&mut self, container: Container) -> Result<(), DecodeError> {
        if self.open.len() > MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        let is_foreign = self.is_at_key() || matches!(container, Container::Tag(_));
        let shown = match container {
            Container::Array => "[".into(),
            Container::Map => "{".into(),
            Container::Tag(number) => format!("{number}("),
        };
        self.begin(shown.len() + 1)?;
        let start = self.notation.text.len();
        self.notation.text.push_str(&shown);
        self.open.push(OpenContainer { container, count: 0, start, is_foreign });
        Ok(())
    }

    pub(crate) fn close(&mut self) -> Result<(), DecodeError> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        if closed.container == Container::Map && closed.count % 2 == 1 {
            return Err(DecodeError::new("a map ends after a key"));
        }
        self.notation.text.push(match closed.container {
            Container::Array => ']',
            Container::Map => '}',
            Container::Tag(_) => ')',
        });
        if closed.is_foreign {
            self.note_foreign(closed.start);
        }
        self.end();
        Ok(())
    }

    fn literal(&mut self, literal: &str) -> Result<(), DecodeError> {
        self.value(true, literal.len(), |text| text.push_str(literal))
    }

    /// Writes a value of this many bytes that holds no others.
    fn value(&mut self, is_json: bool, size: usize, write: impl FnOnce(&mut String)) -> Result<(), DecodeError> {
        let is_key = self.is_at_key();
        self.begin(size)?;
        let start = self.notation.text.len();
        write(&mut self.notation.text);
        if !is_json || is_key {
            self.note_foreign(start);
        }
        self.end();
        Ok(())
    }

    /// Whether the next value is the key of a map, which in JSON is a string.
    fn is_at_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.container == Container::Map && open.count % 2 == 0)
    }

    fn begin(&mut self, size: usize) -> Result<(), DecodeError> {
        let text = &mut self.notation.text;
        if text.len().saturating_add(size) > self.limit {
            return Err(DecodeError::TooLarge(self.limit));
        }
        if let Some(open) = self.open.last().filter(|open| open.count > 0) {
            text.push(if open.container == Container::Map && open.count % 2 == 1 { ':' } else { ',' });
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
        }
    }

    /// From there to the end it is not JSON; what was noted within becomes a part of it.
    fn note_foreign(&mut self, start: usize) {
        let foreign = &mut self.notation.foreign;
        while foreign.pop_if(|before| before.start >= start).is_some() {}
        foreign.push(start..self.notation.text.len());
    }
}

/// Whether a text is a whole JSON value.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// Whether a text is a whole JSON object.
pub(crate) fn is_json_object(text: &str) -> bool {
    text.starts_with('{') && is_json(text)
}

/// Appends a JSON string (RFC 8259, section 7).
fn quote(value: &str, out: &mut String) {
    out.push('"');
    let mut done = 0;
    for (at, c) in value.char_indices().filter(|(_, c)| matches!(c, '"' | '\\' | '\0'..='\x1f')) {
        out.push_str(&value[done..at]);
        done = at + 1;
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => write!(out, "\\u{:04x}", u32::from(c)).expect("a String takes all"),
        }
    }
    out.push_str(&value[done..]);
    out.push('"');
}

fn push_bytes(bytes: &[u8], out: &mut String) {
    out.push_str("h'");
    out.push_str(&digits(bytes));
    out.push('\'');
}

fn push_compact(json: &str, out: &mut String) {
    let (mut in_string, mut is_escaped) = (false, false);
    out.extend(json.chars().filter(|c| {
        let is_space = !in_string && c.is_ascii_whitespace();
        (in_string, is_escaped) = match c {
            '"' if !is_escaped => (!in_string, false),
            '\\' => (in_string, in_string && !is_escaped),
            _ => (in_string, false),
        };
        !is_space
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut NotationWriter) -> Result<(), DecodeError>) -> Notation {
        let mut writer = NotationWriter::new(1000);
        write(&mut writer).unwrap();
        writer.finish()
    }

    #[test]
    fn what_json_can_say_is_json() {
        let value = written(|out| {
            out.open(Container::Map)?;
            out.field("a\"\n\u{1}é", "x")?;
            out.string("list")?;
            out.open(Container::Array)?;
            out.null()?;
            out.bool(true)?;
            out.integer(-1_i64)?;
            out.float(1.5)?;
            out.float32(0.1)?;
            out.json("{ \"k\" : [1, \"a b\\\" \"] }")?;
            out.close()?;
            out.close()
        });
        let json = r#"{"a\"\n\u0001é":"x","list":[null,true,-1,1.5,0.1,{"k":[1,"a b\" "]}]}"#;
        assert_eq!((value.text(), &*value.json()), (json, json));
        assert!(is_json(json));
    }

    #[test]
    fn what_it_cannot_is_a_string_of_the_notation_in_it() {
        let value = written(|out| {
            out.open(Container::Map)?;
            out.integer(1)?;
            out.bytes(&[0, 0xff])?;
            out.open(Container::Array)?;
            out.float(f64::NAN)?;
            out.close()?;
            out.open(Container::Tag(0))?;
            out.string("2013")?;
            out.close()?;
            out.close()
        });
        assert_eq!(value.text(), r#"{1:h'00ff',[NaN]:0("2013")}"#);
        assert_eq!(value.json(), r#"{"1":"h'00ff'","[NaN]":"0(\"2013\")"}"#);
        assert!(is_json(&value.json()));
    }

    #[test]
    fn depth_and_size_have_an_end() {
        let mut out = NotationWriter::new(1000);
        let depth = (0..).find(|_| out.open(Container::Array).is_err()).unwrap();
        assert_eq!(depth, MAX_DEPTH + 1);
        (0..depth).for_each(|_| out.close().unwrap());
        let deepest = out.finish();
        assert!(is_json(deepest.text()), "serde_json reads as much");
        let mut out = NotationWriter::new(4);
        assert!(out.null().is_ok());
        assert!(matches!(NotationWriter::new(3).null(), Err(DecodeError::TooLarge(3))));
    }
}
