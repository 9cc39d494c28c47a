//! Where events go at the prompt: what of them is shown, and the record.

use std::cell::RefCell;
use std::fs::Metadata;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use crossterm::style::Color;

use super::message_log::KEPT_BYTES;
use super::queue::{LARGEST, Queue};
use super::queued_item::{QueuedItem, ReceivedItem};
use super::requests::RecordRequest;
use super::state::Shared;
use super::thread::PromptThread;
use crate::client::output::open_record_now;
use crate::client::output_buffer::OutputBuffer;
use crate::client::output_file::Destination;
use crate::client::report;
use crate::error::Error;
use crate::events::{ErrorEvent, Event, EventKind, TimeOrder};
use crate::message::{Direction, Message, Part};
use crate::render::text::{Extent, LONGEST_AT_PROMPT, head, painted};
use crate::render::{OutputStyle, PayloadFormat, record};
use crate::session::{Gone, Outlet, SeenMessage, is_keepalive};
use crate::sys::file::is_same;
use crate::term::Talk;

/// Where events go at the prompt: to the display, which may skip some, and to the record, which does not.
pub(crate) struct PromptOutput {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    record: RefCell<Option<Rc<OutputBuffer>>>,
    /// Where that goes.
    recorded_to: RefCell<Option<PathBuf>>,
    /// Records that have ended, whose last pieces may still be on their way.
    ended: RefCell<Vec<Rc<OutputBuffer>>>,
    style: OutputStyle,
    times: TimeOrder,
    gathered: RefCell<Gathered>,
}

/// What is kept of a large message while it comes in: all of it, or its head.
#[derive(Default)]
struct Gathered {
    data: Vec<u8>,
    size: usize,
}

/// More of a message than this stands in nobody's way on the screen: only its head waits to be shown.
const LONGEST_QUEUED: usize = LARGEST / 2;

impl PromptOutput {
    /// `recorded_to` is where the record goes.
    pub(crate) fn new(
        context: &PromptThread,
        style: &OutputStyle,
        record: Option<OutputBuffer>,
        recorded_to: Option<&Destination>,
    ) -> Self {
        context.shared.set_recording(record.is_some());
        Self {
            shared: Arc::clone(&context.shared),
            queue: Arc::clone(&context.queue),
            record: RefCell::new(record.map(Rc::new)),
            recorded_to: RefCell::new(recorded_to.map(|file| file.path.clone())),
            ended: RefCell::default(),
            style: style.clone(),
            times: TimeOrder::default(),
            gathered: RefCell::default(),
        }
    }

    pub(crate) fn put_now(&self, what: EventKind) {
        self.put(Event::now(what));
    }

    pub(crate) fn put_all(&self, errors: impl IntoIterator<Item = ErrorEvent>) {
        errors.into_iter().for_each(|error| self.put_now(error.into()));
    }

    /// Shows a message of ours that nobody typed.
    pub(crate) fn show_sent(&self, message: Message) {
        let what = EventKind::Message(Direction::Out, message);
        if self.style.format != PayloadFormat::Records {
            self.queue.push(QueuedItem::Event(Event::now(what)));
        }
    }

    /// Begins, replaces or ends the record.
    pub(crate) async fn record_to(&self, request: RecordRequest, talk: &Talk) {
        if let Some(file) = request.file.as_ref().filter(|file| self.records_to(file)) {
            return talk.warn(&format!("already recording to `{}`; /record off stops it", file.path.display()));
        }
        let record = match &request.file {
            // Whoever types is not kept waiting for a reader.
            Some(file) => match open_record_now(file) {
                Ok(record) => Some(Rc::new(record)),
                Err(error) => return talk.error(&error.chain()),
            },
            None => None,
        };
        let before = self.record.replace(record);
        if let Some(before) = before {
            // What failed is told at the end.
            let _ = before.flush().await;
            self.ended.borrow_mut().push(before);
        }
        let path = request.file.map(|file| file.path);
        self.shared.set_recording(path.is_some());
        let before = self.recorded_to.replace(path.clone());
        match (path, before) {
            (Some(path), _) => talk.say(&format!("recording to `{}`", path.display())),
            (None, Some(before)) => talk.say(&format!("stopped recording to `{}`", before.display())),
            (None, None) => talk.say("nothing is being recorded"),
        }
    }

    /// Whether a file is the one that is recorded to: what was recorded may still be on its way to it.
    fn records_to(&self, file: &Destination) -> bool {
        let metadata = |path: &PathBuf| std::fs::metadata(path).ok().filter(Metadata::is_file);
        let recorded_to = self.recorded_to.borrow();
        let both = recorded_to.as_ref().and_then(metadata).zip(metadata(&file.path));
        both.is_some_and(|(one, other)| is_same(&one, &other))
    }

    /// Takes a part of a large message, which is kept only as far as `/last` may need it.
    fn gather(&self, at: SystemTime, part: &Part) {
        let mut gathered = self.gathered.borrow_mut();
        let has_all = gathered.data.len() == gathered.size;
        gathered.size += part.data.len();
        if has_all {
            gathered.data.extend_from_slice(&part.data);
        }
        if gathered.size > KEPT_BYTES && self.record.borrow().is_none() {
            let head = gathered.data.len().min(LONGEST_AT_PROMPT);
            gathered.data = gathered.data[..head].to_vec();
        }
        if !part.is_last {
            return;
        }
        let Gathered { data, size } = std::mem::take(&mut *gathered);
        drop(gathered);
        let is_whole = data.len() == size;
        let event = Event {
            at,
            client: None,
            is_upstream: false,
            what: EventKind::Message(Direction::In, Message::of_bytes(data, part.kind, is_whole)),
            decoded: None,
        };
        if is_whole {
            return self.put(event);
        }
        self.shared.history().note_size(at, size);
        if self.style.format == PayloadFormat::Records {
            return self
                .queue
                .push(QueuedItem::Note(format!("< {}, {size} bytes: too large to be kept\n", part.kind.name())));
        }
        let number = self.queue.number_received();
        self.queue.push(QueuedItem::Received(ReceivedItem { event, extent: Extent::beyond(size), number }));
    }

