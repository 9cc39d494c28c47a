//! The bound for any client: blocking sockets, hand-made frames, big buffers, and nothing else.
//!
//! `raw [--roots FILE] start|send|receive|echo|whole URL`, `raw [--roots FILE] ping COUNT URL`, `raw load CONNECTIONS SECONDS
//! MESSAGE URL`, and `raw --version`.
#![allow(clippy::disallowed_methods, reason = "it is a program of its own")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use compare::frame::{CLOSE, CONTINUATION, FIN, Head, Keys, PING, PONG, TEXT, put_masked};
use compare::pings::{INTERVAL, PAYLOAD, put_record};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What one read or write of the system takes at a time.
const BUFFER: usize = 256 << 10;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = match words[..] {
        ["--version"] => {
            println!("raw {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        ["load", connections, seconds, message, url] => load(connections, seconds, message, url),
        ["--roots", roots, "ping", count, url] => ping(count, url, Some(Path::new(roots))),
        ["ping", count, url] => ping(count, url, None),
        ["--roots", roots, job, url] => run(job, url, Some(Path::new(roots))),
        [job, url] => run(job, url, None),
        _ => Err(io::Error::other("raw [--roots FILE] start|send|receive|echo|whole|ping COUNT URL")),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raw: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(job: &str, url: &str, roots: Option<&Path>) -> io::Result<()> {
    let mut peer = Peer::connect(url, roots)?;
    match job {
        "start" => start(&mut peer),
        "send" => send(&mut peer),
        "whole" => send_whole(&mut peer),
        "receive" => receive(&mut peer),
        "echo" => echo(&mut peer),
        _ => Err(io::Error::other(format!("there is no job `{job}`"))),
    }
}

/// One message, its reply, the end.
fn start(peer: &mut Peer) -> io::Result<()> {
    let mut out = Vec::new();
    put_masked(&mut out, FIN | TEXT, b"hello", peer.key());
    peer.stream.write_all(&out)?;
    let head = peer.head()?;
    let reply = peer.take(head.length as usize)?;
    println!("{}", String::from_utf8_lossy(&reply));
    peer.close()
}

/// Each line of stdin is a message.
fn send(peer: &mut Peer) -> io::Result<()> {
    let mut stdin = unbuffered(io::stdin())?;
    let mut out = Vec::with_capacity(2 * BUFFER);
    let (mut buffer, mut filled) = (vec![0; BUFFER], 0);
    loop {
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let searched = filled;
        let new = stdin.read(&mut buffer[filled..])?;
        if new == 0 {
            return peer.close();
        }
        filled += new;
        let mut start = 0;
        for found in memchr::memchr_iter(b'\n', &buffer[searched..filled]) {
            let end = searched + found;
            put_masked(&mut out, FIN | TEXT, &buffer[start..end], peer.key());
            start = end + 1;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        peer.stream.write_all(&out)?;
        out.clear();
    }
}

/// All of stdin is one message, in fragments since its length is not known.
fn send_whole(peer: &mut Peer) -> io::Result<()> {
    let mut stdin = unbuffered(io::stdin())?;
    let (mut buffer, mut out) = (vec![0; BUFFER], Vec::new());
    let mut opcode = TEXT;
    loop {
        let filled = stdin.read(&mut buffer)?;
        let first = if filled == 0 { FIN | opcode } else { opcode };
        put_masked(&mut out, first, &buffer[..filled], peer.key());
        peer.stream.write_all(&out)?;
        out.clear();
        if filled == 0 {
            return peer.close();
        }
        opcode = CONTINUATION;
    }
}

/// Prints messages, a newline after each, until the server closes.
fn receive(peer: &mut Peer) -> io::Result<()> {
    let mut stdout = unbuffered(io::stdout())?;
    let mut out = Vec::with_capacity(2 * BUFFER);
    loop {
        let head = peer.head()?;
        if head.opcode == CLOSE {
            stdout.write_all(&out)?;
            peer.take(head.length as usize)?;
            return peer.close();
        }
        let mut left = head.length as usize;
        while left > 0 {
            let piece = peer.some(left)?;
            out.extend_from_slice(piece);
            left -= piece.len();
            let taken = piece.len();
            peer.start += taken;
            if out.len() >= BUFFER {
                stdout.write_all(&out)?;
                out.clear();
            }
        }
        if head.fin && head.opcode < CLOSE {
            out.push(b'\n');
        }
        if peer.start == peer.end {
            stdout.write_all(&out)?;
            out.clear();
        }
    }
}

/// Line by line: sent, answered, printed.
fn echo(peer: &mut Peer) -> io::Result<()> {
    let (mut stdin, mut stdout) = (unbuffered(io::stdin())?, unbuffered(io::stdout())?);
    let (mut buffer, mut out) = (vec![0; BUFFER], Vec::new());
    loop {
        let filled = stdin.read(&mut buffer)?;
        let Some(line) = buffer[..filled].strip_suffix(b"\n") else { return peer.close() };
        put_masked(&mut out, FIN | TEXT, line, peer.key());
        peer.stream.write_all(&out)?;
        out.clear();
        let head = peer.head()?;
        let mut reply = peer.take(head.length as usize)?;
        reply.push(b'\n');
        stdout.write_all(&reply)?;
    }
}

/// Pings, and prints how long each pong took, as records of `wsprobe ping --json`.
fn ping(count: &str, url: &str, roots: Option<&Path>) -> io::Result<()> {
    let count: u32 = count.parse().map_err(io::Error::other)?;
    let mut peer = Peer::connect(url, roots)?;
    let mut stdout = unbuffered(io::stdout())?;
    let (mut out, mut record) = (Vec::new(), String::new());
    let mut next = Instant::now();
    for _ in 0..count {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let key = peer.key();
        let sent = Instant::now();
        put_masked(&mut out, FIN | PING, &PAYLOAD, key);
        peer.stream.write_all(&out)?;
        let head = peer.head()?;
        let pong = peer.take(head.length as usize)?;
        let took = sent.elapsed();
        if head.opcode != PONG || pong != PAYLOAD {
            return Err(io::Error::other("not a pong"));
        }
        put_record(&mut record, took);
        stdout.write_all(record.as_bytes())?;
        record.clear();
        out.clear();
        next = (next + INTERVAL).max(Instant::now());
    }
    peer.close()
}

/// Sends on each connection, then takes each reply, again and again; prints how many came back, and in how many nanoseconds.
fn load(connections: &str, seconds: &str, message: &str, url: &str) -> io::Result<()> {
    let connections: usize = connections.parse().map_err(io::Error::other)?;
    let length = std::time::Duration::from_secs(seconds.parse().map_err(io::Error::other)?);
    let mut peers = (0..connections).map(|_| Peer::connect(url, None)).collect::<io::Result<Vec<_>>>()?;
    let (mut out, mut count, begun) = (Vec::new(), 0_u64, Instant::now());
    while begun.elapsed() < length {
        for peer in &mut peers {
            put_masked(&mut out, FIN | TEXT, message.as_bytes(), peer.key());
            peer.stream.write_all(&out)?;
            out.clear();
        }
        for peer in &mut peers {
            let head = peer.head()?;
            let reply = peer.some(head.length as usize)?;
            if reply != message.as_bytes() {
                return Err(io::Error::other("not an echo"));
            }
            peer.start += message.len();
            count += 1;
        }
    }
    println!("{count} {}", begun.elapsed().as_nanos());
    peers.iter_mut().try_for_each(Peer::close)
}

/// The file after a standard stream, without the buffer and the lock that Rust puts before it.
fn unbuffered(stream: impl AsFd) -> io::Result<std::fs::File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// The server, and what was read from it and not yet used: `buffer[start..end]`.
struct Peer {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    keys: Keys,
}

impl Peer {
    fn connect(url: &str, roots: Option<&Path>) -> io::Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| io::Error::other("no scheme"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let socket = TcpStream::connect(authority)?;
        socket.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> =
            if scheme == "wss" { Box::new(encrypted(socket, authority, roots)?) } else { Box::new(socket) };
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        let mut peer = Self { stream, buffer: vec![0; BUFFER], start: 0, end: 0, keys: Keys::seeded() };
        let head = loop {
            if let Some(end) = memchr::memmem::find(&peer.buffer[..peer.end], b"\r\n\r\n") {
                break end;
            }
            peer.read()?;
        };
        if !peer.buffer.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other("refused"));
        }
        peer.start = head + 4;
        Ok(peer)
    }

    fn key(&mut self) -> [u8; 4] {
        self.keys.draw()
    }

    fn read(&mut self) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            new => {
                self.end += new;
                Ok(())
            }
        }
    }

    fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(head) = Head::read(&self.buffer[self.start..self.end]) {
                self.start += head.size;
                return Ok(head);
            }
            self.read()?;
        }
    }

    /// What is there of a payload, at least a byte and at most this many; the caller moves `start`.
    fn some(&mut self, most: usize) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.read()?;
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + most)])
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut taken = Vec::with_capacity(length + 1);
        while taken.len() < length {
            let piece = self.some(length - taken.len())?;
            taken.extend_from_slice(piece);
            self.start += piece.len();
        }
        Ok(taken)
    }

    /// Sends a Close and waits for the server to be done.
    fn close(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        put_masked(&mut out, FIN | CLOSE, &1000_u16.to_be_bytes(), self.keys.draw());
        // The server may have gone as soon as it had all.
        if self.stream.write_all(&out).is_err() {
            return Ok(());
        }
        loop {
            match self.head() {
                Ok(head) if head.opcode != CLOSE => drop(self.take(head.length as usize)?),
                _ => return Ok(()),
            }
        }
    }
}

fn encrypted(
    socket: TcpStream,
    authority: &str,
    file: Option<&Path>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    let certificates = match file {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(file), None).certs,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    connection.set_buffer_limit(Some(2 * BUFFER));
    Ok(StreamOwned::new(connection, socket))
}
