//! One direction of a relay: what waits to be passed on, and for how long it is held back on purpose.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::send_queue::SendQueue;
use crate::events::Input;

/// A direction of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneDirection {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// `--delay`, `--cut-after`: the bad days of a network, on purpose.
#[derive(Clone, Debug, Default)]
pub(crate) struct Impairments {
    pub(crate) up: Option<HoldTime>,
    pub(crate) down: Option<HoldTime>,
    pub(crate) cuts: Vec<CutAfter>,
}

/// How long messages are held back: a time of this range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HoldTime {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

/// When both connections are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutAfter {
    /// So many messages have passed, of that direction or of both.
    Messages(Option<LaneDirection>, u64),
    /// So long after they were opened.
    Time(Duration),
}

/// What goes one way.
pub(super) struct Lane {
    to: Rc<SendQueue>,
    hold: Option<HoldTime>,
    held: SendQueue,
    // Borrowed between awaits only.
    /// What goes next.
    next: RefCell<VecDeque<Input>>,
    /// When each that is held may go.
    due: RefCell<VecDeque<Instant>>,
}

impl Impairments {
    /// Whether each message has to be looked at.
    pub(super) fn is_none(&self) -> bool {
        self.up.is_none() && self.down.is_none() && self.cuts.is_empty()
    }
}

impl HoldTime {
    fn draw(self) -> Duration {
        self.least + (self.most - self.least).mul_f64(fastrand::f64())
    }
}

impl Lane {
    pub(super) fn new(to: &Rc<SendQueue>, hold: Option<HoldTime>) -> Self {
        Self { to: Rc::clone(to), hold, held: SendQueue::default(), next: RefCell::default(), due: RefCell::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.held.is_full() || self.to.is_full()
    }

    /// Waits until it is no longer full.
    pub(super) async fn room(&self) {
        self.held.room().await;
        self.to.room().await;
    }

    /// Lets it pass, sooner or later; what came before goes before.
    pub(super) fn put(&self, input: Input) {
        let Some(hold) = self.hold else { return self.to.put(input) };
        let mut due = self.due.borrow_mut();
        let at = Instant::now() + hold.draw();
        let at = due.back().map_or(at, |last| at.max(*last));
        due.push_back(at);
        self.held.put(input);
    }

    /// Lets it pass before all that is held.
    pub(super) fn put_now(&self, input: Input) {
        self.to.put(input);
    }

    /// Nothing more will be put in.
    pub(super) fn end(&self) {
        self.held.end();
    }

    /// Passes on what is due, up to the end. Cancel-safe.
    pub(super) async fn run(&self) {
        loop {
            if self.next.borrow().is_empty() {
                let batch = self.held.take().await;
                if batch.is_empty() {
                    return;
                }
                self.next.borrow_mut().extend(batch);
            }
            let due = self.due.borrow().front().copied();
            sleep_until(due.expect("each has its time")).await;
            self.to.room().await;
            self.due.borrow_mut().pop_front();
            let input = self.next.borrow_mut().pop_front();
            input.into_iter().for_each(|input| self.to.put(input));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[tokio::test(start_paused = true)]
    async fn what_is_held_keeps_its_order_and_its_time() {
        let to = Rc::<SendQueue>::default();
        let (least, most) = (Duration::from_millis(100), Duration::from_millis(900));
        let lane = Lane::new(&to, Some(HoldTime { least, most }));
        let message = |number: u32| Input::Message(Message::from(number.to_string().as_str()));
        (0..50).for_each(|number| lane.put(message(number)));
        lane.end();
        let start = Instant::now();
        tokio::select! {
            biased;
            () = tokio::time::sleep(least - Duration::from_millis(1)) => {}
            () = lane.run() => panic!("it is too early"),
        }
        lane.run().await;
        assert!(start.elapsed() > least && start.elapsed() <= most + Duration::from_millis(1));
        let passed = to.take().await;
        assert_eq!(passed, (0..50).map(message).collect::<Vec<_>>());
    }
}
