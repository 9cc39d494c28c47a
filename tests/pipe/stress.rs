//! Much data, in both directions at once. Takes minutes, so only `benches/compare/run` asks for it:
//! `cargo test --release --test pipe stress -- --ignored`.

use std::io::{Read, Write as _};

use super::kit::{echo, tool, url};
use ring::digest::{Context, Digest, SHA256};

/// What is sent again and again.
const DECK: usize = 64 << 20;

/// 10 GiB in all.
const DECKS: usize = 160;

/// Messages of these sizes, in bytes, in turns that are drawn: none, small ones, some that fill a frame, some that need many.
const SIZES: [usize; 8] = [0, 1, 32, 126, 1 << 10, 16 << 10, (64 << 10) + 1, 3 << 20];

/// Whatever is under way, no more memory than this.
const MEMORY: u64 = 32 << 20;

#[test]
#[ignore = "moves 10 GiB each way"]
fn ten_gibibytes_come_back_as_they_went() {
    let deck = deck();
    let lines = deck.iter().filter(|&&byte| byte == b'\n').count() * DECKS;
    let server = echo();
    let count = lines.to_string();
    let args = ["--compress", "off", "--wait", "60s", "--count", &count];
    let mut run = tool().args(args).arg(url(&server)).spawn();
    let mut stdin = run.child.stdin.take().unwrap();
    let sender = std::thread::spawn(move || {
        let mut sent = Context::new(&SHA256);
        for _ in 0..DECKS {
            stdin.write_all(&deck).unwrap();
            sent.update(&deck);
        }
        sent.finish()
    });
    let (received, memory) = receive(run.child.stdout.take().unwrap(), || run.peak_memory());
    assert_eq!(received.as_ref(), sender.join().unwrap().as_ref());
    assert_eq!(run.wait_code(), Some(0));
    assert!(memory < MEMORY, "it took {memory} bytes");
}

/// Lines of printable text, the same in each run.
fn deck() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(8);
    let mut deck = Vec::with_capacity(DECK + SIZES[SIZES.len() - 1] + 1);
    while deck.len() < DECK {
        let size = SIZES[random.usize(..SIZES.len())];
        deck.extend(std::iter::repeat_with(|| random.u8(b' '..=b'~')).take(size));
        deck.push(b'\n');
    }
    deck.truncate(DECK - 1);
    deck.push(b'\n');
    deck
}

/// Reads to the end, and asks for the peak of the memory while there is a process to ask.
fn receive(mut stdout: impl Read, peak: impl Fn() -> u64) -> (Digest, u64) {
    let mut received = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    let (mut total, mut memory) = (0, 0);
    loop {
        let new = stdout.read(&mut buffer).unwrap();
        if new == 0 {
            return (received.finish(), memory);
        }
        received.update(&buffer[..new]);
        total += new;
        // It may be gone when no more is left than a pipe holds.
        if total + (1 << 20) < DECKS * DECK {
            memory = peak();
        }
    }
}
