//! The server: on loopback, blocking, a thread for each client, raw frames; the path says what it does.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use compare::clock;
use compare::frame::{CLOSE, FIN, Head, PING, PONG, SERVER_CLOSE, TEXT, mask, put_head};
use compare::load::{Blocks, Check, Load, Tally};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::handshake::derive_accept_key;

const BUFFER: usize = 1 << 20;

/// A client that sends nothing for this long is dropped.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is done with a client.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Its messages are sent back.
    Echo,
    /// Its messages are checked; when all have arrived, the server closes.
    Sink(Load),
    /// It gets messages as fast as it reads them.
    Flood(Load),
    /// It is left alone.
    Idle,
}

/// The result for one client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    /// Messages that came from it.
    pub messages: u64,
    /// What was in them (`Sink` only).
    pub tally: Tally,
    /// When the last one was there, on the clock of `clock::now`.
    pub last: u64,
}

/// A server that runs until the process ends.
pub struct Server {
    port: u16,
    scheme: &'static str,
    /// Each client has a number in its path, so that one that was given up is not taken for the next.
    number: Cell<u64>,
    opened: Receiver<u64>,
    served: Receiver<(u64, Served)>,
}

impl Server {
    pub fn start(tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let (report, served) = channel();
        let (open, opened) = channel();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (tls, open, report) = (tls.clone(), open.clone(), report.clone());
                std::thread::spawn(move || {
                    // A client that does not get to its request is noticed by its exit status.
                    let _ = serve(socket, tls, &open, &report);
                });
            }
        });
        Ok(Self { port, scheme, number: Cell::new(0), opened, served })
    }

    /// Where the next client is to connect to.
    pub fn url(&self, work: Work) -> String {
        self.number.update(|number| number + 1);
        let path = match work {
            Work::Echo => "echo".to_owned(),
            Work::Idle => "idle".to_owned(),
            Work::Sink(Load { count, size }) => format!("sink/{count}/{size}"),
            Work::Flood(Load { count, size }) => format!("flood/{count}/{size}"),
        };
        format!("{}://127.0.0.1:{}/{}/{path}", self.scheme, self.port, self.number.get())
    }

    /// The result for the last client; `None` if it has not finished within this time.
    pub fn served(&self, within: Duration) -> Option<Served> {
        let due = Instant::now() + within;
        loop {
            let (number, served) = self.served.recv_timeout(due.saturating_duration_since(Instant::now())).ok()?;
            if number == self.number.get() {
                return Some(served);
            }
        }
    }

    /// Whether the last client's opening handshake comes within this time.
    pub fn opened(&self, within: Duration) -> bool {
        let due = Instant::now() + within;
        loop {
            match self.opened.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(number) if number == self.number.get() => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }
}

trait Stream: Read + Write {
    /// Says that nothing more comes.
    fn end(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn end(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {
    fn end(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        self.flush()?;
        self.sock.shutdown(Shutdown::Write)
    }
}

fn serve(
    socket: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    open: &Sender<u64>,
    report: &Sender<(u64, Served)>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut stream: Box<dyn Stream> = match tls {
        Some(config) => {
            let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
            connection.set_buffer_limit(Some(BUFFER));
            Box::new(StreamOwned::new(connection, socket))
        }
        None => Box::new(socket),
    };
    let Asked { number, work, early } = accept(&mut *stream)?;
    // The driver may have given this client up.
    let _ = open.send(number);
    let served = match work {
        Work::Flood(load) => flood(&mut *stream, load),
        Work::Sink(load) => Inbox::new(early, Some(load)).drain(&mut *stream, Answer::CloseAfter(load.count)),
        Work::Echo => Inbox::new(early, None).drain(&mut *stream, Answer::Echo),
        Work::Idle => Inbox::new(early, None).drain(&mut *stream, Answer::Nothing),
    };
    let _ = report.send((number, served.unwrap_or_default()));
    Ok(())
}

/// What a client asked for in its opening handshake, and what came right after it.
struct Asked {
    number: u64,
    work: Work,
    early: Vec<u8>,
}

fn accept(stream: &mut dyn Stream) -> io::Result<Asked> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            new => request.extend_from_slice(&buffer[..new]),
        }
    };
    let early = request.split_off(end);
    let text = String::from_utf8_lossy(&request);
    let (number, work) =
        text.split(' ').nth(1).and_then(asked_by).ok_or_else(|| io::Error::other("there is no such path"))?;
    let key = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .ok_or_else(|| io::Error::other("not a WebSocket handshake"))?
        .1
        .trim();
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    )?;
    stream.flush()?;
    Ok(Asked { number, work, early })
}

