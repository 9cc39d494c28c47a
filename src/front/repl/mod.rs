//! The prompt: lines are typed at the bottom, what the server says appears above.
//!
//! The calling thread does nothing but edit lines: the terminal's input is its own. The connection has a thread, the
//! display has one, and so have signals; none of them waits for another without a limit.

mod display;
mod editor;
mod queue;

use std::io::{ErrorKind, Write as _};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::Signal;
use rustyline::error::ReadlineError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

use self::display::{Screen, rendered};
use self::editor::LineEditor;
use self::queue::{Item, Queue};
use super::pipe::open_record;
use super::spool::Spool;
use super::{connecting, deadline, report, runtime, signals};
use crate::command::{self, Command, Line};
use crate::error::Error;
use crate::event::{Batch, Direction, End, Event, Happening, Input, Message};
use crate::plan::{Plan, Prompt};
use crate::render::{Format, Renderer, hex, record};
use crate::session::{self, Gone, Inputs, Outlet};
use crate::term::escape::{Keep, escape};
use crate::term::{self, Talk};
use crate::unescape::{unescape_bytes, unescape_text};

const PROMPT: &str = "> ";

/// Lines on their way to the connection; a person does not type more ahead, and a paste is one line.
const LINES: usize = 64;

/// How long a line waits for room there, and how often it looks for some.
const AHEAD: Duration = Duration::from_millis(200);
const SHORTLY: Duration = Duration::from_millis(1);

/// How long the last messages have to get on the screen before the editor is called back.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The editor misses a signal that comes just before it waits, so it is sent again, at this pace, so often.
const CALL_AGAIN: Duration = Duration::from_millis(20);
const CALLS: u32 = 25;

/// The exit status of who pressed Ctrl-C to leave.
const INTERRUPTED: u8 = 130;

/// What the threads know of each other.
pub(super) struct Shared {
    /// The line being typed.
    line: Mutex<String>,
    last: Mutex<Option<Message>>,
    is_open: AtomicBool,
    /// The connection's thread has ended, or wants the editor to come back.
    is_over: AtomicBool,
    in_editor: AtomicBool,
    /// Pings typed by hand whose pongs are to be shown.
    pings: AtomicU32,
    reconnect: Notify,
    leave: Notify,
}

/// Runs the prompt to its end, and returns the exit status.
pub(super) fn run(plan: &Plan, prompt: &Prompt) -> u8 {
    match prompt_with(plan, prompt) {
        Ok(code) => code,
        Err(error) => super::complain(&error),
    }
}

fn prompt_with(plan: &Plan, prompt: &Prompt) -> Result<u8, Error> {
    let local = |what| move |source| Error::Local { what, source };
    term::guard_terminal().map_err(local("read the terminal's state"))?;
    let signals = signals::watch(&[signals::SIGQUIT]).map_err(local("watch for signals"))?;

    let shared = Arc::new(Shared::new());
    let screen = Arc::new(Screen::new());
    let queue = Arc::new(Queue::default());
    let set_up =
        |error: ReadlineError| Error::Local { what: "set up the prompt", source: std::io::Error::other(error) };
    let mut editor = editor::editor(Arc::clone(&screen), Arc::clone(&shared), plan.look.colour).map_err(set_up)?;
    let printer = editor.create_external_printer().map_err(set_up)?;

    let (lines, inputs) = mpsc::channel(LINES);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let connection = Connection {
        plan: plan.clone(),
        exit_on_close: prompt.exit_on_close,
        shared: Arc::clone(&shared),
        queue: Arc::clone(&queue),
        inputs,
        signals,
        ready,
        editor_thread: pthread_self(),
    };
    let connection = connection.spawn().map_err(local("start the thread of the connection"))?;
    // There is no prompt before there is a connection: a failure just ends the program.
    let mut code = None;
    if is_ready.recv().is_ok() {
        let renderer = Renderer::new(plan.look.clone());
        display::spawn(Arc::clone(&screen), Arc::clone(&queue), renderer, printer)
            .map_err(local("start the display"))?;
        if let Some(path) = &prompt.history {
            editor::load_history(&mut editor, path);
        }
        let typist = Typist { prompt, shared: &shared, screen: &screen, queue: &queue, lines };
        code = typist.run(&mut editor);
        typist.leave(plan);
    }
    let ended = connection.join().unwrap_or(Some(101));
    print_rest(plan, &screen, &queue, &shared);
    Ok(code.or(ended).unwrap_or(0))
}

