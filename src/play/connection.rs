//! A connection that a script plays on, whoever has opened it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use super::inbox::Inbox;
use super::inputs::Inputs;
use super::rules::{Rule, RuleScope};
use super::sifter::Sifter;
use crate::codec::DecoderChain;
use crate::events::{Batch, Event, EventKind, Input, Opened};
use crate::message::{Close, Message};
use crate::script::judge::OpeningAnswer;
use crate::session::{self, DynOutlet, Outlet as _, Progress};
use crate::transport::Duplex;
use crate::wire::Socket;

/// Batches between the script and the session.
const BATCHES: usize = 2;

/// How much time there is for the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    /// That of `--close-timeout`.
    InOrder,
    /// A step has failed.
    Hasty,
    /// The script was stopped: whoever did so does not wait.
    AtOnce,
}

impl Parting {
    /// How long the answer to our Close is waited for.
    fn limit(self, close_timeout: Duration) -> Duration {
        match self {
            Self::InOrder => close_timeout,
            Self::Hasty => close_timeout.min(Duration::from_millis(500)),
            Self::AtOnce => close_timeout.min(Duration::from_millis(50)),
        }
    }
}

pub(crate) struct ScriptConnection {
    line: Rc<Inbox>,
    inputs: mpsc::Sender<Inputs>,
    pub(crate) answer: OpeningAnswer,
    /// The message that an expectation took last.
    pub(crate) last: RefCell<Option<Message>>,
    /// What `expect bytes` has left of the binary messages that it took.
    pub(crate) left: RefCell<BytesMut>,
    /// A step has seen how it ended.
    saw_end: Cell<bool>,
    /// A step has failed because of its end.
    met_end: Cell<bool>,
    /// A step has changed how messages are fragmented.
    has_fragment: Cell<bool>,
    close_timeout: Duration,
    /// How many bytes a message may become when it is decoded (`--max-message`).
    max_message: usize,
    /// The task of its session, unless that is somebody else's.
    session: RefCell<Option<JoinHandle<()>>>,
    /// What applies its rules, once there are some.
    sifting: RefCell<Option<JoinHandle<()>>>,
}

