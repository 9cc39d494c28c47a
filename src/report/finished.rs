//! All tests of a run, when the last one has ended.

use std::time::Duration;

/// What a report tells besides each test when the last one has ended.
pub(crate) struct FinishedTests {
    /// How many there were to be.
    pub(crate) total: usize,
    pub(crate) took: Duration,
}
