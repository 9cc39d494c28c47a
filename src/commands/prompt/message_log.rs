//! What went over the connection: the last messages whole, and counts of all.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::codec::{DecodedMessage, Decoding};
use crate::events::{ClientName, Event, EventKind, Opened};
use crate::message::{Direction, Message};
use crate::render::local_time;
use crate::session::{Replies, SeenMessage};
use crate::text::units::counted;

/// What `/last` and `/save` can go back to.
const KEPT_MESSAGES: usize = 1000;
pub(crate) const KEPT_BYTES: usize = 16 << 20;

/// More answers than this are not on their way at a time.
const REPLYING: usize = 64;

/// What happened so far: the last messages whole, and counts of all.
#[derive(Default)]
pub(crate) struct MessageLog {
    messages: VecDeque<KeptMessage>,
    bytes: usize,
    /// What was said meanwhile: before which message, and the line.
    words: VecDeque<(u64, String)>,
    /// How many have been kept so far, and how many of them were received.
    noted: u64,
    received: usize,
    connection: Option<Counted>,
    /// What is sent by itself, and so is nothing to go back to.
    pub(crate) heartbeat: Option<Message>,
    /// What is answered by itself, likewise.
    pub(crate) replies: Replies,
    /// Answers that are not sent yet.
    replying: VecDeque<Message>,
    /// The last message that was sent, for `/repeat`.
    pub(crate) sent: Option<Message>,
}

/// A message that was sent or received.
#[derive(Clone, Debug)]
pub(crate) struct KeptMessage {
    /// From 1, in the order of all that are kept.
    pub(crate) number: u64,
    pub(crate) at: SystemTime,
    /// With whom, where we are the server.
    pub(crate) client: Option<ClientName>,
    pub(crate) direction: Direction,
    content: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    /// With what it was decoded to.
    Whole(Message, Option<Arc<Decoding>>),
    /// It was too large to be kept; this was its size.
    Size(usize),
}

/// Which of the messages that are kept is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageNumber {
    /// Of those that were received; 1 is the last.
    FromLast(NonZeroUsize),
    /// `!12`: as `/grep` and `/view` number those of both directions.
    Exact(u64),
}

/// The connection and what went over it.
struct Counted {
    opened: Opened,
    since: Instant,
    messages: [u64; 2],
    bytes: [u64; 2],
    round_trips: RoundTrips,
}

/// The times between pings and their pongs, summed up: there is no end to them.
#[derive(Default)]
struct RoundTrips {
    count: u32,
    sum: Duration,
    least: Duration,
    most: Duration,
}

impl MessageLog {
    pub(crate) fn opened(&mut self, opened: &Opened) {
        self.replying.clear();
        self.connection = Some(Counted {
            opened: opened.clone(),
            since: Instant::now(),
            messages: [0; 2],
            bytes: [0; 2],
            round_trips: RoundTrips::default(),
        });
    }

    /// Takes in what happened.
    pub(crate) fn note(&mut self, event: &Event) {
        match &event.what {
            EventKind::Message(direction, message) => {
                if let Some(connection) = &mut self.connection {
                    connection.messages[*direction as usize] += 1;
                    connection.bytes[*direction as usize] += message.data().len() as u64;
                }
                match direction {
                    Direction::In => {
                        self.expect_reply(SeenMessage::new(message, event.decoded.as_deref()));
                        self.keep(event, message);
                    }
                    Direction::Out if self.heartbeat.as_ref() == Some(message) => {}
                    Direction::Out if self.replying.front() == Some(message) => drop(self.replying.pop_front()),
                    // What goes to a client may be nothing that was typed; what was is noted there.
                    Direction::Out if event.client.is_some() => self.keep(event, message),
                    Direction::Out => {
                        self.sent = Some(message.clone());
                        self.keep(event, message);
                    }
                }
            }
            EventKind::Pong(Direction::In, _, Some(time)) => {
                if let Some(connection) = &mut self.connection {
                    connection.round_trips.add(*time);
                }
            }
            _ => {}
        }
    }

