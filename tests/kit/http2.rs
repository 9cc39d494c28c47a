//! A server of HTTP/2 that takes extended CONNECTs (RFC 8441), on the server's side of crate `h2`; and one of raw bytes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderName, HeaderValue, Request, Response};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::{LocalSet, spawn_local};
use tokio_rustls::TlsAcceptor;

use super::PATIENCE;

/// The preface of a client (RFC 9113, section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// SETTINGS_ENABLE_CONNECT_PROTOCOL = 1, as the first frame of a server.
pub const SETTINGS: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1];

/// A frame (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The next frame: type, flags, stream, payload.
///
/// # Errors
/// The connection has ended.
pub fn read_frame(stream: &mut impl std::io::Read) -> std::io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let [a, b, c, kind, flags, id @ ..] = header;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(id), payload))
}

/// Header fields, each as a literal that is not indexed (RFC 7541, section 6.2.2).
pub fn headers(stream: u32, fields: &[(&str, impl AsRef<str>)], flags: u8) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [*name, value.as_ref()] {
            // An integer with a prefix of 7 bits (RFC 7541, section 5.1).
            let mut rest = text.len();
            if rest < 127 {
                block.push(rest as u8);
            } else {
                block.push(127);
                rest -= 127;
                while rest >= 128 {
                    block.push(rest as u8 | 128);
                    rest /= 128;
                }
                block.push(rest as u8);
            }
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(1, flags, stream, &block)
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is handed to the WebSocket server at this port, over HTTP/1.1.
    Forward(u16),
    /// It is answered with a status, these fields and a body.
    Answer(u16, &'static [(&'static str, &'static str)], &'static str),
    /// The stream is opened, and left alone.
    Open(u16, &'static [(&'static str, &'static str)]),
    Reset(Reason),
    /// The stream is opened, and reset.
    OpenAndReset(Reason),
    /// The stream is opened, and the connection ended.
    OpenAndGoAway(Reason),
    GoAway(Reason),
    /// The transport is cut.
    Hang,
    Cut,
}

/// How a client's side of a stream has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// END_STREAM
    Whole,
    Reset(u32),
    Lost,
}

/// A running server. It ends with the process.
pub struct Http2 {
    scheme: &'static str,
    port: u16,
    requests: mpsc::Receiver<Vec<(String, String)>>,
    ends: mpsc::Receiver<StreamEnd>,
}

/// What the server tells the test.
#[derive(Clone)]
struct Teller {
    requests: mpsc::Sender<Vec<(String, String)>>,
    ends: mpsc::Sender<StreamEnd>,
}

impl Http2 {
    /// Hands all requests to that server.
    pub fn before(port: u16) -> Self {
        Self::start(move |_| Turn::Forward(port))
    }

    pub fn start(decide: impl Fn(&str) -> Turn + Send + 'static) -> Self {
        Self::with(None, true, decide)
    }

    /// The same behind TLS, which chooses `h2`.
    pub fn start_tls(config: &ServerConfig, decide: impl Fn(&str) -> Turn + Send + 'static) -> Self {
        Self::with(Some(choosing(config, b"h2")), true, decide)
    }

    /// `takes_connect`: whether it has SETTINGS_ENABLE_CONNECT_PROTOCOL.
    pub fn with(
        tls: Option<Arc<ServerConfig>>,
        takes_connect: bool,
        decide: impl Fn(&str) -> Turn + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
        listener.set_nonblocking(true).expect("it is a socket");
        let port = listener.local_addr().expect("it is bound").port();
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let ((requests, asked), (ends, ended)) = (mpsc::channel(), mpsc::channel());
        let teller = Teller { requests, ends };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let decide = std::rc::Rc::new(decide);
            LocalSet::new().block_on(&runtime, async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it was made for this runtime");
                loop {
                    let Ok((stream, _)) = listener.accept().await else { continue };
                    let (tls, teller, decide) = (tls.clone(), teller.clone(), std::rc::Rc::clone(&decide));
                    spawn_local(async move {
                        match tls {
                            None => connection(stream, takes_connect, &*decide, teller).await,
                            Some(config) => {
                                let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                                connection(stream, takes_connect, &*decide, teller).await;
                            }
                        }
                    });
                }
            });
        });
        Self { scheme, port, requests: asked, ends: ended }
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/", self.scheme, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next request: its pseudo-header fields first.
    #[track_caller]
    pub fn request(&self) -> Vec<(String, String)> {
        self.requests.recv_timeout(PATIENCE).expect("a client asks")
    }

    /// How the next stream ended.
    #[track_caller]
    pub fn end(&self) -> StreamEnd {
        self.ends.recv_timeout(PATIENCE).expect("a stream ends")
    }
}

/// The same certificate, with this protocol in ALPN.
pub fn choosing(config: &ServerConfig, name: &[u8]) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![name.to_vec()];
    Arc::new(config)
}

