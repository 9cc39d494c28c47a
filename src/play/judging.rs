//! Judging that takes long has a thread of its own: signals and time limits do not wait for it.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::scope::ScriptScope;
use crate::message::Message;
use crate::script::judge::mismatch::{MatchResult, Mismatch};
use crate::script::judge::{Extractor, Matcher, is_large};
use crate::script::syntax::Pattern;

/// A message of this size is judged in less time than it takes to hand it over.
const SMALL: usize = 16 << 10;

/// A pattern with its variables replaced. To compile a large regular expression takes a while.
pub(crate) async fn wanted(pattern: &Pattern, words: &ScriptScope) -> Result<Arc<Matcher>, String> {
    let written = pattern.to_string();
    if !written.contains("matches /") || !is_large(&written) {
        return Matcher::new(pattern, words).map(Arc::new);
    }
    let (pattern, words) = (pattern.clone(), words.snapshot());
    let wanted = aside(move || Matcher::new(&pattern, &words)).await;
    wanted.map_err(|mismatch| mismatch.words)?.map(Arc::new)
}

/// The result of matching a message with a pattern.
pub(crate) async fn judged(wanted: &Arc<Matcher>, message: &Message) -> MatchResult {
    if message.data().len() <= SMALL && !wanted.is_costly() {
        return wanted.message(message);
    }
    let (wanted, message) = (Arc::clone(wanted), message.clone());
    aside(move || wanted.message(&message)).await.unwrap_or_else(Err)
}

/// What is taken out of a message.
pub(crate) async fn taken(extractor: Extractor, message: Message) -> MatchResult {
    if message.data().len() <= SMALL {
        return extractor.take(&message);
    }
    aside(move || extractor.take(&message)).await.unwrap_or_else(Err)
}

/// Does work on another thread, which continues for nothing if nobody waits for it any more.
///
/// # Errors
/// The program is about to end.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Mismatch> {
    spawn_blocking(work).await.map_err(|error| Mismatch::new(format!("it could not be checked: {error}")))
}
