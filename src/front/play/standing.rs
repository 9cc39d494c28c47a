//! How a connection of a script stands: open, or refused.

use std::cell::Cell;

use super::{Connection, Fault};
use crate::error::Error;
use crate::script::judge::Answer;
use crate::script::syntax::Place;

/// How a connection stands.
pub(super) enum Standing {
    Open(Connection),
    Refused(Refused),
}

/// A server that did not let us in: not yet a failure, since a script may want just that.
pub(super) struct Refused {
    pub(super) error: Error,
    pub(super) answer: Answer,
    pub(super) place: Place,
    pub(super) is_looked_at: Cell<bool>,
}

impl Standing {
    pub(super) fn connection(&self) -> Result<&Connection, Fault> {
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
    pub(super) fn judge(&self) -> Result<(), Fault> {
        if self.is_looked_at.get() { Ok(()) } else { Err(Fault::from(&self.error).at(self.place)) }
    }
}
