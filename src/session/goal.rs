//! What a session waits for: `--one`, `--count`, `--until`, `--expect` and `--expect-json`.

use std::borrow::Cow;
use std::iter;

use regex::Regex;

use crate::events::MessageBatch;

use super::expect::{JsonExpectation, Judged};
use super::lockstep::{Lockstep, LockstepOptions};
use super::seen_message::{SeenMessage, text_of};

/// Something that a received message must be.
#[derive(Clone, Debug)]
pub(crate) enum Expectation {
    Text(Regex),
    Json(JsonExpectation),
}

/// Follows the messages until enough of them have come.
#[derive(Debug, Default)]
pub(crate) struct Goal {
    count: Option<u64>,
    until: Option<Regex>,
    received: u64,
    expectations: Vec<Awaited>,
    /// Whether binary messages are looked into, as far as they are UTF-8.
    looks_at_binary: bool,
    reached: bool,
    /// What the next message waits for; boxed, since hardly any session has it.
    pub(super) lockstep: Option<Box<Lockstep>>,
}

/// An expectation, and how far the messages have come.
#[derive(Debug)]
struct Awaited {
    expectation: Expectation,
    is_met: bool,
    /// The message that came closest to one about JSON, the last of those.
    closest: Option<Judged>,
}

impl Awaited {
    fn look_at(&mut self, text: &str) {
        if self.is_met {
            return;
        }
        match &self.expectation {
            Expectation::Text(regex) => self.is_met = regex.is_match(text),
            Expectation::Json(json) => {
                let judged = json.judge(text);
                self.is_met = judged == Judged::Met;
                if !matches!((&self.closest, &judged), (Some(Judged::Other(_)), Judged::Nothing | Judged::NotJson)) {
                    self.closest = Some(judged);
                }
            }
        }
    }

    /// The expectation, with what came instead.
    fn shown_miss(&self) -> String {
        match &self.expectation {
            Expectation::Text(regex) => format!("`{regex}`"),
            Expectation::Json(json) => json.shown_miss(self.closest.as_ref()),
        }
    }
}

impl Goal {
    pub(super) fn new(count: Option<u64>, until: Option<Regex>, expectations: Vec<Expectation>) -> Self {
        let awaited = |expectation| Awaited { expectation, is_met: false, closest: None };
        let expectations = expectations.into_iter().map(awaited).collect();
        Self { count, until, expectations, ..Self::default() }
    }

    /// The same, and binary messages are looked into.
    pub(super) fn also_binary(self, looks_at_binary: bool) -> Self {
        Self { looks_at_binary, ..self }
    }

    /// The same, and each message waits for the reply to the one before it.
    pub(super) fn in_lockstep(self, options: Option<LockstepOptions>) -> Self {
        let lockstep = options.map(|options| Box::new(Lockstep::new(options, self.looks_at_binary)));
        Self { lockstep, ..self }
    }

    /// Takes a message in; true when it is the last one that was waited for.
    pub(super) fn received(&mut self, message: SeenMessage<'_>) -> bool {
        let texts = message.texts(self.looks_at_binary);
        self.take(texts)
    }

    /// Takes messages in up to the last one that was waited for; returns how many those were.
    pub(super) fn received_run(&mut self, run: &MessageBatch) -> usize {
        if self.count.is_none() && self.until.is_none() && self.expectations.is_empty() {
            self.received += run.len() as u64;
            return run.len();
        }
        let of_binary = self.looks_at_binary;
        let text = |data| text_of(run.kind(), data, of_binary);
        run.iter().position(|data| self.take(iter::once(data).filter_map(text))).map_or(run.len(), |last| last + 1)
    }

