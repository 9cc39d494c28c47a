//! `--edit-with`: a command that changes what passes through a relay, with records on its stdin and on its stdout.

use std::cell::{Cell, RefCell};
use std::io;
use std::process::Stdio;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::bridge::LineSplitter;
use super::lane::LaneDirection;
use crate::events::{Event, Input};
use crate::message::{Close, Direction};
use crate::render::record::{self, Secrets};
use crate::sys::process_group::{Group, shell};

/// More than this is not kept for a command that does not read.
const FULL: usize = 4 << 20;

/// What one read may bring.
const BLOCK: usize = 32 << 10;

/// What the command is to read, and how it is to end.
#[derive(Default)]
pub(super) struct MessageEditor {
    // Borrowed between awaits only.
    records: RefCell<BytesMut>,
    /// What goes on when the command has said its last.
    end: RefCell<Option<(LaneDirection, Input)>>,
    has_ended: Cell<bool>,
    filled: Notify,
    taken: Notify,
}

/// The running command.
pub(super) struct EditingProcess {
    group: Group,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

/// How the command's part ended.
pub(super) enum EditingEnd {
    /// As it was to: this goes on.
    Wanted(LaneDirection, Input),
    /// By itself, with this Close, or because of a line that is no record.
    Failed(String),
}

impl MessageEditor {
    pub(super) fn is_full(&self) -> bool {
        self.records.borrow().len() >= FULL
    }

    /// Waits until it is no longer full.
    pub(super) async fn room(&self) {
        while self.is_full() {
            self.taken.notified().await;
        }
    }

    /// Whether it takes nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.get()
    }

    /// Gives the command a message.
    pub(super) fn put(&self, event: &Event) {
        if self.end.borrow().is_none() && !self.has_ended.get() {
            record::write(event, Secrets::Kept, &mut self.records.borrow_mut());
            self.filled.notify_one();
        }
    }

    /// Nothing more comes; this goes on after all that the command says. The first to say so is heard.
    pub(super) fn end(&self, direction: LaneDirection, input: Input) {
        self.end.borrow_mut().get_or_insert((direction, input));
        self.filled.notify_one();
        // It may not read.
        self.taken.notify_waiters();
    }

    /// Runs the command to its end; `pass` takes what it says, and waits until there is room for more.
    pub(super) async fn run<F: Future<Output = ()>>(
        &self,
        process: EditingProcess,
        longest: usize,
        left: Duration,
        pass: impl Fn(LaneDirection, Input) -> F,
    ) -> EditingEnd {
        let EditingProcess { mut group, stdin, mut stdout } = process;
        let reading = async {
            tokio::select! {
                read = self.read(&mut stdout, longest, left, pass) => read,
                never = self.write(stdin) => match never {},
            }
        };
        let read = reading.await;
        self.has_ended.set(true);
        self.records.borrow_mut().clear();
        self.taken.notify_waiters();
        let why = match read {
            Ok(()) => match self.end.take() {
                Some((direction, input)) => {
                    group.end().await;
                    return EditingEnd::Wanted(direction, input);
                }
                None => Close::after(group.child.wait().await.ok()).reason,
            },
            Err(why) => why,
        };
        group.end().await;
        EditingEnd::Failed(if why.is_empty() { "the command ended".to_owned() } else { why })
    }

    /// Passes on what the command says, up to its end.
    async fn read<F: Future<Output = ()>>(
        &self,
        stdout: &mut ChildStdout,
        longest: usize,
        left: Duration,
        pass: impl Fn(LaneDirection, Input) -> F,
    ) -> Result<(), String> {
        let mut lines = LineSplitter::default();
        loop {
            lines.rest.reserve(BLOCK);
            let overdue = async {
                while self.end.borrow().is_none() {
                    self.taken.notified().await;
                }
                sleep(left).await;
            };
            let read = tokio::select! {
                read = stdout.read_buf(&mut lines.rest) => read,
                // It has had its time after its stdin ended.
                () = overdue => Ok(0),
            };
            let has_ended = !matches!(read, Ok(1..));
            while let Some(line) = lines.next(has_ended) {
                let line = std::str::from_utf8(&line).map_err(|_| "the command wrote a line that is not UTF-8")?;
                let (direction, input) = edited(line).map_err(|why| format!("the command wrote no record: {why}"))?;
                if let Some(input) = input {
                    pass(direction, input).await;
                }
            }
            if has_ended {
                return Ok(());
            }
            if lines.rest.len() > longest {
                return Err("the command wrote a line that is too long".to_owned());
            }
        }
    }

    /// Writes records until no more come; never ends.
    async fn write(&self, mut stdin: ChildStdin) -> std::convert::Infallible {
        loop {
            let records = self.records.borrow_mut().split();
            self.taken.notify_waiters();
            if !records.is_empty() {
                if stdin.write_all(&records).await.is_err() {
                    break;
                }
            } else if self.end.borrow().is_some() {
                break;
            } else {
                self.filled.notified().await;
            }
        }
        drop(stdin);
        self.taken.notify_waiters();
        std::future::pending().await
    }
}

impl EditingProcess {
    pub(super) fn start(command: &str) -> io::Result<Self> {
        let mut group = Group::spawn(shell(command).stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let stdin = group.child.stdin.take().expect("it was piped");
        let stdout = group.child.stdout.take().expect("it was piped");
        Ok(Self { group, stdin, stdout })
    }
}

/// Which way a record goes, and what it sends there.
fn edited(line: &str) -> Result<(LaneDirection, Option<Input>), String> {
    let record = record::object(line)?;
    let direction = match record.get("dir").and_then(Value::as_str) {
        Some("in") => LaneDirection::Up,
        Some("out") => LaneDirection::Down,
        _ => return Err("expected `dir`: `in` goes to the server, `out` to the client".to_owned()),
    };
    Ok((direction, record::input(&record)?))
}

/// How a record names what goes this way.
pub(super) fn shown(direction: LaneDirection) -> Direction {
    match direction {
        LaneDirection::Up => Direction::In,
        LaneDirection::Down => Direction::Out,
    }
}
