//! Each way to an end, with the time as an argument.

use super::*;

impl Lifecycle {
    fn receives(&mut self, text: &str) -> Reception {
        self.received(SeenMessage::AsReceived(&text.into()))
    }
}
use crate::session::pace::Wait;

const SECOND: Duration = Duration::from_secs(1);

fn ending() -> Ending {
    Ending {
        linger: LingerPolicy { idle: Wait::Forever, whole: Wait::For(SECOND) },
        count: None,
        until: None,
        expectations: Vec::new(),
        looks_at_binary: false,
        close: Close::new(1000, ""),
        close_timeout: 5 * SECOND,
        hears_the_rest: false,
        sends_the_rest: false,
        idle_timeout: None,
        lockstep: None,
        deadline: None,
    }
}

fn core(change: impl FnOnce(&mut Ending)) -> (Lifecycle, Instant) {
    let now = Instant::now();
    let mut ending = ending();
    change(&mut ending);
    let goal = Goal::new(ending.count, ending.until.clone(), ending.expectations.clone());
    (Lifecycle::new(ending, goal, None, now), now)
}

fn waits_until(step: ClockStep) -> Option<Instant> {
    match step {
        ClockStep::Wait(until) => until,
        ClockStep::GiveUp(end) => panic!("gave up: {end:?}"),
    }
}

fn received(received: u64) -> ByteCounts {
    ByteCounts { received, ..ByteCounts::default() }
}

fn ended(core: Lifecycle, end: End, now: Instant) -> Outcome {
    core.outcome(end, now).0
}

fn closed(code: u16) -> End {
    End::Closed { sent: None, close: Close::new(code, "") }
}

#[test]
fn an_open_session_needs_no_clock() {
    let (mut core, now) = core(|_| ());
    assert_eq!(waits_until(core.step(received(0), now)), None);
}

#[test]
fn what_comes_after_the_wait_and_before_the_end_still_counts() {
    let (mut core, now) = core(|ending| ending.count = Some(1));
    core.input_ended(now);
    core.step(received(0), now + SECOND);
    assert!(core.wants_close());
    core.receives("on its way");
    let outcome = ended(core, closed(1000), now + 2 * SECOND);
    assert_eq!((outcome.exit_code(), outcome.short), (0, None));
}

#[test]
fn after_the_input_it_waits_then_closes_then_gives_up_whatever_comes() {
    let (mut core, now) = core(|_| ());
    core.input_ended(now);
    assert_eq!(waits_until(core.step(received(0), now)), Some(now + SECOND));
    assert_eq!(core.take_close(), None);
    waits_until(core.step(received(0), now + SECOND));
    assert_eq!(core.take_close(), Some(Close::new(1000, "")));
    assert_eq!(core.take_close(), None);
    assert_eq!(waits_until(core.step(received(1), now + 3 * SECOND)), Some(now + 6 * SECOND));
    assert!(matches!(core.step(received(1), now + 6 * SECOND), ClockStep::GiveUp(End::Unanswered)));
}

#[test]
fn the_rest_of_a_stream_may_take_its_time_but_not_after_a_signal() {
    let (mut core, now) = core(|ending| ending.hears_the_rest = true);
    core.begin_close(None, now);
    assert_eq!(waits_until(core.step(received(1), now + 3 * SECOND)), Some(now + 8 * SECOND));
    assert_eq!(waits_until(core.step(received(2), now + 7 * SECOND)), Some(now + 12 * SECOND));
    core.interrupted(2, now + 8 * SECOND);
    assert_eq!(waits_until(core.step(received(3), now + 8 * SECOND)), Some(now + 9 * SECOND));
    assert!(matches!(core.step(received(4), now + 9 * SECOND), ClockStep::GiveUp(End::Unanswered)));
}

fn idle(whole: Wait) -> (Lifecycle, Instant) {
    core(|ending| ending.linger = LingerPolicy { idle: Wait::For(SECOND), whole })
}

