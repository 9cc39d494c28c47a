//! A connection as a script sees it: what was received and not expected yet, and the last messages in both directions.
//!
//! Messages, pings and pongs each have an order of their own. It is bounded: a server that floods is slowed down.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Notify;

use super::pending::{PendingMessages, Unsifted, weight};
use super::recent::shown;
use super::recording::SharedRecording;
use super::rules::Rule;
use crate::client::report;
use crate::codec::MessageDecoder;
use crate::events::{End, ErrorEvent, Event, EventKind, now};
use crate::message::{Close, Direction, Message};
use crate::script::judge::closing;
use crate::script::syntax::RuleKind;
use crate::session::{Gone, Outlet, is_keepalive};
use crate::term::Talk;

/// With this much waiting, nothing more is read.
const FULL: usize = 16 << 20;

/// How many of the last messages are shown with a failure.
const RECENT: usize = 10;

pub(crate) struct Inbox {
    /// What the other end is called.
    peer: &'static str,
    // Borrowed between awaits only.
    heard: RefCell<HeardMessages>,
    /// Something came, or the connection has ended.
    changed: Notify,
    taken: Notify,
    opened: SystemTime,
    record: Option<Rc<SharedRecording>>,
    /// Where frames are traced (`--frames`).
    frames: Option<Rc<Talk>>,
    counts: Option<MessageCounter>,
}

/// Is told of each message, and how many bytes it has.
pub(crate) type MessageCounter = Box<dyn Fn(Direction, usize)>;

#[derive(Default)]
struct HeardMessages {
    messages: PendingMessages,
    pings: VecDeque<Bytes>,
    pongs: VecDeque<Bytes>,
    /// What pings and pongs weigh.
    bytes: usize,
    /// A rule does something with a message that it took.
    is_answering: bool,
    error: Option<String>,
    closed: Option<ReceivedClose>,
    /// How the session ended.
    end: Option<Rc<End>>,
    /// The script has ended: what comes is thrown away.
    is_deaf: bool,
    has_left: bool,
    recent: VecDeque<String>,
}

/// How a connection was closed.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedClose {
    /// With 1006 if there was none (RFC 6455, section 7.1.5).
    pub(crate) close: Close,
    /// Who began.
    pub(crate) by: Direction,
    pub(crate) clean: bool,
    /// What the peer did wrong.
    pub(crate) fault: Option<String>,
}

impl Inbox {
    /// `peer` is what the other end is called.
    pub(crate) fn new(peer: &'static str) -> Self {
        Self {
            peer,
            heard: RefCell::default(),
            changed: Notify::new(),
            taken: Notify::new(),
            opened: now(),
            record: None,
            frames: None,
            counts: None,
        }
    }

    /// The same, with each message counted.
    pub(crate) fn counted_by(counter: MessageCounter) -> Self {
        Self { counts: Some(counter), ..Self::new("server") }
    }

    /// The same, with each event written to a record, and frames traced.
    pub(crate) fn seen_by(record: Option<Rc<SharedRecording>>, frames: Option<Rc<Talk>>) -> Self {
        Self { record, frames, ..Self::new("server") }
    }

    /// The session has ended; a record that begins with its Close would not tell all of that.
    pub(crate) fn put_end(&self, end: &End, close_timeout: Duration) {
        if let (Some(record), Some(kind)) = (&self.record, end.kind().filter(|_| !matches!(end, End::Broken(_)))) {
            let words = self.how_it_ended(close_timeout);
            record.put(&Event::now(ErrorEvent::new(kind, words).into()));
        }
    }

    /// The session has ended.
    pub(crate) fn ended(&self, end: Rc<End>) {
        self.heard.borrow_mut().end = Some(end);
        self.changed.notify_waiters();
    }

    /// Throws away what comes from now on, and what waits.
    pub(crate) fn hear_no_more(&self) {
        let mut heard = self.heard.borrow_mut();
        heard.is_deaf = true;
        heard.messages.clear();
        heard.pings.clear();
        heard.pongs.clear();
        heard.bytes = 0;
        self.taken.notify_waiters();
    }

