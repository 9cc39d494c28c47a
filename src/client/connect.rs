//! The one place that knows the order: dial, handshake, redirect, wire.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::dial::error::DialError;
use crate::dial::proxy::ProxyHead;
use crate::dial::{self, Dialed, Route, Stream, tls};
use crate::error::Error;
use crate::events::{Opened, OpeningTimes};
use crate::handshake::redirect::Trail;
use crate::handshake::{self, Answer, HandshakeError, Switched, heads_of};
use crate::masking;
use crate::request::{Request, RequestOptions};
use crate::target::Target;
use crate::wire::frame::Side;
use crate::wire::{CompressionStats, ConnectionOptions, Limits, Socket};

/// What to connect to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) target: Target,
    pub(crate) wishes: RequestOptions,
    pub(crate) route: Route,
    pub(crate) handshake_timeout: Duration,
    /// `-L`: how many redirects may be followed.
    pub(crate) max_redirects: Option<usize>,
    /// `--insecure-redirect`: also from wss:// to ws://.
    pub(crate) insecure_redirect: bool,
    pub(crate) limits: Limits,
    /// What the handshake leaves open.
    pub(crate) manner: ConnectionOptions,
}

/// What a verbose user gets to see on the way.
pub(crate) enum Trace<'t> {
    Dialed {
        target: &'t Target,
        dialed: &'t Dialed,
    },
    /// The request as it may be shown, secrets left out.
    Request(&'t str),
    /// A head of the answer as it came, secrets left out.
    Response(&'t str),
    Redirected(&'t Target),
    /// How long the server took to answer.
    Answered(Duration),
}

/// Connects, following redirects if that is wanted.
///
/// # Errors
/// The first step that failed; a refusal comes with its status, fields and body.
pub(crate) async fn connect(options: &Options, trace: &dyn Fn(Trace<'_>)) -> Result<(Socket<Stream>, Opened), Error> {
    let mut trail = Trail::new(options.target.clone(), options.max_redirects.unwrap_or(0), options.insecure_redirect);
    let mut wishes = options.wishes.clone();
    let mut route = options.route.clone();
    loop {
        let target = trail.current().clone();
        let trace_proxy = |head: ProxyHead<'_>| match head {
            ProxyHead::Request(head) => trace(Trace::Request(head)),
            ProxyHead::Response(head) => trace(Trace::Response(head)),
        };
        let mut dialed = dial::dial(&target, &route, &trace_proxy).await?;
        trace(Trace::Dialed { target: &target, dialed: &dialed });
        let request = Request::new(&target, &wishes);
        let started = std::time::Instant::now();
        let mut refusal = match shake_hands(&target, &request, &mut dialed.stream, options, trace).await? {
            Answer::Switched(switched) => {
                let timing = OpeningTimes { steps: dialed.steps, answered: started.elapsed() };
                return Ok(open(&target, dialed, request, switched, (timing, options)).await);
            }
            Answer::Refused(refusal) => refusal,
        };
        let next = match options.max_redirects {
            Some(_) => trail.follow(&refusal.response).map_err(Error::Redirect)?,
            None => None,
        };
        let Some(next) = next else {
            refusal.sent.withholds_credentials = options.wishes.has_credentials() && !wishes.has_credentials();
            return Err(Error::Refused(Box::new(refusal)));
        };
        trace(Trace::Redirected(next));
        if !target.same_origin(next) {
            wishes = wishes.without_secrets();
        }
        if !target.same_host(next) {
            route = route.for_another_host();
        }
    }
}

async fn shake_hands(
    target: &Target,
    request: &Request,
    stream: &mut Stream,
    options: &Options,
    trace: &dyn Fn(Trace<'_>),
) -> Result<Answer, Error> {
    trace(Trace::Request(&masking::head(&request.head())));
    let started = std::time::Instant::now();
    let answer =
        timeout(options.handshake_timeout, handshake::open(stream, request)).await.map_err(|_| Error::TimedOut {
            step: "waiting for the answer to the opening request",
            after: options.handshake_timeout,
            option: "--handshake-timeout",
        })?;
    for head in heads_of(&answer, Answer::response) {
        trace(Trace::Response(&masking::head(&head)));
    }
    trace(Trace::Answered(started.elapsed()));
    answer.map_err(|source| handshake_failed(source, target, request, &options.route))
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

async fn open(
    target: &Target,
    dialed: Dialed,
    request: Request,
    switched: Switched,
    (timing, options): (OpeningTimes, &Options),
) -> (Socket<Stream>, Opened) {
    let Switched { response, subprotocol, deflate, leftover } = switched;
    let tally = Arc::<CompressionStats>::default();
    let opened = Opened {
        url: target.url(),
        peer: dialed.peer,
        tls: dialed.tls.map(|tls| format!("{}, {}", tls.version, tls.cipher_suite)),
        status: response.status,
        extensions: response.field("Sec-WebSocket-Extensions").map(str::to_owned),
        request: request.into_fields(),
        headers: response.fields,
        answer: Vec::new(),
        subprotocol,
        deflate,
        tally: Arc::clone(&tally),
        timing,
    };
    let manner = ConnectionOptions { deflate, tally, ..options.manner.clone() };
    (Socket::new(dialed.stream, leftover, Side::Client, options.limits, manner).await, opened)
}
