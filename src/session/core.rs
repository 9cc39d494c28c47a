//! When a session ends, and how: plain code that takes what happened and the time.
//!
//! It is told of input, messages, Closes and signals, and answers with the next step of the clock.

use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use tokio::time::Instant;

use crate::event::{Close, End, Message, Run};

use super::goal::{Expectation, Goal};
use super::pace::Wait;

/// After a signal the peer gets this long for its Close: who pressed Ctrl-C does not want to wait.
const HASTE: Duration = Duration::from_secs(1);

/// The options under the heading Ending.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) wait: Wait,
    /// `--one`, `--count`: messages to receive.
    pub(crate) count: Option<u64>,
    pub(crate) until: Option<Regex>,
    pub(crate) expectations: Vec<Expectation>,
    /// `--binary`: expectations and `--until` look into binary messages too.
    pub(crate) looks_at_binary: bool,
    /// The Close that we send.
    pub(crate) close: Close,
    pub(crate) close_timeout: Duration,
    /// When `--timeout` runs out.
    pub(crate) deadline: Option<Instant>,
}

/// Follows one session.
#[derive(Debug)]
pub(crate) struct Core {
    ending: Ending,
    goal: Goal,
    phase: Phase,
    verdict: Option<Verdict>,
    /// What had moved when last looked at.
    moved: Moved,
    /// When something last moved that is progress.
    progressed: Instant,
    waits_for_output: bool,
    /// A write has failed: the connection is as good as gone, only the reader does not know yet.
    broke_off: bool,
}

#[derive(Debug)]
enum Phase {
    /// Messages go both ways.
    Open,
    /// The input has ended; the peer may still answer.
    Lingering { until: Option<Instant> },
    /// Our Close is to be sent, or has been.
    Closing { close: Close, since: Instant, sent: bool },
}

/// Why we ended it, when it was not only for the peer's Close.
#[derive(Debug)]
enum Verdict {
    Interrupted(i32),
    BadInput(String),
    /// `--wait` ran out before `--count` or `--until` was met.
    Short,
}

/// What a message is to the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    Usual,
    /// The one that was waited for: the session is to end.
    Last,
    /// Behind the last one: not to be shown.
    Late,
}

/// How many bytes have gone either way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    pub(crate) read: u64,
    pub(crate) written: u64,
}

/// What the clock has to do.
#[derive(Debug)]
pub(crate) enum Step {
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
    /// What `--count` or `--until` still waited for when `--wait` ran out, or when the server closed.
    pub(crate) short: Option<String>,
    /// `--wait` ran out on them.
    pub(crate) lapsed: bool,
    /// We had begun to end it.
    pub(crate) wanted: bool,
}

impl Core {
    /// The goal may have been pursued over connections before this one.
    pub(crate) fn new(ending: Ending, goal: Goal, now: Instant) -> Self {
        Self {
            ending,
            goal,
            phase: Phase::Open,
            verdict: None,
            moved: Moved::default(),
            progressed: now,
            waits_for_output: false,
            broke_off: false,
        }
    }

    /// Whether messages may still be sent.
    pub(crate) fn takes_input(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// The input has ended and all of it is sent.
    pub(crate) fn input_ended(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Open) {
            let until = match self.ending.wait {
                Wait::For(time) => now.checked_add(time),
                Wait::Forever => None,
            };
            self.phase = Phase::Lingering { until };
        }
    }

    /// The input is no good: end in order, and say why.
    pub(crate) fn bad_input(&mut self, why: String, now: Instant) {
        self.verdict.get_or_insert(Verdict::BadInput(why));
        self.begin_close(None, now);
    }

    /// A message came in.
    pub(crate) fn received(&mut self, message: &Message) -> Reception {
        if self.goal.is_reached() {
            return Reception::Late;
        }
        if self.goal.received(message) { Reception::Last } else { Reception::Usual }
    }

