//! One test, as every report tells it.

use std::time::Duration;

/// A test that has ended, or is not to be run.
pub(crate) struct TestPoint {
    pub(crate) title: String,
    pub(crate) took: Duration,
    pub(crate) result: PointResult,
}

pub(crate) enum PointResult {
    /// With what is worth a note, if anything is.
    Passed(Option<String>),
    /// With the reason.
    Skipped(String),
    Failed(PointFailure),
}

/// What went wrong.
pub(crate) struct PointFailure {
    pub(crate) message: String,
    /// Lines for people, safe to be shown.
    pub(crate) details: String,
    /// The place in a file, if it has one.
    pub(crate) at: Option<String>,
    /// The exit status that it leads to; 1 is an expectation that was not met.
    pub(crate) code: u8,
    /// Why it does not count, if that is so.
    pub(crate) excused: Option<String>,
}

impl TestPoint {
    /// What counts as a failure.
    pub(super) fn failure(&self) -> Option<&PointFailure> {
        match &self.result {
            PointResult::Failed(failure) => Some(failure).filter(|failure| failure.excused.is_none()),
            PointResult::Passed(_) | PointResult::Skipped(_) => None,
        }
    }

    /// Why it counts neither as passed nor as failed.
    pub(super) fn skipped(&self) -> Option<&str> {
        match &self.result {
            PointResult::Skipped(why) => Some(why),
            PointResult::Failed(PointFailure { excused, .. }) => excused.as_deref(),
            PointResult::Passed(_) => None,
        }
    }
}

impl PointFailure {
    /// An expectation that is not met is a failure, all else an error.
    pub(super) fn is_expectation(&self) -> bool {
        self.code == 1
    }
}
