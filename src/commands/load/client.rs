//! One connection, from its opening to its end: sends what is due, and finds the replies.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::alarm::{Alarm, AlarmClock, StopFlag};
use super::deliveries::{FanReceiver, SentCopy};
use super::plan::{LoadModel, LoadTraffic, WorkerPlan};
use super::replies::{AwaitedReplies, ReplyMatch};
use super::schedule::SendSchedule;
use super::tallies::LoadTallies;
use crate::dial::Stream;
use crate::message::Close;
use crate::script::variables::Variables;
use crate::wire::{Fault, Incoming, Socket};

/// How long a server has to answer our Close, and we have to answer its.
pub(super) const CLOSING: Duration = Duration::from_secs(1);

/// Messages that were due while this thread was busy, sent with one flush.
const BURST: usize = 64;

/// What the connections of a thread share.
pub(super) struct WorkerState {
    pub(super) plan: std::sync::Arc<WorkerPlan>,
    pub(super) clock: AlarmClock,
    pub(super) stop: StopFlag,
    // Borrowed between awaits only.
    pub(super) tallies: RefCell<LoadTallies>,
    /// With `--fan-out`: what the sender has sent.
    pub(super) sent: RefCell<SentCopy>,
}

/// How a connection ended that was not ours to end.
enum BrokenEnd {
    Closed(Close),
    Faulty(Fault),
    /// The transport takes nothing more.
    Cut(std::io::Error),
}

/// What happens on a connection next.
enum ConversationStep {
    Came(Incoming),
    Flushed,
    Due,
    Stop,
    Ended(BrokenEnd),
}

/// What decides when the next message of a connection is due.
enum SendPacing {
    Silent,
    Open(SendSchedule),
    /// None while a reply is awaited.
    Closed(Option<Instant>),
}

/// A connection that is open.
pub(super) struct LoadClient<'w> {
    worker: &'w WorkerState,
    socket: Socket<Stream>,
    traffic: Option<&'w LoadTraffic>,
    /// From when on its messages are due.
    begins: Instant,
    pacing: SendPacing,
    alarm: Alarm<'w>,
    replies: AwaitedReplies<'w>,
    /// With `--fan-out`, but for the one that sends.
    receiver: Option<FanReceiver>,
    /// What the names in its messages stand for.
    variables: Variables,
    /// The number of the last message.
    number: u64,
    /// Something waits to be written.
    is_flushing: bool,
    /// Since when nothing has been in the way of the next message.
    clear_since: Instant,
}

impl WorkerState {
    /// Counts what was due by then, and before the end of the run, on a connection that had begun at `begun`.
    pub(super) fn count_unsent(&self, schedule: &SendSchedule, begun: Instant, until: Instant) {
        let until = self.stop.at().map_or(until, |end| end.min(until));
        self.tallies.borrow_mut().unsent += schedule.overdue(until.saturating_duration_since(begun));
    }
}

impl<'w> LoadClient<'w> {
    pub(super) fn new(worker: &'w WorkerState, socket: Socket<Stream>, client: u32, variables: Variables) -> Self {
        socket.hand_over_runs();
        let now = Instant::now();
        let plan = &worker.plan;
        let traffic = plan.traffic.as_ref();
        let others = plan.sent.as_ref().filter(|_| client > 0);
        let receiver = others.map(|log| FanReceiver::new(client, worker.sent.borrow_mut().update(log)));
        // Whoever is to hear it has to be there.
        let begins = if plan.sent.is_some() { now.max(plan.start + plan.openings.all_due()) } else { now };
        let pacing = match plan.model.filter(|_| receiver.is_none()) {
            None => SendPacing::Silent,
            Some(LoadModel::Open(rate)) => SendPacing::Open(SendSchedule::new(rate, client)),
            Some(LoadModel::Closed) => SendPacing::Closed(Some(now)),
        };
        let mut opened = Self {
            worker,
            socket,
            traffic,
            begins,
            pacing,
            alarm: Alarm::new(&worker.clock),
            replies: AwaitedReplies::new(traffic.map_or(&ReplyMatch::None, |traffic| &traffic.matching)),
            receiver,
            variables,
            number: 0,
            is_flushing: false,
            clear_since: now,
        };
        opened.alarm.set(opened.next_due());
        opened
    }

