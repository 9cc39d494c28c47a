//! A run under way: prints what its threads count once a second, ends it, and sums it up.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at, sleep_until, timeout};

use super::client::CLOSING;
use super::deliveries::SentLog;
use super::files::LoadFiles;
use super::live::LiveBlock;
use super::output::LoadOutput;
use super::plan::{LoadModel, LoadOptions, WorkerPlan};
use super::replies::ReplyMatch;
use super::report::{LoadSecond, LoadSummary};
use super::script::PlayedScript;
use super::tallies::{Failures, LoadTallies};
use super::worker::{LoadWorker, REPORTING};
use crate::client::connect;
use crate::client::output_buffer::OutputBuffer;
use crate::dial::prepare::PreparedRoute;
use crate::error::Error;
use crate::sys::usage;
use crate::term::{FileWriter, Talk, stdout_gone, terminal_width};

/// From the start of the threads to the first connection.
pub(super) const HEAD_START: Duration = Duration::from_millis(20);

/// What the threads have counted in a second is here this long after it.
const COLLECTING: Duration = Duration::from_millis(100);

/// What may come later than all limits of the run together, on a busy machine.
const GRACE: Duration = Duration::from_secs(2);

/// The last lines are for a reader who reads.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What is known before anything connects.
pub(super) struct LoadStart<'o> {
    pub(super) options: &'o LoadOptions,
    pub(super) script: Option<Arc<PlayedScript>>,
    pub(super) prepared: Vec<PreparedRoute>,
    pub(super) workers: u32,
}

/// Why the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadEnd {
    /// All connections have ended.
    Done,
    /// Some have not, in all the time that they had.
    Late,
    /// A second signal, or a reader of ours that has gone.
    AtOnce(Option<i32>),
}

/// A run under way, on the thread that watches it.
pub(super) struct LoadRun<'o> {
    options: &'o LoadOptions,
    /// What is printed while it goes on.
    output: LoadOutput,
    url: String,
    resolved: Duration,
    plan: Arc<WorkerPlan>,
    stop: watch::Sender<bool>,
    reports: mpsc::Receiver<LoadTallies>,
    pub(super) all: LoadTallies,
    /// Since the last line.
    second: LoadTallies,
    since: Duration,
    stopped: Option<Instant>,
    /// A signal has ended it.
    pub(super) is_interrupted: bool,
    cpu: Duration,
    /// When all had ended, and what CPU time had been used by then.
    over: Option<(Instant, Duration)>,
    block: LiveBlock,
    stdout: OutputBuffer,
    files: LoadFiles,
}

impl<'o> LoadRun<'o> {
    pub(super) fn start(
        start: &LoadStart<'o>,
        model: Option<LoadModel>,
        output: LoadOutput,
        files: LoadFiles,
    ) -> Result<Self, Error> {
        let LoadStart { options, ref script, ref prepared, workers } = *start;
        let stdout = FileWriter::to_stdout().map_err(|source| Error::Local { what: "write to stdout", source })?;
        let resolved = prepared.iter().map(|route| route.resolved).max().unwrap_or_default();
        let connect =
            |route: &PreparedRoute| connect::Options { route: route.route.clone(), ..options.plan.connect.clone() };
        let plan = Arc::new(WorkerPlan {
            connects: prepared.iter().map(connect).collect(),
            texts: options.texts.clone(),
            model,
            traffic: options.traffic.clone(),
            script: script.clone(),
            sent: options.is_fan_out().then(SentLog::default),
            openings: options.openings.clone(),
            start: Instant::now() + HEAD_START,
            wait: options.wait,
            workers,
        });
        let (stop, stopped) = watch::channel(false);
        let (sender, reports) = mpsc::channel(4 * usize::try_from(workers).unwrap_or(1));
        let cpu = usage::cpu_time();
        for number in 0..workers {
            let (plan, stop, reports) = (Arc::clone(&plan), stopped.clone(), sender.clone());
            LoadWorker { number, plan, stop, reports }.start()?;
        }
        Ok(Self {
            options,
            output,
            url: options.plan.connect.target.to_string(),
            resolved,
            plan,
            stop,
            reports,
            all: LoadTallies::default(),
            second: LoadTallies::default(),
            since: Duration::ZERO,
            stopped: None,
            is_interrupted: false,
            cpu,
            over: None,
            block: LiveBlock::default(),
            stdout: OutputBuffer::new(stdout),
            files,
        })
    }

