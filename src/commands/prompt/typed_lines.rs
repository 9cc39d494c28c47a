//! The lines that the editor can go back to: all of them, or those that begin with what was typed.
//!
//! The editor's own search keeps to what stands before the cursor, and forgets the line that was typed. So the key that
//! asks for a line finds it here, and the editor only fetches what was found.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use rustyline::history::{History, SearchDirection, SearchResult};
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount, Result};

use crate::masking::MASK;

/// How many lines are kept.
pub(crate) const LINES: usize = 10_000;

/// Shared by the editor and its keys.
#[derive(Clone, Default)]
pub(crate) struct TypedLines(Arc<Mutex<LineStore>>);

#[derive(Default)]
struct LineStore {
    lines: VecDeque<String>,
    walk: Option<Walk>,
    /// What the editor is to fetch: a line, and where it stands.
    found: Option<(String, usize)>,
    /// Where the editor stands; after all lines if it is at the line that is typed.
    editor_at: usize,
}

/// A way back through the lines.
#[derive(Clone)]
struct Walk {
    /// What was typed before it began.
    typed: String,
    shown: String,
    at: usize,
}

impl TypedLines {
    /// A new line is about to be typed.
    pub(crate) fn begin(&self) {
        let mut store = self.lock();
        (store.walk, store.found, store.editor_at) = (None, None, store.lines.len());
    }

    /// How the last line goes on that begins so, on the same row.
    pub(crate) fn suggestion(&self, typed: &str) -> Option<String> {
        if typed.trim().is_empty() {
            return None;
        }
        let store = self.lock();
        let rests = store.lines.iter().rev().filter_map(|line| line.strip_prefix(typed));
        // What is masked is not what was typed.
        let mut usable = rests.filter(|rest| !rest.is_empty() && !rest.contains('\n') && !rest.contains(MASK));
        usable.next().map(str::to_owned)
    }

    /// Begins with these.
    pub(crate) fn fill(&self, lines: impl Iterator<Item = String>) {
        self.lock().lines = lines.collect();
    }

    /// Makes a line the last one, wherever one that `is_same` stood before; false if that was the last already.
    pub(crate) fn remember(&self, line: String, is_same: impl Fn(&str) -> bool) -> bool {
        let lines = &mut self.lock().lines;
        let before = lines.iter().rposition(|known| is_same(known));
        if before.is_some_and(|at| at + 1 == lines.len()) {
            return false;
        }
        before.and_then(|at| lines.remove(at));
        lines.push_back(line);
        lines.drain(..lines.len().saturating_sub(LINES));
        true
    }

    fn lock(&self) -> MutexGuard<'_, LineStore> {
        self.0.lock().expect("nothing panics while it holds this")
    }
}

impl LineStore {
    /// Looks for the next line that begins as what was typed did.
    fn step(&mut self, line: &str, dir: SearchDirection) -> Cmd {
        let end = self.lines.len();
        let fresh = || Walk { typed: line.to_owned(), shown: line.to_owned(), at: end };
        let mut walk = self.walk.take().filter(|walk| walk.shown == line).unwrap_or_else(fresh);
        let fits = |at: &usize| self.lines[*at].starts_with(&walk.typed) && self.lines[*at] != walk.shown;
        let found = match dir {
            SearchDirection::Reverse => (0..walk.at).rev().find(fits).map(|at| (self.lines[at].clone(), at)),
            SearchDirection::Forward if walk.at == end => None,
            SearchDirection::Forward => {
                let later = (walk.at + 1..end).find(fits).map(|at| (self.lines[at].clone(), at));
                later.or_else(|| Some((walk.typed.clone(), end)))
            }
        };
        let Some((shown, at)) = found.clone() else {
            self.walk = Some(walk);
            return Cmd::Noop;
        };
        (walk.shown, walk.at) = (shown, at);
        (self.walk, self.found) = (Some(walk), found);
        // The editor goes no further back than to its first line, whatever it would fetch.
        if self.editor_at == 0 { Cmd::HistorySearchForward } else { Cmd::HistorySearchBackward }
    }

    /// Whether a line is what was found last.
    fn shows(&self, line: &str) -> bool {
        self.walk.as_ref().is_some_and(|walk| walk.shown == line && walk.at < self.lines.len())
    }
}

impl History for TypedLines {
    fn get(&self, index: usize, _: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let line = self.lock().lines.get(index).cloned();
        Ok(line.map(|line| SearchResult { entry: Cow::Owned(line), idx: index, pos: 0 }))
    }

