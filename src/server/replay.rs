//! `--replay`: the server's part of a recording, played to each client.

use std::cell::Cell;

use super::send_queue::SendQueue;
use crate::error::Error;
use crate::events::{Batch, End, Event};
use crate::play::comparison::{Comparison, Differences};
use crate::play::recorded_part::RecordedPart;
use crate::recording::check::{AnswerCheck, Ignored};
use crate::recording::pace::{Schedule, Speed};
use crate::recording::{Party, Recording, Turns};
use crate::session::Wait;
use crate::term::Talk;

/// What is played to the clients.
#[derive(Clone, Debug)]
pub(crate) struct ServerReplay {
    pub(crate) recording: Recording,
    pub(crate) speed: Speed,
    /// `--compare`, and what may differ.
    pub(crate) compare: Option<Ignored>,
}

/// The server's part for one client.
pub(crate) struct ReplayedClient<'r> {
    turns: Cell<Option<Turns>>,
    speed: Speed,
    hearing: Comparison<'r>,
    talk: &'r Talk,
}

impl ServerReplay {
    /// The part for the client with this number: the first gets the first recorded connection, and after the last it
    /// begins again.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) fn to<'r>(
        &self,
        number: u32,
        findings: &'r Differences<'r>,
        talk: &'r Talk,
    ) -> Result<ReplayedClient<'r>, Error> {
        let connections = self.recording.connections();
        let connection = connections[(number as usize - 1) % connections.len()];
        let turns = || self.recording.turns(connection, Party::Server);
        let check = match &self.compare {
            Some(ignored) => Some(AnswerCheck::new(turns()?, Party::Client, ignored.clone())),
            None => None,
        };
        let hearing = Comparison::new(check, findings);
        Ok(ReplayedClient { turns: Cell::new(Some(turns()?)), speed: self.speed, hearing, talk })
    }
}

impl ReplayedClient<'_> {
    /// Says all that is to be said, when it is time.
    ///
    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) async fn play(&self, client: &SendQueue) -> Result<(), Error> {
        let Some(turns) = self.turns.take() else { return Ok(()) };
        let heard = &self.hearing.heard;
        let part = RecordedPart { player: Party::Server, heard, patience: Wait::Forever, talk: self.talk };
        let send = async |batch: Batch| {
            // A client that takes nothing makes its part wait; who gives up is the client's to say.
            client.room().await;
            batch.into_iter().for_each(|input| client.put(input));
        };
        part.play(turns, &mut Schedule::new(self.speed), send).await.map(drop)
    }

    pub(crate) fn hear(&self, event: &Event) {
        self.hearing.hear(event);
    }

    /// # Errors
    /// The recording cannot be read any more.
    pub(crate) fn ended(self, end: &End) -> Result<(), Error> {
        self.hearing.ended(end)
    }
}
