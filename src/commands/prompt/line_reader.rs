//! The thread that edits lines: what is typed, and what that leads to.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SendError, sync_channel};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use rustyline::error::ReadlineError;

use super::arguments::{Draft, Switch};
use super::command::{PromptCommand, PromptLine};
use super::command_table;
use super::display::Screen;
use super::editor::{LineEditor, MARK_WIDTH};
use super::files::{TypedDestination, TypedPath};
use super::filter::MessageFilter;
use super::fold::{self, InputRoom};
use super::help;
use super::history::History;
use super::kept_line::kept;
use super::mark::PromptMark;
use super::message_log::{KeptMessage, MessageNumber};
use super::pages;
use super::programs::Programs;
use super::queue::Queue;
use super::queued_item::{DisplaySetting, QueuedItem};
use super::state::{InputFit, Shared, SignalKey, TerminalHolder};
use super::status::HUNG_UP;
use super::target::PromptTarget;
use crate::client::output_file;
use crate::codec::DecoderChain;
use crate::events::{Addressee, Input};
use crate::input::source::PromptOptions;
use crate::message::{DataKind, Message};
use crate::render::{IndentJson, OutputStyle, Stamps};
use crate::session::DecodeHow;
use crate::sys::file;
use crate::sys::key_relay::KeyRelay;
use crate::term;
use crate::text::hex;
use crate::text::units::counted;

/// A file that takes longer keeps no line waiting: a FIFO, or a disk far away.
const SOON: Duration = Duration::from_millis(500);

/// What terminals take for the clipboard at least, in bytes: xterm and hterm cut off what is longer.
const LONGEST_COPY: usize = 74_994;

