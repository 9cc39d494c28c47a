//! Signals, on a thread of their own.

use std::io;

use nix::libc;
pub(super) use signal_hook::consts::{SIGCONT, SIGINT, SIGQUIT};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc;

/// A second signal must find its place even if nobody has taken the first.
const PENDING: usize = 4;

/// Starts to watch the signals that ask the program to end, unless whoever started it wants them ignored.
///
/// `nohup` asks for that with SIGHUP, and a shell with SIGINT for what it runs in the background. `more` are watched beside the
/// usual three. `dealt_with` is asked first, on the thread of the signals: what it deals with is not passed on.
pub(super) fn watch(
    more: &[i32],
    dealt_with: impl Fn(i32) -> bool + Send + 'static,
) -> io::Result<mpsc::Receiver<i32>> {
    let (sender, receiver) = mpsc::channel(PENDING);
    let all = [SIGINT, SIGTERM, SIGHUP].iter().chain(more);
    let mut signals = Signals::new(all.filter(|signal| !is_ignored(**signal)))?;
    let forward = move || {
        for signal in signals.forever().filter(|signal| !dealt_with(*signal)) {
            // Full means that there is enough to leave for.
            let _ = sender.try_send(signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(forward)?;
    Ok(receiver)
}

#[expect(unsafe_code, reason = "no crate at hand asks for a signal's disposition without setting it")]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: all zeroes is a valid sigaction, and with a null new action this only writes the old one to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}
