//! When a session ends, and how: plain code that takes what happened and the time.
//!
//! It is given input, messages, Closes and signals, and returns the next step of the clock.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use tokio::time::Instant;

use crate::events::{End, MessageBatch};
use crate::message::{Close, DataKind, Message};

use super::goal::{Expectation, Goal};
use super::lockstep::LockstepOptions;
use super::pace::{LingerEnd, LingerPolicy};
use super::seen_message::SeenMessage;

/// After a signal the peer gets this long for its Close: a user who pressed Ctrl-C does not want to wait.
const HASTE: Duration = Duration::from_secs(1);

/// A peer from which something has come within this time, or half of the close timeout if that is less, keeps sending.
const LULL: Duration = Duration::from_secs(1);

/// The options under the heading Ending.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) linger: LingerPolicy,
    /// `--one`, `--count`: messages to receive.
    pub(crate) count: Option<u64>,
    pub(crate) until: Option<Regex>,
    pub(crate) expectations: Vec<Expectation>,
    /// `--binary`: expectations and `--until` look into binary messages too.
    pub(crate) looks_at_binary: bool,
    /// The Close that we send.
    pub(crate) close: Close,
    pub(crate) close_timeout: Duration,
    /// What comes after our Close is the rest of a stream: `close_timeout` counts from the last of it.
    pub(crate) hears_the_rest: bool,
    /// The peer's Close is answered by that of the input, which comes after the rest of a stream.
    pub(crate) sends_the_rest: bool,
    /// `--idle-timeout`: how long the peer may send no message.
    pub(crate) idle_timeout: Option<Duration>,
    /// `--lockstep`
    pub(crate) lockstep: Option<LockstepOptions>,
    /// When `--timeout` runs out.
    pub(crate) deadline: Option<Instant>,
}

/// Follows one session.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    ending: Ending,
    goal: Goal,
    phase: Phase,
    verdict: Option<EndReason>,
    /// When the input ended; it may have done so on a connection before this one.
    input_ended: Option<Instant>,
    /// What had moved when last looked at.
    moved: ByteCounts,
    /// When something of a message came last, once there is a reason to ask.
    heard: Instant,
    /// The parts of a message have come up to now, and not its end.
    is_mid_message: bool,
    /// Messages that came after the last one that was waited for.
    late: u64,
    /// Since when the session has waited for its own output.
    waits_for_output: Option<Instant>,
    /// A write has failed: the connection is as good as gone, only the reader does not know yet.
    broke_off: bool,
}

#[derive(Debug)]
enum Phase {
    /// Messages go both ways.
    Open,
    /// The input has ended; the peer may still answer.
    Lingering,
    /// Our Close is to be sent, or has been. `since` is when its time limit began to count.
    Closing { close: Close, since: Instant, sent: bool },
}

/// Why we ended it, when it was not only for the peer's Close.
#[derive(Debug)]
enum EndReason {
    Interrupted(i32),
    BadInput(String),
    /// Receiving ended before `--count` or `--until` was met.
    Short(LingerEnd),
}

/// What a message is to the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    Usual,
    /// The one that was waited for: the session is to end.
    Last,
    /// After the last one: not to be shown.
    Late,
}

/// How many bytes have gone either way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByteCounts {
    /// Those of messages: pings alone are no reason to go on.
    pub(crate) received: u64,
    pub(crate) written: u64,
}

/// What the clock has to do.
#[derive(Debug)]
pub(crate) enum ClockStep {
    /// Nothing before this time, or before something happens.
    Wait(Option<Instant>),
    GiveUp(End),
}

/// How a session ended, and what it failed to see.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    /// Expectations that no message met, as they were written.
    pub(crate) missed: Vec<String>,
    /// What `--count` or `--until` still waited for when receiving ended, or when the server closed.
    pub(crate) short: Option<String>,
    /// Receiving ended before it had come.
    pub(crate) lapsed: Option<LingerEnd>,
    /// Messages that came after the last one that was waited for.
    pub(crate) late: u64,
    /// The peer did not answer our Close, and was still sending whole messages when that was given up: a feed.
    pub(crate) sends_on: bool,
    /// When the input ended.
    pub(crate) input_ended: Option<Instant>,
    /// We had begun to end it.
    pub(crate) wanted: bool,
}

