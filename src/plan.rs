//! What is to be done: the options of all parts together, with no trace of how they were typed.

use std::path::PathBuf;
use std::time::Duration;

use crate::connect;
use crate::event::{Batch, ClientName};
use crate::front::link::Patience;
use crate::front::listen;
use crate::front::scripts::Scripts;
use crate::front::stdin::Cut;
use crate::recording::check::Ignored;
use crate::recording::pace::Speed;
use crate::render::Look;
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

/// One run as a server.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) options: listen::Options,
    pub(crate) source: Source,
    pub(crate) look: Look,
    pub(crate) record: Option<PathBuf>,
    pub(crate) voice: Voice,
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

/// How to talk to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) verbosity: Verbosity,
    pub(crate) colour: bool,
}
