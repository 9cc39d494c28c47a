//! `wsprobe ping`: how long a server takes to open a connection, to answer a ping, and to answer a message.

mod rounds;
pub(crate) mod statistics;
pub(crate) mod view;

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

pub(crate) use self::rounds::AnswerMatch;
use self::rounds::{Rounds, Wanted};
use self::view::PingOutput;
use crate::client::connector::{Connected, Connector, RunEnd};
use crate::client::options::ClientOptions;
use crate::client::output::finish_in_time;
use crate::client::report;
use crate::error::Error;
use crate::events::{Batch, End, Input};
use crate::message::Message;
use crate::runtime::watch_signals;
use crate::session::{self, DynOutlet, Outcome, Progress};
use crate::term::{Talk, stdout_gone, terminal_width};

/// A round that was not answered within this time, or within two intervals, is lost.
const LEAST_WAIT: Duration = Duration::from_secs(5);

/// The option that limits the time of a run.
const DEADLINE: &str = "--deadline";

/// Batches between the clock and the socket.
const BATCHES: usize = 2;

#[derive(Debug)]
pub(crate) struct PingOptions {
    pub(crate) plan: ClientOptions,
    /// None is no end.
    pub(crate) count: Option<u64>,
    pub(crate) interval: Duration,
    /// For all of it, connecting included.
    pub(crate) deadline: Option<Duration>,
    /// Of a ping's payload, at most 125 bytes (RFC 6455, section 5.5).
    pub(crate) size: usize,
    /// Sent beside each ping, and what answers it.
    pub(crate) message: Option<(Message, AnswerMatch)>,
    /// Each round has a connection of its own.
    pub(crate) reconnects: bool,
    pub(crate) output: PingOutput,
    /// Whether the steps of a connection are drawn.
    pub(crate) draws: bool,
}

/// Runs to the end, and returns the exit status.
pub(crate) fn run(options: &PingOptions) -> u8 {
    crate::runtime::hold(options.plan.diagnostics, async |talk| ping(options, talk).await)
}

async fn ping(options: &PingOptions, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = watch_signals()?;
    let started = Instant::now();
    let until = options.deadline.and_then(|time| started.checked_add(time));
    let rounds = Rounds::new(options.output, options.message.as_ref().map(|(_, answer)| answer.clone()))?;
    let limit = until.zip(options.deadline).map(|(at, after)| RunEnd { at, after, option: DEADLINE });
    let connector = Connector::new(&options.plan, None).ending(limit);
    let interrupted = Cell::new(false);
    let run = PingRun { options, talk, rounds: &rounds, connector, until, interrupted: &interrupted };
    let ended = if options.reconnects { run.over_many(&mut signals).await } else { run.over_one(&mut signals).await };
    let ended = match ended {
        // What came before is worth its summary.
        Err(error) if rounds.has_begun() => {
            report::not_connected(talk, &error);
            interrupted.set(matches!(error, Error::Interrupted(_)));
            error.exit_code()
        }
        ended => ended?,
    };
    rounds.sum_up(&options.plan.connect.target.to_string(), started.elapsed());
    let has_answers = rounds.has_answers();
    finish_in_time(rounds.finish(), interrupted.get(), &mut signals).await?;
    Ok(if has_answers { 0 } else { ended })
}

type Signals = mpsc::Receiver<i32>;

/// A run under way.
struct PingRun<'r> {
    options: &'r PingOptions,
    talk: &'r Rc<Talk>,
    rounds: &'r Rounds,
    connector: Connector,
    until: Option<Instant>,
    /// Whether a signal has ended it.
    interrupted: &'r Cell<bool>,
}

