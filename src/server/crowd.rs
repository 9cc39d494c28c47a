//! What a crowd of clients leaves behind: memory, and complaints that are the same again and again.

use std::time::Duration;

use tokio::time::Instant;

/// So few leave nothing that would matter.
const FEW: usize = 8;

/// The same complaint is heard this often.
const AGAIN: Duration = Duration::from_secs(60);

/// Decides when the memory of clients that have left is given back: each time that half of them have.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    most: usize,
}

impl Crowd {
    pub(crate) fn came(&mut self, present: usize) {
        self.most = self.most.max(present);
    }

    /// Whether it is time.
    pub(crate) fn left(&mut self, present: usize) -> bool {
        let is_time = self.most >= FEW && present <= self.most / 2;
        if is_time {
            self.most = present;
        }
        is_time
    }
}

/// Decides whether a complaint is told that may come many times a second.
#[derive(Debug, Default)]
pub(crate) struct Complaint {
    told: Option<Instant>,
}

impl Complaint {
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.told.is_none_or(|told| now >= told + AGAIN);
        if is_due {
            self.told = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_each_time_that_half_of_them_have_left() {
        let mut crowd = Crowd::default();
        (1..=100).for_each(|present| crowd.came(present));
        let given_back: Vec<_> = (0..100).rev().filter(|present| crowd.left(*present)).collect();
        assert_eq!(given_back, [50, 25, 12, 6]);
        crowd.came(7);
        assert!(!crowd.left(0));
    }

    #[test]
    fn a_complaint_is_heard_once_a_minute() {
        let (mut complaint, start) = (Complaint::default(), Instant::now());
        let told: Vec<_> = (0..130).filter(|second| complaint.is_due(start + Duration::from_secs(*second))).collect();
        assert_eq!(told, [0, 60, 120]);
    }
}
