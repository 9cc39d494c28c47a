//! One stream of an HTTP/2 connection as a stream of bytes: DATA frames both ways (RFC 8441, section 5).
//!
//! What comes counts against the window until the reader has taken it, so that a slow reader slows the peer.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::WINDOW;
use super::fault::Http2Fault;
use crate::transport::Duplex;

/// What moves the frames of a connection.
pub(crate) trait DriveFrames {
    /// Reads and writes as much as can be; ready when all that was written has gone.
    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// What the peer said when it ended the connection, once.
    fn last_word(&mut self) -> Option<Http2Fault>;
}

/// A stream, with what moves the frames of its connection.
pub(crate) struct Http2Stream<D: DriveFrames> {
    driver: D,
    /// None when all is over.
    halves: Option<Halves>,
    /// What came and is not read.
    unread: Bytes,
    /// What was read since the frames were moved.
    unmoved: usize,
    has_ended: bool,
    is_shut_down: bool,
    is_aborted: Cell<bool>,
}

struct Halves {
    send: SendStream<Bytes>,
    receive: RecvStream,
}

impl<D: DriveFrames> Http2Stream<D> {
    pub(crate) fn new(driver: D, send: SendStream<Bytes>, receive: RecvStream) -> Self {
        Self {
            driver,
            halves: Some(Halves { send, receive }),
            unread: Bytes::new(),
            unmoved: 0,
            has_ended: false,
            is_shut_down: false,
            is_aborted: Cell::new(false),
        }
    }

    /// Waits until something is there to read; false at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Self { driver, halves, unread, unmoved, has_ended, .. } = self;
        if *unmoved >= MOVE_AFTER {
            *unmoved = 0;
            let _ = driver.poll_frames(cx);
        }
        let mut has_moved = false;
        while unread.is_empty() {
            let Some(Halves { receive, .. }) = halves.as_mut().filter(|_| !*has_ended) else {
                return Poll::Ready(Ok(false));
            };
            match receive.poll_data(cx) {
                Poll::Ready(Some(Ok(data))) => *unread = data,
                Poll::Ready(Some(Err(error))) => {
                    *has_ended = true;
                    let fault = Http2Fault::new(error).or_rather(|| driver.last_word());
                    return Poll::Ready(if fault.is_end() { Ok(false) } else { Err(fault.into()) });
                }
                Poll::Ready(None) => *has_ended = true,
                Poll::Pending if has_moved => return Poll::Pending,
                Poll::Pending => {
                    has_moved = true;
                    let _ = driver.poll_frames(cx);
                }
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Gives the connection up when both sides have said their last.
    fn part(&mut self, cx: &mut Context<'_>) {
        if self.has_ended && self.is_shut_down && self.halves.take().is_some() {
            let _ = self.driver.poll_frames(cx);
        }
    }
}

/// Frames are moved after so much was read, also while more is there to read: the peer has to learn that there is room.
const MOVE_AFTER: usize = WINDOW as usize / 4;

impl<D: DriveFrames + Unpin> AsyncRead for Http2Stream<D> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !ready!(self.poll_fill(cx))? {
            self.part(cx);
            return Poll::Ready(Ok(()));
        }
        let me = &mut *self;
        let length = me.unread.len().min(buf.remaining());
        buf.put_slice(&me.unread[..length]);
        me.unread.advance(length);
        me.unmoved += length;
        if let Some(Halves { receive, .. }) = &mut me.halves {
            receive.flow_control().release_capacity(length).map_err(Http2Fault::new)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<D: DriveFrames + Unpin> AsyncWrite for Http2Stream<D> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let me = &mut *self;
        let Some(Halves { send, .. }) = me.halves.as_mut().filter(|_| !me.is_shut_down) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        send.reserve_capacity(buf.len());
        let mut has_moved = false;
        let room = loop {
            match send.capacity() {
                0 if has_moved => match ready!(send.poll_capacity(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Poll::Ready(Err(Http2Fault::new(error).into())),
                    None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                },
                0 => {
                    has_moved = true;
                    let _ = me.driver.poll_frames(cx);
                }
                room => break room,
            }
        };
        let length = room.min(buf.len());
        send.send_data(Bytes::copy_from_slice(&buf[..length]), false).map_err(Http2Fault::new)?;
        // Whoever writes need not flush.
        let _ = me.driver.poll_frames(cx);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.driver.poll_frames(cx).map(Ok)
    }

    /// Ends our side of the stream (END_STREAM).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if let Some(Halves { send, .. }) = me.halves.as_mut().filter(|_| !me.is_shut_down) {
            send.send_data(Bytes::new(), true).map_err(Http2Fault::new)?;
        }
        me.is_shut_down = true;
        me.driver.poll_frames(cx).map(Ok)
    }
}

impl<D: DriveFrames + Unpin> Duplex for Http2Stream<D> {
    fn abort_on_drop(&self) {
        self.is_aborted.set(true);
    }
}

impl<D: DriveFrames> Drop for Http2Stream<D> {
    /// Lets the peer know; what it still sends is answered with RST_STREAM by `h2` itself.
    fn drop(&mut self) {
        let Some(mut halves) = self.halves.take() else { return };
        if self.is_aborted.get() {
            halves.send.send_reset(Reason::CANCEL);
        } else if !self.is_shut_down {
            // It may be over already.
            let _ = halves.send.send_data(Bytes::new(), true);
        }
        drop(halves);
        let mut nobody = Context::from_waker(std::task::Waker::noop());
        let _ = self.driver.poll_frames(&mut nobody);
    }
}
