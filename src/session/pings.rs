//! Round trips: which pong answers which ping, and how long that took.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// More pings than this are not waited for: their peer does not answer.
const WAITING: usize = 1024;

/// The pings that wait for their pongs.
#[derive(Debug, Default)]
pub(super) struct Pings {
    waiting: VecDeque<(Bytes, Instant)>,
}

impl Pings {
    pub(super) fn sent(&mut self, data: Bytes, now: Instant) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((data, now));
    }

    /// The last ping was on its way only then; not if its pong is there already.
    pub(super) fn left(&mut self, data: &Bytes, at: Instant) {
        if let Some((_, sent)) = self.waiting.back_mut().filter(|(last, _)| last == data) {
            *sent = at.max(*sent);
        }
    }

    /// The time since the ping that this pong answers; none for a unsolicited pong.
    ///
    /// A peer may answer only the latest of several pings (RFC 6455, section 5.5.3), so those before it are done too.
    pub(super) fn answered(&mut self, data: &Bytes, now: Instant) -> Option<Duration> {
        let at = self.waiting.iter().position(|(sent, _)| sent == data)?;
        let (_, sent) = self.waiting.drain(..=at).next_back()?;
        Some(now.saturating_duration_since(sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pong_answers_its_ping_and_those_before_it() {
        let mut pings = Pings::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        pings.sent("a".into(), start);
        pings.sent("b".into(), at(1));
        pings.sent("c".into(), at(2));
        assert_eq!(pings.answered(&"x".into(), at(3)), None);
        assert_eq!(pings.answered(&"b".into(), at(5)), Some(Duration::from_millis(4)));
        assert_eq!(pings.answered(&"a".into(), at(6)), None);
        assert_eq!(pings.answered(&"c".into(), at(7)), Some(Duration::from_millis(5)));
    }

    #[test]
    fn the_time_of_a_ping_begins_when_it_leaves() {
        let mut pings = Pings::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        pings.sent("a".into(), start);
        pings.left(&"a".into(), at(2));
        assert_eq!(pings.answered(&"a".into(), at(5)), Some(Duration::from_millis(3)));
        pings.left(&"a".into(), at(6));
        pings.sent("b".into(), at(7));
        // A write that began before it was another's.
        pings.left(&"b".into(), at(1));
        assert_eq!(pings.answered(&"b".into(), at(8)), Some(Duration::from_millis(1)));
    }

    #[test]
    fn a_peer_that_never_answers_costs_no_memory() {
        let mut pings = Pings::default();
        for _ in 0..2 * WAITING {
            pings.sent(Bytes::new(), Instant::now());
        }
        assert_eq!(pings.waiting.len(), WAITING);
    }
}
