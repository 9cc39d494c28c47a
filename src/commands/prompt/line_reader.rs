//! The thread that edits lines: what is typed, and what that leads to.

use std::io::{self, ErrorKind, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SendError, sync_channel};
use std::time::Duration;

use rustyline::error::ReadlineError;

use super::command::{self, PromptCommand, PromptLine};
use super::display::Screen;
use super::editor::{LineEditor, MARK_WIDTH};
use super::fold::{self, InputRoom};
use super::history::History;
use super::queue::{DisplaySetting, Queue, QueuedItem};
use super::state::Shared;
use super::status::HUNG_UP;
use super::target::PromptTarget;
use crate::events::{ClientName, Input};
use crate::input::source::PromptOptions;
use crate::message::Message;
use crate::render::Stamps;
use crate::sys::file;
use crate::term;
use crate::text::escape::{Keep, escape};
use crate::text::hex;
use crate::text::unescape::{unescape_bytes, unescape_text};

const PROMPT: &str = "> ";

/// A file that takes longer keeps no line waiting: a FIFO, or a disk far away.
const SOON: Duration = Duration::from_millis(500);

/// How long the signals of a program that had the terminal may take to arrive.
const RETURNING: Duration = Duration::from_millis(50);

pub(crate) struct LineReader<'a, R> {
    pub(crate) prompt: &'a PromptOptions,
    /// What `/time on` shows.
    pub(crate) stamps: Stamps,
    pub(crate) shared: &'a Shared,
    pub(crate) screen: &'a Screen,
    pub(crate) queue: &'a Arc<Queue>,
    pub(crate) recipient: R,
}

/// What a line led to.
enum Then {
    Go,
    /// The next line begins with this text.
    GoWith(String),
    Leave,
}

/// What came of reading a line.
enum Typed {
    /// Its labels are unfolded.
    Line(String),
    /// It goes on, with this before and after the cursor.
    Again(String, String),
    /// Ctrl-C.
    Interrupt { was_empty: bool },
    /// Ctrl-D.
    Eof,
    /// The terminal is.
    Gone,
}