    /// Throws away what waits, and the rules.
    pub(crate) fn start_over(&self) {
        let mut heard = self.heard.borrow_mut();
        heard.messages.start_over();
        heard.is_answering = false;
        heard.pings.clear();
        heard.pongs.clear();
        heard.bytes = 0;
        self.taken.notify_waiters();
    }

    /// Ends the session at once.
    pub(crate) fn leave(&self) {
        self.heard.borrow_mut().has_left = true;
        self.changed.notify_waiters();
    }

    /// The next data message; none when the connection is closed and all that came before is taken.
    pub(crate) async fn message(&self) -> Option<Message> {
        self.next(|heard| heard.messages.pop()).await
    }

    pub(crate) fn add_rule(&self, rule: Rule) {
        self.heard.borrow_mut().messages.add(Rc::new(rule));
        self.changed.notify_waiters();
    }

    /// Takes messages apart where this stands; where it is empty, no more.
    pub(crate) fn split(&self, separator: &str) {
        self.heard.borrow_mut().messages.split(separator);
        self.changed.notify_waiters();
    }

    /// Takes binary messages as what they are decoded to, also those that wait; without a decoder, as they are.
    pub(crate) fn decode(&self, decoder: Option<MessageDecoder>) {
        self.heard.borrow_mut().messages.decode(decoder);
        self.changed.notify_waiters();
    }

    pub(crate) fn end_rules(&self, kind: RuleKind) {
        self.heard.borrow_mut().messages.end_rules(kind);
        self.changed.notify_waiters();
    }

    /// The next message that rules have to look at; none when there can be no more.
    pub(crate) async fn unsifted(&self) -> Option<Unsifted> {
        self.until(|heard| match heard.messages.unsifted() {
            Some(unsifted) => Some(Some(unsifted)),
            None if heard.end.is_some() || heard.has_left => Some(None),
            None => None,
        })
        .await
    }

    /// No rule takes this one: it is for the steps.
    pub(crate) fn pass(&self, unsifted: &Unsifted) {
        self.heard.borrow_mut().messages.pass(unsifted);
        self.changed.notify_waiters();
    }

    /// A rule takes this one: no step sees it. False if there are other rules now.
    pub(crate) fn take_out(&self, unsifted: &Unsifted) -> bool {
        let is_taken = self.heard.borrow_mut().messages.take_out(unsifted);
        if is_taken {
            self.heard.borrow_mut().is_answering = true;
            self.taken.notify_waiters();
            self.changed.notify_waiters();
        }
        is_taken
    }

    /// A rule has done with what it took.
    pub(crate) fn answered(&self) {
        self.heard.borrow_mut().is_answering = false;
        self.changed.notify_waiters();
    }

    /// What the next ping carries.
    pub(crate) async fn ping(&self) -> Option<Bytes> {
        self.next(|heard| heard.pings.pop_front().inspect(|data| heard.bytes -= weight(data))).await
    }

    /// What the next pong carries.
    pub(crate) async fn pong(&self) -> Option<Bytes> {
        self.next(|heard| heard.pongs.pop_front().inspect(|data| heard.bytes -= weight(data))).await
    }

    /// How it was closed; none if the session ended and there was no Close.
    pub(crate) async fn close(&self) -> Option<ReceivedClose> {
        self.until(|heard| match (&heard.closed, &heard.end) {
            (Some(closed), _) => Some(Some(closed.clone())),
            (None, Some(_)) => Some(None),
            (None, None) => None,
        })
        .await
    }

    /// Waits until the session has ended; the exit status of that.
    pub(crate) async fn over(&self) -> u8 {
        self.until(|heard| heard.end.as_ref().map(|end| end.exit_code())).await
    }

    /// Waits until nothing more can be sent.
    pub(crate) async fn no_more_sent(&self) {
        self.until(|heard| heard.is_over().then_some(())).await;
    }

