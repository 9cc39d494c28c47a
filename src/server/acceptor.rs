//! Accepts clients: from a new connection to an accepted client, or a rejected one.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::answers::HttpAnswers;
use super::page;
use crate::dial::Secured;
use crate::dial::tls::error::in_words_of_handshake;
use crate::events::{Opened, OpeningTimes};
use crate::handshake::admission::Admission;
use crate::handshake::head::OpeningRequest;
use crate::handshake::server::{ClientRequestHead, Declined, Denial, Grant, ReadRequest, accept, read_request, reject};
use crate::request::Header;
use crate::transport::{Duplex, Peer};
use crate::wire::frame::Side;
use crate::wire::offer::Agreed;
use crate::wire::{CompressionStats, ConnectionOptions, Limits, Socket};

/// How clients are let in.
pub(crate) struct Acceptor {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) admission: Admission,
    /// Whether a browser gets the built-in page.
    pub(crate) has_page: bool,
    /// What a script answers beside its socket.
    pub(crate) answers: Option<HttpAnswers>,
    /// The delay before each response, to simulate a slow server.
    pub(crate) delay: Duration,
    /// Whether frames are traced.
    pub(crate) traced: bool,
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
    pub(crate) slot: P,
}

impl<P> AcceptedClient<P> {
    /// What its session needs.
    pub(crate) fn into_parts(self, url: String, peer: Peer) -> (Socket<Box<dyn Duplex>>, Opened, P) {
        let opened = Opened {
            url,
            peer,
            tls: self.tls,
            status: 101,
            is_http2: false,
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

impl Acceptor {
    /// Secures the stream if asked to, and answers the request; `place` says whether there is room for one more, and
    /// `request` is what was asked by whom is not let in.
    pub(crate) async fn admit<P>(
        &self,
        stream: Box<dyn Duplex>,
        place: impl FnOnce() -> Option<P>,
        request: &mut ClientRequestHead,
    ) -> Result<AcceptedClient<P>, Declined> {
        // One limit for all that the client has to say: it is no longer for one that sends a byte now and then.
        let deadline = Instant::now() + self.handshake_timeout;
        let late = || Declined::TooSlow(self.handshake_timeout);
        let (mut stream, tls) = timeout_at(deadline, self.secure(stream)).await.map_err(|_| late())??;
        let heard =
            timeout_at(deadline, read_request(&mut stream, &mut request.head)).await.unwrap_or_else(|_| Err(late()));
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let judged = heard.and_then(|heard| match self.judge(&heard, place) {
            Ok((choice, place)) => Ok((heard, choice, place)),
            Err(declined) => {
                request.opening = Some(heard.into_opening());
                Err(declined)
            }
        });
        let answered = async {
            match judged {
                Ok((heard, choice, place)) => Ok((accept(&mut stream, heard, choice).await?, place)),
                Err(declined) => {
                    reject(&mut stream, &declined).await;
                    Err(declined)
                }
            }
        };
        let (accepted, place) = timeout(self.handshake_timeout, answered).await.unwrap_or_else(|_| Err(late()))?;
        let (deflate, tally) = (accepted.deflate, Arc::<CompressionStats>::default());
        let manner = ConnectionOptions {
            deflate,
            traced: self.traced,
            tally: Arc::clone(&tally),
            ..ConnectionOptions::default()
        };
        let socket = Socket::new(stream, accepted.leftover, Side::Server, self.limits, manner).await;
        Ok(AcceptedClient {
            socket,
            opening: accepted.opening,
            answer: accepted.answer,
            subprotocol: accepted.subprotocol,
            extensions: accepted.extensions,
            deflate,
            tally,
            tls,
            slot: place,
        })
    }

    async fn secure(&self, stream: Box<dyn Duplex>) -> Result<(Box<dyn Duplex>, Option<String>), Declined> {
        let Some(tls) = &self.tls else { return Ok((stream, None)) };
        let stream = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await;
        let stream = stream.map_err(|error| Declined::Tls(in_words_of_handshake(error)))?;
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
        let suite = session.negotiated_cipher_suite().map_or_else(String::new, |suite| format!("{:?}", suite.suite()));
        Ok((Box::new(Secured(stream)), Some(format!("{version}, {suite}"))))
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
