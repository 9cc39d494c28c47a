//! The trace of frames (`--frames`): what went over the wire, told frame by frame.
//!
//! It follows the bytes by itself, beside all that is done with them, and is only there when somebody asks for it.

use std::time::SystemTime;

use super::Side;
use super::deflate::Inflater;
use super::frame;
pub(crate) use super::frame::Header;
use super::handmade::Handmade;
use super::offer::Agreed;
use crate::event::{Direction, now};

/// How much of a payload is told.
const BEGINNING: usize = 32;

/// What inflates at a time is only counted.
const STEP: usize = 16 << 10;

/// A frame that has gone over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: SystemTime,
    pub(crate) direction: Direction,
    pub(crate) header: Header,
    /// How much it inflated to, if its message is compressed.
    pub(crate) inflated: Option<u64>,
    /// The first bytes, unmasked and inflated.
    pub(crate) beginning: Vec<u8>,
    /// How much it carries, where a frame made by hand lies about it.
    pub(crate) carries: Option<u64>,
}

/// Watches both directions.
pub(super) struct Tracer {
    incoming: Watch,
    outgoing: Watch,
    seen: Vec<Seen>,
}

struct Watch {
    direction: Direction,
    inflater: Option<Inflater>,
    /// A header that is not all there.
    head: Vec<u8>,
    frame: Option<Frame>,
    /// The message under way is compressed.
    is_compressed: bool,
}

struct Frame {
    header: Header,
    passed: u64,
    inflated: u64,
    beginning: Vec<u8>,
}

impl Tracer {
    pub(super) fn new(side: Side, deflate: Option<Agreed>) -> Self {
        let watch = |direction| {
            let from_client = (side == Side::Client) == (direction == Direction::Out);
            let terms = deflate.map(|agreed| if from_client { agreed.client } else { agreed.server });
            Watch { direction, inflater: terms.map(Inflater::new), head: Vec::new(), frame: None, is_compressed: false }
        };
        Self { incoming: watch(Direction::In), outgoing: watch(Direction::Out), seen: Vec::new() }
    }

    pub(super) fn came_in(&mut self, bytes: &[u8]) {
        self.incoming.pass(bytes, &mut self.seen);
    }

    pub(super) fn went_out(&mut self, bytes: &[u8]) {
        self.outgoing.pass(bytes, &mut self.seen);
    }

    /// The frames since the last time.
    pub(super) fn take(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }
}

impl Watch {
    fn pass(&mut self, mut bytes: &[u8], seen: &mut Vec<Seen>) {
        loop {
            if self.frame.is_none() {
                let [next, rest @ ..] = bytes else { return };
                self.head.push(*next);
                bytes = rest;
                let Some(found) = Header::read(&self.head) else { continue };
                self.head.clear();
                let header = found.header;
                if !header.is_control() && header.opcode != frame::CONTINUATION {
                    self.is_compressed = header.rsv & frame::RSV1 != 0;
                }
                self.frame = Some(Frame { header, passed: 0, inflated: 0, beginning: Vec::new() });
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
            seen.push(self.finish(frame));
        }
    }

    fn look(&mut self, frame: &mut Frame, payload: &[u8]) {
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

    fn finish(&mut self, mut frame: Frame) -> Seen {
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
        let Frame { header, beginning, .. } = frame;
        Seen { at: now(), direction: self.direction, header, inflated, beginning, carries: None }
    }
}

impl Frame {
    fn begin(&mut self, payload: &[u8]) {
        let room = BEGINNING - self.beginning.len();
        self.beginning.extend_from_slice(&payload[..payload.len().min(room)]);
    }
}

impl Seen {
    /// A frame that was made by hand, and so has no meaning that could be followed.
    pub(super) fn handmade(frame: &Handmade, mask: Option<[u8; 4]>) -> Self {
        let (header, carried) = (frame.header(mask), frame.payload.len());
        Self {
            at: now(),
            direction: Direction::Out,
            header,
            inflated: None,
            beginning: frame.payload[..carried.min(BEGINNING)].to_vec(),
            carries: Some(carried as u64).filter(|carried| *carried != header.length),
        }
    }

    /// The frame in words: `< text FIN RSV1, no mask, 7 bytes that inflate to 5: "Hello"`
    pub(crate) fn shown(&self) -> String {
        let Header { fin, opcode, mask, length, .. } = self.header;
        let direction = if self.direction == Direction::In { '<' } else { '>' };
        let mut bits = if fin { " FIN".to_owned() } else { String::new() };
        for (bit, name) in [(4, " RSV1"), (2, " RSV2"), (1, " RSV3")] {
            bits += if self.header.rsv & bit != 0 { name } else { "" };
        }
        let mask = mask.map_or_else(|| "no mask".to_owned(), |key| format!("mask {:08x}", u32::from_be_bytes(key)));
        let inflated = self.inflated.map_or_else(String::new, |size| format!(" that inflate to {size}"));
        let carries = self.carries.map_or_else(String::new, |size| format!(" claimed, {size} sent"));
        let more =
            if self.inflated.or(self.carries).unwrap_or(length) > self.beginning.len() as u64 { "…" } else { "" };
        let beginning = self.beginning.escape_ascii();
        format!("{direction} {}{bits}, {mask}, {length} bytes{inflated}{carries}: \"{beginning}\"{more}", name(opcode))
    }
}

/// What an opcode is called.
pub(crate) fn name(opcode: u8) -> String {
    match opcode {
        frame::CONTINUATION => "continuation".to_owned(),
        frame::TEXT => "text".to_owned(),
        frame::BINARY => "binary".to_owned(),
        frame::CLOSE => "close".to_owned(),
        9 => "ping".to_owned(),
        10 => "pong".to_owned(),
        other => format!("opcode {other}"),
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
            let shown: Vec<_> = tracer.take().iter().map(Seen::shown).collect();
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
    fn what_goes_out_is_told_unmasked() {
        let mut tracer = Tracer::new(Side::Client, None);
        tracer.went_out(b"\x01\x82\x01\x02\x03\x04\x60\x60");
        let seen = tracer.take();
        assert_eq!(seen[0].shown(), r#"> text, mask 01020304, 2 bytes: "ab""#);
        assert!(tracer.take().is_empty());
    }
}
