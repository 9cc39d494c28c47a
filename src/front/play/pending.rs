//! Messages that came and that no step has seen yet, with the rules that look at them first.

use std::collections::VecDeque;
use std::rc::Rc;

use super::rules::Rule;
use crate::event::Message;
use crate::script::syntax::RuleKind;

#[derive(Default)]
pub(super) struct PendingMessages {
    messages: VecDeque<Message>,
    /// How many of them no rule has taken; there are no others without rules.
    passed: usize,
    rules: Vec<Rc<Rule>>,
    /// Changes with the rules, and with messages that are thrown away.
    generation: u64,
}

/// The first message that the rules have not looked at, and those rules.
pub(super) struct Unsifted {
    pub(super) message: Message,
    pub(super) rules: Vec<Rc<Rule>>,
    generation: u64,
}

impl PendingMessages {
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    pub(super) fn has_unsifted(&self) -> bool {
        !self.rules.is_empty() && self.passed < self.messages.len()
    }

    /// The next one that no rule takes.
    pub(super) fn pop(&mut self) -> Option<Message> {
        if !self.rules.is_empty() {
            self.passed = self.passed.checked_sub(1)?;
        }
        self.messages.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.changed();
    }

    /// A rule after those that stand already; it looks at what waits, too.
    pub(super) fn add(&mut self, rule: Rc<Rule>) {
        self.rules.push(rule);
        self.changed();
    }

    pub(super) fn end_rules(&mut self, kind: RuleKind) {
        self.rules.retain(|rule| rule.kind() != kind);
        self.changed();
    }

    pub(super) fn unsifted(&self) -> Option<Unsifted> {
        if self.rules.is_empty() {
            return None;
        }
        let message = self.messages.get(self.passed)?.clone();
        Some(Unsifted { message, rules: self.rules.clone(), generation: self.generation })
    }

    /// The rules let it pass; or, when they have changed meanwhile, others will look at it.
    pub(super) fn pass(&mut self, unsifted: &Unsifted) {
        if unsifted.generation == self.generation {
            self.passed += 1;
        }
    }

    /// A rule takes it away; false when the rules have changed meanwhile.
    pub(super) fn take_out(&mut self, unsifted: &Unsifted) -> bool {
        unsifted.generation == self.generation && self.messages.remove(self.passed).is_some()
    }

    fn changed(&mut self) {
        self.passed = 0;
        self.generation += 1;
    }
}
