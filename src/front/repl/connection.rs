//! The thread of the connection, and of the next one after `/reconnect` or `/connect`.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use nix::sys::pthread::Pthread;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::call_back;
use super::queue::{Item, Queue};
use super::state::{KEPT_BYTES, Shared};
use crate::dial::Stream;
use crate::error::Error;
use crate::event::{Batch, Direction, End, Event, Happening, Input, Message, Opened, Part};
use crate::front::pipe::open_record;
use crate::front::spool::Spool;
use crate::front::{connecting, deadline, report, runtime};
use crate::plan::Plan;
use crate::render::{Format, Look, record};
use crate::request::Credentials;
use crate::session::{self, Gone, Inputs, Outlet};
use crate::target::Parsed;
use crate::term::Talk;
use crate::wire::Socket;

/// How long the last messages have to get on the screen before the editor is called back.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the typist wants beside messages.
#[derive(Debug)]
pub(super) enum Order {
    Reconnect,
    Connect(Box<Parsed>),
    Record(Option<PathBuf>),
    Repeat { message: Message, times: u32, every: Duration },
    Leave,
}

pub(super) struct Connection {
    pub(super) plan: Plan,
    pub(super) exit_on_close: bool,
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Arc<Queue>,
    /// The other end of `inputs`, for what is repeated.
    pub(super) lines: mpsc::Sender<Result<Batch, String>>,
    pub(super) inputs: Inputs,
    pub(super) ordered: mpsc::Receiver<Order>,
    pub(super) signals: mpsc::Receiver<i32>,
    /// Told once, when the prompt may begin.
    pub(super) ready: std::sync::mpsc::Sender<()>,
    pub(super) editor_thread: Pthread,
}

/// What comes after a session.
enum Next {
    Connect,
    /// Leave, with this exit status.
    Leave(u8),
}

impl Connection {
    pub(super) fn spawn(mut self) -> std::io::Result<JoinHandle<u8>> {
        std::thread::Builder::new().name("connection".to_owned()).spawn(move || {
            let code = self.run();
            self.shared.is_over.store(true, Ordering::SeqCst);
            drop(self.ready);
            self.queue.resume();
            self.queue.wait_shown(LAST_WORDS);
            call_back(&self.shared, self.editor_thread);
            code
        })
    }

    fn run(&mut self) -> u8 {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return crate::front::complain(&error),
        };
        let code = runtime.block_on(self.converse()).unwrap_or_else(|error| crate::front::complain(&error));
        // A resolver or a read of the roots may still be under way.
        runtime.shutdown_background();
        code
    }

    async fn converse(&mut self) -> Result<u8, Error> {
        let voice = self.plan.voice;
        let on_stderr = Talk::on_stderr(voice.verbosity, voice.colour);
        let until = deadline(self.plan.timeout);
        let limit = until.zip(self.plan.timeout);
        let output = Output::new(&self.shared, &self.queue, &self.plan)?;
        let mut connected = connecting(&self.plan.connect, &on_stderr, &mut self.signals, limit).await;
        if let Err(error) = &connected {
            report::not_connected(&on_stderr, error);
            output.put_now(Happening::Error(error.chain()));
            output.finish().await?;
            return Ok(error.exit_code());
        }
        let queue = Arc::clone(&self.queue);
        let above = move |lines| queue.push(Item::Lines(lines));
        let talk = Talk::to(voice.verbosity, voice.colour, "* ", above);
        // A prompt that is gone has left already.
        let _ = self.ready.send(());
        let code = loop {
            let next = match connected {
                Ok(connected) => self.session(connected, &output, &talk, until).await,
                Err(error) => {
                    report::not_connected(&talk, &error);
                    self.closed(&output, &talk, error.exit_code()).await
                }
            };
            match next {
                Next::Leave(code) => break code,
                Next::Connect => {}
            }
            connected = connecting(&self.plan.connect, &talk, &mut self.signals, limit).await;
        };
        output.finish().await?;
        Ok(code)
    }

    async fn session(
        &mut self,
        (socket, opened): (Socket<Stream>, Opened),
        output: &Output,
        talk: &Talk,
        until: Option<Instant>,
    ) -> Next {
        self.shared.history().opened(&opened);
        self.shared.is_open.store(true, Ordering::SeqCst);
        output.put_now(Happening::Open(Box::new(opened)));
        for input in &self.plan.first {
            if let Input::Message(message) = input {
                output.show_sent(message.clone());
            }
        }
        let mut options = self.plan.session.clone();
        options.ending.deadline = until;
        let first = self.plan.first.clone();
        let mut desk = Desk { plan: &mut self.plan, lines: &self.lines, output, talk, repeating: None, wanted: None };
        let outcome = tokio::select! {
            outcome = session::run(socket, first, &mut self.inputs, &mut self.signals, output, &options) => outcome,
            never = desk.take_orders(&mut self.ordered) => match never {},
        };
        let wanted = desk.clear();
        self.shared.is_open.store(false, Ordering::SeqCst);
        report::ended(talk, &self.plan, &outcome);
        match wanted {
            Some(Wanted::Leave) => Next::Leave(outcome.exit_code()),
            Some(Wanted::Connect) => Next::Connect,
            None if self.stays(&outcome.end) => self.closed(output, talk, outcome.exit_code()).await,
            None => Next::Leave(outcome.exit_code()),
        }
    }

    /// Whether a closed connection leaves the prompt as it is: who is typing is not thrown out.
    fn stays(&self, end: &End) -> bool {
        let is_theirs = matches!(end, End::Closed { sent: None, .. } | End::Cut(_) | End::Broken(_));
        let has_typed = !self.shared.line().is_empty() || self.shared.history().sent.is_some();
        is_theirs && !self.exit_on_close && has_typed
    }

    /// Waits for what the user wants now that there is no connection.
    async fn closed(&mut self, output: &Output, talk: &Talk, code: u8) -> Next {
        talk.say("Enter or /reconnect connects again, /quit leaves");
        loop {
            tokio::select! {
                order = self.ordered.recv() => match order {
                    Some(Order::Reconnect) => return Next::Connect,
                    Some(Order::Connect(parsed)) => {
                        redirect(&mut self.plan, *parsed);
                        return Next::Connect;
                    }
                    Some(Order::Record(path)) => output.record_to(path, talk).await,
                    Some(Order::Repeat { .. }) => {}
                    Some(Order::Leave) | None => return Next::Leave(code),
                },
                Some(signal) = self.signals.recv() => return Next::Leave(Error::Interrupted(signal).exit_code()),
            }
        }
    }
}

