//! Applies the rules of one connection to each message that comes, beside the steps.

use std::rc::Rc;

use tokio::sync::mpsc;

use super::inputs::Inputs;
use super::judging::{judged, taken};
use super::rules::{RuleFailure, RuleReply};
use super::scope::ScriptScope;
use super::{Inbox, StepFault};
use crate::events::{Batch, Input};
use crate::message::{Close, Message};
use crate::script::judge::Extractor;
use crate::script::judge::sources::Sources as _;
use crate::script::syntax::{Action, Payload, Position, RuleAnswer};

/// What an answer has captured, by name.
pub(crate) type Local = Vec<(String, String)>;

/// Applies the rules of one connection, beside the steps.
pub(crate) struct Sifter {
    pub(crate) name: Option<String>,
    pub(crate) line: Rc<Inbox>,
    pub(crate) inputs: mpsc::Sender<Inputs>,
    pub(crate) words: Rc<ScriptScope>,
    pub(crate) failure: Rc<RuleFailure>,
}

impl Sifter {
    /// Looks at each message that comes, until there can be no more.
    pub(crate) async fn sift(self) {
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

    pub(crate) async fn send(&self, place: Position, answer: &RuleReply, message: Message, captured: String) {
        match self.inputs(answer, message, captured).await {
            // Nothing can be sent to a peer that has left, and the next step notices that.
            Ok(inputs) => drop(self.inputs.send(Ok(inputs)).await),
            Err(fault) => {
                self.failure.put(self.name.clone(), StepFault { place: fault.place.or(Some(place)), ..fault })
            }
        }
    }

    /// What is sent for a message; what is captured on the way is known in this answer only.
    pub(crate) async fn inputs(
        &self,
        answer: &RuleReply,
        message: Message,
        captured: String,
    ) -> Result<Batch, StepFault> {
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
    pub(crate) async fn input(
        &self,
        action: &Action,
        message: &Message,
        local: &mut Local,
    ) -> Result<Option<Input>, StepFault> {
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

    pub(crate) fn message(&self, payload: &Payload, local: &Local) -> Result<Input, StepFault> {
        self.words.with(local, |words| words.message(payload)).map(Input::Message).map_err(cannot_be_sent)
    }
}

fn cannot_be_sent(why: String) -> StepFault {
    format!("the answer cannot be sent: {why}").into()
}
