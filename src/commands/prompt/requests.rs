//! What is asked of the connection, or of the server, at the prompt.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::queue::Queue;
use super::state::Shared;
use crate::client::output_file::Destination;
use crate::events::{ClientName, Input};
use crate::message::{Close, Message};
use crate::target::Parsed;

/// What the typist wants.
#[derive(Debug)]
pub(crate) enum ServerRequest {
    /// To one, or to all.
    Send(Option<ClientName>, Input),
    /// Of one, or of all.
    Close(Option<ClientName>, Option<Close>),
    List,
    Record(RecordRequest),
    Leave,
}

/// What the typist wants beside messages.
#[derive(Debug)]
pub(crate) enum ClientRequest {
    Reconnect,
    Connect(Box<Parsed>),
    Record(RecordRequest),
    Repeat(RepeatRequest),
    /// In frames of this size.
    Fragment(Option<usize>),
    /// Do not connect again.
    Stay,
    Leave,
}

/// Record to a file from now on, or no longer.
#[derive(Debug)]
pub(crate) struct RecordRequest {
    pub(crate) file: Option<Destination>,
    /// Nothing is sent: who waits at its other end is told when it is dropped.
    _done: SyncSender<()>,
}

impl RecordRequest {
    /// What tells when it is done comes with it.
    pub(crate) fn new(file: Option<Destination>) -> (Self, Receiver<()>) {
        let (done, is_done) = sync_channel(1);
        (Self { file, _done: done }, is_done)
    }
}

/// Send a message again and again.
#[derive(Debug)]
pub(crate) struct RepeatRequest {
    pub(crate) message: Message,
    pub(crate) times: u32,
    pub(crate) every: Duration,
    pub(crate) shown: ShownRepeat,
}

/// While it is there, the prompt shows that something is repeated.
pub(crate) struct ShownRepeat {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
}

impl ShownRepeat {
    pub(crate) fn new(shared: &Arc<Shared>, queue: &Arc<Queue>) -> Self {
        shared.repeating.fetch_add(1, Ordering::SeqCst);
        Self { shared: Arc::clone(shared), queue: Arc::clone(queue) }
    }
}

impl Drop for ShownRepeat {
    fn drop(&mut self) {
        self.shared.repeating.fetch_sub(1, Ordering::SeqCst);
        self.queue.redraw();
    }
}

impl std::fmt::Debug for ShownRepeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownRepeat").finish_non_exhaustive()
    }
}
