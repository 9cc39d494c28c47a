//! The one place that knows the order: dial, handshake, redirect, wire.

use std::sync::Arc;
use std::time::Duration;

use super::http_choice::HttpChoice;
use super::opening::{Opening, OpeningOutcome};
use super::trace::Trace;
use crate::dial::{self, Dialed, Route, Stream};
use crate::error::Error;
use crate::events::{Opened, OpeningTimes};
use crate::handshake::redirect::Trail;
use crate::handshake::{Answer, Switched};
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
    /// What the handshake leaves open.
    pub(crate) connection: ConnectionOptions,
}

/// Connects, following redirects if that is wanted.
///
/// # Errors
/// The first step that failed; a refusal comes with its status, fields and body.
pub(crate) async fn connect(options: &Options, trace: &dyn Fn(Trace<'_>)) -> Result<(Socket<Stream>, Opened), Error> {
    let mut trail = Trail::new(options.target.clone(), options.max_redirects.unwrap_or(0), options.insecure_redirect);
    let mut request_options = options.request.clone();
    let mut route = options.route.clone();
    let mut http = options.http;
    loop {
        let target = trail.current().clone();
        route.tls.alpn = http.alpn();
        let mut dialed = dial::dial(&target, &route, &|head| trace(Trace::from(head))).await?;
        trace(Trace::Dialed { target: &target, dialed: &dialed });
        let request = Request::new(&target, &request_options);
        let started = std::time::Instant::now();
        let opening =
            Opening { target: &target, request: &request, http, route: &route, time: options.handshake_timeout, trace };
        let stream = Replayed { begins: std::mem::take(&mut dialed.begins), inner: dialed.stream };
        let OpeningOutcome { answer, stream, is_http2 } = match opening.ask(stream, dialed.tls.as_ref()).await {
            Err(error) if http.returns_to_http1(&error) => {
                trace(Trace::Returned(&error.chain()));
                http = HttpChoice::Http1;
                continue;
            }
            asked => asked?,
        };
        dialed.stream = stream;
        let mut refusal = match answer {
            Answer::Switched(switched) => {
                let timing = OpeningTimes { steps: dialed.steps, answered: started.elapsed() };
                return Ok(open(&target, dialed, request, switched, (timing, is_http2, options)).await);
            }
            Answer::Refused(refusal) => refusal,
        };
        let next = match options.max_redirects {
            Some(_) => trail.follow(&refusal.response).map_err(Error::Redirect)?,
            None => None,
        };
        let Some(next) = next else {
            refusal.sent.withholds_credentials =
                options.request.has_credentials() && !request_options.has_credentials();
            return Err(Error::Refused(Box::new(refusal)));
        };
        trace(Trace::Redirected(next));
        if !target.same_origin(next) {
            request_options = request_options.without_secrets();
            http = options.http;
        }
        if !target.same_host(next) {
            route = route.for_another_host();
        }
    }
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
