//! Messages that may come in any order: which of them meets which expectation.
//!
//! One that fits several is given to another when a later message leaves no choice, so that the order never matters.

/// Expectations, and the messages that have met some of them.
#[derive(Clone, Debug)]
pub(crate) struct AnyOrder {
    /// For each message that came, which expectations it fits.
    fits: Vec<Vec<bool>>,
    /// For each expectation, the message that meets it.
    met_by: Vec<Option<usize>>,
}

impl AnyOrder {
    pub(crate) fn new(expectations: usize) -> Self {
        Self { fits: Vec::new(), met_by: vec![None; expectations] }
    }

    /// Takes in which expectations a message fits; false if none of them can be left to it.
    pub(crate) fn take(&mut self, fits: Vec<bool>) -> bool {
        let message = self.fits.len();
        self.fits.push(fits);
        let mut tried = vec![false; self.met_by.len()];
        let is_met = self.assign(message, &mut tried);
        if !is_met {
            self.fits.pop();
        }
        is_met
    }

    pub(crate) fn is_done(&self) -> bool {
        self.met_by.iter().all(Option::is_some)
    }

    /// How many messages have met an expectation.
    pub(crate) fn came(&self) -> usize {
        self.fits.len()
    }

    /// The expectations that are left, by their numbers.
    pub(crate) fn left(&self) -> impl Iterator<Item = usize> {
        self.met_by.iter().enumerate().filter(|(_, met_by)| met_by.is_none()).map(|(number, _)| number)
    }

    /// The number of the message that meets an expectation.
    pub(crate) fn met_by(&self, expectation: usize) -> Option<usize> {
        self.met_by[expectation]
    }

    /// Finds an expectation for a message, if need be by moving those that have one (Kuhn's algorithm).
    fn assign(&mut self, message: usize, tried: &mut [bool]) -> bool {
        for expectation in 0..self.met_by.len() {
            if !self.fits[message][expectation] || std::mem::replace(&mut tried[expectation], true) {
                continue;
            }
            if self.met_by[expectation].is_none_or(|other| self.assign(other, tried)) {
                self.met_by[expectation] = Some(message);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_makes_room_for_one_that_has_no_choice() {
        let mut order = AnyOrder::new(3);
        assert!(order.take(vec![true, true, false]));
        assert!(order.take(vec![true, false, false]));
        assert!(!order.take(vec![true, true, false]), "both are met");
        assert_eq!(order.left().collect::<Vec<_>>(), [2]);
        assert!(!order.is_done() && order.came() == 2);
        assert!(order.take(vec![true, true, true]));
        assert!(order.is_done());
        assert_eq!([0, 1, 2].map(|expectation| order.met_by(expectation)), [Some(1), Some(0), Some(2)]);
    }

    #[test]
    fn one_that_fits_nothing_is_not_taken() {
        let mut order = AnyOrder::new(1);
        assert!(!order.take(vec![false]));
        assert_eq!((order.came(), order.left().count()), (0, 1));
    }
}
