//! The connected clients by name, what is queued for each of them, and which must be closed.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::send_queue::SendQueue;
use crate::events::{ClientName, Input, now};
use crate::message::{Close, Direction};

/// Stdin waits this long for a client that takes nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clients of a server.
pub(crate) struct Clients {
    // Borrowed between awaits only.
    members: RefCell<BTreeMap<ClientName, Rc<ConnectedClient>>>,
    roster: Arc<Roster>,
    named: Cell<u32>,
    most: usize,
    places: Cell<usize>,
    is_shut: Cell<bool>,
    changed: Notify,
}

/// The names of those who are there, for other threads.
#[derive(Default)]
pub(crate) struct Roster(Mutex<BTreeSet<ClientName>>);

/// A client that was let in.
pub(crate) struct ConnectedClient {
    pub(crate) name: ClientName,
    /// Where it is and what it asked for, in words.
    pub(crate) about: String,
    pub(crate) since: SystemTime,
    /// How many messages came from it, and went to it.
    pub(crate) received: Cell<u64>,
    pub(crate) sent: Cell<u64>,
    pub(crate) queue: Rc<SendQueue>,
    /// What goes to the server of a relay.
    pub(crate) upstream: OnceCell<Rc<SendQueue>>,
    dismissal: RefCell<Option<Close>>,
    dismissed: Notify,
}

/// A place among the clients, given back when dropped.
pub(crate) struct ClientSlot {
    clients: Rc<Clients>,
    name: Option<ClientName>,
}

impl Clients {
    pub(crate) fn new(most: usize, roster: Arc<Roster>) -> Rc<Self> {
        Rc::new(Self {
            members: RefCell::default(),
            roster,
            named: Cell::new(0),
            most,
            places: Cell::new(0),
            is_shut: Cell::new(false),
            changed: Notify::new(),
        })
    }

    /// A place for one more client, if there is one.
    pub(crate) fn place(self: &Rc<Self>) -> Option<ClientSlot> {
        if self.is_shut.get() || self.places.get() >= self.most {
            return None;
        }
        self.places.set(self.places.get() + 1);
        Some(ClientSlot { clients: Rc::clone(self), name: None })
    }

    /// All of them, in the order in which they came.
    pub(crate) fn members(&self) -> Vec<Rc<ConnectedClient>> {
        self.members.borrow().values().cloned().collect()
    }

    pub(crate) fn member(&self, name: ClientName) -> Option<Rc<ConnectedClient>> {
        self.members.borrow().get(&name).cloned()
    }

    /// Sends to all but one, without waiting; returns those that were too slow and have to go.
    pub(crate) fn send(&self, input: &Input, except: Option<ClientName>) -> Vec<ClientName> {
        let members = self.members.borrow();
        let others = members.values().filter(|member| Some(member.name) != except);
        others.filter(|member| !member.send(input.clone())).map(|member| member.name).collect()
    }

    /// Waits until nobody has too much waiting; returns those that stood still and have to go.
    pub(crate) async fn room(&self) -> Vec<ClientName> {
        let mut stalled = Vec::new();
        for member in self.members() {
            if member.queue.room_within(PATIENCE).await.is_err() {
                member.dismiss(too_slow());
                stalled.push(member.name);
            }
        }
        stalled
    }

    /// Waits for the first client, or for the next one when all have left.
    pub(crate) async fn somebody(&self) {
        self.until(|| !self.members.borrow().is_empty()).await;
    }

    /// Waits until the last one has left.
    pub(crate) async fn nobody(&self) {
        self.until(|| self.places.get() == 0).await;
    }

    /// Closes all of them, and accepts no more.
    pub(crate) fn dismiss_all(&self, close: &Close) {
        self.is_shut.set(true);
        self.members.borrow().values().for_each(|member| member.dismiss(close.clone()));
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so() {
                return;
            }
            changed.await;
        }
    }
}

impl Roster {
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// In the order in which they came.
    pub(crate) fn names(&self) -> Vec<ClientName> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<ClientName>> {
        self.0.lock().expect("nothing panics while it holds this")
    }
}