#[test]
fn silence_counts_from_what_came_last() {
    let (mut core, now) = idle(Wait::Forever);
    core.input_ended(now);
    assert_eq!(waits_until(core.step(received(0), now)), Some(now + SECOND));
    core.heard(5, now + SECOND / 2);
    core.heard(5, now + SECOND * 3 / 4);
    assert_eq!(waits_until(core.step(received(5), now + SECOND)), Some(now + SECOND * 3 / 2));
    // Some of a message that nobody has seen yet.
    assert_eq!(waits_until(core.step(received(6), now + SECOND * 3 / 2)), Some(now + SECOND * 5 / 2));
    assert!(!core.wants_close());
    waits_until(core.step(received(6), now + SECOND * 5 / 2));
    assert!(core.wants_close());
}

#[test]
fn time_in_which_the_output_takes_nothing_is_no_silence_but_part_of_the_whole() {
    let (mut core, now) = idle(Wait::For(20 * SECOND));
    core.input_ended(now);
    core.output_blocks(now);
    assert_eq!(waits_until(core.step(received(0), now + 5 * SECOND)), Some(now + 20 * SECOND));
    core.output_flows(now + 9 * SECOND);
    assert_eq!(waits_until(core.step(received(0), now + 9 * SECOND)), Some(now + 10 * SECOND));
}

#[test]
fn the_whole_time_begins_once_for_all_connections() {
    let (_, now) = core(|_| ());
    let mut core = Lifecycle::new(ending(), Goal::default(), Some(now), now + SECOND / 2);
    core.input_ended(now + SECOND * 3 / 4);
    assert_eq!(waits_until(core.step(received(0), now + SECOND * 3 / 4)), Some(now + SECOND));
}

#[test]
fn what_goes_before_our_close_is_progress_and_what_comes_is_none() {
    let (mut core, now) = core(|_| ());
    core.begin_close(None, now);
    assert_eq!(waits_until(core.step(received(1), now + SECOND)), Some(now + 5 * SECOND));
    let moved = ByteCounts { received: 2, written: 1 };
    assert_eq!(waits_until(core.step(moved, now + 2 * SECOND)), Some(now + 7 * SECOND));
    assert_eq!(waits_until(core.step(ByteCounts { received: 3, ..moved }, now + 3 * SECOND)), Some(now + 7 * SECOND));
}

#[test]
fn who_sends_on_for_ever_ends_it_well_and_who_is_silent_or_stops_in_a_message_does_not() {
    let unanswered = |act: fn(&mut Lifecycle, Instant)| {
        let (mut core, now) = core(|_| ());
        core.begin_close(None, now);
        act(&mut core, now);
        ended(core, End::Unanswered, now + 5 * SECOND).exit_code()
    };
    assert_eq!(unanswered(|core, now| core.heard(1, now + SECOND * 9 / 2)), 0);
    assert_eq!(unanswered(|_, _| ()), 7);
    assert_eq!(unanswered(|core, now| core.heard(1, now + 3 * SECOND)), 7);
    let in_a_message = |core: &mut Lifecycle, now| {
        core.heard(1, now + SECOND * 9 / 2);
        core.received_part(false);
    };
    assert_eq!(unanswered(in_a_message), 7);
}

#[test]
fn a_stalled_output_stops_the_clock_of_the_close_but_not_of_the_run() {
    let (mut core, now) = core(|ending| ending.deadline = Some(Instant::now() + 60 * SECOND));
    core.begin_close(None, now);
    core.output_blocks(now + SECOND);
    assert!(waits_until(core.step(received(0), now + 50 * SECOND)).unwrap() > now + 59 * SECOND);
    core.output_flows(now + 51 * SECOND);
    // It continues where it stood.
    assert_eq!(waits_until(core.step(received(0), now + 51 * SECOND)), Some(now + 55 * SECOND));
    assert!(matches!(core.step(received(1), now + 61 * SECOND), ClockStep::GiveUp(End::TimedOut)));
}

