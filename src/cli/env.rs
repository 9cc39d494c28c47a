//! The environment, read once.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use crate::sys::{file, streams};

/// What of the environment matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env {
    pub(crate) stdin_is_terminal: bool,
    /// It is /dev/null, or closed: then there is no input.
    pub(crate) stdin_is_absent: bool,
    pub(crate) stdout_is_terminal: bool,
    pub(crate) stderr_is_terminal: bool,
    /// `TERM=dumb`, or no `TERM` at all.
    pub(crate) terminal_is_dumb: bool,
    /// The terminal wraps rows anew when its width changes, as most do.
    pub(crate) terminal_wraps_anew: bool,
    no_color: bool,
    force_color: bool,
    /// Where the file of profiles is (XDG Base Directory Specification).
    pub(crate) config_dir: Option<PathBuf>,
    /// Where the prompt's history is kept (XDG Base Directory Specification).
    pub(crate) state_dir: Option<PathBuf>,
    /// A command for the shell.
    pub(crate) pager: String,
    /// `VISUAL`, `EDITOR`, or vi: a command for the shell.
    pub(crate) editor: String,
    /// The variable that names the proxy to ws://, and what it says.
    pub(crate) ws_proxy: Option<(&'static str, String)>,
    /// The same to wss://.
    pub(crate) wss_proxy: Option<(&'static str, String)>,
    pub(crate) no_proxy: String,
    /// `~/.netrc`
    pub(crate) netrc: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    /// The file that readline reads.
    inputrc: Option<PathBuf>,
}

impl Env {
    /// The same for who prints to a command, which is no terminal.
    pub(super) fn without_stdout(&self) -> Self {
        Self { stdout_is_terminal: false, ..self.clone() }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| var(name).map(|value| value.to_string_lossy().into_owned());
        let first = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, text(name)?)));
        // A web server passes the `Proxy` header of its client to a CGI program in this variable.
        let http_proxy = if var("REQUEST_METHOD").is_some() { "http_proxy" } else { "HTTP_PROXY" };
        let home = |path| var("HOME").map(|home| PathBuf::from(home).join(path));
        let state = var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let state = state.or_else(|| home(".local/state"));
        let config = var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let config = config.or_else(|| home(".config"));
        let inputrc = var("INPUTRC").map(PathBuf::from).or_else(|| home(".inputrc"));
        Self {
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdin_is_absent: streams::stdin_is_absent(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            terminal_is_dumb: var("TERM").is_none_or(|term| term == "dumb"),
            terminal_wraps_anew: var("TMUX").is_some()
                || !keeps_rows(text("TERM").as_deref(), |name| var(name).is_some()),
            no_color: var("NO_COLOR").is_some(),
            force_color: var("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            config_dir: config.map(|path| path.join("wsprobe")),
            state_dir: state.map(|path| path.join("wsprobe")),
            pager: text("PAGER").unwrap_or_else(|| "less -FR".to_owned()),
            editor: text("VISUAL").or_else(|| text("EDITOR")).unwrap_or_else(|| "vi".to_owned()),
            ws_proxy: first(&["ws_proxy", "WS_PROXY", "http_proxy", http_proxy, "all_proxy", "ALL_PROXY"]),
            wss_proxy: first(&["wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: text("no_proxy").or_else(|| text("NO_PROXY")).unwrap_or_default(),
            netrc: home(".netrc"),
            home: var("HOME").map(PathBuf::from),
            inputrc,
        }
    }

    /// Whether readline's file says `set editing-mode vi`. Only a prompt has a reason to ask.
    pub(crate) fn inputrc_wants_vi(&self) -> bool {
        self.inputrc.as_deref().is_some_and(wants_vi)
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

/// Whether a terminal leaves rows as they are when its width changes: xterm, GNU Screen, st and the Linux console do.
fn keeps_rows(term: Option<&str>, is_set: impl Fn(&str) -> bool) -> bool {
    is_set("XTERM_VERSION") || is_set("STY") || term.is_some_and(|term| term == "linux" || term.starts_with("st-"))
}

/// Whether readline's file sets vi mode; it is read for this one setting.
fn wants_vi(inputrc: &Path) -> bool {
    // What is no file may keep everybody waiting who starts wsprobe.
    let text = if inputrc.is_file() { file::read_to_string(inputrc).unwrap_or_default() } else { String::new() };
    let mut modes = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("set") && words.next() == Some("editing-mode")).then(|| words.next().unwrap_or_default())
    });
    modes.next_back().is_some_and(|mode| mode.eq_ignore_ascii_case("vi"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vi_mode_is_found_in_inputrc() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inputrc");
        for (text, is_vi) in [
            ("", false),
            ("# set editing-mode vi", false),
            ("set bell-style none\n set  editing-mode vi\n", true),
            ("set editing-mode vi\nset editing-mode emacs", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(wants_vi(&path), is_vi, "{text}");
        }
        assert!(!wants_vi(&dir.path().join("none")));
    }

    #[test]
    fn terminals_that_leave_rows_as_they_are_are_known() {
        for (term, set, keeps) in [
            ("xterm-256color", "", false),
            ("xterm-256color", "XTERM_VERSION", true),
            ("screen-256color", "STY", true),
            ("linux", "", true),
            ("st-256color", "", true),
            ("xterm-kitty", "", false),
        ] {
            assert_eq!(keeps_rows(Some(term), |name| name == set), keeps, "{term} {set}");
        }
    }

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
