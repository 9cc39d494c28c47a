//! The real binary on a terminal: keys go in, a screen comes out.
//!
//! There are no arbitrary sleeps here. A text that may scroll away between two looks is waited for in the stream of what was
//! written, not on the screen.

use std::cell::Cell;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{PATIENCE, Server, serving};

/// How much of the stream a failure shows.
const TAIL: usize = 600;

/// The binary with a terminal around it, still to be started.
pub struct Prompt {
    command: CommandBuilder,
    rows: u16,
    columns: u16,
    /// How many bytes a second the terminal takes; all of them if none is set.
    speed: Option<u32>,
    home: Option<tempfile::TempDir>,
}

/// A terminal with the binary on it.
pub struct Screen {
    seen: Arc<Seen>,
    terminal: Option<Terminal>,
    child: Box<dyn Child + Send + Sync>,
    _home: Option<tempfile::TempDir>,
}

/// Our end of it; when the last handle on it is dropped, the terminal is gone.
struct Terminal {
    // portable-pty's own writer would press Enter and Ctrl-D when it is dropped.
    keys: File,
    master: Box<dyn MasterPty + Send>,
    /// Stops the reader.
    _closer: PipeWriter,
}

struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Nobody has the terminal open any more.
    ended: bool,
}

/// The binary on a terminal of 24 rows and 100 columns, without colours and with a home of its own.
pub fn prompt<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Prompt {
    // By its absolute path: otherwise it would be searched for in PATH.
    let mut prompt = on_terminal(CommandBuilder::new(super::binary()));
    prompt.command.args(args);
    prompt
}

/// Any command on such a terminal.
pub fn on_terminal(mut command: CommandBuilder) -> Prompt {
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TERM", "xterm-256color");
    command.env("NO_COLOR", "1");
    command.env("RUST_BACKTRACE", "0");
    let home = super::dir();
    has_typed(&home.path().join("state"));
    let prompt = Prompt { command, rows: 24, columns: 100, speed: None, home: None }.home(home.path());
    Prompt { home: Some(home), ..prompt }
}

/// Makes a history, of a line that no test types, so that the prompt does not explain itself.
pub fn has_typed(state: &Path) {
    std::fs::create_dir_all(state.join("wsprobe")).expect("a folder of ours");
    std::fs::write(state.join("wsprobe/history"), "§\n").expect("a file of ours");
}

/// Starts it, and waits for the prompt.
#[track_caller]
pub fn ready(prompt: Prompt) -> Screen {
    let screen = prompt.start();
    screen.prompt();
    screen
}

/// Enters a line, and waits for what it leads to and for the next prompt.
#[track_caller]
pub fn enters(screen: &Screen, line: &str, shown: &str) {
    screen.keys(format!("{line}\r"));
    screen.shows(shown);
    screen.prompt();
}

