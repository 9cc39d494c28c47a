//! The pipe: stdin to the socket, the socket to stdout.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::client::connector::Connector;
use crate::client::options::ClientOptions;
use crate::client::output::{StreamOutput, open_record_if};
use crate::client::output_buffer::OutputBuffer;
use crate::client::report;
use crate::error::Error;
use crate::events::{End, EventKind};
use crate::input::command::ClientInput;
use crate::input::source::Source;
use crate::input::splitter::Border;
use crate::input::stdin::{self, Stdin};
use crate::runtime::{deadline, watch_signals};
use crate::session::{self, Outcome, Outlet as _, Progress};
use crate::sys::process_group::PipedShell;
use crate::term::Talk;

/// Runs to the end, and returns the exit status.
pub(crate) fn run(plan: &ClientOptions) -> u8 {
    crate::runtime::hold(plan.diagnostics, async |talk| converse(plan, talk).await)
}

async fn converse(plan: &ClientOptions, talk: &Rc<Talk>) -> Result<u8, Error> {
    let mut signals = watch_signals()?;
    let until = deadline(plan.timeout);
    let mut link = Connector::new(plan, until);
    let record = link.opening(open_record_if(plan.record.as_ref()), &mut signals).await?;
    let (output, mut command) = open(plan, record, talk)?;
    let mut connected = tokio::select! {
        connected = link.first(&plan.connect, talk, &mut signals) => connected,
        () = output.gone() => return Ok(0),
    };
    let verdict = plan.expected_status.and_then(|expected| report::verdict(talk, expected, &connected));
    let mut stdin = None;
    let mut options = plan.session.clone();
    options.ending.deadline = until;
    let mut progress = Progress::new(&options.ending);
    let outcome = loop {
        let (socket, opened) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                report::unsent(talk, progress.backlog.messages());
                output.put_now(error.event().into());
                output.finish().await?;
                return verdict.ok_or(error);
            }
        };
        report::opened(talk, &opened);
        report::resuming(talk, progress.backlog.messages());
        output.put_now(EventKind::Open(Box::new(opened)));
        // Input waits until the first connection is there.
        let stdin = match &mut stdin {
            Some(stdin) => stdin,
            none => none.insert(start_input(plan, command.take(), talk)?),
        };
        let first = plan.first.clone();
        let opened_at = Instant::now();
        let outcome = session::pump::run(socket, first, &mut progress, stdin, &mut signals, &output, &options).await;
        let Some(next) = link.after(&outcome, opened_at.elapsed()) else {
            if plan.retry.reconnect.is_some() && !outcome.wanted {
                report::unsent(talk, progress.backlog.messages());
            }
            break outcome;
        };
        output.put_all(report::lost(talk, plan, &outcome, &next));
        // What has come so far is shown before a pause that may be long.
        let _ = output.flush().await;
        let at = tokio::time::Instant::now() + next.after;
        connected = tokio::select! {
            connected = link.again(at, &plan.connect, talk, &mut signals) => connected,
            () = output.gone() => return output.finish().await.map(|()| 0),
        };
    };

    output.put_all(report::ended(talk, plan, &outcome));
    output.finish_after(&outcome.end, &mut signals).await?;
    let code = ended(stdin, &outcome, options.ending.close_timeout, &mut signals).await?;
    // What was accepted and should not have been is no better for a good end.
    Ok(verdict.filter(|code| *code > 0).unwrap_or(code))
}

/// The exit status of a session; after a good end, that of a command.
async fn ended(
    input: Option<ClientInput>,
    outcome: &Outcome,
    close_timeout: Duration,
    signals: &mut mpsc::Receiver<i32>,
) -> Result<u8, Error> {
    let in_haste = matches!(outcome.end, End::Interrupted(_) | End::TimedOut);
    let Some(input) = input else { return Ok(outcome.exit_code()) };
    let failed = tokio::select! {
        // ssh interrupts its ProxyCommand while that ends by itself.
        biased;
        failed = input.finish(if in_haste { Duration::ZERO } else { close_timeout }) => failed,
        Some(signal) = signals.recv() => return Err(Error::Interrupted(signal)),
    };
    Ok(if outcome.exit_code() == 0 { failed } else { outcome.exit_code() })
}

/// A command that is still to be started, and where it will write to.
type WaitingCommand = (PipedShell, File);

/// Opens where events go: to stdout, or to a command.
fn open(
    plan: &ClientOptions,
    record: Option<OutputBuffer>,
    talk: &Rc<Talk>,
) -> Result<(StreamOutput, Option<WaitingCommand>), Error> {
    let Source::Command(line, _) = &plan.source else {
        return StreamOutput::new(&plan.style, record, talk).map(|output| (output, None));
    };
    let (command, input, output) = PipedShell::new(line).map_err(not_started)?;
    Ok((StreamOutput::to_pipe(input, &plan.style, record, talk), Some((command, output))))
}

fn not_started(source: io::Error) -> Error {
    Error::Local { what: "start the command (--exec)", source }
}

/// Starts to read what is to be sent.
fn start_input(plan: &ClientOptions, command: Option<WaitingCommand>, talk: &Talk) -> Result<ClientInput, Error> {
    if let (Source::Command(_, cut), Some((command, output))) = (&plan.source, command) {
        return ClientInput::of_command(command, output, cut.clone()).map_err(not_started);
    }
    start_stdin(plan, talk).map(ClientInput::from)
}

fn start_stdin(plan: &ClientOptions, talk: &Talk) -> Result<Stdin, Error> {
    let nothing = || if plan.ends_without_input { Stdin::Ended } else { Stdin::Silent };
    let cut = match &plan.source {
        Source::Ended => return Ok(Stdin::Ended),
        Source::Pipe(cut) => cut.clone(),
        Source::Nothing | Source::Prompt(_) | Source::Command(..) => return Ok(nothing()),
    };
    match stdin::open() {
        Ok(Some(file)) => {
            if file.is_terminal() && !plan.style.for_terminal && cut.border != Border::Nowhere {
                talk.say("this is the pipe, not the prompt, since stdout is no terminal: each line is sent as it is, Ctrl-D ends them");
            }
            Stdin::new(file, cut).map_err(|source| Error::Local { what: "start to read stdin", source })
        }
        // After -x there is nothing more to send; without it there is only listening.
        _ if !plan.first.is_empty() => Ok(Stdin::Ended),
        Ok(None) => Ok(nothing()),
        Err(error) => {
            talk.say(&format!("stdin cannot be read ({error}); listening only"));
            Ok(nothing())
        }
    }
}