    // What is remembered, and how, is for `history`.
    fn add(&mut self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn add_owned(&mut self, _: String) -> Result<bool> {
        Ok(false)
    }

    fn len(&self) -> usize {
        self.lock().lines.len()
    }

    fn is_empty(&self) -> bool {
        self.lock().lines.is_empty()
    }

    fn set_max_len(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    fn ignore_dups(&mut self, _: bool) -> Result<()> {
        Ok(())
    }

    fn ignore_space(&mut self, _: bool) {}

    // The file is for `history`.
    fn save(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn load(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        self.lock().lines.clear();
        Ok(())
    }

    /// Ctrl-R's search.
    fn search(&self, term: &str, start: usize, dir: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let store = self.lock();
        let matched = |at: usize| {
            let pos = store.lines.get(at)?.find(term)?;
            Some(SearchResult { entry: Cow::Owned(store.lines[at].clone()), idx: at, pos })
        };
        if term.is_empty() {
            return Ok(None);
        }
        Ok(match dir {
            SearchDirection::Reverse => (0..store.lines.len().min(start + 1)).rev().find_map(matched),
            SearchDirection::Forward => (start..store.lines.len()).find_map(matched),
        })
    }

    /// What a key has found.
    fn starts_with(&self, _: &str, _: usize, _: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let mut store = self.lock();
        let Some((line, at)) = store.found.take() else { return Ok(None) };
        store.editor_at = at;
        let pos = line.len();
        Ok(Some(SearchResult { entry: Cow::Owned(line), idx: at, pos }))
    }
}

/// A key that goes back, or comes forward again.
pub(crate) struct WalkKey {
    pub(crate) lines: TypedLines,
    pub(crate) dir: SearchDirection,
}

impl ConditionalEventHandler for WalkKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        let mut store = self.lines.lock();
        let is_walking = pos == line.len() && store.shows(line);
        let beyond = match self.dir {
            SearchDirection::Reverse => &line[..pos],
            SearchDirection::Forward => &line[pos..],
        };
        // Among the rows of a message the key moves the cursor, as the editor does by itself.
        if !is_walking && beyond.contains('\n') { None } else { Some(store.step(line, self.dir)) }
    }
}

/// A key at whose end of the line a suggestion stands: it takes that.
pub(crate) struct TakeKey {
    pub(crate) otherwise: Cmd,
}

impl ConditionalEventHandler for TakeKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let is_offered = context.hint_text().is_some() && context.pos() == context.line().len();
        Some(if is_offered { Cmd::CompleteHint } else { self.otherwise.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> TypedLines {
        let typed = TypedLines::default();
        typed.fill(lines.iter().map(|line| (*line).to_owned()));
        typed.begin();
        typed
    }

    /// What the line is after a key.
    fn after(lines: &TypedLines, line: &str, dir: SearchDirection) -> String {
        let command = lines.lock().step(line, dir);
        match command {
            Cmd::Noop => line.to_owned(),
            _ => lines.starts_with("", 0, dir).unwrap().unwrap().entry.into_owned(),
        }
    }

    #[test]
    fn a_walk_goes_back_through_what_begins_as_the_typed_line_and_returns_to_it() {
        use SearchDirection::{Forward, Reverse};
        let lines = lines(&["ab 1", "x", "ab 2", "ab 2", "y"]);
        let mut line = "ab".to_owned();
        for (dir, shown) in [
            (Reverse, "ab 2"),
            (Reverse, "ab 1"),
            (Reverse, "ab 1"),
            (Forward, "ab 2"),
            (Forward, "ab"),
            (Forward, "ab"),
            (Reverse, "ab 2"),
        ] {
            line = after(&lines, &line, dir);
            assert_eq!(line, shown);
        }
        // What is typed from here begins anew.
        assert_eq!(after(&lines, "ab 2!", Reverse), "ab 2!");
        let mut line = String::new();
        for shown in ["y", "ab 2", "x", "ab 1", "ab 1"] {
            line = after(&lines, &line, Reverse);
            assert_eq!(line, shown);
        }
    }

    #[test]
    fn a_suggestion_is_the_last_line_that_begins_so() {
        let lines = lines(&["hello you", "hello world", "hello\nrow", "/connect ws://h/?token=***"]);
        for (typed, rest) in [
            ("hel", Some("lo world")),
            ("hello y", Some("ou")),
            ("hello world", None),
            ("", None),
            (" ", None),
            ("z", None),
            ("/connect ws", None),
        ] {
            assert_eq!(lines.suggestion(typed).as_deref(), rest, "{typed}");
        }
    }

    #[test]
    fn a_line_that_was_typed_before_is_there_once_and_last() {
        let lines = lines(&["a", "b", "c"]);
        let remember = |line: &str| lines.remember(format!("[{line}]"), |known| known.trim_matches(['[', ']']) == line);
        assert_eq!([remember("a"), remember("a"), remember("c"), remember("d")], [true, false, true, true]);
        assert_eq!(lines.lock().lines, ["b", "[a]", "[c]", "[d]"]);
    }

    #[test]
    fn the_oldest_lines_go() {
        let lines = TypedLines::default();
        for n in 0..LINES + 2 {
            assert!(lines.remember(n.to_string(), |_| false));
        }
        assert_eq!((lines.len(), &*lines.get(0, SearchDirection::Forward).unwrap().unwrap().entry), (LINES, "2"));
    }
}
