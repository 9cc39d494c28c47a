//! What the threads of the prompt know of each other. All that changes is behind one lock, and told by name.

use std::sync::{Arc, Mutex, MutexGuard};

use super::filter::MessageFilter;
use super::fold::Folds;
use super::message_log::MessageLog;
use super::repeat_progress::RepeatProgress;
use super::rpc::RpcCalls;
use crate::server::Roster;
use crate::session::DecodeSwitch;

/// How it stands with the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    #[default]
    Closed,
    Open,
    /// We have said that we send no more.
    HalfClosed,
    /// It is lost, and will be back if that can be done.
    Reconnecting,
}

/// Who has the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TerminalHolder {
    /// We do, between two lines.
    #[default]
    Nobody,
    Editor,
    /// A pager or the user's editor, whose Ctrl-C is none of ours.
    Program,
}

/// How the line that is typed stands on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum InputFit {
    #[default]
    Fits,
    /// It is taller than the screen, and is to come back to be folded.
    TooTall,
    /// Meanwhile the editor draws on the other screen.
    Aside,
}

/// A key that is more than a part of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalKey {
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Stop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PromptPhase {
    #[default]
    Running,
    /// The connection's thread has ended, or wants the editor to come back.
    Over,
    /// The user has left, before the connection had ended.
    Left,
}

/// Shared by the threads of the prompt.
pub(crate) struct Shared {
    state: Mutex<PromptState>,
    /// What labels in the line stand for.
    pub(crate) folds: Folds,
    /// The clients, where we are the server.
    pub(crate) roster: Option<Arc<Roster>>,
    /// What is being sent again and again.
    repeating: Mutex<Option<Arc<RepeatProgress>>>,
    history: Mutex<MessageLog>,
    filter: Mutex<Option<MessageFilter>>,
    /// How messages are decoded.
    pub(crate) decode: DecodeSwitch,
    rpc: Mutex<RpcCalls>,
}

#[derive(Default)]
struct PromptState {
    /// The line being typed, and where the cursor is in it, in bytes.
    line: String,
    cursor: usize,
    fit: InputFit,
    pressed: Option<SignalKey>,
    terminal: TerminalHolder,
    phase: PromptPhase,
    connection: ConnectionState,
    /// Messages typed while reconnecting, which the next connection takes.
    queued: usize,
    /// Events go to a file.
    is_recording: bool,
    /// The user has entered a line.
    has_typed: bool,
    /// The user has asked for the connection to be closed, and is still there.
    asked_close: bool,
    /// Ctrl-C was pressed when the editor was gone.
    has_seen_enough: bool,
}

impl Shared {
    /// Of a prompt whose messages are decoded so.
    pub(crate) fn new(decode: Option<&DecodeSwitch>) -> Self {
        Self {
            decode: decode.cloned().unwrap_or_else(|| DecodeSwitch::new(None, 0)),
            state: Mutex::default(),
            folds: Folds::default(),
            roster: None,
            repeating: Mutex::default(),
            history: Mutex::default(),
            filter: Mutex::default(),
            rpc: Mutex::default(),
        }
    }

    pub(crate) fn of_a_server(roster: Arc<Roster>, decode: Option<&DecodeSwitch>) -> Self {
        Self { roster: Some(roster), ..Self::new(decode) }
    }

