//! `--broadcast`: what one client says goes to all the others.

use std::rc::Rc;

use super::state::ServerState;
use super::work::{ClientTask, ClientWork, NewClient};
use crate::events::{ClientName, Event, EventKind, Input};
use crate::message::Direction;

#[derive(Debug)]
pub(crate) struct BroadcastWork;

/// A client that all the others hear.
struct BroadcastingClient {
    server: Rc<ServerState>,
    name: ClientName,
}

impl ClientWork for BroadcastWork {
    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        Box::new(BroadcastingClient { server: Rc::clone(new.server), name: new.client.name })
    }
}

impl ClientTask for BroadcastingClient {
    fn hear(&self, event: &Event) {
        let said = match &event.what {
            EventKind::Message(Direction::In, message) => Input::Message(message.clone()),
            EventKind::Run(_, run) => Input::Run(run.clone()),
            _ => return,
        };
        self.server.say_to_others(&said, Some(self.name));
    }

    fn takes_runs(&self) -> bool {
        true
    }
}
