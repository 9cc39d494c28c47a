//! What stands above the prompt, and which of its last lines can still be rewritten: how far something is, and a message
//! that comes again and again.

use std::borrow::Cow;

use bytes::BytesMut;
use crossterm::style::Color;

use super::queued_item::{DisplaySetting, QueuedItem, ReceivedItem, Skipped, Taken};
use crate::events::{ClientName, Event, EventKind};
use crate::message::{Direction, Message};
use crate::render::text::{Extent, painted};
use crate::render::{PayloadFormat, Renderer, preview};
use crate::term::TerminalSize;

/// Where the last lines were written. They can be rewritten for as long as it stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counts what else is written above the prompt, or into it for good.
    pub(crate) epoch: u64,
    pub(crate) size: TerminalSize,
}

/// Lines to write above the prompt.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// So many rows above the prompt make room first.
    pub(crate) replaced: usize,
    /// The bytes that were written there.
    pub(crate) replaced_bytes: usize,
    pub(crate) text: String,
}

/// Renders what is taken from the queue.
pub(crate) struct Transcript {
    renderer: Renderer,
    /// How many messages have come by now.
    received: u64,
    /// What came last, if it may be rewritten.
    last: Option<LastLines>,
}

/// Lines that belong together.
struct LastLines {
    subject: Subject,
    text: String,
    count: u64,
    /// None before they are written.
    standing: Option<StandingLines>,
    is_changed: bool,
}

/// The last lines as they were written.
#[derive(Clone, Copy)]
struct StandingLines {
    place: Place,
    rows: usize,
    bytes: usize,
}

#[derive(PartialEq, Eq)]
enum Subject {
    Progress,
    Message(Option<ClientName>, Message),
}

impl Transcript {
    pub(crate) fn new(renderer: Renderer) -> Self {
        Self { renderer, received: 0, last: None }
    }

    /// Renders a batch that will be written in this place.
    pub(crate) fn write(&mut self, taken: &Taken, place: Place) -> Written {
        if self.last.as_ref().is_some_and(|last| last.standing.is_none_or(|lines| lines.place != place)) {
            self.last = None;
        }
        self.renderer.look_mut().size = Some(place.size);
        let mut written = Written::default();
        self.received = taken.received;
        if let Some(note) = not_shown(taken.skipped) {
            self.end_lines(&mut written);
            let them = if taken.skipped.messages == 1 { "it" } else { "them" };
            written.text += &format!("{note}, /last or --record keeps {them}\n");
        }
        for item in &taken.items {
            self.put(item, &mut written);
        }
        if let Some(mut last) = self.last.take() {
            let start = written.text.len();
            self.write_lines(&mut last, &mut written);
            let text = &written.text[start..];
            if !text.is_empty() {
                let (rows, bytes) = (preview::rows(text, place.size.columns), text.len());
                last.standing = Some(StandingLines { place, rows, bytes });
            }
            // What is higher than the screen cannot be reached any more.
            self.last = Some(last).filter(|last| last.standing.is_some_and(|lines| lines.rows < place.size.rows));
        }
        written
    }

    fn put(&mut self, item: &QueuedItem, written: &mut Written) {
        match item {
            QueuedItem::Lines(lines) | QueuedItem::Note(lines) => {
                self.end_lines(written);
                written.text += lines;
            }
            QueuedItem::Progress(line) => self.progress(line, written),
            QueuedItem::Event(event) => self.event(event, &Extent::of(event), written),
            QueuedItem::Received(ReceivedItem { event, extent, number }) => {
                let at = extent.place.map(|_| self.received.saturating_sub(*number) + 1);
                self.event(event, &Extent { place: at, ..*extent }, written);
            }
            QueuedItem::Sent(at) => self.renderer.note_sent(*at),
            QueuedItem::Set(DisplaySetting::Stamps(stamps)) => self.renderer.look_mut().stamps = *stamps,
            QueuedItem::Set(DisplaySetting::Indent(indent)) => self.renderer.look_mut().indent_json = *indent,
        }
    }

    fn progress(&mut self, line: &str, written: &mut Written) {
        match &mut self.last {
            Some(last) if last.subject == Subject::Progress => {
                last.is_changed |= last.text != line;
                line.clone_into(&mut last.text);
            }
            _ => self.begin_lines(Subject::Progress, line.to_owned(), written),
        }
    }

    fn event(&mut self, event: &Event, extent: &Extent, written: &mut Written) {
        let subject = self.repeatable(event, extent);
        match (&mut self.last, subject) {
            (Some(last), Some(subject)) if last.subject == subject => {
                last.count += 1;
                last.is_changed = true;
            }
            (_, Some(subject)) => {
                let text = self.rendered(event, extent);
                self.begin_lines(subject, text, written);
            }
            (_, None) => {
                self.end_lines(written);
                written.text += &self.rendered(event, extent);
            }
        }
    }

    /// A received message, which may come again; with times shown, each is another one.
    fn repeatable(&self, event: &Event, extent: &Extent) -> Option<Subject> {
        let style = self.renderer.style();
        let has_own_line =
            matches!(style.format, PayloadFormat::Records | PayloadFormat::Raw) || style.stamps.is_some();
        match &event.what {
            // Of two that are cut, only the heads are known to be equal.
            // The same bytes may say something else in the middle of a stream.
            _ if event.decoded.is_some() => None,
            EventKind::Message(Direction::In, message) if !has_own_line && extent.size == message.data().len() => {
                Some(Subject::Message(event.client, message.clone()))
            }
            _ => None,
        }
    }

