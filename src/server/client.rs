//! One client: its session, and what its messages lead to.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::FusedFuture as _;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::acceptor::AcceptedClient;
use super::address::IncomingConnection;
use super::clients::{ClientSlot, ConnectedClient};
use super::exec::{Caller, Process};
use super::replay::ReplayedClient;
use super::script::ScriptedClient;
use super::send_queue::SendQueue;
use super::{ServerState, Work};
use crate::client::report;
use crate::error::Error;
use crate::events::{End, ErrorEvent, Event, EventKind, Exchange, Input, Opened};
use crate::handshake::server::{ClientRequestHead, Declined, Denial, answer_head};
use crate::masking;
use crate::message::{Close, Direction, Message};
use crate::play::Inbox;
use crate::play::comparison::Differences;
use crate::session::{self, Gone, Outlet, Progress};
use crate::transport::Peer;
use crate::wire::frame::Side;

/// Batches between the mailbox and the session.
const BATCHES: usize = 1;

/// Lets a client in, if it may, and stays with it to its end.
pub(crate) async fn welcome<O: Outlet>(floor: Rc<ServerState<O>>, arrival: IncomingConnection) {
    // Boxed, so that what the handshake needs is not kept for as long as the client stays.
    if let Some((guest, peer)) = Box::pin(admitted(&floor, arrival)).await {
        serve(&floor, guest, peer).await;
    }
}

/// The client, if it may come in.
async fn admitted<O: Outlet>(
    floor: &ServerState<O>,
    arrival: IncomingConnection,
) -> Option<(Box<AcceptedClient<ClientSlot>>, Peer)> {
    let IncomingConnection { stream, peer } = arrival;
    let mut request = ClientRequestHead::default();
    match floor.door.admit(stream, || floor.hub.place(), &mut request).await {
        Ok(guest) => {
            report::handshake(&floor.talk, &peer, &request.head, &answer_head(101, &guest.answer));
            Some((Box::new(guest), peer))
        }
        Err(declined) => {
            turned_away(floor, &peer, request, &declined);
            None
        }
    }
}

fn turned_away<O: Outlet>(floor: &ServerState<O>, peer: &Peer, request: ClientRequestHead, declined: &Declined) {
    let denial = declined.denial();
    let answer = denial.as_ref().map_or_else(String::new, |denial| answer_head(denial.status, &denial.fields()));
    report::handshake(&floor.talk, peer, &request.head, &answer);
    let mut exchange = Box::new(exchange(floor, peer, request, denial.as_ref()));
    match declined {
        Declined::Denied(denial) if denial.status == 200 => {
            floor.talk.detail('*', &format!("{peer} was given the page"));
            exchange.body = None;
            return floor.output.put(Event::now(EventKind::Answered(exchange)));
        }
        // Whoever asks for what the script has beside its socket.
        Declined::Answered { .. } => {
            floor.talk.detail('*', &format!("{peer}: {declined}"));
            return floor.output.put(Event::now(EventKind::Answered(exchange)));
        }
        // Whoever looks whether a port is open.
        Declined::Closed => return floor.talk.detail('*', &format!("{peer}: {declined}")),
        _ => {}
    }
    let mut words = format!("{peer}: {declined}");
    if let Some(cause) = std::error::Error::source(declined) {
        words += &format!(": {cause}");
    }
    if let (Some(denial), false) = (denial, matches!(declined, Declined::Denied(_))) {
        words += &format!(" (answered {})", denial.status);
    }
    floor.talk.warn(&words);
    let error = ErrorEvent { kind: declined.kind(), words, exchange: Some(exchange) };
    floor.output.put(Event::now(error.into()));
}

/// What was asked and answered, for a record.
fn exchange<O>(floor: &ServerState<O>, peer: &Peer, request: ClientRequestHead, denial: Option<&Denial>) -> Exchange {
    let ClientRequestHead { head, opening } = request;
    Exchange {
        side: Side::Server,
        peer: Some(peer.clone()),
        url: opening.as_ref().map(|opening| floor.site.url(&opening.resource)),
        status: denial.map(|denial| denial.status),
        head: (opening.is_none() && !head.is_empty()).then_some(head),
        headers: opening.map(|opening| opening.fields).unwrap_or_default(),
        ours: denial.map(Denial::fields).unwrap_or_default(),
        body: denial.map(|denial| denial.body.clone().into_bytes()),
        is_cut: false,
    }
}

