//! How much is printed on stderr, and how.

use super::Verbosity;

/// How to print messages to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diagnostics {
    pub(crate) verbosity: Verbosity,
    pub(crate) colour: bool,
}