    /// How long it sends, from the start on.
    fn length(&self) -> Duration {
        self.plan.openings.all_due() + self.options.duration
    }

    /// Prints a line a second until all threads have ended.
    pub(super) async fn watch(&mut self, signals: &mut mpsc::Receiver<i32>) -> LoadEnd {
        let start = self.plan.start;
        let ends = start + self.length();
        self.files.begin(SystemTime::now() + start.saturating_duration_since(Instant::now()));
        let mut ticks = interval_at((start + REPORTING + COLLECTING).into(), REPORTING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut is_unwritten = false;
        loop {
            let limit = self.stopped.map_or(ends, |stopped| stopped + self.options.wait + CLOSING + GRACE);
            tokio::select! {
                counted = self.reports.recv() => match counted {
                    Some(counted) => self.add(&counted),
                    None => return LoadEnd::Done,
                },
                _ = ticks.tick() => {
                    self.print_second();
                    is_unwritten = true;
                }
                () = flush(&self.stdout, &self.files), if is_unwritten => is_unwritten = false,
                () = sleep_until(limit.into()) => match self.stopped {
                    None => self.end_sending(),
                    Some(_) => return LoadEnd::Late,
                },
                Some(signal) = signals.recv() => match self.stopped {
                    None => {
                        self.is_interrupted = true;
                        self.end_sending();
                    }
                    Some(_) => return LoadEnd::AtOnce(Some(signal)),
                },
                () = stdout_gone() => return LoadEnd::AtOnce(None),
            }
        }
    }

    fn end_sending(&mut self) {
        self.stopped = Some(Instant::now());
        self.stop.send_replace(true);
    }

    fn add(&mut self, counted: &LoadTallies) {
        self.all.merge(counted);
        self.second.merge(counted);
    }

    /// What was counted since the last line: when that is, from the start on, and for how long.
    fn take_second(&mut self) -> (LoadTallies, Duration, Duration) {
        let at = Instant::now().saturating_duration_since(self.plan.start);
        let length = at.saturating_sub(self.since);
        self.since = at;
        (std::mem::take(&mut self.second), at, length)
    }

    /// What came since the last line, as a line.
    fn print_second(&mut self) {
        let (tallies, at, length) = self.take_second();
        let second = LoadSecond { at, length, tallies: &tallies, open: self.all.open() };
        let mut out = String::new();
        self.files.second(&second);
        if self.options.draws && self.output == LoadOutput::Lines {
            self.block.second(&second, &self.all, self.length(), terminal_width(), &mut out);
        } else {
            self.output.second(&second, &mut out);
        }
        self.print(&out);
    }

    pub(super) fn print(&self, text: &str) {
        self.stdout.append(|out| out.extend_from_slice(text.as_bytes()));
    }

    /// Takes in what was counted at the very end, and takes the block off the screen.
    pub(super) fn close(&mut self) {
        while let Ok(counted) = self.reports.try_recv() {
            self.add(&counted);
        }
        self.over.get_or_insert_with(|| (Instant::now(), usage::cpu_time()));
        let mut out = String::new();
        self.block.erase(&mut out);
        self.print(&out);
    }

    /// Waits until what was printed is read.
    pub(super) async fn flush(&self) {
        let _ = timeout(LAST_LINES, self.stdout.flush()).await;
    }

    /// Prints the summary, and gives the exit status.
    pub(super) async fn finish(mut self, talk: &Talk, ended: LoadEnd) -> Result<u8, Error> {
        self.close();
        self.end_files();
        let mut out = String::new();
        let summary = self.summary();
        self.options.output.summary(&summary, &mut out);
        let mut warnings = self.warnings(ended);
        warnings.extend(summary.limit());
        self.print(&out);
        let code = self.exit_code();
        let printed = timeout(LAST_LINES, self.stdout.finish()).await;
        let written = timeout(LAST_LINES, self.files.finish()).await;
        // After it: where both are the same terminal, a line before it would have been erased with the block.
        warnings.iter().for_each(|words| talk.warn(words));
        match ended {
            LoadEnd::AtOnce(Some(signal)) => Err(Error::Interrupted(signal)),
            LoadEnd::AtOnce(None) => Ok(code),
            LoadEnd::Done | LoadEnd::Late => {
                printed.unwrap_or(Ok(())).map_err(|source| Error::Local { what: "write to stdout", source })?;
                written.unwrap_or(Ok(()))?;
                Ok(code)
            }
        }
    }

    /// What is left of the last second, and all that is known at the end.
    fn end_files(&mut self) {
        let (tallies, at, length) = self.take_second();
        self.files.second(&LoadSecond { at, length, tallies: &tallies, open: self.all.open() });
        self.files.end(&self.summary(), at);
    }

    pub(super) fn summary(&self) -> LoadSummary<'_> {
        let (now, cpu) = self.over.unwrap_or_else(|| (Instant::now(), usage::cpu_time()));
        let elapsed = |until: Instant| until.saturating_duration_since(self.plan.start);
        let cpu = cpu.saturating_sub(self.cpu);
        let possible = elapsed(now).as_secs_f64() * f64::from(self.plan.workers);
        LoadSummary {
            url: &self.url,
            connections: self.plan.openings.connections(),
            model: self.plan.model.map(|model| match model {
                LoadModel::Open(_) => "open",
                LoadModel::Closed => "closed",
            }),
            measured: self.options.measured(),
            took: elapsed(self.stopped.unwrap_or(now)),
            tallies: &self.all,
            resolved: self.resolved,
            cpu,
            cpu_share: if possible > 0.0 { cpu.as_secs_f64() / possible } else { 0.0 },
            thresholds: &self.options.thresholds,
        }
    }

