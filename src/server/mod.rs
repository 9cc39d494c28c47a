//! `wsprobe listen`: the server. Accepts clients, gives each a name, and does with their messages what was asked for.
//!
//! One thread and one task for each client. What holds for all of them is on the [`ServerState`]; where their events go is
//! an [`Outlet`] that they share.

pub(super) mod acceptor;
pub(crate) mod address;
mod answers;
mod certificate;
mod client;
mod clients;
mod exec;
pub(crate) mod options;
mod page;
pub(crate) mod replay;
mod requests;
pub(crate) mod script;
mod send_queue;
pub(crate) mod server_script;
pub(crate) mod tls;

use std::cell::Cell;
use std::future::pending;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use self::acceptor::Acceptor;
use self::address::{Address, ListenAddress, Listener};
use self::answers::HttpAnswers;
use self::clients::Clients;
pub(crate) use self::clients::Roster;
use self::replay::ServerReplay;
use self::tls::ServerIdentity;
use crate::error::Error;
use crate::events::{Batch, ClientName, Event, EventKind, Input};
use crate::handshake::admission::Admission;
use crate::handshake::origin::Origins;
use crate::message::{Close, Message};
use crate::session::{self, Echo, Gone, Inlet, KeepaliveOptions, Outlet};
use crate::term::{Talk, Verbosity};
use crate::wire::Limits;

/// When no more connections can be accepted, for want of descriptors, it is tried again after this.
const RESPITE: Duration = Duration::from_millis(100);

/// The processes of clients that have left get this long beyond `--close-timeout`.
const PARTING: Duration = Duration::from_secs(1);

/// How to be a server.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) address: Address,
    pub(crate) identity: Option<ServerIdentity>,
    pub(crate) admission: Admission,
    pub(crate) has_page: bool,
    pub(crate) delay: Duration,
    /// `--frames`
    pub(crate) traced: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) max_clients: Option<usize>,
    pub(crate) limits: Limits,
    pub(crate) work: Work,
    /// Sent to each client as soon as it is connected.
    pub(crate) greeting: Batch,
    pub(crate) ticks: Vec<(Duration, Message)>,
    pub(crate) session: session::options::Options,
}

/// What is done with a client's messages, beside showing them.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// The user answers.
    Converse,
    Echo,
    Broadcast,
    Exec(String),
    Script(Box<crate::server::server_script::LoadedServerScript>),
    /// What a server once said is said again.
    Replay(Box<ServerReplay>),
}

/// What all clients share.
pub(crate) struct ServerState<O> {
    options: Options,
    door: Acceptor,
    site: ListenAddress,
    hub: Rc<Clients>,
    output: Rc<O>,
    talk: Rc<Talk>,
    /// A client's script has, or it said something else than was recorded.
    has_failed: Cell<bool>,
}

/// A server that listens.
pub(crate) struct ListeningServer<O> {
    listener: Listener,
    pub(crate) floor: Rc<ServerState<O>>,
}

/// A server on a thread of its own that sends every message back, for `demo` and for tests; returns its port.
pub(crate) fn echo_aside(max_message: usize) -> std::io::Result<u16> {
    let (told, port) = std::sync::mpsc::channel();
    let serve = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        LocalSet::new().block_on(&runtime, async {
            let silent = Rc::new(Talk::to(Verbosity::QUIET, false, "", drop));
            match ListeningServer::open(&Options::echo(max_message), Rc::new(Nowhere), silent, Arc::default()) {
                Ok(server) => {
                    let _ = told.send(Ok(server.floor.site.port()));
                    let (_inputs, mut no_inputs) = mpsc::channel(1);
                    let (_signals, mut no_signals) = mpsc::channel(1);
                    let _ = server.hold(&mut no_inputs, &mut no_signals, pending()).await;
                }
                Err(error) => drop(told.send(Err(std::io::Error::other(error)))),
            }
        });
    };
    std::thread::Builder::new().name("server".to_owned()).spawn(serve)?;
    port.recv().unwrap_or_else(|gone| Err(std::io::Error::other(gone)))
}

