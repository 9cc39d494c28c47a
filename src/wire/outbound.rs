//! What goes out: messages become frames, compressed where that was negotiated, in pieces of bounded size.
//!
//! Plain code; `stream` masks the frames and writes them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::compression_stats::CompressionStats;
use super::deflate::{Deflater, Terms};
use super::frame;

/// A larger message goes out in frames of this size: a ping may go between them, and the buffer for them stays small.
const LARGEST_FRAME: usize = 64 << 10;

/// A shorter message gains nothing.
const SHORTEST_COMPRESSED: usize = 64;

/// Turns messages into frames.
pub(super) struct Outbound {
    deflater: Option<Deflater>,
    /// `--fragment`: the payload of a frame at most.
    fragment: Option<usize>,
    tally: Arc<CompressionStats>,
    message: Option<OutboundMessage>,
    /// Whole messages that came between the parts of another.
    held: VecDeque<(u8, Bytes)>,
}

/// A frame without its mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutboundFrame {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: u8,
    pub(super) payload: Bytes,
}

/// A message under way.
struct OutboundMessage {
    /// That of its next frame.
    opcode: u8,
    is_compressed: bool,
    /// What is still to be sent of what was given.
    rest: Bytes,
    is_last: bool,
    /// What it has been compressed to and was not sent yet.
    deflated: BytesMut,
    is_deflated: bool,
}

impl Outbound {
    pub(super) fn new(deflate: Option<Terms>, fragment: Option<usize>, tally: Arc<CompressionStats>) -> Self {
        Self { deflater: deflate.and_then(Deflater::new), fragment, tally, message: None, held: VecDeque::new() }
    }

    /// Changes the size of frames, from the next one on.
    pub(super) fn fragment(&mut self, size: Option<usize>) {
        self.fragment = size;
    }

    /// Whether a message of this length is a frame as it is, and may go before all else.
    pub(super) fn lets_pass(&self, length: usize) -> bool {
        let is_plain = self.deflater.is_none() || length < SHORTEST_COMPRESSED;
        is_plain && length <= self.fragment.unwrap_or(LARGEST_FRAME) && self.message.is_none()
    }

    /// Takes a whole message; one that comes between the parts of another has to wait for them.
    pub(super) fn push(&mut self, opcode: u8, data: Bytes) {
        if self.message.is_some() {
            self.held.push_back((opcode, data));
        } else {
            self.push_part(opcode, data, true);
        }
    }

    /// Takes a part of a message.
    pub(super) fn push_part(&mut self, opcode: u8, data: Bytes, is_last: bool) {
        if let Some(message) = &mut self.message {
            message.rest = data;
            message.is_last = is_last;
            return;
        }
        let mut is_compressed = self.deflater.is_some() && (!is_last || data.len() >= SHORTEST_COMPRESSED);
        let mut message = OutboundMessage {
            opcode,
            is_compressed,
            rest: data,
            is_last,
            deflated: BytesMut::new(),
            is_deflated: false,
        };
        if let Some(deflater) = self.deflater.as_mut().filter(|_| is_compressed && is_last)
            && message.rest.len() <= LARGEST_FRAME
        {
            let deflated = deflater.message(&message.rest);
            // Where the next message does not build on this one, it may go as it is.
            is_compressed = !deflater.forgets() || deflated.len() < message.rest.len();
            if is_compressed {
                self.tally.sent(deflated.len(), message.rest.len());
                message.rest = Bytes::new();
                message.deflated = Bytes::from(deflated).into();
                message.is_deflated = true;
            }
            message.is_compressed = is_compressed;
        }
        self.message = Some(message);
    }

    /// The next frame; none when all that was pushed has been taken.
    pub(super) fn next(&mut self) -> Option<OutboundFrame> {
        let largest = self.fragment.unwrap_or(LARGEST_FRAME);
        let message = self.message.as_mut()?;
        let (payload, fin) = if message.is_compressed {
            let deflater = self.deflater.as_mut().expect("it was there when the message began");
            message.deflate(deflater, largest, &self.tally)?
        } else {
            if message.rest.is_empty() && !message.is_last {
                return None;
            }
            let payload = message.rest.split_to(message.rest.len().min(largest));
            (payload, message.rest.is_empty() && message.is_last)
        };
        let opcode = std::mem::replace(&mut message.opcode, frame::CONTINUATION);
        let rsv1 = message.is_compressed && opcode != frame::CONTINUATION;
        if fin {
            self.message = None;
            if let Some((opcode, data)) = self.held.pop_front() {
                self.push_part(opcode, data, true);
            }
        }
        Some(OutboundFrame { fin, rsv1, opcode, payload })
    }
}

impl OutboundMessage {
    /// The payload of the next frame, and whether it is the last; none while more is needed to fill one.
    fn deflate(&mut self, deflater: &mut Deflater, largest: usize, tally: &CompressionStats) -> Option<(Bytes, bool)> {
        while self.deflated.len() <= largest && !self.is_deflated {
            let mut deflated = Vec::new();
            let piece = self.rest.split_to(self.rest.len().min(LARGEST_FRAME));
            if !piece.is_empty() {
                deflater.push(&piece, &mut deflated);
            } else if self.is_last {
                deflater.finish(&mut deflated);
                self.is_deflated = true;
            } else {
                return None;
            }
            tally.sent(deflated.len(), piece.len());
            self.deflated.extend_from_slice(&deflated);
        }
        let fin = self.is_deflated && self.deflated.len() <= largest;
        let payload = self.deflated.split_to(self.deflated.len().min(largest));
        Some((payload.freeze(), fin))
    }
}
