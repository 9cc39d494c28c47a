//! A server that looks at the opening request and answers as the test says: refuses, redirects, or lets in and leaves.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{PATIENCE, read_head, switching};

/// A running server. It ends with the process.
pub struct Http {
    scheme: &'static str,
    port: u16,
    heads: mpsc::Receiver<String>,
}

/// A text message `hi` and a Close 1000, as a server sends them.
pub const FAREWELL: &[u8] = b"\x81\x02hi\x88\x02\x03\xe8";

/// Accepts the client, sends `hi` and closes, all in one segment.
pub fn welcome(head: &str) -> Vec<u8> {
    [switching(head).as_bytes(), FAREWELL].concat()
}

/// The same with more lines in the head of the answer.
pub fn welcome_with(head: &str, lines: &str) -> Vec<u8> {
    let switch = switching(head);
    let switch = switch.strip_suffix("\r\n").expect("a head ends with an empty line");
    [switch.as_bytes(), lines.as_bytes(), b"\r\n", FAREWELL].concat()
}

/// Sends the client elsewhere.
pub fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Over There\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// What the request asks for.
pub fn resource(head: &str) -> &str {
    head.split(' ').nth(1).expect("a request has a resource")
}

pub fn lines(head: &str) -> Vec<&str> {
    head.lines().filter(|line| !line.is_empty()).collect()
}

impl Http {
    pub fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("there are free ports"), answer)
    }

    pub fn welcoming() -> Self {
        Self::start(welcome)
    }

    pub fn on(listener: TcpListener, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::serve("ws", listener, move |mut stream, heads| {
            converse(&mut stream, &answer, heads);
            let _ = stream.shutdown(Shutdown::Write);
            drain(&mut stream);
        })
    }

    pub fn start_tls(config: Arc<ServerConfig>, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::serve_tls(config, answer, |stream| {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    /// The same, but TCP ends while TLS continues, as far as the client was told.
    pub fn start_tls_torn(config: Arc<ServerConfig>, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::serve_tls(config, answer, |_| {})
    }

    fn serve_tls(
        config: Arc<ServerConfig>,
        answer: impl Fn(&str) -> Vec<u8> + Send + 'static,
        take_leave: impl Fn(&mut StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        Self::serve("wss", listener, move |stream, heads| {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("the configuration is sound");
            let mut stream = StreamOwned::new(tls, stream);
            converse(&mut stream, &answer, heads);
            take_leave(&mut stream);
            let _ = stream.sock.shutdown(Shutdown::Write);
            drain(&mut stream.sock);
        })
    }

    fn serve(
        scheme: &'static str,
        listener: TcpListener,
        serve: impl Fn(TcpStream, &mpsc::Sender<String>) + Send + 'static,
    ) -> Self {
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, heads) = mpsc::channel();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| serve(stream, &sender)));
        Self { scheme, port, heads }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// By address, so that no name is looked up.
    pub fn url(&self, resource: &str) -> String {
        format!("{}://127.0.0.1:{}{resource}", self.scheme, self.port)
    }

    /// The next request, as it was sent.
    #[track_caller]
    pub fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).expect("a client comes")
    }

    /// The requests that nobody asked for yet; all there were, once the client has ended.
    pub fn heads(&self) -> Vec<String> {
        self.heads.try_iter().collect()
    }
}

fn converse(stream: &mut (impl Read + Write), answer: &impl Fn(&str) -> Vec<u8>, heads: &mpsc::Sender<String>) {
    let head = read_head(stream);
    if !head.is_empty() {
        let answer = answer(&head);
        // The test may have ended.
        let _ = heads.send(head);
        let _ = stream.write_all(&answer);
        let _ = stream.flush();
    }
}

/// Until the client leaves: closing with something unread would take back what was sent.
fn drain(stream: &mut impl Read) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}
