//! tmux as the terminal: it wraps rows anew when its width changes, as most terminals do.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// A server of tmux for one test, with one window; it ends with the test.
pub struct Tmux {
    socket: String,
    _home: tempfile::TempDir,
}

/// The binary in a window of so many columns and 24 rows.
pub fn tmux(url: &str, columns: u32) -> Tmux {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let socket = format!("wsprobe-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let home = super::dir();
    let tmux = Tmux { socket, _home: home };
    let run = format!("HOME={0} XDG_STATE_HOME={0} NO_COLOR=1 {1} {url}", tmux._home.path().display(), super::binary());
    let columns = columns.to_string();
    tmux.run(&["new-session", "-d", "-x", &columns, "-y", "24", &run, ";", "set", "-g", "status", "off"]);
    tmux.resize(columns.parse().expect("it is a number"));
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

    pub fn resize(&self, columns: u32) {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", "24"]);
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
