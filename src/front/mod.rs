//! The ends that a user sees: the pipe, the prompt, the server, scripts, and recordings that are sent again.
//!
//! Owns threads, input and the order of a run; what happens on the connection belongs to `session`.

pub(crate) mod cutter;
mod descriptors;
mod group;
pub(crate) mod link;
pub(crate) mod listen;
mod output;
mod output_file;
mod pipe;
pub(crate) mod play;
mod repl;
mod replay;
mod report;
pub(crate) mod run;
pub(crate) mod scripts;
pub(crate) mod serve;
mod signals;
mod spool;
pub(crate) mod stdin;

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use self::listen::Work;
use crate::error::Error;
use crate::plan::{Care, Job, Plan, Replay, Service, Source, Suite, Voice};
use crate::target::{Parsed, Target};
use crate::term::{self, Talk};

/// Larger than what anyone tries out.
const DEMO_MESSAGE: usize = 2 << 30;

/// Does what the command line asks for, and returns the exit status.
pub(crate) fn run(job: Job) -> u8 {
    if !matches!(job, Job::Print(_))
        && let Err(error) = descriptors::check()
    {
        return complain(&error);
    }
    match job {
        Job::Print(page) => print(&page),
        Job::Connect(plan) => connect_as(&plan),
        Job::Listen(mut service) => listen_as(&mut service),
        Job::Care(care) => care_as(&care),
        Job::Replay(replay) => replay_as(&replay),
        Job::ToScript { file, client } => replay::script::run(&file, client),
        Job::Run(suite) => run_as(&suite),
        Job::Demo(mut plan) => match listen::echo_aside(DEMO_MESSAGE) {
            Ok(port) => {
                plan.connect.target = here(port);
                connect_as(&plan)
            }
            Err(source) => complain(&Error::Local { what: "start the demo's server", source }),
        },
    }
}

/// Tells what is wrong with the command line, or with what a run needs before it can begin.
pub(crate) fn complain(error: &Error) -> u8 {
    Talk::on_stderr(term::Verbosity::NORMAL, false).error(&error.chain());
    error.exit_code()
}

fn connect_as(plan: &Plan) -> u8 {
    if plan.voice.colour || plan.look.colour {
        term::allow_colour();
    }
    if !plan.dropped.is_empty() {
        let talk = Talk::on_stderr(plan.voice.verbosity, plan.voice.colour);
        talk.detail('*', &format!("dropped from curl's line: {}", plan.dropped.join(", ")));
    }
    match &plan.source {
        Source::Prompt(prompt) => repl::run(plan, prompt),
        _ => pipe::run(plan),
    }
}

fn replay_as(replay: &Replay) -> u8 {
    if replay.plan.voice.colour || replay.plan.look.colour {
        term::allow_colour();
    }
    let mut record = replay.plan.record.iter();
    match record.try_for_each(|record| output_file::check_not_read(record, [replay.file.as_path()])) {
        Ok(()) => replay::run(replay),
        Err(error) => complain(&error),
    }
}

fn listen_as(service: &mut Service) -> u8 {
    if service.voice.colour || service.look.colour {
        term::allow_colour();
    }
    if let Some(record) = &service.record
        && let Err(error) = output_file::check_not_read(record, service.reads())
    {
        return complain(&error);
    }
    if let Some(cast) = &service.script {
        match cast.read(service.voice) {
            Ok(script) => service.options.work = Work::Script(Box::new(script)),
            Err(code) => return code,
        }
    }
    match &service.source {
        Source::Prompt(prompt) => repl::host(service, prompt),
        _ => listen::run(service),
    }
}

fn care_as(care: &Care) -> u8 {
    if care.voice.colour {
        term::allow_colour();
    }
    scripts::care(care)
}

fn run_as(suite: &Suite) -> u8 {
    if suite.voice.colour {
        term::allow_colour();
    }
    run::run(suite)
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

/// Holds a conversation without a prompt to its end, and returns the exit status.
fn hold(voice: Voice, converse: impl AsyncFnOnce(&Rc<Talk>) -> Result<u8, Error>) -> u8 {
    let talk = Rc::new(Talk::on_stderr(voice.verbosity, voice.colour));
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error),
    };
    // In a box: it has many kilobytes, and each function that passes it on would have a copy on the stack.
    let code = runtime.block_on(Box::pin(converse(&talk))).unwrap_or_else(|error| {
        report::not_connected(&talk, &error);
        error.exit_code()
    });
    // The process ends now. A resolver or a read of the roots may still be under way, and nothing has to be taken down.
    std::mem::forget(runtime);
    code
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
