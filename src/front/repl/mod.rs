//! The prompt: lines are typed at the bottom, what the server says appears above.
//!
//! The calling thread does nothing but edit lines (`typist`): the terminal's input is its own. The connection has a
//! thread, the display has one, and so have signals; none of them waits for another without a limit.

mod connection;
mod display;
mod editor;
mod output;
mod queue;
mod state;
mod typist;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::Signal;
use rustyline::error::ReadlineError;
use tokio::sync::mpsc;

use self::connection::Connection;
use self::display::{Screen, rendered};
use self::queue::Queue;
use self::state::Shared;
use self::typist::Typist;
use super::signals;
use crate::error::Error;
use crate::plan::{Plan, Prompt};
use crate::render::Renderer;
use crate::term::escape::{Keep, escape};
use crate::term::{self};

/// Lines on their way to the connection; a person does not type more ahead, and a paste is one line.
const LINES: usize = 64;

/// The editor misses a signal that comes just before it waits, so it is sent again, at this pace, so often.
const CALL_AGAIN: Duration = Duration::from_millis(20);
const CALLS: u32 = 25;

/// The exit status of who pressed Ctrl-C to leave.
const INTERRUPTED: u8 = 130;

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

    let shared = Arc::new(Shared::default());
    let screen = Arc::new(Screen::new());
    let queue = Arc::new(Queue::default());
    let set_up =
        |error: ReadlineError| Error::Local { what: "set up the prompt", source: std::io::Error::other(error) };
    let (assisting, colour) = ((Arc::clone(&screen), Arc::clone(&shared)), plan.look.colour);
    let mut editor = editor::editor(assisting.0, assisting.1, colour, prompt.vi).map_err(set_up)?;
    let printer = editor.create_external_printer().map_err(set_up)?;

    let (lines, inputs) = mpsc::channel(LINES);
    let (orders, ordered) = mpsc::channel(LINES);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let connection = Connection {
        plan: plan.clone(),
        exit_on_close: prompt.exit_on_close,
        shared: Arc::clone(&shared),
        queue: Arc::clone(&queue),
        lines: lines.clone(),
        inputs,
        ordered,
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
        let typist = Typist { plan, prompt, shared: &shared, screen: &screen, queue: &queue, lines, orders };
        code = typist.run(&mut editor);
        typist.leave();
    }
    let ended = connection.join().unwrap_or(101);
    print_rest(plan, &screen, &queue, &shared);
    Ok(code.unwrap_or(ended))
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