impl<O: Outlet + 'static> ListeningServer<O> {
    /// Listens, and says so.
    pub(crate) fn open(options: &Options, output: Rc<O>, talk: Rc<Talk>, roster: Arc<Roster>) -> Result<Self, Error> {
        raise_file_limit();
        let unheard = |source| Error::Listen { address: options.address.to_string(), source };
        let listener = Listener::bind(&options.address).map_err(unheard)?;
        let site = ListenAddress::new(&listener, options.identity.is_some()).map_err(unheard)?;
        let door = Acceptor {
            tls: options.identity.as_ref().map(|identity| identity.config.clone()),
            admission: options.admission.clone(),
            has_page: options.has_page,
            answers: options.work.answers(),
            delay: options.delay,
            traced: options.traced,
            handshake_timeout: options.handshake_timeout,
            limits: options.limits,
        };
        let url = site.url(options.admission.path.as_deref().unwrap_or("/"));
        talk.say(&format!("listening on {url}"));
        options.identity.iter().flat_map(|identity| &identity.notes).for_each(|note| talk.say(note));
        if matches!(options.work, Work::Exec(_)) && options.admission.origins == Origins::Any {
            talk.warn(
                "any web page that a browser on this machine shows can talk to the command (--origin '*' with --exec)",
            );
        }
        output.put(Event::now(EventKind::Listening(url)));
        let hub = Clients::new(options.max_clients.unwrap_or(usize::MAX), roster);
        let has_failed = Cell::new(false);
        let floor = Rc::new(ServerState { options: options.clone(), door, site, hub, output, talk, has_failed });
        Ok(Self { listener, floor })
    }

    /// Serves until a signal, or until `leaving` ends; returns the exit status.
    pub(crate) async fn hold(
        self,
        inputs: &mut impl Inlet,
        signals: &mut mpsc::Receiver<i32>,
        leaving: impl Future<Output = ()>,
    ) -> Result<u8, Error> {
        let Self { listener, floor } = self;
        let mut clients = JoinSet::new();
        // What was said so far has room: it is the first.
        let _ = floor.output.flush().await;
        let code = tokio::select! {
            never = accept(&listener, &floor, &mut clients) => match never {},
            why = floor.pass_on(inputs) => {
                floor.talk.error(&why);
                2
            }
            never = floor.tick() => match never {},
            () = leaving => 0,
            Some(_) = signals.recv() => 0,
            () = floor.output.gone() => 0,
        };
        drop(listener);
        floor.hub.dismiss_all(&Close::new(1001, ""));
        let last = timeout(floor.options.session.ending.close_timeout + PARTING, floor.hub.nobody());
        let code = tokio::select! {
            // Whoever has not answered by now never will.
            _ = last => code,
            Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
            () = floor.output.gone() => code,
        };
        clients.shutdown().await;
        Ok(if code == 0 && floor.has_failed.get() { 1 } else { code })
    }
}

async fn accept<O: Outlet + 'static>(
    listener: &Listener,
    floor: &Rc<ServerState<O>>,
    clients: &mut JoinSet<()>,
) -> std::convert::Infallible {
    loop {
        tokio::select! {
            arrival = listener.accept() => match arrival {
                Ok(arrival) => drop(clients.spawn_local(client::welcome(Rc::clone(floor), arrival))),
                Err(error) => {
                    floor.talk.warn(&format!("cannot accept a connection: {error}"));
                    sleep(RESPITE).await;
                }
            },
            // Nobody asks how they ended, and their memory is not to wait for the end.
            Some(_) = clients.join_next() => {}
        }
    }
}

impl<O: Outlet> ServerState<O> {
    /// Sends what the user says to all, as soon as there is somebody; ends when that is no good, with the reason.
    async fn pass_on(&self, inputs: &mut impl Inlet) -> String {
        loop {
            self.hub.somebody().await;
            match inputs.next().await {
                Some(Ok(batch)) => {
                    // The input waits for whoever takes it, however slowly.
                    self.hub.room().await.into_iter().for_each(|name| self.too_slow(name));
                    for member in self.hub.members() {
                        batch.iter().for_each(|input| member.mailbox.put(input.clone()));
                    }
                }
                Some(Err(why)) => return why,
                // The clients go on without it.
                None => pending().await,
            }
        }
    }

    /// Sends the messages of `--every`.
    async fn tick(&self) -> std::convert::Infallible {
        let ticking = self.options.ticks.iter().map(|(every, message)| async move {
            let mut interval = interval_at(Instant::now() + *every, *every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                self.say_to_others(&Input::Message(message.clone()), None);
            }
        });
        futures_util::future::join_all(ticking).await.pop().unwrap_or(pending().await)
    }

    /// Sends to all but one; who is too slow for that has to go.
    fn say_to_others(&self, input: &Input, except: Option<ClientName>) {
        self.hub.send(input, except).into_iter().for_each(|name| self.too_slow(name));
    }

    fn too_slow(&self, name: ClientName) {
        self.talk.warn(&format!("{name} is too slow: closing it with 1013"));
    }
}

impl Work {
    pub(crate) fn echo(&self) -> Echo {
        if matches!(self, Self::Echo) { Echo::InOrder } else { Echo::No }
    }

    fn answers(&self) -> Option<HttpAnswers> {
        match self {
            Self::Script(script) => HttpAnswers::of(script),
            _ => None,
        }
    }
}

impl Options {
    /// The server of `demo`: everything comes back, to whoever asks from this machine.
    fn echo(max_message: usize) -> Self {
        Self {
            address: Address::Inet((Ipv4Addr::LOCALHOST, 0).into()),
            identity: None,
            admission: Admission::compressing(),
            has_page: true,
            delay: Duration::ZERO,
            traced: false,
            handshake_timeout: Duration::from_secs(10),
            max_clients: None,
            limits: Limits { max_message, pongs: true },
            work: Work::Echo,
            greeting: Batch::new(),
            ticks: Vec::new(),
            session: session::options::Options::of_a_server(
                Echo::InOrder,
                Duration::from_secs(5),
                KeepaliveOptions::default(),
            ),
        }
    }
}

/// Each client takes a descriptor, and the usual limit is made for programs that use select(2).
fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Then there is room for fewer clients, and they will be told.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// For a server whose events nobody wants to see.
struct Nowhere;

impl Outlet for Nowhere {
    async fn room(&self) -> Result<(), Gone> {
        Ok(())
    }

    fn put(&self, _: Event) {}

    async fn flush(&self) -> Result<(), Gone> {
        Ok(())
    }

    fn takes_runs(&self) -> bool {
        true
    }

    fn wants_sent(&self) -> bool {
        false
    }

    async fn gone(&self) {
        pending().await
    }
}
