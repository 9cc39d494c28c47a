//! What of a run is printed.

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadOutput {
    /// A line a second, and the summary.
    Lines,
    /// `--quiet`: only the summary.
    Summary,
    /// `--json`: a record a second, and one for the summary.
    Records,
}
