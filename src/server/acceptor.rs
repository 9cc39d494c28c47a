//! Accepts clients: from a new connection to an accepted client, or a rejected one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::answers::HttpAnswers;
use super::page;
use super::upstream::Upstream;
use crate::client::connector::Connected;
use crate::dial::Secured;
use crate::dial::tls::alpn::HTTP2;
use crate::dial::tls::error::in_words_of_handshake;
use crate::events::{Opened, OpeningTimes};
use crate::handshake::admission::Admission;
use crate::handshake::head::OpeningRequest;
use crate::handshake::http2_server::{self, AskedStream};
use crate::handshake::server::{
    Accepted, ClientRequestHead, Declined, Denial, Grant, ReadRequest, accept, grant, read_request, reject,
    taken_request,
};
use crate::http2::fault::Http2Fault;
use crate::http2::server::{Http2Exchange, PREFACE};
use crate::request::Header;
use crate::transport::{Duplex, Peer, Replayed};
use crate::wire::frame::Side;
use crate::wire::offer::Agreed;
use crate::wire::{CompressionStats, ConnectionOptions, Limits, Socket};

/// How clients are let in.
pub(crate) struct Acceptor {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Whether HTTP/2 is taken without TLS, too.
    pub(crate) http2: bool,
    pub(crate) admission: Admission,
    /// Whether a browser gets the built-in page.
    pub(crate) has_page: bool,
    /// What a script answers beside its socket.
    pub(crate) answers: Option<HttpAnswers>,
    /// Where each client is connected on to.
    pub(crate) upstream: Option<Upstream>,
    /// The delay before each response, to simulate a slow server.
    pub(crate) delay: Duration,
    /// Whether frames are traced.
    pub(crate) traced: bool,
    /// Whether large messages are handed over in parts.
    pub(crate) parts: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) limits: Limits,
}

/// A client that was let in, with whatever it was granted besides.
pub(crate) struct AcceptedClient<P> {
    pub(crate) socket: Socket<Box<dyn Duplex>>,
    pub(crate) opening: OpeningRequest,
    /// The fields that it was answered with.
    pub(crate) answer: Vec<Header>,
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Option<String>,
    pub(crate) deflate: Option<Agreed>,
    pub(crate) tally: Arc<CompressionStats>,
    /// Version and cipher suite.
    pub(crate) tls: Option<String>,
    pub(crate) is_http2: bool,
    pub(crate) slot: P,
    /// The connection to the server that a relay has made for it.
    pub(crate) upstream: Option<Box<Connected>>,
}

/// A request that was granted, and what was made ready for the client.
struct Granted<P> {
    heard: ReadRequest,
    choice: Grant,
    place: P,
    upstream: Option<Box<Connected>>,
}

impl<P> AcceptedClient<P> {
    /// What its session needs.
    pub(crate) fn into_parts(self, url: String, peer: Peer) -> (Socket<Box<dyn Duplex>>, Opened, P) {
        let opened = Opened {
            url,
            peer,
            tls: self.tls,
            status: if self.is_http2 { 200 } else { 101 },
            is_http2: self.is_http2,
            request: Vec::new(),
            headers: self.opening.fields,
            answer: self.answer,
            subprotocol: self.subprotocol,
            extensions: self.extensions,
            deflate: self.deflate,
            tally: self.tally,
            timing: OpeningTimes::default(),
        };
        (self.socket, opened, self.slot)
    }
}

/// A connection of which the first bytes are there.
pub(crate) struct BegunConnection {
    stream: Box<dyn Duplex>,
    /// Version and cipher suite.
    pub(crate) tls: Option<String>,
    begins: BytesMut,
    pub(crate) is_http2: bool,
    /// One limit for all that the client has to say: it is no longer for one that sends a byte now and then.
    deadline: Instant,
}

impl BegunConnection {
    /// The whole of it.
    pub(crate) fn into_stream(self) -> Replayed<Box<dyn Duplex>> {
        Replayed { begins: self.begins.freeze(), inner: self.stream }
    }
}

impl Acceptor {
    /// Secures the stream if asked to, and learns which version of HTTP is spoken on it.
    pub(crate) async fn begin(&self, stream: Box<dyn Duplex>) -> Result<BegunConnection, Declined> {
        let deadline = Instant::now() + self.handshake_timeout;
        let begun = timeout_at(deadline, async {
            let SecuredStream { mut stream, tls, is_http2 } = self.secure(stream).await?;
            let mut begins = BytesMut::new();
            let is_http2 = match is_http2 {
                Some(is_http2) => is_http2,
                None if self.http2 => sniff(&mut stream, &mut begins).await,
                None => false,
            };
            Ok(BegunConnection { stream, tls, begins, is_http2, deadline })
        });
        begun.await.unwrap_or(Err(Declined::TooSlow(self.handshake_timeout)))
    }