pub(crate) struct LineReader<'a, R> {
    pub(crate) prompt: &'a PromptOptions,
    pub(crate) mark: PromptMark,
    /// What `/time on` shows.
    pub(crate) stamps: Stamps,
    /// How messages look from now on.
    pub(crate) style: &'a RefCell<OutputStyle>,
    pub(crate) shared: &'a Shared,
    pub(crate) screen: &'a Screen,
    pub(crate) queue: &'a Arc<Queue>,
    pub(crate) recipient: R,
    /// What the editor reads; it reads the terminal itself if there is none.
    pub(crate) keys: Option<KeyRelay>,
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
    pub(crate) fn run(&self, editor: &mut LineEditor, history: &History) -> Option<u8> {
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
                    self.shared.note_typed();
                    self.remember(history, &kept(&line));
                    match self.act(&line, editor) {
                        Then::Go => {}
                        Then::GoWith(text) => initial.0 = self.folding()(&text),
                        Then::Leave => return None,
                    }
                }
                Typed::Again(left, right) => initial = (left, right),
                Typed::Interrupt { was_empty } => {
                    let has_stopped = self.recipient.stop_repeating();
                    interrupts = if was_empty && !has_stopped { interrupts + 1 } else { 0 };
                    self.queue.skip();
                    if interrupts == R::INTERRUPTS || self.recipient.is_ending() {
                        return self.recipient.interrupted();
                    }
                    if interrupts > 0 {
                        self.say("press Ctrl-C again, or Ctrl-D, to leave");
                    }
                }
                Typed::Eof => return None,
                Typed::Gone => return Some(HUNG_UP),
            }
        }
    }

    /// Reads a line; nothing when the other thread has ended.
    fn read(&self, editor: &mut LineEditor, (left, right): &(String, String)) -> Option<Typed> {
        self.shared.hand_terminal(TerminalHolder::Editor);
        let is_over = || self.shared.is_over();
        editor.history().begin();
        let result = if is_over() { None } else { Some(self.edited(editor, (left, right))) };
        self.screen.shut();
        self.shared.hand_terminal(TerminalHolder::Nobody);
        let fit = self.shared.set_fit(InputFit::Fits);
        if fit == InputFit::Aside {
            let _ = term::print(term::OWN_SCREEN.as_bytes());
        }
        let is_interrupted = self.shared.was_pressed(SignalKey::Interrupt);
        let (was_tall, line) = (fit != InputFit::Fits, self.shared.line());
        Some(match result? {
            Ok(line) if is_interrupted => self.interrupted(&line),
            Ok(line) => {
                if was_tall {
                    self.echo(&line);
                }
                self.shared.forget_line();
                Typed::Line(self.shared.folds.unfold(&line).into_owned())
            }
            Err(_) if is_over() => return None,
            Err(ReadlineError::Interrupted) if was_tall => {
                let (left, right) = self.shared.sides();
                let room = InputRoom::on(term::terminal_size());
                let [left, right] = self.shared.folds.folded_sides(room, MARK_WIDTH, [&left, &right]);
                Typed::Again(left, right)
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

    fn edited(&self, editor: &mut LineEditor, sides: (&str, &str)) -> rustyline::Result<String> {
        self.keys.as_ref().map_or(Ok(()), KeyRelay::open)?;
        let line = editor.readline_with_initial(&self.mark.measured(), sides);
        self.keys.iter().for_each(KeyRelay::shut);
        line
    }

    fn interrupted(&self, line: &str) -> Typed {
        self.shared.forget_line();
        Typed::Interrupt { was_empty: line.is_empty() }
    }

    /// Makes of a text what the line editor gets: a label for it, if it is taller than the screen.
    pub(crate) fn folding(&self) -> impl Fn(&str) -> String {
        let room = InputRoom::on(term::terminal_size());
        move |text| self.shared.folds.folded(room, MARK_WIDTH, text)
    }

    fn remember(&self, history: &History, line: &str) {
        history.remember(line, self.folding()(line), |known| self.shared.folds.unfold(known) == line);
    }

    /// Shows a line that was too tall for the editor to draw it.
    fn echo(&self, line: &str) {
        let label = self.shared.folds.fold(line);
        let _ = term::print(format!("> {}\n", fold::shown(&label)).as_bytes());
    }

    /// Ends it all in order.
    pub(crate) fn leave(&self) {
        self.shared.leave();
        // Without the editor there is no display: what is left is printed at the end.
        self.queue.close();
        self.recipient.leave();
    }

    fn act(&self, line: &str, editor: &mut LineEditor) -> Then {
        match command_table::read(R::SIDE, line) {
            PromptLine::Text(text) if text.is_empty() => self.recipient.nudge(),
            PromptLine::Bad(why) => self.queue.warn(&why),
            PromptLine::Command(command) => return self.obey(command, editor),
            text @ PromptLine::Text(_) => self.send(Addressee::All, text),
        }
        Then::Go
    }

    fn obey(&self, command: PromptCommand, editor: &mut LineEditor) -> Then {
        match command {
            PromptCommand::Help(name) => match help::help(R::SIDE, name.as_deref()) {
                Ok(page) => self.queue.print(&page),
                Err(why) => self.queue.warn(&why),
            },
            PromptCommand::Ping(_)
            | PromptCommand::Pong(_)
            | PromptCommand::Binary(_)
            | PromptCommand::File(_)
            | PromptCommand::Frame(_)
            | PromptCommand::HalfClose
            | PromptCommand::Send(_)
            | PromptCommand::Drop => self.send(Addressee::All, PromptLine::Command(command)),
            PromptCommand::To(to, line) => self.send(to, *line),
            PromptCommand::Edit(draft) => return self.edit(draft),
            PromptCommand::Record(file) => {
                self.tell(self.recipient.record(file.map(|file| file.resolve(self.prompt.home.as_deref()))));
            }
            PromptCommand::Last(number) => self.show(|style| pages::message(style, &self.kept(number)?)),
            PromptCommand::Grep(pattern) => self.show(|style| {
                // Nothing else waits while the pages are made.
                let kept = self.shared.history().kept();
                pages::found(style, &kept, &pattern)
            }),
            PromptCommand::View => self.show(|style| {
                let (kept, words) = self.shared.history().whole();
                Ok(pages::session(style, &kept, &words))
            }),
            PromptCommand::Copy(number) => self.tell(self.copy(number)),
            PromptCommand::Save { number, file } => self.tell(self.save(number, &file)),
            PromptCommand::Rpc { method, params } => self.tell(self.call(&method, params.as_deref())),
            PromptCommand::Pause => {
                self.queue.pause();
                self.say("paused; /resume shows what arrives meanwhile");
            }
            PromptCommand::Resume => self.queue.resume(),
            PromptCommand::Filter(filter) => self.filter(filter),
            PromptCommand::Decode(how) => self.decode(how),
            PromptCommand::Json(indent) => self.indent(&indent),
            PromptCommand::Time(show) => self.stamp(&show),
            // A screen that cannot be cleared stays as it is.
            PromptCommand::Clear => drop(editor.clear_screen()),
            PromptCommand::Quit => return Then::Leave,
            other => self.tell(self.recipient.obey(other)),
        }
        Then::Go
    }

    fn send(&self, to: Addressee, line: PromptLine) {
        if let PromptLine::Command(PromptCommand::File(path)) = line {
            return self.send_file(to, &path);
        }
        self.tell(self.input(line).and_then(|input| self.recipient.send(to, input)));
    }

    fn tell(&self, done: Result<(), String>) {
        if let Err(why) = done {
            self.queue.warn(&why);
        }
    }

    /// What a line sends.
    fn input(&self, line: PromptLine) -> Result<Input, String> {
        match line {
            // An empty line ended a message that was not whole: it is no part of it.
            PromptLine::Text(text) => self.message(text.strip_suffix('\n').unwrap_or(&text)).map(Input::Message),
            PromptLine::Command(PromptCommand::Send(text)) => self.message(&text).map(Input::Message),
            PromptLine::Command(PromptCommand::Ping(data)) => Ok(Input::Ping(data)),
            PromptLine::Command(PromptCommand::Pong(data)) => Ok(Input::Pong(data)),
            PromptLine::Command(PromptCommand::Binary(data)) => Ok(Input::Message(Message::Binary(data))),
            PromptLine::Command(PromptCommand::Frame(frame)) => Ok(Input::Frame(frame)),
            PromptLine::Command(PromptCommand::HalfClose) => Ok(Input::HalfClose),
            PromptLine::Command(PromptCommand::Drop) => Ok(Input::Drop),
            PromptLine::Command(_) => Err("not sent: expected text, or a command that sends something".to_owned()),
            PromptLine::Bad(why) => Err(why),
        }
    }

    fn message(&self, text: &str) -> Result<Message, String> {
        self.prompt.kind.message(text).map_err(|error| format!("not sent: {error}"))
    }

    fn is_binary(&self) -> bool {
        self.prompt.kind.of_message() == DataKind::Binary
    }

    /// Sends what is in a file.
    fn send_file(&self, to: Addressee, path: &TypedPath) {
        let path = self.resolved(path);
        let (recipient, queue, binary) = (self.recipient.clone(), Arc::clone(self.queue), self.is_binary());
        let name = path.display().to_string();
        let waiting = format!("still reading `{name}`; it is sent when all of it is read");
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
                queue.warn(&why);
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
            return self.queue.warn(&format!("cannot start a thread: {error}"));
        }
        match is_done.recv_timeout(SOON) {
            Ok(done) => then(done),
            Err(_) => self.say(waiting),
        }
    }

    fn resolved(&self, path: &TypedPath) -> PathBuf {
        path.resolve(self.prompt.home.as_deref())
    }

    /// Lets the user write in an editor, and begins the next line with what came of it.
    fn edit(&self, draft: Draft) -> Then {
        let text = match self.drafted(draft) {
            Ok(text) => text,
            Err(why) => {
                self.queue.warn(&format!("cannot edit: {why}"));
                return Then::Go;
            }
        };
        match self.programs().edit(&text) {
            Ok(text) => Then::GoWith(text),
            Err(why) => {
                self.queue.warn(&format!("cannot edit: {why}"));
                Then::GoWith(text)
            }
        }
    }

    fn drafted(&self, draft: Draft) -> Result<String, String> {
        let sent = self.shared.history().sent.clone();
        match (draft, sent) {
            (Draft::File(path), _) => {
                let path = self.resolved(&path);
                let text = file::read_regular(&path).and_then(|data| String::from_utf8(data).map_err(io::Error::other));
                text.map_err(|error| format!("cannot read `{}`: {error}", path.display()))
            }
            (Draft::Text(text), Some(Message::Text(sent))) if text.is_empty() => Ok(sent.to_string()),
            (Draft::Text(text), _) => Ok(text),
        }
    }

    /// Writes a message to a file, and says so.
    fn save(&self, number: MessageNumber, file: &TypedDestination) -> Result<(), String> {
        let file = file.resolve(self.prompt.home.as_deref());
        let (kept, queue) = (self.kept(number)?, Arc::clone(self.queue));
        let (message, name) = (kept.whole()?.clone(), file.path.display().to_string());
        let (waiting, length) = (format!("still writing `{name}`"), message.data().len());
        let write = move || output_file::write(&file, message.data());
        let tell = move |written: io::Result<()>| match written {
            Ok(()) => queue.say(&format!("{} written to `{name}`", counted(length, "byte"))),
            Err(error) => queue.warn(&format!("cannot write `{name}`: {error}")),
        };
        self.aside(&waiting, write, tell);
        Ok(())
    }

    fn kept(&self, number: MessageNumber) -> Result<KeptMessage, String> {
        self.shared.history().message(number)
    }

    /// Shows a page in the pager.
    fn show(&self, page: impl FnOnce(&OutputStyle) -> Result<String, String>) {
        let style = OutputStyle { size: Some(term::terminal_size()), ..self.style.borrow().clone() };
        let page = page(&style);
        self.tell(page.and_then(|page| self.programs().page(&page)));
    }

    fn programs(&self) -> Programs<'_> {
        Programs { prompt: self.prompt, shared: self.shared }
    }

    /// Hands a message to the terminal for the clipboard (OSC 52), and says so.
    fn copy(&self, number: MessageNumber) -> Result<(), String> {
        let kept = self.kept(number)?;
        let text = match (kept.whole()?, kept.decoded()) {
            (_, Some(decoded)) => decoded.json(),
            (Message::Text(text), None) => text.to_string(),
            (Message::Binary(data), None) => hex::digits(data),
        };
        if text.len() > LONGEST_COPY {
            return Err(format!("not copied: {} bytes, and terminals accept at most {LONGEST_COPY}", text.len()));
        }
        // The editor does not write now.
        let written = term::print(format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_bytes())).as_bytes());
        written.map_err(|error| format!("not copied: {error}"))?;
        self.say(&format!("{} sent to the terminal's clipboard", counted(text.len(), "byte")));
        Ok(())
    }

    fn call(&self, method: &str, params: Option<&str>) -> Result<(), String> {
        let (id, text) = self.shared.rpc().make(method, params);
        let message =
            if self.is_binary() { Message::Binary(text.clone().into()) } else { Message::Text(text.as_str().into()) };
        let sent = self.recipient.send(Addressee::All, Input::Message(message));
        match sent {
            Ok(()) => self.queue.print(&format!("> {text}")),
            Err(_) => self.shared.rpc().forget(id),
        }
        sent
    }

    fn filter(&self, filter: Switch<MessageFilter>) {
        let mut shown = self.shared.filter();
        match filter {
            Switch::Tell => {}
            Switch::On(filter) => *shown = Some(filter),
            Switch::Off => *shown = None,
        }
        let told = shown.as_ref().map(|filter| format!("showing only messages that match `{filter}`"));
        self.say(told.as_deref().unwrap_or("showing all messages"));
    }

    fn decode(&self, how: Switch<DecoderChain>) {
        match how {
            Switch::Tell => {}
            Switch::On(chain) => self.shared.decode.set(Some(DecodeHow::Chain(chain))),
            Switch::Off => self.shared.decode.set(None),
        }
        let told =
            self.shared.decode.name().map(|name| format!("messages are decoded: `{name}`; /decode off ends that"));
        self.say(told.as_deref().unwrap_or("messages are not decoded"));
    }

    fn indent(&self, indent: &Switch<()>) {
        let mut style = self.style.borrow_mut();
        style.indent_json = match (wanted(indent, style.indent_json.indents()), style.indent_json) {
            (false, _) => IndentJson::Never,
            (true, IndentJson::Never) => IndentJson::Long,
            (true, asked) => asked,
        };
        self.queue.push(QueuedItem::Set(DisplaySetting::Indent(style.indent_json)));
        self.say(if style.indent_json.indents() {
            "JSON that does not fit a line is indented; /json off shows it as received"
        } else {
            "JSON is shown as received; /json on indents what does not fit a line"
        });
    }

    fn stamp(&self, show: &Switch<()>) {
        let mut style = self.style.borrow_mut();
        let is_shown = wanted(show, style.stamps.is_some());
        style.stamps = is_shown.then_some(self.stamps);
        self.queue.push(QueuedItem::Set(DisplaySetting::Stamps(style.stamps)));
        self.say(if is_shown {
            "the time is shown before each message; /time off hides it"
        } else {
            "no times are shown; /time on shows them"
        });
    }

    fn say(&self, text: &str) {
        self.queue.say(text);
    }
}

fn wanted(switch: &Switch<()>, is_on: bool) -> bool {
    match switch {
        Switch::Tell => is_on,
        Switch::On(()) => true,
        Switch::Off => false,
    }
}
