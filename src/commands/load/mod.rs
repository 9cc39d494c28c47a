//! `wsprobe load`: how many connections a server holds, and how late its messages arrive.
//!
//! One thread for each processor, with a runtime, connections and figures of its own: nothing is shared on the way of a
//! message. This thread here starts them, adds up what they have counted once a second, prints it, and ends the run.

mod alarm;
mod capacity;
mod client;
pub(crate) mod files;
mod hdr_log;
mod histogram;
mod live;
pub(crate) mod merge;
pub(crate) mod output;
pub(crate) mod plan;
mod plot;
pub(crate) mod replies;
mod report;
pub(crate) mod schedule;
mod tallies;
pub(crate) mod texts;
pub(crate) mod threshold;
pub(crate) mod variables;
mod worker;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at, sleep, sleep_until, timeout};

use self::client::CLOSING;
use self::files::LoadFiles;
use self::live::LiveBlock;
use self::output::LoadOutput;
use self::plan::{LoadModel, LoadOptions, WorkerPlan};
use self::replies::ReplyMatch;
use self::report::{LoadSecond, LoadSummary};
use self::tallies::{Failures, LoadTallies};
use self::worker::{LoadWorker, REPORTING};
use crate::client::connect;
use crate::client::connector::{Connector, opening};
use crate::client::output_buffer::OutputBuffer;
use crate::dial::prepare::{PreparedRoute, prepare};
use crate::dial::{Route, Trust};
use crate::error::Error;
use crate::message::Close;
use crate::sys::{signals, terminal, usage};
use crate::term::{FileWriter, Talk, stdout_gone, terminal_width};

/// From the start of the threads to the first connection.
const HEAD_START: Duration = Duration::from_millis(20);

/// What the threads have counted in a second is here this long after it.
const COLLECTING: Duration = Duration::from_millis(100);

/// What may come later than all limits of the run together, on a busy machine.
const GRACE: Duration = Duration::from_secs(2);

/// The last lines are for a reader who reads.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs to the end, and returns the exit status.
pub(crate) fn run(options: &LoadOptions) -> u8 {
    crate::runtime::hold(options.plan.diagnostics, async |talk| load(options, talk).await)
}

async fn load(options: &LoadOptions, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })?;
    let connect = &options.plan.connect;
    let prepared = tokio::select! {
        prepared = prepare_all(options) => prepared?,
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    let connections = options.openings.connections();
    let workers = std::thread::available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(1));
    let workers = workers.min(connections);
    capacity::check_room(connections, workers, &prepared)?;
    let objection = prepared.iter().find_map(|route| capacity::objection(connections, &connect.target, route));
    if let Some(objection) = objection.filter(|_| !options.is_authorized) {
        agree(&objection, options.may_ask, talk, &mut signals).await?;
    }
    if connect.target.scheme.is_tls() && matches!(connect.route.tls.trust, Trust::Anyone) {
        talk.warn("the server's certificate is not checked (--insecure)");
    }
    if options.plan.patience.wait_for_server.is_some() {
        wait_for_server(options, talk, &mut signals).await?;
    }
    let files = opening(options.files.open(), None, &mut signals).await?;
    if let Some(at) = options.start_at {
        let left = at.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(HEAD_START);
        talk.say(&format!("starting at {}", humantime::format_rfc3339_millis(at)));
        tokio::select! {
            () = sleep(left) => {}
            Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
        }
    }
    let mut run = LoadRun::start(options, prepared, workers, files)?;
    let ended = run.watch(&mut signals).await;
    run.finish(talk, ended).await
}

/// Asks whether the owner agrees, where there is somebody to ask.
async fn agree(objection: &str, may_ask: bool, talk: &Talk, signals: &mut mpsc::Receiver<i32>) -> Result<(), Error> {
    let refusal = || Error::Usage(format!("{objection} (`--authorized`)"));
    if !may_ask {
        return Err(refusal());
    }
    talk.warn(&format!("{objection}. Type `yes` if that is so"));
    let answer = tokio::select! {
        answer = tokio::task::spawn_blocking(terminal::read_line) => answer.ok().and_then(Result::ok),
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    if answer.is_some_and(|answer| answer.trim() == "yes") { Ok(()) } else { Err(refusal()) }
}

/// The way from each interface, or the one that the system chooses.
async fn prepare_all(options: &LoadOptions) -> Result<Vec<PreparedRoute>, Error> {
    let connect = &options.plan.connect;
    if options.interfaces.is_empty() {
        return Ok(vec![prepare(&connect.target, &connect.route).await?]);
    }
    let mut prepared = Vec::new();
    for interface in &options.interfaces {
        let family = interface.family().or(connect.route.family);
        let route = Route { origin: Some(interface.clone()), family, ..connect.route.clone() };
        prepared.push(prepare(&connect.target, &route).await?);
    }
    Ok(prepared)
}

/// Makes a connection as soon as that can be done, and leaves again.
async fn wait_for_server(options: &LoadOptions, talk: &Talk, signals: &mut mpsc::Receiver<i32>) -> Result<(), Error> {
    let (socket, _) = Connector::new(&options.plan, None).first(&options.plan.connect, talk, signals).await?;
    let left = async {
        socket.close(&Close::new(1000, "")).await.ok()?;
        while socket.next().await.is_some_and(|came| came.is_ok()) {}
        Some(())
    };
    // It is not this connection that is measured.
    let _ = timeout(CLOSING, left).await;
    Ok(())
}

/// Why the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoadEnd {
    /// All connections have ended.
    Done,
    /// Some have not, in all the time that they had.
    Late,
    /// A second signal, or a reader of ours that has gone.
    AtOnce(Option<i32>),
}