    /// Messages came in together; how many of them are not behind the last one that was waited for, and whether that is
    /// among them.
    pub(crate) fn received_run(&mut self, run: &Run) -> (usize, Reception) {
        if self.goal.is_reached() {
            return (0, Reception::Late);
        }
        let count = self.goal.received_run(run);
        (count, if self.goal.is_reached() { Reception::Last } else { Reception::Usual })
    }

    /// The last part of a large message came in; nothing that looks into messages is asked of one.
    pub(crate) fn received_in_parts(&mut self) -> Reception {
        self.received(&Message::Binary(Bytes::new()))
    }

    /// Whether what comes now is behind the last message that was waited for.
    pub(crate) fn has_enough(&self) -> bool {
        self.goal.is_reached()
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
    pub(crate) fn interrupted(&mut self, signal: i32, now: Instant) -> Step {
        if matches!(self.verdict, Some(Verdict::Interrupted(_))) {
            return Step::GiveUp(End::Interrupted(signal));
        }
        self.verdict = Some(Verdict::Interrupted(signal));
        self.ending.close_timeout = self.ending.close_timeout.min(HASTE);
        self.begin_close(None, now);
        if let Phase::Closing { since, .. } = &mut self.phase {
            *since = now;
        }
        Step::Wait(None)
    }

    pub(crate) fn is_waiting_for_output(&self) -> bool {
        self.waits_for_output
    }

    /// Whether the session waits for its own output: then a silent peer is not to blame.
    pub(crate) fn waits_for_output(&mut self, waits: bool, now: Instant) {
        if self.waits_for_output && !waits {
            self.progressed = now;
        }
        self.waits_for_output = waits;
    }

    /// The next step. What has come is progress while somebody waits for it: the goal, and who `listens`.
    pub(crate) fn step(&mut self, moved: Moved, listens: bool, now: Instant) -> Step {
        let has_come = moved.read != self.moved.read && listens && !self.goal.is_reached();
        if has_come || moved.written != self.moved.written {
            self.progressed = now;
        }
        self.moved = moved;
        if self.ending.deadline.is_some_and(|deadline| now >= deadline) {
            return Step::GiveUp(End::TimedOut);
        }
        let next = match &self.phase {
            Phase::Open => None,
            Phase::Lingering { until: Some(until) } if now >= *until => {
                if self.goal.is_pending() {
                    self.verdict.get_or_insert(Verdict::Short);
                }
                self.begin_close(None, now);
                Some(now + self.ending.close_timeout)
            }
            Phase::Lingering { until } => *until,
            Phase::Closing { .. } if self.waits_for_output && !self.is_hasty() => None,
            Phase::Closing { since, .. } => {
                let still = if self.is_hasty() { *since } else { self.progressed.max(*since) };
                let until = still + self.ending.close_timeout;
                if now >= until {
                    return Step::GiveUp(End::Unanswered);
                }
                Some(until)
            }
        };
        Step::Wait(next.into_iter().chain(self.ending.deadline).min())
    }

    /// What to report, now that the connection has ended so; the goal goes on to the next connection, if there is one.
    pub(crate) fn outcome(self, end: End) -> (Outcome, Goal) {
        let missed = self.goal.missed();
        // What was on its way when the wait ended may have come all the same.
        let lapsed = matches!(self.verdict, Some(Verdict::Short)) && self.goal.is_pending();
        let left = matches!(end, End::Closed { sent: None, .. }) && self.goal.is_pending();
        let short = (lapsed || left).then(|| self.goal.pending());
        let wanted = self.verdict.is_some() || matches!(self.phase, Phase::Closing { .. }) && !self.broke_off;
        let end = match (self.verdict, end) {
            (None, End::Unanswered) if self.broke_off => End::Cut(None),
            (_, end @ (End::OutputGone | End::Interrupted(_))) => end,
            (Some(Verdict::Interrupted(signal)), _) => End::Interrupted(signal),
            (Some(Verdict::BadInput(why)), _) => End::BadInput(why),
            (_, end) => end,
        };
        (Outcome { end, missed, short, lapsed, wanted }, self.goal)
    }

    fn is_hasty(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Interrupted(_)))
    }
}

