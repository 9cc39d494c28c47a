//! The display thread: the only one that prints above the prompt.
//!
//! It shows batches at a pace that the terminal keeps up with, and only while the line editor is there to take them:
//! what is printed between two lines would be mixed with what the terminal echoes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rustyline::ExternalPrinter;

use super::queue::{Item, Queue, Setting, Skipped, Taken};
use crate::render::Renderer;

/// At most about 30 batches a second; more is not seen.
const TICK: Duration = Duration::from_millis(33);

/// A terminal that is busy with one batch for longer makes typing feel slow.
const BUSY: Duration = Duration::from_millis(8);

/// The bytes of a batch: where to begin, and how far to go either way.
const BUDGET: usize = 16 << 10;
const SMALLEST_BUDGET: usize = 2 << 10;
const LARGEST_BUDGET: usize = 64 << 10;

/// How long the display may take to notice that it is not needed any more.
const PARTING: Duration = Duration::from_millis(100);

/// What the line editor and the display know of each other.
pub(super) struct Screen {
    gate: Mutex<Gate>,
    changed: Condvar,
    /// When the prompt was drawn last, in microseconds since `start`.
    painted: AtomicU64,
    start: Instant,
    /// Batches handed to the editor that it may not have shown yet, and when.
    in_flight: Mutex<VecDeque<(u64, String)>>,
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
    pub(super) fn new() -> Self {
        Self {
            gate: Mutex::new(Gate::Shut),
            changed: Condvar::new(),
            painted: AtomicU64::new(0),
            start: Instant::now(),
            in_flight: Mutex::default(),
        }
    }

    /// The editor has begun to wait for keys; false if it did so before.
    pub(super) fn open(&self) -> bool {
        let is_new = *self.lock() == Gate::Shut;
        self.turn(Gate::Open);
        is_new
    }

    /// The editor has returned with a line.
    pub(super) fn shut(&self) {
        self.turn(Gate::Shut);
    }

    /// The editor has drawn the prompt, and with it shown what came before.
    pub(super) fn paint(&self) {
        self.painted.store(self.now(), Ordering::Relaxed);
    }

    /// Ends the display for good, and returns what was not shown of the batches under way.
    pub(super) fn leave(&self) -> Vec<String> {
        self.turn(Gate::Left);
        let gate = self.lock();
        // It may be stuck in a batch that nobody takes any more: that one is still in flight, then.
        let waited = self.changed.wait_timeout_while(gate, PARTING, |gate| *gate != Gate::Done);
        drop(waited);
        self.forget_shown();
        self.in_flight().drain(..).map(|(_, batch)| batch).collect()
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

    fn in_flight(&self) -> MutexGuard<'_, VecDeque<(u64, String)>> {
        self.in_flight.lock().expect("nothing panics while it holds this")
    }
}

/// Starts the thread.
pub(super) fn spawn(
    screen: Arc<Screen>,
    queue: Arc<Queue>,
    mut renderer: Renderer,
    mut printer: impl ExternalPrinter + Send + 'static,
) -> std::io::Result<()> {
    let show = move || {
        let mut pace = Pace { budget: BUDGET };
        while let Some(taken) = queue.take(pace.budget) {
            let batch = rendered(&mut renderer, &taken);
            // Nothing to be seen: a setting, or a message that its sender has typed.
            if batch.is_empty() {
                continue;
            }
            screen.in_flight().push_back((u64::MAX, batch.clone()));
            if !screen.wait_open() {
                break;
            }
            let length = batch.len();
            let handed = screen.now();
            if let Some(last) = screen.in_flight().back_mut() {
                last.0 = handed;
            }
            if printer.print(batch).is_err() {
                break;
            }
            let took = wait_painted(&screen, handed);
            screen.forget_shown();
            // What comes at leisure is shown at once, what comes meanwhile with the next batch.
            let rest = if pace.adapt(length, took) { 2 * TICK } else { TICK };
            std::thread::sleep(rest);
        }
        screen.turn(Gate::Done);
    };
    std::thread::Builder::new().name("display".to_owned()).spawn(show).map(drop)
}

/// What a batch looks like.
pub(super) fn rendered(renderer: &mut Renderer, taken: &Taken) -> String {
    let mut batch = BytesMut::new();
    if taken.skipped != Skipped::default() {
        let Skipped { messages, bytes } = taken.skipped;
        let (messages, bytes) = (in_thousands(messages), in_thousands(bytes as u64));
        let note = format!("… {messages} messages ({bytes} bytes) not shown, /last or --record keeps them\n");
        batch.extend_from_slice(note.as_bytes());
    }
    for item in &taken.items {
        match item {
            Item::Lines(lines) | Item::Note(lines) => batch.extend_from_slice(lines.as_bytes()),
            Item::Event(event) => renderer.render(event, &mut batch),
            Item::Sent(at) => renderer.note_sent(*at),
            Item::Set(Setting::Stamps(stamps)) => renderer.look_mut().stamps = *stamps,
            Item::Set(Setting::Indent(indent)) => renderer.look_mut().indent_json = *indent,
        }
    }
    String::from_utf8_lossy(&batch).into_owned()
}

/// `48,210`
fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Waits for the prompt to be drawn after a batch; the time that took, none if it was too long.
fn wait_painted(screen: &Screen, handed: u64) -> Option<Duration> {
    let limit = Instant::now() + TICK;
    loop {
        let painted = screen.painted.load(Ordering::Relaxed);
        if painted >= handed {
            return Some(Duration::from_micros(painted - handed));
        }
        if Instant::now() >= limit {
            return None;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// How much to show at a time: more while the terminal keeps up, half when it does not.
struct Pace {
    budget: usize,
}

impl Pace {
    /// Learns from a batch; true when the terminal needs a rest, since its buffers hide how slow it is.
    fn adapt(&mut self, length: usize, took: Option<Duration>) -> bool {
        let is_slow = took.is_none_or(|took| took > BUSY);
        if is_slow {
            self.budget /= 2;
        } else if length >= self.budget / 2 {
            self.budget += 1 << 10;
        }
        self.budget = self.budget.clamp(SMALLEST_BUDGET, LARGEST_BUDGET);
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 48_210, 1_234_567].map(in_thousands), ["0", "999", "1,000", "48,210", "1,234,567"]);
    }

    #[test]
    fn the_budget_follows_the_terminal_within_its_bounds() {
        let mut pace = Pace { budget: BUDGET };
        assert!(!pace.adapt(BUDGET, Some(Duration::from_millis(1))));
        assert_eq!(pace.budget, BUDGET + 1024);
        assert!(!pace.adapt(10, Some(Duration::from_millis(1))));
        assert_eq!(pace.budget, BUDGET + 1024);
        for _ in 0..9 {
            assert!(pace.adapt(BUDGET, None));
        }
        assert_eq!(pace.budget, SMALLEST_BUDGET);
    }
}
