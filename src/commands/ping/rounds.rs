//! The rounds of a run: what was sent, and what has come of it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use serde_json_path::JsonPath;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::statistics::Times;
use super::view::{PingOutput, Round, Totals};
use crate::client::output_buffer::OutputBuffer;
use crate::error::Error;
use crate::events::{Event, EventKind, Opened};
use crate::message::{Direction, Message};
use crate::session::{Gone, Outlet};
use crate::term::{FileWriter, stdout_gone};

/// Which message answers one of ours.
#[derive(Clone, Debug)]
pub(crate) enum AnswerMatch {
    /// The next that comes.
    Next,
    Text(Regex),
    /// JSON that has something at this path.
    Json(JsonPath),
}

/// A round to be begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) number: u64,
    pub(super) size: usize,
}

/// A round under way.
struct Begun {
    round: Round,
    payload: Bytes,
    begun: Instant,
    message_sent: Option<Instant>,
}

/// Takes the events of a session, and prints each round when it is over.
pub(super) struct Rounds {
    /// As many as are begun before the first of them is given up. Borrowed between awaits only.
    begun: RefCell<VecDeque<Begun>>,
    totals: RefCell<Totals>,
    /// The number of the last round with a pong: no other pong is one for those before it (RFC 6455, section 5.5.3).
    ponged: Cell<u64>,
    /// Of the last connection, where each round has one.
    opening: Cell<Option<Duration>>,
    answer: Option<AnswerMatch>,
    output: PingOutput,
    stdout: OutputBuffer,
    /// Told when a round is over.
    over: Notify,
}

impl AnswerMatch {
    fn is_met_by(&self, message: &Message) -> bool {
        match self {
            Self::Next => true,
            Self::Text(regex) => std::str::from_utf8(message.data()).is_ok_and(|text| regex.is_match(text)),
            Self::Json(path) => serde_json::from_slice::<serde_json::Value>(message.data())
                .is_ok_and(|value| !path.query(&value).is_empty()),
        }
    }
}

impl Rounds {
    pub(super) fn new(output: PingOutput, answer: Option<AnswerMatch>) -> Result<Self, Error> {
        let stdout = FileWriter::to_stdout().map_err(Error::stdout)?;
        let totals = Totals { answers: answer.as_ref().map(|_| Times::default()), ..Totals::default() };
        Ok(Self {
            begun: RefCell::default(),
            totals: RefCell::new(totals),
            ponged: Cell::new(0),
            opening: Cell::new(None),
            answer,
            output,
            stdout: OutputBuffer::new(stdout),
            over: Notify::new(),
        })
    }

    /// A connection was opened, for one round or for all.
    pub(super) fn opened(&self, opened: &Opened, columns: Option<usize>, is_for_one: bool) {
        let is_first = self.totals.borrow().sent == 0;
        self.opening.set(is_for_one.then(|| opened.timing.total()));
        if is_first {
            self.print(|output, out| output.opened(opened, columns, out));
        }
    }

    /// A connection could not be opened, and what was to be sent is lost.
    pub(super) fn not_opened(&self) {
        self.totals.borrow_mut().sent += 1;
    }

    /// The payload of its ping.
    pub(super) fn begin(&self, Wanted { number, size }: Wanted) -> Bytes {
        let mut payload = number.to_be_bytes()[8 - size.min(8)..].to_vec();
        payload.resize(size, 0);
        let payload = Bytes::from(payload);
        let round = Round { number, size, pong: None, answer: None, opening: self.opening.take() };
        let begun = Begun { round, payload: payload.clone(), begun: Instant::now(), message_sent: None };
        self.begun.borrow_mut().push_back(begun);
        self.totals.borrow_mut().sent += 1;
        payload
    }

    pub(super) fn has_begun(&self) -> bool {
        self.totals.borrow().sent > 0
    }

    pub(super) fn has_answers(&self) -> bool {
        self.totals.borrow().has_answers()
    }

    /// Ends those that have waited for so long.
    pub(super) fn give_up(&self, is_late: impl Fn(Duration) -> bool) {
        let now = Instant::now();
        loop {
            let mut begun = self.begun.borrow_mut();
            let Some(first) = begun.pop_front_if(|first| is_late(now - first.begun)) else { return };
            drop(begun);
            self.end(&first.round);
        }
    }

    /// Waits until no round is left.
    pub(super) async fn all_answered(&self) {
        loop {
            let over = self.over.notified();
            if self.begun.borrow().is_empty() {
                return;
            }
            over.await;
        }
    }

    pub(super) fn sum_up(&self, url: &str, took: Duration) {
        self.print(|output, out| output.summary(url, &self.totals.borrow(), took, out));
    }

    /// Waits until all is written.
    pub(super) async fn finish(self) -> Result<(), Error> {
        self.stdout.finish().await.map_err(Error::stdout)
    }

    /// What came for the first round that waits for it; prints the round if nothing more is to come.
    fn came(&self, waits: impl Fn(&Begun) -> bool, note: impl FnOnce(&mut Begun)) {
        let mut begun = self.begun.borrow_mut();
        let Some(at) = begun.iter().position(waits) else { return };
        note(&mut begun[at]);
        let Round { pong, answer, .. } = begun[at].round;
        if pong.is_none() || self.answer.is_some() && answer.is_none() {
            return;
        }
        let over = begun.remove(at);
        drop(begun);
        over.into_iter().for_each(|over| self.end(&over.round));
    }

    fn end(&self, round: &Round) {
        self.totals.borrow_mut().count(round);
        self.print(|output, out| output.round(round, self.answer.is_some(), out));
        self.over.notify_waiters();
    }

    fn print(&self, print: impl FnOnce(PingOutput, &mut String)) {
        let mut text = String::new();
        print(self.output, &mut text);
        self.stdout.append(|out| out.extend_from_slice(text.as_bytes()));
    }
}

impl Outlet for Rounds {
    async fn room(&self) -> Result<(), Gone> {
        self.stdout.room().await
    }

    fn put(&self, event: Event) {
        // The first thing to do, as all else takes time.
        let now = Instant::now();
        match event.what {
            EventKind::Pong(Direction::In, data, Some(time)) => {
                let waits = |begun: &Begun| begun.round.number > self.ponged.get() && begun.payload == data;
                self.came(waits, |begun| {
                    begun.round.pong = Some(time);
                    self.ponged.set(begun.round.number);
                });
            }
            EventKind::Message(Direction::Out, _) => {
                let mut begun = self.begun.borrow_mut();
                if let Some(sent) = begun.iter_mut().find(|begun| begun.message_sent.is_none()) {
                    sent.message_sent = Some(now);
                }
            }
            EventKind::Message(Direction::In, message)
                if self.answer.as_ref().is_some_and(|answer| answer.is_met_by(&message)) =>
            {
                let waits = |begun: &Begun| begun.message_sent.is_some() && begun.round.answer.is_none();
                self.came(waits, |begun| begun.round.answer = begun.message_sent.map(|sent| now - sent));
            }
            _ => {}
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.stdout.flush().await
    }

    fn wants_sent(&self) -> bool {
        true
    }

    async fn gone(&self) {
        tokio::select! {
            () = self.stdout.stopped() => {}
            () = stdout_gone() => {}
        }
    }
}
