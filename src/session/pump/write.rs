//! The writing half of the pump: what is sent, in which order and at which pace.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::iter::once;
use std::pin::pin;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::Pump;
use crate::events::{Batch, ErrorEvent, Event, EventKind, FailureKind, Input};
use crate::message::{Close, Direction, Message, Part};
use crate::session::inlet::Inlet;
use crate::session::keepalive::Heartbeat;
use crate::session::lifecycle::Lifecycle;
use crate::session::options::{Echo, Options};
use crate::session::outlet::Outlet;
use crate::session::pace::SendPace;
use crate::transport::Duplex;
use crate::wire::raw_frame::RawFrame;

/// What decides when something is sent.
struct SendTiming {
    pace: Option<SendPace>,
    heartbeats: Option<(Message, Interval)>,
    /// Some parts of a message are sent, and the last is not.
    is_mid_message: bool,
}

impl SendTiming {
    fn new(options: &Options) -> Self {
        let heartbeats = options.keepalive.heartbeat.as_ref().map(|Heartbeat { message, every }| {
            let mut interval = interval_at(Instant::now() + *every, *every);
            // Delays are not caught up.
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            (message.clone(), interval)
        });
        Self { pace: options.rate.map(SendPace::new), heartbeats, is_mid_message: false }
    }

    /// Whether this begins a message, whose time has to have come.
    fn begins_message(&mut self, input: &Input) -> bool {
        match input {
            Input::Part(part) => !std::mem::replace(&mut self.is_mid_message, !part.is_last),
            other => other.messages() > 0,
        }
    }

    /// Waits for the time of the next heartbeat. Cancel-safe.
    async fn heartbeat(&mut self) -> Message {
        match &mut self.heartbeats {
            Some((message, interval)) => {
                interval.tick().await;
                message.clone()
            }
            None => pending().await,
        }
    }
}

