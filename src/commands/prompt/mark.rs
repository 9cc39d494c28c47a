//! The prompt's mark: how it stands with the connection, and what else is on.

use std::sync::Arc;

use crossterm::style::{Color, Stylize as _};

use super::queue::Queue;
use super::state::{ConnectionState, Shared};

/// Room for the digits of a count that grows while a line is typed: its place cannot change then.
const DIGITS: usize = 5;

const REPEATING: &str = "repeating";

pub(crate) struct PromptMark {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) colour: bool,
}

impl PromptMark {
    /// The prompt for the editor to measure: as wide as what may come to stand in it.
    pub(crate) fn measured(&self) -> String {
        let label = label(&self.states(self.queue.paused().map(|_| "0".repeat(DIGITS))));
        if label.is_empty() { "> ".to_owned() } else { format!("{label} > ") }
    }

    /// The prompt as it is now, as wide as the measured one.
    pub(crate) fn drawn(&self, measured: &str) -> String {
        // It must tell without colour too.
        let (mark, colour) = match self.shared.standing() {
            ConnectionState::Open => ("> ", Color::DarkGreen),
            ConnectionState::HalfClosed => ("< ", Color::DarkYellow),
            ConnectionState::Reconnecting => ("~ ", Color::DarkYellow),
            ConnectionState::Closed => ("! ", Color::DarkRed),
        };
        let room = measured.chars().count().saturating_sub(mark.len());
        let mut states = self.states(self.queue.paused().map(shown));
        if measured.contains(REPEATING) && !states.iter().any(|state| state == REPEATING) {
            // Its place is still there.
            states.push("repeated".to_owned());
        }
        // What has come to be on since then has its place in the next prompt.
        while label(&states).len() >= room && states.pop().is_some() {}
        let label = format!("{:room$}", label(&states));
        if !self.colour {
            return label + mark;
        }
        let label = if label.is_empty() { label } else { label.with(Color::DarkYellow).to_string() };
        label + &mark.with(colour).to_string()
    }

    /// All that is on.
    fn states(&self, paused: Option<String>) -> Vec<String> {
        let is_on = [
            (self.shared.filter().is_some(), "filtered"),
            (self.shared.is_recording(), "recording"),
            (self.shared.repeating().is_some(), REPEATING),
        ];
        let others = is_on.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| (*name).to_owned());
        paused.map(|count| format!("paused {count}")).into_iter().chain(others).collect()
    }
}

/// `[paused 12, recording]`; nothing if nothing is on.
fn label(states: &[String]) -> String {
    if states.is_empty() { String::new() } else { format!("[{}]", states.join(", ")) }
}

/// A count in as many digits as there is room for.
fn shown(count: u64) -> String {
    match count {
        0..=99_999 => count.to_string(),
        _ => format!("{}k+", (count / 1000).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> PromptMark {
        let shared = Shared::new(None);
        shared.stand(ConnectionState::Open);
        PromptMark { shared: Arc::new(shared), queue: Arc::default(), colour: false }
    }

    #[test]
    fn what_is_on_stands_before_the_mark_and_keeps_its_width() {
        let mark = mark();
        assert_eq!((mark.measured(), mark.drawn("> ")), ("> ".to_owned(), "> ".to_owned()));
        mark.queue.pause();
        let measured = mark.measured();
        assert_eq!((&*measured, &*mark.drawn(&measured)), ("[paused 00000] > ", "[paused 0]     > "));
        mark.shared.set_recording(true);
        let both = mark.measured();
        assert_eq!(mark.drawn(&both), "[paused 0, recording]     > ");
        assert_eq!(mark.drawn(&measured), "[paused 0]     > ", "there is no room for the other yet");
        assert_eq!(mark.drawn("[recording, repeating] > "), "[paused 0, recording]  > ");
        mark.shared.stand(ConnectionState::Reconnecting);
        mark.queue.resume();
        assert_eq!(mark.drawn("[recording, repeating] > "), "[recording, repeated]  ~ ");
        assert_eq!(mark.drawn(&measured), "[recording]    ~ ");
    }

    #[test]
    fn a_count_has_five_digits_at_most() {
        assert_eq!([0, 99_999, 100_000, 12_345_678].map(shown), ["0", "99999", "100k+", "999k+"]);
    }
}