/// What the display did not get to show, and the line that was not sent.
fn print_rest(plan: &Plan, screen: &Screen, queue: &Queue, shared: &Shared) {
    queue.close();
    let mut rest: String = screen.leave().concat();
    rest += &rendered(&mut Renderer::new(plan.look.clone()), &queue.take_rest());
    let line = shared.line();
    if !line.is_empty() {
        rest += &format!("not sent: {}\n", escape(&line, Keep::Nothing));
    }
    let _ = term::print(rest.as_bytes());
}

impl Shared {
    fn new() -> Self {
        Self {
            line: Mutex::default(),
            last: Mutex::default(),
            is_open: editor::new_state(),
            is_over: AtomicBool::new(false),
            in_editor: AtomicBool::new(false),
            pings: AtomicU32::new(0),
            reconnect: Notify::new(),
            leave: Notify::new(),
        }
    }

    fn line(&self) -> MutexGuard<'_, String> {
        self.line.lock().expect("nothing panics while it holds this")
    }

    /// The editor does not give a line back when it is interrupted, so it is kept as it grows.
    fn keep_line(&self, line: &str) {
        let mut kept = self.line();
        kept.clear();
        kept.push_str(line);
    }

    fn last(&self) -> MutexGuard<'_, Option<Message>> {
        self.last.lock().expect("nothing panics while it holds this")
    }
}

/// The thread that edits lines.
struct Typist<'a> {
    prompt: &'a Prompt,
    shared: &'a Shared,
    screen: &'a Screen,
    queue: &'a Queue,
    lines: mpsc::Sender<Result<Batch, String>>,
}

/// What a line led to.
enum Then {
    Go,
    Leave,
}

