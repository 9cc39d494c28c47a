//! `--find-rate`: which rate is tried next. Plain arithmetic: the runs are the business of `find_rate`.

/// The search doubles the rate, and halves it, this often at most.
const DOUBLINGS: u32 = 16;
const HALVINGS: u32 = 8;

/// A rate that holds is near enough to one that does not.
const NEAR: f64 = 1.05;

/// The search for the highest rate that holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateSearch {
    next: f64,
    /// The highest that has held, and the lowest that has not.
    held: Option<f64>,
    failed: Option<f64>,
    tried: u32,
}

impl RateSearch {
    pub(super) fn new(first: f64) -> Self {
        Self { next: first, held: None, failed: None, tried: 0 }
    }

    /// The rate to try; none at the end.
    pub(super) fn next(&self) -> Option<f64> {
        match (self.held, self.failed) {
            (Some(held), Some(failed)) => (failed > held * NEAR).then_some(self.next),
            (Some(_), None) => (self.tried <= DOUBLINGS).then_some(self.next),
            (None, Some(_)) => (self.tried <= HALVINGS).then_some(self.next),
            (None, None) => Some(self.next),
        }
    }

    /// How the rate that was to be tried has done.
    pub(super) fn judge(&mut self, held: bool) {
        self.tried += 1;
        if held {
            self.held = Some(self.next)
        } else {
            self.failed = Some(self.next)
        }
        self.next = match (self.held, self.failed) {
            // In the middle of the two, as a ratio.
            (Some(held), Some(failed)) => (held * failed).sqrt(),
            (_, None) => self.next * 2.0,
            (None, _) => self.next / 2.0,
        };
    }

    /// Nothing above the rate that holds was tried.
    pub(super) fn is_open(&self) -> bool {
        self.failed.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found where all up to a rate hold, and how many steps that takes.
    fn found(first: f64, highest: f64) -> (Option<f64>, u32) {
        let mut search = RateSearch::new(first);
        while let Some(rate) = search.next() {
            search.judge(rate <= highest);
        }
        (search.held, search.tried)
    }

    #[test]
    fn the_highest_is_found_within_a_twentieth_in_few_steps() {
        for (first, highest) in [(1.0, 1.0), (1.0, 777.0), (100.0, 3.0), (1.0, 1.9), (50.0, 51.0)] {
            let (held, tried) = found(first, highest);
            let held = held.unwrap();
            assert!(held <= highest && highest < held * NEAR, "{first} {highest}: {held}");
            assert!(tried <= 16, "{first} {highest}: {tried}");
        }
    }

    #[test]
    fn it_ends_where_all_or_none_hold() {
        assert_eq!(found(1.0, f64::INFINITY), (Some(65536.0), 17));
        assert_eq!(found(1.0, 0.0), (None, 9));
    }
}
