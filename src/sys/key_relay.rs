//! A terminal of the line editor's own: what is typed at the real one is relayed to it, and may be changed on the way.
//!
//! The editor reads stdin, and reads ahead: nobody else can take a part of what is typed from it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::dup2_stdin;

use super::terminal;

/// How much is read at a time.
const BLOCK: usize = 4 << 10;

/// Relays keys while a line is edited.
pub(crate) struct KeyRelay {
    terminal: File,
    /// What it was like at the start.
    found: Termios,
    gate: Arc<RelayGate>,
}

#[derive(Default)]
struct RelayGate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl KeyRelay {
    /// Puts a terminal of our own in the place of stdin, which is `terminal`; `through` makes of what is typed what is relayed.
    ///
    /// # Errors
    /// There are no terminals to be had, or no threads.
    pub(crate) fn start(terminal: File, through: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> io::Result<Self> {
        let found = tcgetattr(&terminal)?;
        let ends = openpty(None, &edited(found.clone()))?;
        for end in [&ends.master, &ends.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let (keys, gate) = (terminal.try_clone()?, Arc::new(RelayGate::default()));
        let (editor, gate_of_it) = (File::from(ends.master), Arc::clone(&gate));
        let relay = move || relay(&gate_of_it, keys, editor, through);
        dup2_stdin(&ends.slave)?;
        std::thread::Builder::new().name("keys".to_owned()).spawn(relay)?;
        Ok(Self { terminal, found, gate })
    }

    /// A line is about to be edited.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.set(&edited(self.found.clone()))?;
        self.gate.turn(true);
        Ok(())
    }

    /// The line is done. What is typed until the next one is kept for it, and Ctrl-C is a signal.
    pub(crate) fn shut(&self) {
        self.gate.turn(false);
        let mut between = edited(self.found.clone());
        between.local_flags.insert(LocalFlags::ISIG);
        // One that is gone needs no mode.
        let _ = self.set(&between);
    }

    fn set(&self, state: &Termios) -> io::Result<()> {
        let _held = terminal::hold();
        Ok(tcsetattr(&self.terminal, SetArg::TCSADRAIN, state)?)
    }
}

impl Drop for KeyRelay {
    /// No line follows: the terminal is the shell's again, also while the connections are still being closed.
    fn drop(&mut self) {
        let _ = self.set(&self.found);
    }
}

impl RelayGate {
    fn turn(&self, is_open: bool) {
        *self.lock() = is_open;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_open.lock().expect("nothing panics while it holds this")
    }

    /// What is typed next, while the gate is open: while it is shut nothing is taken from the terminal.
    fn read(&self, mut keys: &File, block: &mut [u8]) -> io::Result<usize> {
        loop {
            wait_readable(keys.as_fd())?;
            let is_open = self.lock();
            if *is_open {
                return keys.read(block);
            }
            drop(self.changed.wait_while(is_open, |is_open| !*is_open));
        }
    }
}

/// Runs until one of the terminals is gone: the editor learns of it as its own goes with this.
fn relay(gate: &RelayGate, keys: File, mut editor: File, mut through: impl FnMut(&[u8]) -> Vec<u8>) {
    let mut block = [0; BLOCK];
    loop {
        match gate.read(&keys, &mut block) {
            Ok(0) => break,
            Ok(length) if editor.write_all(&through(&block[..length])).is_err() => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

fn wait_readable(terminal: BorrowedFd<'_>) -> io::Result<()> {
    let mut waiting = [PollFd::new(terminal, PollFlags::POLLIN)];
    match poll(&mut waiting, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A terminal of which each key is read as it is typed; what the keys are that it knows stays as it is.
fn edited(mut state: Termios) -> Termios {
    let input = InputFlags::BRKINT | InputFlags::ICRNL | InputFlags::INPCK | InputFlags::ISTRIP | InputFlags::IXON;
    state.input_flags.remove(input);
    state.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN | LocalFlags::ISIG);
    state.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    state.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    state
}