    /// Answers the request; `place` says whether there is room for one more, and `request` is what was asked by whom is not
    /// let in.
    pub(crate) async fn admit<P>(
        &self,
        begun: BegunConnection,
        place: impl FnOnce() -> Option<P>,
        request: &mut ClientRequestHead,
    ) -> Result<AcceptedClient<P>, Declined> {
        let BegunConnection { mut stream, tls, begins, deadline, .. } = begun;
        let late = || Declined::TooSlow(self.handshake_timeout);
        let heard = timeout_at(deadline, read_request(&mut stream, begins, &mut request.head)).await;
        let heard = self.passed_on(&mut stream, heard.unwrap_or_else(|_| Err(late())), request).await;
        if let Err(declined @ Declined::Passed { .. }) = heard {
            return Err(declined);
        }
        let judged = self.judged(heard, place, request).await;
        let answered = async {
            match judged {
                Ok(Granted { heard, choice, place, upstream }) => {
                    Ok((accept(&mut stream, heard, choice).await?, (place, upstream)))
                }
                Err(declined) => {
                    reject(&mut stream, &declined).await;
                    Err(declined)
                }
            }
        };
        let (accepted, place) = timeout(self.handshake_timeout, answered).await.unwrap_or_else(|_| Err(late()))?;
        Ok(self.opened(stream, accepted, (tls, false), place).await)
    }

