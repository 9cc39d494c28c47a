//! `wsprobe run`, sentence by sentence: the real binary plays scripts against real servers.
#![allow(clippy::disallowed_methods, reason = "tests own their processes and sockets")]

#[path = "../kit/mod.rs"]
mod kit;

mod bytes;
mod cases;
mod check;
mod examples;
mod failures;
mod limits;
mod loops;
mod options;
mod reports;
mod role;
mod rules;

use std::path::PathBuf;

pub use kit::listening::{Listening, listen};
use kit::{Ran, Tool, tool};

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

impl Listening {
    /// Ends it: its exit status, and what it has said since it listens.
    #[track_caller]
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.running.signal(nix::sys::signal::Signal::SIGTERM);
        let said = self.said.rest().join("\n");
        (self.running.wait_code(), said)
    }
}
