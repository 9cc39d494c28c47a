//! Without an option that says otherwise, the user answers: at the prompt, or through a pipe.

use super::work::ClientWork;

/// What the user says comes from outside of the clients' tasks.
#[derive(Debug)]
pub(crate) struct ConversationWork;

impl ClientWork for ConversationWork {
    fn takes_input(&self) -> bool {
        true
    }
}
