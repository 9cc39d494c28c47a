//! The one place that knows the order: dial, handshake, redirect or login, wire.

use std::sync::Arc;
use std::time::Duration;

use super::http_choice::HttpChoice;
use super::opening::{Opening, OpeningOutcome};
use super::trace::Trace;
use crate::dial::{self, Dialed, Route, Stream};
use crate::error::Error;
use crate::events::{Opened, OpeningTimes};
use crate::handshake::auth::{KnownChallenge, Login, LoginFault, LoginPeer, LoginStep};
use crate::handshake::redirect::Trail;
use crate::handshake::{Answer, HandshakeError, Refusal, Switched};
use crate::request::{Request, RequestOptions};
use crate::target::Target;
use crate::transport::Replayed;
use crate::wire::frame::Side;
use crate::wire::{CompressionStats, ConnectionOptions, Limits, Socket};

/// What to connect to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) target: Target,
    pub(crate) request: RequestOptions,
    pub(crate) route: Route,
    /// `--http2`, `--http2-prior-knowledge`
    pub(crate) http: HttpChoice,
    pub(crate) handshake_timeout: Duration,
    /// `-L`: how many redirects may be followed.
    pub(crate) max_redirects: Option<usize>,
    /// `--insecure-redirect`: also from wss:// to ws://.
    pub(crate) insecure_redirect: bool,
    pub(crate) limits: Limits,
    /// What the server has asked for to be told who we are.
    pub(crate) known: KnownChallenge,
    /// What the handshake leaves open.
    pub(crate) connection: ConnectionOptions,
}

/// Connects, following redirects if that is wanted, and says who we are if it is asked for.
///
/// # Errors
/// The first step that failed; a refusal comes with its status, fields and body.
pub(crate) async fn connect(options: &Options, trace: &dyn Fn(Trace<'_>)) -> Result<(Socket<Stream>, Opened), Error> {
    let mut connecting = Connecting::new(options, trace);
    loop {
        if let Some(connected) = connecting.attempt().await? {
            return Ok(connected);
        }
    }
}

/// Where a connection that is being made has got to.
struct Connecting<'c> {
    options: &'c Options,
    trace: &'c dyn Fn(Trace<'_>),
    trail: Trail,
    request: RequestOptions,
    route: Route,
    http: HttpChoice,
    login: Option<Login>,
    /// The connection of the last request, if another one may follow on it.
    kept: Option<Dialed>,
}

