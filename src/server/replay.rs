//! `--replay`: the server's part of a recording, played to each client.

use std::cell::Cell;
use std::future::pending;
use std::path::Path;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::clients::ConnectedClient;
use super::state::ServerState;
use super::work::{ClientTask, ClientWork, NewClient, NoTask};
use crate::error::Error;
use crate::events::{Batch, End, Event};
use crate::message::Close;
use crate::play::comparison::{Comparison, Differences};
use crate::play::recorded_part::RecordedPart;
use crate::recording::check::{AnswerCheck, Ignored};
use crate::recording::pace::{Schedule, Speed};
use crate::recording::{Party, Recording, Turns};
use crate::session::Wait;

/// What is played to the clients.
#[derive(Clone, Debug)]
pub(crate) struct ServerReplay {
    pub(crate) recording: Recording,
    pub(crate) speed: Speed,
    /// `--compare`, and what may differ.
    pub(crate) compare: Option<Ignored>,
}

/// The server's part for one client.
struct ReplayedClient {
    server: Rc<ServerState>,
    client: Rc<ConnectedClient>,
    /// Until they are played.
    turns: Cell<Option<Turns>>,
    speed: Speed,
    comparison: Comparison,
}

impl ServerReplay {
    /// The part for a client: the first gets the first recorded connection, and after the last it begins again; with
    /// what the client is to answer, if that is compared.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    fn part(&self, client: &ConnectedClient) -> Result<(Turns, Option<AnswerCheck>), Error> {
        let connections = self.recording.connections();
        let connection = connections[(client.name.0 as usize - 1) % connections.len()];
        let turns = || self.recording.turns(connection, Party::Server);
        let check = match &self.compare {
            Some(ignored) => Some(AnswerCheck::new(turns()?, Party::Client, ignored.clone())),
            None => None,
        };
        Ok((turns()?, check))
    }
}

impl ClientWork for ServerReplay {
    fn reads(&self) -> Option<&Path> {
        Some(self.recording.path())
    }

    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let (server, client) = (Rc::clone(new.server), Rc::clone(new.client));
        match self.part(&client) {
            Ok((turns, check)) => {
                let differences = Differences::new(Rc::clone(&server.talk), client.name.to_string());
                let comparison = Comparison::new(check, Rc::new(differences));
                Box::new(ReplayedClient {
                    server,
                    client,
                    turns: Cell::new(Some(turns)),
                    speed: self.speed,
                    comparison,
                })
            }
            Err(error) => {
                unplayable(&server, &client, &error);
                Box::new(NoTask)
            }
        }
    }
}

impl ClientTask for ReplayedClient {
    fn hear(&self, event: &Event) {
        self.comparison.hear(event);
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        let playing = async {
            if let Err(error) = self.play().await {
                unplayable(&self.server, &self.client, &error);
            }
            pending::<()>().await;
        };
        let attending = async {
            tokio::select! {
                end = session => end,
                () = playing => unreachable!("it only waits after its end"),
            }
        };
        attending.boxed_local()
    }

    fn finish<'t>(&'t self, end: &'t End) -> LocalBoxFuture<'t, ()> {
        let finishing = async {
            if let Err(error) = self.comparison.ended(end) {
                self.server.talk.error(&format!("{}: {}", self.client.name, error.chain()));
            }
            self.comparison.differences.sum_up();
            if !self.comparison.differences.are_none() {
                self.server.has_failed.set(true);
            }
        };
        finishing.boxed_local()
    }
}

impl ReplayedClient {
    /// Says all that is to be said, when it is time.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    async fn play(&self) -> Result<(), Error> {
        let Some(turns) = self.turns.take() else { return Ok(()) };
        let (heard, queue) = (&self.comparison.heard, &self.client.queue);
        let part = RecordedPart { player: Party::Server, heard, wait: Wait::Forever, talk: &self.server.talk };
        let send = async |batch: Batch| {
            // A client that reads nothing makes its part wait; only the client decides when to give up.
            queue.room().await;
            batch.into_iter().for_each(|input| queue.put(input));
        };
        part.play(turns, &mut Schedule::new(self.speed), send).await.map(drop)
    }
}

/// What was to be played cannot be read any more.
fn unplayable(server: &ServerState, client: &ConnectedClient, error: &Error) {
    server.talk.error(&format!("{}: {}", client.name, error.chain()));
    client.dismiss(Close::new(1011, "the recording cannot be read"));
}
