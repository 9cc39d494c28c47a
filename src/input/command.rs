//! A command whose output is an input, and whose input is the output (`--exec`).

use std::fs::File;
use std::io;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use super::splitter::Cut;
use super::stdin::Stdin;
use crate::events::{Batch, Input};
use crate::message::Close;
use crate::session::Inlet as _;
use crate::sys::process_group::{Group, PipedShell};

/// A running command, and what it says.
pub(crate) struct CommandOutput {
    output: Stdin,
    group: Group,
    /// It has ended, with this status.
    ended: Option<u8>,
}

impl CommandOutput {
    pub(crate) fn start(command: PipedShell, output: File, cut: Cut) -> io::Result<Self> {
        let group = command.start()?;
        Ok(Self { output: Stdin::new(output, cut)?, group, ended: None })
    }

    /// What it says; when it has ended, that is the end, and a failure is a Close. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Result<Batch, String>> {
        if self.ended.is_some() {
            return None;
        }
        let next = self.output.next().boxed_local().await;
        if next.is_some() {
            return next;
        }
        let status = self.group.child.wait().await.ok();
        let code = self.group.exit_code().unwrap_or(0);
        self.ended = Some(code);
        (code > 0).then(|| Ok(vec![Input::Close(Some(Close::after(status)))]))
    }

    /// Lets it end by itself if it does so in time, ends it otherwise, and returns its exit status: 0 if it was ended.
    pub(crate) async fn finish(mut self, left: Duration) -> u8 {
        if let Some(code) = self.ended {
            return code;
        }
        match timeout(left, self.group.child.wait()).await {
            Ok(_) => self.group.exit_code().unwrap_or(0),
            Err(_) => {
                self.group.end().await;
                0
            }
        }
    }
}
