//! What is asked of the connection, or of the server, at the prompt.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::arguments::Repetition;
use super::queue::Queue;
use super::repeat_progress::RepeatProgress;
use super::state::Shared;
use crate::client::output_file::Destination;
use crate::events::{Addressee, ClientName, Input};
use crate::message::{Close, Message};
use crate::target::Parsed;

/// What the typist wants.
#[derive(Debug)]
pub(crate) enum ServerRequest {
    Send(Addressee, Input),
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
    StopRepeating,
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
    pub(crate) repetition: Repetition,
    pub(crate) shown: ShownRepeat,
}

/// While it is there, the prompt shows that something is repeated.
pub(crate) struct ShownRepeat {
    pub(crate) progress: Arc<RepeatProgress>,
    shared: Arc<Shared>,
    queue: Arc<Queue>,
}

impl ShownRepeat {
    /// Begins, and says so.
    pub(crate) fn new(message: &Message, repetition: Repetition, shared: &Arc<Shared>, queue: &Arc<Queue>) -> Self {
        let progress = Arc::new(RepeatProgress::new(message, repetition.times));
        queue.say(&format!("repeating {} {repetition}; /repeat off or Ctrl-C stops it", progress.label()));
        *shared.repeating() = Some(Arc::clone(&progress));
        Self { progress, shared: Arc::clone(shared), queue: Arc::clone(queue) }
    }
}

impl Drop for ShownRepeat {
    fn drop(&mut self) {
        let mut repeating = self.shared.repeating();
        if repeating.as_ref().is_some_and(|progress| Arc::ptr_eq(progress, &self.progress)) {
            *repeating = None;
        }
        drop(repeating);
        self.queue.redraw();
    }
}

impl Debug for ShownRepeat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownRepeat").finish_non_exhaustive()
    }
}
