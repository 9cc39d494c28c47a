//! What is to be done: the options of all parts together, with no trace of how they were typed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::connect;
use crate::error::Error;
use crate::event::{Batch, ClientName};
use crate::front::cutter::Cut;
use crate::front::link::Patience;
use crate::front::listen;
use crate::front::listen::role::Cast;
use crate::front::run;
use crate::front::scripts::Scripts;
use crate::recording::check::Ignored;
use crate::recording::pace::Speed;
use crate::render::Look;
use crate::render::record::Secrets;
use crate::script::variables::Variables;
use crate::session::{self, Wait};
use crate::term::Verbosity;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Job {
    Connect(Box<Plan>),
    /// The same, but the target is a server of our own, started for the occasion.
    Demo(Box<Plan>),
    Listen(Box<Service>),
    Care(Box<Care>),
    Replay(Box<Replay>),
    /// A recording, or that of one client, is to become a script.
    ToScript {
        file: PathBuf,
        client: Option<ClientName>,
    },
    Run(Box<Suite>),
    Print(Vec<u8>),
}

/// Scripts that are checked or formatted, and not played.
#[derive(Clone, Debug)]
pub(crate) struct Care {
    pub(crate) scripts: Scripts,
    /// Nothing is written.
    pub(crate) checks: bool,
    pub(crate) formats: bool,
    pub(crate) voice: Voice,
}

/// Scripts to be played.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    pub(crate) scripts: Scripts,
    pub(crate) variables: Variables,
    /// Only those whose path has one of these in it, if there are any.
    pub(crate) filter: Vec<String>,
    /// How many are played at once.
    pub(crate) jobs: usize,
    /// How often each is played.
    pub(crate) repeat: u32,
    /// The first that fails ends them all.
    pub(crate) fail_fast: bool,
    /// The limit of each.
    pub(crate) timeout: Option<Duration>,
    pub(crate) close_timeout: Duration,
    pub(crate) reports: Vec<run::report::Wanted>,
    pub(crate) record: Option<(PathBuf, Secrets)>,
    pub(crate) voice: Voice,
    /// Whether a line on stderr tells how far they are.
    pub(crate) progress: bool,
}

/// One run as a server.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// `--script`: it is the work that is done with each client, once it is read.
    pub(crate) script: Option<Cast>,
    pub(crate) options: listen::Options,
    pub(crate) source: Source,
    pub(crate) look: Look,
    pub(crate) record: Option<PathBuf>,
    pub(crate) voice: Voice,
}

impl Service {
    /// The files that it reads while it runs.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Path> {
        let scripts = self.script.iter().flat_map(|cast| cast.scripts.paths.iter().map(PathBuf::as_path));
        let recording = match &self.options.work {
            listen::Work::Replay(replay) => Some(replay.recording.path()),
            _ => None,
        };
        scripts.chain(recording)
    }
}

/// One run against one server.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) connect: connect::Options,
    /// `-x`: sent before anything else.
    pub(crate) first: Batch,
    pub(crate) source: Source,
    pub(crate) session: session::Options,
    pub(crate) patience: Patience,
    pub(crate) look: Look,
    pub(crate) record: Option<PathBuf>,
    pub(crate) voice: Voice,
    /// What of a line for curl has no place here.
    pub(crate) dropped: Vec<String>,
    /// `--timeout`: the limit for all of it.
    pub(crate) timeout: Option<Duration>,
    /// `--wait` or `--wait-idle` was given: where there is no input, it has ended before it began.
    pub(crate) ends_without_input: bool,
}

/// A recording that is to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) plan: Plan,
    pub(crate) file: PathBuf,
    /// Of a server's recording, the one whose part is played.
    pub(crate) client: Option<ClientName>,
    pub(crate) speed: Speed,
    /// `--wait`: for an answer that was recorded.
    pub(crate) patience: Wait,
    /// `--compare`, and what may differ.
    pub(crate) compare: Option<Ignored>,
}

/// An option of a connection as it stands in a script: without its dashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) option: String,
    pub(crate) value: Option<String>,
}

/// Knows what a URL and the options of a script mean beside those of the command line.
#[derive(Clone, Debug)]
pub(crate) struct Dial(pub(crate) Arc<dyn Dialing>);

pub(crate) trait Dialing: std::fmt::Debug + Send + Sync {
    /// Whether an option takes this value.
    ///
    /// # Errors
    /// In words.
    fn check(&self, given: &Given) -> Result<(), String>;

    /// The plan of a connection: what stands with it goes over what stands in the file's head, and both over the
    /// command line. `dir` is where the files are that a script names.
    ///
    /// # Errors
    /// What can be refused before a socket opens.
    fn plan(&self, url: &str, head: &[Given], own: &[Given], dir: &Path) -> Result<Box<Plan>, Error>;
}

/// Where messages come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The input has ended before it began: `-x`.
    Ended,
    /// There is none: only listen.
    Nothing,
    Pipe(Cut),
    Prompt(Prompt),
}

/// The options of the prompt.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub(crate) history: Option<PathBuf>,
    pub(crate) pager: String,
    pub(crate) editor: String,
    /// Edit lines as vi does.
    pub(crate) vi: bool,
    pub(crate) binary: bool,
    pub(crate) escapes: bool,
    pub(crate) exit_on_close: bool,
}

impl std::ops::Deref for Dial {
    type Target = dyn Dialing;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// How to talk to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) verbosity: Verbosity,
    pub(crate) colour: bool,
}
