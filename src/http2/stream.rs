//! One stream of an HTTP/2 connection as a stream of bytes: DATA frames both ways (RFC 8441, section 5).
//!
//! What comes counts against the window until the reader has taken it, so that a slow reader slows the peer. A task beside
//! the reader and the writer takes it from the connection meanwhile, and answers what the peer asks of that (PING, SETTINGS).

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::WINDOW;
use super::arrivals::Arrivals;
use super::fault::Http2Fault;
use crate::sys::memory;
use crate::transport::Duplex;

/// What moves the frames of a connection.
pub(crate) trait DriveFrames {
    /// Room that is given back to the peer only together, so that not each frame that comes is answered with one that goes.
    const HELD_BACK: usize;

    /// Reads and writes as much as can be; the task is woken when there is more to do.
    fn drive(&mut self, task: &mut Context<'_>);

    /// Whether something is written that has not gone.
    fn is_blocked(&self) -> bool;

    /// What the peer said when it ended the connection, once.
    fn last_word(&mut self) -> Option<Http2Fault>;
}

/// A stream, with what moves the frames of its connection.
pub(crate) struct Http2Stream<D: DriveFrames> {
    state: Arc<Mutex<StreamState<D>>>,
    is_aborted: Cell<bool>,
}

struct StreamState<D> {
    /// None when the stream was dropped.
    driver: Option<D>,
    /// None when all is over.
    halves: Option<Halves>,
    arrivals: Arrivals,
    /// Why nothing more comes.
    fault: Option<Http2Fault>,
    has_ended: bool,
    is_shut_down: bool,
    /// What was read since the frames were moved.
    unmoved: usize,
    /// What was read and not given back to the window.
    held: usize,
    /// Of the task, of whoever reads, and of whoever flushes.
    task: Waker,
    reader: Waker,
    flusher: Waker,
}

struct Halves {
    send: SendStream<Bytes>,
    receive: RecvStream,
}

/// Frames are moved after so much was read, also while more is there to read: the peer has to learn that there is room.
const MOVE_AFTER: usize = WINDOW as usize / 4;

impl<D: DriveFrames> Http2Stream<D> {
    /// The stream, and what has to run beside it as a task.
    pub(crate) fn new(
        driver: D,
        send: SendStream<Bytes>,
        receive: RecvStream,
    ) -> (Self, impl Future<Output = ()> + use<D>) {
        let nobody = Waker::noop();
        let state = Arc::new(Mutex::new(StreamState {
            driver: Some(driver),
            halves: Some(Halves { send, receive }),
            arrivals: Arrivals::default(),
            fault: None,
            has_ended: false,
            is_shut_down: false,
            unmoved: 0,
            held: 0,
            task: nobody.clone(),
            reader: nobody.clone(),
            flusher: nobody.clone(),
        }));
        let shared = Arc::clone(&state);
        let task = std::future::poll_fn(move |cx| lock(&shared).keep(cx));
        (Self { state, is_aborted: Cell::new(false) }, task)
    }

    fn state(&self) -> MutexGuard<'_, StreamState<D>> {
        lock(&self.state)
    }
}

fn lock<D>(state: &Mutex<StreamState<D>>) -> MutexGuard<'_, StreamState<D>> {
    state.lock().expect("nothing panics while it holds this")
}

impl<D: DriveFrames> StreamState<D> {
    /// A turn of the task.
    fn keep(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.task.clone_from(cx.waker());
        self.drive();
        let Some(driver) = &self.driver else { return Poll::Ready(()) };
        if !driver.is_blocked() {
            self.flusher.wake_by_ref();
        }
        if self.has_ended || !self.arrivals.is_empty() {
            self.reader.wake_by_ref();
        }
        Poll::Pending
    }

