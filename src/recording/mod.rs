//! A recording: what `--record` wrote, read back as a stream, one connection at a time.
//!
//! Plain code: lines in, [`Turn`]s out; a recorded answer and one that came in, their difference out. Who sends, waits
//! and prints is the business of `commands`.

pub(crate) mod check;
pub(crate) mod fuzz;
pub(crate) mod har;
mod line;
mod lines;
pub(crate) mod pace;
pub(crate) mod script;
pub(crate) mod turn;

pub(crate) use turn::{Deed, Party, RecordedConnection, Turn};

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use self::lines::{Index, Lines};
use crate::error::Error;
use crate::events::ClientName;
use crate::session::is_keepalive;

/// Pings that may still be answered; a peer need not answer all of them (RFC 6455, section 5.5.3).
const PINGS: usize = 16;

/// A file of records. It is read as often as needed, and never held: only where each connection is in it.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    index: Arc<Index>,
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
    pub(crate) fn connections(&self) -> &[RecordedConnection] {
        self.index.connections()
    }

    /// What happened on a connection, for `player` to do its part again.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(crate) fn turns(&self, connection: RecordedConnection, player: Party) -> Result<Turns, Error> {
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
    connection: RecordedConnection,
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

/// The connections whose client is played: all of a client's recording, one of a server's.
pub(crate) fn chosen(recording: &Recording, client: Option<ClientName>) -> Result<Vec<RecordedConnection>, Error> {
    let path = recording.path().display();
    let all = recording.connections();
    let names: Vec<_> = all
        .iter()
        .filter_map(|connection| match connection {
            RecordedConnection::With(name) => Some(*name),
            RecordedConnection::Nth(_) => None,
        })
        .collect();
    match (client, &*names) {
        _ if all.is_empty() => Err(Error::Usage(format!("`{path}` contains no recorded connection"))),
        (None, [] | [_]) => Ok(all.to_vec()),
        (None, [first, second, ..]) => {
            Err(Error::Usage(format!("`{path}` has several clients ({first}, {second} …): choose one with --client")))
        }
        (Some(name), _) if names.contains(&name) => Ok(vec![RecordedConnection::With(name)]),
        (Some(name), []) => Err(Error::Usage(format!(
            "`{path}` has no client {name}: only recordings of `wsprobe listen` name clients"
        ))),
        (Some(name), [first, ..]) => Err(Error::Usage(format!("`{path}` has no client {name}, but {first}"))),
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
    fn shown(recording: &Recording, connection: RecordedConnection, player: Party) -> Vec<String> {
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
        assert_eq!(recording.connections(), [RecordedConnection::Nth(0), RecordedConnection::Nth(1)]);
        let first = ["1 Server open ws://a", "2 Client x", "4 Server close Some(1006) false"];
        assert_eq!(shown(&recording, RecordedConnection::Nth(0), Party::Client), first);
        assert_eq!(
            shown(&recording, RecordedConnection::Nth(1), Party::Client),
            ["6 Server open ws://b", "7 Server y"]
        );
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
        let [first, second] = [1, 2].map(|name| RecordedConnection::With(ClientName(name)));
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
        assert_eq!(shown(&recording, RecordedConnection::Nth(0), Party::Client), turns);
        let turns = ["1 Server ping a", "2 Client pong a", "3 Client pong a", "6 Client ping b"];
        assert_eq!(shown(&recording, RecordedConnection::Nth(0), Party::Server), turns);
    }

    #[test]
    fn a_bad_line_is_named() {
        let (file, recording) = recording(&[r#"{"dir":"in","data":"x"}"#, r#"{"data":"x"}"#]);
        let error = recording.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(
            error.to_string(),
            format!("{}:2: each line of a recording must have its direction (`dir`)", file.path().display())
        );
    }
}
