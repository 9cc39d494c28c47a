//! `--forward`: a relay. What a client says goes to a server, and what that says goes to the client.
//!
//! Each side has a queue, and what puts into it waits for room before it reads on: whoever reads slowly slows the other
//! side's sender.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{FusedFuture as _, LocalBoxFuture};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::clients::ConnectedClient;
use super::lane::{CutAfter, Lane, LaneDirection};
use super::message_editor::{EditingEnd, MessageEditor, shown};
use super::send_queue::SendQueue;
use super::side_task::SideTask;
use super::state::ServerState;
use super::upstream::UpstreamOptions;
use super::work::{ClientTask, ClientWork, NewClient, NoTask};
use crate::client::connector::Connected;
use crate::client::report;
use crate::events::{Batch, End, Event, EventKind, Input};
use crate::message::{Close, Direction, Message, Part};
use crate::render::text::LONGEST_AT_PROMPT;
use crate::session::{self, DynOutlet, Gone, Outlet, Progress};
use crate::sys::process_group::{PipedGroup, shell};

/// How a connection that was cut is called (RFC 6455, section 7.1.5).
const CUT: Option<u16> = Some(1006);

/// Connects each client to a server.
#[derive(Debug)]
pub(crate) struct ForwardWork(pub(crate) Arc<UpstreamOptions>);

/// A client with a connection to the server.
struct ForwardedClient {
    relay: Rc<Relay>,
    upstream: SideTask,
}

/// What passes between a client and the server.
struct Relay {
    options: Arc<UpstreamOptions>,
    server: Rc<ServerState>,
    client: Rc<ConnectedClient>,
    up: Lane,
    down: Lane,
    /// What changes messages on their way.
    editor: Option<MessageEditor>,
    /// The messages that have passed each way.
    passed: [Cell<u64>; 2],
    /// The message that passes each way in parts, as far as it is shown. Borrowed between awaits only.
    passing: [RefCell<PassingMessage>; 2],
    /// The client gets no more messages: one of both sides has said its last, or was cut.
    is_over: Cell<bool>,
}

/// A message of which some parts have passed.
#[derive(Default)]
struct PassingMessage {
    head: Vec<u8>,
    size: usize,
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
        let start = |command: &String| PipedGroup::spawn(&mut shell(command));
        let editing = match self.0.editor.as_ref().map(start).transpose() {
            Ok(editing) => editing,
            Err(error) => return new.without_command(&error),
        };
        let to_server = Rc::clone(new.client.upstream.get_or_init(Rc::default));
        let impairments = &self.0.impairments;
        let relay = Rc::new(Relay {
            options: Arc::clone(&self.0),
            server: Rc::clone(new.server),
            client: Rc::clone(new.client),
            up: Lane::new(&to_server, impairments.up),
            down: Lane::new(&new.client.queue, impairments.down),
            editor: editing.is_some().then(MessageEditor::default),
            passed: Default::default(),
            passing: Default::default(),
            is_over: Cell::new(false),
        });
        let shown = Rc::downgrade(&relay);
        new.client.queue.show_with(move |input| {
            if let Some(relay) = shown.upgrade() {
                relay.show_sent(input);
            }
        });
        let upstream = SideTask::new(Rc::clone(&relay).run(connected, to_server, editing));
        Box::new(ForwardedClient { relay, upstream })
    }
}

impl ClientTask for ForwardedClient {
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        self.relay.is_full(LaneDirection::Up).then(|| self.relay.room(LaneDirection::Up).map(Ok).boxed_local())
    }

    fn hear(&self, event: &Event) {
        self.relay.pass(LaneDirection::Up, &event.what);
    }

    fn takes_runs(&self) -> bool {
        self.relay.takes_runs()
    }

    fn shows_parts(&self) -> bool {
        true
    }

    fn shows_sent(&self) -> bool {
        !self.relay.server.decodes
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        self.upstream.beside(session)
    }

    fn finish<'t>(&'t self, _: &'t End) -> LocalBoxFuture<'t, ()> {
        // For an end that the client has not said itself.
        self.relay.end(LaneDirection::Up, Input::Close(Some(Close::new(1001, ""))));
        self.upstream.finish().boxed_local()
    }
}

impl Relay {
    /// Runs the session with the server to its end, and sees that the client hears of it.
    async fn run(self: Rc<Self>, connected: Box<Connected>, to_server: Rc<SendQueue>, editing: Option<PipedGroup>) {
        let outlet = UpstreamOutlet { relay: &self };
        let mut editing = pin!(self.edit(editing).fuse());
        let end = tokio::select! {
            end = self.session(connected, &outlet, &to_server) => end,
            () = self.lanes_and_cut() => End::Unanswered,
            // It goes on when the session has ended.
            () = async { (&mut editing).await; pending().await } => End::Unanswered,
        };
        to_server.close();
        if let Some(error) = report::upstream_ended(&self.server.talk, self.client.name, &end) {
            outlet.show(Event::now(error.into()));
        }
        // For an end that the server has not said itself.
        self.end(LaneDirection::Down, Input::Close(Some(Close::new(1001, ""))));
        if !editing.is_terminated() {
            editing.await;
        }
        self.down.put(Input::Close(Some(Close::new(1001, ""))));
        self.down.end();
        self.down.run().await;
        let _ = self.server.output.flush_dyn().await;
    }

