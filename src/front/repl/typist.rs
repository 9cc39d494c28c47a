//! The thread that edits lines: what is typed, and what that leads to.

use std::io::{ErrorKind, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustyline::error::ReadlineError;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::connection::Order;
use super::display::Screen;
use super::editor::LineEditor;
use super::history::History;
use super::queue::{Item, Queue, Setting};
use super::state::{Shared, Standing};
use super::{HUNG_UP, INTERRUPTED};
use crate::command::{self, Command, Line};
use crate::event::{Batch, Input, Message};
use crate::plan::{Plan, Prompt};
use crate::render::{Stamps, hex};
use crate::target::Parsed;
use crate::term;
use crate::term::escape::{Keep, escape};
use crate::unescape::{unescape_bytes, unescape_text};

const PROMPT: &str = "> ";

/// How long a line waits for room on its way to the connection, and how often it looks for some.
const AHEAD: Duration = Duration::from_millis(200);
const SHORTLY: Duration = Duration::from_millis(1);

const NOT_NOW: &str = "not sent: the connection is lost; only messages wait for the next one";

const HALF_CLOSED: &str = "not sent: after /half-close there is only /drop, /close and /quit";

const CLOSED: &str = "not sent: the connection is closed; Enter or /reconnect connects again, /quit leaves";

/// How long the signals of a program that had the terminal may take to arrive.
const RETURNING: std::time::Duration = std::time::Duration::from_millis(50);

pub(super) struct Typist<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prompt: &'a Prompt,
    pub(super) shared: &'a Shared,
    pub(super) screen: &'a Screen,
    pub(super) queue: &'a Queue,
    pub(super) lines: mpsc::Sender<Result<Batch, String>>,
    pub(super) orders: mpsc::Sender<Order>,
}

/// What a line led to.
enum Then {
    Go,
    /// The next line begins with this text.
    GoWith(String),
    Leave,
}

