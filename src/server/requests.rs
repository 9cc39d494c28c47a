//! What is typed at a server's prompt, carried out: to one client or to all of them.

use std::fmt::Write as _;
use std::rc::Rc;

use tokio::time::sleep;

use super::clients::ConnectedClient;
use super::state::ServerState;
use crate::events::{Addressee, ClientName, Event, EventKind, Input};
use crate::message::{Close, Direction};
use crate::render::local_time;

/// The longest list that is shown.
const LISTED: usize = 100;

impl ServerState {
    /// Sends to one, or to all who are there just now.
    ///
    /// # Errors
    /// A message for the user with the clients that did not get it. Slow clients are not closed: the user sees this, and can try again.
    pub(crate) fn send(&self, to: Addressee, input: &Input) -> Result<(), String> {
        let client = match to {
            Addressee::All if self.acceptor.upstream.is_some() => {
                return Err("not sent: /to #1 and /to server tell for which side of the relay it is".to_owned());
            }
            Addressee::All => None,
            Addressee::Client(name) => Some(name),
            Addressee::Server(name) => {
                return self.send_upstream(name, input).map_err(|why| format!("not sent: {why}"));
            }
        };
        let members = self.addressed(client).map_err(|why| format!("not sent: {why}"))?;
        let (busy, ready): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.queue.is_full());
        ready.iter().for_each(|member| member.queue.put(input.clone()));
        if busy.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = busy.iter().take(LISTED).map(|member| member.name.to_string()).collect();
        Err(format!("not sent to {}: too much is queued for it already", names.join(", ")))
    }

    /// Sends to the server of a relay, on the connection of this client, or of the only one.
    fn send_upstream(&self, name: Option<ClientName>, input: &Input) -> Result<(), String> {
        let members = self.addressed(name)?;
        let [member] = &members[..] else {
            let first = members[0].name;
            return Err(format!("there are several clients; /to server{first} is for the connection of the first"));
        };
        let upstream = member.upstream.get().ok_or("only a relay has a server (--forward)")?;
        if upstream.is_full() {
            return Err("too much is queued for the server already".to_owned());
        }
        upstream.put(input.clone());
        if let Input::Message(message) = input {
            // Nobody else shows what was not a client's.
            let what = EventKind::Message(Direction::Out, message.clone());
            self.output.put_dyn(Event { client: Some(member.name), is_upstream: true, ..Event::now(what) });
        }
        Ok(())
    }

    /// Closes the connection of one, or of all, after what was sent before.
    ///
    /// # Errors
    /// A message for the user, if there is nobody.
    pub(crate) fn close(&self, whom: Option<ClientName>, close: &Close) -> Result<(), String> {
        let wait = self.close_timeout;
        for member in self.addressed(whom)? {
            member.queue.put(Input::Close(Some(close.clone())));
            let close = close.clone();
            tokio::task::spawn_local(async move {
                // A client that does not read what was sent before loses it.
                sleep(wait).await;
                member.dismiss(close);
            });
        }
        Ok(())
    }

    /// Who is there, a line for each.
    pub(crate) fn list(&self) -> String {
        let members = self.clients.members();
        if members.is_empty() {
            return "no client is connected".to_owned();
        }
        let width = members.last().map_or(0, |last| last.name.to_string().len());
        let mut list: Vec<_> = members.iter().take(LISTED).map(|member| described(member, width)).collect();
        if members.len() > LISTED {
            list.push(format!("… and {} more", members.len() - LISTED));
        }
        list.join("\n")
    }

    fn addressed(&self, whom: Option<ClientName>) -> Result<Vec<Rc<ConnectedClient>>, String> {
        match whom {
            Some(name) => {
                let member = self.clients.member(name);
                Ok(vec![member.ok_or_else(|| format!("there is no client {name}; /clients lists the connected ones"))?])
            }
            None => {
                let members = self.clients.members();
                if members.is_empty() { Err("no client is connected".to_owned()) } else { Ok(members) }
            }
        }
    }
}

fn described(member: &ConnectedClient, width: usize) -> String {
    let (name, since) = (member.name.to_string(), local_time(member.since));
    let mut line = format!("{name:width$}  {}  since {}", member.about, since.split('.').next().unwrap_or(&since));
    write!(line, ", {} received, {} sent", member.received.get(), member.sent.get()).expect("a String takes all");
    line
}