impl<S: Duplex, O: Outlet + ?Sized> Pump<'_, S, O> {
    /// Sends what there is to send, then our Close when that is wanted; never ends by itself.
    pub(crate) async fn write(
        &self,
        first: Batch,
        inputs: &mut impl Inlet,
        mut echoed: mpsc::Receiver<Message>,
        options: &Options,
    ) -> Infallible {
        let mut timing = SendTiming::new(options);
        let mut sending = self.send_once(first, &mut timing).await && self.send_backlog(&mut timing).await;
        self.has_begun.set(true);
        if self.core.borrow().has_reached() {
            self.tell(|core, now| core.begin_close(None, now));
        }
        let mut input_open = true;
        while sending && self.core.borrow().sent_close().is_none() {
            // Nothing but control frames may go between the parts of a message (RFC 6455, section 5.4).
            let is_mid_message = timing.is_mid_message;
            tokio::select! {
                biased;
                () = self.close_wanted.notified() => sending = self.close_if_wanted().await,
                message = self.by_itself(&mut timing), if !is_mid_message => sending = self.send_by_itself(message).await,
                Some(message) = echoed.recv() => {
                    let mut batch = vec![Input::Message(message)];
                    while let Ok(message) = echoed.try_recv() {
                        batch.push(Input::Message(message));
                    }
                    sending = match options.echo {
                        // The reader waits for it, and flushes when there is nothing more to read.
                        Echo::InOrder => self.feed_once(batch, &mut timing).await,
                        Echo::Aside | Echo::No => self.send_once(batch, &mut timing).await,
                    };
                    self.echo_sent.notify_one();
                }
                // What has ended would be ready at every turn.
                input = inputs.next(), if input_open && self.core.borrow().takes_input() => match input {
                    Some(Ok(batch)) => {
                        self.backlog.borrow_mut().put(batch);
                        sending = self.send_backlog(&mut timing).await;
                    }
                    Some(Err(why)) => self.tell(|core, now| core.bad_input(why, now)),
                    None => {
                        input_open = false;
                        self.end_input(&mut timing).await;
                    }
                },
            }
        }
        // Nobody waits for echoes any more.
        drop(echoed);
        // The reader learns how it ended: a peer that stopped reading may still have its Close on the way.
        self.tell(Lifecycle::broke_off);
        pending().await
    }

    /// Sends all that waits; what is not written stays. False when the connection takes no more.
    async fn send_backlog(&self, timing: &mut SendTiming) -> bool {
        let is_plain = timing.pace.is_none() && !self.outlet.wants_sent() && !self.core.borrow().is_in_lockstep();
        loop {
            if is_plain && self.core.borrow().takes_input() {
                self.hand_over_what_passes();
            }
            if !timing.is_mid_message && self.backlog.borrow().next().is_some() && !self.is_our_turn(timing).await {
                break;
            }
            let Some(is_message) = self.backlog.borrow().next().map(|input| timing.begins_message(input)) else {
                break;
            };
            if !self.is_time(is_message, timing).await {
                break;
            }
            let input = self.backlog.borrow_mut().hand_over().expect("nobody else takes of it");
            self.note_turn(&input);
            if self.send_one(input).await.is_err() {
                return false;
            }
            self.note_written();
        }
        self.flush().await
    }

    /// Hands messages to the socket for as long as it takes them without waiting.
    fn hand_over_what_passes(&self) {
        let mut backlog = self.backlog.borrow_mut();
        loop {
            let taken = match backlog.next() {
                Some(Input::Message(message)) => self.socket.put(message.kind(), once(message.data())),
                Some(Input::Run(run)) => self.socket.put(run.kind(), run.iter()),
                _ => 0,
            };
            if taken == 0 {
                return;
            }
            backlog.hand_over_first(taken);
        }
    }

    /// Sends what means nothing to another connection. False when this one takes no more.
    async fn send_once(&self, batch: Batch, timing: &mut SendTiming) -> bool {
        self.feed_once(batch, timing).await && self.flush().await
    }

    /// The same without flushing.
    async fn feed_once(&self, batch: Batch, timing: &mut SendTiming) -> bool {
        for input in batch {
            let is_message = matches!(input, Input::Message(_));
            if !self.is_our_turn(timing).await || !self.is_time(is_message, timing).await {
                break;
            }
            self.note_turn(&input);
            if is_message {
                self.backlog.borrow_mut().hand_over_others(1);
            }
            if self.send_one(input).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Waits for the next message that goes out whatever the input is: an answer or a heartbeat. Cancel-safe.
    async fn by_itself(&self, timing: &mut SendTiming) -> Message {
        let Some(replies) = &self.replies else { return timing.heartbeat().await };
        let either = async {
            tokio::select! {
                biased;
                reply = replies.next() => reply,
                heartbeat = timing.heartbeat() => heartbeat,
            }
        };
        Box::pin(either).await
    }

    async fn send_by_itself(&self, message: Message) -> bool {
        self.backlog.borrow_mut().hand_over_others(1);
        self.send_one(Input::Message(message)).await.is_ok() && self.flush().await
    }

    pub(crate) async fn flush(&self) -> bool {
        let is_flushed = self.socket.flush().await.is_ok();
        if is_flushed && self.core.borrow().is_sending() {
            self.tell(Lifecycle::sent);
        }
        self.note_written();
        self.put_frames(self.socket.take_frames());
        if self.outlet.shows_sent() {
            // A slow output does not stop what is sent: the reader waits for it.
            let _ = self.outlet.flush().now_or_never();
        }
        is_flushed
    }

    fn note_written(&self) {
        self.backlog.borrow_mut().written(self.socket.messages_written());
    }

    /// Waits for the next message's time; false when the session takes no more input, or began to end meanwhile.
    async fn is_time(&self, is_message: bool, timing: &mut SendTiming) -> bool {
        if is_message && let Some(pace) = &mut timing.pace {
            let at = pace.next(Instant::now());
            if at > Instant::now() && !self.paused_until(sleep_until(at), timing).await {
                return false;
            }
        }
        self.core.borrow().takes_input()
    }

    /// With `--lockstep`, waits for the reply to the last message; false as for [`is_time`](Self::is_time).
    async fn is_our_turn(&self, timing: &mut SendTiming) -> bool {
        if !self.core.borrow().is_in_lockstep() {
            return true;
        }
        let is_ours = async {
            while self.core.borrow().waits_for_reply() {
                self.reply_came.notified().await;
            }
            // What is there by now is no reply to what follows.
            self.let_the_reader_look().await;
        };
        Box::pin(self.paused_until(is_ours, timing)).await
    }

    /// What is sent next waits for the reply to this.
    fn note_turn(&self, input: &Input) {
        if matches!(input, Input::Message(_) | Input::Part(Part { is_last: true, .. })) {
            self.core.borrow_mut().sends();
        }
    }

    /// There is nothing more to send; what was sent last has its reply first, with `--lockstep`.
    async fn end_input(&self, timing: &mut SendTiming) {
        // A connection that takes nothing more is no end of ours.
        if self.is_our_turn(timing).await && !self.core.borrow().waits_for_reply() {
            self.tell(Lifecycle::input_ended);
        }
    }

    /// False when the session began to end meanwhile.
    async fn paused_until(&self, ready: impl Future<Output = ()>, timing: &mut SendTiming) -> bool {
        let mut ready = pin!(ready);
        let mut sending = self.flush().await;
        // What cannot be sent is noticed by who called.
        while sending {
            tokio::select! {
                () = &mut ready => return true,
                message = self.by_itself(timing) => sending = self.send_by_itself(message).await,
                () = self.close_wanted.notified() => {
                    // The notice was meant for the loop that called us.
                    self.close_wanted.notify_one();
                    return false;
                }
            }
        }
        true
    }

    pub(crate) async fn send_one(&self, input: Input) -> io::Result<()> {
        let mut decoded = None;
        let what = match input {
            Input::Drop => return Err(self.cut_off()),
            Input::Close(close) => {
                self.tell(|core, now| core.begin_close(close, now));
                None
            }
            Input::Fragment(size) => {
                self.socket.fragment(size);
                None
            }
            _ if self.socket.is_shut_down() => {
                let words = "not sent: our side of the connection is closed";
                Some(ErrorEvent::new(FailureKind::NotSent, words).into())
            }
            Input::HalfClose => {
                self.half_close().await?;
                None
            }
            Input::Frame(frame) => Some(self.send_frame(&frame).await?),
            Input::Message(message) => {
                let note = self.outlet.wants_sent().then(|| message.clone());
                self.socket.feed(message).await?;
                if let Some(message) = &note {
                    decoded = self.decode(Direction::Out, message).await;
                }
                note.map(|message| EventKind::Message(Direction::Out, message))
            }
            Input::Run(_) => unreachable!("the backlog hands over its messages one by one"),
            Input::Part(part) => {
                self.send_part(part).await?;
                None
            }
            Input::Ping(data) => {
                self.pings.borrow_mut().sent(data.clone(), Instant::now());
                self.socket.ping(data.clone()).await?;
                // Its time begins with the write, and what comes after it does not delay it.
                self.socket.flush().await?;
                self.pings.borrow_mut().left(&data, self.socket.written_at());
                Some(EventKind::Ping(Direction::Out, data))
            }
            Input::Pong(data) => {
                self.socket.pong(data.clone()).await?;
                Some(EventKind::Pong(Direction::Out, data, None))
            }
        };
        if let Some(what) = what {
            self.outlet.put(Event { decoded, ..Event::now(what) });
            // A failed output ends the session through the reader.
            let _ = self.outlet.room_for_sent().await;
        }
        Ok(())
    }

    /// Cuts the connection; what was sent before goes first, as far as it can go without waiting.
    fn cut_off(&self) -> io::Error {
        let _ = self.socket.flush().now_or_never();
        self.put_frames(self.socket.take_frames());
        self.socket.abort();
        self.abandon();
        io::ErrorKind::ConnectionAborted.into()
    }

    async fn half_close(&self) -> io::Result<()> {
        self.socket.flush().await?;
        self.socket.shut_down().await
    }

    async fn send_frame(&self, frame: &RawFrame) -> io::Result<EventKind> {
        let seen = self.socket.send_handmade(frame).await?;
        // Those before it.
        self.put_frames(self.socket.take_frames());
        Ok(EventKind::Frame(Box::new(seen)))
    }

    async fn send_part(&self, part: Part) -> io::Result<()> {
        if part.is_last {
            // It counts as a message once it is written; there is no copy of it to be sent again.
            self.backlog.borrow_mut().hand_over_others(1);
        }
        self.socket.feed_part(part).await
    }

    /// Ends the session without a Close.
    fn abandon(&self) {
        self.put(EventKind::Close { by: Direction::Out, close: Close::new(1006, ""), clean: false });
        self.abandoned.notify_one();
    }

    async fn close_if_wanted(&self) -> bool {
        let close = self.core.borrow_mut().take_close();
        match close {
            // Its Close has gone already.
            Some(_) if self.fault.borrow().is_some() => false,
            Some(_) if self.socket.is_shut_down() => {
                self.abandon();
                false
            }
            Some(close) => {
                let is_sent = self.socket.close(&close).await.is_ok();
                self.put_frames(self.socket.take_frames());
                self.has_closed.notify_one();
                is_sent
            }
            None => true,
        }
    }
}
