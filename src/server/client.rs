//! One client: its session, and what its messages lead to.

use std::future::pending;
use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::acceptor::AcceptedClient;
use super::clients::{ClientSlot, ConnectedClient};
use super::options::Options;
use super::state::ServerState;
use super::work::{ClientTask, NewClient};
use crate::client::report;
use crate::events::{Batch, End, ErrorEvent, Event, EventKind, Exchange, Opened};
use crate::handshake::http2_server::shown_answer;
use crate::handshake::server::{ClientRequestHead, Declined, Denial, answer_head};
use crate::masking;
use crate::message::{Close, Direction};
use crate::request::Header;
use crate::session::{self, DynOutlet, Gone, Outlet, Progress};
use crate::transport::{Duplex, Peer};
use crate::wire::Socket;
use crate::wire::frame::Side;

/// Batches between the queue and the session.
const BATCHES: usize = 1;

/// A client at work: what its session needs, and what is done with it.
struct Served {
    socket: Socket<Box<dyn Duplex>>,
    slot: ClientSlot,
    client: Rc<ConnectedClient>,
    task: Box<dyn ClientTask>,
    opened: Box<Opened>,
    batches: mpsc::Sender<Result<Batch, String>>,
    inputs: mpsc::Receiver<Result<Batch, String>>,
}

/// Serves a client to its end, if it was let in.
pub(super) async fn attend(server: &Rc<ServerState>, options: &Options, (admitted, request, peer): Admitted) {
    match admitted {
        Ok(accepted) => {
            let answer = answer_of(&request, &accepted.answer);
            report::handshake(&server.talk, &peer, &request.head, &answer);
            drop((request, answer));
            serve(server, options, begun(server, options, accepted, peer)).await;
        }
        Err(declined) => turned_away(server, &peer, request, &declined),
    }
}

/// Whether a client was let in, what it had asked, and who it is.
pub(super) type Admitted = (Result<Box<AcceptedClient<ClientSlot>>, Declined>, ClientRequestHead, Peer);

/// The head of the answer to a client that was let in.
fn answer_of(request: &ClientRequestHead, fields: &[Header]) -> String {
    if request.is_http2 { shown_answer(200, fields) } else { answer_head(101, fields) }
}

fn turned_away(server: &ServerState, peer: &Peer, request: ClientRequestHead, declined: &Declined) {
    let denial = declined.denial();
    let shown = |denial: &Denial| match request.is_http2 {
        true => shown_answer(denial.status, &denial.fields()),
        false => denial.head(),
    };
    let answer = denial.as_ref().map_or_else(String::new, shown);
    report::handshake(&server.talk, peer, &request.head, &answer);
    let mut exchange = Box::new(exchange(server, peer, request, denial.as_ref()));
    match declined {
        Declined::Denied(denial) if denial.status == 200 && denial.why.is_none() => {
            server.talk.detail('*', &format!("sent the page to {peer}"));
            exchange.body = None;
            return server.output.put(Event::now(EventKind::Answered(exchange)));
        }
        // A plain HTTP request that the script answers.
        Declined::Answered { .. } => {
            server.talk.detail('*', &format!("{peer}: {declined}"));
            return server.output.put(Event::now(EventKind::Answered(exchange)));
        }
        Declined::Passed { .. } => {
            server.talk.detail('*', &format!("{peer}: {declined}"));
            exchange.body = None;
            return server.output.put(Event::now(EventKind::Answered(exchange)));
        }
        // A connection that only checks whether the port is open.
        Declined::Closed => return server.talk.detail('*', &format!("{peer}: {declined}")),
        _ => {}
    }
    let mut words = format!("{peer}: {declined}");
    if let Some(cause) = std::error::Error::source(declined) {
        words += &format!(": {cause}");
    }
    if let (Some(denial), false) = (denial, matches!(declined, Declined::Denied(_))) {
        words += &format!(" (answered {})", denial.status);
    }
    server.talk.warn(&words);
    let error = ErrorEvent { kind: declined.kind(), words, exchange: Some(exchange) };
    server.output.put(Event::now(error.into()));
}

/// What was asked and answered, for a record.
fn exchange(server: &ServerState, peer: &Peer, request: ClientRequestHead, denial: Option<&Denial>) -> Exchange {
    let ClientRequestHead { head, opening, .. } = request;
    Exchange {
        side: Side::Server,
        peer: Some(peer.clone()),
        url: opening.as_ref().map(|opening| server.address.url(&opening.resource)),
        status: denial.map(|denial| denial.status),
        head: (opening.is_none() && !head.is_empty()).then_some(head),
        headers: opening.map(|opening| opening.fields).unwrap_or_default(),
        ours: denial.map(Denial::fields).unwrap_or_default(),
        body: denial.map(|denial| denial.body.clone()),
        is_cut: false,
    }
}

