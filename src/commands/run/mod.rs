//! `wsprobe run`: plays scripts, several at once, and reports the results.
//!
//! All on one thread: a script waits most of its time. `play` plays a script; `results` and `report` present the
//! results.

mod json;
mod results;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use self::results::{Ran, Results, ScriptVerdict};
use crate::client::connector::opening;
use crate::client::output::{finish_in_time, open_record};
use crate::client::output_file::{self, Destination};
use crate::error::Error;
use crate::play::files::{self, Scripts};
use crate::play::{LoadedScript, PlayContext, Player, SharedRecording, StepFault};
use crate::render::record::Secrets;
use crate::report::{FinishedTests, ReportRequest, Reports};
use crate::runtime::{complain, runtime, watch_signals};
use crate::script::variables::Variables;
use crate::term::diagnostics::Diagnostics;
use crate::term::{Details, Status, Talk, Verbosity};

/// How often the progress line is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Why scripts end before their time.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// Another one has failed (`--fail-fast`).
    Enough,
    Interrupted(i32),
}

/// What all scripts share.
struct RunState<'s> {
    suite: &'s RunOptions,
    talk: Rc<Talk>,
    aside: Rc<Talk>,
    record: Option<Rc<SharedRecording>>,
    stop: watch::Receiver<Option<Stop>>,
    /// The names of those that are being played.
    playing: RefCell<Vec<String>>,
}

/// Runs to the end, and returns the exit status.
pub(crate) fn run(suite: &RunOptions) -> u8 {
    let files = match load(suite) {
        Ok(files) => files,
        Err(code) => return code,
    };
    let ran = runtime().and_then(|runtime| {
        let ran = LocalSet::new().block_on(&runtime, play_all(suite, &files));
        // A resolver or a read of the roots may still be under way.
        runtime.shutdown_background();
        ran
    });
    ran.unwrap_or_else(|error| complain(&error))
}

/// Reads and checks all files, and chooses among them.
fn load(suite: &RunOptions) -> Result<Vec<LoadedScript>, u8> {
    let files = files::load(&suite.scripts, suite.diagnostics)?;
    let is_chosen = |name: &str| suite.filter.is_empty() || suite.filter.iter().any(|part| name.contains(part));
    let chosen = files.into_iter().filter(|(file, _)| is_chosen(&file.name));
    let files: Vec<_> = chosen.map(|(file, script)| LoadedScript::new(&file, script)).collect();
    if files.is_empty() {
        return Err(complain(&Error::Usage("no file to run: `--filter` matches none".to_owned())));
    }
    Ok(files)
}

/// No record and no report takes the place of a script.
fn check_outputs(suite: &RunOptions, files: &[LoadedScript]) -> Result<(), Error> {
    let record = suite.record.iter().map(|(file, _)| &file.path);
    let reports = suite.reports.iter().filter_map(|report| report.file.as_ref());
    let mut outputs = record.chain(reports);
    outputs.try_for_each(|path| output_file::check_not_read(path, files.iter().map(|file| Path::new(&file.name))))
}

async fn play_all(suite: &RunOptions, files: &[LoadedScript]) -> Result<u8, Error> {
    let status = Arc::new(Status::default());
    let Diagnostics { verbosity, colour } = suite.diagnostics;
    let talk = Rc::new(Talk::above(&status, verbosity, colour));
    // How each connection was made is for those who ask for details.
    let aside = if verbosity.details > Details::None { verbosity } else { Verbosity::QUIET };
    let aside = Rc::new(Talk::above(&status, aside, colour));
    let mut signals = watch_signals()?;
    check_outputs(suite, files)?;
    let (reports, record) = opening(open(suite), None, &mut signals).await?;
    let (stop, stopped) = watch::channel(None);
    let state = RunState { suite, talk, aside, record, stop: stopped, playing: RefCell::default() };
    let mut results = Results::new(files.len(), suite.repeat);
    reports.begin(results.total());
    let played = play_rounds(&state, files, &stop, &reports, &status, &mut results, &mut signals).await;
    status.erase();
    played?;
    results.sum_up(&state.talk);
    let interrupted = *stop.borrow();
    let in_haste = matches!(interrupted, Some(Stop::Interrupted(_)));
    finish_in_time(finish(reports, state.record, &results), in_haste, &mut signals).await?;
    match interrupted {
        Some(Stop::Interrupted(signal)) => Err(Error::Interrupted(signal)),
        Some(Stop::Enough) | None => Ok(results.exit_code()),
    }
}