    fn expect_reply(&mut self, message: SeenMessage<'_>) {
        if self.replying.len() == REPLYING {
            self.replying.pop_front();
        }
        self.replying.extend(self.replies.to(message));
    }

    /// Takes note of what was typed and is on its way, unless it was no message.
    pub(crate) fn note_typed(&mut self, message: Option<Message>) {
        if message.is_some() {
            self.sent = message;
        }
    }

    /// Takes note of a received message that nobody has whole.
    pub(crate) fn note_size(&mut self, at: SystemTime, size: usize) {
        if let Some(connection) = &mut self.connection {
            connection.messages[Direction::In as usize] += 1;
            connection.bytes[Direction::In as usize] += size as u64;
        }
        self.push(at, None, Direction::In, Kept::Size(size));
    }

    fn keep(&mut self, event: &Event, message: &Message) {
        let EventKind::Message(direction, _) = &event.what else { return };
        let size = message.data().len();
        let kept =
            if size > KEPT_BYTES { Kept::Size(size) } else { Kept::Whole(message.unshared(), event.decoded.clone()) };
        self.push(event.at, event.client, *direction, kept);
    }

    fn push(&mut self, at: SystemTime, client: Option<ClientName>, direction: Direction, content: Kept) {
        self.noted += 1;
        self.received += usize::from(direction == Direction::In);
        self.bytes += content.size();
        self.messages.push_back(KeptMessage { number: self.noted, at, client, direction, content });
        while self.messages.len() > KEPT_MESSAGES || self.bytes > KEPT_BYTES {
            let oldest = self.messages.pop_front().expect("what was just kept fits");
            self.bytes -= oldest.content.size();
        }
    }

    /// Takes note of a line that was said, as it is shown.
    pub(crate) fn note_words(&mut self, line: &str) {
        if self.words.len() == KEPT_MESSAGES {
            self.words.pop_front();
        }
        self.words.push_back((self.noted + 1, line.to_owned()));
    }

    /// All messages that are kept, the oldest first.
    pub(crate) fn kept(&self) -> Vec<KeptMessage> {
        self.messages.iter().cloned().collect()
    }

    /// The same, and what was said, each with the number of the message that it was said before.
    pub(crate) fn whole(&self) -> (Vec<KeptMessage>, Vec<(u64, String)>) {
        (self.kept(), self.words.iter().cloned().collect())
    }

    /// A message that is kept.
    ///
    /// # Errors
    /// In words, when it is not kept.
    pub(crate) fn message(&self, number: MessageNumber) -> Result<KeptMessage, String> {
        let found = match number {
            MessageNumber::FromLast(number) => self.nth_last(number.get())?,
            MessageNumber::Exact(number) => self.numbered(number)?,
        };
        Ok(found.clone())
    }

    fn nth_last(&self, number: usize) -> Result<&KeptMessage, String> {
        let received = || self.messages.iter().rev().filter(|kept| kept.direction == Direction::In);
        match (received().nth(number - 1), self.received) {
            (Some(kept), _) => Ok(kept),
            (None, 0) => Err("no message has been received yet".to_owned()),
            (None, all) if number > all => Err(format!("only {} been received", have(all as u64, "message"))),
            (None, _) => Err(self.gone()),
        }
    }

