//! What is counted, on each thread by itself, and added up once a second.

use std::collections::BTreeMap;

use super::deliveries::ReceiverTallies;
use super::histogram::TimeHistogram;
use crate::error::Error;
use crate::events::OpeningTimes;
use crate::render::steps;

/// Messages one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TrafficCount {
    pub(super) messages: u64,
    /// Of their payloads.
    pub(super) bytes: u64,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailureCount {
    pub(super) count: u64,
    /// What one of them said.
    pub(super) words: String,
    /// The exit status of a run with such an end.
    pub(super) exit_code: u8,
}

/// Failures by kind, as they are shown.
pub(super) type Failures = BTreeMap<String, FailureCount>;

/// What some connections have done, in some time.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadTallies {
    pub(super) opened: u64,
    /// Opened before, and gone by now.
    pub(super) gone: u64,
    /// Connections that did not open.
    pub(super) refused: Failures,
    /// Connections that ended before the run did, or badly.
    pub(super) broken: Failures,
    /// Connections that lived to the end of the run.
    pub(super) lasted: u64,
    pub(super) sent: TrafficCount,
    pub(super) received: TrafficCount,
    /// Deliveries or plays; with replies, each message awaits one.
    pub(super) awaited: u64,
    /// Messages without a reply, and messages that were due while the server took nothing.
    pub(super) unanswered: u64,
    pub(super) unsent: u64,
    /// From when a message was due to its reply.
    pub(super) latency: TimeHistogram,
    /// From when a message was due to when we sent it, where nothing but ourselves was in the way.
    pub(super) late: TimeHistogram,
    /// With `--fan-out`.
    pub(super) receivers: ReceiverTallies,
    /// The steps of opening, in their order.
    pub(super) steps: Vec<(&'static str, TimeHistogram)>,
}

impl TrafficCount {
    pub(super) fn count(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }

    fn merge(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

impl LoadTallies {
    pub(super) fn opened(&mut self, times: &OpeningTimes) {
        self.opened += 1;
        // The name was resolved once for all.
        for (name, time) in steps::named(times).filter(|(name, _)| *name != "name") {
            self.step(name).add(time);
        }
    }

    pub(super) fn not_opened(&mut self, error: &Error) {
        let kind = match error {
            Error::Refused(refusal) => refusal.response.status.to_string(),
            error => error.kind().name().to_owned(),
        };
        fail(&mut self.refused, kind, || error.chain(), error.exit_code());
    }

    /// The run was over before the connection was open.
    pub(super) fn unfinished(&mut self) {
        fail(&mut self.refused, "unfinished".to_owned(), || "still connecting at the end of the run".to_owned(), 7);
    }

    pub(super) fn broken(&mut self, kind: String, words: impl FnOnce() -> String, exit_code: u8) {
        fail(&mut self.broken, kind, words, exit_code);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.opened += other.opened;
        self.gone += other.gone;
        self.lasted += other.lasted;
        self.awaited += other.awaited;
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.sent.merge(other.sent);
        self.received.merge(other.received);
        self.latency.merge(&other.latency);
        self.late.merge(&other.late);
        self.receivers.merge(&other.receivers);
        other.steps.iter().for_each(|(name, times)| self.step(name).merge(times));
        merge_failures(&mut self.refused, &other.refused);
        merge_failures(&mut self.broken, &other.broken);
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> u64 {
        self.opened - self.gone
    }

    pub(super) fn step(&mut self, name: &'static str) -> &mut TimeHistogram {
        let at = self.steps.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.steps.push((name, TimeHistogram::default()));
            self.steps.len() - 1
        });
        &mut self.steps[at].1
    }
}

/// How many there are of all kinds.
pub(super) fn total(failures: &Failures) -> u64 {
    failures.values().map(|failure| failure.count).sum()
}

fn fail(failures: &mut Failures, kind: String, words: impl FnOnce() -> String, exit_code: u8) {
    failures.entry(kind).or_insert_with(|| FailureCount { count: 0, words: words(), exit_code }).count += 1;
}

fn merge_failures(failures: &mut Failures, other: &Failures) {
    for (kind, failure) in other {
        let known = failures.entry(kind.clone()).or_insert_with(|| FailureCount { count: 0, ..failure.clone() });
        known.count += failure.count;
    }
}
