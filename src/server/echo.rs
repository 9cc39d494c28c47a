//! `--echo`: every message goes back.

use super::work::ClientWork;
use crate::session::Echo;

/// The session sends them back by itself.
#[derive(Debug)]
pub(crate) struct EchoWork;

impl ClientWork for EchoWork {
    fn echo(&self) -> Echo {
        Echo::InOrder
    }
}
