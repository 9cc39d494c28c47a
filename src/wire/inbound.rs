//! What comes in: rules, sizes and UTF-8 are checked as the bytes arrive, and messages are put together and inflated.
//!
//! Plain code: bytes in, messages out. Control frames are checked here, and go on to tungstenite as they came.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};

use super::compression_stats::CompressionStats;
use super::deflate::{Inflater, Terms};
use super::fault::Fault;
use super::frame::{self, Found, FrameHeader, Rules, Side, SmallFrame};
use super::incoming::Incoming;
use super::utf8::{NotUtf8, Utf8};
use crate::events::MessageBatch;
use crate::message::{DataKind, Message, Part};

/// A message that is handed up in parts is larger than this.
pub(super) const PIECE: usize = 64 << 10;

/// A run of messages ends when this many bytes of the block are in it, or this many messages: what is made of them is
/// looked at before there is more.
const LONGEST_RUN: (usize, usize) = (64 << 10, 4 << 10);

/// How to take what comes.
#[derive(Clone, Debug)]
pub(super) struct InboundOptions {
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
    pub(super) tally: Arc<CompressionStats>,
}

/// Follows the frames of one connection.
pub(super) struct Inbound {
    rules: Rules,
    max_message: u64,
    parts: bool,
    runs: bool,
    pongs: bool,
    inflater: Option<Inflater>,
    tally: Arc<CompressionStats>,
    state: InboundState,
    message: Option<InboundMessage>,
    /// How many bytes of messages have been taken, their frames' headers included.
    taken: u64,
    /// What the Close carried.
    close: Option<Bytes>,
    /// Where a step of inflating writes to.
    room: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum InboundState {
    Header,
    Payload(FramePayload),
    /// A Close has come: what follows means nothing (RFC 6455, section 5.5.1).
    Over,
}

/// The rest of a frame of data.
#[derive(Clone, Copy, Debug)]
struct FramePayload {
    left: u64,
    mask: Option<[u8; 4]>,
    /// Bytes of it that have been unmasked.
    unmasked: u64,
    /// How many of those still wait to be taken. Of a message that goes up whole, they wait for the end of their frame.
    clear: usize,
    fin: bool,
}

/// A data message under way.
#[derive(Debug)]
struct InboundMessage {
    kind: DataKind,
    is_compressed: bool,
    /// It is so large that it goes up in parts.
    in_parts: bool,
    size: u64,
    text: Utf8,
    /// What has not gone up yet.
    body: BytesMut,
}

impl Inbound {
    pub(super) fn new(taking: InboundOptions) -> Self {
        Self {
            rules: Rules { side: taking.side, deflate: taking.deflate.is_some() },
            max_message: taking.max_message as u64,
            parts: taking.parts,
            runs: taking.runs,
            pongs: taking.pongs,
            inflater: taking.deflate.map(Inflater::new),
            tally: taking.tally,
            state: InboundState::Header,
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
        matches!(self.state, InboundState::Header | InboundState::Over)
    }

    /// Takes the next message or part from `waiting`; none when more has to come first, or when a control frame has been
    /// moved to `control`.
    ///
    /// # Errors
    /// After a fault nothing more comes.
    pub(super) fn next(&mut self, waiting: &mut BytesMut, control: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        loop {
            match self.state {
                InboundState::Over => {
                    waiting.clear();
                    return Ok(None);
                }
                InboundState::Payload(payload) if self.lacks(&payload, waiting) => return Ok(None),
                InboundState::Payload(payload) => {
                    if let Some(incoming) = self.take(payload, waiting)? {
                        return Ok(Some(incoming));
                    }
                }
                InboundState::Header => {
                    if let Some(run) = self.take_run(waiting) {
                        self.taken += run.size() as u64;
                        return Ok(Some(Incoming::Run(run)));
                    }
                    let Some(found) = FrameHeader::read(waiting) else { return Ok(None) };
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
    fn take_run(&self, waiting: &mut BytesMut) -> Option<MessageBatch> {
        if !self.runs || self.message.is_some() {
            return None;
        }
        let (bytes, messages) = LONGEST_RUN;
        let first = *waiting.first()?;
        let kind = match first ^ frame::FIN {
            frame::TEXT => DataKind::Text,
            frame::BINARY => DataKind::Binary,
            _ => return None,
        };
        // One by itself goes up as it is.
        self.small(first, waiting, self.small(first, waiting, 0)?.span.end)?;
        let (mut spans, mut end) = (Vec::new(), 0);
        while end < bytes
            && spans.len() < messages
            && let Some(small) = self.small(first, waiting, end)
            && small.unmask(kind, waiting)
        {
            spans.push(small.span);
            end = small.span.end;
        }
        (!spans.is_empty()).then(|| MessageBatch::new(kind, waiting.split_to(end).freeze(), spans))
    }

    fn small(&self, first: u8, waiting: &[u8], at: usize) -> Option<SmallFrame> {
        let small = SmallFrame::read(first, self.rules.side == Side::Server, waiting, at)?;
        ((small.span.end - small.span.start) as u64 <= self.max_message).then_some(small)
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
                self.state = InboundState::Over;
                self.close = Some(payload.freeze());
            }
            // tungstenite would answer it.
            frame::PING if !self.pongs => return Ok(Some(Incoming::Ping(payload.freeze()))),
            _ => {}
        }
        control.extend_from_slice(frame);
        Ok(None)
    }

    fn check_size(&self, header: &FrameHeader) -> Result<(), Fault> {
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
    fn begin(&mut self, header: &FrameHeader) {
        let message = self.message.get_or_insert_with(|| InboundMessage {
            kind: kind_of(header),
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
        self.state = InboundState::Payload(FramePayload {
            left: header.length,
            mask: header.mask,
            unmasked: 0,
            clear: 0,
            fin: header.fin,
        });
    }

    /// How many bytes the frame under way lacks that is kept in `waiting` until it is whole.
    pub(super) fn missing(&self, waiting: &[u8]) -> usize {
        match self.state {
            InboundState::Payload(payload) if self.goes_up_whole() => {
                usize::try_from(payload.left).unwrap_or(usize::MAX).saturating_sub(waiting.len())
            }
            _ => 0,
        }
    }

    /// Whether the message under way is handed up in one piece, as it came.
    fn goes_up_whole(&self) -> bool {
        self.message.as_ref().is_some_and(|message| !message.is_compressed && !message.in_parts)
    }

    /// Whether nothing can be done before more comes.
    fn lacks(&self, payload: &FramePayload, waiting: &[u8]) -> bool {
        let known = if self.goes_up_whole() { payload.clear } else { 0 };
        payload.left > known as u64 && waiting.len() <= known
    }

    /// Takes some of a payload, and returns what goes up of its message.
    fn take(&mut self, mut payload: FramePayload, waiting: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        let here = payload.left.min(waiting.len() as u64) as usize;
        let known = payload.clear;
        if let Some(key) = payload.mask {
            frame::mask(&mut waiting[known..here], key, payload.unmasked);
            payload.unmasked += (here - known) as u64;
        }
        payload.clear = here;
        let is_done = if self.message.as_ref().is_some_and(|message| message.is_compressed) {
            self.inflate(&mut payload, here, waiting)?
        } else {
            self.take_plain(&mut payload, known..here, waiting)?
        };
        let frame_ends = payload.left == 0 && is_done;
        self.state = if frame_ends { InboundState::Header } else { InboundState::Payload(payload) };
        if frame_ends && payload.fin {
            return self.message.take().expect("it was there a moment ago").end().map(Some);
        }
        Ok(self.message.as_mut().and_then(InboundMessage::part))
    }

    /// Takes what is not compressed, of which `new` has not been looked at.
    fn take_plain(
        &mut self,
        payload: &mut FramePayload,
        new: Range<usize>,
        waiting: &mut BytesMut,
    ) -> Result<bool, Fault> {
        let message = self.message.as_mut().expect("a payload is of a message");
        let here = new.end;
        self.taken += new.len() as u64;
        message.push(&waiting[new])?;
        if !message.in_parts && (here as u64) < payload.left {
            return Ok(false);
        }
        let bytes = waiting.split_to(here);
        if message.body.is_empty() {
            message.body = bytes;
        } else {
            message.body.extend_from_slice(&bytes);
        }
        payload.left -= here as u64;
        payload.clear = 0;
        Ok(true)
    }

    /// Takes a step of inflating what is `here`; says whether all that was here is inflated.
    fn inflate(&mut self, payload: &mut FramePayload, here: usize, waiting: &mut BytesMut) -> Result<bool, Fault> {
        let inflater = self.inflater.as_mut().expect("compression was agreed on");
        let message = self.message.as_mut().expect("a payload is of a message");
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
        payload.left -= used as u64;
        payload.clear -= used;
        self.taken += used as u64;
        Ok(is_done)
    }
}

impl SmallFrame {
    /// Unmasks it; text that is not UTF-8 is left as it came.
    fn unmask(&self, kind: DataKind, waiting: &mut [u8]) -> bool {
        let payload = &mut waiting[self.span.start..self.span.end];
        self.turn(payload);
        let is_right = kind == DataKind::Binary || std::str::from_utf8(payload).is_ok();
        if !is_right {
            self.turn(payload);
        }
        is_right
    }

    fn turn(&self, payload: &mut [u8]) {
        if let Some(key) = self.mask {
            frame::mask(payload, key, 0);
        }
    }
}

impl InboundMessage {
    fn push(&mut self, added: &[u8]) -> Result<(), NotUtf8> {
        match self.kind {
            DataKind::Text => self.text.push(added),
            DataKind::Binary => Ok(()),
        }
    }

    /// What may go up before the rest is there.
    fn part(&mut self) -> Option<Incoming> {
        // Inflating makes small pieces.
        let is_worth_it = self.in_parts && (!self.is_compressed || self.body.len() >= PIECE) && !self.body.is_empty();
        is_worth_it.then(|| {
            let data = std::mem::take(&mut self.body).freeze();
            Incoming::Part(Part { kind: self.kind, data, is_last: false })
        })
    }

    /// What goes up at last.
    fn end(mut self) -> Result<Incoming, Fault> {
        if self.kind == DataKind::Text {
            self.text.finish()?;
        }
        let data = self.body.freeze();
        if self.in_parts {
            return Ok(Incoming::Part(Part { kind: self.kind, data, is_last: true }));
        }
        message(self.kind, data)
    }
}

/// Takes a message that is one frame and all here.
fn take_whole(header: &FrameHeader, waiting: &mut BytesMut) -> Result<Incoming, Fault> {
    let mut data = waiting.split_to(header.length as usize);
    if let Some(key) = header.mask {
        frame::mask(&mut data, key, 0);
    }
    message(kind_of(header), data.freeze())
}

/// Of the first frame of a data message.
fn kind_of(header: &FrameHeader) -> DataKind {
    if header.opcode == frame::TEXT { DataKind::Text } else { DataKind::Binary }
}

fn message(kind: DataKind, data: Bytes) -> Result<Incoming, Fault> {
    let message = Message::new(kind, data.clone());
    Ok(Incoming::Message(message.map_err(|_| Utf8::check(&data).expect_err("the text is refused for that"))?))
}

impl From<NotUtf8> for Fault {
    fn from(wrong: NotUtf8) -> Self {
        Self::NotUtf8(wrong)
    }
}
