//! What comes in: rules, sizes and UTF-8 are checked as the bytes arrive, and messages are put together and inflated.
//!
//! Plain code: bytes in, messages out. Control frames are checked here, and go on to tungstenite as they came.

use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};

use super::deflate::{Inflater, Terms};
use super::frame::{self, Found, Header, Rules};
use super::tally::Tally;
use super::utf8::{NotUtf8, Utf8};
use super::{Fault, Incoming, Side};
use crate::event::{self, Part, Run, Text};

/// A message that is handed up in parts is larger than this.
pub(super) const PIECE: usize = 64 << 10;

/// A run of messages ends when this many bytes of the block are in it, or this many messages: what is made of them is
/// looked at before there is more.
const LONGEST_RUN: (usize, usize) = (64 << 10, 4 << 10);

/// How to take what comes.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    pub(super) side: Side,
    pub(super) max_message: usize,
    /// How the peer compresses, if it may.
    pub(super) deflate: Option<Terms>,
    /// Whether large messages are handed up in parts.
    pub(super) parts: bool,
    /// Whether small messages are handed up together.
    pub(super) runs: bool,
    /// Whether pings are answered, and so concern tungstenite.
    pub(super) pongs: bool,
    pub(super) tally: Arc<Tally>,
}

/// Follows the frames of one connection.
pub(super) struct Inbound {
    rules: Rules,
    max_message: u64,
    parts: bool,
    runs: bool,
    pongs: bool,
    inflater: Option<Inflater>,
    tally: Arc<Tally>,
    state: State,
    message: Option<Message>,
    /// How many bytes of messages have been taken, their frames' headers included.
    taken: u64,
    /// What the Close carried.
    close: Option<Bytes>,
    /// Where a step of inflating writes to.
    room: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Payload(Payload),
    /// A Close has come: what follows means nothing (RFC 6455, section 5.5.1).
    Over,
}

/// The rest of a frame of data.
#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    mask: Option<[u8; 4]>,
    /// Bytes of it that have been unmasked.
    unmasked: u64,
    /// How many of those still wait to be taken.
    clear: usize,
    fin: bool,
}

/// A data message under way.
#[derive(Debug)]
struct Message {
    is_text: bool,
    is_compressed: bool,
    /// It is so large that it goes up in parts.
    in_parts: bool,
    size: u64,
    text: Utf8,
    /// What has not gone up yet.
    body: BytesMut,
}

impl Inbound {
    pub(super) fn new(taking: Taking) -> Self {
        Self {
            rules: Rules { side: taking.side, deflate: taking.deflate.is_some() },
            max_message: taking.max_message as u64,
            parts: taking.parts,
            runs: taking.runs,
            pongs: taking.pongs,
            inflater: taking.deflate.map(Inflater::new),
            tally: taking.tally,
            state: State::Header,
            message: None,
            taken: 0,
            close: None,
            room: Vec::new(),
        }
    }

    /// From now on, small messages that come together go up together.
    pub(super) fn hand_up_runs(&mut self) {
        self.runs = true;
    }