    fn numbered(&self, number: u64) -> Result<&KeptMessage, String> {
        let Some(oldest) = self.messages.front() else { return Err("there are no messages yet".to_owned()) };
        let at = number.checked_sub(oldest.number).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| self.messages.get(at)) {
            Some(kept) => Ok(kept),
            None if number < oldest.number => Err(self.gone()),
            None => Err(format!("there is no such message; the last is !{}", self.noted)),
        }
    }

    /// That a message is too old to be there.
    fn gone(&self) -> String {
        let oldest = self.messages.front().map_or(self.noted, |oldest| oldest.number);
        format!("that message is no longer kept; the oldest is !{oldest}")
    }

    /// What `/info` shows.
    pub(crate) fn info(&self, is_open: bool) -> String {
        let Some(connection) = &self.connection else { return "not connected yet".to_owned() };
        let Counted { opened, since, messages, bytes, round_trips } = connection;
        let state = if is_open { "open for" } else { "closed; opened before" };
        let none = || "none".to_owned();
        let mut text = format!("url          {}\npeer         {}\n", opened.shown_url(), opened.peer);
        let mut line = |name: &str, value: String| writeln!(text, "{name:<12} {value}").expect("a String takes all");
        if opened.is_http2 {
            line("http", "2".to_owned());
        }
        line("tls", opened.tls.clone().unwrap_or_else(none));
        line("subprotocol", opened.shown_subprotocol().unwrap_or_else(none));
        line("extensions", opened.extensions.clone().unwrap_or_else(none));
        if opened.deflate.is_some() {
            line("compression", opened.tally.shown());
        }
        line("received", format!("{}, {}", counted(messages[0], "message"), counted(bytes[0], "byte")));
        line("sent", format!("{}, {}", counted(messages[1], "message"), counted(bytes[1], "byte")));
        line("round trip", round_trips.to_string());
        line("state", format!("{state} {:.1?}", since.elapsed()));
        text.trim_end().to_owned()
    }
}

/// `1 message has`, `2 messages have`
fn have(number: u64, what: &str) -> String {
    format!("{} {}", counted(number, what), if number == 1 { "has" } else { "have" })
}

impl RoundTrips {
    fn add(&mut self, time: Duration) {
        self.least = if self.count == 0 { time } else { self.least.min(time) };
        self.most = self.most.max(time);
        self.sum += time;
        self.count = self.count.saturating_add(1);
    }
}

impl std::fmt::Display for RoundTrips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.count == 0 {
            return f.write_str("not measured; /ping measures it");
        }
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let (least, average, most) = (ms(self.least), ms(self.sum / self.count), ms(self.most));
        write!(f, "{least:.2}/{average:.2}/{most:.2} ms (min/avg/max of {})", self.count)
    }
}

impl KeptMessage {
    /// # Errors
    /// In words, when it was too large to be kept.
    pub(crate) fn whole(&self) -> Result<&Message, String> {
        match &self.content {
            Kept::Whole(message, _) => Ok(message),
            Kept::Size(size) => Err(format!("that message was too large to be kept: {size} bytes")),
        }
    }

    /// As what looks into messages sees it.
    pub(crate) fn seen<'m>(&'m self, message: &'m Message) -> SeenMessage<'m> {
        self.decoded().map_or(SeenMessage::AsReceived(message), SeenMessage::Decoded)
    }

    /// What it says, if it was decoded.
    pub(crate) fn decoded(&self) -> Option<&DecodedMessage> {
        self.content.decoded()
    }

    /// Where and when it was, in a line: `!12  received from #2, text, 48 bytes, 12:34:56.789`.
    pub(crate) fn headed(&self) -> String {
        let way = match (self.direction, self.client) {
            (Direction::In, None) => "received".to_owned(),
            (Direction::In, Some(client)) => format!("received from {client}"),
            (Direction::Out, None) => "sent".to_owned(),
            (Direction::Out, Some(client)) => format!("sent to {client}"),
        };
        let (kind, size) = match &self.content {
            Kept::Whole(Message::Text(text), _) => (", text", text.len()),
            Kept::Whole(Message::Binary(data), _) => (", binary", data.len()),
            Kept::Size(size) => ("", *size),
        };
        format!("!{}  {way}{kind}, {}, {}", self.number, counted(size, "byte"), local_time(self.at))
    }
}

impl Kept {
    fn size(&self) -> usize {
        match self {
            Self::Whole(message, _) => message.data().len() + self.decoded().map_or(0, DecodedMessage::size),
            Self::Size(_) => 0,
        }
    }