/// Names the client, tells of it, and begins the work with it.
fn begun(server: &Rc<ServerState>, options: &Options, accepted: Box<AcceptedClient<ClientSlot>>, peer: Peer) -> Served {
    let mut accepted = *accepted;
    let client = named(server, &mut accepted, &peer);
    let resource = std::mem::take(&mut accepted.opening.resource);
    let upstream = accepted.upstream.take();
    let (socket, opened, slot) = accepted.into_parts(server.address.url(&resource), peer);
    let (batches, inputs) = mpsc::channel(BATCHES);
    let (to, about, from) = (&batches, &opened, &resource);
    let mut new = NewClient { server, client: &client, resource: from, opened: about, inputs: to, upstream };
    let task = options.work.begin(&mut new);
    Served { socket, slot, client, task, opened: Box::new(opened), batches, inputs }
}

fn named(server: &ServerState, accepted: &mut AcceptedClient<ClientSlot>, peer: &Peer) -> Rc<ConnectedClient> {
    let AcceptedClient { opening, subprotocol, deflate, slot, .. } = accepted;
    let chosen = subprotocol.as_ref().map(|name| masking::chosen_subprotocol(name, opening.subprotocols()));
    let chosen = chosen.map_or_else(String::new, |name| format!(" ({name})"));
    let client = slot.take(format!("{peer} {}{chosen}", masking::reference(&opening.resource)));
    server.talk.say(&format!("{} connected from {}", client.name, client.about));
    if subprotocol.is_none() {
        report::no_subprotocol(&server.talk, client.name, opening, &server.acceptor.admission.subprotocols);
    }
    if let Some(agreed) = deflate {
        server.talk.detail('*', &format!("{}: {}", client.name, report::compressed(agreed)));
    }
    client
}

async fn serve(server: &ServerState, options: &Options, served: Served) {
    let Served { socket, mut slot, client, task, opened, batches, inputs } = served;
    let outlet = ClientOutlet { output: &*server.output, client: &client, task: &*task };
    outlet.put(Event::now(EventKind::Open(opened)));
    let session = session(options, &outlet, socket, batches, inputs);
    let end = task.attend(Box::pin(session)).await;
    // Whoever is told that it has gone does not find it any more.
    slot.empty();
    if let Some(error) = report::client_ended(&server.talk, client.name, &end) {
        server.output.put(Event { client: Some(client.name), ..Event::now(error.into()) });
    }
    let _ = server.output.flush().await;
    client.queue.close();
    task.finish(&end).await;
}

/// Runs the session to its end; a client that must be closed gets its time for that and no more, even if it still sends.
async fn session(
    options: &Options,
    outlet: &ClientOutlet<'_>,
    socket: Socket<Box<dyn Duplex>>,
    batches: mpsc::Sender<Result<Batch, String>>,
    mut inputs: mpsc::Receiver<Result<Batch, String>>,
) -> Rc<End> {
    let Options { greeting, session: options, .. } = options;
    let mut first = greeting.clone();
    if outlet.task.shows_sent() {
        first.drain(..).for_each(|input| outlet.client.queue.put(input));
    }
    let (_held, mut signals) = mpsc::channel(1);
    let overdue = async {
        outlet.client.dismissed().await;
        sleep(options.ending.close_timeout).await;
    };
    let mut progress = Progress::new(&options.ending);
    let end = tokio::select! {
        outcome = session::pump::run(socket, first, &mut progress, &mut inputs, &mut signals, outlet, options) => outcome.end,
        never = outlet.client.queue.deliver(&batches) => match never {},
        () = overdue => End::Unanswered,
    };
    Rc::new(end)
}

/// Where the events of a client's session go: to its work, and to the server's output.
struct ClientOutlet<'c> {
    output: &'c dyn DynOutlet,
    client: &'c ConnectedClient,
    task: &'c dyn ClientTask,
}

impl Outlet for ClientOutlet<'_> {
    async fn room(&self) -> Result<(), Gone> {
        if let Some(room) = self.task.room() {
            room.await?;
        }
        self.output.room().await
    }

    /// Whoever hears what is received may take it only when what was sent has gone.
    async fn room_for_sent(&self) -> Result<(), Gone> {
        self.output.room_for_sent().await
    }

    fn put(&self, mut event: Event) {
        match &event.what {
            EventKind::Message(direction, _) => self.client.count(*direction, 1),
            EventKind::Run(direction, run) => self.client.count(*direction, run.len()),
            EventKind::Part(part) if part.is_last => self.client.count(Direction::In, 1),
            _ => {}
        }
        self.task.hear(&event);
        if matches!(event.what, EventKind::Part(_)) && self.task.shows_parts() {
            return;
        }
        event.client = Some(self.client.name);
        self.output.put(event);
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.output.flush().await
    }

    fn takes_runs(&self) -> bool {
        self.task.takes_runs() && self.output.takes_runs()
    }

    fn wants_sent(&self) -> bool {
        self.task.wants_sent() || self.output.wants_sent() && !self.task.shows_sent()
    }

    fn shows_sent(&self) -> bool {
        self.wants_sent() || self.task.shows_sent()
    }

    async fn gone(&self) {
        // That ends the server, and this session with it.
        pending().await
    }

    async fn dismissed(&self) -> Close {
        self.client.dismissed().await
    }
}