impl Typist<'_> {
    /// Reads lines until the user leaves or the connection's thread has ended; an exit status if the user chose one.
    pub(super) fn run(&self, editor: &mut LineEditor, history: &mut History) -> Option<u8> {
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
                    self.shared.has_typed.store(true, Ordering::SeqCst);
                    self.shared.line().clear();
                    history.remember(editor, &command::kept(&line));
                    match self.act(&line, editor) {
                        Then::Go => {}
                        Then::GoWith(text) => initial = text,
                        Then::Leave => return None,
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
                // The terminal is gone; the signal that tells so may come later.
                Err(_) => return Some(HUNG_UP),
            }
        }
    }

    /// Ends the connection in order.
    pub(super) fn leave(&self) {
        // Without the editor there is no display: what is left is printed at the end.
        self.queue.close();
        let close = vec![Input::Close(Some(self.plan.session.ending.close.clone()))];
        let _ = self.lines.try_send(Ok(close));
        let _ = self.orders.try_send(Order::Leave);
    }

    fn act(&self, line: &str, editor: &mut LineEditor) -> Then {
        match command::read(line) {
            // There is none: connect, or do not wait any longer.
            Line::Text(text) if text.is_empty() && !self.is_open() => self.order(Order::Reconnect),
            // An empty line ended a message that was not whole: it is no part of it.
            Line::Text(text) => match self.message(text.strip_suffix('\n').unwrap_or(&text)) {
                Ok(message) => self.send(Input::Message(message)),
                Err(why) => self.say(&why),
            },
            Line::Bad(why) => self.say(&why),
            Line::Command(command) => return self.obey(command, editor),
        }
        Then::Go
    }

    fn obey(&self, command: Command, editor: &mut LineEditor) -> Then {
        match command {
            Command::Help(None) => self.print(&command::help()),
            Command::Help(Some(entry)) => self.print(&entry.help()),
            Command::Ping(data) => self.send(Input::Ping(data)),
            Command::Pong(data) => self.send(Input::Pong(data)),
            Command::Binary(data) => self.send(Input::Message(Message::Binary(data))),
            Command::Frame(frame) => self.send(Input::Frame(frame)),
            Command::Fragment(size) => {
                if self.standing() == Standing::Open {
                    self.send(Input::Fragment(size));
                }
                // For the connections that follow.
                self.order(Order::Fragment(size));
                let told = size.map(|size| format!("messages are sent in frames of at most {size} bytes"));
                self.say(told.as_deref().unwrap_or("only messages over 64 KiB are sent in several frames"));
            }
            Command::File(path) => self.send_file(&path),
            Command::Close(_) if self.standing() == Standing::Reconnecting => self.order(Order::Stay),
            Command::Close(close) => {
                self.shared.asked_close.store(self.is_open(), Ordering::SeqCst);
                self.send(Input::Close(close));
            }
            Command::HalfClose => self.send(Input::HalfClose),
            Command::Drop => self.send(Input::Drop),
            Command::Connect(url) => self.connect(&url),
            Command::Reconnect => self.order(Order::Reconnect),
            Command::Record(path) => self.order(Order::Record(path)),
            Command::Repeat { times, every } => match self.shared.history().sent.clone() {
                Some(_) if self.standing() == Standing::HalfClosed => self.say(HALF_CLOSED),
                Some(message) if self.is_open() => self.order(Order::Repeat { message, times, every }),
                Some(_) => self.say(CLOSED),
                None => self.say("nothing was sent yet"),
            },
            Command::Edit(text) => return self.edit(text),
            Command::Last(number) => self.page(number),
            Command::Save { number, path } => self.save(number, &path),
            Command::Info => self.print(&self.shared.history().info(self.is_open())),
            Command::Pause => {
                self.queue.pause();
                self.say("paused; /resume shows what comes meanwhile");
            }
            Command::Resume => self.queue.resume(),
            Command::Filter(filter) => {
                self.say(filter.as_ref().map_or("all messages are shown", |_| "only what matches is shown"));
                *self.shared.filter() = filter;
            }
            Command::Json(indent) => self.queue.push(Item::Set(Setting::Indent(indent))),
            Command::Time(show) => {
                let stamps = show.then(|| self.plan.look.stamps.unwrap_or(Stamps::Local));
                self.queue.push(Item::Set(Setting::Stamps(stamps)));
            }
            // A screen that cannot be cleared stays as it is.
            Command::Clear => drop(editor.clear_screen()),
            Command::Quit => return Then::Leave,
        }
        Then::Go
    }

    fn is_open(&self) -> bool {
        matches!(self.standing(), Standing::Open | Standing::HalfClosed)
    }

    fn standing(&self) -> Standing {
        self.shared.standing()
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
        match (self.standing(), &input) {
            (Standing::Closed, _) => self.say(CLOSED),
            (Standing::HalfClosed, Input::Close(_) | Input::Drop) => drop(self.hand_over(vec![input])),
            (Standing::HalfClosed, _) => self.say(HALF_CLOSED),
            (Standing::Reconnecting, Input::Message(_)) => {
                // Counted first: the connection may be there the moment that it is in the queue.
                let queued = self.shared.queued.fetch_add(1, Ordering::SeqCst) + 1;
                match self.lines.try_send(Ok(vec![input])) {
                    Ok(()) => self.say(&format!("queued ({queued})")),
                    Err(_) => {
                        self.shared.queued.fetch_sub(1, Ordering::SeqCst);
                        self.say("not sent: the queue is full");
                    }
                }
            }
            (Standing::Reconnecting, _) => self.say(NOT_NOW),
            (Standing::Open, _) => {
                let message = if let Input::Message(message) = &input { Some(message.clone()) } else { None };
                let is_half_close = matches!(input, Input::HalfClose);
                if !self.hand_over(vec![input]) {
                    self.say("not sent: the server does not take the messages before it");
                } else if message.is_some() {
                    // Already now, for a `/repeat` that was typed ahead.
                    self.shared.history().sent = message;
                } else if is_half_close {
                    self.shared.half_closed();
                    self.say("sending no more; /drop or /quit ends the connection");
                }
            }
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

    fn send_file(&self, path: &Path) {
        match std::fs::read(path) {
            Ok(data) => self.send(Input::Message(match String::from_utf8(data) {
                Ok(text) if !self.prompt.binary => Message::Text(text.into()),
                Ok(text) => Message::Binary(text.into()),
                Err(error) => Message::Binary(error.into_bytes().into()),
            })),
            Err(error) => self.say(&format!("not sent: cannot read `{}`: {error}", path.display())),
        }
    }

    fn connect(&self, url: &str) {
        match Parsed::from_text(url) {
            Ok(parsed) => self.order(Order::Connect(Box::new(parsed))),
            Err(error) => self.say(&format!("`{url}` is no URL: {error}")),
        }
    }

    fn order(&self, order: Order) {
        // The connection takes orders at any time, so only one that has ended leaves them lying.
        let _ = self.orders.try_send(order);
    }

    /// Lets the user write in an editor, and begins the next line with what came of it.
    fn edit(&self, text: String) -> Then {
        let text = match (text.is_empty(), &self.shared.history().sent) {
            (true, Some(Message::Text(sent))) => sent.to_string(),
            _ => text,
        };
        match self.edited(&text) {
            Ok(text) => Then::GoWith(text),
            Err(why) => {
                self.say(&format!("cannot edit: {why}"));
                Then::GoWith(text)
            }
        }
    }

    fn edited(&self, text: &str) -> Result<String, String> {
        let told = |error: std::io::Error| error.to_string();
        // For nobody else to read, and gone when dropped.
        let mut file = tempfile::Builder::new().prefix("wsprobe-").suffix(".txt").tempfile().map_err(told)?;
        file.write_all(text.as_bytes()).map_err(told)?;
        let command = format!("{} \"$1\"", self.prompt.editor);
        let status = self.lending(|| Process::new("sh").args(["-c", &command, "sh"]).arg(file.path()).status());
        match status {
            Ok(status) if status.success() => {
                let text = std::fs::read_to_string(file.path()).map_err(told)?;
                Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
            }
            Ok(status) => Err(format!("`{}` ended with {status}", self.prompt.editor)),
            Err(error) => Err(format!("`{}`: {error}", self.prompt.editor)),
        }
    }

    /// Shows a message in the pager, which has the screen to itself meanwhile.
    fn page(&self, number: NonZeroUsize) {
        let page = match self.shared.history().message(number) {
            Ok(Message::Text(text)) => escape(&text, Keep::Lines).into_owned() + "\n",
            Ok(Message::Binary(data)) => hex::hexdump(&data, usize::MAX, term::terminal_width()).rows,
            Err(why) => return self.say(&why),
        };
        let show = || -> std::io::Result<()> {
            let mut pager = Process::new("sh").args(["-c", &self.prompt.pager]).stdin(Stdio::piped()).spawn()?;
            if let Some(mut stdin) = pager.stdin.take() {
                // Who has seen enough closes the pager before its end.
                let _ = stdin.write_all(page.as_bytes());
            }
            pager.wait().map(drop)
        };
        if let Err(error) = self.lending(show) {
            self.say(&format!("cannot run the pager `{}`: {error}", self.prompt.pager));
        }
    }

    /// Lets another program have the terminal, and the signals of its keys.
    fn lending<T>(&self, run: impl FnOnce() -> T) -> T {
        self.shared.is_lent.store(true, Ordering::SeqCst);
        let ran = run();
        // The Ctrl-C that ended it may still be on its way through the thread of the signals.
        std::thread::sleep(RETURNING);
        self.shared.is_lent.store(false, Ordering::SeqCst);
        ran
    }

    fn save(&self, number: NonZeroUsize, path: &Path) {
        let message = match self.shared.history().message(number) {
            Ok(message) => message,
            Err(why) => return self.say(&why),
        };
        match std::fs::write(path, message.data()) {
            Ok(()) => self.say(&format!("{} bytes written to `{}`", message.data().len(), path.display())),
            Err(error) => self.say(&format!("cannot write `{}`: {error}", path.display())),
        }
    }

    fn say(&self, text: &str) {
        self.print(&format!("* {text}"));
    }

    fn print(&self, text: &str) {
        let text = escape(text, Keep::Lines);
        self.queue.push(Item::Lines(format!("{text}\n")));
    }
}
