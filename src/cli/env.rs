//! The environment, read once.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// What of the environment matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env {
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) stderr_is_terminal: bool,
    /// `TERM=dumb`, or no `TERM` at all.
    pub(crate) terminal_is_dumb: bool,
    no_color: bool,
    force_color: bool,
    /// Where the prompt's history is kept (XDG Base Directory Specification).
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) pager: Option<OsString>,
}

impl Env {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || var("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        let state = var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
        Self {
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            terminal_is_dumb: var("TERM").is_none_or(|term| term == "dumb"),
            no_color: var("NO_COLOR").is_some(),
            force_color: var("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            state_dir: state.map(|path| path.join("wsprobe")),
            pager: var("PAGER"),
        }
    }

    /// A secret that was given as `env:NAME`.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn secret(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// Whether a stream gets colour when nobody asked for it or against it.
    ///
    /// The order is that of <https://bixense.com/clicolors/>.
    pub(crate) fn colours(&self, stream_is_terminal: bool) -> bool {
        !self.no_color && (self.force_color || stream_is_terminal && !self.terminal_is_dumb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_wins_over_force_and_force_over_no_terminal() {
        let env =
            |no_color, force_color, terminal_is_dumb| Env { no_color, force_color, terminal_is_dumb, ..Env::default() };
        assert!(env(false, false, false).colours(true));
        assert!(!env(false, false, false).colours(false));
        assert!(!env(false, false, true).colours(true));
        assert!(env(false, true, true).colours(false));
        assert!(!env(true, true, false).colours(true));
    }
}
