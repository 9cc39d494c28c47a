//! Bytes, read from their beginning on.

use std::borrow::Cow;

use super::error::DecodeError;

#[derive(Clone)]
pub(super) struct ByteReader<'d> {
    data: &'d [u8],
    /// How many bytes were read.
    place: usize,
}

/// All errors are [`DecodeError::Cut`]: there are fewer bytes than are asked for.
impl<'d> ByteReader<'d> {
    pub(super) fn new(data: &'d [u8]) -> Self {
        Self { data, place: 0 }
    }

    pub(super) fn at(data: &'d [u8], place: usize) -> Self {
        Self { data, place }
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.data.len() - self.place
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// What is wrong with what comes next.
    pub(super) fn flaw(&self, what: impl Into<Cow<'static, str>>) -> DecodeError {
        DecodeError::at(self.place, what)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'d [u8], DecodeError> {
        let taken = self.data[self.place..].get(..count).ok_or(DecodeError::Cut)?;
        self.place += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take(N).map(|bytes| bytes.try_into().expect("it has as many as were asked for"))
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    /// A number with seven bits a byte, the lowest first; none if it has more than so many bytes. What goes beyond 64 bits is
    /// lost, as in all readers.
    pub(super) fn varint(&mut self, most_bytes: u32) -> Result<Option<u64>, DecodeError> {
        let mut value = 0;
        for at in 0..most_bytes {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}
