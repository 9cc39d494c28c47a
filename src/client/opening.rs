//! The opening handshake with the version of HTTP that was chosen, traced, and within its time.

use std::cell::Cell;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::http_choice::HttpChoice;
use super::trace::Trace;
use crate::dial::error::DialError;
use crate::dial::{Route, Stream, tls};
use crate::error::Error;
use crate::handshake::http2::ConnectRequest;
use crate::handshake::{self, Answer, HandshakeError, heads_of};
use crate::http2::client::Http2Client;
use crate::request::Request;
use crate::target::Target;
use crate::transport::Replayed;

const ANSWER: &str = "waiting for the answer to the opening request";

/// A request, and how it is to be asked.
pub(super) struct Opening<'o> {
    pub(super) target: &'o Target,
    pub(super) request: &'o Request,
    pub(super) http: HttpChoice,
    pub(super) route: &'o Route,
    /// `--handshake-timeout`
    pub(super) time: Duration,
    pub(super) trace: &'o dyn Fn(Trace<'_>),
}

type AskingFuture<'o> = Pin<Box<dyn Future<Output = Result<OpeningOutcome, HandshakeError>> + 'o>>;

/// What came of it.
pub(super) struct OpeningOutcome {
    pub(super) answer: Answer,
    /// What carries the WebSocket, if there is one.
    pub(super) stream: Stream,
    pub(super) is_http2: bool,
}

impl Opening<'_> {
    pub(super) async fn ask(
        &self,
        stream: Replayed<Stream>,
        tls: Option<&tls::Session>,
    ) -> Result<OpeningOutcome, Error> {
        let chosen = tls.map(|session| session.alpn.as_deref());
        let is_http2 = self.http.settled(chosen).map_err(|refusal| self.failed(refusal.into()))?;
        let step = Cell::new(ANSWER);
        // What HTTP/2 needs has a place of its own: each page of the stack costs time at every start.
        let asking: AskingFuture<'_> =
            if is_http2 { Box::pin(self.over_http2(stream, &step)) } else { Box::pin(self.over_http1(stream.inner)) };
        let asked = timeout(self.time, asking).await.map_err(|_| Error::TimedOut {
            step: step.get(),
            after: self.time,
            option: "--handshake-timeout",
        })?;
        asked.map_err(|source| self.failed(source))
    }

    async fn over_http1(&self, mut stream: Stream) -> Result<OpeningOutcome, HandshakeError> {
        (self.trace)(Trace::Request(&self.request.head()));
        let started = Instant::now();
        let answer = handshake::open(&mut stream, self.request).await;
        self.tell(&heads_of(&answer, Answer::response), started);
        Ok(OpeningOutcome { answer: answer?, stream, is_http2: false })
    }

    async fn over_http2(
        &self,
        stream: Replayed<Stream>,
        step: &Cell<&'static str>,
    ) -> Result<OpeningOutcome, HandshakeError> {
        let connect = ConnectRequest::new(self.request, self.target.scheme.is_tls())?;
        step.set("waiting for the server's SETTINGS");
        let client = Http2Client::begin(stream).await?;
        (self.trace)(Trace::Settings(client.settings()));
        step.set(ANSWER);
        let client = connect.admitted(client).await?;
        (self.trace)(Trace::Request(&connect.head()));
        let started = Instant::now();
        let opened = connect.open(client).await;
        self.tell(&heads_of(&opened, |(answer, _)| answer.response()), started);
        let (answer, stream) = opened?;
        Ok(OpeningOutcome { answer, stream: Stream::Http2(Box::new(stream)), is_http2: true })
    }

    fn tell(&self, heads: &[String], started: Instant) {
        for head in heads {
            (self.trace)(Trace::Response(head));
        }
        (self.trace)(Trace::Answered(started.elapsed()));
    }

    fn failed(&self, source: HandshakeError) -> Error {
        handshake_failed(source, self.target, self.request, self.route)
    }
}

/// What a failed handshake is told as.
pub(crate) fn handshake_failed(source: HandshakeError, target: &Target, request: &Request, route: &Route) -> Error {
    match source {
        HandshakeError::Io(error) if let Some(source) = tls::TlsError::late(&error, route.tls.offer()) => {
            DialError::Tls { host: target.host(), source }.into()
        }
        source => {
            let origin = request.field("Origin").map(str::to_owned);
            Error::Handshake { url: target.to_string(), origin, source }
        }
    }
}
