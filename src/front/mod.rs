//! The ends that a user sees: the pipe, the prompt, and the server behind `demo`.
//!
//! Owns threads, input and the order of a run; what happens on the connection belongs to `session`.

mod pipe;
mod repl;
mod report;
pub(crate) mod serve;
mod signals;
mod spool;
pub(crate) mod stdin;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::connect::{self, connect};
use crate::dial::{Stream, Trust};
use crate::error::Error;
use crate::event::Opened;
use crate::plan::{Job, Plan, Source};
use crate::target::{Parsed, Target};
use crate::term::{self, Talk};
use crate::wire::Socket;

/// Does what the command line asks for, and returns the exit status.
pub(crate) fn run(job: Job) -> u8 {
    match job {
        Job::Print(page) => print(&page),
        Job::Connect(plan) => connect_as(&plan),
        Job::Demo(mut plan) => match serve::Server::echo() {
            Ok(server) => {
                plan.connect.target = here(server.port());
                connect_as(&plan)
            }
            Err(source) => complain(&Error::Local { what: "start the demo's server", source }),
        },
    }
}

/// Tells what is wrong with the command line, or with what a run needs before it can begin.
pub(crate) fn complain(error: &Error) -> u8 {
    Talk::on_stderr(term::Verbosity::Normal, false).error(&error.chain());
    error.exit_code()
}

fn connect_as(plan: &Plan) -> u8 {
    if plan.voice.colour || plan.look.colour {
        term::allow_colour();
    }
    match &plan.source {
        Source::Prompt(prompt) => repl::run(plan, prompt),
        _ => pipe::run(plan),
    }
}

fn print(page: &[u8]) -> u8 {
    match term::print(page) {
        Ok(()) => 0,
        Err(source) => complain(&Error::Local { what: "write to stdout", source }),
    }
}

fn here(port: u16) -> Target {
    Parsed::from_text(&format!("ws://127.0.0.1:{port}/")).expect("an address and a port are a URL").target
}

/// A runtime for one task: as fast as one for many, and sooner there.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|source| Error::Local { what: "start the runtime", source })
}

/// When `--timeout` runs out.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// Connects, unless a signal or the end of the run's time comes first.
async fn connecting(
    options: &connect::Options,
    talk: &Talk,
    signals: &mut mpsc::Receiver<i32>,
    limit: Option<(Instant, Duration)>,
) -> Result<(Socket<Stream>, Opened), Error> {
    if options.target.scheme.is_tls() && matches!(options.route.trust, Trust::Anyone) {
        talk.warn("the server's certificate is not checked (--insecure)");
    }
    let trace = |trace: connect::Trace<'_>| report::trace(talk, &trace);
    let run_out = async {
        match limit {
            Some((at, _)) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    let connected = tokio::select! {
        connected = connect(options, &trace) => connected?,
        () = run_out => {
            let after = limit.map_or(Duration::ZERO, |(_, after)| after);
            return Err(Error::TimedOut { step: "connecting", after, option: "--timeout" });
        }
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    report::opened(talk, &connected.1);
    Ok(connected)
}
