//! The pump: one task that owns the socket and the clock.
//!
//! It moves inputs to the socket and events to an [`Outlet`], and asks [`Core`] when to end. Who types and who
//! prints is the front's business.

mod core;
mod expect;
mod goal;
mod pace;
mod pings;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use crate::event::{Batch, Close, Direction, End, Event, Happening, Input, Message};
use crate::wire::trace::Seen;
use crate::wire::{Fault, Incoming, Socket};
use pings::Pings;

use self::core::{Core, Reception, Step};
pub(crate) use self::core::{Ending, Outcome};
pub(crate) use expect::JsonExpectation;
pub(crate) use goal::Expectation;
pub(crate) use pace::{Rate, Wait};

/// After the closing handshake, or after a fault, the peer gets this long to close the transport.
const LINGER: Duration = Duration::from_secs(1);

/// Messages on their way back with `--echo`; few, since each may be of any size.
const ECHOES: usize = 4;

/// Where events go. Shared by the two halves of the pump, so it takes `&self`.
pub(crate) trait Outlet {
    /// Waits until there is room: this is how a slow output slows the peer down.
    async fn room(&self) -> Result<(), Gone>;

    /// Takes an event in; never waits.
    fn put(&self, event: Event);

    /// Shows what was put, since nothing more is waiting just now.
    async fn flush(&self) -> Result<(), Gone>;

    /// Whether it wants to know what was sent.
    fn wants_sent(&self) -> bool;

    /// Ends when nobody reads the output any more.
    async fn gone(&self);
}

/// Nobody reads the output any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// How to run a session.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) ending: Ending,
    pub(crate) echo: bool,
    pub(crate) rate: Option<Rate>,
}

/// What comes from the front: batches, or the reason why no more can come.
pub(crate) type Inputs = mpsc::Receiver<Result<Batch, String>>;

/// Runs a session to its end.
///
/// A dropped sender of `inputs` means that the input has ended; a held one that never sends, that there is none.
/// `first` is sent before anything else.
pub(crate) async fn run<S, O>(
    socket: Socket<S>,
    first: Batch,
    inputs: &mut Inputs,
    signals: &mut mpsc::Receiver<i32>,
    outlet: &O,
    options: &Options,
) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
    O: Outlet,
{
    let pump = Pump {
        socket: &socket,
        outlet,
        core: RefCell::new(Core::new(options.ending.clone(), Instant::now())),
        core_changed: Notify::new(),
        close_wanted: Notify::new(),
        pings: RefCell::default(),
    };
    let (echoes, echoed) = mpsc::channel(ECHOES);
    let echoes = options.echo.then_some(echoes);
    // Side by side: a send that waits for the peer must not stop the reads, or two polite ends wait for ever.
    let end = tokio::select! {
        biased;
        end = pump.watch(signals) => end,
        end = pump.read(echoes) => end,
        never = pump.write(first, inputs, echoed, options.rate) => match never {},
        () = outlet.gone() => End::OutputGone,
    };
    let core = pump.core.into_inner();
    if matches!(end, End::TimedOut | End::Interrupted(_) | End::OutputGone) {
        // A last word if it can be said without waiting.
        let _ = socket.close(&Close::new(1001, "")).now_or_never();
    }
    core.outcome(end)
}

