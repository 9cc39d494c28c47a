//! Where events go when there is no prompt: stdout, the record, and what is worth a line on stderr.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::output_buffer::OutputBuffer;
use super::output_file::Destination;
use super::{output_file, report};
use crate::error::Error;
use crate::events::{End, ErrorEvent, Event, EventKind, TimeOrder};
use crate::message::Direction;
use crate::render::{OutputStyle, PayloadFormat, Renderer, record, text};
use crate::session::{Gone, Outlet};
use crate::sys::file::Readers;
use crate::term::{FileWriter, Talk, stdout_gone};

/// A run that must leave gives its last output this long.
const HASTE: Duration = Duration::from_millis(500);

/// A message of at least so many bytes goes to stdout from where it is.
const LARGE: usize = 64 << 10;

/// Where events go: stdout, the record, and what is worth a line on stderr.
pub(crate) struct StreamOutput {
    renderer: RefCell<Renderer>,
    /// Or what takes its place.
    stdout: OutputBuffer,
    is_stdout: bool,
    record: Option<OutputBuffer>,
    times: TimeOrder,
    talk: Rc<Talk>,
}

impl StreamOutput {
    pub(crate) fn new(style: &OutputStyle, record: Option<OutputBuffer>, talk: &Rc<Talk>) -> Result<Self, Error> {
        let stdout = FileWriter::to_stdout().map_err(Error::stdout)?;
        Ok(Self::to(OutputBuffer::new(stdout), true, style, record, talk))
    }

    /// The same with another output than stdout.
    pub(crate) fn to_pipe(pipe: File, style: &OutputStyle, record: Option<OutputBuffer>, talk: &Rc<Talk>) -> Self {
        Self::to(OutputBuffer::losing(pipe), false, style, record, talk)
    }

    fn to(
        stdout: OutputBuffer,
        is_stdout: bool,
        style: &OutputStyle,
        record: Option<OutputBuffer>,
        talk: &Rc<Talk>,
    ) -> Self {
        let renderer = RefCell::new(Renderer::new(style.clone()));
        Self { renderer, stdout, is_stdout, record, times: TimeOrder::default(), talk: Rc::clone(talk) }
    }

    pub(crate) fn put_now(&self, what: EventKind) {
        self.put(Event::now(what));
    }

    pub(crate) fn put_all(&self, errors: impl IntoIterator<Item = ErrorEvent>) {
        errors.into_iter().for_each(|error| self.put_now(error.into()));
    }

    /// Writes the last of it, after a session that ended so.
    pub(crate) async fn finish_after(self, end: &End, signals: &mut mpsc::Receiver<i32>) -> Result<(), Error> {
        let in_haste = matches!(end, End::Interrupted(_) | End::TimedOut);
        finish_in_time(self.finish(), in_haste, signals).await
    }

    pub(crate) async fn finish(self) -> Result<(), Error> {
        let stdout = self.stdout.finish().await.map_err(Error::stdout);
        let record = match self.record {
            Some(record) => record.finish().await.map_err(|source| Error::Local { what: "write the record", source }),
            None => Ok(()),
        };
        stdout.and(record)
    }
}

/// Waits until the last output is written, or for a signal; a run that must end at once does not wait for a slow reader.
///
/// # Errors
/// It cannot be written; or the signal.
pub(crate) async fn finish_in_time(
    finishing: impl Future<Output = Result<(), Error>>,
    in_haste: bool,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<(), Error> {
    if in_haste {
        return timeout(HASTE, finishing).await.unwrap_or(Ok(()));
    }
    tokio::select! {
        // ssh interrupts its ProxyCommand while that ends by itself.
        biased;
        finished = finishing => finished,
        Some(signal) = signals.recv() => Err(Error::Interrupted(signal)),
    }
}

/// Opens the file of `--record`, if there is to be one.
pub(crate) async fn open_record_if(file: Option<&Destination>) -> Result<Option<OutputBuffer>, Error> {
    match file {
        Some(file) => open_record(file).await.map(Some),
        None => Ok(None),
    }
}

/// Opens the file of `--record`; it is replaced when there is something to record.
pub(crate) async fn open_record(file: &Destination) -> Result<OutputBuffer, Error> {
    record(file, output_file::open(&file.path, Readers::Owner).await)
}

/// The same without waiting for the reader of a FIFO.
pub(crate) fn open_record_now(file: &Destination) -> Result<OutputBuffer, Error> {
    record(file, output_file::open_now(&file.path, Readers::Owner))
}

fn record(to: &Destination, opened: io::Result<File>) -> Result<OutputBuffer, Error> {
    let unwritten = |source| Error::File { what: "write the record (--record) to", path: to.path.clone(), source };
    let checked = opened.and_then(|file| to.check(&file).map(|()| file));
    checked.and_then(OutputBuffer::replacing).map_err(unwritten)
}

impl Outlet for StreamOutput {
    async fn room(&self) -> Result<(), Gone> {
        self.stdout.room().await?;
        match &self.record {
            Some(record) => record.room().await,
            None => Ok(()),
        }
    }

    fn put(&self, mut event: Event) {
        event.at = self.times.next(event.at);
        let mut renderer = self.renderer.borrow_mut();
        match &event.what {
            EventKind::Message(Direction::In, message)
                if message.data().len() >= LARGE
                    && renderer.style().passes_untouched()
                    && event.decoded().is_none() =>
            {
                let (before, after) = renderer.around(&event, message);
                self.stdout.append(|out| out.extend_from_slice(before.as_bytes()));
                self.stdout.pass(message.data());
                self.stdout.append(|out| out.extend_from_slice(after));
            }
            _ => self.stdout.append(|out| renderer.render(&event, out)),
        }
        if let Some(Err(why)) = event.decoded.as_deref()
            && renderer.style().shows_decoded()
            && !renderer.style().for_terminal
        {
            self.talk.warn(why);
        }
        if let Some(record) = &self.record {
            let secrets = renderer.style().secrets;
            record.append(|out| record::write(&event, secrets, out));
        }
        if let EventKind::Frame(seen) = &event.what
            && renderer.style().format != PayloadFormat::Records
        {
            self.talk.frame(&report::frame(&event, seen));
        }
        if renderer.style().ping_pong && renderer.style().format != PayloadFormat::Records {
            match &event.what {
                EventKind::Ping(direction, data) => say_control(&self.talk, *direction, &text::ping(data)),
                EventKind::Pong(direction, data, round_trip) => {
                    say_control(&self.talk, *direction, &text::pong(data, *round_trip));
                }
                _ => {}
            }
        }
    }

    async fn flush(&self) -> Result<(), Gone> {
        self.stdout.flush().await?;
        match &self.record {
            Some(record) => record.flush().await,
            None => Ok(()),
        }
    }

    fn takes_runs(&self) -> bool {
        self.record.is_none() && self.renderer.borrow().style().prints_alike()
    }

    fn wants_sent(&self) -> bool {
        self.record.is_some() || self.renderer.borrow().shows_sent()
    }

    async fn gone(&self) {
        let record = async {
            match &self.record {
                Some(record) => record.stopped().await,
                None => std::future::pending().await,
            }
        };
        // A full disk is not a reader that left: only the writer notices it.
        tokio::select! {
            biased;
            () = stdout_gone(), if self.is_stdout => {}
            () = self.stdout.stopped() => {}
            () = record => {}
        }
    }
}

fn say_control(talk: &Talk, direction: Direction, words: &str) {
    match direction {
        Direction::In => talk.say(&format!("received {words}")),
        Direction::Out => talk.say(&format!("sent {words}")),
    }
}
