//! The steps that make rules and end them.

use std::rc::Rc;

use super::judging::wanted;
use super::rules::{Rule, RuleReply, RuleScope};
use super::{Player, StepFault};
use crate::script::syntax::{Pattern, Position, RuleAnswer, RuleKind};

impl Player<'_> {
    pub(crate) async fn reply(
        &self,
        name: &Option<String>,
        place: Position,
        to: &Pattern,
        capture: Option<&String>,
        with: &RuleAnswer,
    ) -> Result<(), StepFault> {
        let answer = RuleReply { capture: capture.cloned(), with: with.clone() };
        self.rule(name, place, to, Some(answer)).await
    }

    pub(crate) async fn ignore(&self, name: &Option<String>, place: Position, what: &Pattern) -> Result<(), StepFault> {
        self.rule(name, place, what, None).await
    }

    pub(crate) fn end_rules(&self, name: &Option<String>, kind: RuleKind) -> Result<(), StepFault> {
        self.open(name)?.connection()?.line().end_rules(kind);
        Ok(())
    }

    async fn rule(
        &self,
        name: &Option<String>,
        place: Position,
        pattern: &Pattern,
        answer: Option<RuleReply>,
    ) -> Result<(), StepFault> {
        let wanted = wanted(pattern, &self.context.scope).await?;
        let standing = self.open(name)?;
        standing.connection()?.add_rule(Rule { place, wanted, answer }, || RuleScope {
            name: name.clone(),
            words: Rc::clone(&self.context.scope),
            failure: Rc::clone(&self.rule_failure),
            talk: Rc::clone(&self.context.talk),
            file: self.context.file.name.clone(),
        });
        Ok(())
    }
}
