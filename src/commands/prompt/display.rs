//! The display thread: the only one that prints above the prompt.
//!
//! It shows batches at a pace that the terminal keeps up with, and only while the line editor is there to take them:
//! what is printed between two lines would be mixed with what the terminal echoes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustyline::ExternalPrinter;

use super::queue::Queue;
use super::queued_item::{Skipped, Taken};
use super::transcript::{Place, Transcript, Written, not_shown};
use crate::term::{self, terminal_size};

/// Has the editor draw the prompt anew, where it stands: a row up, and down again, since it wants a line end.
const NOTHING: &str = "\x1b[A\n";

/// At most about 30 batches a second; more is not seen.
const TICK: Duration = Duration::from_millis(33);

/// The bytes of a batch: where to begin, and how far to go either way.
const BUDGET: usize = 16 << 10;
const SMALLEST_BUDGET: usize = 2 << 10;
const LARGEST_BUDGET: usize = 64 << 10;

/// What a terminal's buffers hide, about: those of a pseudo-terminal of Linux, as seen from outside.
const HIDDEN: usize = 68 << 10;

/// So many times what drawing that takes has to pass without full buffers before a terminal is thought to be faster.
const CALM: u32 = 30;

/// The slowest terminal that is thought of, in bytes a second.
const SLOWEST: f64 = 16e3;

/// The longest wait for a batch to be drawn, and the longest rest.
const PATIENCE: Duration = Duration::from_secs(4);

/// How much is written at a time when the display is gone: a write of more could not be stopped while a slow terminal takes
/// it.
const AT_A_TIME: usize = 20;

/// How long the display may take to notice that it is not needed any more.
const PARTING: Duration = Duration::from_millis(100);

/// What the line editor and the display know of each other.
pub(crate) struct Screen {
    gate: Mutex<Gate>,
    changed: Condvar,
    /// When the prompt was drawn last, in microseconds since `start`.
    painted: AtomicU64,
    start: Instant,
    /// Batches handed to the editor that it may not have shown yet, and when.
    in_flight: Mutex<VecDeque<(u64, Taken)>>,
    /// Counts what is written above the prompt by others, or into it for good.
    epoch: AtomicU64,
    /// Lines that the editor writes when it draws the prompt next.
    rewriting: Mutex<Option<(Place, Written)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// Between two lines, or while a pager has the screen.
    Shut,
    /// The editor waits for keys, and shows what it is given.
    Open,
    /// The editor will not come back.
    Left,
    /// The display has ended.
    Done,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self {
            gate: Mutex::new(Gate::Shut),
            changed: Condvar::new(),
            painted: AtomicU64::new(0),
            start: Instant::now(),
            in_flight: Mutex::default(),
            epoch: AtomicU64::new(0),
            rewriting: Mutex::default(),
        }
    }

    /// The editor has begun to wait for keys; false if it did so before.
    pub(crate) fn open(&self) -> bool {
        let is_new = *self.lock() == Gate::Shut;
        if is_new {
            self.disturb();
        }
        self.turn(Gate::Open);
        is_new
    }

    /// Something else is written above the prompt, on the editor's thread: what stands there stays as it is.
    pub(crate) fn disturb(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Where lines that are written now can be rewritten.
    fn place(&self) -> Place {
        Place { epoch: self.epoch.load(Ordering::SeqCst), size: terminal_size() }
    }

    /// What the editor is to write before it draws the prompt, in the first column of the prompt's first row.
    ///
    /// Only the editor's thread knows whether the rows above are still those that are to be rewritten.
    pub(crate) fn rewritten(&self) -> String {
        let Some((place, Written { replaced, text, .. })) = self.rewriting().take() else { return String::new() };
        // ECMA-48: CUU goes up, ED erases to the end of the screen.
        if place == self.place() { format!("\x1b[{replaced}A\x1b[J{text}") } else { text }
    }

    /// What the printer is to print so that lines come to this place: the lines themselves, unless the editor has to write
    /// them before it draws the prompt.
    ///
    /// What the editor has not come to yet is not lost: these lines stand behind it, or in it.
    fn printed(&self, place: Place, written: Written) -> String {
        let mut rewriting = self.rewriting();
        match &mut *rewriting {
            Some((_, before)) => {
                before.text.truncate(before.text.len() - written.replaced_bytes);
                before.text += &written.text;
            }
            None if written.replaced == 0 && !written.text.is_empty() => return written.text,
            None if written.text.is_empty() => {}
            None => *rewriting = Some((place, written)),
        }
        NOTHING.to_owned()
    }

    /// The editor has returned with a line.
    pub(crate) fn shut(&self) {
        self.turn(Gate::Shut);
    }

    /// The editor has drawn the prompt, and with it shown what came before.
    pub(crate) fn paint(&self) {
        self.painted.store(self.now(), Ordering::Relaxed);
    }

    /// Ends the display for good, and returns what was not shown of the batches under way.
    pub(crate) fn leave(&self) -> Vec<Taken> {
        self.turn(Gate::Left);
        let gate = self.lock();
        // It may be stuck in a batch that nobody takes any more: that one is still in flight, then.
        let waited = self.changed.wait_timeout_while(gate, PARTING, |gate| *gate != Gate::Done);
        drop(waited);
        self.forget_shown();
        self.in_flight().drain(..).map(|(_, batch)| batch).collect()
    }

    /// Renders the last batch, which is under way from now on; none, and no longer under way, if there is nothing to be seen: a
    /// setting, or a message that its sender has typed.
    fn hand_over(&self, render: impl FnOnce(&Taken) -> Written) -> Option<(Written, u64)> {
        let mut in_flight = self.in_flight();
        let (handed, taken) = in_flight.back_mut()?;
        let written = render(taken);
        if written.text.is_empty() && !taken.is_stale {
            in_flight.pop_back();
            return None;
        }
        *handed = self.now();
        Some((written, *handed))
    }

    /// Forgets the batches that were followed by a prompt, and so are on the screen.
    fn forget_shown(&self) {
        let painted = self.painted.load(Ordering::Relaxed);
        self.in_flight().retain(|(handed, _)| *handed > painted);
    }

    fn turn(&self, to: Gate) {
        let mut gate = self.lock();
        if *gate != Gate::Done {
            *gate = to;
        }
        self.changed.notify_all();
    }

    /// Waits for the gate; false when it will not open again.
    fn wait_open(&self) -> bool {
        let gate = self.lock();
        let gate = self.changed.wait_while(gate, |gate| *gate == Gate::Shut);
        *gate.expect("nothing panics while it holds this") == Gate::Open
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().expect("nothing panics while it holds this")
    }

    fn rewriting(&self) -> MutexGuard<'_, Option<(Place, Written)>> {
        self.rewriting.lock().expect("nothing panics while it holds this")
    }

    fn in_flight(&self) -> MutexGuard<'_, VecDeque<(u64, Taken)>> {
        self.in_flight.lock().expect("nothing panics while it holds this")
    }
}