    /// The same, and until the rules have done with what came; and the steps, if those take messages.
    pub(crate) async fn no_more(&self, is_heard: bool) {
        self.until(|heard| {
            let is_busy = heard.is_answering || heard.messages.has_unsifted();
            let is_left = is_heard && heard.messages.weight() > 0;
            (heard.is_over() && !is_busy && !is_left).then_some(())
        })
        .await;
    }

    /// How it was closed, if it was.
    pub(crate) fn closed(&self) -> Option<ReceivedClose> {
        self.heard.borrow().closed.clone()
    }

    pub(crate) fn peer(&self) -> &'static str {
        self.peer
    }

    /// How it was closed, in words: what came instead of what was waited for.
    pub(crate) fn how_it_closed(&self) -> Option<String> {
        let ReceivedClose { close, by, clean, fault } = self.closed()?;
        let peer = self.peer;
        Some(match (fault, by) {
            (Some(fault), _) => format!("the {peer} broke the protocol: {fault}"),
            (None, Direction::In) if close.code == Some(1006) && !clean => {
                format!("the connection {}", report::cut(None))
            }
            (None, Direction::Out) if close.code == Some(1006) && !clean => "we have cut the connection".to_owned(),
            (None, Direction::In) => format!("the {peer} closed the connection: {}", closing(&close)),
            (None, Direction::Out) => format!("we have closed the connection: {}", closing(&close)),
        })
    }

    /// How the session ended, in words, where there was no Close.
    pub(crate) fn how_it_ended(&self, close_timeout: Duration) -> String {
        let heard = self.heard.borrow();
        let peer = self.peer;
        match heard.end.as_deref() {
            // The session ended because there was no answer.
            Some(End::OutputGone) if !heard.has_left => {
                "we have closed the connection: nothing reads our output any more".to_owned()
            }
            None | Some(End::Unanswered | End::OutputGone) => {
                format!("the {peer} did not answer our Close within {close_timeout:?} (--close-timeout)")
            }
            Some(End::Closed { close, .. }) => format!("the {peer} closed the connection: {}", closing(close)),
            Some(End::Cut(error)) => format!("the connection {}", report::cut(error.as_ref())),
            Some(End::Silent) => format!("the {peer} did not answer a ping (--ping-timeout)"),
            Some(End::Broken(fault)) => format!("the {peer} {}", report::broken(fault)),
            Some(End::Idle) => format!("the {peer} sent no message for too long (--idle-timeout)"),
            Some(End::NoReply(why)) => why.clone(),
            Some(End::TimedOut) => "the time limit was reached (--timeout)".to_owned(),
            Some(End::Interrupted(_)) => "we were interrupted".to_owned(),
            Some(End::Abandoned) => "we have cut the connection".to_owned(),
            Some(End::Left) => format!("the {peer} has left after our half-close"),
            Some(End::BadInput(why)) => why.clone(),
        }
    }

    /// Whether anything can still be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.heard.borrow().is_over()
    }

    /// Whether this much waits to be expected that nothing more is read.
    pub(crate) fn is_full(&self) -> bool {
        let heard = self.heard.borrow();
        heard.messages.weight() + heard.bytes >= FULL
    }

    /// The last messages, with their times since the connection was opened.
    pub(crate) fn recent(&self) -> Vec<String> {
        self.heard.borrow().recent.iter().cloned().collect()
    }

    async fn next<T>(&self, take: impl Fn(&mut HeardMessages) -> Option<T>) -> Option<T> {
        let taken = self
            .until(|heard| match take(heard) {
                Some(taken) => Some(Some(taken)),
                // One of those that the rules still look at may be for us.
                None if heard.messages.has_unsifted() => None,
                None if heard.closed.is_some() || heard.end.is_some() => Some(None),
                None => None,
            })
            .await;
        self.taken.notify_waiters();
        taken
    }

    async fn until<T>(&self, find: impl Fn(&mut HeardMessages) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(found) = find(&mut self.heard.borrow_mut()) {
                return found;
            }
            changed.await;
        }
    }
}

impl HeardMessages {
    fn is_over(&self) -> bool {
        self.closed.is_some() || self.end.is_some()
    }

