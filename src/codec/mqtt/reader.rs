//! The data types of MQTT (section 1.5).

use crate::codec::error::DecodeError;

/// Reads the body of a packet from its beginning.
#[derive(Clone)]
pub(super) struct PacketReader<'d> {
    rest: &'d [u8],
    size: usize,
}

impl<'d> PacketReader<'d> {
    pub(super) fn new(body: &'d [u8]) -> Self {
        Self { rest: body, size: body.len() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn flaw(&self, what: impl Into<std::borrow::Cow<'static, str>>) -> DecodeError {
        DecodeError::at(self.place(), what)
    }

    /// How many bytes were read.
    pub(super) fn place(&self) -> usize {
        self.size - self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn two_bytes(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn four_bytes(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A variable byte integer, of four bytes at most.
    pub(super) fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0;
        for at in 0..4 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.flaw("a number of more than four bytes"))
    }

    pub(super) fn text(&mut self) -> Result<&'d str, DecodeError> {
        let length = self.two_bytes()?;
        let flaw = self.flaw("text that is not UTF-8");
        std::str::from_utf8(self.take(length.into())?).map_err(|_| flaw)
    }

    pub(super) fn data(&mut self) -> Result<&'d [u8], DecodeError> {
        let length = self.two_bytes()?;
        self.take(length.into())
    }

    pub(super) fn all(&mut self) -> &'d [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'d [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Cut)?;
        self.rest = rest;
        Ok(*array)
    }
}
