//! A WebSocket server on a thread of its own, whose clients are driven by the code of a test.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::LocalSet;

use crate::handshake::admission::Admission;
use crate::handshake::head::OpeningRequest;
use crate::handshake::server::ClientRequestHead;
use crate::message::{Close, Message};
use crate::server;
use crate::server::acceptor::{AcceptedClient, Acceptor};
use crate::transport::Duplex;
use crate::wire::{Incoming, Limits, Socket};

/// Larger than what any client is asked to send here.
const MAX_MESSAGE: usize = 2 << 30;

/// A client that does not finish its handshake in time is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server. It ends with the process.
pub struct Server {
    port: u16,
}

/// A connected client, from the server's side.
pub struct Client {
    socket: Socket<Box<dyn Duplex>>,
    opening: OpeningRequest,
    subprotocol: Option<String>,
}

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

impl Server {
    /// Starts a server that sends every message back.
    ///
    /// # Errors
    /// No port could be had.
    pub fn echo() -> io::Result<Self> {
        Ok(Self { port: server::demo::echo_aside(MAX_MESSAGE)? })
    }

    /// Starts a server on a free port of the loopback interface; `serve` is called for each client.
    ///
    /// # Errors
    /// No port could be had.
    pub fn start<F>(serve: impl Fn(Client) -> F + Send + 'static) -> io::Result<Self>
    where
        F: Future<Output = ()> + 'static,
    {
        Self::start_with(None, serve)
    }

    /// The same behind TLS.
    ///
    /// # Errors
    /// No port could be had.
    pub fn start_tls<F>(
        config: Arc<rustls::ServerConfig>,
        serve: impl Fn(Client) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + 'static,
    {
        Self::start_with(Some(config), serve)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn start_with<F>(
        tls: Option<Arc<rustls::ServerConfig>>,
        serve: impl Fn(Client) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            let serve = Rc::new(serve);
            let door = Rc::new(Acceptor {
                tls,
                http2: false,
                admission: Admission::compressing(),
                answers: None,
                upstream: None,
                has_page: false,
                delay: Duration::ZERO,
                traced: false,
                parts: false,
                handshake_timeout: HANDSHAKE_TIMEOUT,
                limits: Limits { max_message: MAX_MESSAGE, pongs: true },
            });
            LocalSet::new().block_on(&runtime, async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it was made for this runtime");
                loop {
                    // A client that left before it was accepted must not affect the next one.
                    let Ok((stream, _)) = listener.accept().await else { continue };
                    let (serve, door) = (Rc::clone(&serve), Rc::clone(&door));
                    tokio::task::spawn_local(async move {
                        let _ = stream.set_nodelay(true);
                        let Ok(begun) = door.begin(Box::new(stream)).await else { return };
                        if let Ok(guest) = door.admit(begun, || Some(()), &mut ClientRequestHead::default()).await {
                            let AcceptedClient { socket, opening, subprotocol, .. } = guest;
                            serve(Client { socket, opening, subprotocol }).await;
                        }
                    });
                }
            });
        })?;
        Ok(Self { port })
    }
}

impl Client {
    /// What the client says next; none when the connection has ended, for whatever reason.
    pub async fn next(&self) -> Option<Said> {
        Some(match self.socket.next().await?.ok()? {
            Incoming::Message(Message::Text(text)) => Said::Text(text.as_str().to_owned()),
            Incoming::Message(Message::Binary(data)) => Said::Binary(data.to_vec()),
            Incoming::Part(_) | Incoming::Run(_) | Incoming::Frames(_) => unreachable!("nobody asks for them here"),
            Incoming::Ping(data) => Said::Ping(data.to_vec()),
            Incoming::Pong(data) => Said::Pong(data.to_vec()),
            Incoming::Close(close) => Said::Close(close.code, close.reason),
        })
    }

    /// Sends a text message; a failed send is ignored.
    pub async fn text(&self, text: &str) {
        self.feed(text).await;
        self.flush().await;
    }

    /// Sends a text message again and again, until the client has gone.
    pub async fn flood(&self, text: &str) {
        while self.socket.feed(Message::from(text)).await.is_ok() {}
    }

    /// Puts a text message into the send buffer.
    pub async fn feed(&self, text: &str) {
        let _ = self.socket.feed(Message::from(text)).await;
    }

    pub async fn flush(&self) {
        let _ = self.socket.flush().await;
    }

    pub async fn binary(&self, data: &[u8]) {
        let _ = self.socket.feed(Message::Binary(data.to_vec().into())).await;
        self.flush().await;
    }

    pub async fn ping(&self, data: &[u8]) {
        let _ = self.socket.ping(data.to_vec().into()).await;
        self.flush().await;
    }

    /// Sends a Close and waits for the client's.
    pub async fn close(&self, code: u16, reason: &str) {
        let _ = self.socket.close(&Close::new(code, reason)).await;
        while self.next().await.is_some() {}
    }

    /// The value of a field of the client's request.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.opening.fields.iter().find(|field| field.is(name)).map(|field| field.value.as_str())
    }

    /// The subprotocol that was negotiated: the client's first.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The resource that the client asked for.
    pub fn resource(&self) -> &str {
        &self.opening.resource
    }
}
