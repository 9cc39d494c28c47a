//! `wsprobe run --check` and `--fmt`: scripts that are checked or formatted, and not played.

use crate::error::Error;
use crate::play::files::{Scripts, each, load};
use crate::runtime::{complain, print};
use crate::script::canonical::format;
use crate::term::Talk;
use crate::term::diagnostics::Diagnostics;

/// Scripts that are checked or formatted, and not played.
#[derive(Clone, Debug)]
pub(crate) struct ScriptCheck {
    pub(crate) scripts: Scripts,
    /// Nothing is written.
    pub(crate) checks: bool,
    pub(crate) formats: bool,
    pub(crate) diagnostics: Diagnostics,
}

/// Does what is to be done with scripts that are not played, and returns the exit status.
pub(crate) fn run(check: &ScriptCheck) -> u8 {
    let outcome =
        if check.formats { bring_into_form(check) } else { load(&check.scripts, check.diagnostics).map(drop) };
    outcome.map_or_else(|code| code, |()| 0)
}

fn bring_into_form(check: &ScriptCheck) -> Result<(), u8> {
    let changed = each(&check.scripts, check.diagnostics, |source, _| format(source))?;
    let talk = Talk::on_stderr(check.diagnostics.verbosity, check.diagnostics.colour);
    let mut code = 0;
    for (file, formatted) in changed {
        let is_formatted = file.source == formatted;
        match &file.path {
            _ if check.checks => {
                if !is_formatted {
                    talk.error(&format!("`{}` is not in its canonical form (--fmt)", file.name));
                    code = 1;
                }
            }
            None => code = code.max(print(formatted.as_bytes())),
            Some(path) if !is_formatted => {
                std::fs::write(path, formatted)
                    .map_err(|source| complain(&Error::File { what: "write", path: path.clone(), source }))?;
            }
            Some(_) => {}
        }
    }
    if code == 0 { Ok(()) } else { Err(code) }
}