async fn connection<S>(stream: S, takes_connect: bool, decide: &dyn Fn(&str) -> Turn, teller: Teller)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut builder = h2::server::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 20);
    if takes_connect {
        builder.enable_connect_protocol();
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    let (give_up, mut given_up) = tokio::sync::mpsc::unbounded_channel();
    loop {
        let (request, respond) = tokio::select! {
            Some(reason) = given_up.recv() => {
                connection.abrupt_shutdown(reason);
                continue;
            }
            accepted = connection.accept() => match accepted {
                Some(Ok(accepted)) => accepted,
                _ => return,
            },
        };
        let _ = teller.requests.send(shown(&request));
        match decide(request.uri().path()) {
            Turn::Cut => return,
            Turn::GoAway(reason) => connection.abrupt_shutdown(reason),
            Turn::OpenAndGoAway(reason) => {
                let (mut respond, give_up) = (respond, give_up.clone());
                spawn_local(async move {
                    let opened = respond.send_response(Response::new(()), false);
                    // The client has seen the answer.
                    let mut body = request.into_body();
                    body.data().await;
                    let _ = give_up.send(reason);
                    // To the end of the connection.
                    while body.data().await.is_some_and(|data| data.is_ok()) {}
                    drop(opened);
                });
            }
            turn => drop(spawn_local(serve(turn, request, respond, teller.clone()))),
        }
    }
}

fn shown(request: &Request<RecvStream>) -> Vec<(String, String)> {
    let uri = request.uri();
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let pseudo = [
        (":method", request.method().as_str()),
        (":protocol", protocol),
        (":scheme", uri.scheme_str().unwrap_or_default()),
        (":authority", uri.authority().map_or("", |authority| authority.as_str())),
        (":path", uri.path_and_query().map_or("", |path| path.as_str())),
    ];
    let fields = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    pseudo.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn head(status: u16, fields: &[(&str, &str)]) -> Response<()> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(()).expect("the fields are sound")
}

async fn serve(turn: Turn, request: Request<RecvStream>, mut respond: SendResponse<Bytes>, teller: Teller) {
    match turn {
        Turn::Forward(port) => forward(port, request, respond, teller).await,
        Turn::Answer(status, fields, body) => {
            if let Ok(mut send) = respond.send_response(head(status, fields), false) {
                let _ = send.send_data(Bytes::from_static(body.as_bytes()), true);
            }
        }
        Turn::Open(status, fields) => {
            let send = respond.send_response(head(status, fields), false);
            watch(request.into_body(), &teller).await;
            drop(send);
        }
        Turn::Reset(reason) => respond.send_reset(reason),
        Turn::OpenAndReset(reason) => {
            if let Ok(mut send) = respond.send_response(Response::new(()), false) {
                let mut body = request.into_body();
                // The client has seen the answer.
                let _ = body.data().await;
                send.send_reset(reason);
            }
        }
        _ => watch(request.into_body(), &teller).await,
    }
}

/// Reads to the end of a client's side.
async fn watch(mut body: RecvStream, teller: &Teller) {
    let end = loop {
        match body.data().await {
            Some(Ok(data)) => drop(body.flow_control().release_capacity(data.len())),
            other => break end_of(other),
        }
    };
    let _ = teller.ends.send(end);
}

fn end_of(last: Option<Result<Bytes, h2::Error>>) -> StreamEnd {
    match last {
        None => StreamEnd::Whole,
        Some(Err(error)) if error.is_reset() => StreamEnd::Reset(error.reason().map_or(0, u32::from)),
        _ => StreamEnd::Lost,
    }
}

async fn forward(port: u16, request: Request<RecvStream>, mut respond: SendResponse<Bytes>, teller: Teller) {
    let mut backend = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("it listens");
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut asked = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
         dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    for (name, value) in request.headers() {
        asked += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    backend.write_all((asked + "\r\n").as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(backend.read_u8().await.expect("it answers"));
    }
    let answer = String::from_utf8(answer).expect("it is text");
    let mut response = Response::new(());
    for (name, value) in answer.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        if !["upgrade", "connection"].contains(&&*name.to_ascii_lowercase()) {
            let name = HeaderName::try_from(name).expect("a name");
            response.headers_mut().insert(name, HeaderValue::try_from(value).expect("a value"));
        }
    }
    let Ok(send) = respond.send_response(response, false) else { return };
    let (from, to) = backend.into_split();
    spawn_local(down(from, send));
    up(request.into_body(), to, &teller).await;
}

async fn up(mut body: RecvStream, mut to: tokio::net::tcp::OwnedWriteHalf, teller: &Teller) {
    let end = loop {
        match body.data().await {
            Some(Ok(data)) => {
                if to.write_all(&data).await.is_err() {
                    break StreamEnd::Lost;
                }
                let _ = body.flow_control().release_capacity(data.len());
            }
            other => break end_of(other),
        }
    };
    let _ = teller.ends.send(end);
}

async fn down(mut from: tokio::net::tcp::OwnedReadHalf, mut send: SendStream<Bytes>) {
    let mut block = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut block).await {
        let mut rest = &block[..length];
        while !rest.is_empty() {
            send.reserve_capacity(rest.len());
            let room = match send.capacity() {
                0 => match std::future::poll_fn(|cx| send.poll_capacity(cx)).await {
                    Some(Ok(room)) => room,
                    _ => return,
                },
                room => room,
            };
            let (now, later) = rest.split_at(room.min(rest.len()));
            if send.send_data(Bytes::copy_from_slice(now), false).is_err() {
                return;
            }
            rest = later;
        }
    }
    let _ = send.send_data(Bytes::new(), true);
}

/// A server that says these bytes to each client that comes, and closes as soon as that has left; the URL of it.
pub fn saying_bytes(said: Vec<u8>, closes: bool) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(&said);
            if closes {
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            drain(&mut stream);
        }
    });
    format!("ws://127.0.0.1:{port}/")
}

fn drain(stream: &mut TcpStream) {
    let mut block = [0; 4096];
    while let Ok(1..) = stream.read(&mut block) {}
}