    /// What a reader of the summary should know.
    fn warnings(&self, ended: LoadEnd) -> Vec<String> {
        let late = "some connections did not end in time and were cut";
        let astray = "messages came, but none that answers one of ours: see `--match`";
        let is_astray = self.is_unanswered() && self.all.received.messages > 0;
        let all = [(ended == LoadEnd::Late, late), (is_astray, astray)];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| words.to_owned()).collect()
    }

    /// Whether replies were wanted, and none came.
    fn is_unanswered(&self) -> bool {
        let wants = self.options.traffic.as_ref().is_some_and(|it| !matches!(it.matching, ReplyMatch::None));
        (wants || self.plan.script.is_some()) && self.all.sent.messages > 0 && self.all.latency.count() == 0
    }

    /// 0 if there was a measurement and some connection lasted, and all thresholds are met; otherwise that of what was in the
    /// way, or 1.
    pub(super) fn exit_code(&self) -> u8 {
        let worst = |failures: &Failures| failures.values().max_by_key(|it| it.count).map(|it| it.exit_code);
        let all = &self.all;
        if all.opened == 0 {
            return worst(&all.refused).unwrap_or(7);
        }
        let broken = worst(&all.broken).filter(|code| all.lasted == 0 && *code != 0);
        if let Some(code) = broken {
            return code;
        }
        let is_missed = self.summary().verdicts().iter().any(|verdict| !verdict.is_met);
        match (is_missed, self.is_unanswered()) {
            (true, _) => 1,
            (false, true) => 7,
            (false, false) => 0,
        }
    }
}

/// Cancel-safe.
async fn flush(stdout: &OutputBuffer, files: &LoadFiles) {
    // What cannot be written is told at the end.
    let _ = stdout.flush().await;
    files.flush().await;
}