impl Outcome {
    /// The exit status; a missed expectation counts where nothing worse explains it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.end.exit_code() {
            0 | 7 if !self.missed.is_empty() && !matches!(self.end, End::OutputGone) => 1,
            0 if self.lapsed => 7,
            code => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ending() -> Ending {
        Ending {
            wait: Wait::For(SECOND),
            count: None,
            until: None,
            expectations: Vec::new(),
            looks_at_binary: false,
            close: Close::new(1000, ""),
            close_timeout: 5 * SECOND,
            deadline: None,
        }
    }

    fn core(change: impl FnOnce(&mut Ending)) -> (Core, Instant) {
        let now = Instant::now();
        let mut ending = ending();
        change(&mut ending);
        let goal = Goal::new(ending.count, ending.until.clone(), ending.expectations.clone());
        (Core::new(ending, goal, now), now)
    }

    fn waits_until(step: Step) -> Option<Instant> {
        match step {
            Step::Wait(until) => until,
            Step::GiveUp(end) => panic!("gave up: {end:?}"),
        }
    }

    fn read(read: u64) -> Moved {
        Moved { read, ..Moved::default() }
    }

    fn closed(code: u16) -> End {
        End::Closed { sent: None, close: Close::new(code, "") }
    }

    #[test]
    fn an_open_session_needs_no_clock() {
        let (mut core, now) = core(|_| ());
        assert_eq!(waits_until(core.step(read(0), true, now)), None);
    }

    #[test]
    fn what_comes_after_the_wait_and_before_the_end_still_counts() {
        let (mut core, now) = core(|ending| ending.count = Some(1));
        core.input_ended(now);
        core.step(read(0), true, now + SECOND);
        assert!(core.wants_close());
        core.received(&"on its way".into());
        let (outcome, _) = core.outcome(closed(1000));
        assert_eq!((outcome.exit_code(), outcome.short), (0, None));
    }

    #[test]
    fn after_the_input_it_waits_then_closes_then_gives_up_without_progress() {
        let (mut core, now) = core(|_| ());
        core.input_ended(now);
        assert_eq!(waits_until(core.step(read(0), true, now)), Some(now + SECOND));
        assert_eq!(core.take_close(), None);
        waits_until(core.step(read(0), true, now + SECOND));
        assert_eq!(core.take_close(), Some(Close::new(1000, "")));
        assert_eq!(core.take_close(), None);
        assert_eq!(waits_until(core.step(read(1), true, now + 3 * SECOND)), Some(now + 8 * SECOND));
        assert!(matches!(core.step(read(1), true, now + 8 * SECOND), Step::GiveUp(End::Unanswered)));
    }

    #[test]
    fn what_comes_is_progress_only_for_who_waits_for_it_and_what_goes_always() {
        let (mut core, now) = core(|_| ());
        core.begin_close(None, now);
        assert_eq!(waits_until(core.step(read(1), false, now + SECOND)), Some(now + 5 * SECOND));
        let moved = Moved { read: 2, written: 1 };
        assert_eq!(waits_until(core.step(moved, false, now + 2 * SECOND)), Some(now + 7 * SECOND));
        assert_eq!(waits_until(core.step(Moved { read: 3, ..moved }, true, now + 3 * SECOND)), Some(now + 8 * SECOND));
    }

    #[test]
    fn behind_the_goal_nothing_that_comes_is_progress() {
        let (mut core, now) = core(|ending| ending.count = Some(1));
        core.received(&"a".into());
        core.begin_close(None, now);
        assert_eq!(waits_until(core.step(read(1), true, now + SECOND)), Some(now + 5 * SECOND));
        assert!(matches!(core.step(read(2), true, now + 5 * SECOND), Step::GiveUp(End::Unanswered)));
    }

