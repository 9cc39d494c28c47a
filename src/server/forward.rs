//! `--forward`: a relay. What a client says goes to a server, and what that says goes to the client.
//!
//! Each side has a queue, and what puts into it waits for room before it reads on: whoever reads slowly slows the other
//! side's sender.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use super::clients::ConnectedClient;
use super::send_queue::SendQueue;
use super::side_task::SideTask;
use super::state::ServerState;
use super::upstream::UpstreamOptions;
use super::work::{ClientTask, ClientWork, NewClient, NoTask};
use crate::client::connector::Connected;
use crate::client::report;
use crate::events::{Batch, End, Event, EventKind, Input};
use crate::message::{Close, Direction};
use crate::session::{self, DynOutlet, Gone, Outlet, Progress};

/// How a connection that was cut is called (RFC 6455, section 7.1.5).
const CUT: Option<u16> = Some(1006);

/// Connects each client to a server.
#[derive(Debug)]
pub(crate) struct ForwardWork(pub(crate) Arc<UpstreamOptions>);

/// A client with a connection to the server.
struct ForwardedClient {
    /// What goes to the server.
    up: Rc<SendQueue>,
    upstream: SideTask,
}

/// The session with the server.
struct UpstreamSession {
    options: Arc<UpstreamOptions>,
    server: Rc<ServerState>,
    client: Rc<ConnectedClient>,
    up: Rc<SendQueue>,
    output: Rc<dyn DynOutlet>,
}

impl ClientWork for ForwardWork {
    fn takes_input(&self) -> bool {
        true
    }

    fn upstream(&self) -> Option<&Arc<UpstreamOptions>> {
        Some(&self.0)
    }

    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let Some(connected) = new.upstream.take() else { return Box::new(NoTask) };
        let up = Rc::<SendQueue>::default();
        let session = UpstreamSession {
            options: Arc::clone(&self.0),
            server: Rc::clone(new.server),
            client: Rc::clone(new.client),
            up: Rc::clone(&up),
            output: Rc::clone(new.output),
        };
        Box::new(ForwardedClient { up, upstream: SideTask::new(session.run(connected)) })
    }
}

impl ClientTask for ForwardedClient {
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        self.up.is_full().then(|| self.up.room().map(Ok).boxed_local())
    }

    fn hear(&self, event: &Event) {
        if let Some(input) = passed_on(&event.what) {
            self.up.put(input);
        }
    }

    fn takes_runs(&self) -> bool {
        true
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        self.upstream.beside(session)
    }

    fn finish<'t>(&'t self, _: &'t End) -> LocalBoxFuture<'t, ()> {
        // For an end that the client has not said itself.
        self.up.put(Input::Close(Some(Close::new(1001, ""))));
        self.upstream.finish().boxed_local()
    }
}

impl UpstreamSession {
    /// Runs to its end, and sees that the client hears of it.
    async fn run(self, connected: Box<Connected>) {
        let (socket, opened) = *connected;
        let options = &self.options.client.session;
        let outlet = UpstreamOutlet { output: &*self.output, client: &self.client };
        outlet.show(Event::now(EventKind::Open(Box::new(opened))));
        let (batches, mut inputs) = mpsc::channel(1);
        let (_held, mut signals) = mpsc::channel(1);
        let deliver = async {
            while batches.send(Ok(self.up.take().await)).await.is_ok() {}
            std::future::pending::<()>().await;
        };
        let mut progress = Progress::new(&options.ending);
        let to: &dyn DynOutlet = &outlet;
        let end = tokio::select! {
            outcome = session::pump::run(socket, Batch::new(), &mut progress, &mut inputs, &mut signals, to, options) => outcome.end,
            () = deliver => End::Unanswered,
        };
        self.up.close();
        if let Some(error) = report::upstream_ended(&self.server.talk, self.client.name, &end) {
            outlet.show(Event::now(error.into()));
        }
        // For an end that the server has not said itself.
        self.client.queue.put(Input::Close(Some(Close::new(1001, ""))));
        let _ = self.output.flush_dyn().await;
    }
}

/// Where the events of the session with the server go: to the client, and to the output.
struct UpstreamOutlet<'u> {
    output: &'u dyn DynOutlet,
    client: &'u ConnectedClient,
}

impl UpstreamOutlet<'_> {
    fn show(&self, event: Event) {
        self.output.put(Event { client: Some(self.client.name), is_upstream: true, ..event });
    }
}

impl Outlet for UpstreamOutlet<'_> {
    async fn room(&self) -> Result<(), Gone> {
        self.client.queue.room().await;
        self.output.room().await
    }

    fn put(&self, event: Event) {
        if let Some(input) = passed_on(&event.what) {
            self.client.queue.put(input);
        }
        // Messages are shown when they are sent to the client.
        if !matches!(event.what, EventKind::Message(..) | EventKind::Run(_) | EventKind::Part(_)) {
            self.show(event);
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.output.flush().await
    }

    fn takes_runs(&self) -> bool {
        true
    }

    fn wants_sent(&self) -> bool {
        false
    }

    async fn gone(&self) {
        // That ends the server, and this session with it.
        std::future::pending().await
    }

    async fn dismissed(&self) -> Close {
        self.client.dismissed().await
    }
}

/// What goes to the other side after this; pings are answered on each side.
fn passed_on(what: &EventKind) -> Option<Input> {
    Some(match what {
        EventKind::Message(Direction::In, message) => Input::Message(message.clone()),
        EventKind::Run(run) => Input::Run(run.clone()),
        EventKind::Part(part) => Input::Part(part.clone()),
        EventKind::Close { clean: false, close, .. } if close.code == CUT => Input::Drop,
        EventKind::Close { by: Direction::In, clean: true, close } | EventKind::Close { clean: false, close, .. } => {
            Input::Close(Some(close.clone()))
        }
        _ => return None,
    })
}
