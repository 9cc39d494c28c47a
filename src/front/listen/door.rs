//! The door: from a bare connection to a client that was let in, or told why not.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::answers::HttpAnswers;
use super::page;
use crate::dial::tls::failure::in_words_of_handshake;
use crate::dial::{Duplex, Secured};
use crate::handshake::admission::Admission;
use crate::handshake::server::{Choice, Declined, Denial, Heard, Opening, Request, decline, hear, let_in};
use crate::request::Header;
use crate::wire::offer::Agreed;
use crate::wire::{Limits, Manner, Side, Socket, Tally};

/// How clients are let in.
pub(in crate::front) struct Door {
    pub(in crate::front) tls: Option<Arc<ServerConfig>>,
    pub(in crate::front) admission: Admission,
    /// Whether a browser gets the built-in page.
    pub(in crate::front) has_page: bool,
    /// What a script answers beside its socket.
    pub(in crate::front) answers: Option<HttpAnswers>,
    /// Before each answer: a server on a bad day.
    pub(in crate::front) delay: Duration,
    /// Whether frames are told.
    pub(in crate::front) traced: bool,
    pub(in crate::front) handshake_timeout: Duration,
    pub(in crate::front) limits: Limits,
}

/// A client that was let in, with whatever it was granted besides.
pub(in crate::front) struct Guest<P> {
    pub(in crate::front) socket: Socket<Box<dyn Duplex>>,
    pub(in crate::front) opening: Opening,
    /// The fields that it was answered with.
    pub(in crate::front) answer: Vec<Header>,
    pub(in crate::front) subprotocol: Option<String>,
    pub(in crate::front) extensions: Option<String>,
    pub(in crate::front) deflate: Option<Agreed>,
    pub(in crate::front) tally: Arc<Tally>,
    /// Version and cipher suite.
    pub(in crate::front) tls: Option<String>,
    pub(in crate::front) place: P,
}

impl Door {
    /// Secures the stream if asked to, and answers the request; `place` says whether there is room for one more, and
    /// `request` is what was asked by whom is not let in.
    pub(in crate::front) async fn admit<P>(
        &self,
        stream: Box<dyn Duplex>,
        place: impl FnOnce() -> Option<P>,
        request: &mut Request,
    ) -> Result<Guest<P>, Declined> {
        // One limit for all that the client has to say: it is no longer for one that sends a byte now and then.
        let deadline = Instant::now() + self.handshake_timeout;
        let late = || Declined::TooSlow(self.handshake_timeout);
        let (mut stream, tls) = timeout_at(deadline, self.secure(stream)).await.map_err(|_| late())??;
        let heard = timeout_at(deadline, hear(&mut stream, &mut request.head)).await.unwrap_or_else(|_| Err(late()));
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
                Ok((heard, choice, place)) => Ok((let_in(&mut stream, heard, choice).await?, place)),
                Err(declined) => {
                    decline(&mut stream, &declined).await;
                    Err(declined)
                }
            }
        };
        let (accepted, place) = timeout(self.handshake_timeout, answered).await.unwrap_or_else(|_| Err(late()))?;
        let (deflate, tally) = (accepted.deflate, Arc::<Tally>::default());
        let manner = Manner { deflate, traced: self.traced, tally: Arc::clone(&tally), ..Manner::default() };
        let socket = Socket::new(stream, accepted.leftover, Side::Server, self.limits, manner).await;
        Ok(Guest {
            socket,
            opening: accepted.opening,
            answer: accepted.answer,
            subprotocol: accepted.subprotocol,
            extensions: accepted.extensions,
            deflate,
            tally,
            tls,
            place,
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

    fn judge<P>(&self, heard: &Heard, place: impl FnOnce() -> Option<P>) -> Result<(Choice, P), Declined> {
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
    fn answered(&self, heard: &Heard) -> Option<Declined> {
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
    fn plain(&self, heard: &Heard) -> Denial {
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
