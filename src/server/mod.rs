//! `wsprobe listen`: the server. Accepts clients, gives each a name, and does with their messages what was asked for.
//!
//! One thread and one task for each client. What all of them share is in the [`ServerState`], and their events go to one
//! [`Outlet`]. What is done with each is a [`ClientWork`](work::ClientWork).

pub(super) mod acceptor;
pub(crate) mod address;
mod answers;
mod bridge;
pub(crate) mod broadcast;
mod certificate;
mod client;
mod clients;
pub(crate) mod conversation;
mod crowd;
pub(crate) mod demo;
pub(crate) mod echo;
pub(crate) mod exec;
pub(crate) mod forward;
pub(crate) mod lane;
mod message_editor;
pub(crate) mod options;
mod page;
mod passing;
pub(crate) mod replay;
mod requests;
pub(crate) mod script;
mod send_queue;
mod side_task;
pub(crate) mod state;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod upstream;
mod welcome;
pub(crate) mod work;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use self::acceptor::Acceptor;
use self::address::{IncomingConnection, ListenAddress, Listener};
use self::clients::Clients;
pub(crate) use self::clients::Roster;
use self::crowd::{Complaint, Crowd};
pub(crate) use self::options::Options;
pub(crate) use self::state::ServerState;
use self::upstream::Upstream;
use crate::error::Error;
use crate::events::{Event, EventKind, Input};
use crate::message::{Close, Message};
use crate::session::{DynOutlet, Inlet, Outlet as _};
use crate::sys::{descriptors, memory};
use crate::term::Talk;

/// When no more connections can be accepted, for lack of descriptors, it is tried again after this.
const RESPITE: Duration = Duration::from_millis(100);

/// The processes of clients that have left get this long beyond `--close-timeout`.
const PARTING: Duration = Duration::from_secs(1);

/// A server that listens.
pub(crate) struct ListeningServer {
    listener: Listener,
    pub(crate) state: Rc<ServerState>,
    options: Rc<Options>,
}

impl ListeningServer {
    /// Listens, and says so.
    pub(crate) fn open(
        options: &Options,
        output: Rc<dyn DynOutlet>,
        talk: Rc<Talk>,
        roster: Arc<Roster>,
    ) -> Result<Self, Error> {
        descriptors::raise_limit();
        let unheard = |source| Error::Listen { address: options.address.to_string(), source };
        let listener = Listener::bind(&options.address).map_err(unheard)?;
        let address = ListenAddress::new(&listener, options.identity.is_some()).map_err(unheard)?;
        let acceptor = Acceptor {
            tls: options.identity.as_ref().map(|identity| identity.config.clone()),
            http2: options.http2,
            admission: options.admission.clone(),
            has_page: options.has_page,
            answers: options.work.answers(),
            upstream: options.work.upstream().map(|upstream| Upstream::new(Arc::clone(upstream), Rc::clone(&talk))),
            delay: options.delay,
            traced: options.traced,
            parts: options.parts,
            handshake_timeout: options.handshake_timeout,
            limits: options.limits,
        };
        let url = address.url(options.admission.path.as_deref().unwrap_or("/"));
        talk.say(&format!("listening on {url}"));
        options.identity.iter().flat_map(|identity| &identity.notes).for_each(|note| talk.say(note));
        if let Some(warning) = options.work.warning(&options.admission) {
            talk.warn(warning);
        }
        output.put(Event::now(EventKind::Listening(url)));
        let clients = Clients::new(options.max_clients.unwrap_or(usize::MAX), roster);
        let has_failed = Cell::new(false);
        let close_timeout = options.session.ending.close_timeout;
        let decodes = options.session.decode.is_some();
        let state = ServerState { acceptor, address, clients, talk, output, close_timeout, decodes, has_failed };
        let state = Rc::new(state);
        Ok(Self { listener, state, options: Rc::new(options.clone()) })
    }

    /// Serves until a signal, or until `leaving` ends; returns the exit status.
    pub(crate) async fn hold(
        self,
        inputs: &mut impl Inlet,
        signals: &mut mpsc::Receiver<i32>,
        leaving: impl Future<Output = ()>,
    ) -> Result<u8, Error> {
        let Self { listener, state, options } = self;
        let mut tasks = JoinSet::new();
        // What was said so far has room: it is the first.
        let _ = state.output.flush().await;
        let begin = |incoming| welcome::welcome(Rc::clone(&state), Rc::clone(&options), incoming);
        let code = tokio::select! {
            never = accept(&listener, &state, begin, &mut tasks) => match never {},
            why = state.pass_on(inputs) => {
                state.talk.error(&why);
                2
            }
            never = state.tick(&options.ticks) => match never {},
            () = leaving => 0,
            Some(_) = signals.recv() => 0,
            () = state.output.gone() => 0,
        };
        drop(listener);
        state.clients.dismiss_all(&Close::new(1001, ""));
        let last = timeout(state.close_timeout + PARTING, state.clients.nobody());
        let code = tokio::select! {
            // A client that has not answered by now never will.
            _ = last => code,
            Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
            () = state.output.gone() => code,
        };
        tasks.shutdown().await;
        Ok(if code == 0 && state.has_failed.get() { 1 } else { code })
    }
}

async fn accept<F: Future<Output = ()> + 'static>(
    listener: &Listener,
    state: &ServerState,
    begin: impl Fn(IncomingConnection) -> F,
    tasks: &mut JoinSet<()>,
) -> Infallible {
    let (mut crowd, mut complaint) = (Crowd::default(), Complaint::default());
    loop {
        tokio::select! {
            incoming = listener.accept() => match incoming {
                Ok(incoming) => {
                    tasks.spawn_local(begin(incoming));
                    crowd.came(tasks.len());
                }
                Err(error) => {
                    if complaint.is_due(Instant::now()) {
                        state.talk.warn(&format!("cannot accept a connection: {error}; new clients have to wait"));
                    }
                    sleep(RESPITE).await;
                }
            },
            // Their results are not needed, and their memory should be freed now.
            Some(_) = tasks.join_next() => {
                if crowd.left(tasks.len()) {
                    memory::give_back();
                }
            }
        }
    }
}

impl ServerState {
    /// Sends what the user says to all, as soon as there is somebody; ends when that is no good, with the reason.
    async fn pass_on(&self, inputs: &mut impl Inlet) -> String {
        loop {
            self.clients.somebody().await;
            match inputs.next().await {
                Some(Ok(batch)) => {
                    // The input waits for whoever takes it, however slowly.
                    self.clients.room().await.into_iter().for_each(|name| self.too_slow(name));
                    for member in self.clients.members() {
                        batch.iter().for_each(|input| member.queue.put(input.clone()));
                    }
                }
                Some(Err(why)) => return why,
                // The clients go on without it.
                None => pending().await,
            }
        }
    }

    /// Sends the messages of `--every`.
    async fn tick(&self, ticks: &[(Duration, Message)]) -> Infallible {
        let ticking = ticks.iter().map(|(every, message)| async move {
            let mut interval = interval_at(Instant::now() + *every, *every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                if self.acceptor.upstream.is_some() {
                    // It is shown at once.
                    let _ = self.output.room_for_sent().await;
                }
                self.say_to_others(&Input::Message(message.clone()), None);
            }
        });
        futures_util::future::join_all(ticking).await.pop().unwrap_or(pending().await)
    }
}
