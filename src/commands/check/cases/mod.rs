//! The tables of cases, a file for each group.

mod close;
mod control;
mod frame;
mod handshake;

use super::case::CheckCase;

/// All cases, in the order in which they are run.
pub(super) fn all() -> impl Iterator<Item = &'static CheckCase> {
    [handshake::CASES, frame::CASES, control::CASES, close::CASES].into_iter().flatten()
}
