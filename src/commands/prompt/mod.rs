//! The prompt: lines are typed at the bottom, what the server says appears above.
//!
//! The calling thread does nothing but edit lines (`typist`): the terminal's input is its own. The connection has a
//! thread, or the server with all of its clients; the display has one, and so have signals; none of them waits for
//! another without a limit.

mod arguments;
mod command;
pub(crate) mod command_table;
mod connection;
mod display;
mod editor;
mod files;
mod filter;
mod fold;
mod help;
mod history;
mod host;
mod kept_line;
mod line_reader;
mod mark;
mod message_log;
mod output;
mod pages;
mod paste;
mod programs;
mod queue;
mod queued_item;
mod reflow;
mod repeat_progress;
pub(crate) mod requests;
mod rpc;
mod state;
pub(crate) mod status;
mod target;
mod thread;
mod transcript;
mod typed_lines;

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossterm::style::Color;
use rustyline::error::ReadlineError;
use tokio::sync::mpsc;

use self::connection::PromptConnection;
use self::display::Screen;
use self::editor::Assistant;
use self::history::History;
use self::host::Host;
use self::line_reader::LineReader;
use self::mark::PromptMark;
use self::paste::PasteFilter;
use self::queue::Queue;
use self::queued_item::{QueuedItem, Taken};
use self::state::{Shared, TerminalHolder};
use self::status::SIGNALLED;
use self::target::{ClientTarget, PromptTarget, ServerTarget};
use self::thread::PromptThread;
use self::transcript::Transcript;
use self::typed_lines::TypedLines;
use crate::client::options::ClientOptions;
use crate::error::Error;
use crate::input::source::{Guidance, PromptOptions};
use crate::render::text::painted;
use crate::render::{OutputStyle, Renderer, Stamps};
use crate::server::Roster;
use crate::server::options::ListenOptions;
use crate::sys::key_relay::KeyRelay;
use crate::sys::signals;
use crate::term;
use crate::text::escape::{Keep, escape};

/// Lines on their way to the other thread; a person does not type more ahead, and a paste is one line.
const LINES: usize = 64;

/// How the prompt is used.
const GUIDANCE: &str = "type a line and press Enter to send it; /help lists the commands, Ctrl-D leaves";

/// Runs a client's prompt to its end, and returns the exit status.
pub(crate) fn run(plan: &ClientOptions, prompt: &PromptOptions) -> u8 {
    let (shared, queue) =
        (Arc::new(Shared::new(plan.session.decode.as_ref())), Arc::new(Queue::new(plan.style.colour)));
    let (lines, inputs) = mpsc::channel(LINES);
    let (orders, ordered) = mpsc::channel(LINES);
    let server = ClientTarget {
        shared: Arc::clone(&shared),
        queue: Arc::clone(&queue),
        close: plan.session.ending.close.clone(),
        lines: lines.clone(),
        orders,
    };
    let (plan_of_it, exit_on_close) = (plan.clone(), prompt.exit_on_close);
    let start = |context: PromptThread| {
        context.start(move |context| {
            PromptConnection { plan: plan_of_it, exit_on_close, context, lines, inputs, ordered, has_unsent: false }
                .hold()
        })
    };
    let code = prompt_with(prompt, &plan.style, &shared, &queue, server, start);
    code.unwrap_or_else(|error| crate::runtime::complain(&error))
}

/// Runs a server's prompt to its end, and returns the exit status.
pub(crate) fn host(service: &ListenOptions, prompt: &PromptOptions) -> u8 {
    let roster = Arc::new(Roster::default());
    let decode = service.options.session.decode.as_ref();
    let (shared, queue) =
        (Arc::new(Shared::of_a_server(Arc::clone(&roster), decode)), Arc::new(Queue::new(service.style.colour)));
    let (orders, ordered) = mpsc::channel(LINES);
    let clients = ServerTarget { shared: Arc::clone(&shared), orders };
    let service_of_it = service.clone();
    let start = |context: PromptThread| {
        context.start(move |context| Host { service: service_of_it, roster, context, ordered }.hold())
    };
    let code = prompt_with(prompt, &service.style, &shared, &queue, clients, start);
    code.unwrap_or_else(|error| crate::runtime::complain(&error))
}

