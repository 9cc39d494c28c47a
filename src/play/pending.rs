//! Messages that came and that no step has seen yet, with the rules that look at them first.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use memchr::memmem;

use super::rules::Rule;
use crate::codec::MessageDecoder;
use crate::message::Message;
use crate::script::syntax::RuleKind;

/// What waits costs memory even if it is empty.
const OVERHEAD: usize = 64;

#[derive(Default)]
pub(crate) struct PendingMessages {
    messages: VecDeque<Pending>,
    /// How many of them no rule has taken; there are no others without rules.
    passed: usize,
    rules: Vec<Rc<Rule>>,
    /// Changes with the rules, and with messages that are thrown away.
    generation: u64,
    /// What is between the records of a message; empty if messages are taken whole.
    separator: String,
    /// What binary messages are decoded with.
    decoder: Option<MessageDecoder>,
    /// What all of them weigh.
    weight: usize,
}

/// A message of which what is before this place is taken already.
struct Pending {
    message: Message,
    from: usize,
}

/// The first message that the rules have not looked at, and those rules.
pub(crate) struct Unsifted {
    pub(crate) message: Message,
    pub(crate) rules: Vec<Rc<Rule>>,
    generation: u64,
}

impl PendingMessages {
    /// Takes a message in; returns why it could not be decoded, if it was to be.
    pub(crate) fn push(&mut self, message: Message) -> Option<String> {
        let (messages, undecoded) = self.decoded(message);
        for message in messages {
            let pending = Pending { message, from: 0 };
            if let Some(pending) = pending.after(&self.separator) {
                self.weight += pending.weight();
                self.messages.push_back(pending);
            }
        }
        undecoded
    }

