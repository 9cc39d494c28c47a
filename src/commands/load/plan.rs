//! What a run is to do.

use std::time::{Duration, Instant};

use super::replies::ReplyMatch;
use super::schedule::OpeningSchedule;
use crate::client::connect;
use crate::client::options::ClientOptions;
use crate::message::Message;
use crate::session::Rate;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct LoadOptions {
    pub(crate) plan: ClientOptions,
    pub(crate) connections: u32,
    /// How many connections are opened in some time.
    pub(crate) connect_rate: Rate,
    /// How long the run goes on once the last connection was due.
    pub(crate) duration: Duration,
    /// None: the connections say nothing.
    pub(crate) traffic: Option<LoadTraffic>,
    /// How long the last replies are waited for.
    pub(crate) wait: Duration,
    /// The server's owner agrees to many connections from here.
    pub(crate) is_authorized: bool,
    pub(crate) output: LoadOutput,
    /// Whether stdout is a terminal on which lines can be written anew.
    pub(crate) draws: bool,
}

/// What each connection says.
#[derive(Clone, Debug)]
pub(crate) struct LoadTraffic {
    pub(crate) message: Message,
    pub(crate) model: LoadModel,
    pub(crate) matching: ReplyMatch,
}

/// What decides when the next message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadModel {
    /// The clock: a server that stalls does not slow it down.
    Open(Rate),
    /// The reply to the one before.
    Closed,
}

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

/// What each thread has to know.
#[derive(Debug)]
pub(super) struct WorkerPlan {
    pub(super) connect: connect::Options,
    pub(super) traffic: Option<LoadTraffic>,
    pub(super) openings: OpeningSchedule,
    pub(super) start: Instant,
    pub(super) wait: Duration,
    /// How many threads there are.
    pub(super) workers: u32,
}
