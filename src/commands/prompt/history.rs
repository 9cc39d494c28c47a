//! The lines that were typed, in this session and in those before: each once, for this user alone.
//!
//! Several wsprobes share the file. Each appends its lines under a lock, and reads those of the others when it starts.

use std::collections::{HashSet, VecDeque};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rustyline::history::History as _;

use super::typed_lines::{LINES, TypedLines};
use crate::sys::file;

/// How many more the file may come to hold, doubles among them, before it is written anew.
const SPARE: usize = 1_000;

/// A format of before, which wrote its name into the first line.
const OLD_FORMAT: &str = "#V2";

pub(crate) struct History {
    lines: TypedLines,
    path: Option<PathBuf>,
}

impl History {
    /// Loads the history into the editor's lines. Without a file that can be read it just begins.
    ///
    /// `folded` makes of a line what the editor can show of it.
    pub(crate) fn load(lines: TypedLines, path: Option<&Path>, folded: impl Fn(&str) -> String) -> Self {
        let loaded = path.and_then(|path| load(path).ok()).unwrap_or_default();
        lines.fill(loaded.iter().map(|line| folded(line)));
        Self { lines, path: path.map(Path::to_owned) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Remembers a line, also for the next session: as `shown` to the editor, whose lines `is_same` compares with it.
    pub(crate) fn remember(&self, line: &str, shown: String, is_same: impl Fn(&str) -> bool) {
        if !is_kept(line) || !self.lines.remember(shown, is_same) {
            return;
        }
        // A history that cannot be kept is no reason to bother who types.
        let _ = self.path.as_ref().map(|path| append(path, line));
    }
}

/// A space before a line keeps it out.
fn is_kept(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(char::is_whitespace)
}

fn load(path: &Path) -> io::Result<VecDeque<String>> {
    if let Some(dir) = path.parent() {
        file::make_private_folder(dir)?;
    }
    let mut file = file::open_private(path)?;
    file.lock()?;
    file::make_private(&file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = latest(&text);
    if text.lines().count() > lines.len() + SPARE {
        // In place, since others may wait for the lock of this very file.
        let written = lines.iter().map(|line| written(line)).collect::<String>();
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(written.as_bytes())?;
    }
    Ok(lines)
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = file::open_private(path)?;
    file.lock()?;
    file.write_all(written(line).as_bytes())
}

/// The last lines of a file, each where it stands last.
fn latest(text: &str) -> VecDeque<String> {
    let (mut seen, mut lines) = (HashSet::new(), VecDeque::new());
    for line in text.lines().rev().filter(|line| !line.is_empty() && *line != OLD_FORMAT) {
        if lines.len() == LINES {
            break;
        }
        if seen.insert(line) {
            lines.push_front(read(line));
        }
    }
    lines
}

/// A line as it stands in the file: on one row.
fn written(line: &str) -> String {
    line.replace('\\', "\\\\").replace('\n', "\\n") + "\n"
}

fn read(written: &str) -> String {
    let mut line = String::with_capacity(written.len());
    let mut rest = written.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => line.push(rest.next().map_or('\\', |escaped| if escaped == 'n' { '\n' } else { escaped })),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for line in ["", "a", "two\nlines", "a \\n that is none", "ends with \\", "\\\\\n\n"] {
            let written = written(line);
            assert_eq!((written.lines().count(), read(written.trim_end_matches('\n'))), (1, line.to_owned()));
        }
    }

    #[test]
    fn each_line_is_there_once_where_it_was_typed_last() {
        assert_eq!(latest("#V2\na\nb\n\na\nc\n"), ["b", "a", "c"]);
    }

    #[test]
    fn the_oldest_lines_go_and_the_file_is_written_anew_when_it_has_grown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/history");
        load(&path).unwrap();
        std::fs::write(&path, (0..LINES + SPARE + 1).map(|n| format!("line {n}\n")).collect::<String>()).unwrap();
        let lines = load(&path).unwrap();
        assert_eq!((lines.len(), &*lines[0]), (LINES, "line 1001"));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), LINES);
        append(&path, "one more").unwrap();
        assert_eq!(load(&path).unwrap().back().unwrap(), "one more");
    }

    #[test]
    fn a_space_before_it_keeps_a_line_out() {
        for (line, kept) in [("hello", true), ("", false), (" secret", false), ("/connect ws://h/", true)] {
            assert_eq!(is_kept(line), kept, "{line}");
        }
    }
}
