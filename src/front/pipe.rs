//! The pipe: stdin to the socket, the socket to stdout.

use std::rc::Rc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::link::Link;
use super::output::Output;
use super::{deadline, report, signals, stdin};
use crate::error::Error;
use crate::event::{Batch, Happening};
use crate::plan::{Plan, Source};
use crate::session::{self, Outlet as _, Progress};
use crate::term::{Talk, stdout_gone};

/// Batches between stdin and the socket: one may be a message of any size.
const BATCHES: usize = 1;

/// Runs to the end, and returns the exit status.
pub(super) fn run(plan: &Plan) -> u8 {
    super::hold(plan.voice, async |talk| converse(plan, talk).await)
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
    output.finish_after(&outcome.end, &mut signals).await?;
    Ok(outcome.exit_code())
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
