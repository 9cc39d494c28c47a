//! A proxy that reports the requested hosts and connects all of them to one server, so the names need not exist.

use std::sync::{Arc, mpsc};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::PATIENCE;

/// A running proxy. It ends with the process.
pub struct Proxy {
    pub port: u16,
    asked: mpsc::Receiver<String>,
}

impl Proxy {
    /// Answers each CONNECT with this, and leads to the server if it is a 200.
    pub fn http(server: u16, answer: &'static str) -> Self {
        Self::start(None, move |mut stream, asked| async move {
            connect(&mut stream, server, |_| answer, &asked).await;
        })
    }

    /// Answers each CONNECT by what it says, one after the other on a connection, up to a 200 or one that closes.
    pub fn asking(server: u16, answer: fn(&str) -> &'static str) -> Self {
        Self::start(None, move |mut stream, asked| async move {
            while connect(&mut stream, server, answer, &asked).await {}
        })
    }

    /// The same over TLS.
    pub fn https(config: Arc<ServerConfig>, server: u16) -> Self {
        Self::start(Some(config.into()), move |mut stream, asked| async move {
            connect(&mut stream, server, |_| OK, &asked).await;
        })
    }

    /// SOCKS 5 without a login; tells the request in hex.
    pub fn socks(server: u16) -> Self {
        Self::start(None, move |mut stream, asked| async move {
            let mut methods = [0; 3];
            let _ = stream.read_exact(&mut methods).await;
            let _ = stream.write_all(&[5, 0]).await;
            let mut request = vec![0; 512];
            let read = stream.read(&mut request).await.unwrap_or_default();
            let _ = asked.send(request[..read].iter().map(|byte| format!("{byte:02x}")).collect());
            let _ = stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            relay(&mut stream, server).await;
        })
    }

    fn start<F: Future<Output = ()> + 'static>(
        tls: Option<TlsAcceptor>,
        serve: impl Fn(Box<dyn Duplex>, mpsc::Sender<String>) -> F + Send + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there are free ports");
        listener.set_nonblocking(true).expect("it is a socket");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, asked) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is room");
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, async {
                let listener = TcpListener::from_std(listener).expect("it does not block");
                while let Ok((stream, _)) = listener.accept().await {
                    let stream: Box<dyn Duplex> = match &tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => continue,
                        },
                        None => Box::new(stream),
                    };
                    tokio::task::spawn_local(serve(stream, sender.clone()));
                }
            });
        });
        Self { port, asked }
    }

    /// The next thing that it was asked for.
    #[track_caller]
    pub fn asked(&self) -> String {
        self.asked.recv_timeout(PATIENCE).expect("a client comes")
    }

    /// What it was asked for, if anything.
    pub fn asked_by_now(&self) -> Option<String> {
        self.asked.try_recv().ok()
    }

    /// Whether nobody has connected unexpectedly.
    pub fn is_unused(&self) -> bool {
        self.asked.try_recv().is_err()
    }
}

pub const OK: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

/// Whether another request may follow.
async fn connect(
    stream: &mut Box<dyn Duplex>,
    server: u16,
    answer: impl Fn(&str) -> &'static str,
    asked: &mpsc::Sender<String>,
) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let answer = answer(&head);
    let _ = asked.send(head);
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.flush().await;
    if answer.contains(" 200 ") {
        relay(stream, server).await;
        return false;
    }
    !answer.contains("Connection: close")
}

async fn relay(stream: &mut Box<dyn Duplex>, server: u16) {
    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
        let _ = copy_bidirectional(stream, &mut server).await;
    }
}
