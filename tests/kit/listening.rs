//! `wsprobe listen`, as a server that runs.

use std::process::Stdio;

use super::net::Lines;
use super::{Running, tool};

/// A running server; killed when dropped.
pub struct Listening {
    pub running: Running,
    pub port: u16,
    /// What it says on stderr.
    pub said: Lines,
}

/// Starts `wsprobe listen` on a free port; without a stdin.
#[track_caller]
pub fn listen(args: &[&str]) -> Listening {
    Listening::of(tool().args(["listen", "127.0.0.1:0"]).args(args).start())
}

/// The same without a stdout: for a server that prints more than a test reads.
#[track_caller]
pub fn listen_quietly(args: &[&str]) -> Listening {
    Listening::of(tool().args(["listen", "127.0.0.1:0"]).args(args).stdout_to(Stdio::null()).start())
}

impl Listening {
    /// Waits until it listens.
    #[track_caller]
    pub fn of(mut running: Running) -> Self {
        let said = Lines::of(running.child.stderr.take().expect("it is piped"));
        let line = said.find("listening on ");
        let port = line.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.trim_end().parse().ok());
        // At a Unix socket it has none.
        Self { running, port: port.unwrap_or(0), said }
    }

    pub fn url(&self) -> String {
        self.url_of("/")
    }

    pub fn url_of(&self, resource: &str) -> String {
        format!("ws://127.0.0.1:{}{resource}", self.port)
    }
}
