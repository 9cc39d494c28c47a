//! Which connections end a `loop`.

use std::collections::BTreeSet;

use crate::script::check::uses_connection;
use crate::script::syntax::{Action, Expect, Step};

/// What ends a loop: a connection that its steps use, or any if they use none; but not those that they open.
#[derive(Default)]
pub(crate) struct LoopEnd {
    used: BTreeSet<Option<String>>,
    opened: BTreeSet<Option<String>>,
    /// Its steps take messages: what came before the end of the connection is for them.
    pub(crate) listens: bool,
}

impl LoopEnd {
    pub(crate) fn of(steps: &[Step]) -> Self {
        let mut end = Self::default();
        end.add(steps);
        end.used = &end.used - &end.opened;
        end
    }

    fn add(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.action {
                Action::Repeat { steps, .. } | Action::Loop(steps) => self.add(steps),
                Action::Parallel(branches) => branches.iter().for_each(|branch| self.add(branch)),
                Action::AnyOrder { .. } | Action::Skip { .. } | Action::Nothing { .. } => self.listens = true,
                Action::Expect(Expect { pattern, .. }) => self.listens |= !pattern.is_of_opening(),
                Action::Connect { .. } => drop(self.opened.insert(step.connection.clone())),
                _ => {}
            }
            if uses_connection(&step.action) {
                self.used.insert(step.connection.clone());
            }
        }
    }

    /// Whether the end of this connection is that of the loop.
    pub(crate) fn is_of(&self, name: &Option<String>) -> bool {
        !self.opened.contains(name) && (self.used.is_empty() || self.used.contains(name))
    }
}
