//! Judging that takes long has a thread of its own: signals and time limits do not wait for it.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::event::Message;
use crate::script::judge::{Mismatch, Verdict, Wanted};

/// A message of this size is judged in less time than it takes to hand it over.
const SMALL: usize = 16 << 10;

/// What a pattern says to a message.
pub(super) async fn judged(wanted: &Arc<Wanted>, message: &Message) -> Verdict {
    if message.data().len() <= SMALL && !wanted.is_costly() {
        return wanted.message(message);
    }
    let (wanted, message) = (Arc::clone(wanted), message.clone());
    aside(move || wanted.message(&message)).await.unwrap_or_else(Err)
}

/// Does work on another thread, which goes on for nothing if nobody waits for it any more.
///
/// # Errors
/// The program is about to end.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Mismatch> {
    spawn_blocking(work).await.map_err(|error| Mismatch::new(format!("it was not judged: {error}")))
}
