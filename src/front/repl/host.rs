//! The thread of the server whose prompt it is.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::output::Output;
use super::queue::Queue;
use super::stage::Stage;
use crate::error::Error;
use crate::event::{ClientName, Close, Input};
use crate::front::link::opening;
use crate::front::listen::{Floor, Roster, Server};
use crate::front::output::open_record_if;
use crate::plan::Service;
use crate::term::Talk;

/// What the typist wants.
#[derive(Debug)]
pub(super) enum Order {
    /// To one, or to all.
    Send(Option<ClientName>, Input),
    /// Of one, or of all.
    Close(Option<ClientName>, Option<Close>),
    List,
    Record(Option<PathBuf>),
    Leave,
}

pub(super) struct Host {
    pub(super) service: Service,
    /// Who is there, for the line editor.
    pub(super) roster: Arc<Roster>,
    pub(super) stage: Stage,
    pub(super) ordered: mpsc::Receiver<Order>,
}

impl Host {
    /// Serves to the end; the exit status.
    pub(super) async fn hold(self) -> Result<u8, Error> {
        let Self { service, roster, mut stage, ordered } = self;
        let record = opening(open_record_if(service.record.as_deref()), None, &mut stage.signals).await?;
        let output = Rc::new(Output::new(&stage, &service.look, record));
        let talk = Rc::new(stage.talk(service.voice));
        let server = Server::open(&service.options, Rc::clone(&output), Rc::clone(&talk), roster)?;
        stage.begin();
        let floor = Rc::clone(&server.floor);
        let desk = Desk { floor, output: Rc::clone(&output), talk, queue: Arc::clone(&stage.queue) };
        // Nothing comes this way: what is typed may be for one alone.
        let (_held, mut inputs) = mpsc::channel(1);
        let code = server.hold(&mut inputs, &mut stage.signals, desk.take_orders(ordered)).await?;
        match Rc::into_inner(output) {
            Some(output) => output.finish().await.map(|()| code),
            // Never so, as all tasks have ended.
            None => Ok(code),
        }
    }
}

/// Carries out what is typed.
struct Desk {
    floor: Rc<Floor<Output>>,
    output: Rc<Output>,
    talk: Rc<Talk>,
    queue: Arc<Queue>,
}

impl Desk {
    /// Ends when it is time to leave.
    async fn take_orders(self, mut ordered: mpsc::Receiver<Order>) {
        while let Some(order) = ordered.recv().await {
            let mut done = Ok(());
            match order {
                Order::Send(to, input) => done = self.floor.send(to, &input),
                Order::Close(whom, close) => done = self.floor.close(whom, &close.unwrap_or(Close::new(1000, ""))),
                Order::List => self.queue.print(&self.floor.list()),
                Order::Record(path) => self.output.record_to(path, &self.talk).await,
                Order::Leave => return,
            }
            if let Err(why) = done {
                self.queue.say(&why);
            }
        }
    }
}