fn asked_by(path: &str) -> Option<(u64, Work)> {
    let (number, path) = path.strip_prefix('/')?.split_once('/')?;
    let words: Vec<&str> = path.split('/').collect();
    let load = |count: &str, size: &str| Some(Load { count: count.parse().ok()?, size: size.parse().ok()? });
    let work = match words[..] {
        ["echo"] => Work::Echo,
        ["idle"] => Work::Idle,
        ["sink", count, size] => Work::Sink(load(count, size)?),
        ["flood", count, size] => Work::Flood(load(count, size)?),
        _ => return None,
    };
    Some((number.parse().ok()?, work))
}

fn flood(stream: &mut dyn Stream, load: Load) -> io::Result<Served> {
    let mut blocks = Blocks::new(load);
    let mut out = Vec::with_capacity(2 * BUFFER);
    for _ in 0..load.count {
        put_head(&mut out, FIN | TEXT, load.size, None);
        for _ in 0..load.blocks_per_message() {
            out.extend_from_slice(blocks.current());
            blocks.advance();
            if out.len() >= BUFFER / 4 {
                stream.write_all(&out)?;
                out.clear();
            }
        }
    }
    out.extend_from_slice(&SERVER_CLOSE);
    stream.write_all(&out)?;
    stream.flush()?;
    // A client that answers no Close leaves when there is nothing more to read.
    stream.end()?;
    Inbox::new(Vec::new(), None).drain(stream, Answer::Nothing)
}

/// What a client's messages are answered with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Nothing,
    Echo,
    /// A Close, when this many are there.
    CloseAfter(u64),
}

/// What comes from a client: `buffer[start..end]` was read and not yet taken.
struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    under_way: Option<Frame>,
    check: Option<Check>,
    served: Served,
}

#[derive(Clone, Copy)]
struct Frame {
    head: Head,
    /// How much of its payload.
    taken: u64,
}

impl Inbox {
    fn new(early: Vec<u8>, load: Option<Load>) -> Self {
        let end = early.len();
        let mut buffer = early;
        buffer.resize(BUFFER.max(end), 0);
        Self { buffer, start: 0, end, under_way: None, check: load.map(Check::new), served: Served::default() }
    }

    /// Takes all that comes until the client closes or leaves.
    fn drain(mut self, stream: &mut dyn Stream, answer: Answer) -> io::Result<Served> {
        let mut out = Vec::new();
        loop {
            let ended = self.take_frames(&mut out, answer)?;
            if !out.is_empty() {
                stream.write_all(&out)?;
                stream.flush()?;
                out.clear();
            }
            // A client that leaves without a Close has left too.
            if ended || !self.read(stream).unwrap_or(false) {
                // It may have left first.
                let _ = stream.end();
                self.served.tally = self.check.map(|check| check.tally()).unwrap_or_default();
                return Ok(self.served);
            }
        }
    }

    /// Takes what is there; says whether a Close was among it.
    fn take_frames(&mut self, out: &mut Vec<u8>, answer: Answer) -> io::Result<bool> {
        loop {
            let Some(Frame { head, taken }) = self.under_way else {
                let Some(head) = Head::read(&self.buffer[self.start..self.end]) else { return Ok(false) };
                self.start += head.size;
                self.under_way = Some(Frame { head, taken: 0 });
                if answer == Answer::Echo && head.opcode < CLOSE {
                    put_head(out, if head.fin { FIN } else { 0 } | head.opcode, head.length as usize, None);
                }
                continue;
            };
            let there = self.end - self.start;
            let piece = there.min(usize::try_from(head.length - taken).unwrap_or(usize::MAX));
            // A control frame is small, and taken whole.
            if piece == 0 && head.length > taken || head.opcode >= CLOSE && (piece as u64) < head.length {
                return Ok(false);
            }
            let payload = &mut self.buffer[self.start..self.start + piece];
            mask(payload, head.key, taken);
            self.start += piece;
            match head.opcode {
                CLOSE => {
                    out.extend_from_slice(&SERVER_CLOSE);
                    return Ok(true);
                }
                PING => {
                    put_head(out, FIN | PONG, payload.len(), None);
                    out.extend_from_slice(payload);
                }
                PONG => {}
                _ if answer == Answer::Echo => out.extend_from_slice(payload),
                _ => {
                    if let Some(check) = &mut self.check {
                        check.feed(payload);
                    }
                }
            }
            let taken = taken + piece as u64;
            if taken < head.length {
                self.under_way = Some(Frame { head, taken });
                continue;
            }
            self.under_way = None;
            if head.fin && head.opcode < CLOSE {
                self.served.messages += 1;
                if answer == Answer::CloseAfter(self.served.messages) {
                    self.served.last = clock::now();
                    out.extend_from_slice(&SERVER_CLOSE);
                }
            }
        }
    }

    fn read(&mut self, stream: &mut dyn Stream) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let new = stream.read(&mut self.buffer[self.end..])?;
        self.end += new;
        Ok(new > 0)
    }
}
