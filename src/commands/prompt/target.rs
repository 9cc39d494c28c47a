//! Whom the typed lines are for: the server that we are connected to, or the clients of the one that we are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::arguments::Switch;
use super::command::PromptCommand;
use super::queue::Queue;
use super::requests::{ClientRequest as Wish, RecordRequest, RepeatRequest, ServerRequest, ShownRepeat};
use super::state::{ConnectionState, Shared};
use super::status::INTERRUPTED;
use crate::client::output_file::Destination;
use crate::events::{Addressee, Batch, Input};
use crate::message::{Close, Message};
use crate::sys::signals;
use crate::target::Parsed;
use crate::wire::frame::Side;

/// How long a line waits for room on its way, and how often it looks for some.
const AHEAD: Duration = Duration::from_millis(200);
const SHORTLY: Duration = Duration::from_millis(1);

/// How long the prompt waits for something that is done elsewhere, and that it shows.
const SOON: Duration = Duration::from_millis(500);

const NOT_REPEATING: &str = "nothing is being repeated";

const NOT_NOW: &str = "not sent: the connection was lost; only messages wait for the next one";

const HALF_CLOSED: &str = "not sent: after /half-close, only /drop, /close and /quit are possible";

const CLOSED: &str = "not sent: the connection is closed; Enter or /reconnect connects again, /quit leaves";

/// The table of commands has it for the other side only.
const NONE_OF_OURS: &str = "this prompt has no such command";

pub(crate) trait PromptTarget: Clone + Send + 'static {
    /// Which end of the connections we are.
    const SIDE: Side;

    /// How often Ctrl-C has to be pressed on an empty line to leave.
    const INTERRUPTS: u32;

    /// Sends something, to all where there are several.
    ///
    /// # Errors
    /// In words, why it was not sent.
    fn send(&self, to: Addressee, input: Input) -> Result<(), String>;

    /// An empty line was typed: connects again, or does not wait any longer.
    fn nudge(&self);

    /// Does what is not for the prompt alone.
    ///
    /// # Errors
    /// In words, why not.
    fn obey(&self, command: PromptCommand) -> Result<(), String>;

    /// Records to a file from now on, or no longer.
    ///
    /// # Errors
    /// In words, why not.
    fn record(&self, file: Option<Destination>) -> Result<(), String>;

    /// Whether it ends already, and only waits.
    fn is_ending(&self) -> bool;

    /// Sends nothing again and again any more; false if it did not.
    fn stop_repeating(&self) -> bool {
        false
    }

    /// Who types leaves with Ctrl-C; the exit status, if the other thread's does not count then.
    fn interrupted(&self) -> Option<u8>;

    /// Ends it all in order.
    fn leave(&self);
}

/// The server, through the connection's thread.
#[derive(Clone)]
pub(crate) struct ClientTarget {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    /// What is said when leaving.
    pub(crate) close: Close,
    pub(crate) lines: mpsc::Sender<Result<Batch, String>>,
    pub(crate) orders: mpsc::Sender<Wish>,
}

/// The clients, through the server's thread, which says by itself what could not be done.
#[derive(Clone)]
pub(crate) struct ServerTarget {
    pub(crate) shared: Arc<Shared>,
    pub(crate) orders: mpsc::Sender<ServerRequest>,
}

impl PromptTarget for ClientTarget {
    const SIDE: Side = Side::Client;
    const INTERRUPTS: u32 = 2;

    fn send(&self, _: Addressee, input: Input) -> Result<(), String> {
        match (self.shared.standing(), &input) {
            (ConnectionState::Closed, _) => Err(CLOSED.to_owned()),
            (ConnectionState::HalfClosed, Input::Close(_) | Input::Drop) => {
                hand_over(&self.lines, Ok(vec![input]));
                Ok(())
            }
            (ConnectionState::HalfClosed, _) => Err(HALF_CLOSED.to_owned()),
            (ConnectionState::Reconnecting, Input::Message(_)) => {
                // Counted first: the connection may be there the moment that it is in the queue.
                let queued = self.shared.queue_one();
                if self.lines.try_send(Ok(vec![input])).is_err() {
                    self.shared.unqueue_one();
                    return Err("not sent: the queue is full".to_owned());
                }
                self.queue.say(&format!("queued ({queued})"));
                Ok(())
            }
            (ConnectionState::Reconnecting, _) => Err(NOT_NOW.to_owned()),
            (ConnectionState::Open, _) => {
                let (message, is_half_close) = (message_of(&input), matches!(input, Input::HalfClose));
                if !hand_over(&self.lines, Ok(vec![input])) {
                    return Err("not sent: the server does not read the messages before it".to_owned());
                }
                // Already now, for a `/repeat` that was typed ahead.
                self.shared.history().note_typed(message);
                if is_half_close {
                    self.shared.half_closed();
                    self.queue.say("sending no more; /drop or /quit ends the connection");
                }
                Ok(())
            }
        }
    }

    fn nudge(&self) {
        if !self.is_open() {
            self.order(Wish::Reconnect);
        }
    }

