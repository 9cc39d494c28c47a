//! `--script`: a script for each client, in which we are the server.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Floor;
use super::hub::Member;
use crate::error::Error;
use crate::event::{Batch, Close, Opened};
use crate::front::complain;
use crate::front::play::{Connection, Fault, File, Line, Player, Stage};
use crate::front::scripts::{self, Scripts};
use crate::plan::{Dial, Voice};
use crate::script::judge::Answer;
use crate::script::variables::Variables;

/// The script that each client is to get.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) scripts: Scripts,
    pub(crate) variables: Variables,
}

/// The script that each client gets.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) file: File,
    pub(crate) variables: Variables,
    /// For the connections that it opens itself.
    pub(crate) dial: Dial,
}

impl Cast {
    /// # Errors
    /// The exit status, when all that is wrong has been told.
    pub(in crate::front) fn read(&self, voice: Voice) -> Result<Script, u8> {
        let Self { scripts, variables } = self;
        match <[_; 1]>::try_from(scripts::load(scripts, voice)?) {
            Ok([(file, script)]) => {
                Ok(Script { file: File::new(&file, script), variables: variables.clone(), dial: scripts.dial.clone() })
            }
            Err(_) => Err(complain(&Error::Usage("`--script <FILE>` takes one script, and no folder".to_owned()))),
        }
    }
}

/// A script on its way to be played with one client.
pub(super) struct Role<'s> {
    script: &'s Script,
    line: Rc<Line>,
    connection: Connection,
}

impl<'s> Role<'s> {
    /// The client is the connection without a name; what it asked with takes the place of a server's answer.
    pub(super) fn new(
        script: &'s Script,
        opened: &Opened,
        inputs: mpsc::Sender<Result<Batch, String>>,
        close_timeout: Duration,
    ) -> Self {
        let line = Rc::new(Line::new("client"));
        let connection = Connection::of(Rc::clone(&line), inputs, Answer::to_us(opened), close_timeout);
        Self { script, line, connection }
    }

    pub(super) fn line(&self) -> Rc<Line> {
        Rc::clone(&self.line)
    }

    /// Plays it, until it ends or the client is to go; a failure is told, and remembered.
    pub(super) async fn play<O>(self, floor: &Floor<O>, member: &Member) {
        let Script { file, variables, dial } = self.script;
        let mut stage = Stage::new(file, variables, dial.clone(), Rc::clone(&floor.talk));
        stage.close_timeout = floor.options.session.ending.close_timeout;
        stage.closes.1 = Close::new(1011, "the script failed");
        let stopped = async {
            member.dismissed().await;
            Fault::stopped()
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
