//! `wsprobe import`: the WebSockets in a HAR file as a recording, on stdout.

use std::path::PathBuf;

use regex::Regex;

use crate::error::Error;
use crate::recording::har::HarFile;
use crate::term::{self, Talk, Verbosity};

/// What to import.
#[derive(Debug)]
pub(crate) struct ImportOptions {
    pub(crate) file: PathBuf,
    /// Which WebSockets.
    pub(crate) url: Option<Regex>,
}

/// Runs to the end, and returns the exit status.
pub(crate) fn run(options: &ImportOptions) -> u8 {
    let print = |page: &[u8]| term::print(page).map_err(Error::stdout);
    match HarFile::open(&options.file).and_then(|har| har.records(options.url.as_ref(), print)) {
        Ok(0) => 0,
        Ok(left_out) => {
            let talk = Talk::on_stderr(Verbosity::NORMAL, false);
            talk.say(&format!("left out: {left_out} control frames, or errors of the browser"));
            0
        }
        Err(error) => crate::runtime::complain(&error),
    }
}
