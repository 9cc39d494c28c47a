//! Wakes the connections of a thread when their messages are due, and all of them when the run ends.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::io;
use std::task::{Poll, Waker};
use std::time::Instant;

use tokio::sync::Notify;

use crate::sys::timer::FineTimer;

/// One fine timer for all connections of a thread.
pub(super) struct AlarmClock {
    timer: FineTimer,
    // Borrowed between awaits only.
    waiting: RefCell<BinaryHeap<WaitingTask>>,
    /// Told when something is due before what the timer is set to.
    sooner: Notify,
}

/// The task of a connection, until its next message is due.
struct WaitingTask {
    at: Instant,
    waker: Waker,
}

/// What one connection waits for.
pub(super) struct Alarm<'c> {
    clock: &'c AlarmClock,
    at: Option<Instant>,
    is_set: bool,
}

/// Says to all connections of a thread that it is time to end. Each task asks for it once, and not at each message.
#[derive(Default)]
pub(super) struct StopFlag {
    at: Cell<Option<Instant>>,
    tasks: RefCell<Vec<Waker>>,
}

impl AlarmClock {
    /// # Errors
    /// There are too few descriptors.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { timer: FineTimer::new()?, waiting: RefCell::default(), sooner: Notify::new() })
    }

    /// Wakes tasks; never ends.
    pub(super) async fn run(&self) {
        loop {
            let next = self.waiting.borrow().peek().map(|first| first.at);
            let due = async {
                match next {
                    Some(at) => self.timer.wait_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => self.wake(Instant::now()),
                () = self.sooner.notified() => {}
            }
        }
    }

    fn wake(&self, now: Instant) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(first) = waiting.peek()
            && first.at <= now
        {
            waiting.pop().into_iter().for_each(|first| first.waker.wake());
        }
    }

    fn add(&self, at: Instant, waker: Waker) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.peek().is_none_or(|first| at < first.at) {
            self.sooner.notify_one();
        }
        waiting.push(WaitingTask { at, waker });
    }
}

impl<'c> Alarm<'c> {
    pub(super) fn new(clock: &'c AlarmClock) -> Self {
        Self { clock, at: None, is_set: false }
    }

    /// From now on it rings then, or never.
    pub(super) fn set(&mut self, at: Option<Instant>) {
        (self.at, self.is_set) = (at, false);
    }

    /// Waits until it rings. Cancel-safe, within one task.
    pub(super) async fn rings(&mut self) {
        poll_fn(|cx| match self.at {
            Some(at) if at <= Instant::now() => Poll::Ready(()),
            Some(at) => {
                if !self.is_set {
                    self.is_set = true;
                    self.clock.add(at, cx.waker().clone());
                }
                Poll::Pending
            }
            None => Poll::Pending,
        })
        .await;
    }
}

impl StopFlag {
    pub(super) fn set(&self) {
        self.at.set(Some(Instant::now()));
        self.tasks.take().into_iter().for_each(Waker::wake);
    }

    /// When it was set, if it was.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at.get()
    }

    /// Has the task be woken when the flag is set.
    pub(super) async fn watch(&self) {
        poll_fn(|cx| {
            self.tasks.borrow_mut().push(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    }

    /// Ends when it is set, in a task that [watches](Self::watch) it.
    pub(super) async fn is_raised(&self) {
        poll_fn(|_| if self.at().is_some() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Ord for WaitingTask {
    /// The first that is due is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for WaitingTask {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for WaitingTask {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for WaitingTask {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn alarms_ring_in_the_order_of_their_times() {
        let clock = AlarmClock::new().unwrap();
        let order = RefCell::new(Vec::new());
        let begun = Instant::now();
        let ring = async |millis: u64| {
            let mut alarm = Alarm::new(&clock);
            alarm.set(Some(begun + Duration::from_millis(millis)));
            alarm.rings().await;
            assert!(begun.elapsed() >= Duration::from_millis(millis));
            order.borrow_mut().push(millis);
        };
        // In one task, which each of them wakes.
        let all = async { tokio::join!(ring(30), ring(10), ring(20)) };
        tokio::select! {
            _ = all => {}
            () = clock.run() => {}
        }
        assert_eq!(order.into_inner(), [10, 20, 30]);
    }
}
