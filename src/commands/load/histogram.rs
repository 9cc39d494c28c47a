//! Times of one kind, however many.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer times count as this.
pub(super) const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Digits that a time keeps: it is exact to one part in a thousand.
pub(super) const DIGITS: u8 = 3;

/// Times of one kind, in nanoseconds. It grows with the longest of them, not with their number.
#[derive(Clone, Debug)]
pub(super) struct TimeHistogram(Histogram<u64>);

/// What they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percentiles {
    pub(super) p50: Duration,
    pub(super) p90: Duration,
    pub(super) p99: Duration,
    pub(super) p999: Duration,
    pub(super) max: Duration,
}

impl Default for TimeHistogram {
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("it is a number of digits that there is"))
    }
}

impl TimeHistogram {
    pub(super) fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.min(LONGEST).as_nanos()).expect("an hour has not that many");
        self.0.record(nanos).expect("it grows as far as an hour");
    }

    /// Adds a time so many times.
    pub(super) fn add_many(&mut self, nanos: u64, count: u64) {
        let longest = u64::try_from(LONGEST.as_nanos()).expect("an hour has not that many");
        self.0.record_n(nanos.min(longest), count).expect("it grows as far as an hour");
    }

    /// Each time that there is, in nanoseconds, and how often.
    pub(super) fn recorded(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter_recorded().map(|at| (at.value_iterated_to(), at.count_at_value()))
    }

    /// Adds all of another one: as exact as if each had been added here.
    pub(super) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("it grows as far as an hour");
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share of them does not exceed.
    pub(super) fn at(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile).min(self.0.max()))
    }

    /// None without a time.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        (self.count() > 0).then(|| Percentiles {
            p50: self.at(0.5),
            p90: self.at(0.9),
            p99: self.at(0.99),
            p999: self.at(0.999),
            max: self.at(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> TimeHistogram {
        let mut all = TimeHistogram::default();
        micros.into_iter().for_each(|time| all.add(Duration::from_micros(time)));
        all
    }

    #[test]
    fn nothing_comes_to_nothing_and_the_rest_is_exact_to_a_thousandth() {
        assert_eq!(of([]).percentiles(), None);
        let all = of(1..=10_000).percentiles().unwrap();
        let expected = [(all.p50, 5_000), (all.p90, 9_000), (all.p99, 9_900), (all.p999, 9_990), (all.max, 10_000)];
        for (got, expected) in expected {
            assert!(got.as_micros().abs_diff(expected) <= expected / 1000 + 1, "{got:?} {expected}");
        }
    }

    #[test]
    fn parts_that_are_merged_are_the_same_as_the_whole() {
        let mut merged = of(1..=500);
        merged.merge(&of(501..=900_000));
        assert_eq!(merged.percentiles(), of(1..=900_000).percentiles());
        assert_eq!(merged.count(), 900_000);
    }

    #[test]
    fn a_time_beyond_all_sense_is_an_hour() {
        let mut all = TimeHistogram::default();
        all.add(Duration::MAX);
        assert!(all.at(0.5).as_secs().abs_diff(3600) <= 4);
    }
}
