//! A client's connection, with one stream on it: it is driven by whoever reads or writes that, and by a task beside them.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use h2::{Ping, RecvStream};
use http::{Request, Response};
use tokio::time::timeout;

use super::fault::Http2Fault;
use super::settings::PeerSettings;
use super::stream::{DriveFrames, Http2Stream};
use super::watched::{Sightings, WatchedIo};
use super::{DATA_FRAMES, MAX_FIELDS_SIZE, MAX_FRAME, SEND_BUFFER, WINDOW};
use crate::sys::memory;
use crate::transport::Duplex;

/// A second SETTINGS frame with what the first lacks has come before this is over, if it comes at once.
const SECOND_SETTINGS: Duration = Duration::from_secs(1);

/// More 1xx answers than any server sends.
const MAX_INTERIM: usize = 32;

/// Why a connection does not begin.
#[derive(Debug)]
pub(crate) enum NoSettings {
    /// The peer said something else.
    Other(Bytes),
    /// Nothing came.
    Closed,
    Fault(Http2Fault),
}

/// A connection that has begun: the server's settings are there.
pub(crate) struct Http2Client<S: Duplex> {
    driver: ClientDriver<S>,
    requests: SendRequest<Bytes>,
    settings: PeerSettings,
}

/// The stream of a client.
pub(crate) type ClientStream<S> = Http2Stream<ClientDriver<S>>;

/// The answer to a request, with the 1xx answers before it.
pub(crate) struct Http2Answer<S: Duplex> {
    pub(crate) interim: Vec<Response<()>>,
    pub(crate) response: Response<()>,
    pub(crate) stream: ClientStream<S>,
}

impl<S: Duplex> Http2Client<S> {
    /// Sends the preface, and waits for the server's.
    pub(crate) async fn begin(stream: S) -> Result<Self, NoSettings> {
        memory::keep_for_reuse();
        let sightings = Arc::<Sightings>::default();
        let watched = WatchedIo { inner: stream, sightings: Arc::clone(&sightings) };
        let begun = builder().handshake(watched).await;
        let (requests, connection) = begun.map_err(|error| NoSettings::Fault(Http2Fault::new(error)))?;
        let mut driver = ClientDriver { connection: Some(connection), sightings, end: None };
        poll_fn(|cx| {
            driver.drive(cx);
            if driver.connection.is_none() || driver.sightings.has_begun() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let Some(settings) = driver.sightings.settings() else { return Err(driver.no_settings()) };
        Ok(Self { driver, requests, settings })
    }

    pub(crate) fn settings(&self) -> &PeerSettings {
        &self.settings
    }

    /// Whether the server takes an extended CONNECT (RFC 8441, section 3).
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) async fn takes_connect(&mut self) -> Result<bool, Http2Fault> {
        if !self.requests.is_extended_connect_protocol_enabled() {
            let asked = timeout(SECOND_SETTINGS, self.driver.ping());
            asked.await.unwrap_or(Ok(()))?;
        }
        Ok(self.requests.is_extended_connect_protocol_enabled())
    }

    /// Leaves (GOAWAY), as far as that goes without waiting.
    pub(crate) fn leave(self) {
        let Self { mut driver, requests, .. } = self;
        drop(requests);
        driver.drive(&mut Context::from_waker(std::task::Waker::noop()));
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn ask(self, request: Request<()>) -> Result<Http2Answer<S>, Http2Fault>
    where
        S: Send + 'static,
    {
        let Self { mut driver, mut requests, .. } = self;
        let (answer, send) = requests.send_request(request, false).map_err(Http2Fault::new)?;
        // It would keep the connection open after the stream.
        drop(requests);
        let (mut answer, mut interim) = (pin!(answer), Vec::new());
        let response = poll_fn(|cx| {
            driver.drive(cx);
            while let Poll::Ready(Some(Ok(response))) = answer.poll_informational(cx) {
                if interim.len() == MAX_INTERIM {
                    return Poll::Ready(Err(Http2Fault::Refused(format!(
                        "there were more than {MAX_INTERIM} answers 1xx"
                    ))));
                }
                interim.push(response);
            }
            answer.as_mut().poll(cx).map_err(Http2Fault::new)
        });
        let response = response.await.map_err(|fault: Http2Fault| fault.or_rather(|| driver.last_word()));
        let (head, receive): (_, RecvStream) = response?.into_parts();
        let response = Response::from_parts(head, ());
        let (stream, task) = Http2Stream::new(driver, send, receive);
        tokio::spawn(task);
        Ok(Http2Answer { interim, response, stream })
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_send_buffer_size(SEND_BUFFER)
        .data_frame_budget(DATA_FRAMES)
        .max_header_list_size(MAX_FIELDS_SIZE)
        .enable_push(false);
    builder
}

/// A client's connection; its end is kept.
pub(crate) struct ClientDriver<S: Duplex> {
    connection: Option<Connection<WatchedIo<S>, Bytes>>,
    sightings: Arc<Sightings>,
    end: Option<Http2Fault>,
}

impl<S: Duplex> ClientDriver<S> {
    /// Waits for the answer to a PING: whatever the peer sent before it has come.
    async fn ping(&mut self) -> Result<(), Http2Fault> {
        let Some(mut ping) = self.connection.as_mut().and_then(Connection::ping_pong) else { return Ok(()) };
        ping.send_ping(Ping::opaque()).map_err(Http2Fault::new)?;
        poll_fn(|cx| {
            self.drive(cx);
            ping.poll_pong(cx).map_ok(drop).map_err(Http2Fault::new)
        })
        .await
    }

    fn no_settings(self) -> NoSettings {
        let begins = self.sightings.begins();
        match self.end {
            _ if !begins.is_empty() => NoSettings::Other(begins),
            Some(fault) if !fault.is_end() => NoSettings::Fault(fault),
            _ => NoSettings::Closed,
        }
    }
}

impl<S: Duplex> DriveFrames for ClientDriver<S> {
    const HELD_BACK: usize = WINDOW as usize / 4;

    fn drive(&mut self, task: &mut Context<'_>) {
        let Some(connection) = &mut self.connection else { return };
        // Whoever drives takes what came, too.
        self.sightings.begin_turn();
        if let Poll::Ready(end) = Pin::new(connection).poll(task) {
            self.end = end.err().map(Http2Fault::new);
            self.connection = None;
        }
    }

    fn is_blocked(&self) -> bool {
        self.connection.is_some() && self.sightings.is_blocked()
    }

    fn last_word(&mut self) -> Option<Http2Fault> {
        self.end.take()
    }
}
