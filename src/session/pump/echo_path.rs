//! The way that messages take back, where the reader cannot send them by itself.

use tokio::sync::mpsc;

use crate::message::Message;
use crate::session::options::{ECHOES, Echo};

/// The reader's end of it.
pub(super) struct EchoPath {
    how: Echo,
    /// The writer holds the other end for as long as it sends.
    to_writer: mpsc::Sender<Message>,
}

impl EchoPath {
    /// None where nothing is sent back.
    pub(super) fn new(how: Echo, to_writer: mpsc::Sender<Message>) -> Option<Self> {
        (how != Echo::No).then_some(Self { how, to_writer })
    }

    pub(super) fn is_in_order(&self) -> bool {
        self.how == Echo::InOrder
    }

    /// Gives a message to the writer, if that still sends.
    pub(super) async fn give(&self, message: Message) {
        let _ = self.to_writer.send(message).await;
    }

    /// Waits until the writer sends no more.
    pub(super) async fn closed(&self) {
        self.to_writer.closed().await;
    }

    /// Waits until the writer has taken all.
    pub(super) async fn emptied(&self) {
        let _ = self.to_writer.reserve_many(ECHOES).await;
    }
}