impl Prompt {
    pub fn size(mut self, rows: u16, columns: u16) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// A slow terminal: one that takes this many bytes a second.
    pub fn speed(mut self, bytes: u32) -> Self {
        self.speed = Some(bytes);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// A home that outlives this run.
    pub fn home(mut self, home: &Path) -> Self {
        self.home = None;
        self.command.env("HOME", home);
        self.command.env("XDG_STATE_HOME", home.join("state"));
        self.command.cwd(home);
        self
    }

    pub fn start(self) -> Screen {
        let size = PtySize { rows: self.rows, cols: self.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("there are free terminals");
        let child = pair.slave.spawn_command(self.command).expect("the binary was built");
        drop(pair.slave);
        let parser = vt100::Parser::new(positive(self.rows), positive(self.columns), 0);
        let state = Mutex::new(State { parser, raw: Vec::new(), ended: false });
        let seen = Arc::new(Seen { state, changed: Condvar::new() });
        let keys = handle(&*pair.master);
        let (closer, closed) = std::io::pipe().map(|(closed, closer)| (closer, closed)).expect("there are free pipes");
        read_on(handle(&*pair.master), closed, Arc::clone(&seen), self.speed);
        Screen {
            seen,
            terminal: Some(Terminal { keys, master: pair.master, _closer: closer }),
            child,
            _home: self.home,
        }
    }
}

fn positive(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has rows and columns")
}

/// A handle of our own on the terminal.
fn handle(master: &dyn MasterPty) -> File {
    let fd = master.as_raw_fd().expect("it is a Unix terminal");
    // SAFETY: the master owns the descriptor, and lives longer than this borrow of it.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    File::from(fd.try_clone_to_owned().expect("there are free descriptors"))
}

/// Keeps the screen as it is written, until the terminal has no user any more or `closed` says so.
fn read_on(mut output: File, closed: PipeReader, seen: Arc<Seen>, speed: Option<u32>) {
    std::thread::spawn(move || {
        // A slow terminal takes little at a time.
        let mut block = [0; 8192];
        let most = if speed.is_some() { 512 } else { block.len() };
        loop {
            let mut ready =
                [PollFd::new(output.as_fd(), PollFlags::POLLIN), PollFd::new(closed.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ready, PollTimeout::NONE).is_ok() && ready[1].any().unwrap_or(true) {
                return;
            }
            let length = output.read(&mut block[..most]).unwrap_or(0);
            let mut state = seen.lock();
            state.ended = length == 0;
            state.parser.process(&block[..length]);
            state.raw.extend_from_slice(&block[..length]);
            seen.changed.notify_all();
            if length == 0 {
                return;
            }
            drop(state);
            if let (Some(speed), Ok(length)) = (speed, u32::try_from(length)) {
                std::thread::sleep(Duration::from_secs(1) * length / speed);
            }
        }
    });
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds this")
    }
}

impl Screen {
    /// Presses keys.
    pub fn keys(&self, keys: impl AsRef<[u8]>) {
        let mut terminal = &self.terminal().keys;
        terminal.write_all(keys.as_ref()).expect("the terminal is there");
    }

    /// Waits until the screen is as it should be; fails with what it is instead.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        self.wait_state(what, |state| is_so(state.parser.screen()));
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.wait(&format!("`{text}` on the screen"), |screen| screen.contents().contains(text));
    }

    /// Waits until a text has been written, also if it is no longer on the screen.
    #[track_caller]
    pub fn wrote(&self, text: &str) {
        self.wrote_after(0, text);
    }

    /// Presses keys, and waits until a text has been written since.
    #[track_caller]
    pub fn answers(&self, keys: &str, text: &str) {
        let before = self.seen.lock().raw.len();
        self.keys(keys);
        self.wrote_after(before, text);
    }

    /// After the first this many bytes of the stream.
    #[track_caller]
    fn wrote_after(&self, start: usize, text: &str) {
        let searched = Cell::new(start);
        self.wait_state(&format!("`{text}` in the stream"), |state| {
            let from = searched.replace(start.max(state.raw.len().saturating_sub(text.len())));
            state.raw[from..].windows(text.len()).any(|window| window == text.as_bytes())
        });
    }

    /// Waits until the cursor is in this column of a row that reads so.
    #[track_caller]
    pub fn line(&self, text: &str, column: u16) {
        self.wait(&format!("the line `{text}` with the cursor at {column}"), |screen| {
            screen.cursor_position().1 == column && cursor_row(screen).trim_end() == text
        });
    }

    /// Waits for an empty prompt, whatever it says to be on.
    #[track_caller]
    pub fn prompt(&self) {
        self.wait("an empty prompt", |screen| {
            let row = cursor_row(screen);
            let row = row.trim_end();
            let is_labelled = row.starts_with('[') && row.ends_with(" >");
            (row == ">" || is_labelled) && usize::from(screen.cursor_position().1) == row.len() + 1
        });
    }

    /// What is on the screen now.
    pub fn contents(&self) -> String {
        self.seen.lock().parser.screen().contents()
    }

    /// All that was written so far.
    pub fn stream(&self) -> Vec<u8> {
        self.seen.lock().raw.clone()
    }

    /// Looks at the screen as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().parser.screen())
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.seen.lock().parser.screen_mut().set_size(positive(rows), positive(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.terminal().master.resize(size).expect("it is open");
    }

    /// Whether the terminal edits lines and echoes keys, as a shell expects to find it.
    pub fn is_cooked(&self) -> bool {
        let termios = self.terminal().master.get_termios().expect("it is a terminal");
        let cooked = libc::ICANON | libc::ECHO | libc::ISIG;
        termios.local_flags.bits() & cooked == cooked
    }

    pub fn echoes(&self) -> bool {
        let termios = self.terminal().master.get_termios().expect("it is a terminal");
        termios.local_flags.bits() & libc::ECHO != 0
    }

    /// Takes the terminal away, as closing its window does.
    pub fn close(&mut self) {
        self.terminal = None;
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it was started")
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("it runs");
    }

    /// The most memory that the process has had, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
        peak.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Waits for the end of the process, whose output the terminal may not have taken yet.
    #[track_caller]
    pub fn ends(&mut self) {
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("it is our child").is_none() {
            assert!(Instant::now() < until, "it did not end; {}", self.told());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the end; the exit status.
    #[track_caller]
    pub fn code(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                if self.terminal.is_some() {
                    self.wait_state("the end of the output", |state| state.ended);
                }
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it did not end; {}", self.told());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the end, and checks the exit status and that the terminal is as it was.
    #[track_caller]
    pub fn leaves_with(&mut self, code: u32) {
        assert_eq!(self.code(), code, "{}", self.told());
        assert!(self.is_cooked(), "the terminal is still raw");
        let is_plain = self.look(|screen| {
            !screen.hide_cursor()
                && !screen.bracketed_paste()
                && !screen.alternate_screen()
                && screen.fgcolor() == vt100::Color::Default
                && screen.cursor_position().1 == 0
        });
        assert!(is_plain, "a mode is left on, or the cursor is not on a new line; {}", self.told());
    }

    fn told(&self) -> String {
        told(&self.seen.lock())
    }

    fn terminal(&self) -> &Terminal {
        self.terminal.as_ref().expect("it was not closed")
    }

    #[track_caller]
    fn wait_state(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.lock();
        while !is_so(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.ended {
                let told = told(&state);
                // Else the reader would panic too, over a poisoned lock.
                drop(state);
                panic!("waited for {what}; {told}");
            }
            // The terminal's modes change without a word.
            let left = left.min(Duration::from_millis(5));
            state = self.seen.changed.wait_timeout(state, left).expect("nothing panics while it holds this").0;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // portable-pty's own way sends SIGHUP first, and waits.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// The text of the row with the cursor.
pub fn cursor_row(screen: &vt100::Screen) -> String {
    let row = usize::from(screen.cursor_position().0);
    screen.rows(0, screen.size().1.get()).nth(row).unwrap_or_default()
}

/// What a failure says about the terminal.
fn told(state: &State) -> String {
    let screen = state.parser.screen();
    let tail = String::from_utf8_lossy(&state.raw[state.raw.len().saturating_sub(TAIL)..]).into_owned();
    let (cursor, ended) = (screen.cursor_position(), state.ended);
    format!("cursor at {cursor:?}, ended: {ended}, the screen:\n{}\nthe stream's end: {tail:?}", screen.contents())
}

/// A server that counts, `#1#`, `#2#`, this many times a second.
pub fn counting(rate: u32) -> Server {
    serving(move |client| async move {
        let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
        let count = async {
            for n in 1_u32.. {
                tick.tick().await;
                client.text(&format!("#{n}#")).await;
            }
        };
        tokio::select! {
            () = count => {}
            () = async { while client.next().await.is_some() {} } => {}
        }
    })
}

/// The largest number on the screen.
pub fn number(screen: &vt100::Screen) -> u32 {
    screen.contents().split('#').filter_map(|piece| piece.parse().ok()).max().unwrap_or_default()
}

/// Waits for this many more messages of a counting server: a number at least that high, since one may scroll away.
#[track_caller]
pub fn waits_for_more(screen: &Screen, more: u32) {
    let enough = screen.look(number) + more;
    screen.wait(&format!("message {enough}"), |screen| number(screen) >= enough);
}