async fn serve<O: Outlet>(floor: &ServerState<O>, guest: Box<AcceptedClient<ClientSlot>>, peer: Peer) {
    let AcceptedClient { socket, opening, answer, subprotocol, extensions, deflate, tally, tls, mut place } = *guest;
    let chosen = subprotocol.as_ref().map(|name| masking::chosen_subprotocol(name, opening.subprotocols()));
    let chosen = chosen.map_or_else(String::new, |name| format!(" ({name})"));
    let member = place.take(format!("{peer} {}{chosen}", masking::reference(&opening.resource)));
    let caller = Caller {
        opening: &opening,
        peer: &peer,
        site: &floor.site,
        credentials: floor.door.admission.credentials.as_ref(),
        unique: format!("{}-{}", std::process::id(), member.name.0),
    };
    let started = match &floor.options.work {
        Work::Exec(command) => Some(Process::start(command, &caller)),
        Work::Echo | Work::Broadcast | Work::Converse | Work::Script(_) | Work::Replay(_) => None,
    };
    floor.talk.say(&format!("{} connected from {}", member.name, member.about));
    if subprotocol.is_none() {
        report::no_subprotocol(&floor.talk, member.name, &opening, &floor.door.admission.subprotocols);
    }
    if let Some(agreed) = &deflate {
        floor.talk.detail('*', &format!("{}: {}", member.name, report::compressed(agreed)));
    }
    let process = started.and_then(|started| match started {
        Ok(process) => Some(process),
        Err(error) => {
            floor.talk.error(&format!("{}: the command cannot be started: {error}", member.name));
            member.dismiss(Close::new(1011, "the command cannot be started"));
            None
        }
    });
    let findings = Differences::new(&floor.talk, member.name.to_string());
    let replay = match &floor.options.work {
        Work::Replay(replay) => match replay.to(member.name.0, &findings, &floor.talk) {
            Ok(playing) => Some(Box::new(playing)),
            Err(error) => {
                unplayable(floor, &member, &error);
                None
            }
        },
        _ => None,
    };
    let opened = Opened {
        url: floor.site.url(&opening.resource),
        peer,
        tls,
        status: 101,
        request: Vec::new(),
        headers: opening.fields,
        answer,
        subprotocol,
        extensions,
        deflate,
        tally,
    };
    let (first, options) = (floor.options.greeting.clone(), &floor.options.session);
    let close_timeout = options.ending.close_timeout;
    let (batches, mut inputs) = mpsc::channel(BATCHES);
    let role = match &floor.options.work {
        Work::Script(script) => Some(Box::new(ScriptedClient::new(script, &opened, batches.clone(), close_timeout))),
        Work::Exec(_) | Work::Echo | Work::Broadcast | Work::Converse | Work::Replay(_) => None,
    };
    let (mailbox, line) = (process.as_ref().map(Process::mailbox), role.as_ref().map(|role| role.line()));
    let seat = ClientOutlet { floor, member: &member, process: mailbox, line, replay };
    seat.put(Event::now(EventKind::Open(Box::new(opened))));

    let (_held, mut signals) = mpsc::channel(1);
    let deliver = async {
        while batches.send(Ok(member.mailbox.take().await)).await.is_ok() {}
        pending::<()>().await;
    };
    let overdue = async {
        member.dismissed().await;
        sleep(close_timeout).await;
    };
    let working = async {
        if let Some(process) = process {
            // Boxed, so that clients without one need no memory for it.
            Box::pin(process.run(&member.mailbox, floor.door.limits.max_message, close_timeout)).await;
        }
    };
    let mut working = pin!(working.fuse());
    let at_work = async {
        working.as_mut().await;
        pending::<()>().await;
    };
    let replaying = async {
        if let Some(replay) = &seat.replay
            && let Err(error) = Box::pin(replay.play(&member.mailbox)).await
        {
            unplayable(floor, &member, &error);
        }
        pending::<()>().await;
    };
    let mut progress = Progress::new(&options.ending);
    let session = async {
        let outcome = tokio::select! {
            outcome = session::pump::run(socket, first, &mut progress, &mut inputs, &mut signals, &seat, options) => Some(outcome),
            () = deliver => None,
            () = at_work => None,
            () = replaying => None,
            // It has had its time, also if it still sends.
            () = overdue => None,
        };
        let end = Rc::new(outcome.map_or(End::Unanswered, |outcome| outcome.end));
        if let Some(line) = &seat.line {
            line.ended(Rc::clone(&end));
        }
        end
    };
    let playing = async {
        if let Some(role) = role {
            // Boxed for the same reason.
            Box::pin(role.play(floor, &member)).await;
        }
    };
    let (end, ()) = tokio::join!(session, playing);
    if let Some(error) = report::client_ended(&floor.talk, member.name, &end) {
        floor.output.put(Event { client: Some(member.name), ..Event::now(error.into()) });
    }
    let _ = seat.flush().await;
    if let Some(Err(error)) = seat.replay.map(|replay| replay.ended(&end)) {
        floor.talk.error(&format!("{}: {}", member.name, error.chain()));
    }
    findings.sum_up();
    if !findings.are_none() {
        floor.has_failed.set(true);
    }
    place.empty();
    member.mailbox.close();
    if let Some(mailbox) = &seat.process {
        mailbox.end();
    }
    // What the client said last is still to be read.
    if !working.is_terminated() {
        working.await;
    }
}