impl<R: PromptTarget> LineReader<'_, R> {
    /// Reads lines until the user leaves or the other thread has ended; an exit status if the user chose one.
    pub(crate) fn run(&self, editor: &mut LineEditor, history: &mut History) -> Option<u8> {
        let mut initial = (String::new(), String::new());
        let mut interrupts = 0;
        loop {
            let typed = self.read(editor, &initial)?;
            if !matches!(typed, Typed::Again(..)) {
                initial = (String::new(), String::new());
            }
            match typed {
                Typed::Line(line) => {
                    interrupts = 0;
                    self.shared.has_typed.store(true, Ordering::SeqCst);
                    history.remember(editor, &command::kept(&line), self.folding());
                    match self.act(&line, editor) {
                        Then::Go => {}
                        Then::GoWith(text) => initial.0 = self.folding()(&text),
                        Then::Leave => return None,
                    }
                }
                Typed::Again(left, right) => initial = (left, right),
                Typed::Interrupt { was_empty } => {
                    interrupts = if was_empty { interrupts + 1 } else { 0 };
                    self.queue.skip();
                    if interrupts == R::INTERRUPTS {
                        return self.recipient.interrupted();
                    }
                    if was_empty {
                        self.say("Ctrl-C again or Ctrl-D leaves");
                    }
                }
                Typed::Eof => return None,
                Typed::Gone => return Some(HUNG_UP),
            }
        }
    }

    /// Reads a line; nothing when the other thread has ended.
    fn read(&self, editor: &mut LineEditor, (left, right): &(String, String)) -> Option<Typed> {
        self.shared.in_editor.store(true, Ordering::SeqCst);
        let is_over = || self.shared.is_over.load(Ordering::SeqCst);
        let result = if is_over() { None } else { Some(editor.readline_with_initial(PROMPT, (left, right))) };
        self.screen.shut();
        self.shared.in_editor.store(false, Ordering::SeqCst);
        let was_tall = self.shared.is_tall.swap(false, Ordering::SeqCst);
        if self.shared.is_aside.swap(false, Ordering::SeqCst) {
            let _ = term::print(term::OWN_SCREEN.as_bytes());
        }
        let is_interrupted = self.shared.is_interrupted.swap(false, Ordering::SeqCst);
        let line = self.shared.line().clone();
        Some(match result? {
            Ok(line) if is_interrupted => self.interrupted(&line),
            Ok(line) => {
                if was_tall {
                    self.echo(&line);
                }
                self.shared.line().clear();
                Typed::Line(self.shared.folds.unfold(&line).into_owned())
            }
            Err(_) if is_over() => return None,
            Err(ReadlineError::Interrupted) if was_tall => {
                let cursor = self.shared.cursor.load(Ordering::SeqCst);
                let (left, right) = line.split_at(line.floor_char_boundary(cursor));
                let left = self.shared.folds.fold(left);
                Typed::Again(left, self.folding()(right))
            }
            Err(ReadlineError::Interrupted) => self.interrupted(&line),
            Err(ReadlineError::Eof) => Typed::Eof,
            // A byte that is not UTF-8 was typed: the line goes on without it.
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                Typed::Again(line, String::new())
            }
            // The terminal is gone; the signal that tells so may come later.
            Err(_) => Typed::Gone,
        })
    }

    fn interrupted(&self, line: &str) -> Typed {
        self.shared.line().clear();
        Typed::Interrupt { was_empty: line.is_empty() }
    }

    /// Makes of a text what the line editor gets: a label for it, if it is taller than the screen.
    pub(crate) fn folding(&self) -> impl Fn(&str) -> String {
        let (rows, columns) = term::terminal_size();
        move |text| self.shared.folds.folded(InputRoom::on(rows, columns), MARK_WIDTH, text)
    }

    /// Shows a line that was too tall for the editor to draw it.
    fn echo(&self, line: &str) {
        let label = self.shared.folds.fold(line);
        let _ = term::print(format!("{PROMPT}{}\n", fold::shown(&label)).as_bytes());
    }

    /// Ends it all in order.
    pub(crate) fn leave(&self) {
        self.shared.has_left.store(!self.shared.is_over.load(Ordering::SeqCst), Ordering::SeqCst);
        // Without the editor there is no display: what is left is printed at the end.
        self.queue.close();
        self.recipient.leave();
    }

    fn act(&self, line: &str, editor: &mut LineEditor) -> Then {
        match command::read(R::SIDE, line) {
            PromptLine::Text(text) if text.is_empty() && self.recipient.nudge() => {}
            PromptLine::Bad(why) => self.say(&why),
            PromptLine::Command(command) => return self.obey(command, editor),
            text @ PromptLine::Text(_) => self.send(None, text),
        }
        Then::Go
    }

    fn obey(&self, command: PromptCommand, editor: &mut LineEditor) -> Then {
        match command {
            PromptCommand::Help(name) => match command::help(R::SIDE, name.as_deref()) {
                Ok(page) => self.queue.print(&page),
                Err(why) => self.say(&why),
            },
            PromptCommand::Ping(_)
            | PromptCommand::Pong(_)
            | PromptCommand::Binary(_)
            | PromptCommand::File(_)
            | PromptCommand::Frame(_)
            | PromptCommand::HalfClose
            | PromptCommand::Drop => self.send(None, PromptLine::Command(command)),
            PromptCommand::To(client, line) => self.send(Some(client), *line),
            PromptCommand::Edit(text) => return self.edit(text),
            PromptCommand::Last(number) => self.page(number),
            PromptCommand::Save { number, path } => self.save(number, &path),
            PromptCommand::Pause => {
                self.queue.pause();
                self.say("paused; /resume shows what comes meanwhile");
            }
            PromptCommand::Resume => self.queue.resume(),
            PromptCommand::Filter(filter) => {
                self.say(filter.as_ref().map_or("all messages are shown", |_| "only what matches is shown"));
                *self.shared.filter() = filter;
            }
            PromptCommand::Json(indent) => self.queue.push(QueuedItem::Set(DisplaySetting::Indent(indent))),
            PromptCommand::Time(show) => {
                self.queue.push(QueuedItem::Set(DisplaySetting::Stamps(show.then_some(self.stamps))))
            }
            // A screen that cannot be cleared stays as it is.
            PromptCommand::Clear => drop(editor.clear_screen()),
            PromptCommand::Quit => return Then::Leave,
            other => self.tell(self.recipient.obey(other)),
        }
        Then::Go
    }

    fn send(&self, to: Option<ClientName>, line: PromptLine) {
        if let PromptLine::Command(PromptCommand::File(path)) = line {
            return self.send_file(to, path);
        }
        self.tell(self.input(line).and_then(|input| self.recipient.send(to, input)));
    }

    fn tell(&self, done: Result<(), String>) {
        if let Err(why) = done {
            self.say(&why);
        }
    }

    /// What a line sends.
    fn input(&self, line: PromptLine) -> Result<Input, String> {
        match line {
            // An empty line ended a message that was not whole: it is no part of it.
            PromptLine::Text(text) => self.message(text.strip_suffix('\n').unwrap_or(&text)).map(Input::Message),
            PromptLine::Command(PromptCommand::Ping(data)) => Ok(Input::Ping(data)),
            PromptLine::Command(PromptCommand::Pong(data)) => Ok(Input::Pong(data)),
            PromptLine::Command(PromptCommand::Binary(data)) => Ok(Input::Message(Message::Binary(data))),
            PromptLine::Command(PromptCommand::Frame(frame)) => Ok(Input::Frame(frame)),
            PromptLine::Command(PromptCommand::HalfClose) => Ok(Input::HalfClose),
            PromptLine::Command(PromptCommand::Drop) => Ok(Input::Drop),
            PromptLine::Command(_) => Err("not sent: only text and commands that send something can follow".to_owned()),
            PromptLine::Bad(why) => Err(why),
        }
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

    /// Sends what is in a file.
    fn send_file(&self, to: Option<ClientName>, path: PathBuf) {
        let (recipient, queue, binary) = (self.recipient.clone(), Arc::clone(self.queue), self.prompt.binary);
        let name = path.display().to_string();
        let waiting = format!("`{name}` is still being read; it is sent when all of it is there");
        let read = move || file::read(&path);
        let send = move |data: io::Result<Vec<u8>>| {
            let message = match data.map(String::from_utf8) {
                Ok(Ok(text)) if !binary => Ok(Message::Text(text.into())),
                Ok(Ok(text)) => Ok(Message::Binary(text.into())),
                Ok(Err(error)) => Ok(Message::Binary(error.into_bytes().into())),
                Err(error) => Err(format!("not sent: cannot read `{name}`: {error}")),
            };
            let sent = message.and_then(|message| recipient.send(to, Input::Message(message)));
            if let Err(why) = sent {
                queue.say(&why);
            }
        };
        self.aside(&waiting, read, send);
    }

    /// Does what may take for ever on a thread of its own, and then `then` with it: while the next line waits if it is
    /// done soon, and whenever it is done if it is not.
    fn aside<T: Send + 'static>(
        &self,
        waiting: &str,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl Fn(T) + Clone + Send + 'static,
    ) {
        // Nothing is kept between the two: what is not taken here is the thread's own again.
        let (done, is_done) = sync_channel(0);
        let later = then.clone();
        let run = move || {
            if let Err(SendError(done)) = done.send(work()) {
                later(done);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("file".to_owned()).spawn(run) {
            return self.say(&format!("cannot start a thread: {error}"));
        }
        match is_done.recv_timeout(SOON) {
            Ok(done) => then(done),
            Err(_) => self.say(waiting),
        }
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
        let told = |error: io::Error| error.to_string();
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
        let show = || -> io::Result<()> {
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
        let (path, queue, length) = (path.to_owned(), Arc::clone(self.queue), message.data().len());
        let name = path.display().to_string();
        let waiting = format!("`{name}` is still being written");
        let write = move || std::fs::write(path, message.data());
        let tell = move |written: io::Result<()>| match written {
            Ok(()) => queue.say(&format!("{length} bytes written to `{name}`")),
            Err(error) => queue.say(&format!("cannot write `{name}`: {error}")),
        };
        self.aside(&waiting, write, tell);
    }

    fn say(&self, text: &str) {
        self.queue.say(text);
    }
}
