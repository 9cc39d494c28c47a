//! What a run as a server needs.

use std::path::{Path, PathBuf};

use super::server_script::ServerScript;
use crate::input::source::Source;
use crate::render::OutputStyle;
use crate::server;
use crate::term::diagnostics::Diagnostics;

/// One run as a server.
#[derive(Clone, Debug)]
pub(crate) struct ListenOptions {
    /// `--script`: it is the work that is done with each client, once it is read.
    pub(crate) script: Option<ServerScript>,
    pub(crate) options: server::Options,
    pub(crate) source: Source,
    pub(crate) look: OutputStyle,
    pub(crate) record: Option<PathBuf>,
    pub(crate) diagnostics: Diagnostics,
}

impl ListenOptions {
    /// The files that it reads while it runs.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Path> {
        let scripts = self.script.iter().flat_map(|cast| cast.scripts.paths.iter().map(PathBuf::as_path));
        let recording = match &self.options.work {
            server::Work::Replay(replay) => Some(replay.recording.path()),
            _ => None,
        };
        scripts.chain(recording)
    }
}
