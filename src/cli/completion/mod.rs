//! What a shell offers at Tab: a script for each shell, which asks wsprobe itself for the candidates.

mod candidates;

use clap::ValueEnum;

pub(super) use self::candidates::offered;

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
            Self::Bash => include_str!("../../../completions/wsprobe.bash"),
            Self::Elvish => include_str!("../../../completions/wsprobe.elv"),
            Self::Fish => include_str!("../../../completions/wsprobe.fish"),
            Self::Powershell => include_str!("../../../completions/_wsprobe.ps1"),
            Self::Zsh => include_str!("../../../completions/_wsprobe"),
        }
    }
}
