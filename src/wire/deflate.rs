//! permessage-deflate (RFC 7692) on single messages: from data to payloads, and back.
//!
//! Plain code: bytes in, bytes out. What was negotiated comes from `offer`. Inflating goes past `flate2`, which does not let
//! its zlib stop at the end of a block, and so cannot tell a message that ends early.

use flate2::{Compress, Compression, FlushCompress};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::fault::Fault;

/// RFC 7692, section 7.2.1: the sender cuts these four bytes off, so they go back on before inflating.
const CUT_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// zlib has no raw window of 8 bits to compress with; one of 9 inflates what was made with 8.
const SMALLEST_WINDOW: u8 = 9;

/// How one direction is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) window_bits: u8,
    /// Whether a message may refer back to those before it.
    pub(crate) takeover: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { window_bits: 15, takeover: true }
    }
}

/// Compresses messages, piece by piece.
pub(crate) struct Deflater {
    /// Made for the first message: a server may have thousands of clients that say nothing.
    zlib: Option<Compress>,
    terms: Terms,
}

impl Deflater {
    /// None for a window that cannot be compressed with: messages go as they are then, which is always allowed.
    pub(crate) fn new(terms: Terms) -> Option<Self> {
        (terms.window_bits >= SMALLEST_WINDOW).then_some(Self { zlib: None, terms })
    }

    /// Whether a message that did not get smaller may be sent as it was.
    pub(super) fn forgets(&self) -> bool {
        !self.terms.takeover
    }

    /// Appends what a piece of a message compresses to; some of it may come with a later piece.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.run(piece, FlushCompress::None, out);
    }

    /// Ends the message.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.end(&[], out);
    }

    /// A whole message.
    pub(crate) fn message(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len() / 2 + 64);
        self.end(data, &mut out);
        out
    }

    fn end(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.run(data, FlushCompress::Sync, out);
        if out.ends_with(&CUT_TAIL) {
            out.truncate(out.len() - CUT_TAIL.len());
        } else if out.is_empty() {
            // zlib flushes nothing twice; this is the beginning of an empty block, of which the tail is the rest.
            out.push(0);
        }
        if self.forgets()
            && let Some(zlib) = &mut self.zlib
        {
            zlib.reset();
        }
    }

    fn run(&mut self, mut data: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let bits = self.terms.window_bits;
        let zlib = self.zlib.get_or_insert_with(|| Compress::new_with_window_bits(Compression::default(), false, bits));
        loop {
            if out.capacity() - out.len() < 64 {
                out.reserve(out.len().max(256));
            }
            let before = zlib.total_in();
            zlib.compress_vec(data, out, flush).expect("a stream that is never finished takes all");
            data = &data[(zlib.total_in() - before) as usize..];
            // zlib has written everything if it leaves room.
            if data.is_empty() && out.len() < out.capacity() {
                return;
            }
        }
    }
}

/// Inflates messages, as far as there is room.
pub(crate) struct Inflater {
    /// Made for the first message, as above.
    zlib: Option<Inflate>,
    terms: Terms,
    /// The peer ended its stream within this message, which RFC 7692, section 7.2.3.4, allows.
    ended: bool,
    /// How much of this message has been taken since then, or since it began.
    taken: u64,
}

/// How far a step of inflating went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InflateStep {
    pub(super) used: usize,
    pub(super) made: usize,
}

impl Inflater {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { zlib: None, terms, ended: false, taken: 0 }
    }

    /// A whole message of at most `limit` bytes.
    ///
    /// # Errors
    /// It is no deflate, breaks off, or is larger.
    pub(crate) fn message(&mut self, mut payload: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
        let (mut out, mut room) = (Vec::new(), vec![0; 16 << 10]);
        while !payload.is_empty() && out.len() <= limit {
            let step = self.inflate(payload, &mut room)?;
            payload = &payload[step.used..];
            out.extend_from_slice(&room[..step.made]);
        }
        loop {
            let made = if out.len() > limit { return Err(Fault::TooBig { limit }) } else { self.finish(&mut room)? };
            out.extend_from_slice(&room[..made]);
            if made < room.len() {
                return Ok(out);
            }
        }
    }

    /// Inflates some of `payload` into `room`; neither is empty.
    ///
    /// # Errors
    /// It is not deflate.
    pub(super) fn inflate(&mut self, payload: &[u8], room: &mut [u8]) -> Result<InflateStep, Fault> {
        match self.run(payload, room, InflateFlush::SyncFlush)? {
            InflateStep { used: 0, made: 0 } => Err(Fault::Deflate("inflating it makes no progress")),
            step => Ok(step),
        }
    }

    /// Inflates what is left at the end of a message; done when there is room left.
    ///
    /// # Errors
    /// The message ends early.
    pub(super) fn finish(&mut self, room: &mut [u8]) -> Result<usize, Fault> {
        let mut made = 0;
        while made < room.len() {
            match self.run(&[], &mut room[made..], InflateFlush::SyncFlush)?.made {
                0 => return self.end().map(|()| made),
                more => made += more,
            }
        }
        Ok(made)
    }

    /// Ends a message of which nothing is left to be inflated.
    fn end(&mut self) -> Result<(), Fault> {
        let is_whole = (self.ended && self.taken == 0) || self.takes_tail()?;
        if !is_whole {
            return Err(Fault::Deflate("it ends within a block"));
        }
        if (!self.terms.takeover || self.ended)
            && let Some(zlib) = &mut self.zlib
        {
            zlib.reset(false);
        }
        (self.ended, self.taken) = (false, 0);
        Ok(())
    }

    /// Whether the tail is what the payload lacks: the rest of an empty stored block, whose beginning ended it.
    ///
    /// zlib stops at the end of a block if it is asked to. Where it goes on to the byte after the tail, or the tail came
    /// out as data or was more than the rest, the payload broke off before.
    fn takes_tail(&mut self) -> Result<bool, Fault> {
        let [a, b, c, d] = CUT_TAIL;
        let step = self.run(&[a, b, c, d, 0], &mut [0], InflateFlush::Block);
        // If the tail makes no sense, the payload before it is wrong.
        let is_rest = step.is_ok_and(|step| step == InflateStep { used: CUT_TAIL.len(), made: 0 });
        // If that block was the last of its stream, zlib says so only now.
        Ok(is_rest && self.run(&[], &mut [0], InflateFlush::SyncFlush)? == InflateStep { used: 0, made: 0 })
    }

    fn run(&mut self, payload: &[u8], room: &mut [u8], flush: InflateFlush) -> Result<InflateStep, Fault> {
        let bits = self.terms.window_bits.max(SMALLEST_WINDOW);
        let zlib = self.zlib.get_or_insert_with(|| Inflate::new(false, bits));
        let (used, made) = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(payload, room, flush);
        let status = status.map_err(|error| Fault::Deflate(zlib.error_message().unwrap_or(error.as_str())))?;
        let used = (zlib.total_in() - used) as usize;
        let made = (zlib.total_out() - made) as usize;
        self.taken += used as u64;
        if status == Status::StreamEnd {
            zlib.reset(false);
            (self.ended, self.taken) = (true, 0);
        }
        Ok(InflateStep { used, made })
    }
}
