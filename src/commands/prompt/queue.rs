//! What waits to be shown above the prompt: bounded, and never in the way of who puts something in.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crossterm::style::{Color, Stylize as _};

use super::queued_item::{QueuedItem, Skipped, Taken, is_few};
use crate::text::escape::{Keep, escape};

/// More than this is not worth a terminal's time: it would lag seconds behind.
pub(crate) const LARGEST: usize = 1 << 20;
const MOST: usize = 20_000;

/// The queue between the session and the display. When it is full the oldest of what the peer has sent makes room, and
/// its messages are counted.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// How many messages have come that `/last` counts.
    received: AtomicU64,
    /// Whether warnings have theirs.
    colour: bool,
}

#[derive(Default)]
struct Waiting {
    /// Stood among those that made room; before all others now.
    spared: VecDeque<QueuedItem>,
    items: VecDeque<QueuedItem>,
    /// Events that came while paused.
    held: VecDeque<QueuedItem>,
    is_paused: bool,
    /// How many events have come while paused, also if they had to make room.
    came: u64,
    /// Of all that waits.
    bytes: usize,
    /// The prompt has to be drawn anew, whether or not there is something to show.
    is_stale: bool,
    /// Something of ours has come since the last batch, which may be an answer.
    hurries: bool,
    skipped: Skipped,
    closed: bool,
    /// Whether what was taken last is still being shown.
    showing: bool,
}

impl Queue {
    pub(crate) fn new(colour: bool) -> Self {
        Self { colour, ..Self::default() }
    }

    /// Puts something in; never waits.
    pub(crate) fn push(&self, item: QueuedItem) {
        let mut waiting = self.lock();
        waiting.make_room(&item);
        waiting.bytes += item.size();
        waiting.hurries |= item.is_ours();
        if waiting.is_paused && item.payload().is_some() {
            waiting.held.push_back(item);
            waiting.came += 1;
            waiting.is_stale = true;
            self.changed.notify_all();
        } else {
            waiting.items.push_back(item);
            self.changed.notify_all();
        }
    }

    /// Counts a message that `/last` counts; which one it is.
    pub(crate) fn number_received(&self) -> u64 {
        self.received.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Puts in what the program has to say.
    pub(crate) fn say(&self, text: &str) {
        self.print(&format!("* {text}"));
    }

    /// Puts in what has gone wrong, or was not done.
    pub(crate) fn warn(&self, text: &str) {
        let line = format!("* {}", escape(text, Keep::Lines));
        let line = if self.colour { line.with(Color::DarkYellow).to_string() } else { line };
        self.push(QueuedItem::Lines(line + "\n"));
    }

    /// Puts in lines of our own.
    pub(crate) fn print(&self, text: &str) {
        self.push(QueuedItem::Lines(format!("{}\n", escape(text, Keep::Lines))));
    }

    /// Holds events back from now on; what the program itself says still comes through.
    pub(crate) fn pause(&self) {
        let mut waiting = self.lock();
        (waiting.is_paused, waiting.came) = (true, 0);
    }

    /// How many events have come since the pause began, if there is one.
    pub(crate) fn paused(&self) -> Option<u64> {
        let waiting = self.lock();
        waiting.is_paused.then_some(waiting.came)
    }

    /// Has the prompt drawn anew: something that it shows has changed.
    pub(crate) fn redraw(&self) {
        self.lock().is_stale = true;
        self.changed.notify_all();
    }

    /// Lets events through again, and those that were held back.
    pub(crate) fn resume(&self) {
        let mut waiting = self.lock();
        waiting.is_paused = false;
        let mut held = std::mem::take(&mut waiting.held);
        waiting.items.append(&mut held);
        self.changed.notify_all();
    }

    /// Shows no more of what waits, and counts it, unless that is little: who looks on has seen enough.
    pub(crate) fn skip(&self) {
        let mut waiting = self.lock();
        if is_few(&waiting.items) {
            return;
        }
        let Waiting { items, bytes, skipped, .. } = &mut *waiting;
        items.retain(|item| {
            let is_spared = skipped.spares(item);
            *bytes -= if is_spared { 0 } else { item.size() };
            is_spared
        });
        waiting.hurries = true;
        self.changed.notify_all();
    }

    /// Nothing will be shown any more; whoever waits in [`take`](Self::take) gets none.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for something to show and takes items up to about `budget` bytes; none once it is closed.
    pub(crate) fn take(&self, budget: usize) -> Option<Taken> {
        let mut waiting = self.lock();
        waiting.showing = false;
        self.changed.notify_all();
        waiting = self
            .changed
            .wait_while(waiting, |waiting| waiting.is_empty() && !waiting.closed)
            .expect("nothing panics while it holds this");
        if waiting.closed {
            return None;
        }
        waiting.showing = true;
        Some(Taken { received: self.received.load(Ordering::SeqCst), ..waiting.take(budget) })
    }

    /// Lets so much time pass after something was shown, unless an answer comes, or nothing will be shown any more.
    pub(crate) fn rest(&self, time: Duration) {
        let mut waiting = self.lock();
        waiting.showing = false;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(waiting, time, |waiting| !waiting.hurries && !waiting.closed));
    }

