//! `wsprobe record-to-script`: the client's part of a recording as a script, on stdout.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::Error;
use crate::events::ClientName;
use crate::recording::script::{HEAD, ScriptWriter, note};
use crate::recording::{Party, Recording, chosen};
use crate::term;

/// So much is printed at a time.
const PIECE: usize = 64 << 10;

/// Runs to the end, and returns the exit status.
pub(crate) fn run(file: &Path, client: Option<ClientName>) -> u8 {
    match write(file, client) {
        Ok(()) => 0,
        Err(error) => crate::runtime::complain(&error),
    }
}

fn write(file: &Path, client: Option<ClientName>) -> Result<(), Error> {
    let recording = Recording::open(file)?;
    let mut page = HEAD.to_owned();
    let mut writer = ScriptWriter::default();
    for connection in chosen(&recording, client)? {
        for turn in recording.turns(connection, Party::Client)? {
            for step in writer.steps(turn?) {
                if let Some(note) = note(&step) {
                    writeln!(page, "# {note}").expect("a String takes all");
                }
                writeln!(page, "{step}").expect("a String takes all");
            }
            if page.len() >= PIECE {
                print(&std::mem::take(&mut page))?;
            }
        }
    }
    print(&page)
}

fn print(page: &str) -> Result<(), Error> {
    term::print(page.as_bytes()).map_err(Error::stdout)
}
