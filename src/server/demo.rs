//! A server that sends every message back, on a thread of its own: what `demo` talks to.

use std::future::pending;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::ListeningServer;
use super::address::Address;
use super::echo::EchoWork;
use super::options::Options;
use crate::events::{Batch, Event};
use crate::handshake::admission::Admission;
use crate::session::{self, Echo, Gone, KeepaliveOptions, Outlet};
use crate::term::{Talk, Verbosity};
use crate::wire::Limits;

/// Starts a server on a thread of its own that sends every message back, for `demo` and for tests; returns its port.
pub(crate) fn echo_aside(max_message: usize) -> std::io::Result<u16> {
    let (told, port) = std::sync::mpsc::channel();
    let serve = move || {
        let runtime = match crate::runtime::runtime() {
            Ok(runtime) => runtime,
            Err(error) => return drop(told.send(Err(std::io::Error::other(error)))),
        };
        LocalSet::new().block_on(&runtime, async {
            let silent = Rc::new(Talk::to(Verbosity::QUIET, false, "", drop));
            match ListeningServer::open(&Options::echo(max_message), Rc::new(Nowhere), silent, Arc::default()) {
                Ok(server) => {
                    let _ = told.send(Ok(server.state.address.port()));
                    let (_inputs, mut no_inputs) = mpsc::channel(1);
                    let (_signals, mut no_signals) = mpsc::channel(1);
                    let _ = server.hold(&mut no_inputs, &mut no_signals, pending()).await;
                }
                Err(error) => drop(told.send(Err(std::io::Error::other(error)))),
            }
        });
    };
    std::thread::Builder::new().name("server".to_owned()).spawn(serve)?;
    port.recv().unwrap_or_else(|gone| Err(std::io::Error::other(gone)))
}

impl Options {
    /// The server of `demo`: everything comes back, to whoever asks from this machine.
    fn echo(max_message: usize) -> Self {
        Self {
            address: Address::Inet((Ipv4Addr::LOCALHOST, 0).into()),
            identity: None,
            http2: false,
            admission: Admission::compressing(),
            has_page: true,
            delay: Duration::ZERO,
            traced: false,
            parts: false,
            handshake_timeout: Duration::from_secs(10),
            max_clients: None,
            limits: Limits { max_message, pongs: true },
            work: Arc::new(EchoWork),
            greeting: Batch::new(),
            ticks: Vec::new(),
            session: session::options::Options::of_a_server(
                Echo::InOrder,
                Duration::from_secs(5),
                KeepaliveOptions::default(),
            ),
        }
    }
}

/// For a server whose events nobody wants to see.
struct Nowhere;

impl Outlet for Nowhere {
    async fn room(&self) -> Result<(), Gone> {
        Ok(())
    }

    fn put(&self, _: Event) {}

    async fn flush(&self) -> Result<(), Gone> {
        Ok(())
    }

    fn takes_runs(&self) -> bool {
        true
    }

    fn wants_sent(&self) -> bool {
        false
    }

    async fn gone(&self) {
        pending().await
    }
}