    /// Takes all that is left, without waiting. What a pause holds back is counted: nobody has asked to see it.
    pub(crate) fn take_rest(&self) -> Taken {
        let mut waiting = self.lock();
        waiting.is_paused = false;
        for item in std::mem::take(&mut waiting.held) {
            waiting.bytes -= item.size();
            waiting.skipped.count(&item);
        }
        Taken { received: self.received.load(Ordering::SeqCst), ..waiting.take(usize::MAX) }
    }

    /// Waits until all has been shown, or nothing will be any more, but no longer than `limit`.
    pub(crate) fn wait_shown(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut waiting = self.lock();
        while !waiting.closed && (!waiting.is_empty() || waiting.showing) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = self.changed.wait_timeout(waiting, left).expect("nothing panics while it holds this").0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("nothing panics while it holds this")
    }
}

impl Waiting {
    /// Whether there is nothing to show.
    fn is_empty(&self) -> bool {
        let is_skip_told = !self.hurries || self.skipped == Skipped::default();
        self.spared.is_empty() && self.items.is_empty() && !self.is_stale && is_skip_told
    }

    /// Lets the oldest go until there is room, and counts the messages among them.
    fn make_room(&mut self, new: &QueuedItem) {
        while self.spared.len() + self.items.len() + self.held.len() >= MOST || self.bytes + new.size() > LARGEST {
            let oldest = match self.items.pop_front() {
                Some(item) if item.is_ours() => {
                    self.spared.push_back(item);
                    continue;
                }
                Some(item) => Some(item),
                None => self.held.pop_front().or_else(|| self.spared.pop_front_if(|_| new.is_ours())),
            };
            let Some(oldest) = oldest else { return };
            self.bytes -= oldest.size();
            self.skipped.count(&oldest);
        }
    }

