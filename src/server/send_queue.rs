//! What waits to be sent to one client, or to its process: bounded, and shared by those who send and the one who takes.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::events::{Batch, Input};

/// A client with more than this in its queue is slow.
const FULL: usize = 4 << 20;

/// What waits costs memory even if it is empty.
const OVERHEAD: usize = 64;

/// What is taken at a time: enough for one write, and few enough to see that a slow client makes progress.
const PIECE: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct SendQueue {
    // Borrowed between awaits only.
    waiting: RefCell<VecDeque<Input>>,
    bytes: Cell<usize>,
    /// The parts of a message have been put in up to now, and not its end.
    is_mid_message: Cell<bool>,
    /// Messages that have to wait for that end.
    after_parts: RefCell<Vec<Input>>,
    is_closed: Cell<bool>,
    is_ended: Cell<bool>,
    filled: Notify,
    has_ended: Notify,
    taken: Notify,
    show: OnceCell<Show>,
}

/// Shows what is put in.
type Show = Box<dyn Fn(&Input)>;

/// The taker stands still.
#[derive(Debug)]
pub(crate) struct Stalled;

impl SendQueue {
    /// Lets all that is put in be shown, in the order in which it will be sent. Once at most.
    pub(crate) fn show_with(&self, show: impl Fn(&Input) + 'static) {
        let is_first = self.show.set(Box::new(show)).is_ok();
        debug_assert!(is_first, "somebody shows it already");
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.get() >= FULL
    }

    /// Adds something, even when the queue is full: callers check before.
    pub(crate) fn put(&self, input: Input) {
        if self.is_closed.get() {
            return;
        }
        match &input {
            Input::Part(part) => self.is_mid_message.set(!part.is_last),
            Input::Message(_) | Input::Run(_) if self.is_mid_message.get() => {
                return self.after_parts.borrow_mut().push(input);
            }
            _ => {}
        }
        self.push(input);
        if !self.is_mid_message.get() {
            let after = std::mem::take(&mut *self.after_parts.borrow_mut());
            after.into_iter().for_each(|input| self.push(input));
        }
    }

    fn push(&self, input: Input) {
        if let Some(show) = self.show.get() {
            show(&input);
        }
        self.bytes.set(self.bytes.get() + size(&input));
        self.waiting.borrow_mut().push_back(input);
        self.filled.notify_one();
    }

    /// Throws away what waits, and takes nothing in any more.
    pub(crate) fn close(&self) {
        self.is_closed.set(true);
        self.waiting.borrow_mut().clear();
        self.bytes.set(0);
        self.taken.notify_waiters();
    }

    /// Nothing more will be put in; what waits is still to be taken.
    pub(crate) fn end(&self) {
        self.is_ended.set(true);
        self.filled.notify_one();
        self.has_ended.notify_one();
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) {
        if !self.is_ended.get() {
            self.has_ended.notified().await;
        }
    }

    /// Waits for something, and takes a piece of it: nothing, once it has ended and is empty.
    pub(crate) async fn take(&self) -> Batch {
        while self.waiting.borrow().is_empty() && !self.is_ended.get() {
            self.filled.notified().await;
        }
        let mut waiting = self.waiting.borrow_mut();
        let mut batch = Batch::new();
        let mut taken = 0;
        while taken < PIECE
            && let Some(input) = waiting.pop_front()
        {
            taken += size(&input);
            batch.push(input);
        }
        self.bytes.set(self.bytes.get() - taken);
        self.taken.notify_waiters();
        batch
    }

    /// Hands all that comes to a session; never ends.
    pub(crate) async fn deliver(&self, to: &mpsc::Sender<Result<Batch, String>>) -> Infallible {
        while to.send(Ok(self.take().await)).await.is_ok() {}
        pending().await
    }

    /// Waits until something is taken, the end included.
    pub(crate) async fn taken(&self) {
        self.taken.notified().await;
    }

    /// Waits until it is no longer full.
    pub(crate) async fn room(&self) {
        while self.is_full() {
            self.taken().await;
        }
    }

    /// The same, as long as something is taken from time to time.
    pub(crate) async fn room_within(&self, wait: Duration) -> Result<(), Stalled> {
        while self.is_full() {
            timeout(wait, self.taken()).await.map_err(|_| Stalled)?;
        }
        Ok(())
    }
}

fn size(input: &Input) -> usize {
    OVERHEAD
        + match input {
            Input::Message(message) => message.data().len(),
            Input::Run(run) => run.size() + run.len() * OVERHEAD,
            Input::Part(part) => part.data.len(),
            Input::Ping(data) | Input::Pong(data) => data.len(),
            Input::Frame(frame) => frame.payload.len(),
            Input::Close(_) | Input::Fragment(_) | Input::HalfClose | Input::Drop => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{DataKind, Message, Part};
    use futures_util::FutureExt as _;

    fn message(length: usize) -> Input {
        Input::Message(Message::Binary(vec![0; length].into()))
    }

    #[test]
    fn it_is_taken_in_pieces_and_in_order() {
        let queue = SendQueue::default();
        queue.put(message(PIECE));
        queue.put(message(1));
        queue.put(message(2));
        assert_eq!(queue.take().now_or_never(), Some(vec![message(PIECE)]));
        assert_eq!(queue.take().now_or_never(), Some(vec![message(1), message(2)]));
        assert_eq!(queue.take().now_or_never(), None);
        queue.put(message(3));
        queue.end();
        assert_eq!(queue.take().now_or_never(), Some(vec![message(3)]));
        assert_eq!(queue.take().now_or_never(), Some(Batch::new()));
    }

    #[test]
    fn it_is_full_by_bytes_and_also_by_empty_messages() {
        let queue = SendQueue::default();
        queue.put(message(FULL));
        assert!(queue.is_full());
        queue.take().now_or_never().unwrap();
        assert!(!queue.is_full());
        (0..FULL / OVERHEAD).for_each(|_| queue.put(message(0)));
        assert!(queue.is_full());
        queue.close();
        queue.put(message(FULL));
        assert!(!queue.is_full());
    }

    #[test]
    fn nothing_goes_between_the_parts_of_a_message_but_control_frames() {
        let part = |is_last| Input::Part(Part { kind: DataKind::Binary, data: "x".into(), is_last });
        let queue = SendQueue::default();
        let ping = Input::Ping("p".into());
        for input in [part(false), message(1), ping.clone(), part(false), message(2), part(true), message(3)] {
            queue.put(input);
        }
        let expected = vec![part(false), ping, part(false), part(true), message(1), message(2), message(3)];
        assert_eq!(queue.take().now_or_never(), Some(expected));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_now_and_then_is_waited_for() {
        let (queue, wait) = (SendQueue::default(), Duration::from_secs(30));
        (0..2 * FULL / PIECE).for_each(|_| queue.put(message(PIECE)));
        let taking = async {
            while queue.is_full() {
                tokio::time::sleep(Duration::from_secs(20)).await;
                queue.take().await;
            }
        };
        let (room, ()) = tokio::join!(queue.room_within(wait), taking);
        room.unwrap();
        queue.put(message(FULL));
        queue.room_within(wait).await.unwrap_err();
    }
}
