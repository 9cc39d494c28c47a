//! `wsprobe load`: how many connections a server holds, and how late its messages arrive.
//!
//! [Threads](capacity::threads), each with a runtime, connections and figures of its own: nothing is shared on the way of a
//! message. This thread here starts them, adds up what they have counted once a second, prints it, and ends the run.

mod alarm;
mod capacity;
mod client;
mod deliveries;
pub(crate) mod files;
mod find_rate;
mod hdr_log;
mod histogram;
mod live;
mod measured;
pub(crate) mod merge;
pub(crate) mod output;
pub(crate) mod plan;
mod plot;
pub(crate) mod replies;
mod report;
mod run;
pub(crate) mod schedule;
pub(crate) mod script;
mod script_client;
mod search;
mod tallies;
pub(crate) mod texts;
pub(crate) mod threshold;
pub(crate) mod variables;
mod worker;

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use self::client::CLOSING;
use self::find_rate::find_rate;
use self::plan::LoadOptions;
use self::run::{HEAD_START, LoadRun, LoadStart};
use self::script::PlayedScript;
use crate::client::connector::{Connector, opening};
use crate::dial::prepare::{PreparedRoute, prepare};
use crate::dial::{Route, Trust};
use crate::error::Error;
use crate::message::Close;
use crate::sys::{signals, terminal};
use crate::term::Talk;

/// Runs to the end, and returns the exit status.
pub(crate) fn run(options: &LoadOptions) -> u8 {
    let script = match options.script.as_ref().map(|script| script.read(options.plan.diagnostics)).transpose() {
        Ok(script) => script,
        Err(code) => return code,
    };
    crate::runtime::hold(options.plan.diagnostics, async |talk| load(options, script, talk).await)
}

async fn load(options: &LoadOptions, script: Option<Arc<PlayedScript>>, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = signals::watch().map_err(|source| Error::Local { what: "watch for signals", source })?;
    let connect = &options.plan.connect;
    let prepared = tokio::select! {
        prepared = prepare_all(options) => prepared?,
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    let connections = options.openings.connections();
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = capacity::threads(cpus, connections, prepared.iter().flat_map(|route| &route.peers));
    capacity::check_room(connections, workers, &prepared)?;
    let objection = prepared.iter().find_map(|route| capacity::objection(connections, &connect.target, route));
    if let Some(objection) = objection.filter(|_| !options.is_authorized) {
        agree(&objection, options.may_ask, talk, &mut signals).await?;
    }
    if connect.target.scheme.is_tls() && matches!(connect.route.tls.trust, Trust::Anyone) {
        talk.warn("the server's certificate is not checked (--insecure)");
    }
    if options.plan.retry.wait_for_server.is_some() {
        wait_for_server(options, talk, &mut signals).await?;
    }
    let files = opening(options.files.open(), None, &mut signals).await?;
    if let Some(at) = options.start_at {
        let left = at.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(HEAD_START);
        talk.say(&format!("starting at {}", humantime::format_rfc3339_millis(at)));
        tokio::select! {
            () = sleep(left) => {}
            Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
        }
    }
    let start = LoadStart { options, script, prepared, workers };
    if let Some(limit) = &options.find_rate {
        return find_rate(&start, limit, talk, &mut signals).await;
    }
    let mut run = LoadRun::start(&start, options.model, options.output, files)?;
    let ended = run.watch(&mut signals).await;
    run.finish(talk, ended).await
}

/// Asks whether the owner agrees, where there is somebody to ask.
async fn agree(objection: &str, may_ask: bool, talk: &Talk, signals: &mut mpsc::Receiver<i32>) -> Result<(), Error> {
    let refusal = || Error::Usage(format!("{objection} (`--authorized`)"));
    if !may_ask {
        return Err(refusal());
    }
    talk.warn(&format!("{objection}. Type `yes` if that is so"));
    let answer = tokio::select! {
        answer = tokio::task::spawn_blocking(terminal::read_line) => answer.ok().and_then(Result::ok),
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    if answer.is_some_and(|answer| answer.trim() == "yes") { Ok(()) } else { Err(refusal()) }
}

/// The way from each interface, or the one that the system chooses.
async fn prepare_all(options: &LoadOptions) -> Result<Vec<PreparedRoute>, Error> {
    let connect = &options.plan.connect;
    if options.interfaces.is_empty() {
        return Ok(vec![prepare(&connect.target, &connect.route).await?]);
    }
    let mut prepared = Vec::new();
    for interface in &options.interfaces {
        let family = interface.family().or(connect.route.family);
        let route = Route { origin: Some(interface.clone()), family, ..connect.route.clone() };
        prepared.push(prepare(&connect.target, &route).await?);
    }
    Ok(prepared)
}

/// Makes a connection as soon as that can be done, and leaves again.
async fn wait_for_server(options: &LoadOptions, talk: &Talk, signals: &mut mpsc::Receiver<i32>) -> Result<(), Error> {
    let (socket, _) = Connector::new(&options.plan, None).first(&options.plan.connect, talk, signals).await?;
    let left = async {
        socket.close(&Close::new(1000, "")).await.ok()?;
        while socket.next().await.is_some_and(|came| came.is_ok()) {}
        Some(())
    };
    // It is not this connection that is measured.
    let _ = timeout(CLOSING, left).await;
    Ok(())
}
