//! The keys of a question that is answered without echo: Ctrl-Z stops the process and Ctrl-C ends it, with the terminal as it was
//! before.

use std::fs::File;
use std::io::{self, Read, Write as _};

use nix::sys::signal::{Signal, kill, raise};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;

/// What clears an answer that was begun (Ctrl-U).
const CLEAR: u8 = 0x15;

/// The terminal while a question is open; when this is dropped, it echoes again.
pub(crate) struct SecretKeys {
    terminal: File,
    before: Termios,
    question: String,
}

impl SecretKeys {
    /// Asks.
    ///
    /// # Errors
    /// There is no terminal.
    pub(crate) fn asked(question: String) -> io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut keys = Self { terminal, before, question };
        keys.ask()?;
        Ok(keys)
    }

    fn ask(&mut self) -> io::Result<()> {
        let mut state = self.before.clone();
        let echoed = LocalFlags::ECHO | LocalFlags::ECHONL;
        state.local_flags.remove(echoed | LocalFlags::ICANON | LocalFlags::ISIG);
        state.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        state.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        tcsetattr(&self.terminal, SetArg::TCSADRAIN, &state)?;
        self.terminal.write_all(self.question.as_bytes())
    }

    fn restore(&self) {
        // One that is gone needs no mode.
        let _ = tcsetattr(&self.terminal, SetArg::TCSADRAIN, &self.before);
    }

    fn is(&self, key: u8, what: SpecialCharacterIndices) -> bool {
        key == self.before.control_chars[what as usize] && key != 0
    }
}

impl Read for SecretKeys {
    fn read(&mut self, keys: &mut [u8]) -> io::Result<usize> {
        let length = self.terminal.read(&mut keys[..1])?;
        if length == 1 && self.is(keys[0], SpecialCharacterIndices::VSUSP) {
            self.restore();
            // As the terminal does: to all that are in front.
            let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
            self.ask()?;
            keys[0] = CLEAR;
        } else if length == 1 && self.is(keys[0], SpecialCharacterIndices::VINTR) {
            self.restore();
            let _ = raise(Signal::SIGINT);
        } else if length == 1 && matches!(keys[0], b'\n' | b'\r') {
            self.terminal.write_all(b"\n")?;
        }
        Ok(length)
    }
}

impl Drop for SecretKeys {
    fn drop(&mut self) {
        self.restore();
    }
}