    fn decoded(&self) -> Option<&DecodedMessage> {
        match self {
            Self::Whole(_, Some(decoding)) => decoding.as_ref().as_ref().ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Peer;

    fn kept(history: &MessageLog, number: usize) -> Result<Message, String> {
        let number = MessageNumber::FromLast(NonZeroUsize::new(number).unwrap());
        history.message(number).and_then(|kept| kept.whole().cloned())
    }

    fn received(history: &mut MessageLog, message: Message) {
        history.note(&Event::now(EventKind::Message(Direction::In, message)));
    }

    #[test]
    fn messages_are_counted_from_the_last() {
        let mut history = MessageLog::default();
        assert_eq!(kept(&history, 1), Err("no message has been received yet".to_owned()));
        received(&mut history, "a".into());
        assert_eq!(kept(&history, 2), Err("only 1 message has been received".to_owned()));
        history.note(&Event::now(EventKind::Message(Direction::Out, "mine".into())));
        received(&mut history, "b".into());
        assert_eq!(kept(&history, 1), Ok("b".into()));
        assert_eq!(kept(&history, 2), Ok("a".into()));
        assert_eq!(kept(&history, 3), Err("only 2 messages have been received".to_owned()));
        let exact = |number| history.message(MessageNumber::Exact(number)).map(|kept| kept.whole().unwrap().clone());
        assert_eq!([exact(1), exact(2), exact(3)], ["a", "mine", "b"].map(|text| Ok(text.into())));
        assert_eq!(exact(4), Err("there is no such message; the last is !3".to_owned()));
        assert_eq!(exact(0), Err("that message is no longer kept; the oldest is !1".to_owned()));
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_size() {
        let mut history = MessageLog::default();
        for _ in 0..2 * KEPT_MESSAGES {
            received(&mut history, "x".into());
        }
        assert_eq!((history.messages.len(), history.bytes), (KEPT_MESSAGES, KEPT_MESSAGES));
        received(&mut history, Message::Binary(vec![0; KEPT_BYTES].into()));
        assert_eq!((history.messages.len(), history.bytes), (1, KEPT_BYTES));
        received(&mut history, Message::Binary(vec![0; KEPT_BYTES + 1].into()));
        assert!(kept(&history, 1).is_err_and(|why| why.contains("16777217 bytes")));
        let missing = kept(&history, 3).unwrap_err();
        assert_eq!(missing, format!("that message is no longer kept; the oldest is !{}", 2 * KEPT_MESSAGES + 1));
    }

    #[test]
    fn a_small_message_does_not_keep_the_block_that_it_came_in() {
        let mut history = MessageLog::default();
        let message = Message::Binary(vec![0; 9].into());
        received(&mut history, message.clone());
        let kept = kept(&history, 1).unwrap();
        assert_eq!((kept.data().as_ptr() == message.data().as_ptr(), kept == message), (false, true));
    }

    #[test]
    fn info_counts_both_ways_and_round_trips() {
        let mut history = MessageLog::default();
        history.opened(&Opened {
            url: "ws://h/".into(),
            peer: Peer::Unix("/run/x".into()),
            tls: None,
            status: 101,
            is_http2: true,
            request: Vec::new(),
            headers: Vec::new(),
            answer: Vec::new(),
            subprotocol: Some("chat".into()),
            extensions: None,
            deflate: None,
            tally: Arc::default(),
            timing: crate::events::OpeningTimes::default(),
        });
        received(&mut history, "abc".into());
        history.note(&Event::now(EventKind::Message(Direction::Out, "d".into())));
        for ms in [1, 3] {
            history.note(&Event::now(EventKind::Pong(Direction::In, "".into(), Some(Duration::from_millis(ms)))));
        }
        let info = history.info(true);
        for part in [
            "ws://h/",
            "/run/x",
            "http         2",
            "subprotocol  chat",
            "received     1 message, 3 bytes",
            "sent         1 message, 1 byte",
            "1.00/2.00/3.00 ms (min/avg/max of 2)",
            "open for",
        ] {
            assert!(info.contains(part), "{part} is missing in {info}");
        }
    }
}
