//! From events to bytes: what is printed for each event, decided by the options under Output.
//!
//! Plain code: it writes into a buffer; `term` and `client` own where that goes.

mod html;
pub(crate) mod json;
pub(crate) mod object;
pub(crate) mod page;
pub(crate) mod palette;
pub(crate) mod preview;
pub(crate) mod record;
pub(crate) mod steps;
mod style;
pub(crate) mod text;
pub(crate) mod wrapping;

pub(crate) use self::style::{IndentJson, OutputStyle, PayloadFormat, Stamps};

use std::time::SystemTime;

use bytes::BytesMut;
use crossterm::style::Color;

use crate::codec::DecodedMessage;
use crate::events::{Event, EventKind};
use crate::message::{DataKind, Direction, Message};
use crate::sys::local_time::TimeOfDay;
use crate::sys::memory;
use crate::text::escape::{Keep, escape};

/// Renders one event after the other.
pub(crate) struct Renderer {
    style: OutputStyle,
    shown_before: Option<SystemTime>,
    sent_before: Option<SystemTime>,
    /// Some of a large message has been rendered.
    in_parts: bool,
}

impl Renderer {
    pub(crate) fn new(style: OutputStyle) -> Self {
        Self { style, shown_before: None, sent_before: None, in_parts: false }
    }

    pub(crate) fn style(&self) -> &OutputStyle {
        &self.style
    }

    pub(crate) fn look_mut(&mut self) -> &mut OutputStyle {
        &mut self.style
    }

    /// A message was sent that is not rendered: times are counted from it.
    pub(crate) fn note_sent(&mut self, at: SystemTime) {
        self.sent_before = Some(at);
    }

    /// Whether events of our own sending are rendered.
    pub(crate) fn shows_sent(&self) -> bool {
        self.style.format == PayloadFormat::Records
            || self.style.has_marks()
            || self.style.stamps == Some(Stamps::Delta)
    }

    /// Appends what an event looks like on stdout; many look like nothing.
    pub(crate) fn render(&mut self, event: &Event, out: &mut BytesMut) {
        self.render_excerpt(event, &text::Extent::of(event), out);
    }

    /// The same with a message of which only the head may be at hand.
    pub(crate) fn render_excerpt(&mut self, event: &Event, extent: &text::Extent, out: &mut BytesMut) {
        if self.style.format == PayloadFormat::Records {
            self.record(event, out);
            return;
        }
        match &event.what {
            EventKind::Message(..) | EventKind::Run(..) | EventKind::Part(_) | EventKind::Excerpt(..)
                if self.style.format == PayloadFormat::Nothing => {}
            EventKind::Message(Direction::Out, _) if !self.style.has_marks() => self.note_sent(event.at),
            EventKind::Message(direction, message) => {
                let lead = self.lead(event);
                let decoding = event.decoded.as_deref().filter(|_| self.style.shows_decoded());
                match decoding {
                    Some(Ok(decoded)) => text::decoded(&self.style, &lead, *direction, (decoded, extent.place), out),
                    _ => text::message(&self.style, &lead, *direction, (message, extent), out),
                }
                if let Some(Err(why)) = decoding
                    && self.style.for_terminal
                {
                    text::not_decoded(&self.style, why, out);
                }
                if *direction == Direction::Out {
                    self.note_sent(event.at);
                }
            }
            EventKind::Excerpt(direction, head, size) => {
                let lead = self.lead(event);
                text::message(&self.style, &lead, *direction, (head, &text::Extent::beyond(*size)), out);
            }
            EventKind::Run(direction, run) => {
                let lead = self.lead(event);
                text::run(&self.style, &lead, *direction, run, out);
            }
            EventKind::Part(part) => {
                if !std::mem::replace(&mut self.in_parts, !part.is_last) && part.kind == DataKind::Text {
                    let stamp = self.stamp(event.at);
                    out.extend_from_slice(stamp.as_bytes());
                }
                out.reserve(part.data.len());
                memory::pieces(&part.data).for_each(|piece| out.extend_from_slice(piece));
                if part.kind == DataKind::Text && part.is_last {
                    out.extend_from_slice(&self.style.delimiter);
                }
            }
            EventKind::Ping(direction, data) if self.style.marks => {
                let lead = self.lead(event);
                text::control(&self.style, &lead, *direction, &text::ping(data), out);
            }
            EventKind::Pong(direction, data, round_trip) if self.style.marks => {
                let lead = self.lead(event);
                text::control(&self.style, &lead, *direction, &text::pong(data, *round_trip), out);
            }
            _ => {}
        }
    }

    /// What is printed before and after a message that [passes untouched](OutputStyle::passes_untouched).
    pub(crate) fn around(&mut self, event: &Event, message: &Message) -> (String, &[u8]) {
        match message {
            Message::Binary(_) => (String::new(), &[]),
            Message::Text(text) => (self.lead(event), text::delimiter_after(&self.style, text.as_bytes())),
        }
    }

    fn record(&self, event: &Event, out: &mut BytesMut) {
        let start = out.len();
        record::write(event, self.style.secrets, out);
        if self.style.for_terminal {
            // JSON lets C1 and bidi controls through.
            let record = out.split_off(start);
            let record = String::from_utf8_lossy(&record);
            out.extend_from_slice(escape(&record, Keep::Lines).as_bytes());
        }
    }

    /// What is before a message: when it came, and from whom.
    fn lead(&mut self, event: &Event) -> String {
        let stamp = self.stamp(event.at);
        let stamp = if stamp.is_empty() { stamp } else { text::painted(&self.style, &stamp, Color::DarkGrey) };
        match event.client {
            Some(client) => {
                let name = text::painted(&self.style, &client.to_string(), palette::of_client(client));
                format!("{stamp}{name} {}", if event.is_upstream { "server " } else { "" })
            }
            None => stamp,
        }
    }

    fn stamp(&mut self, at: SystemTime) -> String {
        let before = self.sent_before.or(self.shown_before.replace(at));
        match self.style.stamps {
            None => String::new(),
            Some(Stamps::Utc) => format!("{} ", record::time(at)),
            Some(Stamps::Local) => format!("{} ", local_time(at)),
            Some(Stamps::Delta) => {
                let since = before.and_then(|before| at.duration_since(before).ok()).unwrap_or_default();
                format!("{:+.3}s ", since.as_secs_f64())
            }
        }
    }
}

/// A message as a whole, as a terminal may show it: decoded, JSON laid out, binary as a hexdump.
pub(crate) fn whole(style: &OutputStyle, message: &Message, decoded: Option<&DecodedMessage>) -> String {
    let format = match message {
        Message::Text(_) => PayloadFormat::Text,
        Message::Binary(_) => PayloadFormat::Hex,
    };
    let style = OutputStyle { format, for_terminal: true, marks: false, ..style.clone() };
    let mut page = BytesMut::new();
    if let Some(decoded) = decoded {
        text::decoded(&style, "", Direction::In, (decoded, None), &mut page);
        return String::from_utf8_lossy(&page).into_owned();
    }
    text::message(&style, "", Direction::In, (message, &text::Extent::whole(message)), &mut page);
    String::from_utf8_lossy(&page).into_owned()
}

/// `12:34:56.789`, in the user's time zone.
pub(crate) fn local_time(at: SystemTime) -> String {
    let TimeOfDay { hour, minute, second, subsecond } = TimeOfDay::of(at);
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", subsecond.subsec_millis())
}