    #[test]
    fn a_stalled_output_stops_the_clock_of_the_close_but_not_of_the_run() {
        let (mut core, now) = core(|ending| ending.deadline = Some(Instant::now() + 60 * SECOND));
        core.begin_close(None, now);
        core.waits_for_output(true, now);
        assert!(waits_until(core.step(read(0), true, now + 50 * SECOND)).unwrap() > now + 59 * SECOND);
        core.waits_for_output(false, now + 51 * SECOND);
        assert_eq!(waits_until(core.step(read(0), true, now + 51 * SECOND)), Some(now + 56 * SECOND));
        assert!(matches!(core.step(read(1), true, now + 61 * SECOND), Step::GiveUp(End::TimedOut)));
    }

    #[test]
    fn the_goal_closes_and_hides_what_comes_after_it() {
        let (mut core, now) = core(|ending| ending.count = Some(1));
        assert_eq!(core.received(&"a".into()), Reception::Last);
        assert_eq!(core.received(&"b".into()), Reception::Late);
        core.begin_close(None, now);
        assert!(core.wants_close() && !core.takes_input());
        assert_eq!(core.outcome(closed(1000)).0.exit_code(), 0);
    }

    #[test]
    fn a_wait_that_ends_before_the_goal_is_a_timeout() {
        let (mut core, now) = core(|ending| ending.count = Some(2));
        core.received(&"a".into());
        core.input_ended(now);
        core.step(read(0), true, now + SECOND);
        let (outcome, _) = core.outcome(closed(1000));
        assert_eq!((outcome.exit_code(), outcome.short.as_deref()), (7, Some("1 of 2 messages came")));
    }

    #[test]
    fn two_signals_leave_at_once_and_one_does_so_in_order() {
        let (mut core, now) = core(|_| ());
        waits_until(core.interrupted(2, now));
        assert!(core.take_close().is_some());
        assert_eq!(waits_until(core.step(read(0), true, now)), Some(now + HASTE));
        assert!(matches!(core.interrupted(2, now), Step::GiveUp(End::Interrupted(2))));
        assert_eq!(core.outcome(closed(1000)).0.exit_code(), 130);
    }

    #[test]
    fn each_end_has_its_exit_status() {
        let ours = |code| Some(Close::new(code, ""));
        for (end, code) in [
            (closed(1000), 0),
            (closed(1001), 0),
            (closed(1008), 6),
            (End::Closed { sent: None, close: Close::default() }, 0),
            (End::Closed { sent: ours(4000), close: Close::new(4000, "") }, 0),
            (End::Closed { sent: ours(1000), close: Close::new(1011, "") }, 6),
            (End::Cut(None), 5),
            (End::Unanswered, 7),
            (End::TimedOut, 7),
            (End::OutputGone, 0),
        ] {
            assert_eq!(core(|_| ()).0.outcome(end).0.exit_code(), code);
        }
    }

    #[test]
    fn a_missed_expectation_is_1_unless_something_worse_happened() {
        let expecting = || core(|ending| ending.expectations = vec![Expectation::Text(Regex::new("x").unwrap())]).0;
        assert_eq!(expecting().outcome(closed(1000)).0.exit_code(), 1);
        assert_eq!(expecting().outcome(End::TimedOut).0.exit_code(), 1);
        assert_eq!(expecting().outcome(End::Cut(None)).0.exit_code(), 5);
        assert_eq!(expecting().outcome(End::OutputGone).0.exit_code(), 0);
    }

    #[test]
    fn it_is_known_who_wanted_the_end() {
        let ended = |act: fn(&mut Core, Instant)| {
            let (mut core, now) = core(|_| ());
            act(&mut core, now);
            core.outcome(End::Cut(None)).0.wanted
        };
        assert!(!ended(|_, _| ()));
        assert!(!ended(Core::input_ended));
        assert!(!ended(Core::broke_off));
        assert!(ended(|core, now| core.begin_close(None, now)));
        assert!(ended(|core, now| drop(core.interrupted(2, now))));
        let (mut core, now) = core(|_| ());
        core.broke_off(now);
        assert!(matches!(core.outcome(End::Unanswered).0.end, End::Cut(None)));
    }
}
