//! `--script`: a script for each client, in which we are the server.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::ServerState;
use super::clients::ConnectedClient;
use super::server_script::LoadedServerScript;
use crate::events::{Batch, Opened};
use crate::message::Close;
use crate::play::{Inbox, PlayContext, Player, ScriptConnection, StepFault};
use crate::script::judge::OpeningAnswer;

/// A script on its way to be played with one client.
pub(crate) struct ScriptedClient<'s> {
    script: &'s LoadedServerScript,
    line: Rc<Inbox>,
    connection: ScriptConnection,
}

impl<'s> ScriptedClient<'s> {
    /// The client is the connection without a name; what it asked with takes the place of a server's answer.
    pub(crate) fn new(
        script: &'s LoadedServerScript,
        opened: &Opened,
        inputs: mpsc::Sender<Result<Batch, String>>,
        close_timeout: Duration,
    ) -> Self {
        let line = Rc::new(Inbox::new("client"));
        let connection = ScriptConnection::of(Rc::clone(&line), inputs, OpeningAnswer::to_us(opened), close_timeout);
        Self { script, line, connection }
    }

    pub(crate) fn line(&self) -> Rc<Inbox> {
        Rc::clone(&self.line)
    }

    /// Plays it, until it ends or the client is to go; a failure is told, and remembered.
    pub(crate) async fn play<O>(self, floor: &ServerState<O>, member: &ConnectedClient) {
        let LoadedServerScript { file, variables, dial } = self.script;
        let mut stage = PlayContext::new(file, variables, dial.clone(), Rc::clone(&floor.talk));
        stage.close_timeout = floor.options.session.ending.close_timeout;
        stage.closes.1 = Close::new(1011, "the script failed");
        let stopped = async {
            member.dismissed().await;
            StepFault::stopped()
        };
        let played = Player::on(&stage, self.connection).play(stopped).await;
        match played {
            Ok(()) => floor.talk.say(&format!("{}: {} passed", member.name, file.name)),
            Err(failure) if failure.is_of_stop() => {}
            Err(failure) => {
                floor.has_failed.set(true);
                floor.talk.error(&format!("{}: {} failed", member.name, file.name));
                floor.talk.page(&failure.shown(&file.name, floor.talk.has_colour()));
            }
        }
    }
}
