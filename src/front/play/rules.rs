//! Rules that stand: `reply to … with …` and `ignore …`. They take messages before a step sees them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::judging::{judged, taken, wanted};
use super::words::Words;
use super::{Fault, Inputs, Line, Player};
use crate::event::{Batch, Close, Input, Message};
use crate::script::judge::{Extractor, Sources as _, Wanted};
use crate::script::syntax::{Action, Pattern, Payload, Place, RuleAnswer, RuleKind};

pub(super) struct Rule {
    place: Place,
    wanted: Arc<Wanted>,
    /// Without one, the message is ignored.
    answer: Option<Answer>,
}

/// What a rule sends, and under which name it knows what it has captured.
struct Answer {
    capture: Option<String>,
    with: RuleAnswer,
}

/// What an answer has captured, by name.
type Local = Vec<(String, String)>;

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
    pub(super) async fn reply(
        &self,
        name: &Option<String>,
        place: Place,
        to: &Pattern,
        capture: Option<&String>,
        with: &RuleAnswer,
    ) -> Result<(), Fault> {
        let answer = Answer { capture: capture.cloned(), with: with.clone() };
        self.rule(name, place, to, Some(answer)).await
    }

    pub(super) async fn ignore(&self, name: &Option<String>, place: Place, what: &Pattern) -> Result<(), Fault> {
        self.rule(name, place, what, None).await
    }

    pub(super) fn end_rules(&self, name: &Option<String>, kind: RuleKind) -> Result<(), Fault> {
        self.open(name)?.connection()?.line().end_rules(kind);
        Ok(())
    }

    async fn rule(
        &self,
        name: &Option<String>,
        place: Place,
        pattern: &Pattern,
        answer: Option<Answer>,
    ) -> Result<(), Fault> {
        let wanted = wanted(pattern, &self.stage.words).await?;
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
                self.send(rule.place, answer, unsifted.message, captured).await;
            }
        }
    }

    async fn send(&self, place: Place, answer: &Answer, message: Message, captured: String) {
        match self.inputs(answer, message, captured).await {
            // To who has gone nothing can be said, and what follows will see that.
            Ok(inputs) => drop(self.inputs.send(Ok(inputs)).await),
            Err(fault) => self.failure.put(self.name.clone(), Fault { place: fault.place.or(Some(place)), ..fault }),
        }
    }

    /// What is sent for a message; what is captured on the way is known in this answer only.
    async fn inputs(&self, answer: &Answer, message: Message, captured: String) -> Result<Batch, Fault> {
        let mut local: Local = answer.capture.clone().map(|name| (name, captured)).into_iter().collect();
        match &answer.with {
            RuleAnswer::Payload(payload) => Ok(vec![self.message(payload, &local)?]),
            RuleAnswer::Steps(steps) => {
                let mut inputs = Batch::new();
                for step in steps {
                    let input = self.input(&step.action, &message, &mut local).await;
                    inputs.extend(input.map_err(|fault| fault.at(step.place))?);
                }
                Ok(inputs)
            }
        }
    }

    /// What a step of an answer sends, if it does.
    async fn input(&self, action: &Action, message: &Message, local: &mut Local) -> Result<Option<Input>, Fault> {
        match action {
            Action::Send(payload) => self.message(payload, local).map(Some),
            Action::Close { code, reason } => {
                let reason = self.words.with(local, |words| words.text(&reason.template)).map_err(cannot_be_sent)?;
                Ok(Some(Input::Close(Some(Close { code: code.or(Some(1000)), reason }))))
            }
            Action::Capture { name, from } => {
                let extractor = self.words.with(local, |words| Extractor::new(from, words))?;
                local.push((name.clone(), taken(extractor, message.clone()).await?));
                Ok(None)
            }
            // The parser has let nothing else in.
            _ => Ok(None),
        }
    }

    fn message(&self, payload: &Payload, local: &Local) -> Result<Input, Fault> {
        self.words.with(local, |words| words.message(payload)).map(Input::Message).map_err(cannot_be_sent)
    }
}

fn cannot_be_sent(why: String) -> Fault {
    format!("the answer cannot be sent: {why}").into()
}
