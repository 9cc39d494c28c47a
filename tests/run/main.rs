//! `wsprobe run`, sentence by sentence: the real binary plays scripts against real servers.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and sockets")]

#[path = "../kit/mod.rs"]
mod kit;

mod bytes;
mod cases;
mod examples;
mod failures;
mod limits;
mod options;
mod reports;
mod role;
mod rules;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use kit::{Ran, Running, Tool, tool};

/// A folder of scripts for one test.
pub struct Scripts {
    dir: tempfile::TempDir,
}

impl Scripts {
    pub fn new<'s>(files: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        let scripts = Self { dir: kit::dir() };
        for (name, text) in files {
            std::fs::write(scripts.path(name), text).expect("there is room for files");
        }
        scripts
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `wsprobe run`, in that folder.
    pub fn run(&self, args: &[&str]) -> Tool {
        let mut tool = tool().arg("run").args(args);
        tool.command.current_dir(self.dir.path());
        tool
    }
}

/// Plays one script against a server at `{{url}}`.
#[track_caller]
pub fn played(url: &str, script: &str) -> Ran {
    Scripts::new([("x.wsp", script)]).run(&["x.wsp", "--var", &format!("url={url}")]).run()
}

/// `wsprobe listen` on a free port; killed when dropped.
pub struct Listening {
    pub running: Running,
    pub port: u16,
    stderr: BufReader<std::process::ChildStderr>,
}

#[track_caller]
pub fn listen(args: &[&str]) -> Listening {
    let mut running = tool().args(["listen", "127.0.0.1:0"]).args(args).start();
    let mut stderr = BufReader::new(running.child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("it says where it listens");
    let port = line.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.trim_end().parse().ok());
    Listening { running, port: port.unwrap_or_else(|| panic!("it says: {line}")), stderr }
}

impl Listening {
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// Ends it: its exit status, and what it has said since it listens.
    #[track_caller]
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.running.signal(nix::sys::signal::Signal::SIGTERM);
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut said).expect("it says text");
        (self.running.wait_code(), said)
    }
}
