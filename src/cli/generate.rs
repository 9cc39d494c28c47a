//! Shell completions and the man pages, made from the definition of the command line.

use clap::{Command, Subcommand};
use clap_complete::Shell;

use super::manual;
use crate::error::Error;

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Completions for a shell
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// A manual page in troff: that of a command, or that of wsprobe
    Man {
        /// A command that has options of its own: listen, load, ping, record-to-script, replay
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

impl What {
    /// # Errors
    /// There is no such page.
    pub(super) fn generate(&self, mut command: Command) -> Result<Vec<u8>, Error> {
        match self {
            Self::Completions { shell } => {
                let mut page = Vec::new();
                clap_complete::generate(*shell, &mut command, "wsprobe", &mut page);
                Ok(page)
            }
            Self::Man { command: None } => Ok(manual::page(command)),
            Self::Man { command: Some(name) } => manual::page_of(command, name),
        }
    }
}