    async fn session(&self, connected: Box<Connected>, outlet: &UpstreamOutlet<'_>, to_server: &SendQueue) -> End {
        let (socket, opened) = *connected;
        let options = &self.options.client.session;
        outlet.show(Event::now(EventKind::Open(Box::new(opened))));
        let (batches, mut inputs) = mpsc::channel(1);
        let (_held, mut signals) = mpsc::channel(1);
        let mut progress = Progress::new(&options.ending);
        let to: &dyn DynOutlet = outlet;
        tokio::select! {
            outcome = session::pump::run(socket, Batch::new(), &mut progress, &mut inputs, &mut signals, to, options) => outcome.end,
            never = to_server.deliver(&batches) => match never {},
        }
    }

    /// Lets the command do its work, if there is one, and tells both sides when that fails.
    async fn edit(&self, editing: Option<PipedGroup>) {
        let (Some(editor), Some(process)) = (&self.editor, editing) else { return };
        let pass = async |direction, input| {
            self.lane(direction).room().await;
            // What it says to the client is shown at once.
            let _ = self.server.output.room_for_sent().await;
            self.forward(direction, input);
        };
        let longest = self.options.client.connect.limits.max_message.saturating_mul(2);
        match editor.run(process, longest, self.server.close_timeout, pass).await {
            EditingEnd::Wanted(direction, input) => self.forward(direction, input),
            EditingEnd::Failed(why) => {
                self.server.talk.error(&format!("{}: --edit-with: {why}", self.client.name));
                for direction in [LaneDirection::Up, LaneDirection::Down] {
                    self.lane(direction).put(Input::Close(Some(Close::new(1011, ""))));
                }
            }
        }
    }

    /// Passes on what is held back, and cuts the connections when it is time; never ends.
    async fn lanes_and_cut(&self) {
        let cut = self.options.impairments.cuts.iter().filter_map(|cut| match cut {
            CutAfter::Time(time) => Some(*time),
            CutAfter::Messages(..) => None,
        });
        let cut = async {
            match cut.min() {
                Some(time) => sleep(time).await,
                None => pending().await,
            }
            self.tell_of_cut();
            self.up.put_now(Input::Drop);
        };
        tokio::join!(self.up.run(), self.down.run(), cut);
        pending::<()>().await;
    }

    fn takes_runs(&self) -> bool {
        self.options.impairments.is_none() && self.editor.is_none() && self.server.output.takes_runs()
    }

    fn is_full(&self, direction: LaneDirection) -> bool {
        self.lane(direction).is_full() || self.editor.as_ref().is_some_and(MessageEditor::is_full)
    }

    async fn room(&self, direction: LaneDirection) {
        self.lane(direction).room().await;
        if let Some(editor) = &self.editor {
            editor.room().await;
        }
    }

    /// Nothing more comes from this side but this, which says so to the other one.
    fn end(&self, direction: LaneDirection, input: Input) {
        match &self.editor {
            Some(editor) if !editor.has_ended() => editor.end(direction, input),
            _ => self.forward(direction, input),
        }
    }

    fn lane(&self, direction: LaneDirection) -> &Lane {
        match direction {
            LaneDirection::Up => &self.up,
            LaneDirection::Down => &self.down,
        }
    }

    /// Passes on what came from one side; pings are answered on each side.
    fn pass(&self, direction: LaneDirection, what: &EventKind) {
        let Some(input) = passed_on(what) else { return };
        match &input {
            Input::Part(part) if direction == LaneDirection::Up => self.show_part(direction, part),
            Input::Close(_) | Input::HalfClose if direction == LaneDirection::Up => self.is_over.set(true),
            _ => {}
        }
        match (&self.editor, input) {
            (Some(editor), Input::Message(message)) => {
                let what = EventKind::Message(shown(direction), message);
                editor.put(&Event { client: Some(self.client.name), ..Event::now(what) });
            }
            (_, input @ (Input::Close(_) | Input::HalfClose)) => self.end(direction, input),
            (_, input) => self.forward(direction, input),
        }
    }

    fn forward(&self, direction: LaneDirection, input: Input) {
        let is_message = match &input {
            Input::Message(_) => true,
            Input::Part(part) => part.is_last,
            _ => false,
        };
        self.lane(direction).put(input);
        if is_message && !self.options.impairments.cuts.is_empty() {
            self.count(direction);
        }
    }

