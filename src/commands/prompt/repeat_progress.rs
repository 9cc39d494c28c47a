//! How far `/repeat` is.

use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::message::Message;
use crate::text::escape::{Keep, escape};
use crate::text::units::counted;

/// How much of a message is shown, in characters.
const LABEL: usize = 40;

/// How far a repetition is.
#[derive(Debug)]
pub(crate) struct RepeatProgress {
    /// The message, as it is shown.
    label: String,
    times: u32,
    /// Handed to the connection.
    sent: AtomicU32,
}

impl RepeatProgress {
    pub(crate) fn new(message: &Message, times: u32) -> Self {
        Self { label: label(message), times, sent: AtomicU32::new(0) }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) fn unsent(&self) -> u32 {
        self.times - self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn note_sent(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }
}

/// `hello: 12 of 100 sent`
impl Display for RepeatProgress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { label, times, sent } = self;
        write!(f, "{label}: {} of {} sent", sent.load(Ordering::SeqCst), times)
    }
}

/// The beginning of a message, or the size of a binary one.
fn label(message: &Message) -> String {
    let Some(text) = message.text() else { return counted(message.data().len(), "byte") };
    let end = text.char_indices().nth(LABEL).map_or(text.len(), |(end, _)| end);
    let more = if end < text.len() { "…" } else { "" };
    format!("`{}{more}`", escape(&text[..end], Keep::Nothing))
}
