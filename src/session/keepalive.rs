//! When to ping, when to send a heartbeat, and when to give up on a silent peer.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::message::Message;

/// How our own pings begin, so that their pongs can be told from those of a user's pings.
const MARK: &str = "keepalive ";

/// The options for a connection that is to stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeepaliveOptions {
    pub(crate) pings: Option<Pinging>,
    pub(crate) heartbeat: Option<Heartbeat>,
}

/// `--ping-interval`, `--ping-timeout`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pinging {
    /// Never zero.
    pub(crate) every: Duration,
    pub(crate) timeout: Duration,
}

/// `--heartbeat`, `--heartbeat-interval`: a message for servers that do not count pings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    pub(crate) message: Message,
    /// Never zero.
    pub(crate) every: Duration,
}

/// Decides when to ping and when to give a silent peer up.
///
/// Whatever comes from the peer counts as an answer: its pong may follow a message that takes a while.
#[derive(Debug)]
pub(super) struct Keepalive {
    pinging: Pinging,
    next: Instant,
    /// The bytes that had come from the peer when last looked at.
    read: u64,
    /// Since when a ping waits for an answer.
    asked: Option<Instant>,
    pings: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeepaliveAction {
    Wait(Instant),
    /// With this payload.
    Ping(Bytes),
    GiveUp,
}

impl Keepalive {
    pub(super) fn new(pinging: Pinging, now: Instant) -> Self {
        Self { pinging, next: now + pinging.every, read: 0, asked: None, pings: 0 }
    }

    /// What to do now that the peer has sent `read` bytes since the beginning.
    pub(super) fn beat(&mut self, read: u64, now: Instant) -> KeepaliveAction {
        if read != self.read {
            (self.read, self.asked) = (read, None);
        }
        let until = self.asked.map(|asked| asked + self.pinging.timeout);
        if until.is_some_and(|until| now >= until) {
            return KeepaliveAction::GiveUp;
        }
        if now < self.next {
            return KeepaliveAction::Wait(until.map_or(self.next, |until| until.min(self.next)));
        }
        self.next = now + self.pinging.every;
        self.asked.get_or_insert(now);
        self.pings += 1;
        KeepaliveAction::Ping(format!("{MARK}{}", self.pings).into())
    }

    /// When the ping that was sent last has to be answered.
    pub(super) fn limit(&self) -> Option<Instant> {
        self.asked.map(|asked| asked + self.pinging.timeout)
    }

    /// Nothing was read for a while, through no fault of the peer: the next ping asks again.
    pub(super) fn excuse(&mut self) {
        self.asked = None;
    }
}

/// Whether a ping or pong with this payload is one of these, and not of the user's.
pub(crate) fn is_keepalive(payload: &[u8]) -> bool {
    payload.starts_with(MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn keepalive() -> (Keepalive, Instant) {
        let now = Instant::now();
        (Keepalive::new(Pinging { every: 30 * SECOND, timeout: 10 * SECOND }, now), now)
    }

    fn ping(number: u64) -> KeepaliveAction {
        KeepaliveAction::Ping(format!("keepalive {number}").into())
    }

    #[test]
    fn a_peer_that_answers_is_pinged_at_each_interval() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.beat(0, start), KeepaliveAction::Wait(start + 30 * SECOND));
        assert_eq!(keepalive.beat(0, start + 30 * SECOND), ping(1));
        assert_eq!(keepalive.beat(0, start + 30 * SECOND), KeepaliveAction::Wait(start + 40 * SECOND));
        assert_eq!(keepalive.beat(2, start + 40 * SECOND), KeepaliveAction::Wait(start + 60 * SECOND));
        assert_eq!(keepalive.beat(2, start + 60 * SECOND), ping(2));
    }

    #[test]
    fn a_silent_peer_is_given_up() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.beat(0, start + 30 * SECOND), ping(1));
        assert_eq!(keepalive.limit(), Some(start + 40 * SECOND));
        assert_eq!(keepalive.beat(0, start + 40 * SECOND), KeepaliveAction::GiveUp);
    }

    #[test]
    fn more_pings_do_not_put_the_end_off() {
        let now = Instant::now();
        let mut keepalive = Keepalive::new(Pinging { every: SECOND, timeout: 3 * SECOND }, now);
        assert_eq!(keepalive.beat(0, now + SECOND), ping(1));
        assert_eq!(keepalive.beat(0, now + 2 * SECOND), ping(2));
        assert_eq!(keepalive.beat(0, now + 3 * SECOND), ping(3));
        assert_eq!(keepalive.beat(0, now + 4 * SECOND), KeepaliveAction::GiveUp);
    }

    #[test]
    fn while_nothing_is_read_the_peer_is_not_to_blame() {
        let (mut keepalive, start) = keepalive();
        assert_eq!(keepalive.beat(0, start + 30 * SECOND), ping(1));
        keepalive.excuse();
        assert_eq!(keepalive.beat(0, start + 50 * SECOND), KeepaliveAction::Wait(start + 60 * SECOND));
        assert_eq!(keepalive.beat(0, start + 60 * SECOND), ping(2));
    }
}