impl ScriptConnection {
    /// Runs a session on the socket, beside the script.
    pub(crate) fn begin<S: Duplex + 'static>(
        socket: Socket<S>,
        opened: Opened,
        options: session::options::Options,
        line: Inbox,
    ) -> Self {
        let (inputs, mut batches) = mpsc::channel(BATCHES);
        let answer = OpeningAnswer::to_us(&opened);
        let (close_timeout, max_message) = (options.ending.close_timeout, socket.max_message());
        let line = Rc::new(line);
        line.put(Event::now(EventKind::Open(Box::new(opened))));
        let heard = Rc::clone(&line);
        let session = spawn_local(async move {
            let (_held, mut signals) = mpsc::channel(1);
            let mut progress = Progress::new(&options.ending);
            let (first, outlet): (_, &dyn DynOutlet) = (Batch::new(), &*heard);
            let outcome =
                session::pump::run(socket, first, &mut progress, &mut batches, &mut signals, outlet, &options).await;
            let end = Rc::new(outcome.end);
            heard.ended(Rc::clone(&end));
            heard.put_end(&end, options.ending.close_timeout);
        });
        let connection = Self::of(line, inputs, answer, (close_timeout, max_message));
        connection.session.replace(Some(session));
        connection
    }

    /// A connection whose session somebody else runs: events go to `line`, and inputs come from the channel.
    pub(crate) fn of(
        line: Rc<Inbox>,
        inputs: mpsc::Sender<Result<Batch, String>>,
        answer: OpeningAnswer,
        (close_timeout, max_message): (Duration, usize),
    ) -> Self {
        Self {
            line,
            inputs,
            answer,
            last: RefCell::default(),
            left: RefCell::default(),
            saw_end: Cell::new(false),
            met_end: Cell::new(false),
            has_fragment: Cell::new(false),
            close_timeout,
            max_message,
            session: RefCell::default(),
            sifting: RefCell::default(),
        }
    }

    pub(crate) fn line(&self) -> &Inbox {
        &self.line
    }

    /// Takes binary messages as what they are decoded to from now on, also those that wait; or as they are again.
    pub(crate) fn decode(&self, how: Option<&DecoderChain>) {
        let start = |how: &DecoderChain| how.start(self.answer.subprotocol.as_deref(), self.max_message);
        self.line.decode(how.map(start));
    }

    /// A rule that is active until the connection ends, or until its kind is ended.
    pub(crate) fn add_rule(&self, rule: Rule, scope: impl FnOnce() -> RuleScope) {
        self.line.add_rule(rule);
        self.sifting.borrow_mut().get_or_insert_with(|| {
            let (line, inputs) = (Rc::clone(&self.line), self.inputs.clone());
            spawn_local(Sifter { line, inputs, scope: scope() }.sift())
        });
    }

    /// Sends something, within a time.
    ///
    /// # Errors
    /// A message for the user: it is closed, or the peer takes nothing more.
    pub(crate) async fn send(&self, input: Input, within: Duration) -> Result<(), String> {
        if self.line.is_over() {
            return Err(format!("it cannot be sent: {}", self.how_it_ended()));
        }
        if matches!(input, Input::Fragment(_)) {
            self.has_fragment.set(true);
        }
        match timeout(within, self.inputs.send(Ok(vec![input]))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(format!("it cannot be sent: {}", self.how_it_ended())),
            Err(_) if self.line.is_full() => {
                Err("it cannot be sent: 16 MiB were received that no step has expected".to_owned())
            }
            Err(_) => Err(format!("it cannot be sent: the {} has read nothing for {within:?}", self.line.peer())),
        }
    }

    /// Whether a step has failed of its end; nobody has seen that, then.
    pub(crate) fn forgets_end(&self) -> bool {
        let has_met = self.met_end.take();
        if has_met {
            self.saw_end.set(false);
        }
        has_met
    }

    /// How it ended, in words; a step that says so has seen it.
    pub(crate) fn how_it_ended(&self) -> String {
        self.met_end.set(true);
        self.saw_end.set(true);
        self.line.how_it_closed().unwrap_or_else(|| self.line.how_it_ended(self.close_timeout))
    }

    /// Fragments as it did in the beginning, if a script has changed that.
    pub(crate) async fn fragment_again(&self, size: Option<usize>) {
        if self.has_fragment.take() {
            // A session that has ended sends nothing.
            let _ = self.inputs.send(Ok(vec![Input::Fragment(size)])).await;
        }
    }

    /// As if nothing had come yet, and without rules; an answer that is under way is not sent.
    pub(crate) fn start_over(&self) {
        if let Some(sifting) = self.sifting.take() {
            sifting.abort();
        }
        self.line.start_over();
        self.left.borrow_mut().clear();
        self.last.replace(None);
    }

    /// A step has seen the Close.
    pub(crate) fn saw(&self) {
        self.saw_end.set(true);
    }

    /// Closes it, and waits for the answer.
    ///
    /// # Errors
    /// A message for the user, with the exit status: it ended badly, and no step has looked at that.
    pub(crate) async fn end(&self, close: Close, parting: Parting) -> Result<(), (String, u8)> {
        self.line.hear_no_more();
        let limit = parting.limit(self.close_timeout);
        let was_over = self.line.is_over();
        let closing = async {
            if !was_over {
                // A session that has ended meanwhile needs no Close.
                let _ = self.inputs.send(Ok(vec![Input::Close(Some(close))])).await;
            }
            self.line.over().await
        };
        // The session gives up after as long without progress; who continues sending does not get more.
        let code = timeout(limit * 2, closing).await.unwrap_or(7);
        self.line.leave();
        let session = self.session.take();
        if let Some(session) = session {
            // It has ended, or does so now.
            let _ = session.await;
        }
        match code {
            0 => Ok(()),
            _ if self.saw_end.get() => Ok(()),
            code => Err((self.how_it_ended(), code)),
        }
    }
}

impl Drop for ScriptConnection {
    fn drop(&mut self) {
        if let Some(sifting) = self.sifting.take() {
            sifting.abort();
        }
        self.line.leave();
    }
}

impl OpeningAnswer {
    /// The 101; where we are the server, with what the client asked with.
    pub(crate) fn to_us(opened: &Opened) -> Self {
        Self {
            status: opened.status,
            headers: opened.headers.clone(),
            subprotocol: opened.subprotocol.clone(),
            body: Vec::new(),
        }
    }
}
