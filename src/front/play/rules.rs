//! Rules that stand: `reply to … with …` and `ignore …`. They take messages before a step sees them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::judging::judged;
use super::words::Words;
use super::{Fault, Inputs, Line, Player};
use crate::event::Input;
use crate::script::judge::Wanted;
use crate::script::syntax::{Pattern, Payload, Place, RuleKind};

pub(super) struct Rule {
    place: Place,
    wanted: Arc<Wanted>,
    /// Without one, the message is ignored.
    answer: Option<RuleAnswer>,
}

/// What a rule sends, and under which name it knows what it has captured.
struct RuleAnswer {
    capture: Option<String>,
    payload: Payload,
}

/// What went wrong in a rule, and with which connection: it ends the script, whatever step is being played.
#[derive(Default)]
pub(super) struct RuleFailure {
    found: RefCell<Option<(Option<String>, Fault)>>,
    changed: Notify,
}

/// Applies the rules of one connection, beside the steps.
pub(super) struct Sifter {
    pub(super) name: Option<String>,
    pub(super) line: Rc<Line>,
    pub(super) inputs: mpsc::Sender<Inputs>,
    pub(super) words: Rc<Words>,
    pub(super) failure: Rc<RuleFailure>,
}

impl Rule {
    pub(super) fn kind(&self) -> RuleKind {
        if self.answer.is_some() { RuleKind::Reply } else { RuleKind::Ignore }
    }
}

impl RuleFailure {
    fn put(&self, name: Option<String>, fault: Fault) {
        self.found.borrow_mut().get_or_insert((name, fault));
        self.changed.notify_one();
    }

    /// Waits for one.
    pub(super) async fn wait(&self) -> (Option<String>, Fault) {
        loop {
            if let Some(found) = self.found.take() {
                return found;
            }
            self.changed.notified().await;
        }
    }
}

impl Player<'_> {
    pub(super) fn reply(
        &self,
        name: &Option<String>,
        place: Place,
        to: &Pattern,
        capture: Option<&String>,
        payload: &Payload,
    ) -> Result<(), Fault> {
        let answer = RuleAnswer { capture: capture.cloned(), payload: payload.clone() };
        self.rule(name, place, to, Some(answer))
    }

    pub(super) fn ignore(&self, name: &Option<String>, place: Place, what: &Pattern) -> Result<(), Fault> {
        self.rule(name, place, what, None)
    }

    pub(super) fn end_rules(&self, name: &Option<String>, kind: RuleKind) -> Result<(), Fault> {
        self.open(name)?.connection()?.line().end_rules(kind);
        Ok(())
    }

    fn rule(
        &self,
        name: &Option<String>,
        place: Place,
        pattern: &Pattern,
        answer: Option<RuleAnswer>,
    ) -> Result<(), Fault> {
        let wanted = Arc::new(Wanted::new(pattern, &*self.stage.words)?);
        let standing = self.open(name)?;
        let (words, failure) = (Rc::clone(&self.stage.words), Rc::clone(&self.rule_failure));
        standing.connection()?.add_rule(Rule { place, wanted, answer }, name, words, failure);
        Ok(())
    }
}

impl Sifter {
    /// Looks at each message that comes, until there can be no more.
    pub(super) async fn sift(self) {
        while let Some(unsifted) = self.line.unsifted().await {
            let mut taken_by = None;
            for rule in &unsifted.rules {
                if let Ok(captured) = judged(&rule.wanted, &unsifted.message).await {
                    taken_by = Some((rule, captured));
                    break;
                }
            }
            let Some((rule, captured)) = taken_by else {
                self.line.pass(&unsifted);
                continue;
            };
            if !self.line.take_out(&unsifted) {
                continue;
            }
            if let Some(answer) = &rule.answer {
                self.send(rule.place, answer, captured).await;
            }
        }
    }

    async fn send(&self, place: Place, answer: &RuleAnswer, captured: String) {
        let local = answer.capture.as_deref().map(|name| (name, captured));
        match self.words.with(local, |words| words.message(&answer.payload)) {
            // To who has gone nothing can be said, and what follows will see that.
            Ok(message) => drop(self.inputs.send(Ok(vec![Input::Message(message)])).await),
            Err(why) => {
                let fault = Fault::from(format!("the answer cannot be sent: {why}")).at(place);
                self.failure.put(self.name.clone(), fault);
            }
        }
    }
}
