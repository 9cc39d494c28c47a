//! Shell completions and the man pages, made from the definition of the command line.

use std::ffi::OsString;

use super::completion::{self, Shell};
use super::env::Env;
use super::schema::SCHEMA;
use super::{manual, profile};
use crate::error::Error;
use crate::sys::file;
use clap::{Command, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Completions for a shell
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// A manual page in troff: that of a command, or that of wsprobe
    Man {
        /// A command that has options of its own, such as `listen`, or `json` for the page about records and reports
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// The JSON Schema of records and reports
    ///
    /// wsprobe-json(5) explains them.
    Schema,
    /// What the scripts of the shells ask for
    #[command(hide = true)]
    Candidates {
        /// The cursor is after the last word, where a new one begins
        #[arg(long)]
        new_word: bool,
        #[arg(last = true)]
        words: Vec<OsString>,
    },
}

impl What {
    /// # Errors
    /// There is no such page.
    pub(super) fn generate(self, command: Command, env: &Env) -> Result<Vec<u8>, Error> {
        match self {
            Self::Completions { shell } => Ok(shell.script().into()),
            Self::Candidates { new_word, mut words } => {
                words.extend(new_word.then(OsString::new));
                Ok(completion::offered(command, words, &known_urls(env)))
            }
            Self::Schema => Ok(SCHEMA.into()),
            Self::Man { command: None } => Ok(manual::page(command)),
            Self::Man { command: Some(name) } => manual::page_of(command, &name),
        }
    }
}

/// The profiles, and what was connected to at the prompt, the last first; a URL with a secret is not kept whole.
fn known_urls(env: &Env) -> Vec<String> {
    let history =
        env.state_dir.as_ref().and_then(|dir| file::read_regular(&dir.join("history")).ok()).unwrap_or_default();
    let history = String::from_utf8_lossy(&history);
    let mut urls = profile::names(env);
    for url in history.lines().rev().filter_map(|line| line.strip_prefix("/connect ")).map(str::trim) {
        if !url.is_empty() && !url.contains("***") && !urls.iter().any(|known| known == url) {
            urls.push(url.to_owned());
        }
    }
    urls
}
