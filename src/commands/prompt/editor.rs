//! The line editor: what rustyline asks of us while a line is typed, and how it is set up.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use crossterm::style::Stylize as _;
use rustyline::completion::Completer;
use rustyline::config::{BellStyle, Config, Configurer as _};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::SearchDirection;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    CharSearch, Cmd, ColorMode, CompletionType, ConditionalEventHandler, Context, EditMode, Editor, Event,
    EventContext, EventHandler, Helper, KeyCode, KeyEvent, Modifiers, Movement, RepeatCount, Result,
};
use unicode_width::UnicodeWidthStr as _;

use super::arguments;
use super::command_table::{self, Completes};
use super::display::Screen;
use super::files;
use super::fold::{self, InputRoom};
use super::mark::PromptMark;
use super::reflow::DrawnInput;
use super::state::{InputFit, Shared, SignalKey};
use super::typed_lines::{TakeKey, TypedLines, WalkKey};
use crate::render::json::{begins_json, typed};
use crate::sys::signals;
use crate::term;
use crate::wire::frame::Side;

/// The columns that the prompt takes at least.
pub(crate) const MARK_WIDTH: usize = 2;

/// A longer line is not looked through at each key, in bytes.
const LONGEST_JSON: usize = 64 << 10;

/// The editor with our helper; `history` keeps its lines.
pub(crate) type LineEditor = Editor<Assistant, TypedLines>;

/// Sets the editor up.
pub(crate) fn editor(assistant: Assistant, vi: bool, lines: &TypedLines) -> Result<LineEditor> {
    let mut config = Config::builder()
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
    let mut editor = Editor::with_history(config.build(), lines.clone())?;
    let shared = Arc::clone(&assistant.shared);
    editor.set_helper(Some(assistant));
    let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
    editor.bind_sequence(alt_enter, EventHandler::Simple(Cmd::Newline));
    bind_walks(&mut editor, lines);
    bind_suggestions(&mut editor);
    bind_ours(&mut editor, &shared);
    Ok(editor)
}

/// The keys that the editor alone would not take as they are meant.
fn bind_ours(editor: &mut LineEditor, shared: &Arc<Shared>) {
    let interrupt = InterruptKey(Arc::clone(shared));
    editor.bind_sequence(KeyEvent::ctrl('C'), EventHandler::Conditional(Box::new(interrupt)));
    if let Some(key) = term::suspend_key() {
        let stop = StopKey(Arc::clone(shared));
        editor.bind_sequence(KeyEvent::new(key, Modifiers::NONE), EventHandler::Conditional(Box::new(stop)));
    }
    for key in [KeyEvent(KeyCode::Backspace, Modifiers::NONE), KeyEvent::ctrl('H')] {
        let handler = EventHandler::Conditional(Box::new(DeleteKey(Arc::clone(shared))));
        editor.bind_sequence(key, handler);
    }
}

/// Ctrl-C: it ends the line as Enter does, since the editor forgets the keys that came with it where a read is interrupted.
struct InterruptKey(Arc<Shared>);

impl ConditionalEventHandler for InterruptKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.press(SignalKey::Interrupt);
        Some(Cmd::AcceptLine)
    }
}

/// Ctrl-Z: the editor puts only its own terminal back before it stops.
struct StopKey(Arc<Shared>);

impl ConditionalEventHandler for StopKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.press(SignalKey::Stop);
        term::restore_terminal();
        Some(Cmd::Suspend)
    }
}

/// Backspace: a label that stands for many lines goes as a whole.
struct DeleteKey(Arc<Shared>);

impl ConditionalEventHandler for DeleteKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let first = self.0.folds.label_before(&context.line()[..context.pos()])?;
        Some(Cmd::Kill(Movement::ViCharSearch(1, CharSearch::Backward(first))))
    }
}

/// The keys that go back to what was typed before.
fn bind_walks(editor: &mut LineEditor, lines: &TypedLines) {
    for (key, dir) in [
        (KeyEvent(KeyCode::Up, Modifiers::NONE), SearchDirection::Reverse),
        (KeyEvent::ctrl('P'), SearchDirection::Reverse),
        (KeyEvent(KeyCode::Down, Modifiers::NONE), SearchDirection::Forward),
        (KeyEvent::ctrl('N'), SearchDirection::Forward),
    ] {
        let walk = WalkKey { lines: lines.clone(), dir };
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(walk)));
    }
}

/// The keys that take a suggestion beside the right arrow, which does so by itself.
fn bind_suggestions(editor: &mut LineEditor) {
    for (key, otherwise) in [
        (KeyEvent(KeyCode::End, Modifiers::NONE), Cmd::Move(Movement::EndOfLine)),
        (KeyEvent::ctrl('E'), Cmd::Move(Movement::EndOfLine)),
        (KeyEvent::ctrl('F'), Cmd::Move(Movement::ForwardChar(1))),
    ] {
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(TakeKey { otherwise })));
    }
}

