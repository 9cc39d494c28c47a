//! The line editor: what rustyline asks of us while a line is typed, and how it is set up.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::style::Stylize as _;
use rustyline::completion::Completer;
use rustyline::config::{BellStyle, Config, Configurer as _};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, ColorMode, CompletionType, Context, Editor, EventHandler, Helper, KeyCode, KeyEvent, Modifiers, Result,
};

use super::Shared;
use super::display::Screen;
use crate::command;

const HISTORY_LINES: usize = 10_000;

/// The editor with our helper and a history file.
pub(super) type LineEditor = Editor<Assistant, FileHistory>;

/// Sets the editor up.
pub(super) fn editor(screen: Arc<Screen>, shared: Arc<Shared>, colour: bool) -> Result<LineEditor> {
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
        // Without it `highlight_prompt`, which the display needs, is never called. Colours are for the helper to decide.
        .color_mode(ColorMode::Forced)
        .bell_style(BellStyle::None);
    config.enable_bracketed_paste(true);
    let mut editor = Editor::with_config(config.build())?;
    editor.set_helper(Some(Assistant { screen, shared, colour }));
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
}

impl Helper for Assistant {}
impl Validator for Assistant {}

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
        let entry = command::TABLE.iter().find(|entry| entry.name == name && rest.is_empty())?;
        let gap = if line.contains(' ') { "" } else { " " };
        Some(format!("{gap}{}", entry.arguments)).filter(|hint| !hint.trim().is_empty())
    }
}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_default: bool) -> Cow<'b, str> {
        // Under another prompt, that of a search, the editor takes nothing to show.
        if is_default {
            self.screen.paint();
        }
        if !self.colour || !is_default {
            return Cow::Borrowed(prompt);
        }
        let is_open = self.shared.is_open.load(Ordering::Relaxed);
        Cow::Owned(if is_open { prompt.dark_green() } else { prompt.dark_red() }.to_string())
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colour { Cow::Owned(hint.dark_grey().to_string()) } else { Cow::Borrowed(hint) }
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let typed = &line[..pos];
        if !typed.starts_with('/') || typed.contains(' ') {
            return Ok((pos, Vec::new()));
        }
        let names = command::TABLE.iter().map(|entry| entry.name).filter(|name| name.starts_with(typed));
        Ok((0, names.map(str::to_owned).collect()))
    }
}

/// Whether the session still runs; the prompt's colour tells.
pub(super) fn new_state() -> AtomicBool {
    AtomicBool::new(true)
}
