//! What the thread at the other end has of the prompt: of the connection, or of the server.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::queue::Queue;
use super::queued_item::QueuedItem;
use super::state::{Shared, TerminalHolder};
use super::status::INTERRUPTED;
use crate::error::Error;
use crate::runtime::runtime;
use crate::sys::signals::WaitingThread;
use crate::term::diagnostics::Diagnostics;
use crate::term::{self, Talk};

/// How long the last messages have to get on the screen before the editor is called back.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The editor misses a signal that comes just before it waits, so it is sent again, at this pace, so often.
const CALL_AGAIN: Duration = Duration::from_millis(20);
const CALLS: u32 = 25;

pub(crate) struct PromptThread {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) signals: mpsc::Receiver<i32>,
    /// Told once, when the prompt may begin.
    pub(crate) ready: std::sync::mpsc::Sender<()>,
}

impl PromptThread {
    /// Starts the thread; when what it holds has ended, the editor is called back, on the thread that calls this.
    pub(crate) fn start<F>(self, hold: impl FnOnce(Self) -> F + Send + 'static) -> std::io::Result<JoinHandle<u8>>
    where
        F: Future<Output = Result<u8, Error>>,
    {
        let editor_thread = WaitingThread::current();
        let (shared, queue) = (Arc::clone(&self.shared), Arc::clone(&self.queue));
        std::thread::Builder::new().name("connection".to_owned()).spawn(move || {
            let code = runtime().and_then(|runtime| {
                let code = LocalSet::new().block_on(&runtime, hold(self));
                // A resolver or a read of the roots may still be under way.
                runtime.shutdown_background();
                code
            });
            let code = code.unwrap_or_else(|error| crate::runtime::complain(&error));
            shared.end();
            queue.wait_shown(LAST_WORDS);
            call_back(&shared, editor_thread);
            code
        })
    }

    /// Lets the prompt begin.
    pub(crate) fn begin(&self) {
        // One that is gone has left already.
        let _ = self.ready.send(());
    }

    /// A way to say something above the line.
    pub(crate) fn talk(&self, diagnostics: Diagnostics) -> Talk {
        let (queue, shared) = (Arc::clone(&self.queue), Arc::clone(&self.shared));
        let progress = Arc::clone(&self.queue);
        Talk::to(diagnostics.verbosity, diagnostics.colour, "* ", move |lines| {
            shared.history().note_words(&lines);
            queue.push(QueuedItem::Lines(lines));
        })
        .with_progress(move |line| progress.push(QueuedItem::Progress(line)))
    }
}

/// Makes the editor return, from wherever it waits; if all else fails, leaves for it.
fn call_back(shared: &Shared, editor_thread: WaitingThread) {
    for _ in 0..CALLS {
        if shared.terminal() != TerminalHolder::Editor {
            return;
        }
        editor_thread.interrupt();
        std::thread::sleep(CALL_AGAIN);
    }
    if shared.terminal() == TerminalHolder::Editor {
        term::restore_terminal();
        #[expect(clippy::disallowed_methods, reason = "the thread that would return does not answer")]
        std::process::exit(i32::from(INTERRUPTED));
    }
}