/// Starts the thread.
pub(crate) fn spawn(
    screen: Arc<Screen>,
    queue: Arc<Queue>,
    mut transcript: Transcript,
    mut printer: impl ExternalPrinter + Send + 'static,
) -> std::io::Result<()> {
    let show = move || {
        let mut pace = TerminalPace::new();
        while let Some(taken) = queue.take(pace.budget()) {
            screen.in_flight().push_back((u64::MAX, taken));
            if !screen.wait_open() {
                break;
            }
            // Not before: what is written while there is no prompt stands in another place than what follows.
            let place = screen.place();
            let Some((written, handed)) = screen.hand_over(|taken| transcript.write(taken, place)) else { continue };
            let length = written.text.len();
            if printer.print(screen.printed(place, written)).is_err() {
                break;
            }
            let took = wait_painted(&screen, handed);
            screen.forget_shown();
            // What comes at leisure is shown at once, what comes meanwhile with the next batch.
            queue.rest(pace.rest(length, took));
        }
        screen.turn(Gate::Done);
    };
    std::thread::Builder::new().name("display".to_owned()).spawn(show).map(drop)
}

/// Prints what is left, without the display; what the peer has sent only until who looks on has seen enough.
pub(crate) fn print_rest(mut transcript: Transcript, rest: Taken, has_seen_enough: impl Fn() -> bool) {
    let Taken { mut skipped, mut items, received, .. } = rest;
    let size = terminal_size();
    for epoch in 0.. {
        let mut batch: Vec<_> = items.drain(..items.len().min(AT_A_TIME)).collect();
        if batch.is_empty() {
            break;
        }
        if has_seen_enough() {
            batch.retain(|item| skipped.spares(item));
        }
        if !batch.is_empty() {
            print_note(&mut skipped);
        }
        let taken = Taken { items: batch, received, ..Taken::default() };
        // Nothing that stands there is rewritten: each batch is at another place.
        let _ = term::print(transcript.write(&taken, Place { epoch, size }).text.as_bytes());
    }
    print_note(&mut skipped);
}

/// Says what was not shown up to here, if there is anything.
fn print_note(skipped: &mut Skipped) {
    if let Some(note) = not_shown(std::mem::take(skipped)) {
        let _ = term::print(format!("{note}\n").as_bytes());
    }
}

