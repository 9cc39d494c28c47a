//! An open connection, frame by frame: nothing is checked here, and nothing is put right.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use crate::conformance::case::FrameStep;
use crate::conformance::frames;
use crate::conformance::observed::{HeardEnd, HeardFrame};
use crate::dial::Stream;
use crate::message::Direction;
use crate::term::Talk;
use crate::wire::frame::{self, CLOSE, FrameHeader, PING, PONG, Side, TEXT};
use crate::wire::raw_frame::{Masking, RawFrame};
use crate::wire::trace::WireEvent;

/// So much is kept of what a server sends: twice the largest message.
const MOST_BYTES: usize = 2 * frames::LARGEST;

const MOST_FRAMES: usize = 1 << 16;

/// A connection that is open.
pub(super) struct Conversation<'t> {
    stream: Stream,
    buffer: BytesMut,
    pub(super) heard: Vec<HeardFrame>,
    heard_bytes: usize,
    pub(super) end: HeardEnd,
    /// Whether pings of the server are answered.
    pub(super) answers: bool,
    /// `--frames`
    shown: Option<&'t Talk>,
}

impl<'t> Conversation<'t> {
    pub(super) fn new(stream: Stream, leftover: Bytes, shown: Option<&'t Talk>) -> Self {
        let buffer = BytesMut::from(leftover);
        Self { stream, buffer, heard: Vec::new(), heard_bytes: 0, end: HeardEnd::Open, answers: true, shown }
    }

    /// Sends what the steps say; ends early when the server has gone, which the reading will tell.
    pub(super) async fn play(&mut self, steps: &[FrameStep], wait: Duration) {
        let until = Instant::now() + wait;
        let mut together = BytesMut::new();
        for step in steps {
            let frames = frames::of_step(*step);
            if let FrameStep::Dripped(_) = step {
                self.put(&mut together, until).await;
                let mut bytes = self.bytes_of(&frames);
                while bytes.has_remaining() {
                    self.put(&mut bytes.split_to(1), until).await;
                }
            } else {
                together.extend_from_slice(&self.bytes_of(&frames));
            }
        }
        self.put(&mut together, until).await;
    }

    /// Sends text messages.
    pub(super) async fn say(&mut self, texts: &[String], wait: Duration) {
        for text in texts {
            self.send(TEXT, Bytes::copy_from_slice(text.as_bytes()), Instant::now() + wait).await;
        }
    }

    /// Sends a ping.
    pub(super) async fn ping(&mut self, payload: &'static [u8], wait: Duration) {
        self.send(PING, Bytes::from_static(payload), Instant::now() + wait).await;
    }

    /// Sends a Close 1000, and waits for the end, shortly.
    pub(super) async fn leave(mut self, wait: Duration) {
        if self.end == HeardEnd::Open {
            self.send(CLOSE, Bytes::from_static(&[0x03, 0xe8]), Instant::now() + wait).await;
            self.hears(wait, HeardFrame::is_close).await;
        }
        let _ = timeout_at(Instant::now() + wait, self.stream.shutdown()).await;
    }

    /// Reads until enough has come, the connection has ended, or the time is up; tells whether it was enough.
    pub(super) async fn listen(&mut self, wait: Duration, is_enough: impl Fn(&[HeardFrame]) -> bool) -> bool {
        let until = Instant::now() + wait;
        let mut looked_at = None;
        loop {
            while self.end != HeardEnd::Flooded && self.take_frame(until).await {}
            if looked_at.replace(self.heard.len()) != Some(self.heard.len()) && is_enough(&self.heard) {
                return true;
            }
            if self.end != HeardEnd::Open {
                return false;
            }
            self.buffer.reserve(64 << 10);
            match timeout_at(until, self.stream.read_buf(&mut self.buffer)).await {
                Ok(Ok(0) | Err(_)) => self.end = HeardEnd::Ended,
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    /// The same, until such a frame has come.
    pub(super) async fn hears(&mut self, wait: Duration, is_it: impl Fn(&HeardFrame) -> bool) -> bool {
        self.listen(wait, |heard| heard.iter().any(&is_it)).await
    }

    /// What was heard since the last time.
    pub(super) fn take_heard(&mut self) -> Vec<HeardFrame> {
        self.heard_bytes = 0;
        std::mem::take(&mut self.heard)
    }

    /// Takes a frame out of what has come, and answers a ping.
    async fn take_frame(&mut self, until: Instant) -> bool {
        let Some(found) = FrameHeader::read(&self.buffer) else { return false };
        let (header, header_size) = (found.header, found.size);
        let is_too_long = header.length > MOST_BYTES as u64 || self.heard.len() >= MOST_FRAMES;
        if is_too_long || self.heard_bytes + header.length as usize > MOST_BYTES {
            self.end = HeardEnd::Flooded;
            return false;
        }
        if self.buffer.len() < header_size + header.length as usize {
            return false;
        }
        self.buffer.advance(header_size);
        let mut payload = self.buffer.split_to(header.length as usize);
        if let Some(key) = header.mask {
            frame::mask(&mut payload, key, 0);
        }
        let heard = HeardFrame { header, header_size, payload: payload.freeze() };
        self.heard_bytes += heard.payload.len();
        self.show(|| WireEvent::of_frame(Direction::In, header, &heard.payload));
        if heard.is_ping() && self.answers {
            self.send(PONG, heard.payload.clone(), until).await;
        }
        self.heard.push(heard);
        true
    }

    async fn send(&mut self, opcode: u8, payload: Bytes, until: Instant) {
        let frame = RawFrame { fin: true, rsv: 0, opcode, masking: Masking::Usual, claim: None, payload };
        let mut bytes = self.bytes_of(&[frame]);
        self.put(&mut bytes, until).await;
    }

    /// The frames as they go over the wire.
    fn bytes_of(&self, frames: &[RawFrame]) -> BytesMut {
        let mut bytes = BytesMut::new();
        for frame in frames {
            let mask = frame.mask(Side::Client, fastrand::u32(..).to_ne_bytes());
            frame.write(mask, &mut bytes);
            self.show(|| WireEvent::handmade(frame, mask));
        }
        bytes
    }

    /// Writes all of it, and reads meanwhile: a server that sends back what it gets would else wait for us for ever.
    async fn put(&mut self, bytes: &mut BytesMut, until: Instant) {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        while bytes.has_remaining() && self.end == HeardEnd::Open && self.buffer.len() < MOST_BYTES {
            self.buffer.reserve(16 << 10);
            let moved = async {
                tokio::select! {
                    biased;
                    read = reader.read_buf(&mut self.buffer) => read.and_then(|count| match count {
                        0 => Err(io::ErrorKind::UnexpectedEof.into()),
                        _ => Ok(()),
                    }),
                    written = writer.write_buf(bytes) => written.map(drop),
                }
            };
            match timeout_at(until, moved).await {
                Ok(Ok(())) => {}
                // What it said before it left is still to be read.
                Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => break,
                Ok(Err(_)) => self.end = HeardEnd::Ended,
                Err(_) => break,
            }
        }
        let _ = timeout_at(until, writer.flush()).await;
        bytes.clear();
    }

    fn show(&self, event: impl FnOnce() -> WireEvent) {
        if let Some(talk) = self.shown {
            talk.frame(&event().shown());
        }
    }
}
