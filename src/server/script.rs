//! `--script`: a script for each client, in which we are the server.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::answers::HttpAnswers;
use super::clients::ConnectedClient;
use super::state::ServerState;
use super::work::{ClientTask, ClientWork, NewClient};
use crate::error::Error;
use crate::events::{End, Event};
use crate::message::Close;
use crate::play::files::{self, Scripts};
use crate::play::planner::ConnectionPlanner;
use crate::play::{Inbox, LoadedScript, PlayContext, Player, ScriptConnection, StepFault};
use crate::runtime::complain;
use crate::script::judge::OpeningAnswer;
use crate::script::variables::Variables;
use crate::session::{Gone, Outlet as _};
use crate::term::diagnostics::Diagnostics;

/// The script that each client is to get.
#[derive(Clone, Debug)]
pub(crate) struct ServerScript {
    pub(crate) scripts: Scripts,
    pub(crate) variables: Variables,
}

/// The script that each client gets.
#[derive(Debug)]
struct LoadedServerScript {
    file: LoadedScript,
    variables: Variables,
    /// For the connections that it opens itself.
    dial: ConnectionPlanner,
}

#[derive(Debug)]
pub(crate) struct ScriptWork(Arc<LoadedServerScript>);

/// A script that is played with one client.
struct ScriptedClient {
    script: Arc<LoadedServerScript>,
    server: Rc<ServerState>,
    client: Rc<ConnectedClient>,
    inbox: Rc<Inbox>,
    /// Until it is played.
    connection: Cell<Option<ScriptConnection>>,
}

impl ServerScript {
    /// # Errors
    /// The exit status, when all that is wrong has been told.
    pub(crate) fn read(&self, diagnostics: Diagnostics) -> Result<ScriptWork, u8> {
        let Self { scripts, variables } = self;
        match <[_; 1]>::try_from(files::load(scripts, diagnostics)?) {
            Ok([(file, script)]) => Ok(ScriptWork(Arc::new(LoadedServerScript {
                file: LoadedScript::new(&file, script),
                variables: variables.clone(),
                dial: scripts.dial.clone(),
            }))),
            Err(_) => Err(complain(&Error::Usage("`--script <FILE>` takes a single script, not a folder".to_owned()))),
        }
    }
}

impl ClientWork for ScriptWork {
    fn answers(&self) -> Option<HttpAnswers> {
        HttpAnswers::of(&self.0.file, &self.0.variables)
    }

    /// The client is the connection without a name; what it asked with takes the place of a server's answer.
    fn begin(&self, new: &mut NewClient<'_>) -> Box<dyn ClientTask> {
        let inbox = Rc::new(Inbox::new("client"));
        let limits = (new.server.close_timeout, new.server.acceptor.limits.max_message);
        let (inputs, answer) = (new.inputs.clone(), OpeningAnswer::to_us(new.opened));
        let connection = ScriptConnection::of(Rc::clone(&inbox), inputs, answer, limits);
        Box::new(ScriptedClient {
            script: Arc::clone(&self.0),
            server: Rc::clone(new.server),
            client: Rc::clone(new.client),
            inbox,
            connection: Cell::new(Some(connection)),
        })
    }
}

impl ClientTask for ScriptedClient {
    fn room(&self) -> Option<LocalBoxFuture<'_, Result<(), Gone>>> {
        self.inbox.is_full().then(|| self.inbox.room().boxed_local())
    }

    fn hear(&self, event: &Event) {
        self.inbox.put(event.clone());
    }

    fn wants_sent(&self) -> bool {
        true
    }

    fn attend<'t>(&'t self, session: LocalBoxFuture<'t, Rc<End>>) -> LocalBoxFuture<'t, Rc<End>> {
        let session = async {
            let end = session.await;
            self.inbox.ended(Rc::clone(&end));
            end
        };
        async { tokio::join!(session, self.play()).0 }.boxed_local()
    }
}

impl ScriptedClient {
    /// Plays it, until it ends or the client is to go; a failure is told, and remembered.
    async fn play(&self) {
        let Some(connection) = self.connection.take() else { return };
        let (LoadedServerScript { file, variables, dial }, talk) = (&*self.script, &self.server.talk);
        let mut context = PlayContext::new(file, variables, dial.clone(), Rc::clone(talk));
        context.close_timeout = self.server.close_timeout;
        context.closes.1 = Close::new(1011, "the script failed");
        let stopped = async {
            self.client.dismissed().await;
            StepFault::stopped()
        };
        match Player::on(&context, connection).play(stopped).await {
            Ok(()) => talk.say(&format!("{}: {} passed", self.client.name, file.name)),
            Err(failure) if failure.is_of_stop() => {}
            Err(failure) => {
                self.server.has_failed.set(true);
                talk.error(&format!("{}: {} failed", self.client.name, file.name));
                talk.page(&failure.shown(&file.name, talk.has_colour()));
            }
        }
    }
}
