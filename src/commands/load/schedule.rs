//! When connections are due to open, and when messages are due to be sent: plain arithmetic, without a clock.

use std::time::Duration;

use crate::session::Rate;

/// When each connection is due, after the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpeningSchedule {
    pub(super) rate: Rate,
    pub(super) connections: u32,
}

/// When each message of a connection is due. A server that stalls does not move it: what was due meanwhile is late by then.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendSchedule {
    rate: Rate,
    /// From the opening of the connection to its first message.
    first: Duration,
    next: u64,
}

impl OpeningSchedule {
    pub(super) fn due(&self, client: u32) -> Duration {
        after(self.rate, u64::from(client))
    }

    /// When all are due to be open.
    pub(super) fn all_due(&self) -> Duration {
        self.due(self.connections.saturating_sub(1))
    }
}

impl SendSchedule {
    /// The first messages of clients are spread over the time between two, however fast their connections opened.
    pub(super) fn new(rate: Rate, client: u32) -> Self {
        // The golden ratio's multiples leave no gap that is much larger than the others.
        let share = u128::from(u64::from(client).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let first = (after(rate, 1).as_nanos() * share) >> u64::BITS;
        Self { rate, first: Duration::from_nanos(u64::try_from(first).unwrap_or(u64::MAX)), next: 0 }
    }

    /// When the next is due, after the connection was opened.
    pub(super) fn due(&self) -> Duration {
        self.first + after(self.rate, self.next)
    }

    pub(super) fn sent(&mut self) {
        self.next += 1;
    }

    /// How many that were not sent are due by then.
    pub(super) fn overdue(&self, time: Duration) -> u64 {
        let Some(time) = time.checked_sub(self.first) else { return 0 };
        let due = time.as_nanos() * u128::from(self.rate.messages.get()) / self.rate.per.as_nanos();
        u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1).saturating_sub(self.next)
    }
}

/// The time of so many at this rate. Not a multiple of a rounded interval, which would drift.
fn after(rate: Rate, count: u64) -> Duration {
    let nanos = rate.per.as_nanos() * u128::from(count) / u128::from(rate.messages.get());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn rate(messages: u32, per: u64) -> Rate {
        Rate { messages: NonZeroU32::new(messages).unwrap(), per: Duration::from_millis(per) }
    }

    #[test]
    fn connections_open_at_their_rate_from_the_start_on() {
        let schedule = OpeningSchedule { rate: rate(3, 1000), connections: 7 };
        assert_eq!([0, 1, 3, 6].map(|client| schedule.due(client).as_millis()), [0, 333, 1000, 2000]);
        assert_eq!(schedule.all_due(), Duration::from_secs(2));
    }

    #[test]
    fn messages_are_due_at_their_rate_without_drift() {
        let mut schedule = SendSchedule::new(rate(3, 1000), 0);
        assert_eq!(schedule.due(), Duration::ZERO);
        (0..3_000_000).for_each(|_| schedule.sent());
        assert_eq!(schedule.due(), Duration::from_secs(1_000_000));
        assert_eq!(schedule.overdue(Duration::from_secs(1_000_000)), 1);
        assert_eq!(schedule.overdue(Duration::from_secs(1_000_001)), 4);
        assert_eq!(schedule.overdue(Duration::from_secs(999_999)), 0);
    }

    #[test]
    fn first_messages_are_spread_evenly() {
        let mut firsts: Vec<_> = (0..100).map(|client| SendSchedule::new(rate(1, 1000), client).due()).collect();
        firsts.sort_unstable();
        let widest = firsts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest < Duration::from_millis(25) && firsts[99] > Duration::from_millis(970), "{widest:?}");
    }
}
