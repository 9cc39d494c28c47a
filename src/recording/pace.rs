//! When a recorded message is sent again.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// `--speed`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as it was; finite, and more than 0.
    Times(f64),
    /// Without any pause.
    Max,
}

impl Speed {
    /// How long a pause is now.
    pub(crate) fn pause(self, recorded: Duration) -> Duration {
        match self {
            Self::Times(times) => Duration::try_from_secs_f64(recorded.as_secs_f64() / times).unwrap_or(Duration::MAX),
            Self::Max => Duration::ZERO,
        }
    }
}

/// Keeps the time between what is sent: each message follows the one before it as it once did.
#[derive(Debug)]
pub(crate) struct Schedule {
    speed: Speed,
    /// When the last one was recorded, and when it was due.
    last: Option<(SystemTime, Instant)>,
}

impl Schedule {
    pub(crate) fn new(speed: Speed) -> Self {
        Self { speed, last: None }
    }

    /// When to do what was recorded `at`, and may be done from `now` on. What comes later than it should makes all that
    /// follows it later.
    pub(crate) fn due(&mut self, at: Option<SystemTime>, now: Instant) -> Instant {
        let Some(at) = at else { return now };
        let due = match self.last {
            // A clock that was set back is no reason to wait.
            Some((before, due)) => {
                let pause = self.speed.pause(at.duration_since(before).unwrap_or_default());
                // So far away that no clock knows it.
                due.checked_add(pause).unwrap_or(due + Duration::from_secs(u32::MAX.into())).max(now)
            }
            None => now,
        };
        self.last = Some((at, due));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + seconds * SECOND)
    }

    #[test]
    fn pauses_are_kept_or_scaled_or_left_out() {
        let now = Instant::now();
        for (speed, dues) in [(Speed::Times(1.0), [0, 4, 8]), (Speed::Times(2.0), [0, 2, 4]), (Speed::Max, [0, 0, 0])] {
            let mut schedule = Schedule::new(speed);
            let due = [100, 104, 108].map(|seconds| schedule.due(at(seconds), now));
            assert_eq!(due, dues.map(|seconds| now + seconds * SECOND), "{speed:?}");
        }
        assert_eq!(Speed::Times(0.5).pause(SECOND), 2 * SECOND);
    }

    #[test]
    fn what_was_held_up_makes_the_rest_later_and_nothing_is_hurried() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Speed::Times(1.0));
        schedule.due(at(0), now);
        assert_eq!(schedule.due(at(1), now + 5 * SECOND), now + 5 * SECOND);
        assert_eq!(schedule.due(at(2), now + 5 * SECOND), now + 6 * SECOND);
    }

    #[test]
    fn times_that_make_no_sense_do_no_harm() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Speed::Times(0.000_001));
        assert_eq!(schedule.due(None, now), now);
        assert_eq!(schedule.due(at(100), now), now);
        assert_eq!(schedule.due(at(50), now), now);
        assert!(schedule.due(Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)), now) > now);
    }
}
