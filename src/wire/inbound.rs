//! What comes in, between the transport and tungstenite: rules, sizes and UTF-8 are checked as the bytes arrive, and
//! compressed messages are inflated into ordinary frames.
//!
//! Plain code: bytes in, bytes out. Frames that need no change pass in runs, untouched.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};

use super::deflate::{Inflater, Terms};
use super::frame::{self, Found, Header, Rules};
use super::tally::Tally;
use super::utf8::{NotUtf8, Utf8};
use super::{Fault, Side};

/// The payload of the frames that are made here, and so of the parts of a large message.
pub(super) const PIECE: usize = 64 << 10;

/// How to take what comes.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    pub(super) side: Side,
    pub(super) max_message: usize,
    /// How the peer compresses, if it may.
    pub(super) deflate: Option<Terms>,
    /// Whether large messages are handed up in parts.
    pub(super) parts: bool,
    pub(super) tally: Arc<Tally>,
}

/// Follows the frames of one connection.
pub(super) struct Inbound {
    rules: Rules,
    max_message: u64,
    parts: bool,
    inflater: Option<Inflater>,
    tally: Arc<Tally>,
    state: State,
    message: Option<Message>,
    /// Bytes of a header that do not go up.
    skip: usize,
    /// The payload of the frame that is being made, as far as `filled`.
    piece: Vec<u8>,
    filled: usize,
    /// Data messages that have gone up whole, parts counted as such.
    risen: u64,
    marks: VecDeque<Mark>,
}

/// A message that goes up as a part: tungstenite sees a binary message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its place among all that go up.
    place: u64,
    pub(super) is_text: bool,
    pub(super) is_last: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Payload(Payload),
    /// A Close has come: what follows means nothing (RFC 6455, section 5.5.1).
    Over,
}

/// The rest of a frame.
#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    mask: Option<[u8; 4]>,
    /// Bytes of it that have been unmasked.
    unmasked: u64,
    /// How many of those still wait to be taken.
    clear: usize,
    fin: bool,
    course: Course,
}

/// What happens to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// A control frame goes up as it is.
    Control,
    Pass,
    Copy,
    Inflate,
}

/// A data message under way.
#[derive(Debug)]
struct Message {
    opcode: u8,
    course: Course,
    size: u64,
    text: Option<Utf8>,
    /// Some of it has gone up.
    has_risen: bool,
}

impl Inbound {
    pub(super) fn new(taking: Taking) -> Self {
        Self {
            rules: Rules { side: taking.side, deflate: taking.deflate.is_some() },
            max_message: taking.max_message as u64,
            parts: taking.parts,
            inflater: taking.deflate.map(Inflater::new),
            tally: taking.tally,
            state: State::Header,
            message: None,
            skip: 0,
            piece: Vec::new(),
            filled: 0,
            risen: 0,
            marks: VecDeque::new(),
        }
    }

    /// Whether the data message at this place of those that went up is a part of a larger one.
    pub(super) fn mark(&mut self, place: u64) -> Option<Mark> {
        self.marks.pop_front_if(|mark| mark.place == place)
    }

    /// Whether what comes next may go up as it is, so that it need not be kept first.
    pub(super) fn is_passing(&self) -> bool {
        match self.state {
            State::Header => true,
            State::Payload(payload) => matches!(payload.course, Course::Control | Course::Pass),
            State::Over => false,
        }
    }

    /// Whether more goes up without more input: what zlib holds back, or the end of a message.
    pub(super) fn has_more(&self) -> bool {
        matches!(self.state, State::Payload(Payload { left: 0, course: Course::Copy | Course::Inflate, .. }))
    }