/// Points the plan to another server; secrets stay with the one that they were for.
fn redirect(plan: &mut Plan, parsed: Parsed) {
    if !plan.connect.target.same_origin(&parsed.target) {
        plan.connect.wishes = plan.connect.wishes.without_secrets();
    }
    if let Some((user, password)) = parsed.credentials {
        plan.connect.wishes.credentials = Some(Credentials::Basic { user, password });
    }
    plan.connect.target = parsed.target;
}

/// Takes orders while a session runs.
struct Desk<'a> {
    plan: &'a mut Plan,
    lines: &'a mpsc::Sender<Result<Batch, String>>,
    output: &'a Output,
    talk: &'a Talk,
    repeating: Option<AbortHandle>,
    wanted: Option<Wanted>,
}

/// What is to follow the session.
enum Wanted {
    Connect,
    Leave,
}

impl Desk<'_> {
    async fn take_orders(&mut self, ordered: &mut mpsc::Receiver<Order>) -> std::convert::Infallible {
        while let Some(order) = ordered.recv().await {
            match order {
                Order::Reconnect => self.close_for(Wanted::Connect).await,
                Order::Connect(parsed) => {
                    redirect(self.plan, *parsed);
                    self.close_for(Wanted::Connect).await;
                }
                Order::Leave => self.wanted = Some(Wanted::Leave),
                Order::Record(path) => self.output.record_to(path, self.talk).await,
                Order::Repeat { message, times, every } => {
                    self.stop_repeating();
                    let repeating = tokio::spawn(repeat(self.lines.clone(), message, times, every));
                    self.repeating = Some(repeating.abort_handle());
                }
            }
        }
        std::future::pending().await
    }

    async fn close_for(&mut self, wanted: Wanted) {
        self.wanted = Some(wanted);
        // A session that has ended meanwhile needs no Close.
        let _ = self.lines.send(Ok(vec![Input::Close(None)])).await;
    }

    fn stop_repeating(&mut self) {
        if let Some(repeating) = self.repeating.take() {
            repeating.abort();
        }
    }

    /// What is to follow, now that the session has ended.
    fn clear(mut self) -> Option<Wanted> {
        self.stop_repeating();
        self.wanted
    }
}

async fn repeat(lines: mpsc::Sender<Result<Batch, String>>, message: Message, times: u32, every: Duration) {
    for _ in 0..times {
        if lines.send(Ok(vec![Input::Message(message.clone())])).await.is_err() {
            return;
        }
        if !every.is_zero() {
            tokio::time::sleep(every).await;
        }
    }
}

/// Where events go at the prompt: to the display, which may skip some, and to the record, which does not.
struct Output {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    record: RefCell<Option<Rc<Spool>>>,
    /// Records that have ended, whose last pieces may still be on their way.
    ended: RefCell<Vec<Rc<Spool>>>,
    look: Look,
    gathered: RefCell<Gathered>,
}

/// What is kept of a large message while it comes in.
#[derive(Default)]
struct Gathered {
    data: Vec<u8>,
    size: usize,
}

