//! What a line of its own says.

use std::time::Duration;

use crate::script::syntax::{Action, HttpAnswer, Pattern};

/// What a line of its own says that is not an option.
pub(super) enum SpecialLine {
    Step(Option<String>, Action),
    Options,
    On(HttpAnswer),
    Repeat(u32),
    Loop,
    Parallel,
    AnyOrder(Option<String>, Option<Duration>),
    Reply(Option<String>, Pattern, Option<String>),
    When(Option<String>, Pattern, Option<String>),
    Branch,
    End,
}
