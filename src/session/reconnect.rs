//! Whether to connect again, and after how long: exponential backoff with full jitter.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Wait;
use crate::events::End;

/// A connection that was open for this long, or for the longest delay if that is shorter, has lived.
const LIVED: Duration = Duration::from_secs(5);

/// How a Close without a code is called (RFC 6455, section 7.4.1).
const NO_CODE: u16 = 1005;

/// `--reconnect`, `--reconnect-delay`, `--reconnect-on`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReconnectPolicy {
    pub(crate) attempts: Attempts,
    pub(crate) delay: Delay,
    pub(crate) on: ReconnectOn,
}

/// After which ends to connect again, besides those that are temporary by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReconnectOn {
    #[default]
    Temporary,
    /// After a Close of the peer with one of these codes; 1005 stands for none (RFC 6455, section 7.4.1).
    Codes(Vec<u16>),
    /// After each end that was not ours.
    Any,
}

/// How often to try in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempts {
    Unlimited,
    UpTo(NonZeroU32),
}

/// The limits of the delay: of the first, and of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

/// What is to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) after: Duration,
    /// From 1 on.
    number: u32,
    of: Attempts,
}

/// Counts attempts, and spreads them over time.
#[derive(Debug)]
pub(crate) struct Backoff {
    persistence: ReconnectPolicy,
    tried: u32,
}

impl Backoff {
    pub(crate) fn new(persistence: ReconnectPolicy) -> Self {
        Self { persistence, tried: 0 }
    }

    /// A connection ended after this time; one that lived makes all as it was at first.
    pub(crate) fn was_open(&mut self, time: Duration) {
        if time >= LIVED.min(self.persistence.delay.longest) {
            self.tried = 0;
        }
    }

    /// Whether a session that ended so is worth another connection.
    pub(crate) fn follows(&self, end: &End) -> bool {
        end.may_pass()
            || match (&self.persistence.on, end) {
                (ReconnectOn::Temporary, _) => false,
                (ReconnectOn::Codes(codes), End::Closed { sent: None, close }) => {
                    codes.contains(&close.code.unwrap_or(NO_CODE))
                }
                (ReconnectOn::Codes(_), _) => false,
                (ReconnectOn::Any, end) => matches!(end, End::Closed { sent: None, .. } | End::Broken(_)),
            }
    }

    /// The next attempt; none when there were enough of them.
    ///
    /// `chance` is from 0 to 1. It has the whole range (full jitter): the clients of a restarted server must
    /// not reconnect all at the same time.
    pub(crate) fn next(&mut self, chance: f64) -> Option<Attempt> {
        let ReconnectPolicy { attempts, delay, .. } = self.persistence;
        if matches!(attempts, Attempts::UpTo(most) if self.tried >= most.get()) {
            return None;
        }
        let factor = 2_u32.checked_pow(self.tried).unwrap_or(u32::MAX);
        self.tried = self.tried.saturating_add(1);
        let longest = delay.first.saturating_mul(factor).min(delay.longest);
        Some(Attempt { after: longest.mul_f64(chance.clamp(0.0, 1.0)), number: self.tried, of: attempts })
    }
}

impl Attempt {
    /// Waits for as long as the server has asked for (`Retry-After`), if that is longer.
    pub(crate) fn no_sooner(self, than: Option<Duration>) -> Self {
        Self { after: self.after.max(than.unwrap_or_default()), ..self }
    }
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.after.as_secs_f64() {
            0.0..0.05 => f.write_str("reconnecting now")?,
            seconds @ ..9.95 => write!(f, "reconnecting in {seconds:.1}s")?,
            seconds => write!(f, "reconnecting in {seconds:.0}s")?,
        }
        match self.of {
            Attempts::Unlimited => Ok(()),
            Attempts::UpTo(most) => write!(f, " (attempt {} of {most})", self.number),
        }
    }
}

/// How to handle a server that is not up.
#[derive(Clone, Debug)]
pub(crate) struct RetryPolicy {
    /// `--wait-for-server`: before the first connection.
    pub(crate) wait_for_server: Option<Wait>,
    /// `--reconnect`: after it.
    pub(crate) reconnect: Option<ReconnectPolicy>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Close;

    const SECOND: Duration = Duration::from_secs(1);

