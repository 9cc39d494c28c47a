//! How much is told on stderr, and how.

use super::Verbosity;

/// How to talk to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diagnostics {
    pub(crate) verbosity: Verbosity,
    pub(crate) colour: bool,
}