    /// A text for each value in a message; the message itself, where it is not to be decoded, or cannot be.
    fn decoded(&mut self, message: Message) -> (Vec<Message>, Option<String>) {
        let decoding = self.decoder.as_mut().and_then(|decoder| decoder.decode(&message));
        match decoding.as_deref() {
            Some(Ok(decoded)) => (decoded.values.iter().map(|value| Message::from(&*value.json())).collect(), None),
            Some(Err(why)) => (vec![message], Some(why.clone())),
            None => (vec![message], None),
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn has_unsifted(&self) -> bool {
        !self.rules.is_empty() && self.passed < self.messages.len()
    }

    /// The next one that no rule takes.
    pub(crate) fn pop(&mut self) -> Option<Message> {
        if self.rules.is_empty() {
            self.cut(0);
        } else {
            self.passed = self.passed.checked_sub(1)?;
        }
        self.remove(0)
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.weight = 0;
        self.changed();
    }

    /// As it was in the beginning, but for who looks at messages just now.
    pub(crate) fn start_over(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }

    /// Takes messages apart from now on, also those that wait; nothing between them takes them whole.
    pub(crate) fn split(&mut self, separator: &str) {
        separator.clone_into(&mut self.separator);
        for Pending { message, from } in std::mem::take(&mut self.messages) {
            self.messages.extend(Pending { message, from }.after(&self.separator));
        }
        self.weight = self.messages.iter().map(Pending::weight).sum();
        self.changed();
    }

    /// Decodes messages from now on, also those that wait and are whole; or no more.
    pub(crate) fn decode(&mut self, decoder: Option<MessageDecoder>) {
        self.decoder = decoder;
        for pending in std::mem::take(&mut self.messages) {
            if pending.from > 0 {
                self.messages.push_back(pending);
                continue;
            }
            let (decoded, _) = self.decoded(pending.message);
            self.messages.extend(decoded.into_iter().map(|message| Pending { message, from: 0 }));
        }
        self.weight = self.messages.iter().map(Pending::weight).sum();
        self.changed();
    }

    /// A rule after those that stand already; it looks at what waits, too.
    pub(crate) fn add(&mut self, rule: Rc<Rule>) {
        self.rules.push(rule);
        self.changed();
    }

    pub(crate) fn end_rules(&mut self, kind: RuleKind) {
        self.rules.retain(|rule| rule.kind() != kind);
        self.changed();
    }

    pub(crate) fn unsifted(&mut self) -> Option<Unsifted> {
        if self.rules.is_empty() {
            return None;
        }
        self.cut(self.passed);
        let message = self.messages.get(self.passed)?.rest();
        Some(Unsifted { message, rules: self.rules.clone(), generation: self.generation })
    }

    /// The rules let it pass; or, when they have changed meanwhile, others will look at it.
    pub(crate) fn pass(&mut self, unsifted: &Unsifted) {
        if unsifted.generation == self.generation {
            self.passed += 1;
        }
    }

    /// A rule takes it away; false when the rules have changed meanwhile.
    pub(crate) fn take_out(&mut self, unsifted: &Unsifted) -> bool {
        unsifted.generation == self.generation && self.remove(self.passed).is_some()
    }

    fn changed(&mut self) {
        self.passed = 0;
        self.generation += 1;
    }

    /// Cuts what is there after its first record, so that this is one of its own.
    fn cut(&mut self, at: usize) {
        let Some(pending) = self.messages.get_mut(at) else { return };
        let Some(end) = find(pending.data(), &self.separator) else { return };
        let record = Pending { message: pending.part(0..end), from: 0 };
        self.weight = self.weight - pending.weight() + record.weight();
        let Pending { message, from } = std::mem::replace(pending, record);
        if let Some(rest) = (Pending { message, from: from + end }).after(&self.separator) {
            self.weight += rest.weight();
            self.messages.insert(at + 1, rest);
        }
    }

    fn remove(&mut self, at: usize) -> Option<Message> {
        let pending = self.messages.remove(at)?;
        self.weight -= pending.weight();
        Some(pending.rest())
    }
}

impl Pending {
    fn data(&self) -> &[u8] {
        &self.message.data()[self.from..]
    }

    fn weight(&self) -> usize {
        weight(self.data())
    }

    /// From the next record on, if there is one: empty ones are none.
    fn after(mut self, separator: &str) -> Option<Self> {
        if separator.is_empty() {
            return Some(self);
        }
        let was_empty = self.data().is_empty();
        while self.data().starts_with(separator.as_bytes()) {
            self.from += separator.len();
        }
        (was_empty || !self.data().is_empty()).then_some(self)
    }

    /// All that is not taken yet.
    fn rest(&self) -> Message {
        if self.from == 0 { self.message.clone() } else { self.part(0..self.data().len()) }
    }

    /// Of what is not taken yet; it begins and ends where characters do.
    fn part(&self, range: Range<usize>) -> Message {
        let range = self.from + range.start..self.from + range.end;
        match &self.message {
            Message::Text(text) => Message::from(&text.as_str()[range]),
            Message::Binary(data) => Message::Binary(data.slice(range)),
        }
    }
}

/// Where it stands first, unless it is empty.
fn find(data: &[u8], separator: &str) -> Option<usize> {
    if separator.is_empty() { None } else { memmem::find(data, separator.as_bytes()) }
}

/// What waits until it is expected counts for so much.
pub(crate) fn weight(data: &[u8]) -> usize {
    OVERHEAD + data.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message::Binary;

    fn popped(pending: &mut PendingMessages) -> Vec<Message> {
        std::iter::from_fn(|| pending.pop()).collect()
    }

    fn texts(texts: &[&str]) -> Vec<Message> {
        texts.iter().map(|text| Message::from(*text)).collect()
    }

    #[test]
    fn records_are_taken_one_by_one_and_weigh_what_they_hold() {
        let mut pending = PendingMessages::default();
        pending.split("--");
        for text in ["ä--b", "", "--", "--c----d--", "e-"] {
            pending.push(text.into());
        }
        pending.push(Binary("f--g".into()));
        assert_eq!(pending.pop(), Some("ä".into()));
        let mut records = texts(&["b", "", "c", "d", "e-"]);
        records.extend([Binary("f".into()), Binary("g".into())]);
        assert_eq!(popped(&mut pending), records);
        assert_eq!(pending.weight(), 0);
    }

    #[test]
    fn what_waits_is_split_too_and_what_is_left_when_that_ends_is_one_message() {
        let mut pending = PendingMessages::default();
        pending.push("a|b|c".into());
        pending.push("|".into());
        pending.split("|");
        assert_eq!(pending.pop(), Some("a".into()));
        pending.split("");
        pending.push("|d|".into());
        assert_eq!(popped(&mut pending), texts(&["b|c", "|d|"]));
        assert_eq!(pending.weight(), 0);
    }
}
