//! The time of day, which never decreases here, whatever is done to the machine's clock.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// Follows the clock of the machine, but not back.
#[derive(Debug)]
struct Clock {
    /// The same moment on both clocks.
    anchor: Option<(SystemTime, Instant)>,
}

impl Clock {
    /// The time, now that the two clocks say this.
    fn read(&mut self, wall: SystemTime, steady: Instant) -> SystemTime {
        let (begun, since) = *self.anchor.get_or_insert((wall, steady));
        let derived = begun + steady.saturating_duration_since(since);
        if wall > derived {
            // It was set forward, or the machine has slept, which the steady clock does not count.
            self.anchor = Some((wall, steady));
        }
        wall.max(derived)
    }
}

/// The time of what happens now.
pub(crate) fn now() -> SystemTime {
    static CLOCK: Mutex<Clock> = Mutex::new(Clock { anchor: None });
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    clock.read(SystemTime::now(), Instant::now())
}

/// Keeps the times of events in the order in which they are shown: a message is shown with the time of its arrival, which
/// may be earlier than that of an event shown before it.
#[derive(Debug, Default)]
pub(crate) struct TimeOrder(Cell<Option<SystemTime>>);

impl TimeOrder {
    /// The time to show for this one.
    pub(crate) fn next(&self, at: SystemTime) -> SystemTime {
        let at = self.0.get().map_or(at, |last| last.max(at));
        self.0.set(Some(at));
        at
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_clock_that_is_set_back_is_not_followed_and_one_that_is_set_forward_is() {
        let (wall, steady) = (SystemTime::now(), Instant::now());
        let mut clock = Clock { anchor: None };
        let mut read = |wall, seconds| clock.read(wall, steady + seconds * SECOND);
        assert_eq!(read(wall, 0), wall);
        assert_eq!(read(wall + SECOND, 1), wall + SECOND);
        assert_eq!(read(wall - 3600 * SECOND, 2), wall + 2 * SECOND);
        assert_eq!(read(wall + 60 * SECOND, 3), wall + 60 * SECOND);
        assert_eq!(read(wall + 4 * SECOND, 4), wall + 61 * SECOND);
    }

    #[test]
    fn what_is_told_later_is_not_told_as_earlier() {
        let (order, at) = (TimeOrder::default(), SystemTime::now());
        let told = [0, 2, 1, 3].map(|seconds| order.next(at + seconds * SECOND));
        assert_eq!(told, [0, 2, 2, 3].map(|seconds| at + seconds * SECOND));
    }
}
