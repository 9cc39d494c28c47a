//! The other programs that have the terminal for a while: the editor, and the pager.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::state::{Shared, TerminalHolder};
use crate::input::source::PromptOptions;
use crate::render::json::begins_json;
use crate::term;

/// How long the signals of a program that had the terminal may take to arrive.
const RETURNING: Duration = Duration::from_millis(50);

/// Without it `less` would show colours as escapes; whoever has set it has said what is wanted.
const LESS: &str = "LESS=${LESS-FR}; export LESS; ";

/// Starts them for the prompt.
pub(crate) struct Programs<'a> {
    pub(crate) prompt: &'a PromptOptions,
    pub(crate) shared: &'a Shared,
}

impl Programs<'_> {
    /// What the user makes of a text in the editor.
    ///
    /// # Errors
    /// In words, why nothing came of it.
    pub(crate) fn edit(&self, text: &str) -> Result<String, String> {
        let told = |error: std::io::Error| error.to_string();
        // Editors know by the name how to colour and indent.
        let suffix = if begins_json(text) { ".json" } else { ".txt" };
        // For nobody else to read, and gone when dropped.
        let mut file = tempfile::Builder::new().prefix("wsprobe-").suffix(suffix).tempfile().map_err(told)?;
        file.write_all(text.as_bytes()).map_err(told)?;
        let command = format!("{} \"$1\"", self.prompt.editor);
        let status = self.lending(|| {
            // Stdin is the line editor's.
            let terminal = term::own_terminal()?;
            Command::new("sh").args(["-c", &command, "sh"]).arg(file.path()).stdin(terminal).status()
        });
        match status {
            Ok(status) if status.success() => {
                let text = std::fs::read_to_string(file.path()).map_err(told)?;
                Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
            }
            Ok(status) => Err(format!("`{}` ended with {status}", self.prompt.editor)),
            Err(error) => Err(format!("`{}`: {error}", self.prompt.editor)),
        }
    }

    /// Shows a page in the pager, which has the screen to itself meanwhile.
    ///
    /// # Errors
    /// In words, why it cannot be run.
    pub(crate) fn page(&self, page: &str) -> Result<(), String> {
        let command = format!("{LESS}{}", self.prompt.pager);
        let show = || -> std::io::Result<()> {
            let mut pager = Command::new("sh").args(["-c", &command]).stdin(Stdio::piped()).spawn()?;
            if let Some(mut stdin) = pager.stdin.take() {
                // Who has seen enough closes the pager before its end.
                let _ = stdin.write_all(page.as_bytes());
            }
            pager.wait().map(drop)
        };
        self.lending(show).map_err(|error| format!("cannot run the pager `{}`: {error}", self.prompt.pager))
    }

    /// Lets another program have the terminal, and the signals of its keys.
    fn lending<T>(&self, run: impl FnOnce() -> T) -> T {
        self.shared.hand_terminal(TerminalHolder::Program);
        // Between two lines it is still in the mode of the line editor.
        term::restore_terminal();
        let ran = run();
        // The Ctrl-C that ended it may still be on its way through the thread of the signals.
        std::thread::sleep(RETURNING);
        self.shared.hand_terminal(TerminalHolder::Nobody);
        ran
    }
}