    /// How many of these bytes go up as they are; what is left is for [`step`](Self::step).
    ///
    /// # Errors
    /// Also with the number of good bytes before the fault.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<usize, (usize, Fault)> {
        let mut at = 0;
        loop {
            match self.state {
                State::Over => return Ok(at),
                State::Payload(Payload { course: Course::Copy | Course::Inflate, .. }) => return Ok(at),
                State::Payload(payload) => {
                    let here = payload.left.min((bytes.len() - at) as u64) as usize;
                    let passed = self.pass_payload(payload, &bytes[at..at + here]);
                    passed.map_err(|fault| (at, fault))?;
                    at += here;
                    if matches!(self.state, State::Payload(_)) {
                        return Ok(at);
                    }
                }
                State::Header => {
                    let Some(found) = Header::read(&bytes[at..]) else { return Ok(at) };
                    self.rules.check(&found, self.message.is_some()).map_err(|fault| (at, fault))?;
                    let payload = &bytes[at + found.size..];
                    if found.header.opcode == frame::CLOSE {
                        let Some(close) = payload.get(..found.header.length as usize) else { return Ok(at) };
                        check_close(&found.header, close).map_err(|fault| (at, fault))?;
                        at += found.size + close.len();
                        self.state = State::Over;
                        continue;
                    }
                    let course = self.enter(&found, payload.len() as u64).map_err(|fault| (at, fault))?;
                    if matches!(course, Course::Copy | Course::Inflate) {
                        self.skip = found.size;
                        return Ok(at);
                    }
                    at += found.size;
                }
            }
        }
    }

    /// Takes from `waiting` and appends to `ready` what goes up; leaves off when more input is needed, or when enough
    /// is ready.
    ///
    /// # Errors
    /// After a fault nothing more comes.
    pub(super) fn step(&mut self, waiting: &mut BytesMut, ready: &mut BytesMut) -> Result<(), Fault> {
        while ready.len() < PIECE {
            let (passed, fault) = match self.pass(waiting) {
                Ok(passed) => (passed, None),
                Err((passed, fault)) => (passed, Some(fault)),
            };
            ready.extend_from_slice(&waiting[..passed]);
            waiting.advance(passed + std::mem::take(&mut self.skip));
            if let Some(fault) = fault {
                return Err(fault);
            }
            match self.state {
                State::Over => {
                    waiting.clear();
                    return Ok(());
                }
                State::Payload(payload) if matches!(payload.course, Course::Copy | Course::Inflate) => {
                    if !self.take(payload, waiting, ready)? {
                        return Ok(());
                    }
                }
                State::Header | State::Payload(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Begins a frame that follows the rules; `here` is how much of its payload has come with it.
    fn enter(&mut self, found: &Found, here: u64) -> Result<Course, Fault> {
        let header = &found.header;
        let payload =
            |course| Payload { left: header.length, mask: header.mask, unmasked: 0, clear: 0, fin: header.fin, course };
        if header.is_control() {
            self.state = State::Payload(payload(Course::Control));
            return Ok(Course::Control);
        }
        if header.opcode != frame::CONTINUATION {
            let is_large = !header.fin || header.length > PIECE as u64;
            let course = match (header.rsv == frame::RSV1, self.parts && is_large) {
                (true, _) => Course::Inflate,
                (false, true) => Course::Copy,
                (false, false) => Course::Pass,
            };
            // tungstenite checks a text that is all here.
            let is_here = course == Course::Pass && header.fin && here >= header.length;
            let text = (header.opcode == frame::TEXT && !is_here).then(Utf8::default);
            self.message = Some(Message { opcode: header.opcode, course, size: 0, text, has_risen: false });
        }
        let message = self.message.as_mut().expect("the rules allow no continuation without a message");
        let course = message.course;
        if course != Course::Inflate {
            message.size = message.size.saturating_add(header.length);
            if message.size > self.max_message {
                return Err(Fault::TooBig { limit: self.max_message as usize });
            }
        }
        self.state = State::Payload(payload(course));
        Ok(course)
    }

    /// Looks at a payload that goes up as it is.
    fn pass_payload(&mut self, mut payload: Payload, bytes: &[u8]) -> Result<(), Fault> {
        let is_data = payload.course == Course::Pass;
        if is_data && let Some(text) = self.message.as_mut().and_then(|message| message.text.as_mut()) {
            match payload.mask {
                None => text.push(bytes)?,
                Some(key) => push_masked(text, bytes, key, payload.unmasked)?,
            }
        }
        payload.unmasked += bytes.len() as u64;
        payload.left -= bytes.len() as u64;
        if payload.left > 0 {
            self.state = State::Payload(payload);
            return Ok(());
        }
        self.state = State::Header;
        if is_data && payload.fin {
            self.end_text()?;
            self.message = None;
            self.risen += 1;
        }
        Ok(())
    }

    /// Takes some of a payload that does not go up as it is; false when more input is needed.
    fn take(&mut self, mut payload: Payload, waiting: &mut BytesMut, ready: &mut BytesMut) -> Result<bool, Fault> {
        let here = payload.left.min(waiting.len() as u64) as usize;
        if let Some(key) = payload.mask {
            frame::mask(&mut waiting[payload.clear..here], key, payload.unmasked);
            payload.unmasked += (here - payload.clear) as u64;
            payload.clear = here;
        }
        self.piece.resize(PIECE, 0);
        let room = &mut self.piece[self.filled..];
        let is_done = payload.left == 0;
        let (used, made) = match (payload.course, &mut self.inflater) {
            (Course::Inflate, Some(inflater)) if is_done && payload.fin => (0, inflater.finish(room)?),
            _ if is_done => (0, 0),
            _ if here == 0 => {
                self.state = State::Payload(payload);
                return Ok(false);
            }
            (Course::Inflate, Some(inflater)) => {
                let step = inflater.inflate(&waiting[..here], room)?;
                self.tally.received(step.used, step.made);
                (step.used, step.made)
            }
            _ => {
                let taken = here.min(room.len());
                room[..taken].copy_from_slice(&waiting[..taken]);
                (taken, taken)
            }
        };
        waiting.advance(used);
        payload.left -= used as u64;
        payload.clear = payload.clear.saturating_sub(used);
        if is_done && payload.course == Course::Inflate && payload.fin {
            self.tally.received(0, made);
        }
        self.grow(payload.course, made)?;
        // What fills the room may not have been all.
        let ends = payload.left == 0 && (is_done || payload.course == Course::Copy) && self.filled < PIECE;
        self.state = State::Payload(payload);
        if self.filled == PIECE {
            self.rise(false, ready);
        }
        if payload.left == 0 && !payload.fin {
            self.state = State::Header;
        } else if ends {
            self.state = State::Header;
            self.end_text()?;
            self.rise(true, ready);
            self.message = None;
        }
        Ok(true)
    }

    /// Takes note of what has been added to the piece.
    fn grow(&mut self, course: Course, made: usize) -> Result<(), Fault> {
        let added = &self.piece[self.filled..self.filled + made];
        self.filled += made;
        let message = self.message.as_mut().expect("a payload that is taken is of a message");
        if course == Course::Inflate {
            message.size += made as u64;
            if message.size > self.max_message {
                return Err(Fault::TooBig { limit: self.max_message as usize });
            }
        }
        if let Some(text) = &mut message.text {
            text.push(added)?;
        }
        Ok(())
    }

    /// Sends the piece up as a frame.
    fn rise(&mut self, is_last: bool, ready: &mut BytesMut) {
        let message = self.message.as_mut().expect("a piece is of a message");
        let is_whole = is_last && !message.has_risen;
        let (fin, opcode) = if self.parts && !is_whole {
            let is_text = message.opcode == frame::TEXT;
            self.marks.push_back(Mark { place: self.risen, is_text, is_last });
            (true, frame::BINARY)
        } else {
            (is_last, if message.has_risen { frame::CONTINUATION } else { message.opcode })
        };
        message.has_risen = true;
        if fin {
            self.risen += 1;
        }
        // What a client sends is masked; a key of zeros changes nothing.
        let mask = (self.rules.side == Side::Server).then_some([0; 4]);
        Header { fin, rsv: 0, opcode, mask, length: self.filled as u64 }.write(ready);
        ready.extend_from_slice(&self.piece[..self.filled]);
        self.filled = 0;
    }

    fn end_text(&mut self) -> Result<(), NotUtf8> {
        match self.message.as_mut().and_then(|message| message.text.as_mut()) {
            Some(text) => text.finish(),
            None => Ok(()),
        }
    }
}

impl From<NotUtf8> for Fault {
    fn from(NotUtf8: NotUtf8) -> Self {
        Self::NotUtf8
    }
}

fn check_close(header: &Header, payload: &[u8]) -> Result<(), Fault> {
    let mut payload = payload.to_vec();
    if let Some(key) = header.mask {
        frame::mask(&mut payload, key, 0);
    }
    frame::check_close(&payload)
}

fn push_masked(text: &mut Utf8, bytes: &[u8], key: [u8; 4], at: u64) -> Result<(), NotUtf8> {
    let mut clear = [0; 1024];
    let mut at = at;
    for bytes in bytes.chunks(clear.len()) {
        let clear = &mut clear[..bytes.len()];
        clear.copy_from_slice(bytes);
        frame::mask(clear, key, at);
        text.push(clear)?;
        at += bytes.len() as u64;
    }
    Ok(())
}
