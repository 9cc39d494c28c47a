//! The trace of frames (`--frames`): what went over the wire, frame by frame.
//!
//! It parses the bytes on its own, independently of everything else, and only exists if requested.

use std::borrow::Cow;
use std::time::SystemTime;

use super::deflate::Inflater;
use super::frame::{self, Side, name};
use super::offer::Agreed;
use super::raw_frame::RawFrame;
use crate::events::now;
use crate::message::Direction;

pub(crate) use super::frame::FrameHeader;

/// How much of a payload is shown; a Close is shown whole.
const BEGINNING: usize = 32;

/// What inflates at a time is only counted.
const STEP: usize = 16 << 10;

/// What has gone over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireEvent {
    pub(crate) at: SystemTime,
    pub(crate) direction: Direction,
    pub(crate) what: Traced,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Traced {
    Frame(TracedFrame),
    /// This many bytes after a Close, whatever they were meant to be (RFC 6455, section 5.5.1).
    AfterClose(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TracedFrame {
    pub(crate) header: FrameHeader,
    /// How much it inflated to, if its message is compressed.
    pub(crate) inflated: Option<u64>,
    /// The first bytes, unmasked and inflated.
    pub(crate) beginning: Vec<u8>,
    /// How much it carries, where a raw frame lies about it.
    pub(crate) carries: Option<u64>,
}

/// Watches both directions.
pub(super) struct Tracer {
    incoming: Watch,
    outgoing: Watch,
    seen: Vec<WireEvent>,
}

struct Watch {
    direction: Direction,
    inflater: Option<Inflater>,
    /// An incomplete header.
    head: Vec<u8>,
    frame: Option<OpenFrame>,
    /// The message under way is compressed.
    is_compressed: bool,
    /// How much has come after a Close, which was the last frame.
    after_close: Option<u64>,
}

struct OpenFrame {
    header: FrameHeader,
    passed: u64,
    inflated: u64,
    beginning: Vec<u8>,
}

impl Tracer {
    pub(super) fn new(side: Side, deflate: Option<Agreed>) -> Self {
        let watch = |direction| {
            let from_client = (side == Side::Client) == (direction == Direction::Out);
            let terms = deflate.map(|agreed| if from_client { agreed.client } else { agreed.server });
            let (inflater, head) = (terms.map(Inflater::new), Vec::new());
            Watch { direction, inflater, head, frame: None, is_compressed: false, after_close: None }
        };
        Self { incoming: watch(Direction::In), outgoing: watch(Direction::Out), seen: Vec::new() }
    }

    pub(super) fn came_in(&mut self, bytes: &[u8]) {
        self.incoming.pass(bytes, &mut self.seen);
    }

    pub(super) fn went_out(&mut self, bytes: &[u8]) {
        self.outgoing.pass(bytes, &mut self.seen);
    }

    /// Bytes that are not parsed as frames any more: counted after the peer's Close, and ignored otherwise.
    pub(super) fn drained(&mut self, bytes: &[u8]) {
        if self.incoming.after_close.is_some() {
            self.came_in(bytes);
        }
    }

    /// The frames since the last time.
    pub(super) fn take(&mut self) -> Vec<WireEvent> {
        std::mem::take(&mut self.seen)
    }

    /// The same, when nothing more will come: with what came after a Close.
    pub(super) fn take_last(&mut self) -> Vec<WireEvent> {
        let mut seen = self.take();
        for watch in [&mut self.incoming, &mut self.outgoing] {
            if let Some(bytes @ 1..) = watch.after_close {
                seen.push(WireEvent { at: now(), direction: watch.direction, what: Traced::AfterClose(bytes) });
            }
        }
        seen
    }
}

impl Watch {
    fn pass(&mut self, mut bytes: &[u8], seen: &mut Vec<WireEvent>) {
        loop {
            if let Some(count) = &mut self.after_close {
                *count += bytes.len() as u64;
                return;
            }
            if self.frame.is_none() {
                let [next, rest @ ..] = bytes else { return };
                self.head.push(*next);
                bytes = rest;
                let Some(found) = FrameHeader::read(&self.head) else { continue };
                self.head.clear();
                let header = found.header;
                if !header.is_control() && header.opcode != frame::CONTINUATION {
                    self.is_compressed = header.rsv & frame::RSV1 != 0;
                }
                self.frame = Some(OpenFrame { header, passed: 0, inflated: 0, beginning: Vec::new() });
            }
            let Some(mut frame) = self.frame.take() else { return };
            let here = (frame.header.length - frame.passed).min(bytes.len() as u64) as usize;
            let (payload, rest) = bytes.split_at(here);
            self.look(&mut frame, payload);
            bytes = rest;
            if frame.passed < frame.header.length {
                self.frame = Some(frame);
                return;
            }
            let is_close = frame.header.opcode == frame::CLOSE;
            self.after_close = is_close.then_some(0);
            seen.push(self.finish(frame));
        }
    }

    fn look(&mut self, frame: &mut OpenFrame, payload: &[u8]) {
        let mut payload = payload.to_vec();
        if let Some(key) = frame.header.mask {
            frame::mask(&mut payload, key, frame.passed);
        }
        frame.passed += payload.len() as u64;
        let Some(inflater) = self.inflater.as_mut().filter(|_| self.is_compressed && !frame.header.is_control()) else {
            frame.begin(&payload);
            return;
        };
        let mut rest = &payload[..];
        let mut room = vec![0; STEP];
        while !rest.is_empty() {
            let Ok(step) = inflater.inflate(rest, &mut room) else {
                // The session will say what is wrong with it.
                self.inflater = None;
                return;
            };
            rest = &rest[step.used..];
            frame.inflated += step.made as u64;
            frame.begin(&room[..step.made]);
        }
    }

    fn finish(&mut self, mut frame: OpenFrame) -> WireEvent {
        let is_compressed = self.is_compressed && !frame.header.is_control();
        if is_compressed
            && frame.header.fin
            && let Some(inflater) = &mut self.inflater
        {
            let mut room = vec![0; STEP];
            while let Ok(made) = inflater.finish(&mut room) {
                frame.inflated += made as u64;
                frame.begin(&room[..made]);
                if made < room.len() {
                    break;
                }
            }
        }
        let inflated = (is_compressed && self.inflater.is_some()).then_some(frame.inflated);
        let OpenFrame { header, beginning, .. } = frame;
        let what = Traced::Frame(TracedFrame { header, inflated, beginning, carries: None });
        WireEvent { at: now(), direction: self.direction, what }
    }
}

impl OpenFrame {
    fn begin(&mut self, payload: &[u8]) {
        let room = told_of(self.header.opcode) - self.beginning.len();
        self.beginning.extend_from_slice(&payload[..payload.len().min(room)]);
    }
}

fn told_of(opcode: u8) -> usize {
    if opcode == frame::CLOSE { frame::LONGEST_CONTROL } else { BEGINNING }
}

impl WireEvent {
    /// A raw frame, and so has no meaning that could be followed.
    pub(crate) fn handmade(frame: &RawFrame, mask: Option<[u8; 4]>) -> Self {
        let (header, carried) = (frame.header(mask), frame.payload.len());
        let what = Traced::Frame(TracedFrame {
            header,
            inflated: None,
            beginning: frame.payload[..carried.min(told_of(frame.opcode))].to_vec(),
            carries: Some(carried as u64).filter(|carried| *carried != header.length),
        });
        Self { at: now(), direction: Direction::Out, what }
    }

    /// A frame that came as a whole, and is not looked into.
    pub(crate) fn of_frame(direction: Direction, header: FrameHeader, payload: &[u8]) -> Self {
        let beginning = payload[..payload.len().min(told_of(header.opcode))].to_vec();
        let what = Traced::Frame(TracedFrame { header, inflated: None, beginning, carries: None });
        Self { at: now(), direction, what }
    }

    /// A message for the user: `< text FIN RSV1, no mask, 7 bytes that inflate to 5: "Hello"`, `< 84 bytes after the Close`
    pub(crate) fn shown(&self) -> String {
        let direction = if self.direction == Direction::In { '<' } else { '>' };
        match &self.what {
            Traced::Frame(frame) => format!("{direction} {}", frame.shown()),
            Traced::AfterClose(1) => format!("{direction} 1 byte after the Close"),
            Traced::AfterClose(bytes) => format!("{direction} {bytes} bytes after the Close"),
        }
    }
}

impl TracedFrame {
    /// The code and the reason of a Close, if it has them; the reason as text, whatever it is.
    pub(crate) fn close(&self) -> Option<(u16, Cow<'_, str>)> {
        match &self.beginning[..] {
            [high, low, reason @ ..] if self.header.opcode == frame::CLOSE => {
                Some((u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason)))
            }
            _ => None,
        }
    }

    fn shown(&self) -> String {
        let FrameHeader { fin, opcode, mask, length, .. } = self.header;
        let mut bits = if fin { " FIN".to_owned() } else { String::new() };
        for (bit, name) in [(4, " RSV1"), (2, " RSV2"), (1, " RSV3")] {
            bits += if self.header.rsv & bit != 0 { name } else { "" };
        }
        let mask = mask.map_or_else(|| "no mask".to_owned(), |key| format!("mask {:08x}", u32::from_be_bytes(key)));
        let inflated = self.inflated.map_or_else(String::new, |size| format!(" that inflate to {size}"));
        let carries = self.carries.map_or_else(String::new, |size| format!(" claimed, {size} sent"));
        format!("{}{bits}, {mask}, {length} bytes{inflated}{carries}: {}", name(opcode), self.shown_payload())
    }

    fn shown_payload(&self) -> String {
        let size = self.inflated.or(self.carries).unwrap_or(self.header.length);
        let more = if size > self.beginning.len() as u64 { "…" } else { "" };
        let (code, beginning) = match self.beginning.split_at_checked(2).filter(|_| self.close().is_some()) {
            Some((code, reason)) => (format!("{} ", u16::from_be_bytes([code[0], code[1]])), reason),
            None => (String::new(), &self.beginning[..]),
        };
        format!("{code}\"{}\"{more}", beginning.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_however_their_bytes_come() {
        // Two messages of one context, an unmasked ping between; the second points back to the first.
        let input = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x89\x01p\x41\x01\xf2\x80\x04\x00\x11\x00\x00";
        for size in 1..=input.len() {
            let mut tracer = Tracer::new(Side::Client, Some(Agreed::default()));
            input.chunks(size).for_each(|block| tracer.came_in(block));
            let shown: Vec<_> = tracer.take().iter().map(WireEvent::shown).collect();
            assert_eq!(
                shown,
                [
                    r#"< text FIN RSV1, no mask, 7 bytes that inflate to 5: "Hello""#,
                    r#"< ping FIN, no mask, 1 bytes: "p""#,
                    r#"< text RSV1, no mask, 1 bytes that inflate to 0: """#,
                    r#"< continuation FIN, no mask, 4 bytes that inflate to 5: "Hello""#,
                ],
                "in blocks of {size}"
            );
        }
    }

    #[test]
    fn a_close_is_told_with_its_code_and_what_follows_it_is_counted() {
        let input = b"\x88\x06\x03\xe8by\xffeHTTP/1.1 200 OK\r\n\r\n";
        for size in 1..=input.len() {
            let mut tracer = Tracer::new(Side::Client, None);
            input.chunks(size).for_each(|block| tracer.came_in(block));
            let shown: Vec<_> = tracer.take_last().iter().map(WireEvent::shown).collect();
            let close = r#"< close FIN, no mask, 6 bytes: 1000 "by\xffe""#;
            assert_eq!(shown, [close, "< 19 bytes after the Close"], "in blocks of {size}");
        }
        let shown = |input: &[u8]| {
            let mut tracer = Tracer::new(Side::Client, None);
            tracer.came_in(input);
            tracer.drained(b"x");
            tracer.take_last().iter().map(WireEvent::shown).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(b"\x88\x02\x03\xe9"),
            [r#"< close FIN, no mask, 2 bytes: 1001 """#, "< 1 byte after the Close"]
        );
        assert_eq!(shown(b"\x88\x00")[0], r#"< close FIN, no mask, 0 bytes: """#);
        assert_eq!(shown(b"\x88\x01\x03")[0], r#"< close FIN, no mask, 1 bytes: "\x03""#);
        assert_eq!(shown(b"\x81\x01a"), [r#"< text FIN, no mask, 1 bytes: "a""#]);
    }

    #[test]
    fn what_goes_out_is_told_unmasked() {
        let mut tracer = Tracer::new(Side::Client, None);
        tracer.went_out(b"\x01\x82\x01\x02\x03\x04\x60\x60");
        let seen = tracer.take();
        assert_eq!(seen[0].shown(), r#"> text, mask 01020304, 2 bytes: "ab""#);
        assert!(tracer.take().is_empty());
    }
}