/// `recipient` leads to the thread that `start` starts.
fn prompt_with<R: PromptTarget>(
    prompt: &PromptOptions,
    style: &OutputStyle,
    shared: &Arc<Shared>,
    queue: &Arc<Queue>,
    recipient: R,
    start: impl FnOnce(PromptThread) -> std::io::Result<JoinHandle<u8>>,
) -> Result<u8, Error> {
    let local = |what| move |source| Error::Local { what, source };
    term::guard_terminal().map_err(local("read the terminal's state"))?;
    let screen = Arc::new(Screen::new());
    let signals = watched(shared, queue, &screen).map_err(local("watch for signals"))?;
    let set_up =
        |error: ReadlineError| Error::Local { what: "set up the prompt", source: std::io::Error::other(error) };
    let lines = TypedLines::default();
    let mark = || PromptMark { shared: Arc::clone(shared), queue: Arc::clone(queue), colour: style.colour };
    let assistant = Assistant {
        side: R::SIDE,
        screen: Arc::clone(&screen),
        shared: Arc::clone(shared),
        lines: lines.clone(),
        mark: mark(),
        colour: style.colour,
        drawn: Mutex::default(),
        wraps_anew: prompt.wraps_anew,
        home: prompt.home.clone(),
        is_final: Cell::new(false),
    };
    let mut editor = editor::editor(assistant, prompt.vi, &lines).map_err(set_up)?;
    let printer = editor.create_external_printer().map_err(set_up)?;

    let (ready, is_ready) = std::sync::mpsc::channel();
    let thread = PromptThread { shared: Arc::clone(shared), queue: Arc::clone(queue), signals, ready };
    let other = start(thread).map_err(local("start the thread of the connection"))?;
    // There is no prompt before there is a connection, or a server: a failure just ends the program.
    let mut code = None;
    let current_style = RefCell::new(style.clone());
    let has_begun = is_ready.recv().is_ok();
    if has_begun {
        let transcript = Transcript::new(Renderer::new(style.clone()));
        display::spawn(Arc::clone(&screen), Arc::clone(queue), transcript, printer)
            .map_err(local("start the display"))?;
        let stamps = style.stamps.unwrap_or(Stamps::Local);
        let (mark, keys) = (mark(), relayed_keys());
        let reader =
            LineReader { prompt, mark, stamps, style: &current_style, shared, screen: &screen, queue, recipient, keys };
        let history = History::load(lines, prompt.history.as_deref(), reader.folding());
        guide(prompt.guidance, history.is_empty(), style);
        code = reader.run(&mut editor, &history);
        reader.leave();
    }
    let ended = other.join().unwrap_or(101);
    let is_hurried = shared.has_left() || ended > SIGNALLED;
    if has_begun {
        // Again: a Ctrl-C that is typed makes the system forget what the terminal has not taken yet.
        term::restore_terminal();
    }
    print_rest(current_style.into_inner(), &screen, queue, shared, is_hurried);
    Ok(code.unwrap_or(ended))
}

/// Directly, since the display shows what is queued only beside a line that is edited.
fn guide(guidance: Guidance, has_typed_nothing: bool, style: &OutputStyle) {
    if guidance == Guidance::Always || guidance == Guidance::WithoutHistory && has_typed_nothing {
        let _ = term::print(format!("{}\n", painted(style, GUIDANCE, Color::DarkGrey)).as_bytes());
    }
}

/// Where there are no terminals to be had, the editor reads the keys itself.
fn relayed_keys() -> Option<KeyRelay> {
    let mut filter = PasteFilter::default();
    KeyRelay::start(term::own_terminal().ok()?, move |typed| filter.pass(typed)).ok()
}

/// The signals that end the prompt; those that do not are dealt with.
fn watched(shared: &Arc<Shared>, queue: &Arc<Queue>, screen: &Arc<Screen>) -> std::io::Result<mpsc::Receiver<i32>> {
    let dealt_with = dealing(Arc::clone(shared), Arc::clone(queue), Arc::clone(screen));
    signals::watch_aside(&[signals::SIGQUIT, signals::SIGCONT], dealt_with)
}

/// Deals with the signals that do not end the prompt.
fn dealing(shared: Arc<Shared>, queue: Arc<Queue>, screen: Arc<Screen>) -> impl Fn(i32) -> bool + Send + 'static {
    move |signal| match signal {
        signals::SIGCONT => {
            if shared.terminal() == TerminalHolder::Editor {
                term::edit_again();
                // What stands above the line by now is the shell's.
                screen.disturb();
                // Draws the line again, wherever the cursor has got to.
                queue.push(QueuedItem::Lines("* continued\n".to_owned()));
            }
            true
        }
        // From the keyboard, for who has the terminal.
        signals::SIGINT | signals::SIGQUIT if shared.terminal() == TerminalHolder::Program => true,
        signals::SIGINT => {
            shared.see_enough();
            false
        }
        _ => false,
    }
}

/// What the display did not get to show, and the line that was not sent.
///
/// Who has left waits for no flood; Ctrl-C ends the waiting for one that the peer has ended.
fn print_rest(style: OutputStyle, screen: &Screen, queue: &Queue, shared: &Shared, is_hurried: bool) {
    queue.close();
    let mut rest = Taken::default();
    screen.leave().into_iter().for_each(|taken| rest.append(taken));
    rest.append(queue.take_rest());
    if is_hurried {
        rest.shorten();
    }
    let has_seen_enough = || shared.has_seen_enough();
    display::print_rest(Transcript::new(Renderer::new(style)), rest, has_seen_enough);
    let line = shared.line();
    if !line.is_empty() {
        let line = shared.folds.unfold(&line);
        let _ = term::print(format!("not sent: {}\n", escape(&line, Keep::Nothing)).as_bytes());
    }
}
