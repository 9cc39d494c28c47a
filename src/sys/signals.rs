//! Signals: in the runtime, or on a thread of their own where some of them are dealt with at once.

use std::io;

use nix::libc;
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::{Signal, raise};
pub(crate) use signal_hook::consts::{SIGCONT, SIGINT, SIGQUIT};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// A second signal must find its place even if nobody has taken the first.
const PENDING: usize = 4;

/// The signals that ask the program to end.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Starts to watch the signals that ask the program to end, unless they were set to be ignored when it was started.
///
/// `nohup` asks for that with SIGHUP, and a shell with SIGINT for what it runs in the background. Works within a runtime
/// only, and costs no thread.
pub(crate) fn watch() -> io::Result<mpsc::Receiver<i32>> {
    let (sender, receiver) = mpsc::channel(PENDING);
    for number in ENDING.into_iter().filter(|number| !is_ignored(*number)) {
        let mut arrivals = signal(SignalKind::from_raw(number))?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while arrivals.recv().await.is_some() {
                // Full means that a signal to end is already waiting.
                let _ = sender.try_send(number);
            }
        });
    }
    Ok(receiver)
}

/// The same on a thread of its own, and with `more` signals.
///
/// `dealt_with` is asked first, on that thread: what it deals with is not passed on.
pub(crate) fn watch_aside(
    more: &[i32],
    dealt_with: impl Fn(i32) -> bool + Send + 'static,
) -> io::Result<mpsc::Receiver<i32>> {
    let (sender, receiver) = mpsc::channel(PENDING);
    let all = ENDING.iter().chain(more);
    let mut signals = Signals::new(all.filter(|signal| !is_ignored(**signal)))?;
    let forward = move || {
        for signal in signals.forever().filter(|signal| !dealt_with(*signal)) {
            let _ = sender.try_send(signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(forward)?;
    Ok(receiver)
}

/// Does to this process what Ctrl-C does.
pub(crate) fn interrupt_ourselves() {
    // It is a signal that there is, and a process may always send it to itself.
    let _ = raise(Signal::SIGINT);
}

/// A thread that can be woken from a call that waits.
#[derive(Clone, Copy)]
pub(crate) struct WaitingThread(Pthread);

impl WaitingThread {
    pub(crate) fn current() -> Self {
        Self(pthread_self())
    }

    /// Has its call return, if it waits in one; the thread must not have ended.
    pub(crate) fn interrupt(self) {
        let _ = pthread_kill(self.0, Signal::SIGINT);
    }
}

#[expect(unsafe_code, reason = "no crate at hand asks for a signal's disposition without setting it")]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: all zeroes is a valid sigaction, and with a null new action this only writes the old one to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}