/// Plays all scripts as often as they are to be played; a first signal stops them, a second does not wait for that.
async fn play_rounds(
    state: &RunState<'_>,
    files: &[LoadedScript],
    stop: &watch::Sender<Option<Stop>>,
    reports: &Reports,
    status: &Status,
    results: &mut Results,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<(), Error> {
    let RunOptions { repeat, jobs, fail_fast, progress, .. } = *state.suite;
    let rounds = (1..=repeat).flat_map(|round| files.iter().map(move |file| (file, round)));
    let mut playing = stream::iter(rounds).map(|(file, round)| state.play(file, round)).buffer_unordered(jobs);
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_told = true;
    loop {
        tokio::select! {
            ran = playing.next() => {
                let Some(ran) = ran else { return Ok(()) };
                results.tell(&state.talk, &ran);
                reports.put(|| ran.point());
                is_told = false;
                if matches!(ran.verdict, ScriptVerdict::Failed(_)) && fail_fast {
                    stop.send_if_modified(|stop| stop.is_none() && stop.replace(Stop::Enough).is_none());
                }
                results.put(ran);
            }
            // A slow reader stops neither the scripts nor a signal.
            () = reports.flush(), if !is_told => is_told = true,
            _ = frames.tick(), if progress => status.show(&results.progress(&state.playing.borrow())),
            Some(signal) = signals.recv() => {
                if matches!(*stop.borrow(), Some(Stop::Interrupted(_))) {
                    return Err(Error::Interrupted(signal));
                }
                stop.send_replace(Some(Stop::Interrupted(signal)));
            }
        }
    }
}

/// Writes all that is still to be written.
async fn finish(reports: Reports, record: Option<Rc<SharedRecording>>, results: &Results) -> Result<(), Error> {
    let finished = FinishedTests { total: results.total(), took: results.took() };
    reports.finish(&finished, &|| json::page(results)).await?;
    match record.and_then(Rc::into_inner) {
        Some(record) => record.finish().await,
        None => Ok(()),
    }
}

/// Opens the files that are written.
async fn open(suite: &RunOptions) -> Result<(Reports, Option<Rc<SharedRecording>>), Error> {
    let reports = Reports::open(&suite.reports).await?;
    let record = match &suite.record {
        Some((file, secrets)) => Some(Rc::new(SharedRecording::new(open_record(file).await?, *secrets))),
        None => None,
    };
    Ok((reports, record))
}

impl RunState<'_> {
    async fn play(&self, file: &LoadedScript, round: u32) -> Ran {
        let ran = |took, verdict| Ran {
            name: file.name.clone(),
            round: (self.suite.repeat > 1).then_some(round),
            took,
            verdict,
        };
        if self.stop.borrow().is_some() {
            return ran(Duration::ZERO, ScriptVerdict::NotRun);
        }
        self.playing.borrow_mut().push(file.name.clone());
        let begun = Instant::now();
        let RunOptions { scripts, variables, .. } = self.suite;
        let mut context = PlayContext::new(file, variables, scripts.dial.clone(), Rc::clone(&self.talk));
        context.aside = Rc::clone(&self.aside);
        context.close_timeout = self.suite.close_timeout;
        context.record.clone_from(&self.record);
        let played = Player::new(&context).play(self.stopped()).await;
        let mut playing = self.playing.borrow_mut();
        if let Some(at) = playing.iter().position(|name| *name == file.name) {
            playing.remove(at);
        }
        let verdict = match played {
            Ok(()) => ScriptVerdict::Passed,
            Err(failure) if failure.is_of_stop() => ScriptVerdict::NotRun,
            Err(failure) => ScriptVerdict::Failed(failure),
        };
        ran(begun.elapsed(), verdict)
    }

    /// Ends when the script is to end before its time.
    async fn stopped(&self) -> StepFault {
        let out_of_time = async {
            match self.suite.timeout {
                Some(timeout) => sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let mut stop = self.stop.clone();
        tokio::select! {
            () = out_of_time => {
                let timeout = self.suite.timeout.unwrap_or_default();
                StepFault::new(format!("the script did not finish within {timeout:?} (--timeout)"), 7)
            }
            _ = stop.wait_for(Option::is_some) => StepFault::stopped(),
        }
    }
}

/// Scripts to be played.
#[derive(Clone, Debug)]
pub(crate) struct RunOptions {
    pub(crate) scripts: Scripts,
    pub(crate) variables: Variables,
    /// Only those whose path has one of these in it, if there are any.
    pub(crate) filter: Vec<String>,
    /// How many are played at once.
    pub(crate) jobs: usize,
    /// How often each is played.
    pub(crate) repeat: u32,
    /// The first that fails ends them all.
    pub(crate) fail_fast: bool,
    /// The limit of each.
    pub(crate) timeout: Option<Duration>,
    pub(crate) close_timeout: Duration,
    pub(crate) reports: Vec<ReportRequest>,
    pub(crate) record: Option<(Destination, Secrets)>,
    pub(crate) diagnostics: Diagnostics,
    /// Whether a line on stderr tells how far they are.
    pub(crate) progress: bool,
}
