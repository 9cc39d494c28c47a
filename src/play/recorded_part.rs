//! Plays one party's part of a recorded connection: each message at its time, and not before the other has said what
//! stood before it.

use std::cell::Cell;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::Error;
use crate::events::{Batch, Input};
use crate::message::Close;
use crate::recording::pace::Schedule;
use crate::recording::{Deed, Party, Turn, Turns};
use crate::session::Wait;
use crate::term::Talk;
use crate::text::units::counted;

/// What is ready at the same time is sent together, up to this many messages and bytes.
const MOST: usize = 256;
const PIECE: usize = 64 << 10;

/// How many messages have come from the other.
#[derive(Default)]
pub(crate) struct HeardCount {
    messages: Cell<u64>,
    grown: Notify,
}

/// How a recorded connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// With what we did: our Close is on its way, or the connection is cut.
    Ours,
    /// With a Close of the other, which has not come in time.
    Theirs,
    /// The recording does not tell.
    Unknown,
}

impl HeardCount {
    pub(crate) fn message(&self) {
        self.messages.set(self.messages.get() + 1);
        self.grown.notify_waiters();
    }

    async fn reach(&self, messages: u64) {
        loop {
            let grown = self.grown.notified();
            if self.messages.get() >= messages {
                return;
            }
            grown.await;
        }
    }
}

/// A part to be played.
pub(crate) struct RecordedPart<'p> {
    pub(crate) player: Party,
    pub(crate) heard: &'p HeardCount,
    /// For what the other said, and for its Close.
    pub(crate) wait: Wait,
    pub(crate) talk: &'p Talk,
}

impl RecordedPart<'_> {
    /// Plays to the end of the recorded connection.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) async fn play(
        &self,
        turns: Turns,
        schedule: &mut Schedule,
        send: impl AsyncFn(Batch),
    ) -> Result<Last, Error> {
        let mut ready = Ready::default();
        // What the other has said by then, and what of it will never come.
        let (mut said, mut lost) = (0, 0);
        for turn in turns {
            let Turn { at, by, deed, .. } = turn?;
            match deed {
                Deed::Open(_) => drop(schedule.due(at, Instant::now())),
                Deed::Message(_) if by != self.player => {
                    said += 1;
                    if said % 64 == 0 {
                        // Reading is no waiting, and others want to go on too.
                        yield_now().await;
                    }
                }
                Deed::Close { .. } if by != self.player => {
                    send(ready.take()).await;
                    self.wait_for(said, &mut lost).await;
                    // It ends the session, and this with it.
                    within(self.wait, std::future::pending()).await;
                    return Ok(Last::Theirs);
                }
                Deed::Ping(_) | Deed::Pong(_) if by != self.player => {}
                deed => {
                    if self.heard.messages.get() + lost < said {
                        send(ready.take()).await;
                        self.wait_for(said, &mut lost).await;
                    }
                    let due = schedule.due(at, Instant::now());
                    if due > Instant::now() {
                        send(ready.take()).await;
                        sleep_until(due).await;
                    }
                    let Some(input) = input(deed) else { break };
                    let is_last = matches!(input, Input::Close(_) | Input::Drop);
                    ready.put(input);
                    if is_last {
                        send(ready.take()).await;
                        return Ok(Last::Ours);
                    }
                    if ready.is_full() {
                        send(ready.take()).await;
                    }
                }
            }
        }
        send(ready.take()).await;
        self.wait_for(said, &mut lost).await;
        Ok(Last::Unknown)
    }

    /// Waits until the other has said this much, for as long as that may help.
    async fn wait_for(&self, said: u64, lost: &mut u64) {
        within(self.wait, self.heard.reach(said - *lost)).await;
        let missing = (said - *lost).saturating_sub(self.heard.messages.get());
        if let (1.., Wait::For(time)) = (missing, self.wait) {
            let messages = counted(missing, "message");
            self.talk.warn(&format!("{messages} of the recording did not come within {time:?} (--wait)"));
        }
        *lost += missing;
    }
}

async fn within(wait: Wait, waiting: impl Future<Output = ()>) {
    match wait {
        Wait::Forever => waiting.await,
        Wait::For(time) => drop(timeout(time, waiting).await),
    }
}

/// What is to be sent with one flush.
#[derive(Default)]
struct Ready {
    batch: Batch,
    bytes: usize,
}

impl Ready {
    fn put(&mut self, input: Input) {
        if let Input::Message(message) = &input {
            self.bytes += message.data().len();
        }
        self.batch.push(input);
    }

    fn is_full(&self) -> bool {
        self.batch.len() >= MOST || self.bytes >= PIECE
    }

    fn take(&mut self) -> Batch {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }
}

/// What the player has to do; nothing if it closed for what the other had done.
fn input(deed: Deed) -> Option<Input> {
    Some(match deed {
        Deed::Message(message) => Input::Message(message),
        Deed::Ping(data) => Input::Ping(data),
        Deed::Pong(data) => Input::Pong(data),
        Deed::Close { close: Close { code: None, .. }, .. } => Input::Close(Some(Close::default())),
        Deed::Close { close, clean: true } if close.code.is_some_and(Close::may_be_sent) => Input::Close(Some(close)),
        Deed::Close { close: Close { code: Some(1006), .. }, .. } => Input::Drop,
        Deed::Close { .. } | Deed::Open(_) => return None,
    })
}
