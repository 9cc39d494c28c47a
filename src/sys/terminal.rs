//! The terminal's state: taken at the start, put back however the program ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, MutexGuard, OnceLock};

use nix::sys::termios::{SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};

use super::nonblocking;

/// Ends what the line editor may have begun: synchronized output, bracketed paste, a hidden cursor, colours.
const PLAIN: &[u8] = b"\x1b[?2026l\x1b[?2004l\x1b[?25h\x1b[0m";

/// What the line editor has switched on.
const BRACKETED_PASTE: &[u8] = b"\x1b[?2004h";

struct Saved {
    // Our own handle: the standard streams may be locked by whoever panics.
    terminal: File,
    state: Mutex<Termios>,
    /// While a line is edited; none before the first.
    editing: Mutex<Option<Termios>>,
}

static SAVED: OnceLock<Saved> = OnceLock::new();

/// Remembers the terminal's state, and puts it back when any thread panics.
///
/// # Errors
/// Stdin is not a terminal.
pub(crate) fn guard_terminal() -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the owner of the terminal's state")]
    let stdin = std::io::stdin();
    let state = tcgetattr(stdin.as_fd())?;
    let terminal = File::from(stdin.as_fd().try_clone_to_owned()?);
    let is_first = SAVED.set(Saved { terminal, state: Mutex::new(state), editing: Mutex::new(None) }).is_ok();
    if is_first {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // Held to the end: the line editor may be about to begin its next line.
            let guarded = SAVED.get().zip(hold());
            let restore = || guarded.iter().for_each(|(saved, state)| saved.restore(state));
            restore();
            report(info);
            // It may have begun the line just before.
            restore();
            // Whichever thread it was: without it the rest would wait for ever.
            #[expect(clippy::disallowed_methods, reason = "after a panic there is nothing to return to")]
            std::process::exit(101);
        }));
    }
    Ok(())
}

impl Saved {
    fn restore(&self, state: &Termios) {
        let _ = tcsetattr(self.terminal.as_fd(), SetArg::TCSANOW, state);
        let _ = (&mut &self.terminal).write_all(PLAIN);
    }
}

/// Keeps the terminal from being put back meanwhile; once a panic has put it back, this waits for the end of the process.
pub(crate) fn hold() -> Option<MutexGuard<'static, Termios>> {
    SAVED.get()?.state.lock().ok()
}

/// Waits until Ctrl-D is pressed on stdin where nothing else was typed.
pub(crate) async fn ended() {
    #[expect(clippy::disallowed_methods, reason = "the owner of the terminal's state")]
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    match stdin {
        Ok(stdin) => nonblocking::ended(File::from(stdin)).await,
        Err(_) => std::future::pending().await,
    }
}

/// Puts the terminal back into the state that it was found in.
///
/// crossterm cannot do this: it does not know of the raw mode that the line editor has set.
pub(crate) fn restore_terminal() {
    if let Some((saved, state)) = SAVED.get().zip(hold()) {
        saved.restore(&state);
    }
}

/// The terminal itself, whatever has taken the place of stdin since it was guarded.
///
/// # Errors
/// There are too many open files.
pub(crate) fn own_terminal() -> std::io::Result<File> {
    SAVED.get().ok_or(std::io::ErrorKind::NotFound)?.terminal.try_clone()
}

/// The key that stops whatever has the terminal.
pub(crate) fn suspend_key() -> Option<char> {
    let state = SAVED.get()?.state.lock().ok()?;
    Some(char::from(state.control_chars[SpecialCharacterIndices::VSUSP as usize]))
}

/// Reads a line from the terminal, whatever stdin is; blocks the thread.
///
/// # Errors
/// There is no terminal, or it is gone.
pub(crate) fn read_line() -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(File::open("/dev/tty")?).read_line(&mut line)?;
    Ok(line)
}

/// Remembers the state that the line editor has just set.
pub(crate) fn note_editing() {
    if let Some(Saved { terminal, editing, .. }) = SAVED.get()
        && let Ok(mut editing) = editing.lock()
    {
        *editing = tcgetattr(terminal.as_fd()).ok();
    }
}

/// Sets that state again: whoever had the terminal while this process was stopped has left it in another.
///
/// In the background this stops the process once more, until it is brought to the front.
pub(crate) fn edit_again() {
    if let Some(Saved { terminal, editing, .. }) = SAVED.get()
        && let Ok(editing) = editing.lock()
        && let Some(editing) = &*editing
    {
        let _held = hold();
        let _ = tcsetattr(terminal.as_fd(), SetArg::TCSADRAIN, editing);
        let _ = (&mut &*terminal).write_all(BRACKETED_PASTE);
    }
}
