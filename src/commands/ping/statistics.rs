//! What many times of one kind come to.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Times longer than this count as this in percentiles; the others are exact to one part in a thousand.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Times of one kind. Takes the same memory for any number of them.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    /// In nanoseconds.
    histogram: Histogram<u32>,
    shortest: Duration,
    longest: Duration,
    last: Option<Duration>,
    count: u64,
    /// In seconds: the sums of the times, of their squares, and of the steps from each to the next.
    sum: f64,
    squares: f64,
    steps: f64,
}

/// What they come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimesSummary {
    pub(crate) min: Duration,
    pub(crate) avg: Duration,
    pub(crate) max: Duration,
    /// The standard deviation, which ping(8) calls so.
    pub(crate) mdev: Duration,
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
    /// The mean difference between a time and the one before it.
    pub(crate) jitter: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let most = u64::try_from(LONGEST.as_nanos()).expect("an hour has not that many");
        Self {
            histogram: Histogram::new_with_max(most, 3).expect("the limits are sound"),
            shortest: Duration::MAX,
            longest: Duration::ZERO,
            last: None,
            count: 0,
            sum: 0.0,
            squares: 0.0,
            steps: 0.0,
        }
    }
}

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.shortest = self.shortest.min(time);
        self.longest = self.longest.max(time);
        if let Some(last) = self.last.replace(time) {
            self.steps += time.abs_diff(last).as_secs_f64();
        }
        self.count += 1;
        self.sum += time.as_secs_f64();
        self.squares += time.as_secs_f64().powi(2);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// None without a time.
    pub(crate) fn summary(&self) -> Option<TimesSummary> {
        if self.count == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^52 of them")]
        let count = self.count as f64;
        let mean = self.sum / count;
        let deviation = (self.squares / count - mean.powi(2)).max(0.0).sqrt();
        let steps = if self.count > 1 { self.steps / (count - 1.0) } else { 0.0 };
        let percentile = |percent| {
            let time = Duration::from_nanos(self.histogram.value_at_quantile(percent));
            time.clamp(self.shortest, self.longest)
        };
        Some(TimesSummary {
            min: self.shortest,
            avg: Duration::from_secs_f64(mean),
            max: self.longest,
            mdev: Duration::from_secs_f64(deviation),
            p50: percentile(0.5),
            p95: percentile(0.95),
            p99: percentile(0.99),
            jitter: Duration::from_secs_f64(steps),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Option<TimesSummary> {
        let mut all = Times::default();
        times.into_iter().for_each(|time| all.add(Duration::from_micros(time)));
        all.summary()
    }

    fn micros(time: Duration) -> u128 {
        (time.as_nanos() + 500) / 1000
    }

    #[test]
    fn nothing_comes_to_nothing_and_one_time_to_itself() {
        assert_eq!(of([]), None);
        let one = of([250]).unwrap();
        let each = [one.min, one.avg, one.max, one.p50, one.p95, one.p99].map(micros);
        assert_eq!(each, [250; 6]);
        assert_eq!((one.mdev, one.jitter), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn percentiles_are_those_of_the_times_to_one_part_in_a_thousand() {
        let all = of(1..=10_000).unwrap();
        for (got, expected) in [(all.p50, 5_000), (all.p95, 9_500), (all.p99, 9_900)] {
            assert!(micros(got).abs_diff(expected) <= expected / 1000 + 1, "{got:?}");
        }
        assert_eq!([all.min, all.max, all.jitter].map(micros), [1, 10_000, 1]);
    }

    #[test]
    fn deviation_and_jitter_are_those_that_are_worked_out_by_hand() {
        let all = of([100, 300, 100, 300]).unwrap();
        assert_eq!([all.avg, all.mdev, all.jitter].map(micros), [200, 100, 200]);
    }
}
