//! `wsprobe replay`: the client's part of a recording, played to a server.

pub(super) mod player;
pub(super) mod script;
pub(super) mod witness;

use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use self::player::{Last, Part};
use self::witness::{Findings, Hearing, Witness};
use super::link::Link;
use super::output::{Output, open_record_if};
use super::{deadline, report, signals};
use crate::error::Error;
use crate::event::{Batch, ClientName, End, Happening, Input};
use crate::plan::Replay;
use crate::recording::check::Check;
use crate::recording::pace::Schedule;
use crate::recording::{Connection, Party, Recording};
use crate::session::{self, Outcome, Progress};
use crate::term::{Talk, stdout_gone};

/// Batches between the recording and the socket.
const BATCHES: usize = 2;

/// Runs to the end, and returns the exit status.
pub(super) fn run(replay: &Replay) -> u8 {
    // Before a socket opens, it is known that all of it can be read.
    let recording = Recording::open(&replay.file);
    let chosen = recording.and_then(|recording| Ok((chosen(&recording, replay.client)?, recording)));
    match chosen {
        Ok((connections, recording)) => {
            super::hold(replay.plan.voice, async |talk| send_again(replay, &recording, &connections, talk).await)
        }
        Err(error) => super::complain(&error),
    }
}

/// The connections whose client is played: all of a client's recording, one of a server's.
pub(super) fn chosen(recording: &Recording, client: Option<ClientName>) -> Result<Vec<Connection>, Error> {
    let path = recording.path().display();
    let all = recording.connections();
    let names: Vec<_> = all
        .iter()
        .filter_map(|connection| match connection {
            Connection::With(name) => Some(*name),
            Connection::Nth(_) => None,
        })
        .collect();
    match (client, &*names) {
        _ if all.is_empty() => Err(Error::Usage(format!("`{path}` has no connection recorded"))),
        (None, [] | [_]) => Ok(all.to_vec()),
        (None, [first, second, ..]) => {
            Err(Error::Usage(format!("`{path}` has several clients ({first}, {second} …): which one? (--client)")))
        }
        (Some(name), _) if names.contains(&name) => Ok(vec![Connection::With(name)]),
        (Some(name), []) => Err(Error::Usage(format!(
            "`{path}` has no client {name}: only what `wsprobe listen` recorded names clients"
        ))),
        (Some(name), [first, ..]) => Err(Error::Usage(format!("`{path}` has no client {name}, but {first}"))),
    }
}

async fn send_again(
    replay: &Replay,
    recording: &Recording,
    connections: &[Connection],
    talk: &Rc<Talk>,
) -> Result<u8, Error> {
    let plan = &replay.plan;
    let mut signals = signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })?;
    let until = deadline(plan.timeout);
    let link = Link::new(plan, until);
    let record = link.opening(open_record_if(plan.record.as_deref()), &mut signals).await?;
    let output = Output::new(&plan.look, record, talk)?;
    let mut options = plan.session.clone();
    options.ending.deadline = until;
    let mut schedule = Schedule::new(replay.speed);
    let findings = Findings::new(talk, recording.path().display().to_string());
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
        output.put_now(Happening::Open(Box::new(opened)));
        let check = match &replay.compare {
            Some(ignored) => {
                let turns = recording.turns(*connection, Party::Client)?;
                Some(Check::new(turns, Party::Server, ignored.clone()))
            }
            None => None,
        };
        let witness = Witness { hearing: Hearing::new(check, &findings), outlet: &output };
        let turns = recording.turns(*connection, Party::Client)?;
        let part = Part { player: Party::Client, heard: &witness.hearing.heard, patience: replay.patience, talk };
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
            outcome = session::run(socket, Batch::new(), &mut progress, &mut inputs, &mut signals, &witness, &options) => outcome,
            () = playing => unreachable!("it only waits behind its end"),
        };
        output.put_all(report::ended(talk, plan, &outcome));
        witness.hearing.ended(&outcome.end)?;
        let goes_on = is_of_connection(&outcome.end);
        last = Some(outcome);
        if !goes_on {
            break;
        }
    }
    findings.sum_up();
    let Some(outcome) = last else { return output.finish().await.map(|()| 0) };
    output.finish_after(&outcome.end, &mut signals).await?;
    Ok(verdict(&outcome, replay.compare.as_ref().map(|_| findings.are_none())))
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
fn opened_at(recording: &Recording, connection: Connection) -> Result<Option<std::time::SystemTime>, Error> {
    Ok(recording.turns(connection, Party::Client)?.next().transpose()?.and_then(|turn| turn.at))
}
