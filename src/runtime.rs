//! What every command needs to run: the runtime, the time limit of a run, and how its failure is told.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::Error;
use crate::sys::signals;
use crate::term::diagnostics::Diagnostics;
use crate::term::{self, Talk};

/// Reports what is wrong with the command line, or with what a run needs before it can begin.
pub(crate) fn complain(error: &Error) -> u8 {
    Talk::on_stderr(term::Verbosity::NORMAL, false).error(&error.chain());
    error.exit_code()
}

pub(crate) fn print(page: &[u8]) -> u8 {
    match term::print(page) {
        Ok(()) => 0,
        Err(source) => complain(&Error::stdout(source)),
    }
}

/// Holds a conversation without a prompt to its end, and returns the exit status.
pub(crate) fn hold(diagnostics: Diagnostics, converse: impl AsyncFnOnce(&Rc<Talk>) -> Result<u8, Error>) -> u8 {
    let talk = Rc::new(Talk::on_stderr(diagnostics.verbosity, diagnostics.colour));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error),
    };
    // In a box: it has many kilobytes, and each function that passes it on would have a copy on the stack.
    let code = runtime.block_on(Box::pin(converse(&talk))).unwrap_or_else(|error| {
        crate::client::report::not_connected(&talk, &error);
        error.exit_code()
    });
    // The process ends now. A resolver or a read of the roots may still be under way, and nothing has to be taken down.
    std::mem::forget(runtime);
    code
}

/// A runtime for one task: as fast as one for many, and sooner there.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|source| Error::Local { what: "start the runtime", source })
}

/// Starts to watch the signals that ask the program to end; within a runtime only.
pub(crate) fn watch_signals() -> Result<mpsc::Receiver<i32>, Error> {
    signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })
}

/// When `--timeout` runs out.
pub(crate) fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}
