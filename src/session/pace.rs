//! How fast input goes out, and how long answers are waited for after it: `--rate`, `--wait` and `--wait-idle`.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// A time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    For(Duration),
    Forever,
}

/// How long to go on receiving after the input has ended: up to the limit that is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LingerPolicy {
    /// `--wait-idle`: until nothing of a message has come for this long.
    pub(crate) idle: Wait,
    /// `--wait`: this long in all.
    pub(crate) whole: Wait,
}

/// Why receiving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LingerEnd {
    /// Nothing has come for this long.
    Idle(Duration),
    Whole,
}

impl LingerPolicy {
    /// Until the peer closes.
    pub(crate) const FOREVER: Self = Self { idle: Wait::Forever, whole: Wait::Forever };

    /// When receiving ends, and why: the input ended at `since`, and the last that came did so at `heard`, or silence
    /// does not count just now.
    pub(super) fn end(&self, since: Instant, heard: Option<Instant>) -> Option<(Instant, LingerEnd)> {
        let whole = self.whole.after(since).map(|at| (at, LingerEnd::Whole));
        let idle = match self.idle {
            Wait::For(time) => {
                heard.and_then(|heard| Some((heard.max(since).checked_add(time)?, LingerEnd::Idle(time))))
            }
            Wait::Forever => None,
        };
        whole.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }
}

impl Wait {
    fn after(self, start: Instant) -> Option<Instant> {
        match self {
            Self::For(time) => start.checked_add(time),
            Self::Forever => None,
        }
    }
}

/// At most this many messages in this much time, which is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) messages: NonZeroU32,
    pub(crate) per: Duration,
}

/// Spreads messages evenly over time.
#[derive(Debug)]
pub(crate) struct SendPace {
    every: Duration,
    next: Option<Instant>,
}

impl SendPace {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { every: rate.per / rate.messages.get(), next: None }
    }

    /// The time at which the next message may be sent, and counts it as sent then.
    ///
    /// Delays are not caught up: a pause is never followed by a burst.
    pub(crate) fn next(&mut self, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.every);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiving_ends_with_the_silence_or_the_whole_time_whichever_is_first() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let policy = |idle: u32, whole| LingerPolicy { idle: Wait::For(second * idle), whole };
        let idle = policy(1, Wait::Forever);
        assert_eq!(idle.end(start, Some(start)), Some((start + second, LingerEnd::Idle(second))));
        let heard = start + 5 * second;
        assert_eq!(idle.end(start, Some(heard)), Some((heard + second, LingerEnd::Idle(second))));
        assert_eq!(idle.end(start, None), None);
        let both = policy(1, Wait::For(3 * second));
        assert_eq!(both.end(start, Some(start)), Some((start + second, LingerEnd::Idle(second))));
        assert_eq!(both.end(start, Some(heard)), Some((start + 3 * second, LingerEnd::Whole)));
        assert_eq!(both.end(start, None), Some((start + 3 * second, LingerEnd::Whole)));
        assert_eq!(LingerPolicy::FOREVER.end(start, Some(heard)), None);
    }

    #[test]
    fn messages_are_spread_evenly_and_a_pause_is_not_caught_up_with() {
        let mut pace = SendPace::new(Rate { messages: NonZeroU32::new(10).unwrap(), per: Duration::from_secs(1) });
        let start = Instant::now();
        let ms = Duration::from_millis;
        assert_eq!(pace.next(start), start);
        assert_eq!(pace.next(start + ms(1)), start + ms(100));
        assert_eq!(pace.next(start + ms(101)), start + ms(200));
        assert_eq!(pace.next(start + ms(5000)), start + ms(5000));
        assert_eq!(pace.next(start + ms(5000)), start + ms(5100));
    }
}
