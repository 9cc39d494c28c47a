//! What a run as a server needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::script::ServerScript;
use super::tls::ServerIdentity;
use super::work::ClientWork;
use crate::client::output_file::Destination;
use crate::events::Batch;
use crate::handshake::admission::Admission;
use crate::input::source::Source;
use crate::message::Message;
use crate::render::OutputStyle;
use crate::session;
use crate::term::diagnostics::Diagnostics;
use crate::wire::Limits;

/// One run as a server.
#[derive(Clone, Debug)]
pub(crate) struct ListenOptions {
    /// `--script`: it is the work that is done with each client, once it is read.
    pub(crate) script: Option<ServerScript>,
    pub(crate) options: Options,
    pub(crate) source: Source,
    pub(crate) style: OutputStyle,
    pub(crate) record: Option<Destination>,
    pub(crate) diagnostics: Diagnostics,
}

/// How to be a server.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) address: Address,
    pub(crate) identity: Option<ServerIdentity>,
    /// `--no-http2`
    pub(crate) http2: bool,
    pub(crate) admission: Admission,
    pub(crate) has_page: bool,
    pub(crate) delay: Duration,
    /// `--frames`
    pub(crate) traced: bool,
    /// Large messages are handed over in parts.
    pub(crate) parts: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) max_clients: Option<usize>,
    pub(crate) limits: Limits,
    /// What is done with the clients, besides showing what they say.
    pub(crate) work: Arc<dyn ClientWork>,
    /// Sent to each client as soon as it is connected.
    pub(crate) greeting: Batch,
    pub(crate) ticks: Vec<(Duration, Message)>,
    pub(crate) session: session::options::Options,
}

impl ListenOptions {
    /// The files that it reads while it runs.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Path> {
        let scripts = self.script.iter().flat_map(|script| script.scripts.paths.iter().map(PathBuf::as_path));
        scripts.chain(self.options.work.reads())
    }
}
