//! Servers that start, stop and restart on the same port, and connections that vanish without a Close.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{PATIENCE, read_head, switching};

/// A port that is ours also while nobody listens on it.
pub struct Place {
    _held: Socket,
    address: SocketAddr,
}

impl Place {
    pub fn new() -> Self {
        let held = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = held.local_addr().ok().and_then(|address| address.as_socket()).expect("it is bound");
        Self { _held: held, address }
    }

    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server starts; it is gone when this is dropped.
    pub fn listen(&self) -> TcpListener {
        let socket = bound(self.address);
        // Holds for `accept` too: a client that does not come fails the test.
        socket.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        socket.listen(16).expect("nobody else has the port");
        socket.into()
    }

    /// A server for one client, which is gone as soon as that one is there.
    pub fn serve_one(&self) -> TcpStream {
        welcome(&self.listen())
    }
}

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are free sockets");
    // Lets a listener have the port of a socket that does not listen.
    socket.set_reuse_address(true).and_then(|()| socket.bind(&address.into())).expect("the port is ours");
    socket
}

/// Accepts the next client and opens the WebSocket connection.
#[track_caller]
pub fn welcome(listener: &TcpListener) -> TcpStream {
    let (mut stream, head) = asked(listener);
    stream.write_all(switching(&head).as_bytes()).expect("the client reads");
    stream
}

/// Accepts the next client, answers with this, and closes.
#[track_caller]
pub fn refuse(listener: &TcpListener, answer: &str) {
    asked(listener).0.write_all(answer.as_bytes()).expect("the client reads");
}

#[track_caller]
fn asked(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().expect("a client comes");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
    let head = read_head(&mut stream);
    (stream, head)
}

/// A connection to a server that can be blocked: bytes go in, and no answer ever arrives.
pub struct Relay {
    port: u16,
    /// Counts the blocks; a connection from before the last one is dead.
    blocks: Arc<AtomicUsize>,
}

impl Relay {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
        let own_port = listener.local_addr().expect("it is bound").port();
        let blocks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&blocks);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { continue };
                let (from, to) = (client.try_clone().expect("it is open"), server.try_clone().expect("it is open"));
                forward(from, to, Arc::clone(&counted));
                forward(server, client, Arc::clone(&counted));
            }
        });
        Self { port: own_port, blocks }
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// Forwards nothing more of the current connections, without closing them.
    pub fn block(&self) {
        self.blocks.fetch_add(1, Ordering::SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, blocks: Arc<AtomicUsize>) {
    let born = blocks.load(Ordering::SeqCst);
    std::thread::spawn(move || {
        let mut block = [0; 65536];
        loop {
            let length = from.read(&mut block).unwrap_or(0);
            if blocks.load(Ordering::SeqCst) != born {
                // Both ends stay open, for the whole of the test.
                return std::mem::forget((from, to));
            }
            if length == 0 || to.write_all(&block[..length]).is_err() {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
        }
    });
}

/// Waits for what comes by itself, such as a line on stderr, in a stream that stays open.
pub struct Lines(std::sync::mpsc::Receiver<String>);

impl Lines {
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let (tell, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            use std::io::{BufRead as _, BufReader};
            BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Self(lines)
    }

    #[track_caller]
    pub fn next(&self) -> String {
        self.0.recv_timeout(PATIENCE).expect("there is another line")
    }

    /// Waits for a line with this in it.
    #[track_caller]
    pub fn find(&self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.0.recv_timeout(until.saturating_duration_since(Instant::now())) else {
                panic!("`{part}` is missing in {seen:?}");
            };
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
    }

    /// The line with this in it, if it is there already.
    pub fn find_now(&self, part: &str) -> Option<String> {
        self.0.try_iter().find(|line| line.contains(part))
    }

    /// All that is left, once the stream has ended.
    #[track_caller]
    pub fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| match self.0.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the stream does not end"),
        })
        .collect()
    }
}

/// How long something may take on a machine that is not busy.
pub fn is_once(attempts: u32, limit: Duration, mut took: impl FnMut() -> Duration) -> bool {
    (0..attempts).any(|_| took() < limit)
}
