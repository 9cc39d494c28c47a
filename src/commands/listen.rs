//! `wsprobe listen` without a prompt.

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::LocalSet;

use crate::client::connector::opening;
use crate::client::output::{StreamOutput, open_record_if};
use crate::client::report;
use crate::error::Error;
use crate::input::source::Source;
use crate::input::stdin::{self, Stdin};
use crate::runtime::runtime;
use crate::runtime::watch_signals;
use crate::server::ListeningServer;
use crate::server::options::ListenOptions;
use crate::term::Talk;

/// Runs to the end, and returns the exit status.
pub(crate) fn run(service: &ListenOptions) -> u8 {
    let talk = Rc::new(Talk::on_stderr(service.diagnostics.verbosity, service.diagnostics.colour));
    let ran = runtime().and_then(|runtime| {
        let ran = LocalSet::new().block_on(&runtime, serve(service, &talk));
        runtime.shutdown_background();
        ran
    });
    ran.unwrap_or_else(|error| {
        report::not_connected(&talk, &error);
        error.exit_code()
    })
}

pub(crate) async fn serve(service: &ListenOptions, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = watch_signals()?;
    let record = opening(open_record_if(service.record.as_ref()), None, &mut signals).await?;
    let output = Rc::new(StreamOutput::new(&service.style, record, talk)?);
    let mut stdin = match (&service.source, stdin::open()) {
        (Source::Pipe(cut), Ok(Some(file))) => {
            Stdin::new(file, cut.clone()).map_err(|source| Error::Local { what: "start to read stdin", source })?
        }
        _ => Stdin::Silent,
    };
    let server = ListeningServer::open(&service.options, output.clone(), Rc::clone(talk), Arc::default())?;
    let code = server.hold(&mut stdin, &mut signals, pending()).await?;
    let finished = match Rc::into_inner(output) {
        Some(output) => output.finish().await,
        // Does not happen, because all tasks have ended; otherwise, their events would be lost.
        None => Ok(()),
    };
    finished.map(|()| code)
}
