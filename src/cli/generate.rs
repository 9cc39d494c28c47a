//! Shell completions and the man page, made from the definition of the command line.

use clap::{Command, Subcommand};
use clap_complete::Shell;

use super::manual;

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Completions for a shell
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// The man page, in troff
    Man,
}

impl What {
    pub(super) fn generate(&self, mut command: Command) -> Vec<u8> {
        let mut page = Vec::new();
        match self {
            Self::Completions { shell } => clap_complete::generate(*shell, &mut command, "wsprobe", &mut page),
            Self::Man => return manual::page(command),
        }
        page
    }
}
