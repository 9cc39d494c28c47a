//! The thread of the server whose prompt it is.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::output::PromptOutput;
use super::queue::Queue;
use super::requests::ServerRequest;
use super::thread::PromptThread;
use crate::client::connector::opening;
use crate::client::output::open_record_if;
use crate::error::Error;
use crate::message::Close;
use crate::server::options::ListenOptions;
use crate::server::{ListeningServer, Roster, ServerState};
use crate::term::Talk;

pub(crate) struct Host {
    pub(crate) service: ListenOptions,
    /// Who is there, for the line editor.
    pub(crate) roster: Arc<Roster>,
    pub(crate) context: PromptThread,
    pub(crate) ordered: mpsc::Receiver<ServerRequest>,
}

impl Host {
    /// Serves to the end; the exit status.
    pub(crate) async fn hold(self) -> Result<u8, Error> {
        let Self { service, roster, mut context, ordered } = self;
        let record = opening(open_record_if(service.record.as_ref()), None, &mut context.signals).await?;
        let output = Rc::new(PromptOutput::new(&context, &service.style, record, service.record.as_ref()));
        let talk = Rc::new(context.talk(service.diagnostics));
        let server = ListeningServer::open(&service.options, output.clone(), Rc::clone(&talk), roster)?;
        context.begin();
        let state = Rc::clone(&server.state);
        let handler =
            ServerRequestHandler { state, output: Rc::clone(&output), talk, queue: Arc::clone(&context.queue) };
        // Nothing comes this way: what is typed may be for one alone.
        let (_held, mut inputs) = mpsc::channel(1);
        let code = server.hold(&mut inputs, &mut context.signals, handler.take_orders(ordered)).await?;
        match Rc::into_inner(output) {
            Some(output) => output.finish().await.map(|()| code),
            // Never so, as all tasks have ended.
            None => Ok(code),
        }
    }
}

/// Carries out what is typed.
struct ServerRequestHandler {
    state: Rc<ServerState>,
    output: Rc<PromptOutput>,
    talk: Rc<Talk>,
    queue: Arc<Queue>,
}

impl ServerRequestHandler {
    /// Ends when it is time to leave.
    async fn take_orders(self, mut ordered: mpsc::Receiver<ServerRequest>) {
        while let Some(order) = ordered.recv().await {
            let mut done = Ok(());
            match order {
                ServerRequest::Send(to, input) => done = self.state.send(to, &input),
                ServerRequest::Close(whom, close) => {
                    done = self.state.close(whom, &close.unwrap_or(Close::new(1000, "")))
                }
                ServerRequest::List => self.queue.print(&self.state.list()),
                ServerRequest::Record(request) => self.output.record_to(request, &self.talk).await,
                ServerRequest::Leave => return,
            }
            if let Err(why) = done {
                self.queue.warn(&why);
            }
        }
    }
}
