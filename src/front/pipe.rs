//! The pipe: stdin to the socket, the socket to stdout.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::link::Link;
use super::spool::Spool;
use super::{deadline, report, runtime, signals, stdin};
use crate::error::Error;
use crate::event::{Batch, Direction, End, Event, Happening};
use crate::plan::{Plan, Source};
use crate::render::{Format, Look, Renderer, record, text};
use crate::session::{self, Gone, Outlet, Progress};
use crate::term::{Lane, Talk, stdout_gone};

/// Batches between stdin and the socket.
const BATCHES: usize = 2;

/// A run that must leave gives its last output this long.
const HASTE: Duration = Duration::from_millis(500);

/// Runs to the end, and returns the exit status.
pub(super) fn run(plan: &Plan) -> u8 {
    let talk = Rc::new(Talk::on_stderr(plan.voice.verbosity, plan.voice.colour));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return super::complain(&error),
    };
    let code = runtime.block_on(converse(plan, &talk)).unwrap_or_else(|error| {
        report::not_connected(&talk, &error);
        error.exit_code()
    });
    // A resolver or a read of the roots may still be under way.
    runtime.shutdown_background();
    code
}

async fn converse(plan: &Plan, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })?;
    let until = deadline(plan.timeout);
    let output = Output::new(&plan.look, plan.record.as_deref(), talk)?;
    let mut link = Link::new(plan, until);
    let mut connected = tokio::select! {
        connected = link.first(&plan.connect, talk, &mut signals) => connected,
        () = stdout_gone() => return Ok(0),
    };
    let (batches, mut inputs) = mpsc::channel(BATCHES);
    let mut batches = Some(batches);
    // Held while there is no input: dropping it would mean that the input has ended.
    let mut _held = None;
    let mut options = plan.session.clone();
    options.ending.deadline = until;
    let mut progress = Progress::new(&options.ending);
    let outcome = loop {
        let (socket, opened) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                report::unsent(talk, progress.backlog.messages());
                output.put_now(Happening::Error(error.chain()));
                output.finish().await?;
                return Err(error);
            }
        };
        report::opened(talk, &opened);
        report::resuming(talk, progress.backlog.messages());
        output.put_now(Happening::Open(Box::new(opened)));
        // Input waits until the first connection is there.
        if let Some(batches) = batches.take() {
            _held = start_input(plan, talk, batches)?;
        }
        let first = plan.first.clone();
        let opened_at = Instant::now();
        let outcome = session::run(socket, first, &mut progress, &mut inputs, &mut signals, &output, &options).await;
        let Some(next) = link.after(&outcome, opened_at.elapsed()) else {
            if plan.patience.reconnect.is_some() && !outcome.wanted {
                report::unsent(talk, progress.backlog.messages());
            }
            break outcome;
        };
        report::lost(talk, plan, &outcome, &next);
        // What has come so far is shown before a pause that may be long.
        let _ = output.flush().await;
        let at = tokio::time::Instant::now() + next.after;
        connected = tokio::select! {
            connected = link.again(at, &plan.connect, talk, &mut signals) => connected,
            () = output.gone() => return output.finish().await.map(|()| 0),
        };
    };

    report::ended(talk, plan, &outcome);
    let finished = match outcome.end {
        // Whoever is to leave at once does not wait for a slow reader.
        End::Interrupted(_) | End::TimedOut => timeout(HASTE, output.finish()).await.unwrap_or(Ok(())),
        _ => tokio::select! {
            finished = output.finish() => finished,
            Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
        },
    };
    finished.map(|()| outcome.exit_code())
}

/// Starts whatever gives input; returns the sender when nothing will.
fn start_input(
    plan: &Plan,
    talk: &Talk,
    batches: mpsc::Sender<Result<Batch, String>>,
) -> Result<Option<mpsc::Sender<Result<Batch, String>>>, Error> {
    let cut = match &plan.source {
        Source::Ended => return Ok(None),
        Source::Pipe(cut) => cut.clone(),
        Source::Nothing | Source::Prompt(_) => return Ok(Some(batches)),
    };
    match stdin::open() {
        Ok(Some(stdin)) => {
            let started = stdin::start(stdin, cut, batches);
            started.map_err(|source| Error::Local { what: "start to read stdin", source })?;
            Ok(None)
        }
        // After -x there is nothing more to send; without it there is only listening.
        _ if !plan.first.is_empty() => Ok(None),
        Ok(None) => Ok(Some(batches)),
        Err(error) => {
            talk.say(&format!("stdin cannot be read ({error}); listening only"));
            Ok(Some(batches))
        }
    }
}

/// Where events go: stdout, the record, and what is worth a line on stderr.
pub(super) struct Output {
    renderer: RefCell<Renderer>,
    stdout: Spool,
    record: Option<Spool>,
    talk: Rc<Talk>,
}

impl Output {
    pub(super) fn new(look: &Look, record: Option<&Path>, talk: &Rc<Talk>) -> Result<Self, Error> {
        let stdout = Lane::to_stdout().map_err(|source| Error::Local { what: "write to stdout", source })?;
        let record = record.map(open_record).transpose()?;
        let renderer = RefCell::new(Renderer::new(look.clone()));
        Ok(Self { renderer, stdout: Spool::new(stdout), record, talk: Rc::clone(talk) })
    }

    fn put_now(&self, what: Happening) {
        self.put(Event::now(what));
    }

    pub(super) async fn finish(self) -> Result<(), Error> {
        let stdout = self.stdout.finish().await.map_err(|source| Error::Local { what: "write to stdout", source });
        let record = match self.record {
            Some(record) => record.finish().await.map_err(|source| Error::Local { what: "write the record", source }),
            None => Ok(()),
        };
        stdout.and(record)
    }
}

/// Opens the file of `--record`; it is replaced.
pub(super) fn open_record(path: &Path) -> Result<Spool, Error> {
    let lane = File::create(path).and_then(Lane::to_file);
    lane.map(Spool::new).map_err(|source| Error::File {
        what: "write the record (--record) to",
        path: path.to_owned(),
        source,
    })
}

impl Outlet for Output {
    async fn room(&self) -> Result<(), Gone> {
        self.stdout.room().await?;
        match &self.record {
            Some(record) => record.room().await,
            None => Ok(()),
        }
    }

    fn put(&self, event: Event) {
        let mut renderer = self.renderer.borrow_mut();
        self.stdout.append(|out| renderer.render(&event, out));
        if let Some(record) = &self.record {
            let secrets = renderer.look().secrets;
            record.append(|out| record::write(&event, secrets, out));
        }
        if let Happening::Frame(seen) = &event.what
            && renderer.look().format != Format::Records
        {
            self.talk.frame(&report::frame(event.client, seen));
        }
        if renderer.look().ping_pong && renderer.look().format != Format::Records {
            match &event.what {
                Happening::Ping(direction, data) => say_control(&self.talk, *direction, &text::ping(data)),
                Happening::Pong(direction, data, round_trip) => {
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
        // A full disk is no reader that leaves: only the writer knows of it.
        tokio::select! {
            () = stdout_gone() => {}
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
