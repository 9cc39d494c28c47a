//! The data types of MQTT (section 1.5).

use crate::codec::error::DecodeError;
use crate::codec::reader::ByteReader;

impl<'d> ByteReader<'d> {
    pub(super) fn two_bytes(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn four_bytes(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn variable_byte_integer(&mut self) -> Result<u32, DecodeError> {
        match self.varint(4)? {
            Some(number) => Ok(u32::try_from(number).expect("it has 28 bits")),
            None => Err(self.flaw("a number of more than four bytes")),
        }
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
}
