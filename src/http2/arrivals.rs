//! What came on a stream and is not read: a chain of blocks.
//!
//! Crate `h2` keeps a place of a few hundred bytes for each DATA frame, and ends a connection on which too many small ones
//! wait (ENHANCE_YOUR_CALM). Here they are joined, so that they take no more than the window allows.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::ReadBuf;

use crate::sys::memory;

/// What is shorter than this is joined with others.
const SMALL: usize = 4 << 10;

/// Joined blocks become no longer than this.
const JOINED: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Arrivals {
    blocks: VecDeque<Bytes>,
    /// What came after them.
    joined: BytesMut,
}

impl Arrivals {
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.joined.is_empty()
    }

    pub(super) fn push(&mut self, data: Bytes) {
        if data.len() < SMALL {
            self.joined.extend_from_slice(&data);
            if self.joined.len() < JOINED {
                return;
            }
            return self.end_joined();
        }
        self.end_joined();
        self.blocks.push_back(data);
    }

    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            self.blocks.push_back(self.joined.split().freeze());
        }
    }

    /// Moves as much as there is room for from one block; says how much that was.
    pub(super) fn take(&mut self, buf: &mut ReadBuf<'_>) -> usize {
        let Some(block) = self.blocks.front_mut() else {
            let length = self.joined.len().min(buf.remaining());
            buf.put_slice(&self.joined[..length]);
            self.joined.advance(length);
            return length;
        };
        let length = block.len().min(buf.remaining());
        memory::pieces(&block[..length]).for_each(|piece| buf.put_slice(piece));
        block.advance(length);
        if block.is_empty() {
            self.blocks.pop_front();
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_comes_out_as_it_went_in_and_small_pieces_are_joined() {
        let mut arrivals = Arrivals::default();
        let pieces: Vec<Vec<u8>> = [1, 5000, 1, 2, 4096, 3].iter().map(|length| vec![*length as u8; *length]).collect();
        pieces.iter().for_each(|piece| arrivals.push(piece.clone().into()));
        (0..70_000).for_each(|_| arrivals.push(Bytes::from_static(b"x")));
        let expected = [pieces.concat(), vec![b'x'; 70_000]].concat();
        let (mut taken, mut turns) = (Vec::new(), 0);
        while !arrivals.is_empty() {
            let mut room = vec![0; 100_000];
            let mut room = ReadBuf::new(&mut room);
            arrivals.take(&mut room);
            taken.extend_from_slice(room.filled());
            turns += 1;
        }
        assert!(taken == expected, "{} bytes came out", taken.len());
        assert_eq!(turns, 6);
    }
}
