//! Walks over a stream of frames (RFC 6455, section 5.2) without keeping any of it.

/// The most that a header has: two bytes, eight of length, four of mask.
const LONGEST_HEADER: usize = 14;

const FIN: u8 = 0x80;
const PING: u8 = FIN | 0x9;
const PONG: u8 = FIN | 0xa;

/// Where in the stream it is.
#[derive(Debug, Default)]
pub(super) struct Walker {
    header: [u8; LONGEST_HEADER],
    /// How much of the header has come; none of it between two frames.
    come: usize,
    /// What is left of the payload.
    payload: u64,
    messages: u64,
}

/// What a walker does when a frame begins: it may change the first byte.
type Visit<'v> = &'v mut dyn FnMut(&mut u8);

impl Walker {
    /// Walks over bytes that cannot be changed.
    pub(super) fn walk(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += self.skip_payload(bytes.len() - at);
            if let Some(byte) = bytes.get(at) {
                self.take_header(*byte);
                at += 1;
            }
        }
    }

    /// Walks over bytes and shows the first of each frame to `visit`.
    pub(super) fn visit(&mut self, bytes: &mut [u8], visit: Visit<'_>) {
        let mut at = 0;
        while at < bytes.len() {
            at += self.skip_payload(bytes.len() - at);
            if let Some(byte) = bytes.get_mut(at) {
                if self.come == 0 {
                    visit(byte);
                }
                self.take_header(*byte);
                at += 1;
            }
        }
    }

    /// How many data messages have gone by to their last byte.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    fn skip_payload(&mut self, most: usize) -> usize {
        if self.payload == 0 {
            return 0;
        }
        let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(most);
        self.payload -= skipped as u64;
        if self.payload == 0 {
            self.frame_ended();
        }
        skipped
    }

    fn take_header(&mut self, byte: u8) {
        self.header[self.come] = byte;
        self.come += 1;
        if self.come < 2 {
            return;
        }
        let long = match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        if self.come < 2 + long + mask {
            return;
        }
        self.payload = match long {
            0 => u64::from(self.header[1] & 0x7f),
            long => self.header[2..2 + long].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        self.come = 0;
        if self.payload == 0 {
            self.frame_ended();
        }
    }

    fn frame_ended(&mut self) {
        let is_control = self.header[0] & 0x08 != 0;
        if self.header[0] & FIN != 0 && !is_control {
            self.messages += 1;
        }
    }
}

/// Keeps pings from being answered: tungstenite answers each one by itself, so it is told that they are pongs.
#[derive(Debug, Default)]
pub(super) struct Disguise {
    walker: Walker,
    /// Of the pings and pongs that tungstenite has not handed up yet, which are pings.
    are_pings: std::collections::VecDeque<bool>,
}

impl Disguise {
    /// Changes what has come.
    pub(super) fn put_on(&mut self, bytes: &mut [u8]) {
        let are_pings = &mut self.are_pings;
        self.walker.visit(bytes, &mut |first| match *first {
            PING => {
                *first = PONG;
                are_pings.push_back(true);
            }
            PONG => are_pings.push_back(false),
            _ => {}
        });
    }

    /// Whether the next pong that is handed up was a ping.
    pub(super) fn take_off(&mut self) -> bool {
        self.are_pings.pop_front().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text in two frames around a ping, an empty message, one of 300 bytes, one of 70,000, a Close; masked or not.
    fn stream(mask: u8) -> Vec<u8> {
        let mut stream = Vec::new();
        for (first, length) in
            [(0x01, 2_u32), (0x89, 3), (0x80, 1), (0x82, 0), (0x82, 300), (0x8a, 0), (0x81, 70_000), (0x88, 2)]
        {
            stream.push(first);
            match length {
                0..126 => stream.push(mask | length as u8),
                126..65_536 => {
                    stream.push(mask | 126);
                    stream.extend_from_slice(&(length as u16).to_be_bytes());
                }
                _ => {
                    stream.push(mask | 127);
                    stream.extend_from_slice(&u64::from(length).to_be_bytes());
                }
            }
            // As the payload, 0x89 looks like the head of a ping.
            stream.extend(std::iter::repeat_n(0x89, length as usize + if mask == 0 { 0 } else { 4 }));
        }
        stream
    }

    #[test]
    fn messages_are_counted_at_their_last_byte_however_they_come() {
        for mask in [0, 0x80] {
            let stream = stream(mask);
            for size in [1, 2, 7, 1000, stream.len()] {
                let mut walker = Walker::default();
                stream.chunks(size).for_each(|chunk| walker.walk(chunk));
                assert_eq!(walker.messages(), 4);
            }
            let mut walker = Walker::default();
            let close = 2 + 2 + usize::from(mask / 0x80 * 4);
            walker.walk(&stream[..stream.len() - close - 1]);
            assert_eq!(walker.messages(), 3);
        }
    }

    #[test]
    fn a_disguise_changes_pings_and_nothing_else() {
        let plain = stream(0);
        for size in [1, 3, plain.len()] {
            let mut disguised = plain.clone();
            let mut disguise = Disguise::default();
            disguised.chunks_mut(size).for_each(|chunk| disguise.put_on(chunk));
            let changed: Vec<_> = (0..plain.len()).filter(|at| plain[*at] != disguised[*at]).collect();
            assert_eq!(changed, [4]);
            assert_eq!(disguised[4], PONG);
            assert_eq!([disguise.take_off(), disguise.take_off(), disguise.take_off()], [true, false, false]);
        }
    }
}
