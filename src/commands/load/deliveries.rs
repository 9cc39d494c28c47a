//! `--fan-out`: what one connection has sent, and when each of the others got it.
//!
//! The sender's log is shared. Each thread reads it through a copy of its own, so that a message that comes takes no lock
//! unless something was sent since the one before.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::histogram::TimeHistogram;

/// Messages that a receiver may be behind.
const KEPT: usize = 1 << 16;

/// Receivers that the report names.
const NAMED: usize = 3;

/// A message that all receivers are to get.
#[derive(Clone, Copy, Debug)]
struct SentMessage {
    due: Instant,
    /// What it is known by; what has none is found by nobody.
    key: Option<u64>,
}

/// What the sender has sent so far.
#[derive(Debug, Default)]
pub(super) struct SentLog {
    total: AtomicU64,
    /// The last of them.
    kept: Mutex<VecDeque<SentMessage>>,
}

/// What a thread knows of it.
#[derive(Debug, Default)]
pub(super) struct SentCopy {
    total: u64,
    kept: VecDeque<SentMessage>,
}

/// A connection that gets what the sender sends.
#[derive(Clone, Debug)]
pub(super) struct FanReceiver {
    client: u32,
    /// The first message that it had to get, and the one after the last.
    first: u64,
    end: u64,
    next: u64,
    found: u64,
    sum: Duration,
    max: Duration,
}

/// How a receiver fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceiverTimes {
    pub(super) mean: Duration,
    pub(super) max: Duration,
    /// The number of the connection, from 1 on.
    pub(super) client: u64,
    pub(super) found: u64,
    pub(super) missed: u64,
}

/// How all of them fared.
#[derive(Clone, Debug, Default)]
pub(super) struct ReceiverTallies {
    pub(super) means: TimeHistogram,
    pub(super) maxima: TimeHistogram,
    /// By their means.
    pub(super) slowest: Vec<ReceiverTimes>,
}

impl SentLog {
    /// Before it is on its way: whoever gets it finds it here.
    pub(super) fn add(&self, due: Instant, key: Option<u64>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        push(&mut kept, SentMessage { due, key });
        self.total.fetch_add(1, Ordering::Release);
    }
}

impl SentCopy {
    /// Copies what is new; returns how many there are in all.
    pub(super) fn update(&mut self, log: &SentLog) -> u64 {
        if log.total.load(Ordering::Acquire) != self.total {
            let kept = log.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let total = log.total.load(Ordering::Acquire);
            let new = usize::try_from(total - self.total).unwrap_or(KEPT).min(kept.len());
            kept.iter().skip(kept.len() - new).for_each(|sent| push(&mut self.kept, *sent));
            self.total = total;
        }
        self.total
    }

    /// The first with this key among those from `next` on and before `end`.
    fn find(&self, next: u64, end: u64, key: u64) -> Option<(u64, Instant)> {
        let oldest = self.total - self.kept.len() as u64;
        let skipped = usize::try_from(next.saturating_sub(oldest)).unwrap_or(KEPT);
        let mut later = (oldest.max(next)..end).zip(self.kept.iter().skip(skipped));
        later.find(|(_, sent)| sent.key == Some(key)).map(|(number, sent)| (number, sent.due))
    }
}

impl FanReceiver {
    /// One that was opened when so many had been sent.
    pub(super) fn new(client: u32, total: u64) -> Self {
        Self { client, first: total, end: u64::MAX, next: total, found: 0, sum: Duration::ZERO, max: Duration::ZERO }
    }

    /// A message came: how long after it was due, if it is one of the sender's.
    pub(super) fn came(&mut self, sent: &SentCopy, key: u64, now: Instant) -> Option<Duration> {
        let (number, due) = sent.find(self.next, self.end, key)?;
        let time = now.saturating_duration_since(due);
        (self.next, self.found) = (number + 1, self.found + 1);
        (self.sum, self.max) = (self.sum + time, self.max.max(time));
        Some(time)
    }

    /// What is sent from now on, when there were so many, is not waited for.
    pub(super) fn ends_with(&mut self, total: u64) {
        self.end = total;
    }

