//! Messages that go back to where they came from.

use std::iter::once;

use tokio::time::timeout;

use super::echo_path::EchoPath;
use super::{LINGER, Pump};
use crate::events::MessageBatch;
use crate::message::{DataKind, Message};
use crate::session::outlet::Outlet;
use crate::transport::Duplex;

impl<S: Duplex, O: Outlet + ?Sized> Pump<'_, S, O> {
    /// Sends a message back; with `Echo::InOrder`, it is in the send buffer before anything more is read.
    pub(super) async fn echo(&self, message: &Message, path: &EchoPath) {
        if self.put_back(path, message.kind(), once(message.data())) == 0 {
            self.echo_by_writer(message.clone(), path).await;
        }
    }

    /// The same with messages that came together.
    pub(super) async fn echo_run(&self, run: &MessageBatch, path: &EchoPath) {
        let mut sent = 0;
        while let Some(next) = run.get(sent) {
            let count = self.put_back(path, run.kind(), run.iter().skip(sent));
            if count == 0 {
                self.echo_by_writer(next, path).await;
            }
            sent += count.max(1);
        }
    }

    /// Puts messages into the send buffer for as long as nothing goes before them; how many those were.
    fn put_back<'m>(&self, path: &EchoPath, kind: DataKind, messages: impl Iterator<Item = &'m [u8]>) -> usize {
        // What is said to each client first, and what is to be shown, is the writer's.
        let is_free = self.has_begun.get() && path.is_in_order() && !self.outlet.wants_sent();
        if !is_free || !self.core.borrow().takes_input() {
            return 0;
        }
        let count = self.socket.put(kind, messages);
        self.backlog.borrow_mut().hand_over_others(count);
        count
    }

    async fn echo_by_writer(&self, message: Message, path: &EchoPath) {
        path.give(message).await;
        if path.is_in_order() {
            tokio::select! {
                () = self.echo_sent.notified() => {}
                () = path.closed() => {}
            }
        }
    }

    /// Waits until what came before a fault is sent back, if the peer takes it: a Close comes after it.
    pub(super) async fn finish_echoes(&self, path: &EchoPath) {
        let _ = timeout(LINGER, path.emptied()).await;
    }
}