    /// Whether there is nothing to be done before more comes.
    pub(super) fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Header | State::Over)
    }

    /// Takes the next message or part from `waiting`; none when more has to come first, or when a control frame has been
    /// moved to `control`.
    ///
    /// # Errors
    /// After a fault nothing more comes.
    pub(super) fn next(&mut self, waiting: &mut BytesMut, control: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        loop {
            match self.state {
                State::Over => {
                    waiting.clear();
                    return Ok(None);
                }
                State::Payload(payload) if payload.left > 0 && waiting.is_empty() => return Ok(None),
                State::Payload(payload) => {
                    if let Some(incoming) = self.take(payload, waiting)? {
                        return Ok(Some(incoming));
                    }
                }
                State::Header => {
                    if let Some(run) = self.take_run(waiting) {
                        self.taken += run.size() as u64;
                        return Ok(Some(Incoming::Run(run)));
                    }
                    let Some(found) = Header::read(waiting) else { return Ok(None) };
                    self.rules.check(&found, self.message.is_some())?;
                    let whole = (waiting.len() - found.size) as u64 >= found.header.length;
                    if found.header.is_control() {
                        let frame = whole.then(|| waiting.split_to(found.size + found.header.length as usize));
                        return frame.map_or(Ok(None), |frame| self.take_control(&found, &frame, control));
                    }
                    self.check_size(&found.header)?;
                    waiting.advance(found.size);
                    self.taken += found.size as u64;
                    let is_small = !self.parts || found.header.length <= PIECE as u64;
                    if whole && found.header.fin && found.header.rsv == 0 && self.message.is_none() && is_small {
                        self.taken += found.header.length;
                        return take_whole(&found.header, waiting).map(Some);
                    }
                    self.begin(&found.header);
                }
            }
        }
    }

    /// Takes messages of one kind that are small, whole and all here, if there are several and nothing is wrong with them.
    fn take_run(&self, waiting: &mut BytesMut) -> Option<Run> {
        if !self.runs || self.message.is_some() || self.rules.side == Side::Server {
            return None;
        }
        let (bytes, messages) = LONGEST_RUN;
        let first = *waiting.first()?;
        let is_text = first == frame::FIN | frame::TEXT;
        if !is_text && first != frame::FIN | frame::BINARY {
            return None;
        }
        let mut places = Vec::new();
        let mut end = 0;
        while end < bytes
            && places.len() < messages
            && let Some(place) = frame::small(first, &waiting[end..], end)
            && (place.end - place.start) as u64 <= self.max_message
            && (!is_text || std::str::from_utf8(&waiting[place.start..place.end]).is_ok())
        {
            places.push(place);
            end = place.end;
        }
        (places.len() > 1).then(|| Run::new(is_text, waiting.split_to(end).freeze(), places))
    }

    /// How many bytes of messages have been taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What the peer's Close carried, if it has come.
    pub(super) fn close(&self) -> Option<&[u8]> {
        self.close.as_deref()
    }

    /// Checks a control frame, and hands it on to whom it concerns.
    fn take_control(&mut self, found: &Found, frame: &[u8], control: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        let mut payload = BytesMut::from(&frame[found.size..]);
        if let Some(key) = found.header.mask {
            frame::mask(&mut payload, key, 0);
        }
        match found.header.opcode {
            frame::CLOSE => {
                frame::check_close(&payload)?;
                self.state = State::Over;
                self.close = Some(payload.freeze());
            }
            // tungstenite would answer it.
            frame::PING if !self.pongs => return Ok(Some(Incoming::Ping(payload.freeze()))),
            _ => {}
        }
        control.extend_from_slice(frame);
        Ok(None)
    }

    fn check_size(&self, header: &Header) -> Result<(), Fault> {
        let before = self.message.as_ref().map_or(0, |message| message.size);
        let is_compressed = match &self.message {
            Some(message) => message.is_compressed,
            None => header.rsv == frame::RSV1,
        };
        // What is compressed is measured while it inflates.
        if !is_compressed && before.saturating_add(header.length) > self.max_message {
            return Err(self.too_big());
        }
        Ok(())
    }

    fn too_big(&self) -> Fault {
        Fault::TooBig { limit: self.max_message as usize }
    }

    /// Begins a frame of data that follows the rules.
    fn begin(&mut self, header: &Header) {
        let message = self.message.get_or_insert_with(|| Message {
            is_text: header.opcode == frame::TEXT,
            is_compressed: header.rsv == frame::RSV1,
            in_parts: false,
            size: 0,
            text: Utf8::default(),
            body: BytesMut::new(),
        });
        if !message.is_compressed {
            message.size += header.length;
            message.in_parts |= self.parts && message.size > PIECE as u64;
        }
        self.state =
            State::Payload(Payload { left: header.length, mask: header.mask, unmasked: 0, clear: 0, fin: header.fin });
    }

    /// Takes some of a payload, and returns what goes up of its message.
    fn take(&mut self, mut payload: Payload, waiting: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        let here = payload.left.min(waiting.len() as u64) as usize;
        if let Some(key) = payload.mask {
            frame::mask(&mut waiting[payload.clear..here], key, payload.unmasked);
            payload.unmasked += (here - payload.clear) as u64;
            payload.clear = here;
        }
        let message = self.message.as_mut().expect("a payload is of a message");
        let (used, is_done) = match self.inflater.as_mut().filter(|_| message.is_compressed) {
            None => {
                let bytes = waiting.split_to(here);
                message.push(&bytes)?;
                if message.in_parts && message.body.is_empty() {
                    message.body = bytes;
                } else {
                    message.body.extend_from_slice(&bytes);
                }
                (here, true)
            }
            Some(inflater) => {
                self.room.resize(PIECE, 0);
                let (used, made, is_done) = if payload.left > 0 {
                    let step = inflater.inflate(&waiting[..here], &mut self.room)?;
                    (step.used, step.made, false)
                } else if payload.fin {
                    let made = inflater.finish(&mut self.room)?;
                    // What fills the room may not have been all.
                    (0, made, made < PIECE)
                } else {
                    (0, 0, true)
                };
                self.tally.received(used, made);
                waiting.advance(used);
                message.size += made as u64;
                if message.size > self.max_message {
                    return Err(self.too_big());
                }
                message.push(&self.room[..made])?;
                message.body.extend_from_slice(&self.room[..made]);
                message.in_parts |= self.parts && message.size > PIECE as u64;
                (used, is_done)
            }
        };
        payload.left -= used as u64;
        self.taken += used as u64;
        payload.clear = payload.clear.saturating_sub(used);
        let frame_ends = payload.left == 0 && is_done;
        self.state = if frame_ends { State::Header } else { State::Payload(payload) };
        if frame_ends && payload.fin {
            return self.message.take().expect("it was there a moment ago").end().map(Some);
        }
        Ok(message.part())
    }
}