    /// Takes in what came; returns why a message could not be decoded, if it was to be.
    fn hear(&mut self, what: &EventKind) -> Option<String> {
        match what {
            EventKind::Message(Direction::In, message) => return self.messages.push(message.unshared()),
            EventKind::Ping(Direction::In, data) => {
                self.bytes += weight(data);
                self.pings.push_back(data.clone());
            }
            // Nobody waits for the answers to the pings that go out by themselves.
            EventKind::Pong(Direction::In, data, _) if !is_keepalive(data) => {
                self.bytes += weight(data);
                self.pongs.push_back(data.clone());
            }
            _ => {}
        }
        None
    }

    fn note(&mut self, since: Duration, words: &str) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(format!("{:>9.3}s {words}", since.as_secs_f64()));
    }
}

impl Outlet for Inbox {
    async fn room(&self) -> Result<(), Gone> {
        if let Some(record) = &self.record {
            record.room().await?;
        }
        loop {
            let taken = self.taken.notified();
            if !self.is_full() {
                return Ok(());
            }
            taken.await;
        }
    }

    fn put(&self, event: Event) {
        if let Some(record) = &self.record {
            record.put(&event);
        }
        if let (Some(talk), EventKind::Frame(seen)) = (&self.frames, &event.what) {
            talk.frame(&report::frame(&event, seen));
        }
        if let (Some(count), EventKind::Message(direction, message)) = (&self.counts, &event.what) {
            count(*direction, message.data().len());
        }
        let heard = &mut *self.heard.borrow_mut();
        if let Some(words) = shown(&event.what) {
            heard.note(event.at.duration_since(self.opened).unwrap_or_default(), &words);
        }
        match event.what {
            EventKind::Error(error) => heard.error = Some(error.words),
            EventKind::Close { by, close, clean } => {
                let is_theirs = by == Direction::Out && !clean && close.code != Some(1006);
                let fault = heard.error.take().filter(|_| is_theirs);
                heard.closed = Some(ReceivedClose { close, by, clean, fault });
            }
            what if !heard.is_deaf => {
                if let Some(why) = heard.hear(&what) {
                    heard.note(event.at.duration_since(self.opened).unwrap_or_default(), &format!("  {why}"));
                }
            }
            _ => {}
        }
        self.changed.notify_waiters();
    }

    async fn flush(&self) -> Result<(), Gone> {
        match &self.record {
            Some(record) => record.flush().await,
            None => Ok(()),
        }
    }

    fn wants_sent(&self) -> bool {
        true
    }