struct Pump<'a, S, O> {
    socket: &'a Socket<S>,
    outlet: &'a O,
    // Borrowed between awaits only.
    core: RefCell<Core>,
    core_changed: Notify,
    close_wanted: Notify,
    pings: RefCell<Pings>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, O: Outlet> Pump<'_, S, O> {
    /// Lets `core` hear what changes its mind, and wakes the clock and the writer.
    fn tell<T>(&self, tell: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let mut core = self.core.borrow_mut();
        let told = tell(&mut core, Instant::now());
        self.core_changed.notify_one();
        if core.wants_close() {
            self.close_wanted.notify_one();
        }
        told
    }

    fn put(&self, what: Happening) {
        self.outlet.put(Event { at: SystemTime::now(), what });
    }

    fn put_frames(&self, frames: Vec<Seen>) {
        for seen in frames {
            self.outlet.put(Event { at: seen.at, what: Happening::Frame(Box::new(seen)) });
        }
    }

    /// The clock and the signals.
    async fn watch(&self, signals: &mut mpsc::Receiver<i32>) -> End {
        loop {
            let step = self.core.borrow_mut().step(self.socket.bytes_moved(), Instant::now());
            let until = match step {
                Step::GiveUp(end) => return end,
                Step::Wait(until) => until,
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
                () = alarm => {}
                () = self.core_changed.notified() => {}
                Some(signal) = signals.recv() => {
                    if let Step::GiveUp(end) = self.tell(|core, now| core.interrupted(signal, now)) {
                        return end;
                    }
                }
            }
        }
    }

    /// Moves what comes in to the outlet, until the connection ends.
    async fn read(&self, echoes: Option<mpsc::Sender<Message>>) -> End {
        loop {
            // Room first and the frame after it: a slow output slows the peer, and never a timer.
            if self.wait_for_output(self.outlet.room()).await.is_err() {
                return End::OutputGone;
            }
            let incoming = match self.socket.next().now_or_never() {
                Some(incoming) => incoming,
                None => {
                    if self.wait_for_output(self.outlet.flush()).await.is_err() {
                        return End::OutputGone;
                    }
                    self.socket.next().await
                }
            };
            match incoming {
                Some(Ok(Incoming::Message(message))) => {
                    let reception = self.core.borrow_mut().received(&message);
                    if reception == Reception::Late {
                        continue;
                    }
                    if let Some(echoes) = &echoes {
                        // The writer holds the other end for as long as it sends.
                        let _ = echoes.send(message.clone()).await;
                    }
                    self.put(Happening::Message(Direction::In, message));
                    if reception == Reception::Last {
                        self.tell(|core, now| core.begin_close(None, now));
                    }
                }
                Some(Ok(Incoming::Frames(frames))) => self.put_frames(frames),
                Some(Ok(Incoming::Part(part))) => {
                    if self.core.borrow().has_enough() {
                        continue;
                    }
                    let is_last = part.is_last;
                    self.put(Happening::Part(part));
                    if is_last && self.core.borrow_mut().received_in_parts() == Reception::Last {
                        self.tell(|core, now| core.begin_close(None, now));
                    }
                }
                Some(Ok(Incoming::Ping(data))) => {
                    self.put(Happening::Ping(Direction::In, data.clone()));
                    if self.core.borrow().sent_close().is_none() {
                        self.put(Happening::Pong(Direction::Out, data, None));
                    }
                }
                Some(Ok(Incoming::Pong(data))) => {
                    let round_trip = self.pings.borrow_mut().answered(&data, Instant::now());
                    self.put(Happening::Pong(Direction::In, data, round_trip));
                }
                Some(Ok(Incoming::Close(close))) => return self.closed(close).await,
                Some(Err(Fault::Cut(error))) => return self.cut(error),
                Some(Err(fault)) => {
                    if let Some(echoes) = &echoes {
                        // What came before the fault is echoed before the Close.
                        let _ = timeout(LINGER, echoes.reserve_many(ECHOES)).await;
                    }
                    return self.fail(fault).await;
                }
                None => return self.cut(None),
            }
        }
    }

    /// The peer's Close: our answer is on its way by itself.
    async fn closed(&self, close: Close) -> End {
        let sent = self.core.borrow().sent_close();
        let by = if sent.is_some() { Direction::Out } else { Direction::In };
        self.put(Happening::Close { by, close: close.clone(), clean: true });
        let leaving = async {
            let _ = self.socket.flush().await;
            while let Some(incoming) = self.socket.next().await {
                if let Ok(Incoming::Frames(frames)) = incoming {
                    self.put_frames(frames);
                }
            }
        };
        let _ = timeout(LINGER, leaving).await;
        End::Closed { sent, close }
    }

    fn cut(&self, error: Option<std::io::Error>) -> End {
        self.put(Happening::Close { by: Direction::In, close: Close::new(1006, ""), clean: false });
        End::Cut(error)
    }

    /// Fails the connection (RFC 6455, section 7.1.7): tungstenite only reports, the Close is ours to send.
    async fn fail(&self, fault: Fault) -> End {
        let close = Close::new(fault.close_code().unwrap_or(1002), "");
        self.put(Happening::Error(fault.to_string()));
        let leaving = async {
            let _ = self.socket.close(&close).await;
            self.socket.drain().await;
        };
        let _ = timeout(LINGER, leaving).await;
        self.put_frames(self.socket.take_frames());
        self.put(Happening::Close { by: Direction::Out, close, clean: false });
        End::Broken(fault)
    }

    async fn wait_for_output(&self, room: impl Future<Output = Result<(), Gone>>) -> Result<(), Gone> {
        let mut room = std::pin::pin!(room);
        if let Some(ready) = room.as_mut().now_or_never() {
            return ready;
        }
        self.core.borrow_mut().waits_for_output(true, Instant::now());
        let result = room.await;
        self.core.borrow_mut().waits_for_output(false, Instant::now());
        self.core_changed.notify_one();
        result
    }

    /// Sends what there is to send, then our Close when that is wanted; never ends by itself.
    async fn write(
        &self,
        first: Batch,
        inputs: &mut Inputs,
        mut echoed: mpsc::Receiver<Message>,
        rate: Option<Rate>,
    ) -> Infallible {
        let mut pace = rate.map(pace::Pace::new);
        let mut sending = if first.is_empty() { true } else { self.send(first, &mut pace).await };
        let mut input_open = true;
        while sending && self.core.borrow().sent_close().is_none() {
            tokio::select! {
                biased;
                () = self.close_wanted.notified() => sending = self.close_if_wanted().await,
                Some(message) = echoed.recv() => {
                    let mut batch = vec![Input::Message(message)];
                    while let Ok(message) = echoed.try_recv() {
                        batch.push(Input::Message(message));
                    }
                    sending = self.send(batch, &mut pace).await;
                }
                // A closed channel would be ready at every turn.
                input = inputs.recv(), if input_open && self.core.borrow().takes_input() => match input {
                    Some(Ok(batch)) => sending = self.send(batch, &mut pace).await,
                    Some(Err(why)) => self.tell(|core, now| core.bad_input(why, now)),
                    None => {
                        input_open = false;
                        self.tell(Core::input_ended);
                    }
                },
            }
        }
        // The reader hears how it ended: a peer that stopped reading may still have its Close on the way.
        self.tell(|core, now| core.begin_close(None, now));
        pending().await
    }

    /// Sends a batch; false when the connection takes no more.
    async fn send(&self, batch: Batch, pace: &mut Option<pace::Pace>) -> bool {
        for input in batch {
            if let Some(pace) = pace
                && matches!(input, Input::Message(_))
            {
                let at = pace.next(Instant::now());
                if at > Instant::now() && !self.paused_until(at).await {
                    break;
                }
            }
            if !self.core.borrow().takes_input() {
                break;
            }
            if self.send_one(input).await.is_err() {
                return false;
            }
        }
        let flushed = self.socket.flush().await;
        self.put_frames(self.socket.take_frames());
        flushed.is_ok()
    }

    /// Waits for the next message's time; false when the session began to end meanwhile.
    async fn paused_until(&self, at: Instant) -> bool {
        let _ = self.socket.flush().await;
        tokio::select! {
            () = sleep_until(at) => true,
            () = self.close_wanted.notified() => {
                // The notice was meant for the loop that called us.
                self.close_wanted.notify_one();
                false
            }
        }
    }

    async fn send_one(&self, input: Input) -> std::io::Result<()> {
        let what = match input {
            Input::Message(message) => {
                let note = self.outlet.wants_sent().then(|| message.clone());
                self.socket.feed(message).await?;
                note.map(|message| Happening::Message(Direction::Out, message))
            }
            Input::Part(part) => {
                self.socket.feed_part(part).await?;
                None
            }
            Input::Ping(data) => {
                self.pings.borrow_mut().sent(data.clone(), Instant::now());
                self.socket.ping(data.clone()).await?;
                Some(Happening::Ping(Direction::Out, data))
            }
            Input::Pong(data) => {
                self.socket.pong(data.clone()).await?;
                Some(Happening::Pong(Direction::Out, data, None))
            }
            Input::Close(close) => {
                self.tell(|core, now| core.begin_close(close, now));
                None
            }
        };
        if let Some(what) = what {
            self.put(what);
            // A failed output ends the session through the reader.
            let _ = self.outlet.room().await;
        }
        Ok(())
    }

    async fn close_if_wanted(&self) -> bool {
        let close = self.core.borrow_mut().take_close();
        match close {
            Some(close) => {
                let closed = self.socket.close(&close).await;
                self.put_frames(self.socket.take_frames());
                closed.is_ok()
            }
            None => true,
        }
    }
}
