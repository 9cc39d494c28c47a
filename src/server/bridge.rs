//! What goes between a client and the command that is run or the server that is connected to for it.

use std::future::pending;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::clients::ConnectedClient;
use super::send_queue::SendQueue;
use super::side_task::SideTask;
use super::work::ClientTask;
use crate::events::{End, Event, EventKind, Input};
use crate::message::{Close, Direction, Message, Utf8Text};
use crate::session::Gone;
use crate::text::lines::LineSplitter;

/// What one read may bring.
const BLOCK: usize = 32 << 10;

/// A client and what is beyond: what it says waits here until that takes it.
pub(super) struct Bridge {
    queue: Rc<SendQueue>,
    client: Rc<ConnectedClient>,
    carried: Carried,
    /// When the client has said its last, what is beyond has this much time after it has taken or given something.
    left: Duration,
}

/// What goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// A line for each message.
    Lines { longest: usize },
    /// Bytes as they come, as binary messages.
    Bytes,
}

/// A client with such a bridge.
pub(super) struct BridgedClient {
    queue: Rc<SendQueue>,
    carries_bytes: bool,
    beyond: SideTask,
}

/// What is beyond, as two ends of streams.
pub(super) struct FarSide<'f> {
    pub(super) output: &'f mut (dyn AsyncRead + Unpin),
    pub(super) input: Box<dyn AsyncWrite + Unpin>,
}

impl Bridge {
    pub(super) fn new(client: &Rc<ConnectedClient>, carried: Carried, left: Duration) -> Self {
        Self { queue: Rc::default(), client: Rc::clone(client), carried, left }
    }

    /// The work with its client, which is what is done with it.
    pub(super) fn task<F: Future<Output = ()> + 'static>(self, work: impl FnOnce(Self) -> F) -> Box<BridgedClient> {
        let (queue, carries_bytes) = (Rc::clone(&self.queue), self.carried == Carried::Bytes);
        Box::new(BridgedClient { queue, carries_bytes, beyond: SideTask::new(work(self)) })
    }

    /// Moves what is said both ways until the far side has said its last; then the client gets the last word, or the reason
    /// why the far side could not go on. One that takes too long after the client's Close is left.
    pub(super) async fn carry(&self, far: FarSide<'_>, last_word: impl Future<Output = Close>) {
        let FarSide { output, input } = far;
        let read = async {
            match self.read(output).await {
                Some(close) => close,
                None => last_word.await,
            }
        };
        let overdue = async {
            self.queue.ended().await;
            loop {
                let moved = async {
                    tokio::select! {
                        () = self.queue.taken() => {}
                        () = self.client.queue.taken() => {}
                    }
                };
                if timeout(self.left, moved).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            close = read => self.client.queue.put(Input::Close(Some(close))),
            () = self.write(input) => {}
            () = overdue => self.client.dismiss(Close::new(1000, "")),
        }
        // Nobody takes what the client still says: it must not wait for that.
        self.queue.close();
    }

    /// Writes what the client says; never ends.
    async fn write(&self, mut input: Box<dyn AsyncWrite + Unpin>) {
        while self.write_some(&mut *input).await.is_ok_and(|goes_on| goes_on) {}
        let _ = input.shutdown().await;
        drop(input);
        // It may not want to read: then what is said to it is lost, as in a pipe to it.
        self.queue.close();
        pending().await
    }

    /// False when all is written that ever will be.
    async fn write_some(&self, input: &mut (dyn AsyncWrite + Unpin)) -> io::Result<bool> {
        let line_end: &[u8] = if self.carried == Carried::Bytes { b"" } else { b"\n" };
        let mut said = BytesMut::new();
        let batch = self.queue.take().await;
        if batch.is_empty() {
            return Ok(false);
        }
        for input in batch {
            match input {
                Input::Message(message) => {
                    said.extend_from_slice(message.data());
                    said.extend_from_slice(line_end);
                }
                Input::Run(run) => run.iter().for_each(|data| said.extend_from_slice(data)),
                Input::Part(part) => said.extend_from_slice(&part.data),
                _ => {}
            }
        }
        input.write_all(&said).await?;
        input.flush().await.map(|()| true)
    }

    /// Sends what the far side says as messages, until there is no more; a Close if that is no good.
    async fn read(&self, output: &mut (dyn AsyncRead + Unpin)) -> Option<Close> {
        let client = &self.client.queue;
        let mut lines = LineSplitter::default();
        loop {
            lines.rest.reserve(BLOCK);
            let read = output.read_buf(&mut lines.rest).await;
            let has_ended = !matches!(read, Ok(1..));
            match self.carried {
                Carried::Bytes if !has_ended => {
                    // A client that does not take what is said to it makes what is beyond wait, not the server.
                    client.room().await;
                    client.put(Input::Message(Message::Binary(lines.rest.split().freeze())));
                }
                Carried::Bytes => return read.err().map(|error| Close::new(1011, error.to_string())),
                Carried::Lines { longest } => {
                    while let Some(line) = lines.next(has_ended) {
                        client.room().await;
                        client.put(Input::Message(message(line)));
                    }
                    if has_ended {
                        return None;
                    }
                    if lines.rest.len() > longest {
                        return Some(Close::new(1011, "the command wrote a line that is too long"));
                    }
                }
            }
        }
    }
}

impl ClientTask for BridgedClient {
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        // What is slow to read makes its client wait; only the client decides when to give up.
        self.queue.is_full().then(|| self.queue.room().map(Ok).boxed_local())
    }

    fn hear(&self, event: &Event) {
        match &event.what {
            EventKind::Message(Direction::In, message) => self.queue.put(Input::Message(message.clone())),
            EventKind::Run(_, run) => self.queue.put(Input::Run(run.clone())),
            EventKind::Part(part) => self.queue.put(Input::Part(part.clone())),
            EventKind::Close { by: Direction::In, .. } if self.carries_bytes => self.queue.end(),
            _ => {}
        }
    }

    fn takes_runs(&self) -> bool {
        self.carries_bytes
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        self.beyond.beside(session)
    }

    /// What the client said last is still to be read.
    fn finish<'t>(&'t self, _: &'t End) -> LocalBoxFuture<'t, ()> {
        self.queue.end();
        self.beyond.finish().boxed_local()
    }
}

/// Text, unless it is none.
fn message(line: Bytes) -> Message {
    Utf8Text::try_from(line.clone()).map_or(Message::Binary(line), Message::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_utf_8_is_a_binary_message() {
        assert_eq!(message(Bytes::from_static(b"a")), Message::from("a"));
        assert_eq!(message(Bytes::from_static(b"\xff")), Message::Binary(Bytes::from_static(b"\xff")));
    }
}