    /// Holds it to the end of the run, or to its own.
    pub(super) async fn hold(mut self) {
        self.worker.stop.watch().await;
        let ended = self.talk().await;
        let ended = match ended {
            Some(ended) => Some(ended),
            None => timeout(self.worker.plan.wait, self.settle()).await.unwrap_or(None),
        };
        self.count_unsent(Instant::now());
        let total = self.sent_to_all();
        self.receiver.iter_mut().for_each(|receiver| receiver.ends_with(total));
        match ended {
            Some(ended) => self.break_off(ended).await,
            None => self.leave().await,
        }
        let mut tallies = self.worker.tallies.borrow_mut();
        tallies.unanswered += self.replies.unanswered();
        tallies.gone += 1;
        if let Some(receiver) = &self.receiver {
            tallies.unanswered += receiver.missed(total);
            tallies.awaited += receiver.found() + receiver.missed(total);
            receiver.times(total).into_iter().for_each(|times| tallies.receivers.add(times));
        }
    }

    /// Sends what is due, until the run ends or the connection does.
    async fn talk(&mut self) -> Option<BrokenEnd> {
        loop {
            match self.step(true).await {
                ConversationStep::Came(incoming) => self.take(&incoming),
                ConversationStep::Flushed => self.flushed(),
                ConversationStep::Due => self.send(),
                ConversationStep::Stop => return None,
                ConversationStep::Ended(end) => return Some(end),
            }
        }
    }

    /// Waits for the replies to what was sent.
    async fn settle(&mut self) -> Option<BrokenEnd> {
        while self.is_awaiting() || self.is_flushing {
            match self.step(false).await {
                ConversationStep::Came(incoming) => self.take(&incoming),
                ConversationStep::Flushed => self.flushed(),
                ConversationStep::Due | ConversationStep::Stop => {}
                ConversationStep::Ended(end) => return Some(end),
            }
        }
        None
    }

    fn is_awaiting(&self) -> bool {
        let is_behind = |receiver: &FanReceiver| !receiver.has_last(self.sent_to_all());
        !self.replies.is_empty() || self.receiver.as_ref().is_some_and(is_behind)
    }

    /// With `--fan-out`: how many messages there are by now.
    fn sent_to_all(&self) -> u64 {
        self.worker.plan.sent.as_ref().map_or(0, |log| self.worker.sent.borrow_mut().update(log))
    }

    /// Reads and writes side by side: two ends that wait for each other's reads would do so for ever.
    async fn step(&mut self, sends: bool) -> ConversationStep {
        let Self { socket, alarm, is_flushing, worker, .. } = self;
        tokio::select! {
            came = socket.next() => match came {
                Some(Ok(Incoming::Close(close))) => ConversationStep::Ended(BrokenEnd::Closed(close)),
                Some(Ok(incoming)) => ConversationStep::Came(incoming),
                Some(Err(fault)) => ConversationStep::Ended(BrokenEnd::Faulty(fault)),
                None => ConversationStep::Ended(BrokenEnd::Faulty(Fault::Cut(None))),
            },
            flushed = socket.flush(), if *is_flushing => match flushed {
                Ok(()) => ConversationStep::Flushed,
                Err(error) => ConversationStep::Ended(BrokenEnd::Cut(error)),
            },
            () = alarm.rings(), if sends && !*is_flushing => ConversationStep::Due,
            () = worker.stop.is_raised(), if sends => ConversationStep::Stop,
        }
    }

    fn flushed(&mut self) {
        self.is_flushing = false;
        self.clear_since = Instant::now();
    }

    fn take(&mut self, incoming: &Incoming) {
        let now = Instant::now();
        match incoming {
            Incoming::Message(message) => self.came(message.data(), now),
            Incoming::Run(batch) => batch.iter().for_each(|data| self.came(data, now)),
            // Its pong is ready.
            Incoming::Ping(_) => self.is_flushing = true,
            Incoming::Pong(_) | Incoming::Part(_) | Incoming::Frames(_) | Incoming::Close(_) => {}
        }
    }

    fn came(&mut self, data: &[u8], now: Instant) {
        let mut tallies = self.worker.tallies.borrow_mut();
        tallies.received.count(data.len());
        if let Some(log) = &self.worker.plan.sent {
            let mut sent = self.worker.sent.borrow_mut();
            sent.update(log);
            let key = self.traffic.and_then(|traffic| traffic.matching.key(data));
            let time = self.receiver.as_mut().zip(key).and_then(|(receiver, key)| receiver.came(&sent, key, now));
            return time.into_iter().for_each(|time| tallies.latency.add(time));
        }
        let Some(due) = self.replies.came(data) else { return };
        tallies.latency.add(now.saturating_duration_since(due));
        drop(tallies);
        if let SendPacing::Closed(turn) = &mut self.pacing {
            *turn = Some(now);
            if !self.is_flushing && self.worker.stop.at().is_none() {
                self.send();
            }
        }
    }

