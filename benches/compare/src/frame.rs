//! Frames (RFC 6455, section 5), made by hand and without a check that could be left out.

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
pub const FIN: u8 = 0x80;

/// A Close with the code 1000, as a server sends it.
pub const SERVER_CLOSE: [u8; 4] = [FIN | CLOSE, 2, 3, 232];

/// What is before a payload.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub fin: bool,
    pub opcode: u8,
    /// Zero where there is none.
    pub key: [u8; 4],
    pub length: u64,
    /// The bytes that the head itself takes.
    pub size: usize,
}

impl Head {
    /// None while it is not all there.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (length, after) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let is_masked = second & 0x80 != 0;
        let key = if is_masked { *rest[after..].first_chunk()? } else { [0; 4] };
        let size = 2 + after + if is_masked { 4 } else { 0 };
        Some(Self { fin: first & FIN != 0, opcode: first & 0x0f, key, length, size })
    }
}

/// Appends a head; `first` is its first byte, and a client gives a key.
#[inline]
pub fn put_head(out: &mut Vec<u8>, first: u8, length: usize, key: Option<[u8; 4]>) {
    let masked = if key.is_some() { 0x80 } else { 0 };
    match length {
        0..=125 => out.extend_from_slice(&[first, masked | length as u8]),
        126..=0xffff => {
            out.extend_from_slice(&[first, masked | 126]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.extend_from_slice(&[first, masked | 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    if let Some(key) = key {
        out.extend_from_slice(&key);
    }
}

/// Appends a frame of a client.
#[inline]
pub fn put_masked(out: &mut Vec<u8>, first: u8, payload: &[u8], key: [u8; 4]) {
    put_head(out, first, payload.len(), Some(key));
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..], key, 0);
}

/// Masks or unmasks; `at` is the place of the first byte in its payload.
#[inline]
pub fn mask(bytes: &mut [u8], mut key: [u8; 4], at: u64) {
    key.rotate_left((at % 4) as usize);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key;
    }
}

/// A new key for each frame: of a size that cannot be guessed, and fast to generate.
pub struct Keys(u64);

impl Keys {
    /// From the system's randomness.
    pub fn seeded() -> Self {
        use std::hash::{BuildHasher as _, Hasher as _};
        Self(std::hash::RandomState::new().build_hasher().finish() | 1)
    }

    /// The next one, by Marsaglia's xorshift.
    #[inline]
    pub fn draw(&mut self) -> [u8; 4] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) as u32).to_ne_bytes()
    }
}