    async fn gone(&self) {
        self.until(|heard| heard.has_left.then_some(())).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::events::FailureKind;

    fn line(events: impl IntoIterator<Item = EventKind>) -> Inbox {
        let line = Inbox::new("server");
        events.into_iter().for_each(|what| line.put(Event::now(what)));
        line
    }

    fn text(text: &str) -> EventKind {
        EventKind::Message(Direction::In, text.into())
    }

    #[test]
    fn each_kind_has_an_order_of_its_own() {
        let line = line([
            text("a"),
            EventKind::Ping(Direction::In, "p".into()),
            text("b"),
            EventKind::Pong(Direction::In, "keepalive 1".into(), None),
            EventKind::Pong(Direction::In, "q".into(), None),
            EventKind::Pong(Direction::Out, "p".into(), None),
        ]);
        assert_eq!(line.pong().now_or_never(), Some(Some("q".into())));
        assert_eq!(line.message().now_or_never(), Some(Some("a".into())));
        assert_eq!(line.ping().now_or_never(), Some(Some("p".into())));
        assert_eq!(line.message().now_or_never(), Some(Some("b".into())));
        assert_eq!(line.message().now_or_never(), None);
        assert_eq!(line.heard.borrow().bytes, 0);
    }

    #[test]
    fn a_small_message_does_not_keep_the_block_that_it_came_in() {
        let block = Bytes::from(vec![0; 256 << 10]);
        let (small, large) = (Message::Binary(block.slice(..9)), Message::Binary(block.slice(9..)));
        let line = line([&small, &large].map(|message| EventKind::Message(Direction::In, message.clone())));
        for (sent, is_shared) in [(small, false), (large, true)] {
            let kept = line.message().now_or_never().unwrap().unwrap();
            assert_eq!((kept.data().as_ptr() == sent.data().as_ptr(), kept == sent), (is_shared, true));
        }
    }

    #[test]
    fn what_came_before_the_close_is_heard_before_it() {
        let close = EventKind::Close { by: Direction::In, close: Close::new(1000, "bye"), clean: true };
        let line = line([text("a"), close]);
        assert_eq!(line.message().now_or_never(), Some(Some("a".into())));
        assert_eq!(line.message().now_or_never(), Some(None));
        assert!(line.close().now_or_never().unwrap().is_some());
        assert_eq!(line.how_it_closed().unwrap(), "the server closed the connection: close 1000 bye");
        assert_eq!(line.over().now_or_never(), None);
        line.ended(Rc::new(End::Cut(None)));
        assert_eq!(line.over().now_or_never(), Some(End::Cut(None).exit_code()));
    }

    #[test]
    fn a_fault_is_told_with_its_close() {
        let close = EventKind::Close { by: Direction::Out, close: Close::new(1007, ""), clean: false };
        let error = ErrorEvent::new(FailureKind::NotUtf8, "a text message is not UTF-8").into();
        let line = line([error, close]);
        assert_eq!(line.how_it_closed().unwrap(), "the server broke the protocol: a text message is not UTF-8");
    }

    #[test]
    fn an_end_without_a_close_is_told_as_what_it_was() {
        for (end, words) in [
            (End::Unanswered, "the server did not answer our Close within 5s (--close-timeout)"),
            (End::Silent, "the server did not answer a ping (--ping-timeout)"),
            (End::Cut(None), "the connection was cut without a Close"),
            (End::OutputGone, "we have closed the connection: nothing reads our output any more"),
        ] {
            let line = line([]);
            line.ended(Rc::new(end));
            assert_eq!(line.how_it_ended(Duration::from_secs(5)), words);
        }
        let line = line([]);
        line.leave();
        line.ended(Rc::new(End::OutputGone));
        assert!(line.how_it_ended(Duration::from_secs(5)).contains("did not answer our Close"));
    }

    #[test]
    fn a_flood_waits_outside_until_somebody_takes_or_nobody_will() {
        let line = line([EventKind::Message(Direction::In, Message::Binary(vec![0; FULL].into()))]);
        assert!(line.room().now_or_never().is_none());
        line.message().now_or_never();
        assert!(line.room().now_or_never().is_some());
        line.put(Event::now(EventKind::Message(Direction::In, Message::Binary(vec![0; FULL].into()))));
        line.hear_no_more();
        line.put(Event::now(EventKind::Message(Direction::In, Message::Binary(vec![0; FULL].into()))));
        assert!(line.room().now_or_never().is_some());
    }

    #[test]
    fn nothing_that_waited_is_left_when_nobody_hears() {
        let line = line([
            text("a"),
            EventKind::Ping(Direction::In, "p".into()),
            EventKind::Pong(Direction::In, "q".into(), None),
        ]);
        line.hear_no_more();
        assert_eq!(line.message().now_or_never(), None);
        assert_eq!(line.ping().now_or_never(), None);
        assert_eq!(line.pong().now_or_never(), None);
    }

    #[test]
    fn the_last_ten_are_kept_escaped_and_cut() {
        let line = line((0..20).map(|at| text(&format!("{at}\u{1b}"))));
        line.put(Event::now(EventKind::Message(Direction::Out, Message::from(&*"é".repeat(500)))));
        let recent = line.recent();
        assert_eq!(recent.len(), RECENT);
        assert!(recent[0].ends_with("s < 11\\e"), "{recent:?}");
        assert!(recent[9].contains("s > é") && recent[9].ends_with("é… [1000 bytes]"), "{recent:?}");
    }
}