/// What was to be played cannot be read any more.
fn unplayable<O: Outlet>(floor: &ServerState<O>, member: &ConnectedClient, error: &Error) {
    floor.talk.error(&format!("{}: {}", member.name, error.chain()));
    member.dismiss(Close::new(1011, "the recording cannot be read"));
}

/// Where the events of a client's session go.
struct ClientOutlet<'f, O> {
    floor: &'f ServerState<O>,
    member: &'f ConnectedClient,
    /// What the client's process is to read.
    process: Option<Rc<SendQueue>>,
    /// What the client's script is to hear.
    line: Option<Rc<Inbox>>,
    /// What is replayed to it; boxed, so that clients without it need no memory for it.
    replay: Option<Box<ReplayedClient<'f>>>,
}

impl<O: Outlet> ClientOutlet<'_, O> {
    fn heard(&self, message: &Message) {
        let input = || Input::Message(message.clone());
        match (&self.floor.options.work, &self.process) {
            (Work::Broadcast, _) => self.floor.say_to_others(&input(), Some(self.member.name)),
            (Work::Exec(_), Some(mailbox)) => mailbox.put(input()),
            // The session echoes by itself.
            (Work::Exec(_) | Work::Echo | Work::Converse | Work::Script(_) | Work::Replay(_), _) => {}
        }
    }
}

impl<O: Outlet> Outlet for ClientOutlet<'_, O> {
    async fn room(&self) -> Result<(), Gone> {
        if let Some(mailbox) = &self.process {
            // A process that is slow to read makes its client wait; who gives up is the client's to say.
            mailbox.room().await;
        }
        if let Some(line) = &self.line {
            line.room().await?;
        }
        self.floor.output.room().await
    }

    fn put(&self, mut event: Event) {
        match &event.what {
            EventKind::Message(direction, message) => {
                self.member.count(*direction, 1);
                if *direction == Direction::In {
                    self.heard(message);
                }
            }
            EventKind::Run(run) => self.member.count(Direction::In, run.len()),
            _ => {}
        }
        if let Some(line) = &self.line {
            line.put(event.clone());
        }
        if let Some(replay) = &self.replay {
            replay.hear(&event);
        }
        event.client = Some(self.member.name);
        self.floor.output.put(event);
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.floor.output.flush().await
    }

    fn takes_runs(&self) -> bool {
        let looks_at_each = !matches!(self.floor.options.work, Work::Echo | Work::Converse);
        !looks_at_each && self.floor.output.takes_runs()
    }

    fn wants_sent(&self) -> bool {
        self.line.is_some() || self.floor.output.wants_sent()
    }

    async fn gone(&self) {
        // That ends the server, and this session with it.
        pending().await
    }

    async fn dismissed(&self) -> Close {
        self.member.dismissed().await
    }
}
