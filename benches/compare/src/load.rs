//! What is sent: messages that carry their number, so that each one that is lost or out of order is missed.

/// The longest stretch that has a number of its own; longer messages are made of several.
pub const LONGEST_BLOCK: usize = 1 << 20;

const DIGITS: usize = 20;

/// This many messages of one size, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub count: u64,
    pub size: usize,
}

impl Load {
    pub fn bytes(&self) -> u64 {
        self.count * self.size as u64
    }

    pub fn blocks_per_message(&self) -> u64 {
        (self.size / self.block_size()) as u64
    }

    fn block_size(&self) -> usize {
        self.size.min(LONGEST_BLOCK)
    }
}

/// The numbered blocks of a load, one after the other: 20 digits, a space, letters.
pub struct Blocks {
    block: Vec<u8>,
    number: u64,
}

impl Blocks {
    pub fn new(load: Load) -> Self {
        let size = load.block_size();
        assert!(size > DIGITS && load.size.is_multiple_of(size), "{load:?} cannot be cut into numbered blocks");
        let letters = (b'a'..=b'z').cycle();
        let block = std::iter::repeat_n(b'0', DIGITS).chain([b' ']).chain(letters).take(size).collect();
        Self { block, number: 0 }
    }

    #[inline]
    pub fn current(&self) -> &[u8] {
        &self.block
    }

    #[inline]
    pub fn advance(&mut self) {
        self.number += 1;
        for digit in self.block[..DIGITS].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
    }

    fn go_to(&mut self, number: u64) {
        self.number = number;
        self.block[..DIGITS].copy_from_slice(format!("{number:020}").as_bytes());
    }
}

/// What came out of a stream of blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Blocks that came whole.
    pub whole: u64,
    /// Blocks with a number other than the next, or cut short.
    pub astray: u64,
    /// Newlines that stood right after a block.
    pub newlines: u64,
    /// What is neither a block nor its newline.
    pub other_bytes: u64,
}

/// Finds the blocks of a load in what a client printed or sent, whatever it put around them.
pub struct Check {
    expected: Blocks,
    at: At,
    tally: Tally,
}

enum At {
    /// Before a block, with the last bytes that may be its beginning.
    Between(Vec<u8>),
    /// How many of its bytes were correct.
    Within(usize),
    Behind,
}

impl Check {
    pub fn new(load: Load) -> Self {
        Self { expected: Blocks::new(load), at: At::Between(Vec::new()), tally: Tally::default() }
    }

    pub fn tally(&self) -> Tally {
        self.tally
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        let size = self.expected.block.len();
        while let Some(&first) = bytes.first() {
            match &mut self.at {
                At::Between(seen) if seen.is_empty() && bytes.starts_with(&self.expected.block) => {
                    bytes = &bytes[size..];
                    self.arrived();
                }
                At::Between(seen) => {
                    seen.push(first);
                    bytes = &bytes[1..];
                    self.look_for_a_number();
                }
                At::Within(matched) => {
                    let now = bytes.len().min(size - *matched);
                    if bytes[..now] != self.expected.block[*matched..*matched + now] {
                        self.tally.astray += 1;
                        self.at = At::Between(Vec::new());
                        continue;
                    }
                    *matched += now;
                    bytes = &bytes[now..];
                    if *matched == size {
                        self.arrived();
                    }
                }
                At::Behind => {
                    if first == b'\n' {
                        self.tally.newlines += 1;
                        bytes = &bytes[1..];
                    }
                    self.at = At::Between(Vec::new());
                }
            }
        }
    }

    #[inline]
    fn arrived(&mut self) {
        self.tally.whole += 1;
        self.expected.advance();
        self.at = At::Behind;
    }

    fn look_for_a_number(&mut self) {
        let At::Between(seen) = &mut self.at else { return };
        let digits = seen.iter().rev().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        let ends_number = seen.last() == Some(&b' ') && digits == DIGITS;
        if !ends_number {
            if seen.len() > DIGITS {
                seen.remove(0);
                self.tally.other_bytes += 1;
            }
            return;
        }
        let number = std::str::from_utf8(&seen[seen.len() - 1 - DIGITS..seen.len() - 1]).expect("digits are ASCII");
        let number = number.parse().unwrap_or(u64::MAX);
        self.tally.other_bytes += (seen.len() - 1 - DIGITS) as u64;
        if number != self.expected.number {
            self.tally.astray += 1;
            self.expected.go_to(number);
        }
        self.at = At::Within(DIGITS + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load { count: 3, size: 32 };

    fn printed(before: &str, numbers: &[u64], behind: &str) -> Vec<u8> {
        let line = |number: &u64| format!("{before}{number:020} abcdefghijk{behind}");
        numbers.iter().map(line).collect::<String>().into_bytes()
    }

    fn tally(bytes: &[u8], cut: usize) -> Tally {
        let mut check = Check::new(LOAD);
        bytes.chunks(cut).for_each(|part| check.feed(part));
        check.tally()
    }

    #[test]
    fn lines_in_order_are_whole_however_they_are_cut() {
        for cut in 1..70 {
            let found = tally(&printed("", &[0, 1, 2], "\n"), cut);
            assert_eq!(found, Tally { whole: 3, newlines: 3, ..Tally::default() }, "{cut}");
        }
    }

    #[test]
    fn blocks_are_found_between_what_a_client_adds() {
        for cut in 1..70 {
            let found = tally(&printed("\x1b[2K< ", &[0, 1, 2], "\x1b[m"), cut);
            assert_eq!((found.whole, found.astray), (3, 0), "{cut}: {found:?}");
        }
    }

    #[test]
    fn what_is_lost_or_out_of_order_is_astray() {
        assert_eq!(tally(&printed("", &[0, 2], "\n"), 64).astray, 1);
        assert_eq!(tally(&printed("", &[1, 0, 2], "\n"), 64).astray, 3);
        let broken = [&printed("", &[0], "\n")[..], b"00000000000000000001 abcX", &printed("", &[2], "\n")].concat();
        assert_eq!(tally(&broken, 64), Tally { whole: 2, astray: 2, newlines: 2, other_bytes: 4 });
    }
}
