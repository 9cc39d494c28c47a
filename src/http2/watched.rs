//! The transport below HTTP/2, watched: crate `h2` tells neither what the peer's first frame says nor whether all that was
//! written has gone, and reads for as long as something comes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::settings::PeerSettings;

/// The header of a frame (RFC 9113, section 4.1).
const HEADER: usize = 9;

/// The largest frame that a peer may send before it knows our settings.
const MAX_FRAME: usize = 16 << 10;

/// What is read in a turn, after which the streams take theirs: not all that a fast peer has sent.
const TURN: usize = 256 << 10;

/// What was seen of a transport.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    /// What came first, until it is the first frame.
    begins: Mutex<BytesMut>,
    is_begun: AtomicBool,
    is_blocked: AtomicBool,
    reads: AtomicUsize,
    /// What came in this turn.
    in_turn: AtomicUsize,
}

impl Sightings {
    /// Whether something is written that the transport has not taken.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Relaxed)
    }

    /// How often something came.
    pub(super) fn reads(&self) -> usize {
        self.reads.load(Relaxed)
    }

    /// Begins a turn: whatever came in the last has found its reader.
    pub(super) fn begin_turn(&self) {
        self.in_turn.store(0, Relaxed);
    }

    /// Whether the first frame of the peer is there.
    pub(super) fn has_begun(&self) -> bool {
        self.is_begun.load(Relaxed)
    }

    /// What came first.
    pub(super) fn begins(&self) -> Bytes {
        Bytes::copy_from_slice(&self.first())
    }

    /// The settings in the first frame; none if it is of another kind.
    pub(super) fn settings(&self) -> Option<PeerSettings> {
        let begins = self.first();
        let length = begins.get(..HEADER).and_then(length_of_settings)?;
        begins.get(HEADER..HEADER + length).map(PeerSettings::read)
    }

    fn first(&self) -> MutexGuard<'_, BytesMut> {
        self.begins.lock().expect("nothing panics while it holds this")
    }

    fn came(&self, bytes: &[u8]) {
        self.reads.fetch_add(1, Relaxed);
        self.in_turn.fetch_add(bytes.len(), Relaxed);
        if self.has_begun() {
            return;
        }
        let mut begins = self.first();
        let room = (HEADER + MAX_FRAME).saturating_sub(begins.len());
        begins.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let Some(header) = begins.get(..HEADER) else { return };
        // What is no such frame need not have an end.
        let end = length_of_settings(header).map_or(HEADER, |length| HEADER + length);
        self.is_begun.store(begins.len() >= end, Relaxed);
    }
}

/// The length of the payload, if it is the header of SETTINGS with which a connection may begin.
fn length_of_settings(header: &[u8]) -> Option<usize> {
    let [0, high, low, 4, 0, 0, 0, 0, 0] = *header else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    (length <= MAX_FRAME && length.is_multiple_of(6)).then_some(length)
}

/// A transport that is watched.
pub(super) struct WatchedIo<S> {
    pub(super) inner: S,
    pub(super) sightings: Arc<Sightings>,
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.sightings.in_turn.load(Relaxed) >= TURN {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.sightings.came(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.sightings.is_blocked.store(polled.is_pending(), Relaxed);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.sightings.is_blocked.store(polled.is_pending(), Relaxed);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.sightings.is_blocked.store(polled.is_pending(), Relaxed);
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pieces: &[&[u8]]) -> (bool, Option<String>) {
        let sightings = Sightings::default();
        pieces.iter().for_each(|piece| sightings.came(piece));
        (sightings.has_begun(), sightings.settings().map(|settings| settings.to_string()))
    }

    #[test]
    fn the_first_frame_is_found_however_it_comes() {
        let frame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0xff];
        let whole = (true, Some("ENABLE_CONNECT_PROTOCOL 1".to_owned()));
        assert_eq!(seen(&[&frame]), whole);
        assert_eq!(seen(&frame.iter().map(std::slice::from_ref).collect::<Vec<_>>()), whole);
        assert_eq!(seen(&[&frame[..14]]), (false, None));
        assert_eq!(seen(&[&frame[..8]]), (false, None));
    }

    #[test]
    fn what_is_no_settings_frame_has_no_settings() {
        for begins in [&b"HTTP/1.1 400"[..], &[0, 0, 5, 4, 0, 0, 0, 0, 0], &[0, 0, 6, 4, 1, 0, 0, 0, 0], &[0; 9]] {
            assert_eq!(seen(&[begins]), (true, None), "{begins:?}");
        }
    }
}
