//! The line editor: what rustyline asks of us while a line is typed, and how it is set up.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crossterm::style::{Color, Stylize as _};
use rustyline::completion::{Completer, FilenameCompleter};
use rustyline::config::{BellStyle, Config, Configurer as _};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ColorMode, CompletionType, Context, EditMode, Editor, EventHandler, Helper, KeyCode, KeyEvent, Modifiers,
    Result,
};

use super::display::Screen;
use super::state::{Shared, Standing};
use crate::command::{self, Completes};

const HISTORY_LINES: usize = 10_000;

/// The editor with our helper and a history file.
pub(super) type LineEditor = Editor<Assistant, FileHistory>;

/// Sets the editor up.
pub(super) fn editor(screen: Arc<Screen>, shared: Arc<Shared>, colour: bool, vi: bool) -> Result<LineEditor> {
    let mut config = Config::builder()
        .max_history_size(HISTORY_LINES)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        // A list that asks "more?" would keep the display waiting, and Ctrl-C out.
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .completion_prompt_limit(usize::MAX)
        // Without it, a lone Escape would stop the display for ever.
        .keyseq_timeout(Some(50))
        .edit_mode(if vi { EditMode::Vi } else { EditMode::Emacs })
        // Without it `highlight_prompt`, which the display needs, is never called. Colours are for the helper to decide.
        .color_mode(ColorMode::Forced)
        .bell_style(BellStyle::None);
    config.enable_bracketed_paste(true);
    let mut editor = Editor::with_config(config.build())?;
    editor.set_helper(Some(Assistant { screen, shared, colour, files: FilenameCompleter::new() }));
    let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
    editor.bind_sequence(alt_enter, EventHandler::Simple(Cmd::Newline));
    Ok(editor)
}

/// Loads the history; without one it just begins.
pub(super) fn load_history(editor: &mut LineEditor, path: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(dir) = path.parent() {
        let _ = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    }
    let _ = editor.load_history(path);
}

/// Remembers a line, also for the next session.
pub(super) fn remember(editor: &mut LineEditor, path: Option<&Path>, line: &str) {
    let is_new = editor.add_history_entry(line).unwrap_or(false);
    if let Some(path) = path.filter(|_| is_new) {
        // A history that cannot be kept is no reason to bother who types.
        let _ = editor.append_history(path);
    }
}

/// Answers the editor, and tells the display what the editor is doing.
pub(super) struct Assistant {
    screen: Arc<Screen>,
    shared: Arc<Shared>,
    colour: bool,
    files: FilenameCompleter,
}

impl Helper for Assistant {}

impl Validator for Assistant {
    fn validate(&self, typed: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if continues(typed.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Assistant {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<String> {
        // The first call comes with raw mode on: from now on the printer goes through the editor.
        self.screen.open();
        self.shared.keep_line(line);
        if pos < line.len() || !line.starts_with('/') {
            return None;
        }
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let entry = command::find(name).filter(|_| rest.is_empty())?;
        let gap = if line.contains(' ') { "" } else { " " };
        Some(format!("{gap}{}", entry.arguments)).filter(|hint| !hint.trim().is_empty())
    }
}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_default: bool) -> Cow<'b, str> {
        // Under another prompt, that of a search, the editor takes nothing to show.
        if !is_default {
            return Cow::Borrowed(prompt);
        }
        self.screen.paint();
        // As wide as the prompt, which the editor has measured; it must tell without colour too.
        let (mark, colour) = match self.shared.standing() {
            Standing::Open => (prompt, Color::DarkGreen),
            Standing::Reconnecting => ("~ ", Color::DarkYellow),
            Standing::Closed => ("! ", Color::DarkRed),
        };
        if self.colour { Cow::Owned(mark.with(colour).to_string()) } else { Cow::Owned(mark.to_owned()) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colour { Cow::Owned(hint.dark_grey().to_string()) } else { Cow::Borrowed(hint) }
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let typed = &line[..pos];
        if !typed.starts_with('/') || typed.starts_with("//") {
            return Ok((pos, Vec::new()));
        }
        let names = || command::TABLE.iter().map(|entry| entry.name);
        let Some((name, rest)) = typed.split_once(' ') else { return Ok((0, beginning_with(typed, names()))) };
        let start = pos - rest.len();
        Ok(match command::find(name).map_or(Completes::Nothing, |entry| entry.completes) {
            Completes::Nothing => (pos, Vec::new()),
            Completes::Words(words) => (start, beginning_with(rest, words.iter().copied())),
            Completes::Commands => (start, beginning_with(rest, names().map(|name| &name[1..]))),
            Completes::Files => {
                let (start, files) = self.files.complete_path(line, pos)?;
                (start, files.into_iter().map(|file| file.replacement).collect())
            }
        })
    }
}

fn beginning_with<'w>(typed: &str, words: impl Iterator<Item = &'w str>) -> Vec<String> {
    words.filter(|word| word.starts_with(typed)).map(str::to_owned).collect()
}

/// Whether a line is the beginning of a JSON object or array whose end is missing.
///
/// An empty line ends it all the same: who wants to send half an object can.
fn continues(typed: &str) -> bool {
    if !typed.trim_start().starts_with(['{', '[']) || typed.ends_with('\n') {
        return false;
    }
    let (mut depth, mut in_string, mut is_escaped) = (0_u32, false, false);
    for c in typed.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => match depth.checked_sub(1) {
                Some(less) => depth = less,
                // It closes more than it opens: no more lines will mend that.
                None => return false,
            },
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_goes_on_until_it_closes_or_an_empty_line_ends_it() {
        for typed in ["{", "[1,", r#"{"a":"}"#, "{\"a\": [\n1", r#"{"a":"\"}"#] {
            assert!(continues(typed), "{typed}");
        }
        for typed in ["", "hello {", "{}", "[1,2]", "{\"a\":\n1}", "{]}", "}{", "{\n", "/binary {"] {
            assert!(!continues(typed), "{typed}");
        }
    }
}