    fn take(&mut self, budget: usize) -> Taken {
        self.hurries = false;
        let is_stale = std::mem::take(&mut self.is_stale);
        // The prompt shows how many came while paused; what of them made room is told when they are shown.
        let skipped = if self.is_paused { Skipped::default() } else { std::mem::take(&mut self.skipped) };
        let mut items = Vec::new();
        let mut taken = 0;
        loop {
            let queue = if self.spared.is_empty() { &mut self.items } else { &mut self.spared };
            let fits = |item: &mut QueuedItem| items.is_empty() || taken + item.size() <= budget;
            let Some(item) = queue.pop_front_if(fits) else { break };
            taken += item.size();
            self.bytes -= item.size();
            items.push(item);
        }
        Taken { is_stale, skipped, items, received: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::queued_item::{DisplaySetting, FEW, FEW_BYTES};
    use super::*;
    use crate::events::{Event, EventKind};
    use crate::message::Direction;
    use crate::render::IndentJson;

    fn event(text: &str) -> QueuedItem {
        let what = EventKind::Message(Direction::In, text.into());
        QueuedItem::Event(Event::now(what))
    }

    fn lines(size: usize) -> QueuedItem {
        QueuedItem::Lines("x".repeat(size))
    }

    #[test]
    fn a_full_queue_lets_the_oldest_go_and_counts_them() {
        let queue = Queue::default();
        queue.push(event("old"));
        queue.push(lines(LARGEST - 2));
        let taken = queue.take(usize::MAX).unwrap();
        assert_eq!((taken.skipped, taken.items.len()), (Skipped { messages: 1, bytes: 3 }, 1));
        queue.push(lines(1));
        assert_eq!(queue.take(usize::MAX).unwrap().skipped, Skipped::default());
    }

    #[test]
    fn what_the_program_says_and_how_things_look_is_not_lost_in_a_flood() {
        for is_paused in [false, true] {
            let queue = Queue::default();
            (0..10).for_each(|_| queue.push(event("before")));
            if is_paused {
                queue.pause();
            }
            queue.say("an answer");
            queue.push(QueuedItem::Set(DisplaySetting::Indent(IndentJson::Long)));
            (0..2 * MOST).for_each(|_| queue.push(event("after")));
            queue.resume();
            let Taken { skipped, items, .. } = queue.take(usize::MAX).unwrap();
            let [QueuedItem::Lines(answer), QueuedItem::Set(DisplaySetting::Indent(IndentJson::Long)), rest @ ..] =
                &items[..]
            else {
                panic!("{:?}", &items[..2]);
            };
            assert_eq!(answer, "* an answer\n");
            assert_eq!(skipped.messages as usize + rest.len(), 10 + 2 * MOST);
            assert_eq!(items.len(), MOST);
        }
    }

    #[test]
    fn nothing_is_told_of_what_makes_room_while_paused() {
        let queue = Queue::default();
        queue.pause();
        (0..2 * MOST).for_each(|_| queue.push(event("x")));
        let paused = queue.take(usize::MAX).unwrap();
        assert_eq!((paused.is_stale, paused.skipped, paused.items.len()), (true, Skipped::default(), 0));
        queue.push(event("x"));
        assert_eq!(queue.take(usize::MAX).unwrap().skipped, Skipped::default());
        queue.resume();
        assert_eq!(queue.take(usize::MAX).unwrap().skipped.messages as usize, MOST + 1);
    }

    #[test]
    fn words_without_end_are_bounded_too() {
        let queue = Queue::default();
        (0..2 * MOST).for_each(|n| queue.say(&n.to_string()));
        queue.push(event("last"));
        assert_eq!(queue.take(usize::MAX).unwrap().items.len(), MOST + 1);
    }

    #[test]
    fn a_message_larger_than_the_queue_takes_no_word_of_ours_with_it() {
        let queue = Queue::default();
        queue.push(event("before"));
        queue.say("an answer");
        queue.push(event(&"x".repeat(2 * LARGEST)));
        let Taken { skipped, items, .. } = queue.take(usize::MAX).unwrap();
        assert!(matches!(&items[..], [QueuedItem::Lines(_), QueuedItem::Event(_)]), "{items:?}");
        assert_eq!(skipped.messages, 1);
    }

    #[test]
    fn a_rest_ends_with_an_answer_and_at_the_end() {
        let queue = Queue::default();
        queue.say("an answer");
        queue.rest(Duration::MAX);
        queue.take(usize::MAX).unwrap();
        queue.rest(Duration::from_millis(1));
        queue.close();
        queue.rest(Duration::MAX);
    }

    #[test]
    fn a_pause_holds_events_back_and_lets_our_own_words_through() {
        let queue = Queue::default();
        queue.pause();
        queue.push(event("a"));
        queue.push(lines(1));
        assert!(matches!(queue.take(usize::MAX).unwrap().items[..], [QueuedItem::Lines(_)]));
        queue.push(event("b"));
        queue.resume();
        assert_eq!(queue.take(usize::MAX).unwrap().items.len(), 2);
        queue.push(event("c"));
        assert_eq!(queue.take(usize::MAX).unwrap().items.len(), 1);
    }

    #[test]
    fn something_larger_than_the_queue_still_gets_through() {
        let queue = Queue::default();
        queue.push(lines(2 * LARGEST));
        assert_eq!(queue.take(1).unwrap().items.len(), 1);
    }

    #[test]
    fn a_budget_limits_what_is_taken_at_a_time() {
        let queue = Queue::default();
        (0..3).for_each(|_| queue.push(lines(10)));
        assert_eq!(queue.take(20).unwrap().items.len(), 2);
        queue.close();
        assert!(queue.take(20).is_none());
        assert_eq!(queue.take_rest().items.len(), 1);
    }

    #[test]
    fn what_is_held_back_to_the_end_is_counted_and_not_shown() {
        let queue = Queue::default();
        queue.pause();
        (0..3).for_each(|_| queue.push(event("held")));
        queue.say("closed");
        queue.close();
        let Taken { skipped, items, .. } = queue.take_rest();
        assert!(matches!(&items[..], [QueuedItem::Lines(_)]), "{items:?}");
        assert_eq!(skipped, Skipped { messages: 3, bytes: 12 });
    }

    #[test]
    fn who_has_seen_enough_is_shown_a_count_and_our_own_words() {
        let queue = Queue::default();
        (0..FEW).for_each(|_| queue.push(event("little")));
        queue.skip();
        assert_eq!(queue.take(usize::MAX).unwrap().items.len(), FEW);
        (0..=FEW).for_each(|_| queue.push(event("more")));
        queue.skip();
        let Taken { skipped, items, .. } = queue.take(usize::MAX).unwrap();
        assert_eq!((skipped.messages as usize, items.len()), (FEW + 1, 0));
        queue.say("an answer");
        queue.push(event(&"x".repeat(FEW_BYTES + 1)));
        queue.skip();
        let Taken { skipped, items, .. } = queue.take(usize::MAX).unwrap();
        assert_eq!((skipped.messages, items.len()), (1, 1));
    }
}