/// Answers the editor, and tells the display what the editor is doing.
pub(crate) struct Assistant {
    /// Whose prompt it is.
    pub(crate) side: Side,
    pub(crate) screen: Arc<Screen>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) colour: bool,
    /// What the editor drew last.
    pub(crate) drawn: Mutex<DrawnInput>,
    /// The terminal wraps rows anew when its width changes.
    pub(crate) wraps_anew: bool,
    pub(crate) home: Option<PathBuf>,
    /// What was typed before.
    pub(crate) lines: TypedLines,
    pub(crate) mark: PromptMark,
    /// The line is drawn for the last time, as it stays.
    pub(crate) is_final: Cell<bool>,
}

impl Helper for Assistant {}

impl Validator for Assistant {
    fn validate(&self, typed: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if continues(&self.shared.folds.unfold(typed.input())) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

/// What stands in grey behind the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    text: String,
    /// How many bytes of it the right arrow puts into the line: a name, but not what only describes an argument.
    typeable: usize,
}

impl rustyline::hint::Hint for Hint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        Some(&self.text[..self.typeable]).filter(|typed| !typed.is_empty())
    }
}

impl Hinter for Assistant {
    type Hint = Hint;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Hint> {
        // The first call comes with raw mode on: from now on the printer goes through the editor.
        let is_new = self.screen.open();
        if is_new {
            term::note_editing();
        } else if self.shared.was_pressed(SignalKey::Stop) {
            // Also where nothing stops, and so nothing goes on.
            term::edit_again();
        }
        self.shared.keep_line(line, pos);
        let size = term::terminal_size();
        let hint = if pos == line.len() { self.hint_after(line) } else { None };
        self.follow_the_width(is_new, (line, pos), size.columns, hint.as_ref());
        if self.shared.fit() != InputFit::Fits {
            return None;
        }
        if !InputRoom::on(size).fits(self.drawn().prompt.max(MARK_WIDTH), line) {
            self.shared.set_fit(InputFit::TooTall);
            // The line comes back folded. What the editor draws meanwhile is for the other screen.
            signals::interrupt_ourselves();
            return None;
        }
        hint
    }
}

impl Assistant {
    fn hint_after(&self, line: &str) -> Option<Hint> {
        let suggested = self.lines.suggestion(line).map(|rest| Hint { typeable: rest.len(), text: rest });
        suggested.or_else(|| hint(self.side, line)).or_else(|| unfinished(&self.shared.folds.unfold(line)))
    }

    fn drawn(&self) -> MutexGuard<'_, DrawnInput> {
        self.drawn.lock().expect("nothing panics while it holds this")
    }

    /// The editor is about to clear what it drew last: where that has got to, if the width has changed.
    ///
    /// It learns of that by itself, and then draws the same line again; before, it draws as ever.
    fn follow_the_width(&self, is_new: bool, (line, pos): (&str, usize), columns: usize, hint: Option<&Hint>) {
        let mut drawn = self.drawn();
        if is_new {
            drawn.columns = columns;
        } else if drawn.columns != columns && drawn.line == line && self.shared.fit() == InputFit::Fits {
            let _ = term::print(drawn.make_room(pos, columns, self.wraps_anew).as_bytes());
            drawn.columns = columns;
        }
        line.clone_into(&mut drawn.line);
        drawn.hint = hint.map_or_else(String::new, |hint| hint.text.clone());
    }
}

/// How a command goes on.
fn hint(side: Side, line: &str) -> Option<Hint> {
    let line = command_table::command_in(line)?;
    match line.split_once(' ') {
        Some((name, rest)) => {
            let entry = command_table::find(side, name)?;
            let words = if let Completes::Words(words) = entry.completes { words } else { &[] };
            match words.iter().find_map(|word| word.strip_prefix(rest)).filter(|_| !rest.is_empty()) {
                Some(end) => Some(Hint { text: end.to_owned(), typeable: end.len() }),
                None if rest.is_empty() => Some(Hint { text: entry.arguments.to_owned(), typeable: 0 }),
                None => None,
            }
        }
        None if line.len() < 2 || !line.starts_with('/') => None,
        None => {
            let entry = command_table::table(side).find(|entry| entry.name.starts_with(line))?;
            let end = &entry.name[line.len()..];
            Some(Hint { text: format!("{end} {}", entry.arguments).trim_end().to_owned(), typeable: end.len() })
        }
    }
    .filter(|hint| !hint.text.is_empty())
}

/// What can be done about JSON that goes on in the next row.
fn unfinished(line: &str) -> Option<Hint> {
    let (_, row) = line.rsplit_once('\n').filter(|_| typed::is_unfinished(line))?;
    let space = if row.is_empty() { "" } else { " " };
    Some(Hint { text: format!("{space}… empty line sends"), typeable: 0 })
}

