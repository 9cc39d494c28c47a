//! `--edit-with`: a command that changes what passes through a relay, with records on its stdin and on its stdout.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::sleep;

use super::lane::LaneDirection;
use super::send_queue::SendQueue;
use crate::events::{Event, Input};
use crate::message::{Close, Direction, Message};
use crate::render::record::{self, Secrets};
use crate::sys::process_group::PipedGroup;
use crate::text::lines::LineSplitter;

/// What one read may bring.
const BLOCK: usize = 32 << 10;

/// What the command is to read, and how it is to end.
#[derive(Default)]
pub(super) struct MessageEditor {
    /// A line for each message.
    records: SendQueue,
    /// What goes on when the command has said its last. Borrowed between awaits only.
    end: RefCell<Option<(LaneDirection, Input)>>,
    has_ended: Cell<bool>,
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
        self.records.is_full()
    }

    /// Waits until it is no longer full.
    pub(super) async fn room(&self) {
        self.records.room().await;
    }

    /// Whether it takes nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.get()
    }

    /// Gives the command a message.
    pub(super) fn put(&self, event: &Event) {
        if self.end.borrow().is_none() {
            let mut line = BytesMut::new();
            record::write(event, Secrets::Kept, &mut line);
            self.records.put(Input::Message(Message::Binary(line.freeze())));
        }
    }

    /// Nothing more comes; this goes on after all that the command says. The first to say so is heard.
    pub(super) fn end(&self, direction: LaneDirection, input: Input) {
        self.end.borrow_mut().get_or_insert((direction, input));
        self.records.end();
    }

    /// Runs the command to its end; `pass` takes what it says, and waits until there is room for more.
    pub(super) async fn run<F: Future<Output = ()>>(
        &self,
        command: PipedGroup,
        longest: usize,
        left: Duration,
        pass: impl Fn(LaneDirection, Input) -> F,
    ) -> EditingEnd {
        let PipedGroup { mut group, stdin, mut stdout } = command;
        let read = tokio::select! {
            read = self.read(&mut stdout, longest, left, pass) => read,
            never = self.write(stdin) => match never {},
        };
        self.has_ended.set(true);
        // Nobody takes what still comes: it must not be waited for.
        self.records.close();
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
                self.records.ended().await;
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
    async fn write(&self, mut stdin: ChildStdin) -> Infallible {
        while self.write_some(&mut stdin).await.is_ok_and(|goes_on| goes_on) {}
        drop(stdin);
        pending().await
    }

    /// False when all is written that ever will be.
    async fn write_some(&self, stdin: &mut ChildStdin) -> io::Result<bool> {
        let mut lines = BytesMut::new();
        for input in self.records.take().await {
            if let Input::Message(line) = input {
                lines.extend_from_slice(line.data());
            }
        }
        stdin.write_all(&lines).await.map(|()| !lines.is_empty())
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
