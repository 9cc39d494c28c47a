//! What a server does with its clients' messages, besides showing them. Each kind of work has a file of its own.

use std::fmt;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, ready};
use tokio::sync::mpsc;

use super::answers::HttpAnswers;
use super::clients::ConnectedClient;
use super::state::ServerState;
use super::upstream::UpstreamOptions;
use crate::client::connector::Connected;
use crate::events::{Batch, End, Event, Opened};
use crate::handshake::admission::Admission;
use crate::message::Close;
use crate::session::{Echo, Gone};

/// What is done with each client of a server.
pub(crate) trait ClientWork: fmt::Debug + Send + Sync {
    /// Whether the session sends messages back by itself.
    fn echo(&self) -> Echo {
        Echo::No
    }

    /// Whether stdin is read, and goes to the clients.
    fn takes_input(&self) -> bool {
        false
    }

    /// Whether what is said is bytes of a stream: it is not shown unless asked for, and a client's Close is answered after the
    /// rest of the other direction.
    fn carries_bytes(&self) -> bool {
        false
    }

    /// The file that is read while the server runs.
    fn reads(&self) -> Option<&Path> {
        None
    }

    /// What plain HTTP requests get.
    fn answers(&self) -> Option<HttpAnswers> {
        None
    }

    /// What the user should know before the first client comes.
    fn warning(&self, _: &Admission) -> Option<&'static str> {
        None
    }

    /// The server to which each client is connected on.
    fn upstream(&self) -> Option<&Arc<UpstreamOptions>> {
        None
    }

    /// Begins with a client that has just connected.
    fn begin(&self, _: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        Box::new(NoTask)
    }
}

/// A client that has just connected.
pub(crate) struct NewClient<'c> {
    pub(crate) server: &'c Rc<ServerState>,
    pub(crate) client: &'c Rc<ConnectedClient>,
    /// What it asked for.
    pub(crate) resource: &'c str,
    pub(crate) opened: &'c Opened,
    /// To its session directly: a sender waits until what came before is sent.
    pub(crate) inputs: &'c mpsc::Sender<Result<Batch, String>>,
    /// The connection to the server that a relay has made for it.
    pub(crate) upstream: Option<Box<Connected>>,
}

impl NewClient<'_> {
    /// Closes its connection, since the command for it cannot be started; what is left to do with it.
    pub(crate) fn without_command(&self, error: &io::Error) -> Box<dyn ClientTask> {
        self.server.talk.error(&format!("{}: the command cannot be started: {error}", self.client.name));
        self.client.dismiss(Close::new(1011, "the command cannot be started"));
        Box::new(NoTask)
    }
}

/// The work with one client. Futures are boxed, so that clients without any need no memory for it.
pub(crate) trait ClientTask {
    /// Waits until it can hear more; none if it can already.
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        None
    }

    /// Hears what happens in the session; never waits.
    fn hear(&self, _: &Event) {}

    /// Whether it hears small messages that come together in one [`EventKind::Run`](crate::events::EventKind::Run).
    fn takes_runs(&self) -> bool {
        false
    }

    /// Whether it shows large messages, which come in parts, by itself.
    fn shows_parts(&self) -> bool {
        false
    }

    /// Whether it shows what goes into the client's queue by itself.
    fn shows_sent(&self) -> bool {
        false
    }

    /// Whether it wants to hear what was sent.
    fn wants_sent(&self) -> bool {
        false
    }

    /// Works while the session runs, and returns how that ended.
    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        session
    }

    /// Does what is left when the client has gone.
    fn finish<'t>(&'t self, _: &'t End) -> LocalBoxFuture<'t, ()> {
        ready(()).boxed_local()
    }
}

/// For work that the session does by itself, or the user.
pub(crate) struct NoTask;

impl ClientTask for NoTask {
    fn takes_runs(&self) -> bool {
        true
    }
}