    /// The same on a stream of an HTTP/2 connection.
    pub(crate) async fn admit_stream<P, S: Duplex + 'static>(
        &self,
        mut exchange: Http2Exchange<S>,
        tls: Option<String>,
        place: impl FnOnce() -> Option<P>,
        request: &mut ClientRequestHead,
    ) -> Result<AcceptedClient<P>, Declined> {
        let asked = AskedStream::of(&exchange.request);
        *request = ClientRequestHead { head: asked.head().to_owned(), opening: None, is_http2: true };
        match self.judged(taken_request(asked), place, request).await {
            Ok(Granted { heard, choice, place, upstream }) => {
                let accepted = grant(heard, choice);
                let answer = http2_server::answer(200, &accepted.answer);
                let send = exchange.respond.send_response(answer, false).map_err(Http2Fault::new);
                let stream = Box::new(exchange.into_stream(send.map_err(io::Error::from)?));
                Ok(self.opened(stream, accepted, (tls, true), (place, upstream)).await)
            }
            Err(declined) => {
                if let Some(denial) = declined.denial() {
                    turn_away(exchange, &denial);
                }
                Err(declined)
            }
        }
    }

    /// Judges a request after the delay, and connects to the server of a relay; a request that is not let in is kept.
    async fn judged<P>(
        &self,
        heard: Result<ReadRequest, Declined>,
        place: impl FnOnce() -> Option<P>,
        request: &mut ClientRequestHead,
    ) -> Result<Granted<P>, Declined> {
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let heard = heard?;
        let granted = match self.judge(&heard, place) {
            Ok((choice, place)) => self.connected_on(heard.opening(), choice).await.map(|on| (on, place)),
            Err(declined) => Err(declined),
        };
        match granted {
            Ok(((choice, upstream), place)) => Ok(Granted { heard, choice, place, upstream }),
            Err(declined) => {
                request.opening = Some(heard.into_opening());
                Err(declined)
            }
        }
    }

    /// Lets the server of a relay answer a request that wants no WebSocket; any other is left as it is.
    async fn passed_on(
        &self,
        stream: &mut Box<dyn Duplex>,
        heard: Result<ReadRequest, Declined>,
        request: &mut ClientRequestHead,
    ) -> Result<ReadRequest, Declined> {
        let heard = heard?;
        let Some(upstream) = self.upstream.as_ref().filter(|_| heard.plain_method().is_some()) else {
            return Ok(heard);
        };
        let passed = match self.admission.admit_plain(heard.opening(), heard.authority()) {
            Ok(()) => upstream.pass(stream, &heard, self.admission.is_tls).await,
            Err(denial) => Some(Declined::Denied(denial)),
        };
        let Some(declined) = passed else { return Ok(heard) };
        request.opening = Some(heard.into_opening());
        Err(declined)
    }

    /// Connects to the server of a relay, whose choice of a subprotocol is the client's.
    async fn connected_on(
        &self,
        asked: &OpeningRequest,
        choice: Grant,
    ) -> Result<(Grant, Option<Box<Connected>>), Declined> {
        let Some(upstream) = &self.upstream else { return Ok((choice, None)) };
        let connected = upstream.open(asked).await.map_err(Declined::Denied)?;
        Ok((Grant { subprotocol: connected.1.subprotocol.clone(), ..choice }, Some(connected)))
    }

    async fn opened<P>(
        &self,
        stream: Box<dyn Duplex>,
        accepted: Accepted,
        (tls, is_http2): (Option<String>, bool),
        (slot, upstream): (P, Option<Box<Connected>>),
    ) -> AcceptedClient<P> {
        let (deflate, tally) = (accepted.deflate, Arc::<CompressionStats>::default());
        let connection = ConnectionOptions {
            deflate,
            parts: self.parts,
            traced: self.traced,
            subprotocol: accepted.subprotocol.as_deref().map(Arc::from),
            tally: Arc::clone(&tally),
            ..ConnectionOptions::default()
        };
        let socket = Socket::new(stream, accepted.leftover, Side::Server, self.limits, connection).await;
        AcceptedClient {
            socket,
            opening: accepted.opening,
            answer: accepted.answer,
            subprotocol: accepted.subprotocol,
            extensions: accepted.extensions,
            deflate,
            tally,
            tls,
            is_http2,
            slot,
            upstream,
        }
    }

    async fn secure(&self, stream: Box<dyn Duplex>) -> Result<SecuredStream, Declined> {
        let Some(tls) = &self.tls else { return Ok(SecuredStream { stream, tls: None, is_http2: None }) };
        let stream = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await;
        let stream = stream.map_err(|error| Declined::Tls(in_words_of_handshake(error)))?;
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
        let suite = session.negotiated_cipher_suite().map_or_else(String::new, |suite| format!("{:?}", suite.suite()));
        let is_http2 = session.alpn_protocol().map(|name| name == HTTP2.as_bytes());
        Ok(SecuredStream { stream: Box::new(Secured(stream)), tls: Some(format!("{version}, {suite}")), is_http2 })
    }

    fn judge<P>(&self, heard: &ReadRequest, place: impl FnOnce() -> Option<P>) -> Result<(Grant, P), Declined> {
        if let Some(declined) = self.answered(heard) {
            return Err(declined);
        }
        if heard.is_plain() {
            return Err(Declined::Denied(self.plain(heard)));
        }
        heard.check()?;
        let choice = self.admission.choose(heard.opening(), heard.authority()).map_err(Declined::Denied)?;
        match place() {
            Some(place) => Ok((choice, place)),
            None => Err(Declined::Denied(self.admission.denial(503, "there are too many clients (--max-clients)\n"))),
        }
    }

    /// What the script answers to a request that wants no socket.
    fn answered(&self, heard: &ReadRequest) -> Option<Declined> {
        let method = heard.plain_method()?;
        let opening = heard.opening();
        let mut answer = self.answers.as_ref()?.to(method, &opening.resource)?;
        if let Err(denial) = self.admission.admit_anywhere(opening, heard.authority()) {
            return Some(Declined::Denied(denial));
        }
        let is_new = |header: &&Header| !answer.headers.iter().any(|other| other.is(&header.name));
        let others: Vec<_> = self.admission.headers.iter().filter(is_new).cloned().collect();
        answer.headers.extend(others);
        let resource = opening.resource.split('?').next().unwrap_or_default();
        Some(Declined::Answered { request: format!("{method} {resource}"), answer })
    }

    /// What a browser gets that was given the URL.
    fn plain(&self, heard: &ReadRequest) -> Denial {
        if let Err(denial) = self.admission.admit(heard.opening(), heard.authority()) {
            return denial;
        }
        let mut answer = if self.has_page {
            Denial { headers: page::headers(), ..self.admission.denial(200, page::PAGE) }
        } else {
            // RFC 9110, section 15.5.22
            let headers = vec![Header::new("Upgrade", "websocket"), Header::new("Connection", "Upgrade, close")];
            Denial { headers, ..self.admission.denial(426, "this is a WebSocket server\n") }
        };
        answer.headers.extend(self.admission.headers.iter().cloned());
        answer
    }
}

/// A stream, with what was agreed on in TLS.
struct SecuredStream {
    stream: Box<dyn Duplex>,
    tls: Option<String>,
    /// None where nothing was chosen by ALPN.
    is_http2: Option<bool>,
}

/// Whether the client begins as one of HTTP/2 does; what was read is kept. How it ends otherwise is found by who reads on.
async fn sniff(stream: &mut (impl AsyncRead + Unpin), begins: &mut BytesMut) -> bool {
    loop {
        begins.reserve(FIRST_READ);
        if !matches!(stream.read_buf(begins).await, Ok(1..)) {
            return false;
        }
        let length = begins.len().min(PREFACE.len());
        if begins[..length] != PREFACE[..length] {
            return false;
        }
        if length == PREFACE.len() {
            return true;
        }
    }
}

/// Enough for most requests.
const FIRST_READ: usize = 4096;

fn turn_away<S: Duplex>(mut exchange: Http2Exchange<S>, denial: &Denial) {
    let answer = http2_server::answer(denial.status, &denial.fields());
    // Whether the client still listens changes nothing: it is declined all the same.
    if let Ok(mut send) = exchange.respond.send_response(answer, false) {
        let _ = send.send_data(Bytes::from(denial.body.clone()), true);
    }
}
