//! What all clients of a server share.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::acceptor::Acceptor;
use super::address::ListenAddress;
use super::clients::Clients;
use crate::events::{ClientName, Input};
use crate::session::DynOutlet;
use crate::term::Talk;

/// What all clients share.
pub(crate) struct ServerState {
    pub(super) acceptor: Acceptor,
    pub(super) address: ListenAddress,
    pub(super) clients: Rc<Clients>,
    pub(super) talk: Rc<Talk>,
    pub(super) output: Rc<dyn DynOutlet>,
    pub(super) close_timeout: Duration,
    /// Whether messages are decoded, or may be later: by the sessions of clients, so that those have to show them.
    pub(super) decodes: bool,
    /// A client's script has, or it said something else than was recorded.
    pub(super) has_failed: Cell<bool>,
}

impl ServerState {
    /// Sends to all but one; who is too slow for that has to go.
    pub(super) fn say_to_others(&self, input: &Input, except: Option<ClientName>) {
        self.clients.send(input, except).into_iter().for_each(|name| self.too_slow(name));
    }

    pub(super) fn too_slow(&self, name: ClientName) {
        self.talk.warn(&format!("{name} is too slow: closing it with 1013"));
    }
}
