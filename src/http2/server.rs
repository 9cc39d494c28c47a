//! A server's connection: streams come in, and each is moved by whoever reads or writes it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, Connection, SendResponse};
use http::Request;

use super::fault::Http2Fault;
use super::stream::{DriveFrames, Http2Stream};
use super::watched::{Sightings, WatchedIo};
use super::{DATA_FRAMES, MAX_FIELDS_SIZE, MAX_FRAME, SEND_BUFFER, WINDOW};
use crate::sys::memory;
use crate::transport::Duplex;

/// The preface of a client (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A client may have this many streams at once; more are refused (REFUSED_STREAM).
const MAX_STREAMS: u32 = 1000;

/// The stream of a client that came in.
pub(crate) type ServedStream<S> = Http2Stream<ServerDriver<S>>;

/// A request that came in, and the place for its answer.
pub(crate) struct Http2Exchange<S: Duplex> {
    pub(crate) request: Request<()>,
    pub(crate) respond: SendResponse<Bytes>,
    body: RecvStream,
    driver: ServerDriver<S>,
}

/// A connection on which a client opens streams.
pub(crate) struct Http2Server<S: Duplex> {
    shared: Rc<SharedConnection<S>>,
}

struct SharedConnection<S: Duplex> {
    connection: RefCell<Connection<WatchedIo<S>, Bytes>>,
    sightings: Arc<Sightings>,
    /// Of whoever accepts: it has to see what others find in the transport.
    accepting: RefCell<Waker>,
    /// How the connection has ended, where a stream has found that.
    end: RefCell<Option<Result<(), h2::Error>>>,
}

impl<S: Duplex> Http2Server<S> {
    /// Reads the preface and sends the settings.
    pub(crate) async fn begin(stream: S) -> Result<Self, Http2Fault> {
        memory::keep_for_reuse();
        let sightings = Arc::<Sightings>::default();
        let watched = WatchedIo { inner: stream, sightings: Arc::clone(&sightings) };
        let connection = RefCell::new(builder().handshake(watched).await.map_err(Http2Fault::new)?);
        let accepting = RefCell::new(Waker::noop().clone());
        Ok(Self { shared: Rc::new(SharedConnection { connection, sightings, accepting, end: RefCell::default() }) })
    }

    /// The next request; none at the end of the connection.
    pub(crate) async fn accept(&self) -> Option<Result<Http2Exchange<S>, Http2Fault>> {
        let accepted = poll_fn(|cx| {
            self.shared.accepting.borrow_mut().clone_from(cx.waker());
            self.shared.sightings.begin_turn();
            match self.shared.end.take() {
                Some(end) => Poll::Ready(end.err().map(Err)),
                None => self.shared.connection.borrow_mut().poll_accept(cx),
            }
        });
        let accepted = accepted.await?.map_err(Http2Fault::new);
        Some(accepted.map(|(request, respond)| {
            let (head, body) = request.into_parts();
            let driver = ServerDriver { shared: Rc::clone(&self.shared) };
            Http2Exchange { request: Request::from_parts(head, ()), respond, body, driver }
        }))
    }

    /// Takes no more streams (GOAWAY); those that are there go on.
    pub(crate) fn leave(&self) {
        self.shared.connection.borrow_mut().graceful_shutdown();
    }
}

impl<S: Duplex + 'static> Http2Exchange<S> {
    /// The stream, once it was answered.
    pub(crate) fn into_stream(self, send: h2::SendStream<Bytes>) -> ServedStream<S> {
        let (stream, task) = Http2Stream::new(self.driver, send, self.body);
        tokio::task::spawn_local(task);
        stream
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
        .max_concurrent_streams(MAX_STREAMS)
        .enable_connect_protocol();
    builder
}

/// What a stream moves its connection with.
pub(crate) struct ServerDriver<S: Duplex> {
    shared: Rc<SharedConnection<S>>,
}

impl<S: Duplex> DriveFrames for ServerDriver<S> {
    /// Each of many streams could hold back what the others need of the connection's window.
    const HELD_BACK: usize = 0;

    fn drive(&mut self, _: &mut Context<'_>) {
        let SharedConnection { connection, sightings, accepting, end } = &*self.shared;
        let Ok(mut connection) = connection.try_borrow_mut() else { return };
        let accepting = accepting.borrow().clone();
        let before = sightings.reads();
        match connection.poll_closed(&mut Context::from_waker(&accepting)) {
            Poll::Ready(ended) => {
                end.borrow_mut().get_or_insert(ended);
                accepting.wake();
            }
            Poll::Pending if sightings.reads() != before => accepting.wake(),
            Poll::Pending => {}
        }
    }

    /// What the transport does not take yet, it is given by whoever accepts.
    fn is_blocked(&self) -> bool {
        false
    }

    fn last_word(&mut self) -> Option<Http2Fault> {
        None
    }
}