impl Typist<'_> {
    /// Reads lines until the user leaves or the connection's thread has ended; an exit status if the user chose one.
    fn run(&self, editor: &mut LineEditor) -> Option<u8> {
        let history = self.prompt.history.as_deref();
        let mut initial = String::new();
        let mut was_interrupted = false;
        loop {
            self.shared.in_editor.store(true, Ordering::SeqCst);
            if self.shared.is_over.load(Ordering::SeqCst) {
                self.shared.in_editor.store(false, Ordering::SeqCst);
                return None;
            }
            let result = editor.readline_with_initial(PROMPT, (&initial, ""));
            self.screen.shut();
            self.shared.in_editor.store(false, Ordering::SeqCst);
            initial.clear();
            let is_over = self.shared.is_over.load(Ordering::SeqCst);
            match result {
                Ok(line) => {
                    was_interrupted = false;
                    self.shared.line().clear();
                    editor::remember(editor, history, &line);
                    if let Then::Leave = self.act(&line) {
                        return None;
                    }
                }
                Err(_) if is_over => return None,
                Err(ReadlineError::Interrupted) => {
                    let was_empty = std::mem::take(&mut *self.shared.line()).is_empty();
                    if was_empty && was_interrupted {
                        return Some(INTERRUPTED);
                    }
                    was_interrupted = was_empty;
                    if was_empty {
                        self.say("Ctrl-C again or Ctrl-D leaves");
                    }
                }
                Err(ReadlineError::Eof) => return None,
                // A byte that is not UTF-8 was typed: the line goes on without it.
                Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                    initial = self.shared.line().clone();
                }
                // The terminal is gone.
                Err(_) => return None,
            }
        }
    }

    /// Ends the connection in order.
    fn leave(&self, plan: &Plan) {
        // Without the editor there is no display: what is left is printed at the end.
        self.queue.close();
        let close = vec![Input::Close(Some(plan.session.ending.close.clone()))];
        let _ = self.lines.try_send(Ok(close));
        self.shared.leave.notify_one();
    }

    fn act(&self, line: &str) -> Then {
        let is_open = self.shared.is_open.load(Ordering::SeqCst);
        match command::read(line) {
            Line::Text(text) if text.is_empty() && !is_open => self.shared.reconnect.notify_one(),
            Line::Text(text) => match self.message(&text) {
                Ok(message) => self.send(Input::Message(message)),
                Err(why) => self.say(&why),
            },
            Line::Bad(why) => self.say(&why),
            Line::Command(Command::Help) => self.say_plainly(&command::help()),
            Line::Command(Command::Ping(data)) => {
                self.shared.pings.fetch_add(1, Ordering::SeqCst);
                self.send(Input::Ping(data));
            }
            Line::Command(Command::Pong(data)) => self.send(Input::Pong(data)),
            Line::Command(Command::Close(close)) => self.send(Input::Close(close)),
            Line::Command(Command::Last) => self.page_last(),
            Line::Command(Command::Reconnect) if is_open => self.say("still connected; /close first"),
            Line::Command(Command::Reconnect) => self.shared.reconnect.notify_one(),
            Line::Command(Command::Quit) => return Then::Leave,
        }
        Then::Go
    }

    fn message(&self, text: &str) -> Result<Message, String> {
        let bad = |error: &dyn std::fmt::Display| format!("not sent: {error}");
        Ok(match (self.prompt.binary, self.prompt.escapes) {
            (false, false) => Message::from(text),
            (true, false) => Message::Binary(text.to_owned().into()),
            (false, true) => Message::Text(unescape_text(text).map_err(|error| bad(&error))?.into()),
            (true, true) => Message::Binary(unescape_bytes(text).map_err(|error| bad(&error))?.into()),
        })
    }

    fn send(&self, input: Input) {
        if !self.shared.is_open.load(Ordering::SeqCst) {
            self.say("not sent: the connection is closed; Enter or /reconnect connects again, /quit leaves");
        } else if !self.hand_over(vec![input]) {
            self.say("not sent: the server does not take the messages before it");
        }
    }

    /// Passes a batch on; false if there is no room for it. Lines typed ahead come faster than they are taken.
    fn hand_over(&self, batch: Batch) -> bool {
        let end = Instant::now() + AHEAD;
        let mut batch = Ok(batch);
        loop {
            match self.lines.try_send(batch) {
                Ok(()) => return true,
                Err(TrySendError::Full(back)) if Instant::now() < end => batch = back,
                Err(_) => return false,
            }
            std::thread::sleep(SHORTLY);
        }
    }

    /// Shows the last message in the pager, which has the screen to itself meanwhile.
    fn page_last(&self) {
        let Some(message) = self.shared.last().clone() else { return self.say("nothing was received yet") };
        let page = match &message {
            Message::Text(text) => escape(text, Keep::Lines).into_owned(),
            Message::Binary(data) => hex::hexdump(data, usize::MAX, term::terminal_width()).rows,
        };
        let pager = std::process::Command::new("sh").arg("-c").arg(&self.prompt.pager).stdin(Stdio::piped()).spawn();
        match pager {
            Ok(mut pager) => {
                if let Some(mut stdin) = pager.stdin.take() {
                    // Who has seen enough closes the pager before its end.
                    let _ = stdin.write_all(page.as_bytes());
                }
                let _ = pager.wait();
            }
            Err(error) => self.say(&format!("cannot run the pager `{}`: {error}", self.prompt.pager)),
        }
    }

    fn say(&self, text: &str) {
        self.say_plainly(&format!("* {text}"));
    }

    fn say_plainly(&self, text: &str) {
        self.queue.push(Item::Lines(format!("{text}\n")));
    }
}

/// The thread of the connection, and of the next one after `/reconnect`.
struct Connection {
    plan: Plan,
    exit_on_close: bool,
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    inputs: Inputs,
    signals: mpsc::Receiver<i32>,
    /// Told once, when the prompt may begin.
    ready: std::sync::mpsc::Sender<()>,
    editor_thread: Pthread,
}

impl Connection {
    fn spawn(mut self) -> std::io::Result<JoinHandle<Option<u8>>> {
        std::thread::Builder::new().name("connection".to_owned()).spawn(move || {
            let code = self.run();
            self.shared.is_over.store(true, Ordering::SeqCst);
            drop(self.ready);
            self.queue.wait_shown(LAST_WORDS);
            call_back(&self.shared, self.editor_thread);
            Some(code)
        })
    }

