//! What a fuzzer calls: any file as a recording, and as the script that is made of it.

use std::path::Path;

use super::script::{HEAD, ScriptWriter};
use super::{Party, RecordedConnection, Recording};
use crate::error::Error;

/// Takes any file as a recording: each connection is read in order from both sides, and the script of it is one.
///
/// # Panics
/// If that does not hold.
pub fn recording(file: &Path) {
    let recording = match Recording::open(file) {
        Ok(recording) => recording,
        Err(error) => {
            assert!(matches!(error, Error::BadRecord { .. }), "{error}");
            return;
        }
    };
    for connection in recording.connections() {
        let (client, server) =
            (lines(&recording, *connection, Party::Client), lines(&recording, *connection, Party::Server));
        assert!(client.is_sorted() && server.is_sorted());
        let script = script(&recording, *connection);
        if let Err(flaws) = crate::script::parse(&script) {
            panic!("{flaws:?} in\n{script}");
        }
    }
}

fn lines(recording: &Recording, connection: RecordedConnection, player: Party) -> Vec<u64> {
    let turns = recording.turns(connection, player).expect("it was read before");
    turns.map(|turn| turn.expect("it was read before").line).collect()
}

fn script(recording: &Recording, connection: RecordedConnection) -> String {
    let (mut page, mut writer) = (HEAD.to_owned(), ScriptWriter::default());
    for turn in recording.turns(connection, Party::Client).expect("it was read before") {
        for step in writer.steps(turn.expect("it was read before")) {
            page += &format!("{step}\n");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    const LINES: [&str; 8] = [
        r#"{"dir":"in","type":"open","url":"ws://a/"}"#,
        r##"{"dir":"in","type":"open","url":"ws://a/","client":"#1"}"##,
        r##"{"dir":"out","data":"a \"b\" {{c}} \n","client":"#1","time":"2026-01-01T00:00:00Z"}"##,
        r#"{"dir":"out","base64":"AAEC"}"#,
        r#"{"dir":"in","type":"ping","data":"x"}"#,
        r#"{"dir":"out","type":"pong","data":"x"}"#,
        r#"{"dir":"out","type":"close","code":1000,"reason":"bye","clean":true}"#,
        "",
    ];

    proptest! {
        #[test]
        fn no_file_makes_it_panic(
            lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..8),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let mut bytes = lines.join("\n").into_bytes();
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            recording(file.path());
        }
    }
}
