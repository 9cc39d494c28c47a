//! `wsprobe listen`, sentence by sentence: the real binary as a server, wsprobe itself and bare sockets as clients.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and sockets")]

#[path = "../kit/mod.rs"]
mod kit;

mod admission;
mod crowd;
mod forward;
mod http2;
mod origin;
mod prompt;
mod records;
mod tcp;
mod tls;
mod work;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

pub use kit::listening::{Listening, listen};
use kit::{PATIENCE, Tool, tool};
use nix::sys::signal::Signal;

impl Listening {
    /// Waits for a line on stderr that holds this.
    #[track_caller]
    pub fn says(&self, part: &str) -> String {
        self.said.find(part)
    }

    /// A client of it.
    pub fn client(&self, args: &[&str]) -> Tool {
        tool().args(["-q", "--timeout", "50s"]).args(args).arg(self.url())
    }

    /// What a request is answered with, up to the end of the connection.
    #[track_caller]
    pub fn answer(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // It may answer and close before it has read all.
        let _ = stream.write_all(request.as_ref());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        stream
    }

    /// The head of what a request is answered with; the connection is left then.
    #[track_caller]
    pub fn begin(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it reads");
        kit::read_head(&mut stream)
    }

    /// A client that was let in, as a bare socket.
    #[track_caller]
    pub fn enter(&self) -> TcpStream {
        let_in(self.connect(), "").0
    }

    /// The same with an offer of extensions; also what was granted.
    #[track_caller]
    pub fn enter_offering(&self, offer: &str) -> (TcpStream, Option<String>) {
        let (stream, head) = let_in(self.connect(), &format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        (stream, kit::field(&head, "Sec-WebSocket-Extensions").map(str::to_owned))
    }

    /// The line on stderr that holds this, if it is there already.
    pub fn has_said(&self, part: &str) -> Option<String> {
        self.said.find_now(part)
    }

    /// The same as [`enter`](Self::enter), with little room for what comes in.
    #[track_caller]
    pub fn enter_slowly(&self) -> TcpStream {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        // Only what is set before the connection is made counts for all of it (tcp(7)).
        socket.set_recv_buffer_size(4096).expect("a size");
        let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, self.port));
        socket.connect(&address.into()).expect("it listens");
        let_in(socket.into(), "").0
    }

    /// Ends it, and returns what it has printed.
    #[track_caller]
    pub fn stop(mut self) -> String {
        let mut stdout = self.running.child.stdout.take().expect("it is piped");
        self.running.signal(Signal::SIGTERM);
        let mut out = String::new();
        stdout.read_to_string(&mut out).expect("it prints text");
        assert_eq!(self.running.wait_code(), Some(0));
        out
    }
}

/// Performs the handshake, with additional fields; also returns the head of the answer.
#[track_caller]
fn let_in(mut stream: TcpStream, more: &str) -> (TcpStream, String) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.write_all(request("/", more).as_bytes()).expect("it reads");
    let head = kit::read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    (stream, head)
}

