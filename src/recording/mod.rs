//! A recording: what `--record` wrote, read back as a stream, one connection at a time.
//!
//! Plain code: lines in, [`Turn`]s out; a recorded answer and one that came in, their difference out. Who sends, waits
//! and prints is `front`'s business.

pub(crate) mod check;
mod line;
mod lines;
pub(crate) mod pace;
pub(crate) mod script;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::error::Error;
use crate::event::{ClientName, Close, Message};
use crate::request::Header;
use crate::session::is_keepalive;
use lines::{Index, Lines};

/// Pings that may still be answered; a peer need not answer all of them (RFC 6455, section 5.5.3).
const PINGS: usize = 16;

/// A file of records. It is read as often as needed, and never held: only where each connection stands in it.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    index: Arc<Index>,
}

/// One of the connections of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Connection {
    /// Of a client's recording, counted from 0: there is more than one if it had to connect again.
    Nth(usize),
    /// Of a server's recording.
    With(ClientName),
}

/// One of the two ends, whoever of them recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Client,
    Server,
}

/// What one of the two did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    /// Its line in the file.
    pub(crate) line: u64,
    pub(crate) at: Option<SystemTime>,
    pub(crate) by: Party,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    Open(Box<Opening>),
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    /// Not clean: there was no closing handshake.
    Close {
        close: Close,
        clean: bool,
    },
}

/// How a connection was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Opening {
    pub(crate) url: String,
    pub(crate) subprotocol: Option<String>,
    /// The fields of the client's request, as far as they were recorded.
    pub(crate) request: Vec<Header>,
}

impl Recording {
    /// Reads a recording once, to see that it is one.
    ///
    /// # Errors
    /// The file cannot be read, or not twice; or the place of the first bad line.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), index: Arc::new(Index::of(path)?) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All of them, in the order in which they began.
    pub(crate) fn connections(&self) -> &[Connection] {
        self.index.connections()
    }

    /// What happened on a connection, for `player` to do its part again.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(crate) fn turns(&self, connection: Connection, player: Party) -> Result<Turns, Error> {
        let lines = Lines::within(&self.path, self.index.spans(connection))?;
        Ok(Turns { lines, connection, player, unanswered: VecDeque::new() })
    }
}

/// What happened on one connection.
///
/// It leaves out what a session does by itself: `player`'s pongs that answer pings, and pings that only keep a
/// connection alive.
pub(crate) struct Turns {
    lines: Lines,
    connection: Connection,
    player: Party,
    /// What the other has pinged with.
    unanswered: VecDeque<Bytes>,
}