/// Waits for the prompt to be drawn after a batch; the time that took, none if that says nothing of the terminal's speed: the
/// editor left its line meanwhile, or the terminal stood still.
fn wait_painted(screen: &Screen, handed: u64) -> Option<Duration> {
    let limit = Instant::now() + PATIENCE;
    loop {
        let painted = screen.painted.load(Ordering::Relaxed);
        if painted >= handed {
            return Some(Duration::from_micros(painted - handed));
        }
        if Instant::now() >= limit || *screen.lock() != Gate::Open {
            return None;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// How much to show at a time, and how long to rest then: as long again as the terminal takes to draw it, so that the line
/// that is typed can be seen, and the echo of a key does not wait in a queue.
///
/// How fast a terminal draws shows only when its buffers are full.
struct TerminalPace {
    /// What it draws, in bytes a second, as far as is known.
    rate: f64,
    /// Its buffers have been full: it gets time to draw what it was given.
    is_slow: bool,
    /// They were after the last batch.
    is_full: bool,
    /// How long they have not been.
    calm: Duration,
}

impl TerminalPace {
    fn new() -> Self {
        Self { rate: rate_for(BUDGET), is_slow: false, is_full: false, calm: Duration::ZERO }
    }

    fn budget(&self) -> usize {
        let half = self.rate * TICK.as_secs_f64() / 2.0;
        (half.round() as usize).clamp(SMALLEST_BUDGET, LARGEST_BUDGET)
    }

    /// Learns from a batch; how long to rest after it.
    fn rest(&mut self, length: usize, took: Option<Duration>) -> Duration {
        let was_full = std::mem::take(&mut self.is_full);
        // Less than there was room for says nothing of the terminal.
        let Some(took) = took.filter(|_| length >= self.budget() / 2) else { return TICK };
        if took > self.time_for(length) / 2 {
            return self.slow_down(length, took, was_full);
        }
        if was_full {
            return self.time_for(HIDDEN);
        }
        if !self.is_slow {
            self.rate = rate_for((self.budget() + (1 << 10)).min(LARGEST_BUDGET));
            return TICK;
        }
        let rest = self.time_for(2 * length);
        self.calm += rest;
        if self.calm > CALM * self.time_for(HIDDEN) {
            self.rate *= 1.05;
            self.is_slow = self.rate < rate_for(LARGEST_BUDGET);
        }
        rest
    }

    /// A batch did not find room at once.
    fn slow_down(&mut self, length: usize, took: Duration, was_full: bool) -> Duration {
        // From full to full, what was drawn meanwhile is known; else part of it may have found room.
        let since = if was_full { TICK + took } else { took };
        let seen = length as f64 / since.as_secs_f64();
        // Something else may have held it up.
        let least = SLOWEST.max(self.rate / 4.0);
        let is_known = was_full && (seen >= least || least == SLOWEST);
        self.rate = seen.clamp(least, self.rate);
        (self.is_slow, self.is_full, self.calm) = (true, !is_known, Duration::ZERO);
        if is_known { self.time_for(HIDDEN) } else { TICK }
    }

    fn time_for(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.rate).clamp(TICK, PATIENCE)
    }
}

/// Of a terminal that takes so much a tick with half its time.
fn rate_for(budget: usize) -> f64 {
    2.0 * budget as f64 / TICK.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{OutputStyle, Renderer};

    #[test]
    fn a_terminal_that_keeps_up_is_shown_more_and_more() {
        let mut pace = TerminalPace::new();
        assert_eq!(pace.budget(), BUDGET);
        for _ in 0..100 {
            assert_eq!(pace.rest(pace.budget(), Some(Duration::from_millis(1))), TICK);
        }
        assert_eq!(pace.budget(), LARGEST_BUDGET);
    }

    #[test]
    fn lines_that_the_editor_has_not_come_to_are_not_lost() {
        let screen = Screen::new();
        let place = screen.place();
        let written =
            |replaced, replaced_bytes, text: &str| Written { replaced, replaced_bytes, text: text.to_owned() };
        assert_eq!(screen.printed(place, written(0, 0, "< a\n")), "< a\n");
        assert_eq!(screen.printed(place, written(1, 4, "< a ×2\n< b\n")), NOTHING);
        assert_eq!(screen.printed(place, written(1, 4, "< b ×2\n")), NOTHING);
        assert_eq!(screen.printed(place, written(0, 0, "< c\n")), NOTHING);
        assert_eq!(screen.rewritten(), "\x1b[1A\x1b[J< a ×2\n< b ×2\n< c\n");
        assert_eq!(screen.rewritten(), "");
        assert_eq!(screen.printed(place, written(1, 4, "< c ×2\n")), NOTHING);
        screen.disturb();
        assert_eq!(screen.printed(screen.place(), written(0, 0, "< c\n")), NOTHING);
        assert_eq!(screen.rewritten(), "< c ×2\n< c\n");
    }

    #[test]
    fn what_comes_at_leisure_says_nothing_of_the_terminal() {
        let mut pace = TerminalPace::new();
        assert_eq!(pace.rest(10, Some(Duration::from_secs(1))), TICK);
        assert_eq!(pace.rest(BUDGET, None), TICK);
        assert_eq!(pace.budget(), BUDGET);
    }

    /// What a terminal has that draws `rate` bytes a second: `HIDDEN` bytes of buffers, which are full or not.
    struct Terminal {
        rate: f64,
        waiting: f64,
    }

    impl Terminal {
        fn rests(&mut self, time: Duration) {
            self.waiting = (self.waiting - self.rate * time.as_secs_f64()).max(0.0);
        }

        fn takes(&mut self, length: usize) -> Duration {
            let too_much = (self.waiting + length as f64 - HIDDEN as f64).max(0.0);
            self.waiting += length as f64 - too_much;
            Duration::from_secs_f64(too_much / self.rate)
        }
    }

    /// Floods a terminal for so long; how late each batch was drawn.
    fn flood(pace: &mut TerminalPace, terminal: &mut Terminal, time: Duration) -> Vec<Duration> {
        let (mut late, mut passed) = (Vec::new(), Duration::ZERO);
        while passed < time {
            // Lines are half as long again as what they show.
            let length = pace.budget() * 3 / 2;
            let took = terminal.takes(length);
            late.push(Duration::from_secs_f64(terminal.waiting / terminal.rate));
            let rest = pace.rest(length, Some(took).filter(|took| *took < PATIENCE));
            terminal.rests(rest);
            passed += took + rest;
        }
        late.sort();
        late
    }

    #[test]
    fn the_buffers_of_a_slow_terminal_are_empty_most_of_the_time() {
        for rate in [20e3, 100e3, 200e3, 1e6] {
            let (mut pace, mut terminal) = (TerminalPace::new(), Terminal { rate, waiting: 0.0 });
            let late = flood(&mut pace, &mut terminal, Duration::from_secs(600));
            let median = late[late.len() / 2];
            assert!(median <= Duration::from_millis(160), "{rate}: {median:?}");
        }
    }

    #[test]
    fn a_terminal_that_stood_still_or_had_to_wait_is_shown_as_much_as_before() {
        let mut pace = TerminalPace::new();
        let fast = || Terminal { rate: 100e6, waiting: 0.0 };
        flood(&mut pace, &mut fast(), Duration::from_secs(5));
        assert_eq!(pace.budget(), LARGEST_BUDGET);
        for took in [10, 100, 1000, 3000] {
            for took in [Some(Duration::from_millis(took)), None] {
                for _ in 0..12 {
                    pace.rest(pace.budget(), took);
                }
            }
            flood(&mut pace, &mut fast(), Duration::from_secs(180));
            assert_eq!(pace.budget(), LARGEST_BUDGET, "after {took} ms");
        }
    }

    /// An editor that takes half a second to draw.
    struct Slow(Arc<Screen>, Arc<AtomicU64>);

    impl ExternalPrinter for Slow {
        fn print(&mut self, _: String) -> rustyline::Result<()> {
            std::thread::sleep(Duration::from_millis(500));
            self.0.paint();
            self.1.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[test]
    fn a_display_that_rests_ends_at_once() {
        let (screen, queue, drawn) = (Arc::new(Screen::new()), Arc::new(Queue::default()), Arc::default());
        screen.open();
        (0..4).for_each(|_| queue.say(&"x".repeat(BUDGET)));
        let editor = Slow(Arc::clone(&screen), Arc::clone(&drawn));
        spawn(Arc::clone(&screen), Arc::clone(&queue), Transcript::new(Renderer::new(OutputStyle::default())), editor)
            .unwrap();
        let until = |what: &str, is_so: &dyn Fn() -> bool, limit| {
            let start = Instant::now();
            while !is_so() {
                assert!(start.elapsed() < limit, "waited for {what}");
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        // Two of them tell how slow it is, and how long to rest: 2.3 s.
        let has_drawn = || drawn.load(Ordering::SeqCst) == 2 && screen.in_flight().is_empty();
        until("two batches", &has_drawn, Duration::from_secs(60));
        queue.close();
        assert!(screen.leave().is_empty());
        until("the end", &|| *screen.lock() == Gate::Done, Duration::from_secs(1));
        assert_eq!(drawn.load(Ordering::SeqCst), 2);
    }
}
