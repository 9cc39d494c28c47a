//! The state of a script's connection: open, or refused.

use std::cell::Cell;

use super::{ScriptConnection, StepFault};
use crate::error::Error;
use crate::script::judge::OpeningAnswer;
use crate::script::syntax::Position;

/// The state of a connection.
pub(crate) enum ConnectionStatus {
    Open(ScriptConnection),
    Refused(Refused),
}

/// A server that did not let us in: not yet a failure, since a script may want just that.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) answer: OpeningAnswer,
    pub(crate) place: Position,
    pub(crate) is_looked_at: Cell<bool>,
}

impl ConnectionStatus {
    pub(crate) fn connection(&self) -> Result<&ScriptConnection, StepFault> {
        match self {
            Self::Open(connection) => Ok(connection),
            Self::Refused(refused) => {
                refused.judge()?;
                Err("the server has refused the connection".to_owned().into())
            }
        }
    }
}

impl Refused {
    /// A failure, unless the script has looked at it.
    pub(crate) fn judge(&self) -> Result<(), StepFault> {
        if self.is_looked_at.get() { Ok(()) } else { Err(StepFault::from(&self.error).at(self.place)) }
    }
}
