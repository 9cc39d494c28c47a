//! The clients: blocking, frames made by hand, compression not offered; what comes back is checked byte by byte.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use compare::clock;
use compare::frame::{CLOSE, FIN, Head, Keys, TEXT, put_head};
use compare::load::{Blocks, Check, Load, Tally};

const BUFFER: usize = 256 << 10;

/// Each of many clients reads this much at a time.
const SMALL_BUFFER: usize = 16 << 10;

/// A server from which nothing comes for so long has lost what is missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Exchanged {
    /// From the first message to the last, in nanoseconds.
    pub took: u64,
    /// Of all clients.
    pub tally: Tally,
}

/// Sends all messages without waiting for their echoes.
pub fn echo(port: u16, load: Load) -> io::Result<Exchanged> {
    let mut stream = open(port)?;
    let mut sending = stream.try_clone()?;
    let started = clock::now();
    let sender = thread::spawn(move || send(&mut sending, load));
    let (tally, last) = receive(&mut stream, load, BUFFER);
    // It may still wait for a server that has stopped.
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = sender.join();
    Ok(Exchanged { took: last.saturating_sub(started), tally })
}

/// Sends all messages through one client, and waits for them at the others.
pub fn broadcast(port: u16, load: Load, receivers: usize) -> io::Result<Exchanged> {
    let mut streams = (0..receivers).map(|_| open(port)).collect::<io::Result<Vec<_>>>()?;
    let mut speaker = open(port)?;
    let started = clock::now();
    let received = thread::scope(|scope| {
        let receivers: Vec<_> =
            streams.iter_mut().map(|stream| scope.spawn(|| receive(stream, load, SMALL_BUFFER))).collect();
        let sent = send(&mut speaker, load);
        let received: Vec<_> = receivers.into_iter().map(|receiver| receiver.join().expect("it only reads")).collect();
        sent.map(|()| received)
    })?;
    let mut all = Exchanged { took: 0, tally: Tally::default() };
    for (tally, last) in received {
        all.tally.whole += tally.whole;
        all.tally.astray += tally.astray;
        all.took = all.took.max(last.saturating_sub(started));
    }
    Ok(all)
}

/// Connects, and says nothing.
pub fn open(port: u16) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte, so that nothing after the head is taken.
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let is_open = head.starts_with(b"HTTP/1.1 101 ");
    if is_open { Ok(stream) } else { Err(io::Error::other("refused a client")) }
}

fn send(stream: &mut TcpStream, load: Load) -> io::Result<()> {
    let (mut blocks, mut keys) = (Blocks::new(load), Keys::seeded());
    let mut out = Vec::with_capacity(2 * BUFFER);
    for _ in 0..load.count {
        let key = keys.draw();
        put_head(&mut out, FIN | TEXT, load.size, Some(key));
        let mut at = 0;
        for _ in 0..load.blocks_per_message() {
            let start = out.len();
            out.extend_from_slice(blocks.current());
            compare::frame::mask(&mut out[start..], key, at);
            at += blocks.current().len() as u64;
            blocks.advance();
        }
        if out.len() >= BUFFER {
            stream.write_all(&out)?;
            out.clear();
        }
    }
    stream.write_all(&out)
}

/// Takes messages until all are there, or no more come; tells when the last came, on the clock of `clock::now`.
fn receive(stream: &mut TcpStream, load: Load, size: usize) -> (Tally, u64) {
    let all = load.count * load.blocks_per_message();
    let mut check = Check::new(load);
    let mut frames = Frames::default();
    let mut buffer = vec![0; size];
    let mut last = 0;
    while check.tally().whole < all {
        let Ok(read @ 1..) = stream.read(&mut buffer) else { break };
        last = clock::now();
        if frames.feed(&buffer[..read], &mut check) {
            break;
        }
    }
    (check.tally(), last)
}

/// Takes payloads out of the frames of a server.
#[derive(Default)]
struct Frames {
    /// The beginning of a head.
    head: Vec<u8>,
    /// What is still to come of a payload.
    left: u64,
    is_control: bool,
}

impl Frames {
    /// Says whether a Close was among it.
    fn feed(&mut self, mut bytes: &[u8], check: &mut Check) -> bool {
        while let Some(&first) = bytes.first() {
            if self.left > 0 {
                let here = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                if !self.is_control {
                    check.feed(&bytes[..here]);
                }
                self.left -= here as u64;
                bytes = &bytes[here..];
                continue;
            }
            self.head.push(first);
            bytes = &bytes[1..];
            if let Some(head) = Head::read(&self.head) {
                self.head.clear();
                (self.left, self.is_control) = (head.length, head.opcode >= CLOSE);
                if head.opcode == CLOSE {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load { count: 2, size: 32 };

    fn frames() -> Vec<u8> {
        let mut out = vec![FIN | 9, 1, b'p'];
        let mut blocks = Blocks::new(LOAD);
        for _ in 0..2 {
            // In two fragments.
            put_head(&mut out, TEXT, 12, None);
            out.extend_from_slice(&blocks.current()[..12]);
            put_head(&mut out, FIN, 20, None);
            out.extend_from_slice(&blocks.current()[12..]);
            blocks.advance();
        }
        out
    }

    #[test]
    fn messages_are_found_however_they_are_cut() {
        for cut in 1..90 {
            let (mut frames_, mut check) = (Frames::default(), Check::new(LOAD));
            assert!(!frames().chunks(cut).any(|part| frames_.feed(part, &mut check)));
            assert_eq!(check.tally(), Tally { whole: 2, ..Tally::default() }, "{cut}");
        }
    }

    #[test]
    fn a_close_ends_it() {
        let close = compare::frame::SERVER_CLOSE;
        assert!(Frames::default().feed(&close, &mut Check::new(LOAD)));
    }
}