/// A run under way, on the thread that watches it.
struct LoadRun<'o> {
    options: &'o LoadOptions,
    url: String,
    resolved: Duration,
    plan: Arc<WorkerPlan>,
    stop: watch::Sender<bool>,
    reports: mpsc::Receiver<LoadTallies>,
    all: LoadTallies,
    /// Since the last line.
    second: LoadTallies,
    since: Duration,
    stopped: Option<Instant>,
    cpu: Duration,
    block: LiveBlock,
    stdout: OutputBuffer,
    files: LoadFiles,
}

impl<'o> LoadRun<'o> {
    fn start(
        options: &'o LoadOptions,
        prepared: Vec<PreparedRoute>,
        workers: u32,
        files: LoadFiles,
    ) -> Result<Self, Error> {
        let stdout = FileWriter::to_stdout().map_err(|source| Error::Local { what: "write to stdout", source })?;
        let resolved = prepared.iter().map(|route| route.resolved).max().unwrap_or_default();
        let connect = |route: PreparedRoute| connect::Options { route: route.route, ..options.plan.connect.clone() };
        let plan = Arc::new(WorkerPlan {
            connects: prepared.into_iter().map(connect).collect(),
            texts: options.texts.clone(),
            traffic: options.traffic.clone(),
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
            url: options.plan.connect.target.to_string(),
            resolved,
            plan,
            stop,
            reports,
            all: LoadTallies::default(),
            second: LoadTallies::default(),
            since: Duration::ZERO,
            stopped: None,
            cpu,
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
    async fn watch(&mut self, signals: &mut mpsc::Receiver<i32>) -> LoadEnd {
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
                    self.print_second(Instant::now());
                    is_unwritten = true;
                }
                () = flush(&self.stdout, &self.files), if is_unwritten => is_unwritten = false,
                () = sleep_until(limit.into()) => match self.stopped {
                    None => self.end_sending(),
                    Some(_) => return LoadEnd::Late,
                },
                Some(signal) = signals.recv() => match self.stopped {
                    None => self.end_sending(),
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

    /// What came since the last line, as a line.
    fn print_second(&mut self, now: Instant) {
        let tallies = std::mem::take(&mut self.second);
        let at = now.saturating_duration_since(self.plan.start);
        let length = at.saturating_sub(self.since);
        self.since = at;
        let second = LoadSecond { at, length, tallies: &tallies, open: self.all.open() };
        let mut out = String::new();
        self.files.second(&second);
        if self.options.draws && self.options.output == LoadOutput::Lines {
            self.block.second(
                &second,
                &self.all,
                self.plan.openings.all_due() + self.options.duration,
                terminal_width(),
                &mut out,
            );
        } else {
            self.options.output.second(&second, &mut out);
        }
        self.print(&out);
    }

    fn print(&self, text: &str) {
        self.stdout.append(|out| out.extend_from_slice(text.as_bytes()));
    }

    /// Prints the summary, and gives the exit status.
    async fn finish(mut self, talk: &Talk, ended: LoadEnd) -> Result<u8, Error> {
        while let Ok(counted) = self.reports.try_recv() {
            self.add(&counted);
        }
        self.end_files();
        let mut out = String::new();
        self.block.erase(&mut out);
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
        let tallies = std::mem::take(&mut self.second);
        let at = Instant::now().saturating_duration_since(self.plan.start);
        let length = at.saturating_sub(self.since);
        self.files.second(&LoadSecond { at, length, tallies: &tallies, open: self.all.open() });
        self.files.end(&self.summary(), at);
    }

    fn summary(&self) -> LoadSummary<'_> {
        let now = Instant::now();
        let elapsed = |until: Instant| until.saturating_duration_since(self.plan.start);
        let cpu = usage::cpu_time().saturating_sub(self.cpu);
        let possible = elapsed(now).as_secs_f64() * f64::from(self.plan.workers);
        LoadSummary {
            url: &self.url,
            connections: self.plan.openings.connections(),
            model: self.options.traffic.as_ref().map(|traffic| match traffic.model {
                LoadModel::Open(_) => "open",
                LoadModel::Closed => "closed",
            }),
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
        wants && self.all.sent.messages > 0 && self.all.latency.count() == 0
    }

    /// 0 if there was a measurement and some connection lasted, and all thresholds are met; otherwise that of what was in the
    /// way, or 1.
    fn exit_code(&self) -> u8 {
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