    /// Shows the head of a message of which the rest has passed.
    fn show_excerpt(&self, mut event: Event) {
        let EventKind::Excerpt(direction, head, size) = event.what else { return };
        event.what = EventKind::Message(direction, head);
        if self.record.borrow().is_some() {
            let words = format!("a message of {size} bytes is too large to be recorded; `--record` keeps such ones");
            self.queue.warn(&words);
        }
        if self.is_shown(&event) {
            let number = self.queue.number_received();
            self.queue.push(QueuedItem::Received(ReceivedItem { event, extent: Extent::beyond(size), number }));
        }
    }

    /// Shows a received message, or the head of a large one.
    fn show_received(&self, mut event: Event) {
        let number = self.queue.number_received();
        let EventKind::Message(direction, message) = &event.what else { return };
        if !self.is_shown(&event) {
            return;
        }
        let size = message.data().len();
        let mut extent = Extent::whole(message);
        if size > LONGEST_QUEUED && self.style.format != PayloadFormat::Records {
            extent = Extent { place: (size <= KEPT_BYTES).then_some(1), ..Extent::cut(message) };
            event.what = EventKind::Message(*direction, head(message));
        }
        if self.style.format != PayloadFormat::Records
            && let Some(decoded) = event.decoded().filter(|decoded| decoded.size() > LONGEST_QUEUED)
        {
            event.decoded = Some(Arc::new(Ok(decoded.beginning(LONGEST_AT_PROMPT))));
        }
        self.queue.push(QueuedItem::Received(ReceivedItem { event, extent, number }));
    }

    /// Whether an event is to be seen: what was typed already is, and pings only matter to who asked.
    fn is_shown(&self, event: &Event) -> bool {
        match &event.what {
            _ if self.style.format == PayloadFormat::Records => true,
            EventKind::Message(direction, message) => match &*self.shared.filter() {
                Some(filter) => {
                    filter.shows(*direction, SeenMessage::new(message, event.decoded.as_deref()))
                        && (*direction == Direction::In || self.style.both_ways || filter.wants_sent())
                }
                None => *direction == Direction::In || self.style.both_ways,
            },
            // A pong that answers a ping of the user's.
            EventKind::Pong(Direction::In, data, Some(_)) if !is_keepalive(data) => true,
            EventKind::Ping(..) | EventKind::Pong(..) => self.style.ping_pong,
            EventKind::Listening(_) | EventKind::Open(_) | EventKind::Close { .. } | EventKind::Error(_) => false,
            EventKind::Frame(_)
            | EventKind::Part(_)
            | EventKind::Run(..)
            | EventKind::Excerpt(..)
            | EventKind::Answered(_) => false,
        }
    }

    /// Waits until all records are written.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        let last = self.record.into_inner();
        for record in self.ended.into_inner().into_iter().chain(last) {
            if let Some(record) = Rc::into_inner(record) {
                record.finish().await.map_err(|source| Error::Local { what: "write the record", source })?;
            }
        }
        Ok(())
    }

    fn recording(&self) -> Option<Rc<OutputBuffer>> {
        self.record.borrow().clone()
    }
}

impl Outlet for PromptOutput {
    async fn room(&self) -> Result<(), Gone> {
        match self.recording() {
            Some(record) => record.room().await,
            None => Ok(()),
        }
    }

    fn put(&self, mut event: Event) {
        if let EventKind::Part(part) = &event.what {
            return self.gather(event.at, part);
        }
        event.at = self.times.next(event.at);
        if let EventKind::Excerpt(..) = event.what {
            return self.show_excerpt(event);
        }
        if let Some(record) = &*self.record.borrow() {
            record.append(|out| record::write(&event, self.style.secrets, out));
        }
        if let EventKind::Frame(seen) = &event.what
            && self.style.format != PayloadFormat::Records
        {
            let line = painted(&self.style, &report::frame(&event, seen), Color::DarkGrey);
            self.queue.push(QueuedItem::Note(line + "\n"));
            return;
        }
        self.shared.history().note(&event);
        let answered = match &event.what {
            EventKind::Message(Direction::In, message) => {
                message.text().and_then(|text| self.shared.rpc().answered(text))
            }
            _ => None,
        };
        let is_received = |direction| direction == Direction::In || self.style.both_ways;
        if matches!(event.what, EventKind::Message(direction, _) if is_received(direction)) {
            self.show_received(event);
        } else if self.is_shown(&event) {
            self.queue.push(QueuedItem::Event(event));
        } else if matches!(event.what, EventKind::Message(Direction::Out, _)) {
            self.queue.push(QueuedItem::Sent(event.at));
        }
        if let Some(words) = answered {
            self.queue.say(&words);
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        match self.recording() {
            Some(record) => record.flush().await,
            None => Ok(()),
        }
    }

    fn wants_sent(&self) -> bool {
        true
    }

    async fn gone(&self) {
        // The editor notices that the terminal is gone.
        std::future::pending().await
    }
}
