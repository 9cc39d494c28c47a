//! Lines of what comes in blocks.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// Cuts what comes into lines.
#[derive(Default)]
pub(crate) struct LineSplitter {
    pub(crate) rest: BytesMut,
    /// How much of it is known to hold no line's end.
    searched: usize,
}

impl LineSplitter {
    /// The next line, its end cut off; at the end of all, what is left counts as one too.
    pub(crate) fn next(&mut self, has_ended: bool) -> Option<Bytes> {
        let Some(found) = memchr(b'\n', &self.rest[self.searched..]) else {
            let last = has_ended.then(|| self.rest.split().freeze());
            self.searched = self.rest.len();
            return last.filter(|last| !last.is_empty());
        };
        let mut line = self.rest.split_to(self.searched + found + 1);
        self.searched = 0;
        line.truncate(line.len() - if line.ends_with(b"\r\n") { 2 } else { 1 });
        Some(line.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_blocks_end() {
        let text = b"a\r\n\nbc\nd";
        for size in 1..=text.len() {
            let mut lines = LineSplitter::default();
            let mut got = Vec::new();
            for block in text.chunks(size) {
                lines.rest.extend_from_slice(block);
                got.extend(std::iter::from_fn(|| lines.next(false)));
            }
            got.extend(std::iter::from_fn(|| lines.next(true)));
            assert_eq!(got, ["a", "", "bc", "d"], "{size}");
        }
    }
}
