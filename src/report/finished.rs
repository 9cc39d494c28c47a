//! All tests of a run, when the last one has ended.

use std::time::Duration;

use serde_json::Value;

use super::point::TestPoint;

/// All that a report tells when the last test has ended.
pub(crate) struct FinishedTests {
    /// How many there were to be.
    pub(crate) total: usize,
    pub(crate) points: Vec<TestPoint>,
    pub(crate) took: Duration,
    /// The JSON of the command.
    pub(crate) json: Value,
}