    /// Moves frames, and takes what came.
    fn drive(&mut self) {
        let Some(driver) = &mut self.driver else { return };
        let mut task = Context::from_waker(&self.task);
        self.unmoved = 0;
        driver.drive(&mut task);
        let Some(Halves { receive, .. }) = self.halves.as_mut().filter(|_| !self.has_ended) else { return };
        while let Poll::Ready(data) = receive.poll_data(&mut task) {
            match data {
                Some(Ok(data)) => {
                    self.arrivals.push(data);
                    continue;
                }
                Some(Err(error)) => self.fault = Some(Http2Fault::new(error).or_rather(|| driver.last_word())),
                None => {}
            }
            self.has_ended = true;
            break;
        }
    }

    /// Ready when all that was written has gone.
    fn poll_gone(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.drive();
        if self.driver.as_ref().is_some_and(DriveFrames::is_blocked) {
            self.flusher.clone_from(cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        let length = self.arrivals.take(buf);
        self.unmoved += length;
        self.held += length;
        if let Some(Halves { receive, .. }) = self.halves.as_mut().filter(|_| self.held > D::HELD_BACK) {
            receive.flow_control().release_capacity(self.held).map_err(Http2Fault::new)?;
            self.held = 0;
        }
        Ok(())
    }

    /// Gives the connection up when both sides have said their last.
    fn part(&mut self) {
        if self.has_ended && self.is_shut_down && self.halves.take().is_some() {
            self.drive();
        }
    }
}

impl<D: DriveFrames> AsyncRead for Http2Stream<D> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if state.arrivals.is_empty() || state.unmoved >= MOVE_AFTER {
            state.drive();
        }
        if !state.arrivals.is_empty() {
            return Poll::Ready(state.take(buf));
        }
        if !state.has_ended {
            state.reader.clone_from(cx.waker());
            return Poll::Pending;
        }
        state.part();
        match state.fault.take() {
            Some(fault) if !fault.is_end() => Poll::Ready(Err(fault.into())),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<D: DriveFrames> AsyncWrite for Http2Stream<D> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        let mut has_moved = false;
        loop {
            let is_shut_down = state.is_shut_down;
            let Some(Halves { send, .. }) = state.halves.as_mut().filter(|_| !is_shut_down) else {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            };
            send.reserve_capacity(buf.len());
            let room = match send.capacity() {
                0 if has_moved => match std::task::ready!(send.poll_capacity(cx)) {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Poll::Ready(Err(Http2Fault::new(error).into())),
                    None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                },
                room => room.min(buf.len()),
            };
            if room > 0 {
                let mut data = BytesMut::with_capacity(room);
                memory::pieces(&buf[..room]).for_each(|piece| data.extend_from_slice(piece));
                send.send_data(data.freeze(), false).map_err(Http2Fault::new)?;
            }
            // Whoever writes need not flush.
            state.drive();
            if room > 0 {
                return Poll::Ready(Ok(room));
            }
            has_moved = true;
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_gone(cx)
    }

    /// Ends our side of the stream (END_STREAM).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let is_first = !std::mem::replace(&mut state.is_shut_down, true);
        if let Some(Halves { send, .. }) = state.halves.as_mut().filter(|_| is_first) {
            send.send_data(Bytes::new(), true).map_err(Http2Fault::new)?;
        }
        state.poll_gone(cx)
    }
}

impl<D: DriveFrames> Duplex for Http2Stream<D> {
    fn abort_on_drop(&self) {
        self.is_aborted.set(true);
    }
}

impl<D: DriveFrames> Drop for Http2Stream<D> {
    /// Lets the peer know; what it still sends is answered with RST_STREAM by `h2` itself.
    fn drop(&mut self) {
        let mut state = self.state();
        if let Some(mut halves) = state.halves.take() {
            if self.is_aborted.get() {
                halves.send.send_reset(Reason::CANCEL);
            } else if !state.is_shut_down {
                // It may be over already.
                let _ = halves.send.send_data(Bytes::new(), true);
            }
            drop(halves);
            state.drive();
        }
        state.driver = None;
        state.task.wake_by_ref();
    }
}