impl Highlighter for Assistant {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, is_default: bool) -> Cow<'b, str> {
        if self.shared.fit() != InputFit::Fits {
            // What stood there is cleared by now, and the cursor comes back to it with the screen.
            let before = self.shared.set_fit(InputFit::Aside);
            return Cow::Borrowed(if before == InputFit::Aside { "" } else { term::OTHER_SCREEN });
        }
        self.drawn().prompt = prompt.width();
        // Under another prompt, that of a search, the editor takes nothing to show.
        if !is_default {
            return Cow::Borrowed(prompt);
        }
        let rewritten = self.screen.rewritten();
        self.screen.paint();
        Cow::Owned(rewritten + &self.mark.drawn(prompt))
    }

    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        if self.shared.fit() != InputFit::Fits {
            return Cow::Borrowed("");
        }
        line.clone_into(&mut self.drawn().painted);
        let Cow::Borrowed(line) = fold::shown(line) else { return fold::shown(line) };
        let Some(start) = json_in(line) else { return Cow::Borrowed(line) };
        let (before, json) = line.split_at(start);
        let cursor = pos.checked_sub(start).filter(|_| !self.is_final.get());
        let pair = cursor.and_then(|cursor| typed::brackets_at(json, cursor));
        Cow::Owned(before.to_owned() + &typed::as_typed(json, pair, self.colour))
    }

    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        self.is_final.set(kind == CmdKind::ForcedRefresh);
        // What is too tall is not to be written key by key.
        json_in(line).is_some() || self.shared.fit() != InputFit::Fits
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        let hint = fold::shown(hint);
        // ECMA-48, SGR: faint is no colour, and tells it from what was typed.
        Cow::Owned(if self.colour { (&*hint).dark_grey().to_string() } else { format!("\x1b[2m{hint}\x1b[22m") })
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        // A list of what fits is written where the line was.
        self.screen.disturb();
        let Some(typed) = command_table::command_in(&line[..pos]).filter(|typed| !typed.starts_with("//")) else {
            return Ok((pos, Vec::new()));
        };
        let names = || command_table::table(self.side).map(|entry| entry.name);
        let Some((name, rest)) = typed.split_once(' ') else { return Ok((pos - typed.len(), self.commands(typed))) };
        let start = pos - rest.len();
        Ok(match command_table::find(self.side, name).map_or(Completes::Nothing, |entry| entry.completes) {
            Completes::Nothing => (pos, Vec::new()),
            Completes::Words(words) => (start, beginning_with(rest, words.iter().copied())),
            Completes::Commands => (start, beginning_with(rest, names().map(|name| &name[1..]))),
            Completes::Clients => (start, self.clients(rest)),
            Completes::Files => {
                let typed = arguments::path_in(name, rest);
                let path = typed.strip_prefix('@').filter(|_| name == "/edit").unwrap_or(typed);
                let is_text = name == "/edit" && path.len() == typed.len();
                let found = if is_text { Vec::new() } else { files::beginning_with(path, self.home.as_deref()) };
                (pos - path.len(), found)
            }
        })
    }
}

impl Assistant {
    /// The names of the commands that begin so; behind the only one, its arguments can follow.
    fn commands(&self, typed: &str) -> Vec<String> {
        let mut names = beginning_with(typed, command_table::table(self.side).map(|entry| entry.name));
        if let [name] = &mut names[..]
            && command_table::find(self.side, name).is_some_and(|entry| !entry.arguments.is_empty())
        {
            name.push(' ');
        }
        names
    }

    /// The names of the clients that begin so; behind the only one, what is for it can follow.
    fn clients(&self, typed: &str) -> Vec<String> {
        let names = self.shared.roster.as_ref().map(|roster| roster.names()).unwrap_or_default();
        let names = names.iter().map(ToString::to_string).filter(|name| name.starts_with(typed));
        let mut names: Vec<_> = names.take(files::MOST).collect();
        if let [name] = &mut names[..] {
            name.push(' ');
        }
        names
    }
}

fn beginning_with<'w>(typed: &str, words: impl Iterator<Item = &'w str>) -> Vec<String> {
    words.filter(|word| word.starts_with(typed)).map(str::to_owned).collect()
}

/// Where JSON begins in a line: at once, or as the argument of a command.
fn json_in(line: &str) -> Option<usize> {
    if line.len() > LONGEST_JSON {
        return None;
    }
    let takes_json = |name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
    let is_argument = ["/edit", "/rpc", "/send", "/to"].into_iter().any(takes_json);
    let start = if is_argument { line.find(['{', '['])? } else { 0 };
    begins_json(&line[start..]).then_some(start)
}

/// Whether Enter begins another row: an empty one ends it all the same, since half an object can be meant.
fn continues(line: &str) -> bool {
    typed::is_unfinished(line) && !line.ends_with('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_end_names_and_describe_arguments_that_are_not_typed_for_the_user() {
        for (line, text, typeable) in [
            ("/cl", "ear", 3),
            ("/clo", "se [CODE [REASON]]", 2),
            ("/close", " [CODE [REASON]]", 0),
            ("/close ", "[CODE [REASON]]", 0),
            ("/json of", "f", 1),
        ] {
            assert_eq!(hint(Side::Client, line), Some(Hint { text: text.to_owned(), typeable }), "{line}");
        }
        for line in ["", "/", "//", "hello", "/quit", "/quit ", "/close 1000", "/xyzzy"] {
            assert_eq!(hint(Side::Client, line), None, "{line}");
        }
    }

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
