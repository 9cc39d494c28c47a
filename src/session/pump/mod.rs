//! The pump: one task that owns the socket and the clock.

mod echo;
mod echo_path;
pub(crate) mod write;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::iter::once;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tokio::sync::{Notify, mpsc};
use tokio::task::coop::unconstrained;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use self::echo_path::EchoPath;
use super::backlog::Backlog;
use super::decoding::SessionDecoder;
use super::inlet::Inlet;
use super::keepalive::{Keepalive, KeepaliveAction};
use super::lifecycle::{ByteCounts, ClockStep, Lifecycle, Outcome, Reception};
use super::options::{ECHOES, Echo, Options, Progress};
use super::outlet::{Gone, Outlet};
use super::pings::Pings;
use super::reply::PendingReplies;
use super::seen_message::SeenMessage;
use crate::codec::Decoding;
use crate::events::{self, Batch, End, ErrorEvent, Event, EventKind, Input, MessageBatch};
use crate::message::{Close, DataKind, Direction, Message};
use crate::transport::Duplex;
use crate::wire::fault::Fault;
use crate::wire::incoming::Incoming;
use crate::wire::socket::Socket;
use crate::wire::trace::WireEvent;

/// After the closing handshake, or after a fault, the peer gets this long to close the transport.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// So many bytes are taken at a stretch, as they are without compression, then all else has its turn.
const STRETCH: usize = 256 << 10;

/// Runs a session to its end.
///
/// `first` is sent before anything else, then what `progress` has left from the connection before.
pub(crate) async fn run<S, O>(
    socket: Socket<S>,
    first: Batch,
    progress: &mut Progress,
    inputs: &mut impl Inlet,
    signals: &mut mpsc::Receiver<i32>,
    outlet: &O,
    options: &Options,
) -> Outcome
where
    S: Duplex,
    O: Outlet + ?Sized,
{
    if outlet.takes_runs() && options.decode.is_none() && options.echo != Echo::Aside && options.replies.is_empty() {
        socket.hand_over_runs();
    }
    progress.backlog.send_last_again();
    if options.ending.sends_the_rest {
        socket.hold_close();
    }
    // What is sent again is waited for again.
    let sends_again = !first.is_empty() || progress.backlog.messages() > 0;
    let pump = Pump::new(&socket, outlet, std::mem::take(progress), sends_again, options);
    let (echoes, echoed) = mpsc::channel(ECHOES);
    let echoes = EchoPath::new(options.echo, echoes);
    // Side by side: a send that waits for the peer must not stop the reads, or two polite ends wait for ever.
    let end = tokio::select! {
        biased;
        () = pump.abandoned.notified() => End::Abandoned,
        end = pump.watch(signals) => end,
        // Or a peer that is always ahead would use up what tokio lets a task do at a time, and nothing would ever be sent.
        end = unconstrained(pump.read(echoes.as_ref(), options)) => end,
        // Beside the writer, since a ping may go between the frames of a message that takes a while.
        end = pump.keep_alive() => end,
        never = pump.write(first, inputs, echoed, options) => match never {},
        () = outlet.gone() => End::OutputGone,
    };
    let written = socket.messages_written();
    let end = match (end, pump.fault.take()) {
        // The time limit for a peer that was asked to leave has passed: this is why it was asked.
        (End::Unanswered | End::Silent, Some(fault)) => End::Broken(fault),
        (end, _) => end,
    };
    if matches!(end, End::TimedOut | End::Idle | End::NoReply(_) | End::Interrupted(_) | End::OutputGone) {
        // A Close, if it can be sent without waiting.
        let _ = socket.close(&Close::new(1001, "")).now_or_never();
    }
    let core = pump.core.into_inner();
    let mut backlog = pump.backlog.into_inner();
    backlog.written(written);
    if !core.waits_for_reply() {
        backlog.answered();
    }
    backlog.connection_ended();
    let (outcome, goal) = core.outcome(end, Instant::now());
    *progress = Progress { goal, backlog, input_ended: outcome.input_ended };
    outcome
}

pub(crate) struct Pump<'a, S, O: ?Sized> {
    socket: &'a Socket<S>,
    outlet: &'a O,
    // Borrowed between awaits only.
    core: RefCell<Lifecycle>,
    core_changed: Notify,
    close_wanted: Notify,
    echo_sent: Notify,
    /// `--lockstep`
    reply_came: Notify,
    /// What is sent before anything else has been sent.
    has_begun: Cell<bool>,
    abandoned: Notify,
    /// Our Close has gone.
    has_closed: Notify,
    /// Why the connection fails, while the peer has time to leave.
    fault: RefCell<Option<Fault>>,
    pings: RefCell<Pings>,
    /// Boxed, as all else of them, so that the many clients of a server need no memory for it.
    replies: Option<Box<PendingReplies>>,
    keepalive: RefCell<Option<Keepalive>>,
    backlog: RefCell<Backlog>,
    /// When this many bytes had come.
    arrival: Cell<(u64, SystemTime)>,
    decoder: Option<Box<SessionDecoder>>,
}

