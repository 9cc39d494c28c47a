//! What a run is judged by: `p99<50ms`, `errors<0.1%`, `rate>=1000/s`.

use std::time::Duration;

use super::tallies::{LoadTallies, total};
use crate::render::object::ms;
use crate::text::units::{counted, time};

/// A limit for a figure of the summary.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    figure: ThresholdFigure,
    wants_less: bool,
    or_equal: bool,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum ThresholdFigure {
    /// The latency that this share does not exceed, in seconds.
    Latency(f64),
    /// The share of connections and messages that failed.
    Errors,
    /// Messages received in a second.
    Rate,
}

/// A figure, in words too, and whether it is within its limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ThresholdVerdict {
    pub(super) text: String,
    pub(super) is_met: bool,
    pub(super) found: String,
}

impl Threshold {
    /// # Errors
    /// What would be right.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || "expected a limit like `p99<50ms`, `max<=1s`, `errors<0.1%` or `rate>1000`".to_owned();
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at(at);
        let wants_less = rest.starts_with('<');
        let or_equal = rest[1..].starts_with('=');
        let value = rest[1 + usize::from(or_equal)..].trim();
        let figure = match name.trim() {
            "errors" => ThresholdFigure::Errors,
            "rate" => ThresholdFigure::Rate,
            "max" => ThresholdFigure::Latency(1.0),
            name => {
                let percent = name.strip_prefix('p').and_then(|percent| percent.parse::<f64>().ok());
                let percent = percent.filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(wrong)?;
                ThresholdFigure::Latency(percent / 100.0)
            }
        };
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let limit = match figure {
            ThresholdFigure::Latency(_) => Some(time(value)?.as_secs_f64()),
            ThresholdFigure::Errors => value.strip_suffix('%').and_then(number).map(|percent| percent / 100.0),
            ThresholdFigure::Rate => number(value.strip_suffix("/s").unwrap_or(value)),
        };
        Ok(Self { text: text.to_owned(), figure, wants_less, or_equal, limit: limit.ok_or_else(wrong)? })
    }

    /// Whether it looks at replies, which there have to be then.
    pub(crate) fn is_of_latency(&self) -> bool {
        matches!(self.figure, ThresholdFigure::Latency(_))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is a limit from above.
    pub(crate) fn wants_less(&self) -> bool {
        self.wants_less
    }

    /// Whether it is of how much comes, which a search for a rate cannot be for.
    pub(crate) fn is_of_rate(&self) -> bool {
        matches!(self.figure, ThresholdFigure::Rate)
    }

    /// Whether a rate holds it: with each connection there to the end, and where what has no reply is the latest of all.
    pub(super) fn judge_rate(&self, tallies: &LoadTallies, took: Duration) -> ThresholdVerdict {
        let ThresholdFigure::Latency(quantile) = self.figure else { return self.judge(tallies, took) };
        let (lost, missing) = (total(&tallies.refused) + total(&tallies.broken), tallies.unanswered + tallies.unsent);
        let missed = |found: String| ThresholdVerdict { text: self.text.clone(), is_met: false, found };
        if lost > 0 {
            return missed(format!("{} refused or broken", counted(lost, "connection")));
        }
        let rank = quantile * ratio(tallies.latency.count() + missing, 1.0);
        let share = rank / ratio(tallies.latency.count(), 1.0);
        if share > 1.0 {
            return missed(format!("{} unsent or without a reply", counted(missing, "message")));
        }
        Self { figure: ThresholdFigure::Latency(share), ..self.clone() }.judge(tallies, took)
    }

    pub(super) fn judge(&self, tallies: &LoadTallies, took: Duration) -> ThresholdVerdict {
        let (value, found) = match self.figure {
            ThresholdFigure::Latency(_) if tallies.latency.count() == 0 => (None, "there were no replies".to_owned()),
            ThresholdFigure::Latency(quantile) => {
                let time = tallies.latency.at(quantile);
                (Some(time.as_secs_f64()), format!("{} ms", ms(time)))
            }
            ThresholdFigure::Errors => {
                let share = errors(tallies);
                (Some(share), format!("{:.3} %", share * 100.0))
            }
            ThresholdFigure::Rate => {
                let rate = ratio(tallies.received.messages, took.as_secs_f64());
                (Some(rate), format!("{rate:.1}/s"))
            }
        };
        let is_met = value.is_some_and(|value| self.is_met_by(value));
        ThresholdVerdict { text: self.text.clone(), is_met, found }
    }

    #[expect(clippy::float_cmp, reason = "`<=` is what was asked for")]
    fn is_met_by(&self, value: f64) -> bool {
        let is_beyond = if self.wants_less { value < self.limit } else { value > self.limit };
        is_beyond || self.or_equal && value == self.limit
    }
}

/// Of all connections that were tried and all messages that were due, those that failed.
fn errors(tallies: &LoadTallies) -> f64 {
    let failed = total(&tallies.refused) + total(&tallies.broken) + tallies.unanswered + tallies.unsent;
    let awaited = if tallies.awaited > 0 { tallies.awaited } else { tallies.sent.messages };
    let all = tallies.opened + total(&tallies.refused) + awaited + tallies.unsent;
    #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 of them")]
    ratio(failed, all as f64)
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 of them")]
fn ratio(part: u64, whole: f64) -> f64 {
    if whole > 0.0 { part as f64 / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(text: &str, tallies: &LoadTallies) -> bool {
        Threshold::from_text(text).unwrap().judge(tallies, Duration::from_secs(2)).is_met
    }

    #[test]
    fn figures_are_held_against_their_limits() {
        let mut tallies = LoadTallies { opened: 10, unanswered: 1, ..LoadTallies::default() };
        assert!(!is_met("p99<1h", &tallies), "there is nothing that could be below it");
        (1..=100).for_each(|millis| tallies.latency.add(Duration::from_millis(millis)));
        tallies.sent.messages = 90;
        tallies.received.messages = 90;
        for met in
            ["p50<51ms", "p99.9<=101ms", "max>90ms", "errors<=1%", "errors<1.1%", "rate>44", "rate>=45/s", "p90 < 1s"]
        {
            assert!(is_met(met, &tallies), "{met}");
        }
        for missed in ["p50<50ms", "max<100ms", "errors<1%", "rate>45", "rate<45"] {
            assert!(!is_met(missed, &tallies), "{missed}");
        }
    }

    #[test]
    fn what_has_no_reply_is_later_than_any_limit_of_a_rate() {
        let limit = Threshold::from_text("p90<80ms").unwrap();
        let holds = |tallies: &LoadTallies| limit.judge_rate(tallies, Duration::from_secs(1)).is_met;
        let mut tallies = LoadTallies::default();
        assert!(!holds(&tallies), "there was no reply");
        (1..=80).for_each(|millis| tallies.latency.add(Duration::from_millis(millis)));
        assert!(holds(&tallies));
        tallies.unanswered = 7;
        assert!(holds(&tallies), "the 79th of 87 took 79 ms");
        tallies.unanswered = 10;
        assert!(!holds(&tallies), "the 81st of 90 did not come");
        tallies.unanswered = 0;
        tallies.broken("cut".to_owned(), String::new, 5);
        assert!(!holds(&tallies));
    }

    #[test]
    fn a_limit_that_makes_no_sense_is_refused() {
        for text in ["", "p99", "p99=1s", "p99<", "p101<1s", "px<1s", "errors<1", "errors<x%", "rate>1s", "other<1"] {
            assert!(Threshold::from_text(text).is_err(), "{text}");
        }
    }
}
