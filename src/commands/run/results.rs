//! How the scripts went: each in a line, all of them in one, and what the exit status is.

use std::time::Duration;

use tokio::time::Instant;

use crate::play::StepFailure;
use crate::report::{PointFailure, PointResult, TestPoint};
use crate::term::Talk;
use crate::text::units::counted;

/// A script that was played, or is not to be.
pub(crate) struct Ran {
    pub(crate) name: String,
    /// Which repetition this is, if each file is played several times.
    pub(crate) round: Option<u32>,
    pub(crate) took: Duration,
    pub(crate) verdict: ScriptVerdict,
}

pub(crate) enum ScriptVerdict {
    Passed,
    Failed(Box<StepFailure>),
    /// The run ended before, or while it was played.
    NotRun,
}

pub(crate) struct Results {
    begun: Instant,
    pub(crate) files: usize,
    rounds: u32,
    pub(crate) runs: Vec<Ran>,
}

impl Ran {
    /// `chat.wsp`, or `chat.wsp #2` of several times.
    pub(crate) fn title(&self) -> String {
        match self.round {
            Some(round) => format!("{} #{round}", self.name),
            None => self.name.clone(),
        }
    }

    /// As a report tells it.
    pub(crate) fn point(&self) -> TestPoint {
        let result = match &self.verdict {
            ScriptVerdict::Passed => PointResult::Passed(None),
            ScriptVerdict::NotRun => PointResult::Skipped("not run".to_owned()),
            ScriptVerdict::Failed(failure) => PointResult::Failed(PointFailure {
                message: failure.fault.words.clone(),
                details: failure.shown(&self.name, false),
                at: Some(format!("{}:{}", self.name, failure.place.line)),
                code: failure.fault.code,
                excused: None,
            }),
        };
        TestPoint { title: self.title(), took: self.took, result }
    }

    pub(crate) fn failure(&self) -> Option<&StepFailure> {
        match &self.verdict {
            ScriptVerdict::Failed(failure) => Some(failure),
            ScriptVerdict::Passed | ScriptVerdict::NotRun => None,
        }
    }
}

impl Results {
    pub(crate) fn new(files: usize, rounds: u32) -> Self {
        Self { begun: Instant::now(), files, rounds, runs: Vec::new() }
    }

    /// How many runs there are to be.
    pub(crate) fn total(&self) -> usize {
        self.files * self.rounds as usize
    }

    pub(crate) fn put(&mut self, ran: Ran) {
        self.runs.push(ran);
    }

    /// Reports a result; a failure even with `--quiet`.
    pub(crate) fn tell(&self, talk: &Talk, ran: &Ran) {
        let time = seconds(ran.took);
        match &ran.verdict {
            ScriptVerdict::Passed => talk.say(&format!("{} passed ({time})", ran.title())),
            ScriptVerdict::Failed(failure) => {
                talk.error(&format!("{} failed ({time})", ran.title()));
                talk.page(&failure.shown(&ran.name, talk.has_colour()));
            }
            ScriptVerdict::NotRun => {}
        }
    }

    /// `[3/12] 1 failed; chat.wsp, ticks.wsp`
    pub(crate) fn progress(&self, playing: &[String]) -> String {
        let failed = match self.failed() {
            0 => String::new(),
            failed => format!(" {failed} failed;"),
        };
        format!("[{}/{}]{failed} {}", self.runs.len(), self.total(), playing.join(", "))
    }

    /// `12 files, 11 passed, 1 failed (1.2 s)`
    pub(crate) fn sum_up(&self, talk: &Talk) {
        let line = self.summary();
        if self.failed() > 0 { talk.error(&line) } else { talk.say(&line) }
    }

    fn summary(&self) -> String {
        let mut line = counted(self.files, "file");
        if self.rounds > 1 {
            line += &format!(", {} times each", self.rounds);
        }
        line += &format!(", {} passed", self.passed());
        for (count, words) in [(self.failed(), "failed"), (self.not_run(), "not run")] {
            if count > 0 {
                line += &format!(", {count} {words}");
            }
        }
        format!("{line} ({})", seconds(self.took()))
    }

    /// 1 if an expectation failed anywhere, otherwise the status of the first failure.
    pub(crate) fn exit_code(&self) -> u8 {
        let mut codes = self.runs.iter().filter_map(Ran::failure).map(|failure| failure.fault.code);
        let first = codes.next().unwrap_or(0);
        if codes.any(|code| code == 1) { 1 } else { first }
    }

    pub(crate) fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn passed(&self) -> usize {
        self.runs.iter().filter(|ran| matches!(ran.verdict, ScriptVerdict::Passed)).count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.runs.iter().filter(|ran| ran.failure().is_some()).count()
    }

    pub(crate) fn not_run(&self) -> usize {
        self.runs.iter().filter(|ran| matches!(ran.verdict, ScriptVerdict::NotRun)).count()
    }
}

/// `1.2 s`, or `12 ms` for less.
fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
