//! What a shell offers at Tab: a script for each shell, which asks wsprobe itself for the candidates.

mod candidates;

use clap::ValueEnum;

pub(super) use self::candidates::candidates;

/// A shell that has a script.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    pub(super) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("wsprobe.bash"),
            Self::Elvish => include_str!("wsprobe.elv"),
            Self::Fish => include_str!("wsprobe.fish"),
            Self::Powershell => include_str!("_wsprobe.ps1"),
            Self::Zsh => include_str!("_wsprobe"),
        }
    }
}
