//! Where inputs come from.

use tokio::sync::mpsc;

use crate::events::Batch;

/// Where inputs come from.
pub(crate) trait Inlet {
    /// The next batch, or the reason why no more can come; none when the input has ended. Cancel-safe.
    async fn next(&mut self) -> Option<Result<Batch, String>>;
}

/// A dropped sender means that the input has ended; a held one that never sends, that there is none.
impl Inlet for mpsc::Receiver<Result<Batch, String>> {
    async fn next(&mut self) -> Option<Result<Batch, String>> {
        self.recv().await
    }
}
