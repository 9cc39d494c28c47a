//! What a run is to do.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::deliveries::SentLog;
use super::files::LoadFilePaths;
use super::measured::Measured;
use super::output::LoadOutput;
use super::replies::ReplyMatch;
use super::schedule::OpeningSchedule;
use super::script::{LoadScript, PlayedScript};
use super::texts::{ClientTexts, LoadMessage};
use super::threshold::Threshold;
use crate::client::connect;
use crate::client::options::ClientOptions;
use crate::dial::LocalAddress;
use crate::session::Rate;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct LoadOptions {
    pub(crate) plan: ClientOptions,
    pub(crate) openings: OpeningSchedule,
    /// What of the opening requests differs.
    pub(crate) texts: ClientTexts,
    /// `--interface`: connections take turns; none is the system's choice.
    pub(crate) interfaces: Vec<LocalAddress>,
    /// `--start-at`
    pub(crate) start_at: Option<SystemTime>,
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) files: LoadFilePaths,
    /// How long the run goes on once the last connection was due.
    pub(crate) duration: Duration,
    /// What decides when each connection sends or plays; none: they say nothing.
    pub(crate) model: Option<LoadModel>,
    pub(crate) traffic: Option<LoadTraffic>,
    /// `--script`, instead of messages.
    pub(crate) script: Option<LoadScript>,
    /// `--find-rate`: what has to hold.
    pub(crate) find_rate: Option<Threshold>,
    /// How long the last replies are waited for.
    pub(crate) wait: Duration,
    /// The server's owner agrees to many connections from here.
    pub(crate) is_authorized: bool,
    /// There is somebody who can be asked about that.
    pub(crate) may_ask: bool,
    pub(crate) output: LoadOutput,
    /// Whether stdout is a terminal on which lines can be written anew.
    pub(crate) draws: bool,
}

impl LoadOptions {
    pub(super) fn is_fan_out(&self) -> bool {
        self.traffic.as_ref().is_some_and(|traffic| traffic.is_fan_out)
    }

    pub(super) fn measured(&self) -> Measured {
        match self {
            _ if self.script.is_some() => Measured::Plays,
            _ if self.is_fan_out() => Measured::Deliveries,
            _ => Measured::Replies,
        }
    }
}

/// What each connection says.
#[derive(Clone, Debug)]
pub(crate) struct LoadTraffic {
    pub(crate) message: LoadMessage,
    pub(crate) matching: ReplyMatch,
    /// `--fan-out`: the first connection alone says it, and all are to hear it.
    pub(crate) is_fan_out: bool,
}

/// What decides when the next message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadModel {
    /// The clock: a server that stalls does not slow it down.
    Open(Rate),
    /// The reply to the one before.
    Closed,
}

/// What each thread has to know.
#[derive(Debug)]
pub(super) struct WorkerPlan {
    /// One for each interface, in turns.
    pub(super) connects: Vec<connect::Options>,
    pub(super) texts: ClientTexts,
    pub(super) model: Option<LoadModel>,
    pub(super) traffic: Option<LoadTraffic>,
    pub(super) script: Option<Arc<PlayedScript>>,
    /// With `--fan-out`.
    pub(super) sent: Option<SentLog>,
    pub(super) openings: OpeningSchedule,
    pub(super) start: Instant,
    pub(super) wait: Duration,
    /// How many threads there are.
    pub(super) workers: u32,
}
