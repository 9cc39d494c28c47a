//! `wsprobe replay`: the client's part of a recording, played to a server.

use std::path::PathBuf;
use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::connector::Connector;
use crate::client::options::ClientOptions;
use crate::client::output::{StreamOutput, open_record_if};
use crate::client::report;
use crate::error::Error;
use crate::events::{Batch, ClientName, End, EventKind, Input};
use crate::play::comparison::{ComparingOutlet, Comparison, Differences};
use crate::play::recorded_part::{Last, RecordedPart};
use crate::recording::check::{AnswerCheck, Ignored};
use crate::recording::pace::{Schedule, Speed};
use crate::recording::{Party, RecordedConnection, Recording, chosen};
use crate::runtime::deadline;
use crate::session::{self, Outcome, Progress, Wait};
use crate::sys::signals;
use crate::term::{Talk, stdout_gone};

/// Batches between the recording and the socket.
const BATCHES: usize = 2;

/// Runs to the end, and returns the exit status.
pub(crate) fn run(replay: &ReplayOptions) -> u8 {
    // Before a socket opens, it is known that all of it can be read.
    let recording = Recording::open(&replay.file);
    let chosen = recording.and_then(|recording| Ok((chosen(&recording, replay.client)?, recording)));
    match chosen {
        Ok((connections, recording)) => crate::runtime::hold(replay.plan.diagnostics, async |talk| {
            send_again(replay, &recording, &connections, talk).await
        }),
        Err(error) => crate::runtime::complain(&error),
    }
}

async fn send_again(
    replay: &ReplayOptions,
    recording: &Recording,
    connections: &[RecordedConnection],
    talk: &Rc<Talk>,
) -> Result<u8, Error> {
    let plan = &replay.plan;
    let mut signals = signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })?;
    let until = deadline(plan.timeout);
    let link = Connector::new(plan, until);
    let record = link.opening(open_record_if(plan.record.as_deref()), &mut signals).await?;
    let output = StreamOutput::new(&plan.look, record, talk)?;
    let mut options = plan.session.clone();
    options.ending.deadline = until;
    let mut schedule = Schedule::new(replay.speed);
    let differences = Rc::new(Differences::new(Rc::clone(talk), recording.path().display().to_string()));
    let mut last = None;
    for connection in connections {
        let connecting = async {
            match last {
                None => link.first(&plan.connect, talk, &mut signals).await,
                Some(_) => {
                    let at = opened_at(recording, *connection)?;
                    link.at(schedule.due(at, Instant::now()), &plan.connect, talk, &mut signals).await
                }
            }
        };
        let connected = tokio::select! {
            connected = connecting => connected,
            () = stdout_gone() => return Ok(0),
        };
        let (socket, opened) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                output.put_now(error.event().into());
                output.finish().await?;
                return Err(error);
            }
        };
        report::opened(talk, &opened);
        output.put_now(EventKind::Open(Box::new(opened)));
        let check = match &replay.compare {
            Some(ignored) => {
                let turns = recording.turns(*connection, Party::Client)?;
                Some(AnswerCheck::new(turns, Party::Server, ignored.clone()))
            }
            None => None,
        };
        let witness = ComparingOutlet { comparison: Comparison::new(check, Rc::clone(&differences)), outlet: &output };
        let turns = recording.turns(*connection, Party::Client)?;
        let part =
            RecordedPart { player: Party::Client, heard: &witness.comparison.heard, patience: replay.patience, talk };
        let (batches, mut inputs) = mpsc::channel(BATCHES);
        let playing = async {
            let sent = async |batch: Batch| drop(batches.send(Ok(batch)).await);
            let played = part.play(turns, &mut schedule, sent).await;
            let last = match played {
                // The session goes on for a while, as it does behind a pipe.
                Ok(Last::Unknown) => Ok(None),
                Ok(Last::Ours) => std::future::pending().await,
                Ok(Last::Theirs) => Ok(Some(vec![Input::Close(None)])),
                Err(error) => Err(error.chain()),
            };
            if let Some(last) = last.transpose() {
                let _ = batches.send(last).await;
            }
            drop(batches);
            std::future::pending::<()>().await;
        };
        let mut progress = Progress::new(&options.ending);
        let outcome = tokio::select! {
            outcome = session::pump::run(socket, Batch::new(), &mut progress, &mut inputs, &mut signals, &witness, &options) => outcome,
            () = playing => unreachable!("it only waits behind its end"),
        };
        output.put_all(report::ended(talk, plan, &outcome));
        witness.comparison.ended(&outcome.end)?;
        let goes_on = is_of_connection(&outcome.end);
        last = Some(outcome);
        if !goes_on {
            break;
        }
    }
    differences.sum_up();
    let Some(outcome) = last else { return output.finish().await.map(|()| 0) };
    output.finish_after(&outcome.end, &mut signals).await?;
    Ok(verdict(&outcome, replay.compare.as_ref().map(|_| differences.are_none())))
}

/// Whether an end is one that a connection can have had when it was recorded.
fn is_of_connection(end: &End) -> bool {
    matches!(end, End::Closed { .. } | End::Cut(_) | End::Abandoned | End::Left)
}

/// The exit status: whether an end is a good one is the recording's to say, where it is compared.
fn verdict(outcome: &Outcome, is_same: Option<bool>) -> u8 {
    match (is_same, &outcome.end) {
        (Some(is_same), end) if is_of_connection(end) => u8::from(!is_same),
        (Some(false), _) if outcome.exit_code() == 0 && !matches!(outcome.end, End::OutputGone) => 1,
        _ => outcome.exit_code(),
    }
}

/// When a connection was opened.
fn opened_at(recording: &Recording, connection: RecordedConnection) -> Result<Option<std::time::SystemTime>, Error> {
    Ok(recording.turns(connection, Party::Client)?.next().transpose()?.and_then(|turn| turn.at))
}

/// A recording that is to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct ReplayOptions {
    pub(crate) plan: ClientOptions,
    pub(crate) file: PathBuf,
    /// Of a server's recording, the one whose part is played.
    pub(crate) client: Option<ClientName>,
    pub(crate) speed: Speed,
    /// `--wait`: for an answer that was recorded.
    pub(crate) patience: Wait,
    /// `--compare`, and what may differ.
    pub(crate) compare: Option<Ignored>,
}
