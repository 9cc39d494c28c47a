//! `wsprobe import`: its options, and what they mean.

use std::path::PathBuf;

use clap::Args;
use regex::Regex;

use crate::app::Job;
use crate::commands::import::ImportOptions;
use crate::text::patterns::glob;

/// All that `wsprobe import` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ImportArgs {
    /// The HAR file that a browser's developer tools saved
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Import the WebSockets whose URL matches; `*` is anything: `--url 'wss://app.example/*'`
    ///
    /// A URL is also matched without its query. If several match, their connections follow each other in the recording,
    /// in the order of the file. Without this option, all of them have to have the same URL, apart from the query.
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    url: Option<Regex>,
}

impl ImportArgs {
    pub(super) fn job(self) -> Job {
        Job::Import(ImportOptions { file: self.file, url: self.url })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
fn pattern(text: &str) -> Result<Regex, std::convert::Infallible> {
    Ok(glob(text))
}