    fn state(&self) -> MutexGuard<'_, PromptState> {
        self.state.lock().expect("nothing panics while it holds this")
    }

    /// The line being typed.
    pub(crate) fn line(&self) -> String {
        self.state().line.clone()
    }

    /// What stands before and after the cursor in it.
    pub(crate) fn sides(&self) -> (String, String) {
        let state = self.state();
        let (left, right) = state.line.split_at(state.line.floor_char_boundary(state.cursor));
        (left.to_owned(), right.to_owned())
    }

    /// The editor does not give a line back when it is interrupted, so it is kept as it grows.
    pub(crate) fn keep_line(&self, line: &str, cursor: usize) {
        let mut state = self.state();
        state.cursor = cursor;
        line.clone_into(&mut state.line);
    }

    pub(crate) fn forget_line(&self) {
        self.state().line.clear();
    }

    /// The user has entered a line.
    pub(crate) fn note_typed(&self) {
        self.state().has_typed = true;
    }

    /// Whether the user has entered a line, or has begun one.
    pub(crate) fn has_typed(&self) -> bool {
        let state = self.state();
        state.has_typed || !state.line.is_empty()
    }

    pub(crate) fn fit(&self) -> InputFit {
        self.state().fit
    }

    /// From now on the line stands so; how it stood before.
    pub(crate) fn set_fit(&self, fit: InputFit) -> InputFit {
        std::mem::replace(&mut self.state().fit, fit)
    }

    pub(crate) fn press(&self, key: SignalKey) {
        self.state().pressed = Some(key);
    }

    /// Whether this key was pressed since it was asked for last.
    pub(crate) fn was_pressed(&self, key: SignalKey) -> bool {
        self.state().pressed.take_if(|pressed| *pressed == key).is_some()
    }

    pub(crate) fn terminal(&self) -> TerminalHolder {
        self.state().terminal
    }

    pub(crate) fn hand_terminal(&self, to: TerminalHolder) {
        self.state().terminal = to;
    }

    /// The connection's thread has ended, or wants the editor to come back.
    pub(crate) fn is_over(&self) -> bool {
        self.state().phase == PromptPhase::Over
    }

    pub(crate) fn end(&self) {
        self.turn(PromptPhase::Over);
    }

    /// Whether the user has left, before the connection had ended.
    pub(crate) fn has_left(&self) -> bool {
        self.state().phase == PromptPhase::Left
    }

    pub(crate) fn leave(&self) {
        self.turn(PromptPhase::Left);
    }

    /// What came first counts.
    fn turn(&self, to: PromptPhase) {
        let mut state = self.state();
        if state.phase == PromptPhase::Running {
            state.phase = to;
        }
    }

    /// Whether Ctrl-C was pressed when the editor was gone.
    pub(crate) fn has_seen_enough(&self) -> bool {
        self.state().has_seen_enough
    }

    pub(crate) fn see_enough(&self) {
        self.state().has_seen_enough = true;
    }

    /// A server has as many connections as clients.
    pub(crate) fn standing(&self) -> ConnectionState {
        if let Some(roster) = &self.roster {
            return if roster.is_empty() { ConnectionState::Closed } else { ConnectionState::Open };
        }
        self.state().connection
    }

    pub(crate) fn stand(&self, standing: ConnectionState) {
        self.state().connection = standing;
    }

    /// The user has half-closed the connection, if it still is there.
    pub(crate) fn half_closed(&self) {
        let mut state = self.state();
        if state.connection == ConnectionState::Open {
            state.connection = ConnectionState::HalfClosed;
        }
    }

    /// The user asks for the connection to be closed, if there is one, and stays.
    pub(crate) fn ask_close(&self, is_open: bool) {
        self.state().asked_close = is_open;
    }

    /// Whether that was asked for; it is forgotten.
    pub(crate) fn take_asked_close(&self) -> bool {
        std::mem::take(&mut self.state().asked_close)
    }

    /// One more message waits for the next connection; how many do.
    pub(crate) fn queue_one(&self) -> usize {
        let mut state = self.state();
        state.queued += 1;
        state.queued
    }

    /// It could not wait.
    pub(crate) fn unqueue_one(&self) {
        let mut state = self.state();
        state.queued = state.queued.saturating_sub(1);
    }

    /// How many wait; from now on, none do.
    pub(crate) fn take_queued(&self) -> usize {
        std::mem::take(&mut self.state().queued)
    }

    pub(crate) fn is_recording(&self) -> bool {
        self.state().is_recording
    }

    pub(crate) fn set_recording(&self, is_recording: bool) {
        self.state().is_recording = is_recording;
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, MessageLog> {
        self.history.lock().expect("nothing panics while it holds this")
    }

    pub(crate) fn filter(&self) -> MutexGuard<'_, Option<MessageFilter>> {
        self.filter.lock().expect("nothing panics while it holds this")
    }

    pub(crate) fn repeating(&self) -> MutexGuard<'_, Option<Arc<RepeatProgress>>> {
        self.repeating.lock().expect("nothing panics while it holds this")
    }

    pub(crate) fn rpc(&self) -> MutexGuard<'_, RpcCalls> {
        self.rpc.lock().expect("nothing panics while it holds this")
    }
}