    fn backoff(attempts: Option<u32>) -> Backoff {
        let delay = Delay { first: SECOND / 2, longest: 30 * SECOND };
        let attempts = attempts.and_then(NonZeroU32::new).map_or(Attempts::Unlimited, Attempts::UpTo);
        Backoff::new(ReconnectPolicy { attempts, delay, on: ReconnectOn::Temporary })
    }

    fn next(backoff: &mut Backoff, chance: f64) -> Option<Duration> {
        backoff.next(chance).map(|attempt| attempt.after)
    }

    #[test]
    fn the_delay_doubles_up_to_the_longest() {
        let mut backoff = backoff(None);
        let delays: Vec<_> = (0..9).map(|_| next(&mut backoff, 1.0).unwrap().as_millis()).collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!((0..100).map(|_| next(&mut backoff, 1.0).unwrap()).max(), Some(30 * SECOND));
    }

    #[test]
    fn jitter_has_the_whole_range() {
        for (chance, millis) in [(0.0, 0), (0.25, 125), (0.5, 250), (1.0, 500)] {
            assert_eq!(next(&mut backoff(None), chance), Some(Duration::from_millis(millis)));
        }
    }

    #[test]
    fn attempts_in_a_row_are_limited() {
        let mut backoff = backoff(Some(2));
        assert!(backoff.next(0.0).is_some() && backoff.next(0.0).is_some());
        assert_eq!(next(&mut backoff, 0.0), None);
    }

    #[test]
    fn what_is_not_temporary_by_itself_can_be_asked_for() {
        let follows = |on, code: Option<u16>| {
            let delay = Delay { first: SECOND, longest: SECOND };
            let backoff = Backoff::new(ReconnectPolicy { attempts: Attempts::Unlimited, delay, on });
            backoff.follows(&End::Closed { sent: None, close: Close { code, reason: String::new() } })
        };
        assert!(follows(ReconnectOn::Temporary, Some(1001)) && !follows(ReconnectOn::Temporary, Some(1000)));
        let codes = || ReconnectOn::Codes(vec![1000, 4000]);
        assert!(follows(codes(), Some(4000)) && follows(codes(), Some(1001)) && !follows(codes(), Some(4001)));
        assert!(!follows(codes(), None) && follows(ReconnectOn::Codes(vec![1005]), None));
        assert!(follows(ReconnectOn::Any, Some(1000)) && follows(ReconnectOn::Any, None));
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it() {
        let attempt = |asked| backoff(None).next(1.0).unwrap().no_sooner(asked).after;
        assert_eq!((attempt(None), attempt(Some(3 * SECOND))), (SECOND / 2, 3 * SECOND));
        assert_eq!(attempt(Some(Duration::ZERO)), SECOND / 2);
    }

    #[test]
    fn the_user_is_told_when_and_which() {
        assert_eq!(backoff(None).next(0.0).unwrap().to_string(), "reconnecting now");
        assert_eq!(backoff(Some(5)).next(0.8).unwrap().to_string(), "reconnecting in 0.4s (attempt 1 of 5)");
        let mut backoff = backoff(None);
        (0..9).for_each(|_| assert!(backoff.next(1.0).is_some()));
        assert_eq!(backoff.next(0.999).unwrap().to_string(), "reconnecting in 30s");
    }

    #[test]
    fn only_a_connection_that_lived_starts_it_over() {
        let mut backoff = backoff(None);
        backoff.next(1.0);
        backoff.was_open(SECOND);
        assert_eq!(next(&mut backoff, 1.0), Some(SECOND));
        backoff.was_open(LIVED);
        assert_eq!(next(&mut backoff, 1.0), Some(SECOND / 2));
    }

    #[test]
    fn with_short_delays_a_short_life_is_one() {
        let delay = Delay { first: SECOND / 100, longest: SECOND / 10 };
        let mut backoff = Backoff::new(ReconnectPolicy {
            attempts: Attempts::UpTo(NonZeroU32::MIN),
            delay,
            on: ReconnectOn::Temporary,
        });
        backoff.next(1.0);
        backoff.was_open(SECOND / 10);
        assert_eq!(next(&mut backoff, 1.0), Some(SECOND / 100));
    }
}
