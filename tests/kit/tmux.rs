//! tmux as the terminal: it wraps rows anew when its width changes, as most terminals do.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What is written before a line is drawn anew (ECMA-48, ED).
const ERASE_BELOW: &[u8] = b"\x1b[J";

/// A server of tmux for one test, with one window; it ends with the test.
pub struct Tmux {
    socket: String,
    home: tempfile::TempDir,
}

/// The binary in a window of so many columns and 24 rows.
pub fn tmux(url: &str, columns: u32) -> Tmux {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let socket = format!("wsprobe-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let home = super::dir();
    super::pty::has_typed(home.path());
    let tmux = Tmux { socket, home };
    let run = format!("HOME={0} XDG_STATE_HOME={0} NO_COLOR=1 {1} {url}", tmux.home.path().display(), super::binary());
    let columns = columns.to_string();
    tmux.run(&["new-session", "-d", "-x", &columns, "-y", "24", &run, ";", "set", "-g", "status", "off"]);
    tmux.run(&["pipe-pane", &format!("cat > {}", tmux.home.path().join("stream").display())]);
    tmux
}

impl Tmux {
    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").args(["-L", &self.socket, "-f", "/dev/null"]).args(args);
        let output = command.output().expect("tmux is installed");
        assert!(output.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub fn keys(&self, keys: &str) {
        self.run(&["send-keys", "-l", keys]);
    }

    /// Changes the width, and waits until the program has drawn its line anew: tmux takes its time to tell it.
    #[track_caller]
    pub fn resize(&self, columns: u32) {
        let stream = self.home.path().join("stream");
        let draws = || {
            let stream = std::fs::read(&stream).unwrap_or_default();
            stream.windows(ERASE_BELOW.len()).filter(|window| *window == ERASE_BELOW).count()
        };
        let before = draws();
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", "24"]);
        let until = Instant::now() + PATIENCE;
        while draws() == before {
            assert!(Instant::now() < until, "the line was not drawn anew; there is\n{}", self.lines());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All rows, also those that have scrolled away.
    pub fn lines(&self) -> String {
        String::from_utf8(self.run(&["capture-pane", "-p", "-S", "-"]).stdout).expect("it is UTF-8")
    }

    /// Waits until all rows are as they should be; fails with what they are instead.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let lines = self.lines();
            if is_so(&lines) {
                return;
            }
            assert!(Instant::now() < until, "waited for {what}; there is\n{lines}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}
