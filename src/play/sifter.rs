//! Applies the rules of one connection to each message that comes, beside the steps.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::inputs::Inputs;
use super::judging::{judged, taken};
use super::rules::{RuleReply, RuleScope};
use super::{Inbox, StepFault, exec};
use crate::events::{Batch, Input};
use crate::message::Message;
use crate::script::judge::Extractor;
use crate::script::judge::sources::Sources as _;
use crate::script::syntax::{Action, RuleAnswer, Step};

/// What an answer has captured, by name.
pub(crate) type Local = Vec<(String, String)>;

/// Applies the rules of one connection, beside the steps.
pub(crate) struct Sifter {
    pub(crate) line: Rc<Inbox>,
    pub(crate) inputs: mpsc::Sender<Inputs>,
    pub(crate) scope: RuleScope,
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
                let answered = self.answer(answer, &unsifted.message, captured).await;
                self.line.answered();
                if let Err(fault) = answered {
                    let place = fault.place.or(Some(rule.place));
                    self.scope.failure.put(self.scope.name.clone(), StepFault { place, ..fault });
                }
            }
        }
    }

    /// Does what a rule does with a message; what is captured on the way is known in this answer only.
    async fn answer(&self, answer: &RuleReply, message: &Message, captured: String) -> Result<(), StepFault> {
        let mut local: Local = answer.capture.clone().map(|name| (name, captured)).into_iter().collect();
        match &answer.with {
            RuleAnswer::Payload(payload) => {
                let message = self.scope.words.with(&local, |words| words.message(payload)).map_err(cannot_be_sent)?;
                self.send(vec![Input::Message(message)]).await;
            }
            RuleAnswer::Steps(steps) => {
                let mut inputs = Batch::new();
                for step in steps {
                    let input = self.step(&step.action, message, &mut local).await;
                    inputs.extend(input.map_err(|fault| fault.at(step.place))?);
                }
                self.send(inputs).await;
            }
            RuleAnswer::Play(steps) => drop(self.play(steps, message, &mut local).await?),
        }
        Ok(())
    }

    /// Plays steps one after the other. Messages that come meanwhile have to wait. False if the peer has left.
    fn play<'s>(
        &'s self,
        steps: &'s [Step],
        message: &'s Message,
        local: &'s mut Local,
    ) -> LocalBoxFuture<'s, Result<bool, StepFault>> {
        async move {
            for step in steps {
                if !self.play_one(step, message, local).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        .boxed_local()
    }

    async fn play_one(&self, step: &Step, message: &Message, local: &mut Local) -> Result<bool, StepFault> {
        yield_now().await;
        match &step.action {
            Action::Repeat { times, steps } => {
                for _ in 0..*times {
                    // There may be no steps in it.
                    yield_now().await;
                    if !self.play(steps, message, local).await? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Action::Pause(time) => Ok(timeout(*time, self.line.no_more_sent()).await.is_err()),
            action => match self.step(action, message, local).await.map_err(|fault| fault.at(step.place))? {
                Some(input) => Ok(self.send(vec![input]).await),
                None => Ok(true),
            },
        }
    }

    /// False for a peer that has left; the next step notices that.
    async fn send(&self, inputs: Batch) -> bool {
        self.inputs.send(Ok(inputs)).await.is_ok()
    }

    /// Does what a step does; what is to be sent for it.
    async fn step(&self, action: &Action, message: &Message, local: &mut Local) -> Result<Option<Input>, StepFault> {
        let words = &self.scope.words;
        match action {
            Action::Capture { name, from } => {
                let extractor = words.with(local, |words| Extractor::new(from, words))?;
                local.push((name.clone(), taken(extractor, message.clone()).await?));
            }
            Action::Set { name, value } => {
                let value = words.with(local, |words| words.text(&value.template))?;
                words.set(name, value)?;
            }
            Action::Exec { within, command, capture } => {
                let printed = exec::step(command, local, *within, words).await?;
                local.extend(capture.clone().map(|name| (name, printed)));
            }
            Action::Log(text) => {
                let text = words.with(local, |words| words.text(&text.template))?;
                self.scope.talk.say(&format!("{}: {text}", self.scope.file));
            }
            // The parser has let nothing else in than what sends.
            action => return words.with(local, |words| words.input(action)).map_err(cannot_be_sent),
        }
        Ok(None)
    }
}

fn cannot_be_sent(why: String) -> StepFault {
    format!("the answer cannot be sent: {why}").into()
}