#[test]
fn a_peer_without_messages_is_left_unless_we_do_not_read_or_are_leaving() {
    let idle = || core(|ending| ending.idle_timeout = Some(3 * SECOND));
    let (mut core, now) = idle();
    assert_eq!(waits_until(core.step(received(0), now)), Some(now + 3 * SECOND));
    core.heard(1, now + 2 * SECOND);
    assert_eq!(waits_until(core.step(received(1), now + 4 * SECOND)), Some(now + 5 * SECOND));
    core.output_blocks(now + 4 * SECOND);
    assert_eq!(waits_until(core.step(received(1), now + 60 * SECOND)), None);
    core.output_flows(now + 60 * SECOND);
    assert_eq!(waits_until(core.step(received(1), now + 60 * SECOND)), Some(now + 63 * SECOND));
    assert!(matches!(core.step(received(1), now + 63 * SECOND), ClockStep::GiveUp(End::Idle)));
    assert!(!ended(core, End::Idle, now + 63 * SECOND).wanted);
    let (mut core, now) = idle();
    core.begin_close(None, now);
    assert_eq!(waits_until(core.step(received(0), now + 4 * SECOND)), Some(now + 5 * SECOND));
}

#[test]
fn the_goal_closes_and_hides_what_comes_after_it() {
    let (mut core, now) = core(|ending| ending.count = Some(1));
    assert_eq!(core.receives("a"), Reception::Last);
    assert_eq!(core.receives("b"), Reception::Late);
    core.begin_close(None, now);
    assert!(core.wants_close() && !core.takes_input());
    assert_eq!(ended(core, closed(1000), now).exit_code(), 0);
}

#[test]
fn a_wait_that_ends_before_the_goal_is_a_timeout() {
    let (mut core, now) = core(|ending| ending.count = Some(2));
    core.receives("a");
    core.input_ended(now);
    core.step(received(0), now + SECOND);
    let outcome = ended(core, closed(1000), now + 2 * SECOND);
    assert_eq!((outcome.exit_code(), outcome.short.as_deref()), (7, Some("1 of 2 messages came")));
}

#[test]
fn two_signals_leave_at_once_and_one_does_so_in_order() {
    let (mut core, now) = core(|_| ());
    waits_until(core.interrupted(2, now));
    assert!(core.take_close().is_some());
    assert_eq!(waits_until(core.step(received(0), now)), Some(now + HASTE));
    assert!(matches!(core.interrupted(2, now), ClockStep::GiveUp(End::Interrupted(2))));
    assert_eq!(ended(core, closed(1000), now).exit_code(), 130);
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
        let (core, now) = core(|_| ());
        assert_eq!(ended(core, end, now + 9 * SECOND).exit_code(), code);
    }
}

#[test]
fn a_missed_expectation_is_1_unless_something_worse_happened() {
    let expecting = |end| {
        let expect = |ending: &mut Ending| ending.expectations = vec![Expectation::Text(Regex::new("x").unwrap())];
        let (core, now) = core(expect);
        ended(core, end, now).exit_code()
    };
    assert_eq!(expecting(closed(1000)), 1);
    assert_eq!(expecting(End::TimedOut), 1);
    assert_eq!(expecting(End::Cut(None)), 5);
    assert_eq!(expecting(End::OutputGone), 0);
}

#[test]
fn it_is_known_who_wanted_the_end() {
    let wanted = |act: fn(&mut Lifecycle, Instant)| {
        let (mut core, now) = core(|_| ());
        act(&mut core, now);
        ended(core, End::Cut(None), now).wanted
    };
    assert!(!wanted(|_, _| ()));
    assert!(!wanted(Lifecycle::input_ended));
    assert!(!wanted(Lifecycle::broke_off));
    assert!(wanted(|core, now| core.begin_close(None, now)));
    assert!(wanted(|core, now| drop(core.interrupted(2, now))));
    let (mut core, now) = core(|_| ());
    core.broke_off(now);
    assert!(matches!(ended(core, End::Unanswered, now).end, End::Cut(None)));
}