impl PingRun<'_> {
    /// All rounds over one connection; the exit status if nothing was answered.
    async fn over_one(&self, signals: &mut Signals) -> Result<u8, Error> {
        let Some(connected) = self.connect(true, signals).await? else { return Ok(0) };
        let count = self.options.count.unwrap_or(u64::MAX);
        let outcome = self.converse(connected, 1..=count, signals).await;
        Ok(self.ended(&outcome))
    }

    /// Each round over a connection of its own.
    async fn over_many(&self, signals: &mut Signals) -> Result<u8, Error> {
        let mut next = Instant::now();
        let mut code = 7;
        for number in 1..=self.options.count.unwrap_or(u64::MAX) {
            match self.connect(number == 1, signals).await {
                Ok(Some(connected)) => {
                    let outcome = self.converse(connected, number..=number, signals).await;
                    code = self.ended(&outcome);
                    if matches!(outcome.end, End::Interrupted(_) | End::OutputGone) {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) if number == 1 || matches!(error, Error::Interrupted(_)) => return Err(error),
                // Its ping was not sent, so it is not lost.
                Err(Error::TimedOut { option: DEADLINE, .. }) => break,
                Err(error) => {
                    self.rounds.not_opened();
                    report::not_connected(self.talk, &error);
                }
            }
            next = (next + self.options.interval).max(Instant::now());
            if self.until.is_some_and(|until| next > until) || !self.rests_until(next, signals).await {
                break;
            }
        }
        Ok(code)
    }

    /// Whether nothing ends the run before.
    async fn rests_until(&self, next: Instant, signals: &mut Signals) -> bool {
        tokio::select! {
            () = sleep_until(next) => true,
            _ = signals.recv() => {
                self.interrupted.set(true);
                false
            }
            () = stdout_gone() => false,
        }
    }

    /// None if nobody reads the output any more. Only the first connection waits for the server.
    async fn connect(&self, is_first: bool, signals: &mut Signals) -> Result<Option<Connected>, Error> {
        let connect = &self.options.plan.connect;
        let connecting = async {
            if is_first {
                self.connector.first(connect, self.talk, signals).await
            } else {
                self.connector.now(connect, self.talk, signals).await
            }
        };
        let connected = tokio::select! {
            connected = connecting => connected?,
            () = stdout_gone() => return Ok(None),
        };
        let columns = self.options.draws.then(terminal_width);
        self.rounds.opened(&connected.1, columns, self.options.reconnects);
        Ok(Some(connected))
    }

    /// These rounds over this connection.
    async fn converse(&self, (socket, _): Connected, numbers: RangeInclusive<u64>, signals: &mut Signals) -> Outcome {
        let options = &self.options.plan.session;
        let (batches, mut inputs) = mpsc::channel(BATCHES);
        let sending = self.send(&batches, numbers);
        let mut progress = Progress::new(&options.ending);
        let (first, outlet): (_, &dyn DynOutlet) = (Batch::new(), self.rounds);
        let outcome = tokio::select! {
            outcome = session::pump::run(socket, first, &mut progress, &mut inputs, signals, outlet, options) => outcome,
            () = sending => unreachable!("it waits after its end"),
        };
        self.rounds.give_up(|_| true);
        self.interrupted.set(matches!(outcome.end, End::Interrupted(_)));
        outcome
    }

    /// Never ends: the session does, after the Close that is sent at last.
    async fn send(&self, batches: &mpsc::Sender<Result<Batch, String>>, numbers: RangeInclusive<u64>) {
        let sent = self.send_rounds(batches, numbers);
        match self.until {
            Some(until) => drop(timeout_at(until, sent).await),
            None => sent.await,
        }
        let _ = batches.send(Ok(vec![Input::Close(None)])).await;
        std::future::pending().await
    }

    async fn send_rounds(&self, batches: &mpsc::Sender<Result<Batch, String>>, numbers: RangeInclusive<u64>) {
        let PingOptions { interval, size, message, .. } = self.options;
        let wait = LEAST_WAIT.max(interval.saturating_mul(2));
        let last = *numbers.end();
        let mut next = Instant::now();
        for number in numbers {
            sleep_until(next).await;
            self.rounds.give_up(|age| age >= wait);
            let payload = self.rounds.begin(Wanted { number, size: *size });
            let mut batch = vec![Input::Ping(payload)];
            batch.extend(message.iter().map(|(message, _)| Input::Message(message.clone())));
            if batches.send(Ok(batch)).await.is_err() || number == last {
                break;
            }
            // Never two at once, however long this process was kept from running.
            next = (next + *interval).max(Instant::now());
        }
        let _ = tokio::time::timeout(wait, self.rounds.all_answered()).await;
    }

    /// Tells an end that was not ours, and gives the exit status if nothing was answered.
    fn ended(&self, outcome: &Outcome) -> u8 {
        match &outcome.end {
            End::Closed { sent: Some(_), .. } | End::Interrupted(_) | End::Unanswered => 7,
            end => {
                drop(report::ended(self.talk, &self.options.plan, outcome));
                if end.exit_code() == 0 { 7 } else { end.exit_code() }
            }
        }
    }
}