pub fn request(resource: &str, more: &str) -> String {
    format!(
        "GET {resource} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// The next frame of a server: opcode and payload.
pub fn frame_of(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    whole_frame_of(stream).map(|(_, opcode, payload)| (opcode, payload))
}

/// The same, with whether it is the last of its message.
pub fn whole_frame_of(stream: &mut TcpStream) -> std::io::Result<(bool, u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let length = match head[1] {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            usize::from(u16::from_be_bytes(length))
        }
        127 => {
            let mut length = [0; 8];
            stream.read_exact(&mut length)?;
            usize::try_from(u64::from_be_bytes(length)).expect("it fits")
        }
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    Ok((head[0] & 0x80 != 0, head[0] & 0x0f, payload))
}

/// A frame of a client, masked with nothing.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | u8::try_from(length).expect("it fits")),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).expect("it fits").to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[test]
fn the_url_is_told_on_stderr_and_as_a_record() {
    let server = listen(&["--json", "--path", "/ws"]);
    assert!(server.port > 0);
    let port = server.port;
    let out = server.stop();
    assert!(out.contains(&format!(r#""type":"listening","url":"ws://127.0.0.1:{port}/ws"}}"#)), "{out}");
}

#[test]
fn wscats_way_to_listen_means_the_same() {
    let port = kit::free_port();
    let server = Listening::of(tool().args(["-l", &port.to_string(), "-P", "--no-color"]).start());
    assert_eq!(server.port, port);
    server.client(&["-x", "hello", "-w", "0"]).run().code(0);
    assert_eq!(server.stop(), "#1 hello\n");
    tool().args(["-l", "8080", "-x", "hello"]).run().code(2).says("cannot be used with");
}

#[test]
fn a_busy_port_is_told_with_its_address() {
    let server = listen(&[]);
    let address = format!("127.0.0.1:{}", server.port);
    tool().args(["listen", &address]).run().code(3).says(&format!("cannot listen on `{address}`"));
}

#[test]
fn a_unix_socket_is_served_and_cleaned_up() {
    let dir = kit::dir();
    let path = kit::path(&dir, "x.sock");
    let address = format!("unix:{}", path.display());
    drop(std::os::unix::net::UnixListener::bind(&path).expect("there is room"));
    let server = Listening::of(tool().args(["listen", "--echo", &address]).start());
    let url = format!("ws+unix:{}:/", path.display());
    tool().args(["-q", "-1", "-x", "hello", &url]).run().code(0).stdout("hello\n");
    server.stop();
    assert!(!path.exists());
}

#[test]
fn a_signal_closes_all_with_1001_and_ends_well() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut server = listen(&["--echo"]);
        let client = server.client(&["-r"]).start();
        server.says("#1 connected");
        server.running.signal(signal);
        client.wait().code(0);
        server.says("#1 closed 1001");
        assert_eq!(server.running.wait_code(), Some(0));
    }
}

#[test]
fn a_client_that_does_not_answer_is_left_after_the_close_timeout() {
    let mut server = listen(&["--echo", "--close-timeout", "100ms"]);
    let _silent = server.enter();
    server.says("#1 connected");
    server.running.signal(Signal::SIGTERM);
    server.says("#1 did not answer our Close");
    assert_eq!(server.running.wait_code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (second, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut server = listen(&["--echo", "--close-timeout", "1h"]);
        let mut silent = server.enter();
        server.says("#1 connected");
        server.running.signal(Signal::SIGINT);
        assert_eq!(frame_of(&mut silent).expect("a Close").0, kit::CLOSE);
        server.running.signal(second);
        assert_eq!(server.running.wait_code(), Some(code));
    }
}

#[test]
fn a_client_that_does_not_answer_pings_is_dropped() {
    let server = listen(&["--echo", "--ping-interval", "50ms", "--ping-timeout", "50ms"]);
    let alive = server.client(&["-r"]).start();
    server.says("#1 connected");
    let mut silent = server.enter();
    server.says("#2 connected");
    assert_eq!(frame_of(&mut silent).expect("a ping").0, 9);
    server.says("#2 did not answer a ping (--ping-timeout)");
    let is_cut = std::iter::from_fn(|| frame_of(&mut silent).ok()).all(|(opcode, _)| opcode == 9);
    assert!(is_cut, "there is nobody who could answer a Close");
    alive.signal(Signal::SIGINT);
    server.says("#1 closed");
}

#[test]
fn a_reader_of_stdout_that_leaves_ends_it() {
    let mut server = listen(&[]);
    drop(server.running.child.stdout.take());
    assert_eq!(server.running.wait_code(), Some(0));
}

#[test]
fn demo_is_a_server_and_a_client_in_one() {
    tool().args(["demo", "-q", "-1", "-x", "hello"]).run().code(0).stdout("hello\n");
}

#[test]
fn bad_values_are_refused_before_it_listens() {
    for (args, why) in [
        (&["nowhere"][..], "expected 8080, 127.0.0.1:8080"),
        (&["--refuse", "700"], "expected a status from 200 to 599"),
        (&["--path", "ws"], "expected a path that begins with `/`"),
        (&["--origin", "a b"], "expected an origin like"),
        (&["--origin", "null"], "expected an origin like"),
        (&["--every", "x", "tick"], "expected a time like"),
        (&["--every", "0", "tick"], "expected at least 1ms"),
        (&["--send-file", "/nowhere"], "cannot read the message in `/nowhere`"),
        (&["--tls-cert", "/nowhere", "--tls-key", "/nowhere"], "cannot use the certificate in `/nowhere`"),
        (&["--client-ca", "/nowhere"], "needs `--tls-cert`"),
        (&["--echo", "--broadcast"], "cannot be used with"),
        (&["--max-clients", "0"], "invalid value `0` for `--max-clients"),
    ] {
        tool().arg("listen").args(args).run().code(2).says(why);
    }
}

/// Waits until it is so; the state of another process tells no one when it changes.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