impl<'c> Connecting<'c> {
    fn new(options: &'c Options, trace: &'c dyn Fn(Trace<'_>)) -> Self {
        let (limit, insecure) = (options.max_redirects.unwrap_or(0), options.insecure_redirect);
        let is_http1 = options.known.is_ntlm() && options.http == HttpChoice::Offered;
        Self {
            options,
            trace,
            trail: Trail::new(options.target.clone(), limit, insecure),
            request: options.request.clone(),
            route: options.route.clone(),
            http: if is_http1 { HttpChoice::Http1 } else { options.http },
            login: options.login(),
            kept: None,
        }
    }

    /// Sends one request; none if another one is to follow.
    async fn attempt(&mut self) -> Result<Option<(Socket<Stream>, Opened)>, Error> {
        let target = self.trail.current().clone();
        let is_kept = self.kept.is_some();
        let mut dialed = self.dialed(&target).await?;
        let request = self.request_on(&target, &dialed);
        let started = std::time::Instant::now();
        let opening = Opening {
            target: &target,
            request: &request,
            http: self.http,
            route: &self.route,
            time: self.options.handshake_timeout,
            trace: self.trace,
        };
        let stream = Replayed { begins: std::mem::take(&mut dialed.begins), inner: dialed.stream };
        let OpeningOutcome { answer, stream, is_http2 } = match opening.ask(stream, dialed.tls.as_ref()).await {
            Err(error) => return self.failed(error, is_kept).map(|()| None),
            Ok(asked) => asked,
        };
        dialed.stream = stream;
        match answer {
            Answer::Switched(switched) => {
                self.login.iter().for_each(Login::accepted);
                if self.login.as_ref().is_some_and(Login::was_not_asked) {
                    (self.trace)(Trace::NotAsked);
                }
                let timing = OpeningTimes { steps: dialed.steps, answered: started.elapsed() };
                Ok(Some(open(&target, dialed, request, switched, (timing, is_http2, self.options)).await))
            }
            Answer::Refused(refusal) => self.refused(&target, dialed, refusal, is_http2).map(|()| None),
        }
    }

    async fn dialed(&mut self, target: &Target) -> Result<Dialed, Error> {
        if let Some(kept) = self.kept.take() {
            return Ok(kept);
        }
        self.route.tls.alpn = self.http.alpn();
        let dialed = dial::dial(target, &self.route, &|head| (self.trace)(Trace::from(head))).await?;
        (self.trace)(Trace::Dialed { target, dialed: &dialed });
        Ok(dialed)
    }

    fn request_on(&mut self, target: &Target, dialed: &Dialed) -> Request {
        let is_http2 = self.http.settled(dialed.tls.as_ref().map(|tls| tls.alpn.as_deref())).unwrap_or(false);
        // RFC 8441, section 5: there, the method is another.
        let method = if is_http2 { "CONNECT" } else { "GET" };
        let login = self.login.as_mut();
        let proof = login.and_then(|login| login.authorization(method, &target.resource, dialed.is_private()));
        Request::proving(target, &self.request, proof)
    }

    /// Whether to go on after there was no answer.
    fn failed(&mut self, error: Error, was_kept: bool) -> Result<(), Error> {
        if self.http.returns_to_http1(&error) {
            (self.trace)(Trace::Returned(&error.chain()));
            self.http = HttpChoice::Http1;
            self.login.iter_mut().for_each(Login::unsent);
            return Ok(());
        }
        let is_silence =
            matches!(error, Error::Handshake { source: HandshakeError::Closed | HandshakeError::Io(_), .. });
        let login = self.login.as_mut().filter(|_| is_silence);
        if !login.is_some_and(|login| login.after_silence(was_kept)) {
            return Err(error);
        }
        self.tell_next();
        Ok(())
    }

    fn tell_next(&self) {
        if let Some(scheme) = self.login.as_ref().and_then(Login::next_scheme) {
            (self.trace)(Trace::Answering(scheme.name()));
        }
    }

    /// Whether to go on after a refusal.
    fn refused(&mut self, target: &Target, dialed: Dialed, mut refusal: Refusal, is_http2: bool) -> Result<(), Error> {
        let next = match self.options.max_redirects {
            Some(_) => self.trail.follow(&refusal.response).map_err(Error::Redirect)?.cloned(),
            None => None,
        };
        if let Some(next) = next {
            self.redirected(target, &next);
            return Ok(());
        }
        let step = self.login.as_mut().map_or(LoginStep::Stop, |login| login.after(&refusal.response));
        let fault = match (step, &self.login) {
            (LoginStep::Again, Some(login)) if is_http2 && login.wants_ntlm() => {
                if self.http == HttpChoice::Offered {
                    (self.trace)(Trace::Returned("NTLM works over HTTP/1.1 only"));
                    self.http = HttpChoice::Http1;
                    return Ok(());
                }
                Some(LoginFault::OverHttp2)
            }
            (LoginStep::Again, Some(login)) if login.is_bound() && !refusal.keeps_open => Some(LoginFault::Cut),
            (LoginStep::Again, Some(_)) => {
                self.tell_next();
                self.kept = refusal.keeps_open.then_some(dialed);
                return Ok(());
            }
            (LoginStep::Fail(fault), _) => Some(fault),
            (LoginStep::Again | LoginStep::Stop, _) => None,
        };
        refusal.sent.login = fault;
        refusal.sent.withholds_credentials = self.options.request.has_credentials() && !self.request.has_credentials();
        Err(Error::Refused(Box::new(refusal)))
    }

    fn redirected(&mut self, target: &Target, next: &Target) {
        (self.trace)(Trace::Redirected(next));
        self.login.iter().for_each(Login::accepted);
        if !target.same_origin(next) {
            self.request = self.request.without_secrets();
            self.http = self.options.http;
        }
        if !target.same_host(next) {
            self.route = self.route.for_another_host();
        }
        self.login = login(&self.request, &self.options.known);
    }
}

impl Options {
    /// Proves to the server who we are, if there is anything to prove it with.
    pub(crate) fn login(&self) -> Option<Login> {
        login(&self.request, &self.known)
    }
}

fn login(request: &RequestOptions, known: &KnownChallenge) -> Option<Login> {
    request.login().map(|login| Login::new(login, LoginPeer::Server, request.schemes, known.clone()))
}

async fn open(
    target: &Target,
    dialed: Dialed,
    request: Request,
    switched: Switched,
    (timing, is_http2, options): (OpeningTimes, bool, &Options),
) -> (Socket<Stream>, Opened) {
    let Switched { response, subprotocol, deflate, leftover } = switched;
    let tally = Arc::<CompressionStats>::default();
    let chosen = subprotocol.as_deref().map(Arc::from);
    let opened = Opened {
        url: target.url(),
        peer: dialed.peer,
        tls: dialed.tls.map(|tls| format!("{}, {}", tls.version, tls.cipher_suite)),
        status: response.status,
        is_http2,
        extensions: response.field("Sec-WebSocket-Extensions").map(str::to_owned),
        request: request.into_fields(),
        headers: response.fields,
        answer: Vec::new(),
        subprotocol,
        deflate,
        tally: Arc::clone(&tally),
        timing,
    };
    let connection = ConnectionOptions { deflate, subprotocol: chosen, tally, ..options.connection.clone() };
    (Socket::new(dialed.stream, leftover, Side::Client, options.limits, connection).await, opened)
}
