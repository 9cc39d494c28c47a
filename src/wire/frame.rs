//! Frames (RFC 6455, section 5): how their headers look on the wire, and which may come when.
//!
//! Plain code: bytes in, headers and verdicts out.

use bytes::BytesMut;

use super::fault::Fault;
use super::utf8::Utf8;
use crate::events::MessageSpan;
use crate::message::{Close, DataKind};

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The highest bit of a frame's first byte.
pub(crate) const FIN: u8 = 0x80;

/// The bits of `rsv`, as they are beside each other in the first byte.
pub(crate) const RSV1: u8 = 4;

/// The most that a control frame may carry (section 5.5).
pub(crate) const LONGEST_CONTROL: usize = 125;

/// What is before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) fin: bool,
    /// Three bits; the highest is RSV1.
    pub(crate) rsv: u8,
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) length: u64,
}

/// A header as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) header: FrameHeader,
    /// The bytes that it took.
    pub(crate) size: usize,
}

/// In how many bits a length is written (section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Seven,
    Sixteen,
    SixtyFour,
}

impl Width {
    /// The least that holds this length.
    pub(crate) fn of(length: u64) -> Self {
        match length {
            0..=125 => Self::Seven,
            126..=0xffff => Self::Sixteen,
            _ => Self::SixtyFour,
        }
    }

    /// The size of a header with such a length and no mask, in bytes.
    pub(crate) fn header_size(self) -> usize {
        match self {
            Self::Seven => 2,
            Self::Sixteen => 4,
            Self::SixtyFour => 10,
        }
    }

    /// The largest length that can be written so.
    pub(crate) fn largest(self) -> u64 {
        match self {
            Self::Seven => 125,
            Self::Sixteen => 0xffff,
            Self::SixtyFour => u64::MAX,
        }
    }
}

impl FrameHeader {
    /// With the longest length and a mask, in bytes.
    const LARGEST: usize = 14;

    /// Reads the header at the beginning of `bytes`; none while it is not all there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Found> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (length, after) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let is_masked = second & 0x80 != 0;
        let mask = if is_masked { Some(*rest[after..].first_chunk()?) } else { None };
        let header = Self { fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: first & 0x0f, mask, length };
        Some(Found { header, size: 2 + after + if is_masked { 4 } else { 0 } })
    }

    /// Appends the header, its length in as few bytes as it needs.
    pub(crate) fn write(&self, out: &mut BytesMut) {
        self.write_in(Width::of(self.length), out);
    }

    /// Appends the header, its length in this many bits, of which it may need more.
    pub(crate) fn write_in(&self, width: Width, out: &mut BytesMut) {
        let masked = u8::from(self.mask.is_some()) << 7;
        // One write: each into a buffer of bytes looks for room.
        let mut bytes = [0; Self::LARGEST];
        bytes[0] = if self.fin { FIN } else { 0 } | (self.rsv & 7) << 4 | self.opcode & 0x0f;
        match width {
            Width::Seven => bytes[1] = masked | self.length as u8 & 0x7f,
            Width::Sixteen => {
                bytes[1] = masked | 126;
                bytes[2..4].copy_from_slice(&(self.length as u16).to_be_bytes());
            }
            Width::SixtyFour => {
                bytes[1] = masked | 127;
                bytes[2..10].copy_from_slice(&self.length.to_be_bytes());
            }
        }
        let mut size = width.header_size();
        if let Some(mask) = self.mask {
            bytes[size..size + 4].copy_from_slice(&mask);
            size += 4;
        }
        out.extend_from_slice(&bytes[..size]);
    }

    pub(crate) fn is_control(&self) -> bool {
        self.opcode >= CLOSE
    }
}

/// A whole message in one frame of no more than 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SmallFrame {
    /// Where its payload is.
    pub(super) span: MessageSpan,
    pub(super) mask: Option<[u8; 4]>,
}

impl SmallFrame {
    /// The one that begins at `at`, if it is all there, its first byte is this one, and it is masked if it has to be.
    pub(super) fn read(first: u8, is_masked: bool, bytes: &[u8], at: usize) -> Option<Self> {
        let [byte, second, rest @ ..] = &bytes[at..] else { return None };
        let (length, extended) = match (second & 0x7f, rest) {
            (length @ 0..=125, _) => (usize::from(length), 0),
            (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 2),
            _ => return None,
        };
        let is_shortest = extended == Width::of(length as u64).header_size() - 2;
        if *byte != first || !is_shortest || (second & 0x80 != 0) != is_masked {
            return None;
        }
        let key = if is_masked { rest.get(extended..)?.first_chunk().copied() } else { None };
        let start = at + 2 + extended + if is_masked { 4 } else { 0 };
        (bytes.len() >= start + length).then_some(Self { span: MessageSpan { start, end: start + length }, mask: key })
    }
}