impl<'a, S, O: ?Sized> Pump<'a, S, O> {
    fn new(socket: &'a Socket<S>, outlet: &'a O, progress: Progress, sends_again: bool, options: &Options) -> Self {
        let Progress { goal, backlog, input_ended } = progress;
        let (now, input_ended) = (Instant::now(), input_ended.filter(|_| !sends_again));
        Self {
            socket,
            outlet,
            core: RefCell::new(Lifecycle::new(options.ending.clone(), goal, input_ended, now)),
            core_changed: Notify::new(),
            close_wanted: Notify::new(),
            echo_sent: Notify::new(),
            reply_came: Notify::new(),
            has_begun: Cell::new(false),
            abandoned: Notify::new(),
            has_closed: Notify::new(),
            fault: RefCell::default(),
            pings: RefCell::default(),
            replies: (!options.replies.is_empty()).then(Box::default),
            keepalive: RefCell::new(options.keepalive.pings.map(|pinging| Keepalive::new(pinging, now))),
            backlog: RefCell::new(backlog),
            arrival: Cell::new((0, events::now())),
            decoder: options.decode.as_ref().map(|switch| Box::new(SessionDecoder::new(switch, socket.subprotocol()))),
        }
    }
}

impl<S: Duplex, O: Outlet + ?Sized> Pump<'_, S, O> {
    /// Informs `core` of a change, and wakes the clock and the writer.
    fn tell<T>(&self, tell: impl FnOnce(&mut Lifecycle, Instant) -> T) -> T {
        let mut core = self.core.borrow_mut();
        let told = tell(&mut core, Instant::now());
        self.core_changed.notify_one();
        if core.wants_close() {
            self.close_wanted.notify_one();
        }
        told
    }

    fn put(&self, what: EventKind) {
        self.outlet.put(Event::now(what));
    }

    /// What a message says, if it is to be decoded.
    async fn decode(&self, direction: Direction, message: &Message) -> Option<Arc<Decoding>> {
        match &self.decoder {
            // The time that a command takes is not the peer's.
            Some(decoder) => self.wait_for_output(decoder.decode(direction, message)).await,
            None => None,
        }
    }

    /// Puts what the peer has sent: all that one read has brought came at once.
    fn put_received(&self, what: EventKind, decoded: Option<Arc<Decoding>>) {
        let read = self.socket.bytes_read();
        if self.arrival.get().0 != read {
            self.arrival.set((read, events::now()));
        }
        self.outlet.put(Event { at: self.arrival.get().1, client: None, is_upstream: false, what, decoded });
    }

    fn put_frames(&self, frames: Vec<WireEvent>) {
        for seen in frames {
            self.outlet.put(Event {
                at: seen.at,
                client: None,
                is_upstream: false,
                what: EventKind::Frame(Box::new(seen)),
                decoded: None,
            });
        }
    }

    /// The clock and the signals.
    async fn watch(&self, signals: &mut mpsc::Receiver<i32>) -> End {
        let mut is_dismissed = false;
        loop {
            let moved = ByteCounts { received: self.socket.message_bytes_read(), written: self.socket.bytes_written() };
            let step = self.core.borrow_mut().step(moved, Instant::now());
            let until = match step {
                ClockStep::GiveUp(end) => return end,
                ClockStep::Wait(until) => until,
            };
            if self.core.borrow().wants_close() {
                self.close_wanted.notify_one();
            }
            let alarm = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = alarm => self.let_the_reader_look().await,
                () = self.core_changed.notified() => {}
                close = self.outlet.dismissed(), if !is_dismissed => {
                    is_dismissed = true;
                    self.tell(|core, now| core.begin_close(Some(close), now));
                }
                Some(signal) = signals.recv() => {
                    if let ClockStep::GiveUp(end) = self.tell(|core, now| core.interrupted(signal, now)) {
                        return end;
                    }
                }
            }
        }
    }

    /// A process that was kept from running for a while may find its time up with answers already there: the runtime asks
    /// the kernel after the first turn, and the reader takes them in the second.
    pub(crate) async fn let_the_reader_look(&self) {
        yield_now().await;
        yield_now().await;
    }

    /// Something has come.
    fn note_arrival(&self) {
        let mut core = self.core.borrow_mut();
        if core.minds_silence() {
            core.heard(self.socket.message_bytes_read(), Instant::now());
        }
    }

    /// Moves what comes in to the outlet, until the connection ends.
    async fn read(&self, echoes: Option<&EchoPath>, options: &Options) -> End {
        let mut taken = 0;
        loop {
            if taken >= STRETCH {
                yield_now().await;
                taken = 0;
            }
            let Ok(incoming) = self.next_incoming(echoes).await else { return End::OutputGone };
            match incoming {
                Some(Ok(incoming)) => {
                    taken += incoming.size();
                    self.note_arrival();
                    match incoming {
                        Incoming::Close(close) => {
                            // Whoever sends the rest gives up first.
                            return self.closed(close, 2 * options.ending.close_timeout + LINGER).await;
                        }
                        incoming => self.take(incoming, echoes, options).await,
                    }
                }
                Some(Err(Fault::Cut(error))) => return self.cut(error),
                Some(Err(fault)) => {
                    if let Some(echoes) = echoes {
                        self.finish_echoes(echoes).await;
                    }
                    return self.fail(fault).await;
                }
                None => return self.cut(None),
            }
        }
    }

    /// Waits for the next thing that the peer sends; what waits for company is shown and sent before.
    async fn next_incoming(&self, echoes: Option<&EchoPath>) -> Result<Option<Result<Incoming, Fault>>, Gone> {
        // Room first and the frame after it: a slow output slows the peer, and never a timer.
        self.wait_for_output(self.outlet.room()).await?;
        let at_hand = self.socket.take().map(|incoming| Some(Ok(incoming)));
        if let Some(incoming) = at_hand.or_else(|| self.socket.next().now_or_never()) {
            return Ok(incoming);
        }
        self.wait_for_output(self.outlet.flush()).await?;
        if echoes.is_some_and(EchoPath::is_in_order) {
            // One that fails is heard of by reading on.
            let _ = self.flush().await;
        }
        Ok(self.socket.next().await)
    }

    async fn take(&self, incoming: Incoming, echoes: Option<&EchoPath>, options: &Options) {
        match incoming {
            Incoming::Message(message) => self.take_message(message, echoes, options).await,
            Incoming::Run(run) => self.take_run(run, echoes).await,
            Incoming::Frames(frames) => self.put_frames(frames),
            Incoming::Part(part) => {
                if part.is_last {
                    self.note_reply(part.kind, once(&*part.data));
                }
                let reception = self.core.borrow_mut().received_part(part.is_last);
                if reception != Reception::Late {
                    self.put_received(EventKind::Part(part), None);
                    self.close_after(reception);
                }
            }
            Incoming::Ping(data) => {
                self.put(EventKind::Ping(Direction::In, data.clone()));
                let is_answered = self.socket.answers_pings() && !self.socket.is_shut_down();
                if is_answered && self.core.borrow().sent_close().is_none() {
                    self.put(EventKind::Pong(Direction::Out, data, None));
                }
            }
            Incoming::Pong(data) => {
                let round_trip = self.pings.borrow_mut().answered(&data, self.socket.read_at());
                self.put(EventKind::Pong(Direction::In, data, round_trip));
            }
            Incoming::Close(_) => unreachable!("the reader ends with it"),
        }
    }

    async fn take_message(&self, message: Message, echoes: Option<&EchoPath>, options: &Options) {
        let decoded = self.decode(Direction::In, &message).await;
        let seen = SeenMessage::new(&message, decoded.as_deref());
        let reply = self.replies.as_ref().and_then(|replies| {
            let reply = options.replies.to(seen)?;
            Some(Box::pin(replies.put(reply)))
        });
        if reply.is_none() {
            // What gets an answer is a question.
            seen.each(|kind, data| self.note_reply(kind, once(data)));
        }
        let reception = self.core.borrow_mut().received(seen);
        if reception == Reception::Late {
            return;
        }
        if let Some(echoes) = echoes {
            self.echo(&message, echoes).await;
        }
        self.put_received(EventKind::Message(Direction::In, message), decoded);
        if let Some(reply) = reply {
            reply.await;
        }
        self.close_after(reception);
    }

    async fn take_run(&self, mut run: MessageBatch, echoes: Option<&EchoPath>) {
        self.note_reply(run.kind(), run.iter());
        let (count, reception) = self.core.borrow_mut().received_run(&run);
        if reception == Reception::Late {
            return;
        }
        let run = run.split_to(count);
        if let Some(echoes) = echoes {
            self.echo_run(&run, echoes).await;
        }
        self.put_received(EventKind::Run(Direction::In, run), None);
        self.close_after(reception);
    }

    /// Lets the next message go if one of these is the reply to the last.
    fn note_reply<'m>(&self, kind: DataKind, messages: impl Iterator<Item = &'m [u8]>) {
        if self.core.borrow_mut().replied(kind, messages) {
            self.reply_came.notify_one();
        }
    }

    /// Begins the closing handshake after the message that was waited for, which may come before the first is sent.
    fn close_after(&self, reception: Reception) {
        if reception == Reception::Last && self.has_begun.get() {
            self.tell(|core, now| core.begin_close(None, now));
        }
    }

    /// The peer's Close: our answer is on its way by itself.
    async fn closed(&self, close: Close, patience: Duration) -> End {
        let sent = self.core.borrow().sent_close();
        let by = if sent.is_some() { Direction::Out } else { Direction::In };
        self.put(EventKind::Close { by, close: close.clone(), clean: true });
        if self.socket.owes_close() {
            self.send_the_rest(patience).await;
        }
        let leaving = async {
            let _ = self.socket.flush().await;
            while let Some(incoming) = self.socket.next().await {
                if let Ok(Incoming::Frames(frames)) = incoming {
                    self.put_frames(frames);
                }
            }
        };
        let _ = timeout(LINGER, leaving).await;
        self.put_frames(self.socket.take_last_frames());
        End::Closed { sent, close }
    }

    /// Lets the rest of a stream go before our answer to the peer's Close, as long as somebody is there who takes it.
    async fn send_the_rest(&self, patience: Duration) {
        let stalled = async {
            let mut before = None;
            while before.replace(self.socket.bytes_written()) != Some(self.socket.bytes_written()) {
                sleep(patience).await;
            }
        };
        tokio::select! {
            () = self.has_closed.notified() => {}
            () = self.socket.left() => {}
            () = stalled => {}
        }
        self.socket.release_close();
    }

    fn cut(&self, error: Option<std::io::Error>) -> End {
        self.put(EventKind::Close { by: Direction::In, close: Close::new(1006, ""), clean: false });
        // A peer that leaves when we have nothing more to send behaves as TCP expects.
        if self.socket.is_shut_down() { End::Left } else { End::Cut(error) }
    }

    /// Fails the connection (RFC 6455, section 7.1.7): tungstenite only reports, the Close is ours to send.
    async fn fail(&self, fault: Fault) -> End {
        let close = Close::new(fault.close_code().unwrap_or(1002), "");
        self.put(ErrorEvent::new(fault.kind(), fault.to_string()).into());
        self.fault.replace(Some(fault));
        let until = Instant::now() + LINGER;
        let _ = timeout_at(until, self.socket.close(&close)).await;
        self.put_frames(self.socket.take_frames());
        self.put(EventKind::Close { by: Direction::Out, close, clean: false });
        let _ = timeout_at(until, self.socket.drain()).await;
        self.put_frames(self.socket.take_last_frames());
        End::Broken(self.fault.take().expect("it was put there just now"))
    }

    async fn wait_for_output<T>(&self, room: impl Future<Output = T>) -> T {
        let mut room = std::pin::pin!(room);
        if let Some(ready) = room.as_mut().now_or_never() {
            return ready;
        }
        self.core.borrow_mut().output_blocks(Instant::now());
        let result = room.await;
        self.core.borrow_mut().output_flows(Instant::now());
        if let Some(keepalive) = &mut *self.keepalive.borrow_mut() {
            keepalive.excuse();
        }
        self.core_changed.notify_one();
        result
    }

    /// Pings, and ends when the peer does not answer any more.
    async fn keep_alive(&self) -> End {
        loop {
            let (now, read) = (Instant::now(), self.socket.bytes_read());
            let beat = self.keepalive.borrow_mut().as_mut().map(|keepalive| keepalive.beat(read, now));
            // After our Close nothing more can be sent, and it has a time limit of its own.
            let is_over = self.core.borrow().sent_close().is_some() || self.socket.is_shut_down();
            // Nor is anything answered after the peer's.
            let is_over = is_over || self.socket.owes_close();
            let Some(beat) = beat.filter(|_| !is_over) else { return pending().await };
            match beat {
                KeepaliveAction::Wait(until) => sleep_until(until).await,
                KeepaliveAction::Ping(data) => {
                    let limit = self.keepalive.borrow().as_ref().and_then(Keepalive::limit).unwrap_or(now);
                    let sending = async {
                        self.send_one(Input::Ping(data)).await?;
                        self.socket.flush().await
                    };
                    // An unsent ping counts as unanswered, which the next check notices.
                    if let Ok(Err(_)) = timeout_at(limit, sending).await {
                        // The reader learns how it ended.
                        return pending().await;
                    }
                }
                // What has come already is not read while the output is slow.
                KeepaliveAction::GiveUp if self.core.borrow().is_waiting_for_output() => {
                    if let Some(keepalive) = &mut *self.keepalive.borrow_mut() {
                        keepalive.excuse();
                    }
                }
                KeepaliveAction::GiveUp => {
                    self.put(EventKind::Close { by: Direction::In, close: Close::new(1006, ""), clean: false });
                    return End::Silent;
                }
            }
        }
    }
}