    /// Takes in a message with these texts, of which each may meet an expectation; true when it is the last one that was
    /// waited for.
    fn take<'t>(&mut self, texts: impl Iterator<Item = Cow<'t, str>>) -> bool {
        let minds = self.until.is_some() || self.expectations.iter().any(|awaited| !awaited.is_met);
        let mut matched = false;
        if minds {
            for text in texts {
                self.expectations.iter_mut().for_each(|awaited| awaited.look_at(&text));
                matched |= self.until.as_ref().is_some_and(|until| until.is_match(&text));
            }
        }
        self.received += 1;
        let counted = self.count.is_some_and(|count| self.received >= count);
        // Expectations end the run by themselves only where nothing else says when it ends.
        let met = self.count.is_none()
            && self.until.is_none()
            && !self.expectations.is_empty()
            && self.expectations.iter().all(|awaited| awaited.is_met);
        self.reached = counted || matched || met;
        self.reached
    }

    pub(super) fn is_reached(&self) -> bool {
        self.reached
    }

    /// Whether a number of messages or a match was asked for and has not come.
    pub(super) fn is_pending(&self) -> bool {
        !self.reached && (self.count.is_some() || self.until.is_some())
    }

    /// What is still waited for, in words.
    pub(super) fn pending(&self) -> String {
        match (self.count, &self.until) {
            (Some(count), None) => format!("{} of {count} messages came", self.received),
            (_, Some(until)) => format!("none of {} messages matched `{until}`", self.received),
            (None, None) => String::new(),
        }
    }

    /// The expectations that no message met, and what came instead.
    pub(super) fn missed(&self) -> Vec<String> {
        self.expectations.iter().filter(|awaited| !awaited.is_met).map(Awaited::shown_miss).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    impl Goal {
        fn takes(&mut self, message: &Message) -> bool {
            self.received(SeenMessage::AsReceived(message))
        }
    }

    fn regex(text: &str) -> Regex {
        Regex::new(text).unwrap()
    }

    #[test]
    fn a_count_is_reached_by_messages_of_any_type() {
        let mut goal = Goal::new(Some(2), None, vec![]);
        assert!(!goal.takes(&"a".into()));
        assert!(goal.takes(&Message::Binary("b".into())));
    }

    #[test]
    fn until_needs_a_match() {
        let mut goal = Goal::new(None, Some(regex("^done")), vec![]);
        assert!(!goal.takes(&"not done".into()));
        assert_eq!(goal.pending(), "none of 1 messages matched `^done`");
        assert!(goal.takes(&"done".into()));
    }

    #[test]
    fn binary_messages_are_looked_into_if_that_was_asked_for() {
        let binary = || Message::Binary(b"\xffdone".as_slice().into());
        let goal = || Goal::new(None, Some(regex("^.done")), vec![]);
        assert!(!goal().takes(&binary()));
        assert!(goal().also_binary(true).takes(&binary()));
        let json = JsonExpectation::from_text("op=x").unwrap();
        let mut goal = Goal::new(None, None, vec![Expectation::Json(json)]).also_binary(true);
        assert!(goal.takes(&Message::Binary(r#"{"op":"x"}"#.into())));
    }

    #[test]
    fn all_expectations_together_are_a_goal_in_any_order() {
        let mut goal = Goal::new(None, None, vec![Expectation::Text(regex("a")), Expectation::Text(regex("b"))]);
        assert!(!goal.takes(&"b".into()));
        assert_eq!(goal.missed(), ["`a`"]);
        assert!(goal.takes(&"a".into()));
        assert!(goal.missed().is_empty());
    }

    #[test]
    fn the_last_value_that_stood_where_another_was_expected_is_told() {
        let expectation = JsonExpectation::from_text("op=done").unwrap();
        let mut goal = Goal::new(None, None, vec![Expectation::Json(expectation)]);
        assert_eq!(goal.missed(), ["`op=done`"]);
        for (message, told) in [
            ("hello", "`op=done`: no message was JSON"),
            (r#"{"x":1}"#, "`op=done`: there was no `op`"),
            (r#"{"op":"wait"}"#, "`op=done`: `op` was last `\"wait\"`"),
            (r#"{"op":"soon"}"#, "`op=done`: `op` was last `\"soon\"`"),
            (r#"{"x":1}"#, "`op=done`: `op` was last `\"soon\"`"),
        ] {
            goal.takes(&message.into());
            assert_eq!(goal.missed(), [told]);
        }
        assert!(goal.takes(&r#"{"op":"done"}"#.into()) && goal.missed().is_empty());
    }

    #[test]
    fn beside_a_count_expectations_only_judge() {
        let mut goal = Goal::new(Some(2), None, vec![Expectation::Text(regex("a"))]);
        assert!(!goal.takes(&"a".into()));
        assert!(goal.takes(&"x".into()));
    }
}
