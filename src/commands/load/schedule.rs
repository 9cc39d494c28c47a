//! When connections are due to open, and when messages are due to be sent: plain arithmetic, without a clock.

use std::time::Duration;

use crate::session::Rate;
use crate::text::units::time;

/// When each connection is due, after the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpeningSchedule {
    /// So many, at this rate.
    Steady(Rate, u32),
    /// `--ramp`: up to so many within each time, one step after the other.
    Ramp(Vec<RampStep>),
}

/// `10s:500`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RampStep {
    pub(crate) time: Duration,
    /// How many connections there are at its end.
    pub(crate) connections: u32,
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
    /// Reads `10s:100,30s:1000`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn ramp_from_text(text: &str) -> Result<Self, String> {
        let wrong = || "expected steps of a time and a number of connections, like `10s:100,1m:1000`".to_owned();
        let step = |text: &str| {
            let (time_, connections) = text.split_once(':').ok_or_else(wrong)?;
            let connections = connections.trim().parse().map_err(|_| wrong())?;
            Ok(RampStep { time: time(time_.trim())?, connections })
        };
        let steps = text.split(',').map(step).collect::<Result<Vec<_>, String>>()?;
        if steps.is_sorted_by_key(|step| step.connections) && steps.last().is_some_and(|last| last.connections > 0) {
            Ok(Self::Ramp(steps))
        } else {
            Err("expected more connections with each step: none is closed before the end".to_owned())
        }
    }

    pub(crate) fn connections(&self) -> u32 {
        match self {
            Self::Steady(_, connections) => *connections,
            Self::Ramp(steps) => steps.last().map_or(0, |last| last.connections),
        }
    }

    pub(super) fn due(&self, client: u32) -> Duration {
        let steps = match self {
            Self::Steady(rate, _) => return after(*rate, u64::from(client)),
            Self::Ramp(steps) => steps,
        };
        let (mut begun, mut before) = (Duration::ZERO, 0);
        for step in steps {
            if client < step.connections {
                // The last of a step is due at its end.
                let (of_step, all) = (u64::from(client - before) + 1, u64::from(step.connections - before));
                return begun + share(step.time, of_step, all);
            }
            (begun, before) = (begun + step.time, step.connections);
        }
        begun
    }

    /// When all are due to be open.
    pub(super) fn all_due(&self) -> Duration {
        match self {
            Self::Steady(_, connections) => self.due(connections.saturating_sub(1)),
            Self::Ramp(steps) => steps.iter().map(|step| step.time).sum(),
        }
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
    share(rate.per, count, u64::from(rate.messages.get()))
}

fn share(time: Duration, part: u64, whole: u64) -> Duration {
    let nanos = time.as_nanos() * u128::from(part) / u128::from(whole);
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
        let schedule = OpeningSchedule::Steady(rate(3, 1000), 7);
        assert_eq!([0, 1, 3, 6].map(|client| schedule.due(client).as_millis()), [0, 333, 1000, 2000]);
        assert_eq!(schedule.all_due(), Duration::from_secs(2));
    }

    #[test]
    fn a_ramp_reaches_each_number_at_the_end_of_its_step() {
        let ramp = OpeningSchedule::ramp_from_text("1s:2, 10s:2,500ms:12").unwrap();
        assert_eq!([0, 1, 2, 6, 11].map(|client| ramp.due(client).as_millis()), [500, 1000, 11_050, 11_250, 11_500]);
        assert_eq!((ramp.connections(), ramp.all_due().as_millis()), (12, 11_500));
        for (text, why) in [
            ("", "like `10s:100"),
            ("5", "like `10s"),
            ("1s:x", "like `10s"),
            ("x:1", "a time"),
            ("1s:9,1s:8", "more"),
            ("1s:0", "more"),
        ] {
            let error = OpeningSchedule::ramp_from_text(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
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
