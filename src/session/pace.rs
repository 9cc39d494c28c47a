//! How fast input goes out, and how long answers are waited for after it: `--rate` and `--wait`.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// How long to go on receiving after the input has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    For(Duration),
    Forever,
}

/// At most so many messages in so much time, which is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) messages: NonZeroU32,
    pub(crate) per: Duration,
}

/// Spreads messages evenly over time.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    next: Option<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self { every: rate.per / rate.messages.get(), next: None }
    }

    /// The time at which the next message may be sent, and counts it as sent then.
    ///
    /// What was late is not caught up with: a pause is never followed by a burst.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.every);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_spread_evenly_and_a_pause_is_not_caught_up_with() {
        let mut pace = Pace::new(Rate { messages: NonZeroU32::new(10).unwrap(), per: Duration::from_secs(1) });
        let start = Instant::now();
        let ms = Duration::from_millis;
        assert_eq!(pace.next(start), start);
        assert_eq!(pace.next(start + ms(1)), start + ms(100));
        assert_eq!(pace.next(start + ms(101)), start + ms(200));
        assert_eq!(pace.next(start + ms(5000)), start + ms(5000));
        assert_eq!(pace.next(start + ms(5000)), start + ms(5100));
    }
}