    /// Shows what will be sent to the client: what the server said, and what the user has put in.
    fn show_sent(&self, input: &Input) {
        if self.is_over.get() {
            return;
        }
        match input {
            // The client's session shows them, once it has decoded them.
            Input::Message(_) | Input::Run(_) if self.server.decodes => {}
            Input::Message(message) => self.show_messages(EventKind::Message(Direction::Out, message.clone()), 1),
            Input::Run(run) => self.show_messages(EventKind::Run(Direction::Out, run.clone()), run.len()),
            Input::Part(part) => {
                self.client.count(Direction::Out, usize::from(part.is_last));
                self.show_part(LaneDirection::Down, part);
            }
            Input::Close(_) | Input::HalfClose | Input::Drop => self.is_over.set(true),
            Input::Ping(_) | Input::Pong(_) | Input::Frame(_) | Input::Fragment(_) => {}
        }
    }

    fn show_messages(&self, what: EventKind, count: usize) {
        self.client.count(Direction::Out, count);
        self.server.output.put_dyn(Event { client: Some(self.client.name), ..Event::now(what) });
    }

    /// Shows the beginning of a message that passes in parts, when its end is there.
    fn show_part(&self, direction: LaneDirection, part: &Part) {
        let mut passing = self.passing[direction as usize].borrow_mut();
        let room = LONGEST_AT_PROMPT - passing.head.len();
        passing.head.extend_from_slice(&part.data[..part.data.len().min(room)]);
        passing.size += part.data.len();
        if !part.is_last {
            return;
        }
        let PassingMessage { head, size } = std::mem::take(&mut *passing);
        let what = EventKind::Excerpt(shown(direction), Message::of_bytes(head, part.kind, false), size);
        self.server.output.put_dyn(Event { client: Some(self.client.name), ..Event::now(what) });
    }

    fn count(&self, direction: LaneDirection) {
        let passed = &self.passed[direction as usize];
        passed.set(passed.get() + 1);
        let all: u64 = self.passed.iter().map(Cell::get).sum();
        let is_due = |cut: &CutAfter| match cut {
            CutAfter::Messages(Some(of), count) => *of == direction && passed.get() == *count,
            CutAfter::Messages(None, count) => all == *count,
            CutAfter::Time(_) => false,
        };
        if self.options.impairments.cuts.iter().any(is_due) {
            self.tell_of_cut();
            // After what has passed; the other connection follows this one.
            self.lane(direction).put(Input::Drop);
        }
    }

    fn tell_of_cut(&self) {
        self.server.talk.say(&format!("{}: cutting the connections (--cut-after)", self.client.name));
    }
}

/// Where the events of the session with the server go: to the client, and to the output.
struct UpstreamOutlet<'u> {
    relay: &'u Relay,
}

impl UpstreamOutlet<'_> {
    fn show(&self, event: Event) {
        let Relay { server, client, .. } = self.relay;
        server.output.put_dyn(Event { client: Some(client.name), is_upstream: true, ..event });
    }
}

impl Outlet for UpstreamOutlet<'_> {
    async fn room(&self) -> Result<(), Gone> {
        self.relay.room(LaneDirection::Down).await;
        self.relay.server.output.room().await
    }

    async fn room_for_sent(&self) -> Result<(), Gone> {
        self.relay.server.output.room_for_sent().await
    }

    fn put(&self, event: Event) {
        self.relay.pass(LaneDirection::Down, &event.what);
        // Messages are shown when they are put into the client's queue.
        if !matches!(event.what, EventKind::Message(..) | EventKind::Run(..) | EventKind::Part(_)) {
            self.show(event);
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.relay.server.output.flush().await
    }

    fn takes_runs(&self) -> bool {
        self.relay.takes_runs()
    }

    fn wants_sent(&self) -> bool {
        false
    }

    async fn gone(&self) {
        // That ends the server, and this session with it.
        pending().await
    }

    async fn dismissed(&self) -> Close {
        self.relay.client.dismissed().await
    }
}

/// What goes to the other side after this.
fn passed_on(what: &EventKind) -> Option<Input> {
    Some(match what {
        EventKind::Message(Direction::In, message) => Input::Message(message.clone()),
        EventKind::Run(Direction::In, run) => Input::Run(run.clone()),
        EventKind::Part(part) => Input::Part(part.clone()),
        // A reset would throw away what is still on its way to the other side.
        EventKind::Close { clean: false, close, .. } if close.code == CUT => Input::HalfClose,
        EventKind::Close { by: Direction::In, clean: true, close } | EventKind::Close { clean: false, close, .. } => {
            Input::Close(Some(close.clone()))
        }
        _ => return None,
    })
}