    fn run(&mut self) -> u8 {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return super::complain(&error),
        };
        let code = runtime.block_on(self.converse());
        // A resolver or a read of the roots may still be under way.
        runtime.shutdown_background();
        code
    }

    async fn converse(&mut self) -> u8 {
        let on_stderr = Talk::on_stderr(self.plan.voice.verbosity, self.plan.voice.colour);
        let until = deadline(self.plan.timeout);
        let limit = until.zip(self.plan.timeout);
        let record = match self.plan.record.as_deref().map(open_record).transpose() {
            Ok(record) => record,
            Err(error) => return super::complain(&error),
        };
        let output = Output { shared: &self.shared, queue: &self.queue, record, look: &self.plan.look };
        let mut connected = connecting(&self.plan.connect, &on_stderr, &mut self.signals, limit).await;
        if let Err(error) = &connected {
            report::not_connected(&on_stderr, error);
            output.put_now(Happening::Error(error.chain()));
            return self.finish(output, error.exit_code()).await;
        }
        let queue = Arc::clone(&self.queue);
        let talk = Talk::to(self.plan.voice.verbosity, self.plan.voice.colour, "* ", move |lines| {
            queue.push(Item::Lines(lines));
        });
        // A prompt that is gone has left already.
        let _ = self.ready.send(());
        let code = loop {
            let code = match connected {
                Ok((socket, opened)) => {
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
                    let outcome =
                        session::run(socket, first, &mut self.inputs, &mut self.signals, &output, &options).await;
                    self.shared.is_open.store(false, Ordering::SeqCst);
                    report::ended(&talk, &self.plan, &outcome);
                    if !self.stays(&outcome.end) {
                        break outcome.exit_code();
                    }
                    outcome.exit_code()
                }
                Err(error) => {
                    report::not_connected(&talk, &error);
                    error.exit_code()
                }
            };
            talk.say("Enter or /reconnect connects again, /quit leaves");
            tokio::select! {
                () = self.shared.reconnect.notified() => {}
                () = self.shared.leave.notified() => break code,
                Some(signal) = self.signals.recv() => break Error::Interrupted(signal).exit_code(),
            }
            connected = connecting(&self.plan.connect, &talk, &mut self.signals, limit).await;
        };
        self.finish(output, code).await
    }

    /// Whether a closed connection leaves the prompt as it is: who is typing is not thrown out.
    fn stays(&self, end: &End) -> bool {
        let is_theirs = matches!(end, End::Closed { sent: None, .. } | End::Cut(_) | End::Broken(_));
        is_theirs && !self.exit_on_close && !self.shared.line().is_empty()
    }

    async fn finish(&self, output: Output<'_>, code: u8) -> u8 {
        match output.record {
            Some(record) => match record.finish().await {
                Ok(()) => code,
                Err(source) => super::complain(&Error::Local { what: "write the record", source }),
            },
            None => code,
        }
    }
}

/// Makes the editor return, from wherever it waits; if all else fails, leaves for it.
fn call_back(shared: &Shared, editor_thread: Pthread) {
    for _ in 0..CALLS {
        if !shared.in_editor.load(Ordering::SeqCst) {
            return;
        }
        let _ = pthread_kill(editor_thread, Signal::SIGINT);
        std::thread::sleep(CALL_AGAIN);
    }
    if shared.in_editor.load(Ordering::SeqCst) {
        term::restore_terminal();
        #[expect(clippy::disallowed_methods, reason = "the thread that would return does not answer")]
        std::process::exit(i32::from(INTERRUPTED));
    }
}

/// Where events go at the prompt: to the display, which may skip some, and to the record, which does not.
struct Output<'a> {
    shared: &'a Shared,
    queue: &'a Queue,
    record: Option<Spool>,
    look: &'a crate::render::Look,
}

impl Output<'_> {
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

    /// Whether an event is to be seen: what was typed already is, and pings only matter to who asked.
    fn is_shown(&self, what: &Happening) -> bool {
        match what {
            _ if self.look.format == Format::Records => true,
            Happening::Message(direction, _) => *direction == Direction::In,
            Happening::Pong(Direction::In, _) => {
                let awaited = self.shared.pings.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
                awaited.is_ok() || self.look.ping_pong
            }
            Happening::Ping(..) | Happening::Pong(..) => self.look.ping_pong,
            Happening::Open(_) | Happening::Close { .. } | Happening::Error(_) => false,
        }
    }
}

impl Outlet for Output<'_> {
    async fn room(&self) -> Result<(), Gone> {
        match &self.record {
            Some(record) => record.room().await,
            None => Ok(()),
        }
    }

    fn put(&self, event: Event) {
        if let Some(record) = &self.record {
            record.append(|out| record::write(&event, out));
        }
        if let Happening::Message(Direction::In, message) = &event.what {
            *self.shared.last() = Some(message.clone());
        }
        if self.is_shown(&event.what) {
            self.queue.push(Item::Event(event));
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        match &self.record {
            Some(record) => record.flush().await,
            None => Ok(()),
        }
    }

    fn wants_sent(&self) -> bool {
        self.record.is_some() || self.look.format == Format::Records
    }

    async fn gone(&self) {
        // The editor notices that the terminal is gone.
        std::future::pending().await
    }
}
