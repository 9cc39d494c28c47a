//! SIGPIPE from another process: whoever sends it says that our output is wanted no longer.
//!
//! The kernel sends it too, for each write to a pipe that nobody reads; that write tells so itself, and it need not have been
//! to stdout.

use std::future::pending;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc::{SIGPIPE, siginfo_t};
use tokio::signal::unix::{SignalKind, signal};

static IS_SENT: AtomicBool = AtomicBool::new(false);

/// Ends when another process has sent it.
pub(crate) async fn sent() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(watch);
    let Ok(mut arrivals) = signal(SignalKind::from_raw(SIGPIPE)) else { return pending().await };
    while !IS_SENT.load(Ordering::SeqCst) {
        if arrivals.recv().await.is_none() {
            return pending().await;
        }
    }
}

/// Before tokio does: the handlers of a signal are called in the order in which they came.
fn watch() {
    let note = |info: &siginfo_t| {
        if is_of_another(info) {
            IS_SENT.store(true, Ordering::SeqCst);
        }
    };
    #[expect(unsafe_code, reason = "a handler is registered, and looks at what it is given")]
    // SAFETY: the handler reads a field, asks for the process's number and writes to an atomic (signal-safety(7)).
    unsafe {
        // Without it, it is ignored, as it is by all programs in Rust.
        let _ = signal_hook_registry::register_sigaction(SIGPIPE, note);
    }
}

fn is_of_another(info: &siginfo_t) -> bool {
    #[expect(unsafe_code, reason = "a field of a union")]
    // SAFETY: a SIGPIPE is sent by a process, or by the kernel in the name of the one that writes.
    let sender = unsafe { info.si_pid() };
    // Zero is a process outside of our namespace on Linux, and the kernel elsewhere.
    sender != std::process::id().cast_signed() && (sender != 0 || cfg!(target_os = "linux"))
}