    fn obey(&self, command: PromptCommand) -> Result<(), String> {
        match command {
            PromptCommand::Close(_) if self.shared.standing() == ConnectionState::Reconnecting => {
                self.order(Wish::Stay)
            }
            PromptCommand::Close(close) => {
                self.shared.ask_close(self.is_open());
                return self.send(Addressee::All, Input::Close(close));
            }
            PromptCommand::Fragment(size) => {
                if self.shared.standing() == ConnectionState::Open {
                    self.send(Addressee::All, Input::Fragment(size))?;
                }
                // For the connections that follow.
                self.order(Wish::Fragment(size));
                let told = size.map(|size| format!("messages are sent in frames of at most {size} bytes"));
                self.queue.say(told.as_deref().unwrap_or("only messages over 64 KiB are sent in several frames"));
            }
            PromptCommand::Connect(url) => match Parsed::from_text(&url) {
                Ok(parsed) => self.order(Wish::Connect(Box::new(parsed))),
                Err(error) => return Err(format!("invalid URL `{url}`: {error}")),
            },
            PromptCommand::Reconnect => self.order(Wish::Reconnect),
            PromptCommand::Repeat(Switch::Tell) => match &*self.shared.repeating() {
                Some(progress) => self.queue.say(&format!("repeating {progress}")),
                None => {
                    self.queue.say(&format!("{NOT_REPEATING}; /repeat 10 every 500ms sends the last message again"))
                }
            },
            PromptCommand::Repeat(Switch::Off) => {
                if !self.stop_repeating() {
                    self.queue.say(NOT_REPEATING);
                }
            }
            PromptCommand::Repeat(Switch::On(repetition)) => {
                let sent = self.shared.history().sent.clone();
                match sent {
                    Some(_) if self.shared.standing() == ConnectionState::HalfClosed => {
                        return Err(HALF_CLOSED.to_owned());
                    }
                    Some(message) if self.is_open() => {
                        let shown = ShownRepeat::new(&message, repetition, &self.shared, &self.queue);
                        self.order(Wish::Repeat(RepeatRequest { message, repetition, shown }));
                    }
                    Some(_) => return Err(CLOSED.to_owned()),
                    None => return Err("no message has been sent yet".to_owned()),
                }
            }
            PromptCommand::Info => self.queue.print(&self.shared.history().info(self.is_open())),
            _ => return Err(NONE_OF_OURS.to_owned()),
        }
        Ok(())
    }

    fn record(&self, file: Option<Destination>) -> Result<(), String> {
        let (request, is_done) = RecordRequest::new(file);
        self.order(Wish::Record(request));
        // The next prompt shows what is so then.
        let _ = is_done.recv_timeout(SOON);
        Ok(())
    }

    fn is_ending(&self) -> bool {
        false
    }

    fn stop_repeating(&self) -> bool {
        let is_repeating = self.shared.repeating().is_some();
        if is_repeating {
            // It is told there how many were sent.
            self.order(Wish::StopRepeating);
        }
        is_repeating
    }

    fn interrupted(&self) -> Option<u8> {
        Some(INTERRUPTED)
    }

    fn leave(&self) {
        let _ = self.lines.try_send(Ok(vec![Input::Close(Some(self.close.clone()))]));
        self.order(Wish::Leave);
    }
}

impl ClientTarget {
    fn is_open(&self) -> bool {
        matches!(self.shared.standing(), ConnectionState::Open | ConnectionState::HalfClosed)
    }

    fn order(&self, order: Wish) {
        // The connection takes orders at any time, so only one that has ended leaves them lying.
        let _ = self.orders.try_send(order);
    }
}

impl PromptTarget for ServerTarget {
    const SIDE: Side = Side::Server;
    // Its clients would go with it.
    const INTERRUPTS: u32 = 2;

    fn send(&self, to: Addressee, input: Input) -> Result<(), String> {
        let message = message_of(&input);
        self.order(ServerRequest::Send(to, input))?;
        self.shared.history().note_typed(message);
        Ok(())
    }

    fn nudge(&self) {}

    fn obey(&self, command: PromptCommand) -> Result<(), String> {
        match command {
            PromptCommand::Clients => self.order(ServerRequest::List),
            PromptCommand::Kick(client, close) => self.order(ServerRequest::Close(Some(client), close)),
            PromptCommand::Close(close) => self.order(ServerRequest::Close(None, close)),
            _ => Err(NONE_OF_OURS.to_owned()),
        }
    }

    fn record(&self, file: Option<Destination>) -> Result<(), String> {
        let (request, is_done) = RecordRequest::new(file);
        self.order(ServerRequest::Record(request))?;
        let _ = is_done.recv_timeout(SOON);
        Ok(())
    }

    fn is_ending(&self) -> bool {
        self.orders.is_closed()
    }

    fn interrupted(&self) -> Option<u8> {
        if self.is_ending() {
            // It is ending, and waits for its clients. The line editor took the signal, or the key, for itself.
            signals::interrupt_ourselves();
        }
        None
    }

    fn leave(&self) {
        // One that is ending takes no more.
        let _ = self.order(ServerRequest::Leave);
    }
}

impl ServerTarget {
    fn order(&self, order: ServerRequest) -> Result<(), String> {
        if hand_over(&self.orders, order) {
            Ok(())
        } else {
            Err("not done: the server is busy or shutting down".to_owned())
        }
    }
}

fn message_of(input: &Input) -> Option<Message> {
    if let Input::Message(message) = input { Some(message.clone()) } else { None }
}

/// Passes something on; false if there is no room for it. Lines typed ahead come faster than they are taken.
fn hand_over<T>(to: &mpsc::Sender<T>, mut what: T) -> bool {
    let end = Instant::now() + AHEAD;
    loop {
        match to.try_send(what) {
            Ok(()) => return true,
            Err(TrySendError::Full(back)) if Instant::now() < end => what = back,
            Err(_) => return false,
        }
        std::thread::sleep(SHORTLY);
    }
}
