//! What goes to a session.

use crate::events::Batch;

/// What a session is to send, or why no more can come.
pub(crate) type Inputs = Result<Batch, String>;