/// What holds for every frame of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Who we are; the peer is the other.
    pub(crate) side: Side,
    /// Whether permessage-deflate gives RSV1 a meaning.
    pub(crate) deflate: bool,
}

impl Rules {
    /// Whether this frame may come now; `in_message` says that a fragmented message is under way.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn check(&self, found: &Found, in_message: bool) -> Result<(), Fault> {
        let Found { header, size } = found;
        let masked = header.mask.is_some();
        let shortest = Width::of(header.length).header_size() + if masked { 4 } else { 0 };
        let broken = if matches!(header.opcode, 3..=7 | 11..) {
            format!("a frame has the reserved opcode {}", header.opcode)
        } else if header.rsv & !RSV1 != 0 {
            format!("a frame has {} set, which is reserved", if header.rsv & 2 != 0 { "RSV2" } else { "RSV3" })
        } else if header.rsv == RSV1 && !self.deflate {
            "a frame has RSV1 set, but no extension was negotiated".to_owned()
        } else if header.rsv == RSV1 && !matches!(header.opcode, TEXT | BINARY) {
            // RFC 7692, section 6: only the first frame of a message says that it is compressed.
            let what = if header.is_control() { "a control frame" } else { "a continuation frame" };
            format!("{what} has RSV1 set")
        } else if masked && self.side == Side::Client {
            "the server masked a frame".to_owned()
        } else if !masked && self.side == Side::Server {
            "the client did not mask a frame".to_owned()
        } else if header.length >> 63 != 0 {
            "a frame's length has its highest bit set".to_owned()
        } else if *size != shortest {
            format!("a frame's length of {} uses more bytes than necessary", header.length)
        } else if header.is_control() && !header.fin {
            "a control frame is fragmented".to_owned()
        } else if header.is_control() && header.length > LONGEST_CONTROL as u64 {
            format!("a control frame has {} bytes, more than {LONGEST_CONTROL}", header.length)
        } else if header.opcode == CONTINUATION && !in_message {
            "a continuation frame arrived without a message to continue".to_owned()
        } else if matches!(header.opcode, TEXT | BINARY) && in_message {
            "a new message begins before the last one is complete".to_owned()
        } else {
            return Ok(());
        };
        Err(Fault::Protocol(broken))
    }
}

/// Whether the payload of a Close may be so (section 5.5.1).
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_close(payload: &[u8]) -> Result<(), Fault> {
    match payload {
        [] => Ok(()),
        [_] => Err(Fault::Protocol("a Close has only one byte of a code".to_owned())),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !Close::may_be_sent(code) {
                let reason = match reason {
                    [] => String::new(),
                    reason => format!("; its reason is `{}`", String::from_utf8_lossy(reason)),
                };
                return Err(Fault::Protocol(format!("a Close has the code {code}, which may not be sent{reason}")));
            }
            Utf8::check(reason).map_err(|wrong| Fault::Reason { code, reason: reason.to_vec(), wrong })
        }
    }
}

/// What the payload of a Close says that [may be so](check_close).
pub(super) fn read_close(payload: &[u8]) -> Close {
    match payload {
        [high, low, reason @ ..] => Close::new(u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason)),
        _ => Close::default(),
    }
}

/// Masks or unmasks; `at` is the place of the first byte in its payload.
pub(crate) fn mask(bytes: &mut [u8], key: [u8; 4], at: u64) {
    let mut turned = key;
    turned.rotate_left((at % 4) as usize);
    let wide = u64::from(u32::from_ne_bytes(turned)) * 0x1_0000_0001;
    // Four words at a time: built for size, a loop over one takes ten times as long.
    let (blocks, rest) = bytes.as_chunks_mut::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks_mut::<8>();
        mask_word(&mut words[0], wide);
        mask_word(&mut words[1], wide);
        mask_word(&mut words[2], wide);
        mask_word(&mut words[3], wide);
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    words.iter_mut().for_each(|word| mask_word(word, wide));
    for (byte, key) in rest.iter_mut().zip(turned.iter().cycle()) {
        *byte ^= key;
    }
}

#[inline]
fn mask_word(word: &mut [u8; 8], key: u64) {
    *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
}

/// That of a message's first frame (RFC 6455, section 5.6).
pub(crate) fn opcode(kind: DataKind) -> u8 {
    match kind {
        DataKind::Text => TEXT,
        DataKind::Binary => BINARY,
    }
}

/// What an opcode is called.
pub(crate) fn name(opcode: u8) -> String {
    match opcode {
        self::CONTINUATION => "continuation".to_owned(),
        self::TEXT => "text".to_owned(),
        self::BINARY => "binary".to_owned(),
        self::CLOSE => "close".to_owned(),
        9 => "ping".to_owned(),
        10 => "pong".to_owned(),
        other => format!("opcode {other}"),
    }
}

/// Which side of the connection we are (RFC 6455, section 5.1: the client masks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}
