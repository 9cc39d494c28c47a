//! Rules: `reply to … with …`, `when … {` and `ignore …`. They take messages before a step sees them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::StepFault;
use super::scope::ScriptScope;
use crate::script::judge::Matcher;
use crate::script::syntax::{Position, RuleAnswer, RuleKind};
use crate::term::Talk;

pub(crate) struct Rule {
    pub(crate) place: Position,
    pub(crate) wanted: Arc<Matcher>,
    /// Without one, the message is ignored.
    pub(crate) answer: Option<RuleReply>,
}

/// What a rule sends, and under which name it knows what it has captured.
pub(crate) struct RuleReply {
    pub(crate) capture: Option<String>,
    pub(crate) with: RuleAnswer,
}

/// What the rules of a connection have to do with the script that they are of.
pub(crate) struct RuleScope {
    /// The connection's name.
    pub(crate) name: Option<String>,
    pub(crate) words: Rc<ScriptScope>,
    pub(crate) failure: Rc<RuleFailure>,
    /// For what they log, and the name of their file.
    pub(crate) talk: Rc<Talk>,
    pub(crate) file: String,
}

/// What went wrong in a rule, and with which connection: it ends the script, whatever step is being played.
#[derive(Default)]
pub(crate) struct RuleFailure {
    pub(crate) found: RefCell<Option<(Option<String>, StepFault)>>,
    pub(crate) changed: Notify,
}

impl Rule {
    pub(crate) fn kind(&self) -> RuleKind {
        if self.answer.is_some() { RuleKind::Reply } else { RuleKind::Ignore }
    }
}

impl RuleFailure {
    pub(crate) fn put(&self, name: Option<String>, fault: StepFault) {
        self.found.borrow_mut().get_or_insert((name, fault));
        self.changed.notify_one();
    }

    /// Waits for one.
    pub(crate) async fn wait(&self) -> (Option<String>, StepFault) {
        loop {
            if let Some(found) = self.found.take() {
                return found;
            }
            self.changed.notified().await;
        }
    }
}