impl Message {
    fn push(&mut self, added: &[u8]) -> Result<(), NotUtf8> {
        if self.is_text { self.text.push(added) } else { Ok(()) }
    }

    /// What may go up before the rest is there.
    fn part(&mut self) -> Option<Incoming> {
        // Inflating makes small pieces.
        let is_worth_it = self.in_parts && (!self.is_compressed || self.body.len() >= PIECE) && !self.body.is_empty();
        is_worth_it.then(|| {
            let data = std::mem::take(&mut self.body).freeze();
            Incoming::Part(Part { is_text: self.is_text, data, is_last: false })
        })
    }

    /// What goes up at last.
    fn end(mut self) -> Result<Incoming, Fault> {
        if self.is_text {
            self.text.finish()?;
        }
        let data = self.body.freeze();
        if self.in_parts {
            return Ok(Incoming::Part(Part { is_text: self.is_text, data, is_last: true }));
        }
        message(self.is_text, data)
    }
}

/// Takes a message that is one frame and all here.
fn take_whole(header: &Header, waiting: &mut BytesMut) -> Result<Incoming, Fault> {
    let mut data = waiting.split_to(header.length as usize);
    if let Some(key) = header.mask {
        frame::mask(&mut data, key, 0);
    }
    message(header.opcode == frame::TEXT, data.freeze())
}

fn message(is_text: bool, data: Bytes) -> Result<Incoming, Fault> {
    Ok(Incoming::Message(if is_text {
        let text = Text::try_from(data.clone());
        event::Message::Text(text.map_err(|_| Utf8::check(&data).expect_err("the text is refused for that"))?)
    } else {
        event::Message::Binary(data)
    }))
}

impl From<NotUtf8> for Fault {
    fn from(wrong: NotUtf8) -> Self {
        Self::NotUtf8(wrong)
    }
}
