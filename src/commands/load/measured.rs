//! What is measured.

/// What the latencies of a run are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    Replies,
    /// At each receiver.
    Deliveries,
    /// Of a script, from its first step to its last.
    Plays,
}

impl Measured {
    pub(super) const ALL: [Self; 3] = [Self::Replies, Self::Deliveries, Self::Plays];

    /// In records.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replies => "reply",
            Self::Deliveries => "delivery",
            Self::Plays => "play",
        }
    }
}