impl Lifecycle {
    /// Over connections before this one, the goal may have been pursued, and the input may have ended.
    pub(crate) fn new(ending: Ending, mut goal: Goal, input_ended: Option<Instant>, now: Instant) -> Self {
        if let Some(lockstep) = &mut goal.lockstep {
            lockstep.begin();
        }
        Self {
            ending,
            goal,
            phase: Phase::Open,
            verdict: None,
            input_ended,
            moved: ByteCounts::default(),
            heard: now,
            is_mid_message: false,
            late: 0,
            waits_for_output: None,
            broke_off: false,
        }
    }

    /// Whether messages may still be sent.
    pub(crate) fn takes_input(&self) -> bool {
        !matches!(self.phase, Phase::Closing { .. })
    }

    /// The input has ended and all of it is sent.
    pub(crate) fn input_ended(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Open) {
            self.input_ended.get_or_insert(now);
            self.heard = now;
            self.phase = Phase::Lingering;
        }
    }

    /// Whether it matters when something comes.
    pub(crate) fn minds_silence(&self) -> bool {
        !matches!(self.phase, Phase::Open) || self.ending.idle_timeout.is_some()
    }

    /// So many bytes of messages have come by now.
    pub(crate) fn heard(&mut self, received: u64, now: Instant) {
        if received != self.moved.received {
            self.moved.received = received;
            self.heard = now;
        }
    }

    /// The input is no good: end in order, and say why.
    pub(crate) fn bad_input(&mut self, why: String, now: Instant) {
        self.verdict.get_or_insert(EndReason::BadInput(why));
        self.begin_close(None, now);
    }

    /// Whether what was waited for has come.
    pub(crate) fn has_reached(&self) -> bool {
        self.goal.is_reached()
    }

    /// A message came in.
    pub(crate) fn received(&mut self, message: SeenMessage<'_>) -> Reception {
        if self.goal.is_reached() {
            self.late += 1;
            return Reception::Late;
        }
        if self.goal.received(message) { Reception::Last } else { Reception::Usual }
    }

    /// Messages came in together; how many of them did not come after the last one that was waited for, and whether that
    /// is among them.
    pub(crate) fn received_run(&mut self, run: &MessageBatch) -> (usize, Reception) {
        if self.goal.is_reached() {
            self.late += run.len() as u64;
            return (0, Reception::Late);
        }
        let count = self.goal.received_run(run);
        self.late += (run.len() - count) as u64;
        (count, if self.goal.is_reached() { Reception::Last } else { Reception::Usual })
    }

    /// A part of a large message came in; nothing that looks into messages is asked of one.
    pub(crate) fn received_part(&mut self, is_last: bool) -> Reception {
        self.is_mid_message = !is_last;
        match is_last {
            true => self.received(SeenMessage::AsReceived(&Message::Binary(Bytes::new()))),
            false if self.goal.is_reached() => Reception::Late,
            false => Reception::Usual,
        }
    }

    /// Whether each message waits for the reply to the one before it.
    pub(crate) fn is_in_lockstep(&self) -> bool {
        self.goal.lockstep.is_some()
    }

    /// A message goes out that the next one waits for.
    pub(crate) fn sends(&mut self) {
        if let Some(lockstep) = &mut self.goal.lockstep {
            lockstep.sends();
        }
    }

    /// Whether that message has not left yet.
    pub(crate) fn is_sending(&self) -> bool {
        self.goal.lockstep.as_ref().is_some_and(|lockstep| lockstep.is_sending())
    }

    /// It has left.
    pub(crate) fn sent(&mut self, now: Instant) {
        if let Some(lockstep) = &mut self.goal.lockstep {
            lockstep.sent(now);
        }
    }

    /// Whether the last message has no reply yet.
    pub(crate) fn waits_for_reply(&self) -> bool {
        self.goal.lockstep.as_ref().is_some_and(|lockstep| lockstep.waits())
    }

    /// Messages came in, whatever they are to the goal; true if one is the reply that was waited for.
    pub(crate) fn replied<'m>(&mut self, kind: DataKind, mut messages: impl Iterator<Item = &'m [u8]>) -> bool {
        let lockstep = self.goal.lockstep.as_mut();
        lockstep.is_some_and(|lockstep| messages.any(|data| lockstep.received(kind, data)))
    }

    /// Wants the closing handshake to begin, with the given Close or the command line's.
    pub(crate) fn begin_close(&mut self, close: Option<Close>, now: Instant) {
        if !matches!(self.phase, Phase::Closing { .. }) {
            let close = close.unwrap_or_else(|| self.ending.close.clone());
            self.phase = Phase::Closing { close, since: now, sent: false };
        }
    }

    /// The connection takes nothing more: it is to be left, unless the peer has left a Close.
    pub(crate) fn broke_off(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Closing { .. }) {
            self.broke_off = true;
            self.begin_close(None, now);
        }
    }

    /// Whether a Close waits to be sent.
    pub(crate) fn wants_close(&self) -> bool {
        matches!(self.phase, Phase::Closing { sent: false, .. })
    }

    /// The Close that is to be sent now; asking for it once means sending it.
    pub(crate) fn take_close(&mut self) -> Option<Close> {
        match &mut self.phase {
            Phase::Closing { close, sent, .. } if !*sent => {
                *sent = true;
                Some(close.clone())
            }
            _ => None,
        }
    }

    /// The Close that we began with, if we have sent one.
    pub(crate) fn sent_close(&self) -> Option<Close> {
        match &self.phase {
            Phase::Closing { close, sent: true, .. } => Some(close.clone()),
            _ => None,
        }
    }

    /// A signal: the first ends the session in order, the second at once.
    pub(crate) fn interrupted(&mut self, signal: i32, now: Instant) -> ClockStep {
        if matches!(self.verdict, Some(EndReason::Interrupted(_))) {
            return ClockStep::GiveUp(End::Interrupted(signal));
        }
        self.verdict = Some(EndReason::Interrupted(signal));
        self.ending.close_timeout = self.ending.close_timeout.min(HASTE);
        self.begin_close(None, now);
        if let Phase::Closing { since, .. } = &mut self.phase {
            *since = now;
        }
        ClockStep::Wait(None)
    }

    pub(crate) fn is_waiting_for_output(&self) -> bool {
        self.waits_for_output.is_some()
    }

    /// The session waits for its own output from now on: then the peer's silence is not its fault.
    pub(crate) fn output_blocks(&mut self, now: Instant) {
        self.waits_for_output.get_or_insert(now);
    }

    /// The output takes more again. No time has passed meanwhile, as far as the peer is concerned.
    pub(crate) fn output_flows(&mut self, now: Instant) {
        let Some(blocked) = self.waits_for_output.take() else { return };
        self.heard = now;
        if let Some(lockstep) = &mut self.goal.lockstep {
            lockstep.excuse(blocked, now);
        }
        if let Phase::Closing { since, .. } = &mut self.phase
            && !matches!(self.verdict, Some(EndReason::Interrupted(_)))
        {
            *since += now.saturating_duration_since(blocked.max(*since));
        }
    }

    /// The next step.
    pub(crate) fn step(&mut self, moved: ByteCounts, now: Instant) -> ClockStep {
        self.heard(moved.received, now);
        if moved.written != self.moved.written
            && let Phase::Closing { since, .. } = &mut self.phase
            && !matches!(self.verdict, Some(EndReason::Interrupted(_)))
        {
            // What was sent before our Close is still on its way.
            *since = now;
        }
        self.moved = moved;
        if self.ending.deadline.is_some_and(|deadline| now >= deadline) {
            return ClockStep::GiveUp(End::TimedOut);
        }
        let idle_at = self.idle_at();
        if idle_at.is_some_and(|at| now >= at) {
            return ClockStep::GiveUp(End::Idle);
        }
        let reply_due = self.reply_due();
        if reply_due.is_some_and(|at| now >= at) {
            return ClockStep::GiveUp(End::NoReply(self.unanswered().unwrap_or_default()));
        }
        let next = match &self.phase {
            Phase::Open => None,
            Phase::Lingering => self.linger(now),
            Phase::Closing { .. } if self.is_waiting_for_output() && !self.is_hasty() => None,
            Phase::Closing { since, .. } => {
                let heard = (self.ending.hears_the_rest && !self.is_hasty()).then_some(self.heard);
                let until = heard.map_or(*since, |heard| heard.max(*since)) + self.ending.close_timeout;
                if now >= until {
                    return ClockStep::GiveUp(End::Unanswered);
                }
                Some(until)
            }
        };
        ClockStep::Wait(next.into_iter().chain(idle_at).chain(reply_due).chain(self.ending.deadline).min())
    }

    /// When the peer has sent nothing of a message for too long, unless it is we who do not read.
    fn idle_at(&self) -> Option<Instant> {
        self.ending.idle_timeout.filter(|_| self.is_watched()).map(|time| self.heard + time)
    }

    /// When the reply to the last message has taken too long.
    fn reply_due(&self) -> Option<Instant> {
        self.goal.lockstep.as_ref().filter(|_| self.is_watched()).and_then(|lockstep| lockstep.due())
    }

    /// That the last message has no reply, in words.
    fn unanswered(&self) -> Option<String> {
        self.goal.lockstep.as_ref().and_then(|lockstep| lockstep.pending())
    }

    /// Whether the peer's silence counts.
    fn is_watched(&self) -> bool {
        !matches!(self.phase, Phase::Closing { .. }) && !self.is_waiting_for_output()
    }

    /// When to look again, after the end of the input; the close begins when it has been long enough.
    fn linger(&mut self, now: Instant) -> Option<Instant> {
        let heard = (!self.is_waiting_for_output()).then_some(self.heard);
        let (until, why) = self.ending.linger.end(self.input_ended.unwrap_or(now), heard)?;
        if now < until {
            return Some(until);
        }
        if self.goal.is_pending() {
            self.verdict.get_or_insert(EndReason::Short(why));
        }
        self.begin_close(None, now);
        Some(now + self.ending.close_timeout)
    }

    /// Whether the peer is one that sends for ever, rather than one that is gone.
    fn sends_on(&self, now: Instant) -> bool {
        let lull = LULL.min(self.ending.close_timeout / 2);
        !self.is_mid_message && now.saturating_duration_since(self.heard) < lull
    }

    /// What to report, now that the connection has ended so; the goal goes on to the next connection, if there is one.
    pub(crate) fn outcome(self, end: End, now: Instant) -> (Outcome, Goal) {
        let missed = self.goal.missed();
        let lapsed = match self.verdict {
            // What was on its way when receiving ended may have come all the same.
            Some(EndReason::Short(why)) if self.goal.is_pending() => Some(why),
            _ => None,
        };
        let sends_on = matches!(end, End::Unanswered) && !self.broke_off && self.sends_on(now);
        let left = matches!(end, End::Closed { sent: None, .. });
        let short = (self.goal.is_pending() && (lapsed.is_some() || left)).then(|| self.goal.pending());
        let short = short.or_else(|| self.unanswered().filter(|_| left));
        let wanted = self.verdict.is_some() || matches!(self.phase, Phase::Closing { .. }) && !self.broke_off;
        let end = match (self.verdict, end) {
            (None, End::Unanswered) if self.broke_off => End::Cut(None),
            (_, end @ (End::OutputGone | End::Interrupted(_))) => end,
            (Some(EndReason::Interrupted(signal)), _) => End::Interrupted(signal),
            (Some(EndReason::BadInput(why)), _) => End::BadInput(why),
            (_, end) => end,
        };
        let Self { late, input_ended, goal, .. } = self;
        (Outcome { end, missed, short, lapsed, late, sends_on, input_ended, wanted }, goal)
    }

    fn is_hasty(&self) -> bool {
        matches!(self.verdict, Some(EndReason::Interrupted(_)))
    }
}

impl Outcome {
    /// The exit status; a missed expectation counts where nothing worse explains it.
    pub(crate) fn exit_code(&self) -> u8 {
        let code = if matches!(self.end, End::Unanswered) && self.sends_on { 0 } else { self.end.exit_code() };
        match code {
            0 | 7 if !self.missed.is_empty() && !matches!(self.end, End::OutputGone) => 1,
            0 if self.lapsed.is_some() => 7,
            code => code,
        }
    }
}
