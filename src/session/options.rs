//! How a session is run, and how far a run has come.

use std::time::Duration;

use tokio::time::Instant;

use super::backlog::Backlog;
use super::decoding::DecodeSwitch;
use super::goal::Goal;
use super::keepalive::KeepaliveOptions;
use super::lifecycle::Ending;
use super::pace::{LingerPolicy, Rate};
use super::reply::Replies;
use crate::message::Close;

/// Messages on their way back with `--echo`; few, since each may be of any size.
pub(crate) const ECHOES: usize = 4;

/// Whether messages are sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    No,
    /// While more is read: a client sends at its own pace.
    Aside,
    /// Each before anything more is read: a server has sent all of them before it answers a Close.
    InOrder,
}

/// How to run a session.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) ending: Ending,
    pub(crate) echo: Echo,
    pub(crate) replies: Replies,
    pub(crate) rate: Option<Rate>,
    pub(crate) keepalive: KeepaliveOptions,
    /// Whoever has one looks into messages, now or later.
    pub(crate) decode: Option<DecodeSwitch>,
}

/// How far a run has come. It outlives a connection, so that the next one continues from there.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) goal: Goal,
    pub(crate) backlog: Backlog,
    /// When the input ended, if nothing has to be sent again after that.
    pub(crate) input_ended: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(ending: &Ending) -> Self {
        let goal = Goal::new(ending.count, ending.until.clone(), ending.expectations.clone())
            .also_binary(ending.looks_at_binary)
            .in_lockstep(ending.lockstep.clone());
        Self { goal, backlog: Backlog::new(ending.lockstep.is_some()), input_ended: None }
    }
}

impl Options {
    /// A server's session: it continues for as long as its client wants, and ends with 1001 if it has to.
    pub(crate) fn of_a_server(echo: Echo, close_timeout: Duration, keepalive: KeepaliveOptions) -> Self {
        let ending = Ending {
            linger: LingerPolicy::FOREVER,
            count: None,
            until: None,
            expectations: Vec::new(),
            looks_at_binary: false,
            close: Close::new(1001, ""),
            close_timeout,
            hears_the_rest: false,
            sends_the_rest: false,
            idle_timeout: None,
            lockstep: None,
            deadline: None,
        };
        Self { ending, echo, replies: Replies::default(), rate: None, keepalive, decode: None }
    }
}