    fn rendered(&mut self, event: &Event, extent: &Extent) -> String {
        let mut text = BytesMut::new();
        self.renderer.render_excerpt(event, extent, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn begin_lines(&mut self, subject: Subject, text: String, written: &mut Written) {
        self.end_lines(written);
        self.last = Some(LastLines { subject, text, count: 1, standing: None, is_changed: true });
    }

    fn end_lines(&mut self, written: &mut Written) {
        if let Some(mut lines) = self.last.take() {
            self.write_lines(&mut lines, written);
        }
    }

    fn write_lines(&self, lines: &mut LastLines, written: &mut Written) {
        if !std::mem::take(&mut lines.is_changed) {
            return;
        }
        if let Some(StandingLines { rows, bytes, .. }) = lines.standing {
            // Nothing of this batch stands before it: it was the last of the batch before.
            (written.replaced, written.replaced_bytes) = (rows, bytes);
        }
        written.text += &self.counted(lines);
    }

    /// The lines, and how often they have come.
    fn counted<'l>(&self, lines: &'l LastLines) -> Cow<'l, str> {
        match lines.count {
            1 => Cow::Borrowed(&lines.text),
            count => {
                let count = painted(self.renderer.style(), &format!(" ×{count}"), Color::DarkGrey);
                Cow::Owned(format!("{}{count}\n", lines.text.trim_end_matches('\n')))
            }
        }
    }
}

/// `… 48,210 messages (1,234,567 bytes) not shown`
pub(crate) fn not_shown(skipped: Skipped) -> Option<String> {
    let counted =
        |number: u64, what: &str| format!("{} {what}{}", in_thousands(number), if number == 1 { "" } else { "s" });
    let Skipped { messages, bytes } = skipped;
    let note = || format!("… {} ({}) not shown", counted(messages, "message"), counted(bytes as u64, "byte"));
    (messages > 0).then(note)
}

/// `48,210`
fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{OutputStyle, Stamps};

    const HERE: Place = Place { epoch: 1, size: TerminalSize { rows: 24, columns: 20 } };

    fn transcript() -> Transcript {
        Transcript::new(Renderer::new(OutputStyle { marks: true, for_terminal: true, ..OutputStyle::default() }))
    }

    fn event(text: &str) -> QueuedItem {
        QueuedItem::Event(Event::now(EventKind::Message(Direction::In, text.into())))
    }

    fn write(transcript: &mut Transcript, items: Vec<QueuedItem>, place: Place) -> (usize, String) {
        let taken = Taken { items, ..Taken::default() };
        let Written { replaced, text, .. } = transcript.write(&taken, place);
        (replaced, text)
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 48_210, 1_234_567].map(in_thousands), ["0", "999", "1,000", "48,210", "1,234,567"]);
    }

    #[test]
    fn one_message_that_is_not_shown_is_no_messages() {
        assert_eq!(not_shown(Skipped::default()), None);
        assert_eq!(not_shown(Skipped { messages: 1, bytes: 1 }).unwrap(), "… 1 message (1 byte) not shown");
        assert_eq!(not_shown(Skipped { messages: 2000, bytes: 0 }).unwrap(), "… 2,000 messages (0 bytes) not shown");
    }

    #[test]
    fn equal_messages_in_a_row_are_one_line_with_their_count() {
        let mut transcript = transcript();
        let first = write(&mut transcript, vec![event("a"), event("b"), event("b")], HERE);
        assert_eq!(first, (0, "< a\n< b ×2\n".to_owned()));
        assert_eq!(write(&mut transcript, vec![event("b")], HERE), (1, "< b ×3\n".to_owned()));
        let mixed = write(&mut transcript, vec![event("b"), event("a"), event("b")], HERE);
        assert_eq!(mixed, (1, "< b ×4\n< a\n< b\n".to_owned()));
        let ours = vec![QueuedItem::Lines("* said\n".to_owned()), event("b")];
        assert_eq!(write(&mut transcript, ours, HERE), (0, "* said\n< b\n".to_owned()));
    }

    #[test]
    fn what_stands_elsewhere_by_now_is_not_rewritten() {
        let mut transcript = transcript();
        write(&mut transcript, vec![event("b")], HERE);
        for place in [Place { epoch: 2, ..HERE }, Place { epoch: 2, size: TerminalSize { rows: 24, columns: 30 } }] {
            assert_eq!(write(&mut transcript, vec![event("b")], place), (0, "< b\n".to_owned()));
        }
    }

    #[test]
    fn all_rows_of_what_is_rewritten_are() {
        let mut transcript = transcript();
        let long = "x".repeat(30);
        write(&mut transcript, vec![event(&long)], HERE);
        assert_eq!(write(&mut transcript, vec![event(&long)], HERE), (2, format!("< {long} ×2\n")));
    }

    #[test]
    fn with_times_each_message_has_its_line() {
        let mut transcript = transcript();
        let stamps = QueuedItem::Set(DisplaySetting::Stamps(Some(Stamps::Local)));
        let (_, text) = write(&mut transcript, vec![stamps, event("b"), event("b")], HERE);
        assert_eq!(text.matches("< b\n").count(), 2, "{text}");
    }

    #[test]
    fn progress_takes_the_place_of_the_progress_before() {
        let progress = |text: &str| QueuedItem::Progress(format!("* {text}\n"));
        let mut transcript = transcript();
        let first = write(&mut transcript, vec![progress("in 1s"), progress("in 2s")], HERE);
        assert_eq!(first, (0, "* in 2s\n".to_owned()));
        assert_eq!(write(&mut transcript, vec![progress("in 2s")], HERE), (0, String::new()));
        assert_eq!(write(&mut transcript, vec![progress("in 4s")], HERE), (1, "* in 4s\n".to_owned()));
        write(&mut transcript, vec![event("b")], HERE);
        assert_eq!(write(&mut transcript, vec![progress("in 8s")], HERE), (0, "* in 8s\n".to_owned()));
    }
}
