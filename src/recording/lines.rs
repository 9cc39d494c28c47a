//! The lines of a recording, and where in the file those of each connection stand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use super::line::{RecordLine, read};
use super::turn::{Deed, Party, RecordedConnection, Turn};
use crate::error::Error;
use crate::message::Direction;

/// What cannot be done with a file.
const READ: &str = "read the recording";

/// Some editors begin a file with it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reading over this many bytes costs less than seeking.
const NEAR: u64 = 4 << 10;

/// What is read at a time where all of it is wanted, and where it is a part.
const WHOLE: usize = 64 << 10;
const PART: usize = 8 << 10;

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u64,
    end: u64,
    /// How many lines are before it, and how often the client that recorded has connected there.
    line: u64,
    opened: usize,
}

/// Where each connection is in a file; others may be between.
#[derive(Debug, Default)]
pub(super) struct Index {
    connections: Vec<RecordedConnection>,
    spans: BTreeMap<RecordedConnection, Vec<Span>>,
}

/// Those that tell of a connection.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    /// What is still to be read, the next part last; none is the whole file.
    parts: Option<Vec<Span>>,
    end: u64,
    /// Where the next line begins.
    at: u64,
    number: u64,
    /// How often the client that recorded has connected.
    opened: usize,
}

impl Index {
    /// Reads a file once, to see that it is a recording.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let mut lines = Lines::open(path)?;
        let mut index = Self::default();
        loop {
            let mut span = Span { start: lines.at, end: lines.at, line: lines.number, opened: lines.opened };
            let Some(found) = lines.next() else { return Ok(index) };
            let (connection, _) = found?;
            span.end = lines.at;
            index.put(connection, span);
        }
    }

    pub(super) fn connections(&self) -> &[RecordedConnection] {
        &self.connections
    }

    pub(super) fn spans(&self, connection: RecordedConnection) -> &[Span] {
        self.spans.get(&connection).map_or(&[], Vec::as_slice)
    }

    fn put(&mut self, connection: RecordedConnection, span: Span) {
        let spans = self.spans.entry(connection).or_insert_with(|| {
            self.connections.push(connection);
            Vec::new()
        });
        match spans.last_mut() {
            Some(last) if span.start - last.end <= NEAR => last.end = span.end,
            _ => spans.push(span),
        }
    }
}

impl Lines {
    /// All of a file.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let mut file = BufReader::with_capacity(WHOLE, opened(path, READ)?);
        let beginning = file.fill_buf().map_err(|source| Error::File { what: READ, path: path.to_owned(), source })?;
        if is_har(beginning) {
            return Err(har(path));
        }
        Ok(Self { path: path.to_owned(), file, parts: None, end: u64::MAX, at: 0, number: 0, opened: 0 })
    }

    /// Those of some parts.
    pub(super) fn within(path: &Path, spans: &[Span]) -> Result<Self, Error> {
        let file = BufReader::with_capacity(PART, opened(path, READ)?);
        let parts = Some(spans.iter().rev().copied().collect());
        Ok(Self { path: path.to_owned(), file, parts, end: 0, at: 0, number: 0, opened: 0 })
    }

    pub(super) fn next(&mut self) -> Option<Result<(RecordedConnection, Turn), Error>> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match self.go_on().and_then(|is_more| if is_more { self.file.read_until(b'\n', &mut bytes) } else { Ok(0) })
            {
                Ok(0) => return None,
                Ok(length) => self.at += length as u64,
                Err(source) => {
                    let path = self.path.clone();
                    return Some(Err(Error::File { what: READ, path, source }));
                }
            }
            self.number += 1;
            let line = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned());
            match line.and_then(|line| if line.trim().is_empty() { Ok(None) } else { read(line.trim_end()) }) {
                Ok(Some(line)) => return Some(Ok(self.placed(line))),
                Ok(None) => {}
                Err(why) => return Some(Err(Error::BadRecord { path: self.path.clone(), line: self.number, why })),
            }
        }
    }

    /// Goes to the next part where one has ended; false after the last.
    fn go_on(&mut self) -> io::Result<bool> {
        let Some(parts) = &mut self.parts else { return Ok(true) };
        if self.at < self.end {
            return Ok(true);
        }
        let Some(next) = parts.pop() else { return Ok(false) };
        // What has been read already is not read again.
        self.file.seek_relative(next.start.cast_signed() - self.at.cast_signed())?;
        (self.at, self.end, self.number, self.opened) = (next.start, next.end, next.line, next.opened);
        Ok(true)
    }

    fn placed(&mut self, line: RecordLine) -> (RecordedConnection, Turn) {
        let RecordLine { at, direction, client, deed } = line;
        let (connection, by) = match (client, direction) {
            // Only a server names its clients, and what it records is what it sees.
            (Some(client), Direction::In) => (RecordedConnection::With(client), Party::Client),
            (Some(client), Direction::Out) => (RecordedConnection::With(client), Party::Server),
            (None, direction) => {
                self.opened += usize::from(matches!(deed, Deed::Open(_)));
                // A record that was begun at the prompt may begin in the middle of a connection.
                let connection = RecordedConnection::Nth(self.opened.saturating_sub(1));
                (connection, if direction == Direction::Out { Party::Client } else { Party::Server })
            }
        };
        (connection, Turn { line: self.number, at, by, deed })
    }
}

/// What the developer tools of browsers save begins so.
fn is_har(beginning: &[u8]) -> bool {
    let beginning = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning).trim_ascii_start();
    beginning.strip_prefix(b"{").is_some_and(|object| object.trim_ascii_start().starts_with(b"\"log\""))
}

fn har(path: &Path) -> Error {
    let (file, recording) = (path.display(), path.with_extension("jsonl"));
    Error::Usage(format!(
        "`{file}` is a HAR file: `wsprobe import {file} > {}` makes a recording of it",
        recording.display()
    ))
}

/// Opens a file that is read more than once; `what` is said where that cannot be done.
pub(super) fn opened(path: &Path, what: &'static str) -> Result<File, Error> {
    let unread = |source| Error::File { what, path: path.to_owned(), source };
    // One that is not a file may keep whoever opens it waiting.
    let is_file = std::fs::metadata(path).map_err(unread)?.is_file();
    if !is_file {
        return Err(unread(io::Error::new(ErrorKind::InvalidInput, "it is not a file that can be read twice")));
    }
    File::open(path).map_err(unread)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn parts_of_a_connection_that_stand_apart_are_read_with_the_numbers_of_their_lines() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let filler = "x".repeat(3000);
        for round in 0..4 {
            for client in 1..=3 {
                writeln!(file, r##"{{"dir":"in","client":"#{client}","data":"{round} {filler}"}}"##).unwrap();
            }
            writeln!(file).unwrap();
        }
        let index = Index::of(file.path()).unwrap();
        assert_eq!(index.connections().len(), 3);
        for (at, connection) in index.connections().iter().enumerate() {
            assert_eq!(index.spans(*connection).len(), 4);
            let mut lines = Lines::within(file.path(), index.spans(*connection)).unwrap();
            let found: Vec<_> = std::iter::from_fn(|| lines.next()).map(Result::unwrap).collect();
            assert!(found.iter().all(|(found, _)| found == connection));
            let numbers: Vec<_> = found.iter().map(|(_, turn)| turn.line).collect();
            assert_eq!(numbers, [1, 5, 9, 13].map(|line| line + at as u64));
        }
    }
}
