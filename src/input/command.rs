//! What a client sends: what stdin has, or what a command says in its place (`--exec`).

use std::fs::File;
use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::splitter::Cut;
use super::stdin::Stdin;
use crate::events::{Batch, Input};
use crate::message::Close;
use crate::session::Inlet;
use crate::sys::process_group::{Group, PipedShell};

/// What a client sends.
pub(crate) struct ClientInput {
    source: Stdin,
    command: Option<Box<RunningCommand>>,
}

/// Whose output the source is.
struct RunningCommand {
    group: Group,
    /// It has ended, with this status.
    ended: Option<u8>,
}

impl ClientInput {
    /// Starts a command, whose output is cut so.
    pub(crate) fn of_command(command: PipedShell, output: File, cut: Cut) -> io::Result<Self> {
        let command = RunningCommand { group: command.start()?, ended: None };
        Ok(Self { source: Stdin::new(output, cut)?, command: Some(Box::new(command)) })
    }

    /// Lets a command end by itself if it does so in time, ends it otherwise, and returns its exit status: 0 if it was
    /// ended, or there is none.
    pub(crate) async fn finish(self, left: Duration) -> u8 {
        match self.command {
            Some(command) => command.finish(left).await,
            None => 0,
        }
    }
}

impl From<Stdin> for ClientInput {
    fn from(source: Stdin) -> Self {
        Self { source, command: None }
    }
}

impl Inlet for ClientInput {
    async fn next(&mut self) -> Option<Result<Batch, String>> {
        match (self.source.next().await, &mut self.command) {
            (None, Some(command)) => command.last_word().await.map(|close| Ok(vec![Input::Close(Some(close))])),
            (next, _) => next,
        }
    }
}

impl RunningCommand {
    /// Waits for its end: a Close, if it has failed and that was not said yet. Cancel-safe.
    async fn last_word(&mut self) -> Option<Close> {
        if self.ended.is_some() {
            return None;
        }
        let status = self.group.child.wait().await.ok();
        let code = self.group.exit_code().unwrap_or(0);
        self.ended = Some(code);
        (code > 0).then(|| Close::after(status))
    }

    async fn finish(mut self, left: Duration) -> u8 {
        if let Some(code) = self.ended {
            return code;
        }
        if timeout(left, self.group.child.wait()).await.is_ok() {
            return self.group.exit_code().unwrap_or(0);
        }
        self.group.end().await;
        0
    }
}
