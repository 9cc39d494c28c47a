//! How the cases went: each in a line or more, all of them in one, and what the exit status is.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::conformance::case::{CheckCase, Level};
use crate::conformance::expected;
use crate::conformance::judge::{Judgement, Verdict};
use crate::conformance::observed::{Outlook, ServerTraits};
use crate::report::{FinishedTests, PointFailure, PointResult, TestPoint, rounded};
use crate::text::units::counted;

/// A case that was tried.
pub(super) struct CheckedCase {
    pub(super) case: &'static CheckCase,
    pub(super) judgement: Judgement,
    pub(super) took: Duration,
}

/// All that have been tried.
pub(super) struct CheckResults {
    begun: Instant,
    pub(super) is_strict: bool,
    url: String,
    total: usize,
    pub(super) checked: Vec<CheckedCase>,
}

impl CheckedCase {
    pub(super) fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }

    /// Whether it fails the run.
    pub(super) fn counts_as_failed(&self, is_strict: bool) -> bool {
        self.verdict() == Verdict::Fail && (is_strict || self.case.level == Level::Must)
    }

    /// What was sent, what came, what was to come, and where that stands.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let CheckCase { name, section, level, .. } = *self.case;
        vec![
            ("sent", expected::sent(self.case)),
            ("received", self.judgement.came.clone()),
            ("expected", expected::expected(self.case)),
            ("case", format!("{name} ({level}, {section})")),
        ]
    }

    /// As a report tells it.
    pub(super) fn point(&self, is_strict: bool) -> TestPoint {
        let Judgement { verdict, came } = &self.judgement;
        let details = || self.details().iter().map(|(what, words)| format!("{what}: {words}\n")).collect();
        let result = match verdict {
            Verdict::Ok => PointResult::Passed(None),
            Verdict::Loose | Verdict::Noted => PointResult::Passed(Some(format!("{}: {came}", verdict.name()))),
            Verdict::Unclear | Verdict::Skipped => PointResult::Skipped(format!("{}: {came}", verdict.name())),
            Verdict::Fail => PointResult::Failed(PointFailure {
                message: format!("{came}, expected {}", expected::expected(self.case)),
                details: details(),
                at: None,
                code: 1,
                excused: (!self.counts_as_failed(is_strict)).then(|| "a SHOULD, without --strict".to_owned()),
            }),
        };
        TestPoint { title: format!("{}: {}", self.case.name, self.case.rule), took: self.took, result }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.case.name,
            "rule": self.case.rule,
            "section": self.case.section,
            "level": self.case.level.to_string(),
            "verdict": self.verdict().name().to_lowercase(),
            "sent": expected::sent(self.case),
            "received": self.judgement.came,
            "expected": expected::expected(self.case),
            "seconds": rounded(self.took),
        })
    }
}

impl CheckResults {
    pub(super) fn new(url: String, total: usize, is_strict: bool) -> Self {
        Self { begun: Instant::now(), is_strict, url, total, checked: Vec::new() }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checked.iter().filter(|checked| checked.verdict() == verdict).count()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.checked.iter().any(|checked| checked.counts_as_failed(self.is_strict))
    }

    /// `85 cases: 70 ok, 3 loose, 2 failed, 4 unclear (9.1 s)`
    pub(super) fn summary(&self) -> String {
        let mut counts = Vec::new();
        for verdict in [Verdict::Ok, Verdict::Loose, Verdict::Fail, Verdict::Unclear, Verdict::Noted, Verdict::Skipped]
        {
            let count = self.count(verdict);
            if count > 0 {
                counts.push(format!("{count} {}", if verdict == Verdict::Fail { "failed" } else { verdict.name() }));
            }
        }
        let cases = counted(self.checked.len(), "case");
        format!("{cases}: {} ({:.1} s)", counts.join(", "), self.begun.elapsed().as_secs_f64())
    }

    /// 1 if a rule is broken that counts; where nothing could be judged, why not.
    pub(super) fn exit_code(&self, traits: &ServerTraits) -> u8 {
        let is_judged = |checked: &CheckedCase| !matches!(checked.verdict(), Verdict::Unclear | Verdict::Skipped);
        let is_unclear = |checked: &CheckedCase| checked.verdict() == Verdict::Unclear;
        if self.has_failed() {
            return 1;
        }
        if self.checked.iter().any(is_judged) || !self.checked.iter().any(is_unclear) {
            return 0;
        }
        match traits.idle {
            _ if traits.bad_handshake.is_some() => 5,
            Outlook::Cuts => 5,
            Outlook::Closes(_) => 6,
            Outlook::Silent | Outlook::Stays => 7,
        }
    }

    /// What the reports tell.
    pub(super) fn finished(&self) -> FinishedTests {
        FinishedTests { total: self.total, took: self.begun.elapsed() }
    }

    /// The report as one JSON object.
    pub(super) fn json(&self) -> Value {
        json!({
            "url": self.url,
            "ok": self.count(Verdict::Ok),
            "loose": self.count(Verdict::Loose),
            "failed": self.count(Verdict::Fail),
            "unclear": self.count(Verdict::Unclear),
            "noted": self.count(Verdict::Noted),
            "skipped": self.count(Verdict::Skipped),
            "strict": self.is_strict,
            "seconds": rounded(self.begun.elapsed()),
            "cases": self.checked.iter().map(CheckedCase::json).collect::<Vec<_>>(),
        })
    }
}