impl ClientSlot {
    /// Gives the client that takes it a name.
    pub(crate) fn take(&mut self, about: String) -> Rc<ConnectedClient> {
        let name = ClientName(self.clients.named.get() + 1);
        self.clients.named.set(name.0);
        self.name = Some(name);
        let member = Rc::new(ConnectedClient {
            name,
            about,
            since: now(),
            received: Cell::new(0),
            sent: Cell::new(0),
            queue: Rc::default(),
            upstream: OnceCell::new(),
            dismissal: RefCell::default(),
            dismissed: Notify::new(),
        });
        self.clients.members.borrow_mut().insert(name, Rc::clone(&member));
        self.clients.roster.lock().insert(name);
        self.clients.changed.notify_waiters();
        member
    }

    /// Its client is no longer there; the place is still taken by what it leaves behind.
    pub(crate) fn empty(&mut self) {
        if let Some(name) = self.name.take() {
            self.clients.members.borrow_mut().remove(&name);
            self.clients.roster.lock().remove(&name);
        }
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        self.empty();
        self.clients.places.set(self.clients.places.get() - 1);
        self.clients.changed.notify_waiters();
    }
}

impl ConnectedClient {
    /// Puts something into the queue; false when that is full, and the client has to go.
    pub(crate) fn send(&self, input: Input) -> bool {
        if self.queue.is_full() {
            self.dismiss(too_slow());
            return false;
        }
        self.queue.put(input);
        true
    }

    /// Takes note of messages that went one way or the other.
    pub(crate) fn count(&self, direction: Direction, messages: usize) {
        let counter = match direction {
            Direction::In => &self.received,
            Direction::Out => &self.sent,
        };
        counter.set(counter.get() + messages as u64);
    }

    /// Ends its session with this Close; what waits is not sent any more. The first to say so is heard.
    pub(crate) fn dismiss(&self, close: Close) {
        self.queue.close();
        self.dismissal.borrow_mut().get_or_insert(close);
        self.dismissed.notify_waiters();
    }

    /// Waits until it is to go.
    pub(crate) async fn dismissed(&self) -> Close {
        loop {
            let dismissed = self.dismissed.notified();
            if let Some(close) = &*self.dismissal.borrow() {
                return close.clone();
            }
            dismissed.await;
        }
    }
}

fn too_slow() -> Close {
    Close::new(1013, "too slow")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use futures_util::FutureExt as _;

    fn message(length: usize) -> Input {
        Input::Message(Message::Binary(vec![0; length].into()))
    }

    #[test]
    fn a_place_is_free_again_when_its_client_has_left() {
        let clients = Clients::new(1, Arc::default());
        let mut place = clients.place().unwrap();
        assert!(clients.place().is_none());
        assert_eq!(place.take(String::new()).name.to_string(), "#1");
        assert!(clients.somebody().now_or_never().is_some() && clients.nobody().now_or_never().is_none());
        drop(place);
        assert!(clients.somebody().now_or_never().is_none() && clients.nobody().now_or_never().is_some());
        assert_eq!(clients.place().unwrap().take(String::new()).name.to_string(), "#2");
    }

    #[test]
    fn what_one_says_goes_to_the_others_and_the_slow_one_has_to_go() {
        let clients = Clients::new(3, Arc::default());
        let mut places: Vec<_> = (0..3).map(|_| clients.place().unwrap()).collect();
        let members: Vec<_> = places.iter_mut().map(|place| place.take(String::new())).collect();
        members[1].queue.put(message(4 << 20));
        assert_eq!(clients.send(&message(1), Some(members[0].name)), [members[1].name]);
        assert!(members[0].queue.take().now_or_never().is_none());
        assert!(members[1].queue.take().now_or_never().is_none());
        assert_eq!(members[2].queue.take().now_or_never().unwrap(), [message(1)]);
        assert_eq!(members[1].dismissed().now_or_never().unwrap().code, Some(1013));
        assert!(clients.send(&message(1), None).is_empty());
    }

    #[test]
    fn nobody_is_let_in_after_all_were_sent_away() {
        let clients = Clients::new(2, Arc::default());
        let mut place = clients.place().unwrap();
        let member = place.take(String::new());
        clients.dismiss_all(&Close::new(1001, ""));
        assert!(clients.place().is_none());
        assert_eq!(member.dismissed().now_or_never().unwrap().code, Some(1001));
    }
}
