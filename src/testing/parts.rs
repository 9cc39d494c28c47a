//! The plain parts of the hot paths, one call each, as `benches/parts.rs` measures them.

use std::time::SystemTime;

use bytes::BytesMut;

use crate::events::{Batch, Event, EventKind, Input};
use crate::input::payload::PayloadKind;
use crate::input::splitter::{Border, Cut, Cutter};
use crate::message::{Direction, Message};
use crate::render::{OutputStyle, PayloadFormat};
use crate::text::escape::{self, Keep};
use crate::wire::deflate::{self, Terms};
use crate::wire::frame;

/// Reads the headers of all frames, and passes over their payloads; returns how many there were.
pub fn count_frames(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(found) = frame::FrameHeader::read(bytes) {
        bytes = &bytes[found.size + found.header.length as usize..];
        count += 1;
    }
    count
}

/// Masks or unmasks a payload.
pub fn mask(payload: &mut [u8], key: [u8; 4]) {
    frame::mask(payload, key, 0);
}

/// Compresses messages, with what came before in the window.
pub struct DeflateBench(deflate::Deflater);

impl Default for DeflateBench {
    fn default() -> Self {
        Self(deflate::Deflater::new(Terms::default()).expect("there is such a window"))
    }
}

impl DeflateBench {
    pub fn message(&mut self, data: &[u8]) -> Vec<u8> {
        self.0.message(data)
    }
}

/// Cuts a block of stdin into text messages at its line ends; returns how many there were.
///
/// # Errors
/// The line that is not UTF-8.
pub fn cut_lines(block: &[u8]) -> Result<usize, String> {
    let mut batch = Batch::new();
    let border = Border::At { delimiter: None, keep: false, kind: PayloadKind::Text };
    Cutter::new(Cut { border, may_stream: true }).push(block, &mut batch)?;
    Ok(batch.iter().map(Input::messages).sum())
}

/// Renders text messages that were received: as lines, or as JSON records.
pub struct RenderBench {
    renderer: crate::render::Renderer,
    event: Event,
    out: BytesMut,
}

impl RenderBench {
    pub fn new(text: &str, as_records: bool) -> Self {
        let format = if as_records { PayloadFormat::Records } else { PayloadFormat::Auto };
        let style = OutputStyle { format, ..OutputStyle::default() };
        let what = EventKind::Message(Direction::In, Message::from(text));
        let event = Event { at: SystemTime::UNIX_EPOCH, client: None, is_upstream: false, what, decoded: None };
        Self { renderer: crate::render::Renderer::new(style), event, out: BytesMut::new() }
    }

    /// Renders the message once more; returns how many bytes that made.
    pub fn render(&mut self) -> usize {
        self.out.clear();
        self.renderer.render(&self.event, &mut self.out);
        self.out.len()
    }
}

/// Makes text safe for a terminal; returns how long it is then.
pub fn escape(text: &str) -> usize {
    escape::escape(text, Keep::Lines).len()
}
