//! One connection that plays a script, again and again.

use std::rc::Rc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::time::sleep;

use super::alarm::Alarm;
use super::client::{CLOSING, WorkerState};
use super::plan::LoadModel;
use super::schedule::SendSchedule;
use super::script::PlayedScript;
use crate::client::connector::Connected;
use crate::message::Direction;
use crate::play::{Inbox, PlayContext, Player, ScriptConnection, StepFailure, StepFault};
use crate::term::{Talk, Verbosity};
use crate::text::escape::{Keep, escape};

/// Plays on one connection to the end of the run, or to its own.
pub(super) async fn hold(worker: &Rc<WorkerState>, script: &PlayedScript, connected: Connected, client: u32) {
    let counted = Rc::clone(worker);
    let inbox = Inbox::counted_by(Box::new(move |direction, bytes| {
        let mut tallies = counted.tallies.borrow_mut();
        let count = if direction == Direction::In { &mut tallies.received } else { &mut tallies.sent };
        count.count(bytes);
    }));
    let (socket, opened) = connected;
    let connection = ScriptConnection::begin(socket, opened, script.session.clone(), inbox);
    let variables = worker.plan.texts.added_to(script.variables.clone(), client);
    let talk = Rc::new(Talk::on_stderr(Verbosity::QUIET, false));
    let mut context = PlayContext::new(&script.file, &variables, script.dial.clone(), talk);
    context.close_timeout = CLOSING;
    let player = Player::on(&context, connection);
    // `--fragment` is the same for all of them.
    let fragment = worker.plan.connects.first().and_then(|connect| connect.connection.fragment);
    let mut plays = ScriptPlays::new(worker, client);
    let end = loop {
        tokio::select! {
            is_due = plays.wait() => if !is_due {
                break PlaysEnd::Stop(player.finish(Ok(()), false).await.err());
            },
            (words, code) = player.lost() => break PlaysEnd::Lost(words, code),
        }
        player.start_over(&variables);
        context.set("seq", plays.begin().to_string());
        match player.again(fragment, stopped(worker)).await {
            Ok(()) => plays.passed(),
            Err(failure) => {
                let (was_stopped, is_lost) = (failure.is_of_stop(), player.is_lost());
                let failure = player.finish(Err(failure), was_stopped).await.err();
                let code = player.lost().now_or_never().map(|(_, code)| code).filter(|code| is_lost && *code > 0);
                break if was_stopped { PlaysEnd::Stop(None) } else { PlaysEnd::Failed(failure, code) };
            }
        }
    };
    plays.end(&script.file.name, end);
}

/// Why a connection plays no more.
enum PlaysEnd {
    /// The run is over; our Close may have led to no answer.
    Stop(Option<Box<StepFailure>>),
    /// Between two plays: how, and the exit status of that.
    Lost(String, u8),
    /// With the exit status of the connection's own end, where that was what the step failed of.
    Failed(Option<Box<StepFailure>>, Option<u8>),
}

/// A play that has begun may end.
async fn stopped(worker: &WorkerState) -> StepFault {
    worker.stop.is_raised().await;
    sleep(worker.plan.wait).await;
    StepFault::stopped()
}

/// When the plays of a connection are due, and how they went.
struct ScriptPlays<'w> {
    worker: &'w WorkerState,
    alarm: Alarm<'w>,
    opened: Instant,
    /// None: each is due when the one before has ended.
    schedule: Option<SendSchedule>,
    due: Instant,
    /// Since when nothing has been in the way of the next one.
    clear_since: Instant,
    number: u64,
    is_playing: bool,
}

impl<'w> ScriptPlays<'w> {
    fn new(worker: &'w WorkerState, client: u32) -> Self {
        let now = Instant::now();
        let schedule = match worker.plan.model {
            Some(LoadModel::Open(rate)) => Some(SendSchedule::new(rate, client)),
            Some(LoadModel::Closed) | None => None,
        };
        let alarm = Alarm::new(&worker.clock);
        Self { worker, alarm, opened: now, schedule, due: now, clear_since: now, number: 0, is_playing: false }
    }

    /// Waits until the next is due; false at the end of the run.
    async fn wait(&mut self) -> bool {
        self.due = self.schedule.map_or(self.clear_since, |schedule| self.opened + schedule.due());
        self.alarm.set(Some(self.due));
        tokio::select! {
            biased;
            () = self.worker.stop.is_raised() => false,
            () = self.alarm.rings() => true,
        }
    }

    /// The number of the play that begins.
    fn begin(&mut self) -> u64 {
        self.schedule.iter_mut().for_each(SendSchedule::sent);
        (self.number, self.is_playing) = (self.number + 1, true);
        let late = Instant::now().saturating_duration_since(self.due.max(self.clear_since));
        self.worker.tallies.borrow_mut().late.add(late);
        self.number
    }

    fn passed(&mut self) {
        (self.clear_since, self.is_playing) = (Instant::now(), false);
        self.worker.tallies.borrow_mut().latency.add(self.clear_since.saturating_duration_since(self.due));
    }

    /// The connection is closed.
    fn end(self, file: &str, end: PlaysEnd) {
        if let Some(schedule) = self.schedule.filter(|_| self.number > 0) {
            // Those that became due while another one took its time.
            let until = if self.is_playing { Instant::now() } else { self.clear_since };
            self.worker.count_unsent(&schedule, self.opened, until);
        }
        let mut tallies = self.worker.tallies.borrow_mut();
        tallies.unanswered += u64::from(self.is_playing);
        tallies.awaited += self.number;
        tallies.gone += 1;
        tallies.lasted += u64::from(matches!(end, PlaysEnd::Stop(_)));
        let (kind, words, code) = match end {
            // As without a script: a server that leaves when it is asked to may do so without a word.
            PlaysEnd::Stop(Some(failure)) if failure.fault.code == 7 => {
                ("unanswered".to_owned(), failure.fault.words, 7)
            }
            PlaysEnd::Stop(_) | PlaysEnd::Failed(None, _) => return,
            PlaysEnd::Lost(words, code) => ("lost".to_owned(), words, code),
            PlaysEnd::Failed(Some(failure), code) => {
                let StepFailure { place, step, fault, .. } = *failure;
                (format!("{file}:{}", place.line), format!("{step}: {}", fault.words), code.unwrap_or(fault.code))
            }
        };
        tallies.broken(kind, || escape(&words, Keep::Nothing).into_owned(), code);
    }
}
