//! What the command line asks for, and the command that does it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::client::options::ClientOptions;
use crate::commands::check::{CaseChoice, CheckOptions, ShownCase};
use crate::commands::check_scripts::ScriptCheck;
use crate::commands::import::ImportOptions;
use crate::commands::load::merge::MergeOptions;
use crate::commands::load::plan::LoadOptions;
use crate::commands::ping::PingOptions;
use crate::commands::replay::ReplayOptions;
use crate::commands::run::RunOptions;
use crate::error::Error;
use crate::events::ClientName;
use crate::input::source::Source;
use crate::runtime::{complain, print};
use crate::server::options::ListenOptions;
use crate::sys::descriptors;
use crate::target::{Parsed, Target};
use crate::term::diagnostics::Diagnostics;
use crate::term::{self, Talk};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Job {
    Connect(Box<ClientOptions>),
    /// The same, but the target is a built-in server, started for this run.
    Demo(Box<ClientOptions>),
    Listen(Box<ListenOptions>),
    CheckScripts(Box<ScriptCheck>),
    Replay(Box<ReplayOptions>),
    /// Converts a recording, or that of one client, to a script.
    ToScript {
        file: PathBuf,
        client: Option<ClientName>,
    },
    /// Makes a recording of what a browser saved.
    Import(ImportOptions),
    Run(Box<RunOptions>),
    Ping(Box<PingOptions>),
    Load(Box<LoadOptions>),
    /// Adds the logs of several loads.
    MergeLoads(MergeOptions),
    Check(Box<CheckOptions>),
    ListCases(Box<CaseChoice>),
    ShowCase(Box<ShownCase>),
    Print(Vec<u8>),
}

impl Job {
    /// How it tells the user what goes on.
    fn diagnostics(&self) -> Option<Diagnostics> {
        match self {
            Self::Connect(plan) | Self::Demo(plan) => Some(plan.diagnostics),
            Self::Listen(service) => Some(service.diagnostics),
            Self::Replay(replay) => Some(replay.plan.diagnostics),
            Self::CheckScripts(check) => Some(check.diagnostics),
            Self::Run(suite) => Some(suite.diagnostics),
            Self::Check(check) => Some(check.plan.diagnostics),
            Self::Ping(ping) => Some(ping.plan.diagnostics),
            Self::Load(load) => Some(load.plan.diagnostics),
            Self::ToScript { .. }
            | Self::Import(_)
            | Self::MergeLoads(_)
            | Self::ShowCase(_)
            | Self::ListCases(_)
            | Self::Print(_) => None,
        }
    }

    /// Whether something of it may be coloured.
    fn has_colour(&self) -> bool {
        let prints_colour = match self {
            Self::Connect(plan) | Self::Demo(plan) => plan.style.colour,
            Self::Listen(service) => service.style.colour,
            Self::Replay(replay) => replay.plan.style.colour,
            _ => false,
        };
        prints_colour || self.diagnostics().is_some_and(|diagnostics| diagnostics.colour)
    }
}

/// Larger than any message that is likely to be tried.
const DEMO_MESSAGE: usize = 2 << 30;

/// Does what the command line asks for, and returns the exit status.
///
/// `notes` are told where details are wanted; elsewhere the warning is, which they contain.
pub(crate) fn run(job: Job, notes: &[String], warning: Option<&str>) -> u8 {
    if !matches!(job, Job::Print(_))
        && let Err(source) = descriptors::check()
    {
        return complain(&Error::Local { what: "start: there are too few file descriptors (`ulimit -n`)", source });
    }
    if job.has_colour() {
        term::allow_colour();
    }
    if let Some(Diagnostics { verbosity, colour }) = job.diagnostics().filter(|_| !notes.is_empty()) {
        let talk = Talk::on_stderr(verbosity, colour);
        notes.iter().for_each(|note| talk.detail('*', note));
        warning.filter(|_| !talk.is_verbose()).into_iter().for_each(|warning| talk.warn(warning));
    }
    match job {
        Job::Print(page) => print(&page),
        Job::Connect(plan) => connect_as(&plan),
        Job::Listen(mut service) => listen_as(&mut service),
        Job::CheckScripts(check) => crate::commands::check_scripts::run(&check),
        Job::Replay(replay) => replay_as(&replay),
        Job::ToScript { file, client } => crate::commands::record_to_script::run(&file, client),
        Job::Import(import) => crate::commands::import::run(&import),
        Job::Run(suite) => crate::commands::run::run(&suite),
        Job::Ping(ping) => crate::commands::ping::run(&ping),
        Job::Load(load) => crate::commands::load::run(&load),
        Job::MergeLoads(merge) => crate::commands::load::merge::run(&merge),
        Job::Check(check) => crate::commands::check::run(&check),
        Job::ShowCase(shown) => crate::commands::check::show(&shown),
        Job::ListCases(choice) => crate::commands::check::list(&choice),
        Job::Demo(mut plan) => match crate::server::demo::echo_aside(DEMO_MESSAGE) {
            Ok(port) => {
                plan.connect.target = here(port);
                connect_as(&plan)
            }
            Err(source) => complain(&Error::Local { what: "start the demo's server", source }),
        },
    }
}

fn connect_as(plan: &ClientOptions) -> u8 {
    match &plan.source {
        Source::Prompt(prompt) => crate::commands::prompt::run(plan, prompt),
        _ => crate::commands::pipe::run(plan),
    }
}

fn replay_as(replay: &ReplayOptions) -> u8 {
    let mut record = replay.plan.record.iter();
    match record
        .try_for_each(|record| crate::client::output_file::check_not_read(&record.path, [replay.file.as_path()]))
    {
        Ok(()) => crate::commands::replay::run(replay),
        Err(error) => complain(&error),
    }
}

fn listen_as(service: &mut ListenOptions) -> u8 {
    if let Some(record) = &service.record
        && let Err(error) = crate::client::output_file::check_not_read(&record.path, service.reads())
    {
        return complain(&error);
    }
    if let Some(script) = &service.script {
        match script.read(service.diagnostics) {
            Ok(script) => service.options.work = Arc::new(script),
            Err(code) => return code,
        }
    }
    match &service.source {
        Source::Prompt(prompt) => crate::commands::prompt::host(service, prompt),
        _ => crate::commands::listen::run(service),
    }
}

pub(crate) fn here(port: u16) -> Target {
    Parsed::from_text(&format!("ws://127.0.0.1:{port}/")).expect("an address and a port are a URL").target
}