    /// Whether it has got the last of so many.
    pub(super) fn has_last(&self, total: u64) -> bool {
        self.next >= total.min(self.end)
    }

    pub(super) fn found(&self) -> u64 {
        self.found
    }

    /// How many of so many it did not get.
    pub(super) fn missed(&self, total: u64) -> u64 {
        (total.min(self.end) - self.first).saturating_sub(self.found)
    }

    /// None if it got nothing.
    pub(super) fn times(&self, total: u64) -> Option<ReceiverTimes> {
        let mean = self.sum.checked_div(u32::try_from(self.found).unwrap_or(u32::MAX))?;
        let (client, found) = (u64::from(self.client) + 1, self.found);
        Some(ReceiverTimes { mean, max: self.max, client, found, missed: self.missed(total) })
    }
}

impl ReceiverTallies {
    pub(super) fn add(&mut self, times: ReceiverTimes) {
        self.means.add(times.mean);
        self.maxima.add(times.max);
        self.slowest.push(times);
        self.name_the_slowest();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.means.merge(&other.means);
        self.maxima.merge(&other.maxima);
        self.slowest.extend(&other.slowest);
        self.name_the_slowest();
    }

    fn name_the_slowest(&mut self) {
        self.slowest.sort_unstable_by_key(|times| (Reverse(times.mean), times.client));
        self.slowest.truncate(NAMED);
    }
}

fn push(kept: &mut VecDeque<SentMessage>, sent: SentMessage) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(sent);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_finds_what_was_sent_after_it_was_opened_in_its_order() {
        let (log, mut copy, begun) = (SentLog::default(), SentCopy::default(), Instant::now());
        let at = |millis| begun + Duration::from_millis(millis);
        log.add(at(0), Some(7));
        let mut late = FanReceiver::new(3, copy.update(&log));
        let mut early = FanReceiver::new(0, 0);
        for (millis, key) in [(10, Some(7)), (20, Some(8)), (30, None)] {
            log.add(at(millis), key);
        }
        assert_eq!(copy.update(&log), 4);
        let came = |receiver: &mut FanReceiver, key| receiver.came(&copy, key, at(40)).map(|time| time.as_millis());
        assert_eq!([7, 7, 9, 8, 7].map(|key| came(&mut early, key)), [Some(40), Some(30), None, Some(20), None]);
        assert_eq!([8, 7].map(|key| came(&mut late, key)), [Some(20), None]);
        assert_eq!((early.missed(4), late.missed(4), late.has_last(3), late.has_last(4)), (1, 2, true, false));
        late.ends_with(3);
        let times = ReceiverTimes {
            mean: Duration::from_millis(20),
            max: Duration::from_millis(20),
            client: 4,
            found: 1,
            missed: 1,
        };
        assert_eq!((late.times(4), FanReceiver::new(1, 4).times(4)), (Some(times), None));
    }

    #[test]
    fn a_receiver_that_is_far_behind_is_bounded() {
        let (log, mut copy, now) = (SentLog::default(), SentCopy::default(), Instant::now());
        (0..KEPT as u64 + 9).for_each(|key| log.add(now, Some(key)));
        let total = copy.update(&log);
        let mut receiver = FanReceiver::new(0, 0);
        assert_eq!(receiver.came(&copy, 8, now), None);
        assert!(receiver.came(&copy, 9, now).is_some() && receiver.came(&copy, total - 1, now).is_some());
        assert_eq!((receiver.has_last(total), receiver.missed(total)), (true, total - 2));
    }

    #[test]
    fn the_slowest_are_named() {
        let mut all = ReceiverTallies::default();
        for client in 1..=5 {
            let mean = Duration::from_millis(client);
            all.add(ReceiverTimes { mean, max: mean * 2, client, found: 1, missed: 0 });
        }
        assert_eq!(all.slowest.iter().map(|times| times.client).collect::<Vec<_>>(), [5, 4, 3]);
        assert_eq!((all.means.count(), all.maxima.at(1.0).as_millis()), (5, 10));
    }
}