    /// Sends what is due by now.
    fn send(&mut self) {
        let now = Instant::now();
        for _ in 0..BURST {
            match self.next_due() {
                Some(due) if due <= now => self.send_one(due, now),
                _ => break,
            }
        }
        self.alarm.set(self.next_due());
    }

    fn send_one(&mut self, due: Instant, now: Instant) {
        let Some(traffic) = self.traffic else { return };
        self.number += 1;
        if traffic.message.is_made() {
            self.variables.set("seq", self.number.to_string());
        }
        let message = traffic.message.make(&self.variables);
        if !self.socket.put_whole(message.clone()) {
            return;
        }
        match &self.worker.plan.sent {
            // Before it is flushed, so that whoever gets it finds it there.
            Some(log) => log.add(due, traffic.matching.key(message.data())),
            None => self.replies.sent(due, message.data()),
        }
        let mut tallies = self.worker.tallies.borrow_mut();
        tallies.late.add(now.saturating_duration_since(due.max(self.clear_since)));
        tallies.sent.count(message.data().len());
        match &mut self.pacing {
            SendPacing::Silent => {}
            SendPacing::Open(schedule) => schedule.sent(),
            SendPacing::Closed(turn) => *turn = None,
        }
        self.is_flushing = true;
    }

    /// When the next message is due.
    fn next_due(&self) -> Option<Instant> {
        match &self.pacing {
            SendPacing::Silent => None,
            SendPacing::Open(schedule) => self.begins.checked_add(schedule.due()),
            SendPacing::Closed(turn) => *turn,
        }
    }

    /// What was due and could not be sent.
    fn count_unsent(&self, now: Instant) {
        if self.is_flushing
            && let SendPacing::Open(schedule) = &self.pacing
        {
            self.worker.count_unsent(schedule, self.begins, now);
        }
    }

    /// The run is over. What the server has sent before it reads our Close still counts.
    async fn leave(&mut self) {
        let left = async {
            self.socket.close(&Close::new(1000, "")).await?;
            loop {
                match self.socket.next().await {
                    None | Some(Ok(Incoming::Close(_)) | Err(_)) => break,
                    Some(Ok(incoming)) => self.take(&incoming),
                }
            }
            self.socket.flush().await
        };
        let left = timeout(CLOSING, left).await;
        let mut tallies = self.worker.tallies.borrow_mut();
        tallies.lasted += 1;
        if left.is_err() {
            let words = || format!("the server did not answer our Close within {CLOSING:?}");
            tallies.broken("unanswered".to_owned(), words, 7);
        }
    }

    /// The server has ended it.
    async fn break_off(&self, end: BrokenEnd) {
        let code = match &end {
            BrokenEnd::Faulty(fault) => fault.close_code(),
            BrokenEnd::Closed(_) | BrokenEnd::Cut(_) => None,
        };
        self.count_end(end);
        let ended = async {
            match code {
                Some(code) => self.socket.close(&Close::new(code, "")).await,
                None => self.socket.flush().await,
            }
        };
        // Whoever does not take it, does not miss it.
        let _ = timeout(CLOSING, ended).await;
    }

    fn count_end(&self, end: BrokenEnd) {
        let mut tallies = self.worker.tallies.borrow_mut();
        match end {
            BrokenEnd::Closed(close) => {
                let kind = close.code.map_or_else(|| "closed".to_owned(), |code| format!("closed {code}"));
                let reason = if close.reason.is_empty() { String::new() } else { format!(": {}", close.reason) };
                let exit_code = if close.is_good() { 0 } else { 6 };
                tallies.broken(kind, || format!("{}{reason}", close.meaning()), exit_code);
            }
            BrokenEnd::Faulty(fault) => tallies.broken(fault.kind().name().to_owned(), || fault.to_string(), 5),
            BrokenEnd::Cut(error) => {
                let words = || format!("the connection was cut without a Close: {error}");
                tallies.broken("cut".to_owned(), words, 5);
            }
        }
    }
}