impl Output {
    fn new(shared: &Arc<Shared>, queue: &Arc<Queue>, plan: &Plan) -> Result<Self, Error> {
        let record = plan.record.as_deref().map(open_record).transpose()?;
        Ok(Self {
            shared: Arc::clone(shared),
            queue: Arc::clone(queue),
            record: RefCell::new(record.map(Rc::new)),
            ended: RefCell::default(),
            look: plan.look.clone(),
            gathered: RefCell::default(),
        })
    }

    fn put_now(&self, what: Happening) {
        self.put(Event { at: SystemTime::now(), what });
    }

    /// Shows a message of ours that nobody typed.
    fn show_sent(&self, message: Message) {
        let what = Happening::Message(Direction::Out, message);
        if self.look.format != Format::Records {
            self.queue.push(Item::Event(Event { at: SystemTime::now(), what }));
        }
    }

    /// Begins, replaces or ends the record.
    async fn record_to(&self, path: Option<PathBuf>, talk: &Talk) {
        let record = match &path {
            Some(path) => match open_record(path) {
                Ok(record) => Some(Rc::new(record)),
                Err(error) => return talk.error(&error.chain()),
            },
            None => None,
        };
        let before = self.record.replace(record);
        if let Some(before) = before {
            // What failed is told at the end.
            let _ = before.flush().await;
            self.ended.borrow_mut().push(before);
        }
        match path {
            Some(path) => talk.say(&format!("recording to `{}`", path.display())),
            None => talk.say("not recording"),
        }
    }

    /// Takes a part of a large message, which is kept only as far as `/last` may need it.
    fn gather(&self, at: SystemTime, part: &Part) {
        let mut gathered = self.gathered.borrow_mut();
        gathered.size += part.data.len();
        if gathered.size <= KEPT_BYTES
            || self.record.borrow().is_some() && gathered.data.len() + part.data.len() == gathered.size
        {
            gathered.data.extend_from_slice(&part.data);
        } else {
            gathered.data = Vec::new();
        }
        if !part.is_last {
            return;
        }
        let Gathered { data, size } = std::mem::take(&mut *gathered);
        drop(gathered);
        if data.len() == size {
            let message = match String::from_utf8(data) {
                Ok(text) if part.is_text => Message::Text(text.into()),
                Ok(text) => Message::Binary(text.into_bytes().into()),
                Err(error) => Message::Binary(error.into_bytes().into()),
            };
            return self.put(Event { at, what: Happening::Message(Direction::In, message) });
        }
        self.shared.history().note_size(size);
        let kind = if part.is_text { "text" } else { "binary" };
        self.queue.push(Item::Lines(format!("< {kind}, {size} bytes: too many to be kept\n")));
    }

    /// Whether an event is to be seen: what was typed already is, and pings only matter to who asked.
    fn is_shown(&self, what: &Happening) -> bool {
        match what {
            _ if self.look.format == Format::Records => true,
            Happening::Message(Direction::Out, _) => false,
            Happening::Message(Direction::In, message) => {
                let filter = self.shared.filter();
                filter.as_ref().is_none_or(|regex| regex.is_match(&String::from_utf8_lossy(message.data())))
            }
            // A pong that answers a ping of the user's.
            Happening::Pong(Direction::In, _, Some(_)) => true,
            Happening::Ping(..) | Happening::Pong(..) => self.look.ping_pong,
            Happening::Frame(_) => false,
            Happening::Open(_) | Happening::Part(_) | Happening::Close { .. } | Happening::Error(_) => false,
        }
    }

    /// Waits until all records are written.
    async fn finish(self) -> Result<(), Error> {
        let last = self.record.into_inner();
        for record in self.ended.into_inner().into_iter().chain(last) {
            if let Some(record) = Rc::into_inner(record) {
                record.finish().await.map_err(|source| Error::Local { what: "write the record", source })?;
            }
        }
        Ok(())
    }

    fn recording(&self) -> Option<Rc<Spool>> {
        self.record.borrow().clone()
    }
}

impl Outlet for Output {
    async fn room(&self) -> Result<(), Gone> {
        match self.recording() {
            Some(record) => record.room().await,
            None => Ok(()),
        }
    }

    fn put(&self, event: Event) {
        if let Happening::Part(part) = &event.what {
            return self.gather(event.at, part);
        }
        if let Some(record) = &*self.record.borrow() {
            record.append(|out| record::write(&event, out));
        }
        if let Happening::Frame(seen) = &event.what
            && self.look.format != Format::Records
        {
            self.queue.push(Item::Lines(report::frame(seen) + "\n"));
            return;
        }
        self.shared.history().note(&event.what);
        if self.is_shown(&event.what) {
            self.queue.push(Item::Event(event));
        } else if matches!(event.what, Happening::Message(Direction::Out, _)) {
            self.queue.push(Item::Sent(event.at));
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        match self.recording() {
            Some(record) => record.flush().await,
            None => Ok(()),
        }
    }

    fn wants_sent(&self) -> bool {
        true
    }

    async fn gone(&self) {
        // The editor notices that the terminal is gone.
        std::future::pending().await
    }
}
