//! `wsprobe replay`: the client's part of a recording, played to a server.

use std::convert::Infallible;
use std::future::pending;
use std::path::PathBuf;
use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::connector::Connector;
use crate::client::options::ClientOptions;
use crate::client::output::{StreamOutput, open_record_if};
use crate::client::report;
use crate::dial::Stream;
use crate::error::Error;
use crate::events::{Batch, ClientName, End, EventKind, Input, Opened};
use crate::play::comparison::{ComparingOutlet, Comparison, Differences};
use crate::play::recorded_part::{Last, RecordedPart};
use crate::recording::check::{AnswerCheck, Ignored};
use crate::recording::pace::{Schedule, Speed};
use crate::recording::{Party, RecordedConnection, Recording, Turns, chosen};
use crate::runtime::{deadline, watch_signals};
use crate::session::{self, DynOutlet, Outcome, Progress, Wait};
use crate::term::{Talk, stdout_gone};
use crate::wire::Socket;

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

/// A recording on its way to a server.
struct Replayer<'r> {
    replay: &'r ReplayOptions,
    recording: &'r Recording,
    connector: Connector,
    session: session::options::Options,
    output: StreamOutput,
    talk: &'r Rc<Talk>,
    differences: Rc<Differences>,
    schedule: Schedule,
    signals: mpsc::Receiver<i32>,
}

async fn send_again(
    replay: &ReplayOptions,
    recording: &Recording,
    connections: &[RecordedConnection],
    talk: &Rc<Talk>,
) -> Result<u8, Error> {
    let mut replayer = Replayer::new(replay, recording, talk).await?;
    let mut last = None;
    for connection in connections {
        let connecting = replayer.connect(*connection, last.is_none());
        let connected = tokio::select! {
            connected = connecting => connected,
            () = stdout_gone() => return Ok(0),
        };
        let (socket, opened) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                replayer.output.put_now(error.event().into());
                replayer.output.finish().await?;
                return Err(error);
            }
        };
        let outcome = replayer.play(*connection, socket, opened).await?;
        let goes_on = is_of_connection(&outcome.end);
        last = Some(outcome);
        if !goes_on {
            break;
        }
    }
    let Replayer { output, differences, mut signals, .. } = replayer;
    differences.sum_up();
    let Some(outcome) = last else { return output.finish().await.map(|()| 0) };
    output.finish_after(&outcome.end, &mut signals).await?;
    Ok(verdict(&outcome, replay.compare.as_ref().map(|_| differences.are_none())))
}

impl<'r> Replayer<'r> {
    async fn new(replay: &'r ReplayOptions, recording: &'r Recording, talk: &'r Rc<Talk>) -> Result<Self, Error> {
        let plan = &replay.plan;
        let mut signals = watch_signals()?;
        let until = deadline(plan.timeout);
        let connector = Connector::new(plan, until);
        let record = connector.opening(open_record_if(plan.record.as_ref()), &mut signals).await?;
        let output = StreamOutput::new(&plan.style, record, talk)?;
        let mut session = plan.session.clone();
        session.ending.deadline = until;
        let schedule = Schedule::new(replay.speed);
        let differences = Rc::new(Differences::new(Rc::clone(talk), recording.path().display().to_string()));
        Ok(Self { replay, recording, connector, session, output, talk, differences, schedule, signals })
    }

    /// Connects at once for the first connection, and for another as long after the one before as it was.
    async fn connect(
        &mut self,
        connection: RecordedConnection,
        is_first: bool,
    ) -> Result<(Socket<Stream>, Opened), Error> {
        let (options, signals) = (&self.replay.plan.connect, &mut self.signals);
        if is_first {
            return self.connector.first(options, self.talk, signals).await;
        }
        let at = opened_at(self.recording, connection)?;
        self.connector.at(self.schedule.due(at, Instant::now()), options, self.talk, signals).await
    }

    /// Plays the client's part of a connection, and tells how it ended.
    async fn play(
        &mut self,
        connection: RecordedConnection,
        socket: Socket<Stream>,
        opened: Opened,
    ) -> Result<Outcome, Error> {
        report::opened(self.talk, &opened);
        self.output.put_now(EventKind::Open(Box::new(opened)));
        let comparison = Comparison::new(self.check(connection)?, Rc::clone(&self.differences));
        let outlet = ComparingOutlet { comparison, outlet: &self.output };
        let turns = self.recording.turns(connection, Party::Client)?;
        let (heard, wait) = (&outlet.comparison.heard, self.replay.wait);
        let part = RecordedPart { player: Party::Client, heard, wait, talk: self.talk };
        let (batches, mut inputs) = mpsc::channel(BATCHES);
        let playing = play_part(part, turns, &mut self.schedule, batches);
        let mut progress = Progress::new(&self.session.ending);
        let (first, signals, session) = (Batch::new(), &mut self.signals, &self.session);
        let to: &dyn DynOutlet = &outlet;
        let outcome = tokio::select! {
            outcome = session::pump::run(socket, first, &mut progress, &mut inputs, signals, to, session) => outcome,
            never = playing => match never {},
        };
        self.output.put_all(report::ended(self.talk, &self.replay.plan, &outcome));
        outlet.comparison.ended(&outcome.end)?;
        Ok(outcome)
    }

    /// What the answers are compared with, if they are.
    fn check(&self, connection: RecordedConnection) -> Result<Option<AnswerCheck>, Error> {
        let Some(ignored) = &self.replay.compare else { return Ok(None) };
        let turns = self.recording.turns(connection, Party::Client)?;
        Ok(Some(AnswerCheck::new(turns, Party::Server, ignored.clone())))
    }
}

/// Says all that is to be said, and then only waits: the session ends by itself.
async fn play_part(
    part: RecordedPart<'_>,
    turns: Turns,
    schedule: &mut Schedule,
    batches: mpsc::Sender<Result<Batch, String>>,
) -> Infallible {
    let sent = async |batch: Batch| drop(batches.send(Ok(batch)).await);
    let last = match part.play(turns, schedule, sent).await {
        // The session continues for a while, as it does after piped input.
        Ok(Last::Unknown) => Ok(None),
        Ok(Last::Ours) => pending().await,
        Ok(Last::Theirs) => Ok(Some(vec![Input::Close(None)])),
        Err(error) => Err(error.chain()),
    };
    if let Some(last) = last.transpose() {
        let _ = batches.send(last).await;
    }
    drop(batches);
    pending().await
}

/// Whether a recorded connection can have ended this way.
fn is_of_connection(end: &End) -> bool {
    matches!(end, End::Closed { .. } | End::Cut(_) | End::Abandoned | End::Left)
}

/// The exit status; with `--compare`, the recording decides which end is a success.
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
    /// In a server's recording, the client whose part is played.
    pub(crate) client: Option<ClientName>,
    pub(crate) speed: Speed,
    /// `--wait`: for an answer that was recorded.
    pub(crate) wait: Wait,
    /// `--compare`, and what may differ.
    pub(crate) compare: Option<Ignored>,
}