impl Iterator for Turns {
    type Item = Result<Turn, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next()? {
                Ok((connection, turn)) if connection == self.connection => {
                    if !self.happens_by_itself(&turn) {
                        return Some(Ok(turn));
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Turns {
    fn happens_by_itself(&mut self, turn: &Turn) -> bool {
        match &turn.deed {
            Deed::Ping(data) | Deed::Pong(data) if is_keepalive(data) => true,
            Deed::Ping(data) if turn.by != self.player => {
                if self.unanswered.len() == PINGS {
                    self.unanswered.pop_front();
                }
                self.unanswered.push_back(data.clone());
                false
            }
            Deed::Pong(data) if turn.by == self.player => {
                let answered = self.unanswered.iter().position(|ping| ping == data);
                self.unanswered.drain(..answered.map_or(0, |at| at + 1));
                answered.is_some()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn recording(lines: &[&str]) -> (tempfile::NamedTempFile, Result<Recording, Error>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
        let opened = Recording::open(file.path());
        (file, opened)
    }

    /// A word for each turn: who, what, where.
    fn shown(recording: &Recording, connection: Connection, player: Party) -> Vec<String> {
        let turns = recording.turns(connection, player).unwrap();
        turns
            .map(|turn| {
                let Turn { line, by, deed, .. } = turn.unwrap();
                let deed = match deed {
                    Deed::Open(opening) => format!("open {}", opening.url),
                    Deed::Message(message) => String::from_utf8_lossy(message.data()).into_owned(),
                    Deed::Ping(data) => format!("ping {}", data.escape_ascii()),
                    Deed::Pong(data) => format!("pong {}", data.escape_ascii()),
                    Deed::Close { close, clean } => format!("close {:?} {clean}", close.code),
                };
                format!("{line} {by:?} {deed}")
            })
            .collect()
    }

    #[test]
    fn each_connection_of_a_client_is_read_by_itself() {
        let (_file, recording) = recording(&[
            r#"{"dir":"in","type":"open","url":"ws://a"}"#,
            r#"{"dir":"out","data":"x"}"#,
            "",
            r#"{"dir":"in","type":"close","code":1006,"reason":"","clean":false}"#,
            r#"{"dir":"in","type":"error","data":"gone"}"#,
            r#"{"dir":"in","type":"open","url":"ws://b"}"#,
            r#"{"dir":"in","base64":"eQ=="}"#,
        ]);
        let recording = recording.unwrap();
        assert_eq!(recording.connections(), [Connection::Nth(0), Connection::Nth(1)]);
        let first = ["1 Server open ws://a", "2 Client x", "4 Server close Some(1006) false"];
        assert_eq!(shown(&recording, Connection::Nth(0), Party::Client), first);
        assert_eq!(shown(&recording, Connection::Nth(1), Party::Client), ["6 Server open ws://b", "7 Server y"]);
    }

    #[test]
    fn a_server_sees_its_clients_from_the_other_side() {
        let (_file, recording) = recording(&[
            r#"{"dir":"in","type":"listening","url":"ws://a"}"#,
            r##"{"dir":"in","type":"open","client":"#1","url":"ws://a"}"##,
            r##"{"dir":"in","type":"open","client":"#2","url":"ws://a"}"##,
            r##"{"dir":"in","client":"#1","data":"x"}"##,
            r##"{"dir":"out","client":"#2","data":"y"}"##,
        ]);
        let recording = recording.unwrap();
        let [first, second] = [1, 2].map(|name| Connection::With(ClientName(name)));
        assert_eq!(recording.connections(), [first, second]);
        assert_eq!(shown(&recording, first, Party::Client), ["2 Client open ws://a", "4 Client x"]);
        assert_eq!(shown(&recording, second, Party::Client), ["3 Client open ws://a", "5 Server y"]);
    }

    #[test]
    fn what_a_session_does_by_itself_is_left_out() {
        let (_file, recording) = recording(&[
            r#"{"dir":"in","type":"ping","data":"a"}"#,
            r#"{"dir":"out","type":"pong","data":"a"}"#,
            r#"{"dir":"out","type":"pong","data":"a"}"#,
            r#"{"dir":"out","type":"ping","data":"keepalive 1"}"#,
            r#"{"dir":"in","type":"pong","data":"keepalive 1"}"#,
            r#"{"dir":"out","type":"ping","data":"b"}"#,
            r#"{"dir":"in","type":"pong","data":"b"}"#,
        ]);
        let recording = recording.unwrap();
        let turns = ["1 Server ping a", "3 Client pong a", "6 Client ping b", "7 Server pong b"];
        assert_eq!(shown(&recording, Connection::Nth(0), Party::Client), turns);
        let turns = ["1 Server ping a", "2 Client pong a", "3 Client pong a", "6 Client ping b"];
        assert_eq!(shown(&recording, Connection::Nth(0), Party::Server), turns);
    }

    #[test]
    fn a_bad_line_is_named() {
        let (file, recording) = recording(&[r#"{"dir":"in","data":"x"}"#, r#"{"data":"x"}"#]);
        let error = recording.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(
            error.to_string(),
            format!("{}:2: a recording tells in each line which way it went (`dir`)", file.path().display())
        );
    }
}
