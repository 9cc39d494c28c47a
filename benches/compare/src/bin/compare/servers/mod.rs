//! Servers side by side: each is started anew for each run, and the clients are ours.

mod clients;
mod job;
mod process;
mod program;
mod table;

use std::error::Error;

pub use self::clients::echo;
pub use self::job::{ServerJob, all as jobs};
pub use self::program::{ServerKind, ServerProgram, all as programs};
pub use self::table::ServerRow;
use crate::copies::Copies;
use crate::is_slow;

/// All runs of a server in a job; none when it cannot do it.
pub struct ServerCell {
    pub server: ServerProgram,
    pub runs: Option<Vec<ServerRun>>,
}

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerRun {
    /// Nanoseconds of CPU time, user and system, of the server and what it started; bytes for each client that is idle.
    /// None when it came to no end.
    pub value: Option<u64>,
    /// From the first message to the last, in nanoseconds.
    pub took: u64,
    /// Bytes.
    pub peak: u64,
    /// Messages that came whole.
    pub arrived: Option<u64>,
    /// What was wrong with it.
    pub trouble: Option<String>,
}

impl ServerRun {
    pub fn failed(trouble: impl Into<String>) -> Self {
        Self { trouble: Some(trouble.into()), ..Self::default() }
    }
}

/// Each server once, then each again.
///
/// # Errors
/// A program cannot be copied, or the system has no room for the clients.
pub fn interleaved(
    job: ServerJob,
    servers: &[ServerProgram],
    copies: &Copies,
    runs: usize,
) -> Result<ServerRow, Box<dyn Error>> {
    eprintln!("== {}", job.title);
    let cell = |server: &ServerProgram| ServerCell { server: server.clone(), runs: Some(Vec::new()) };
    let mut cells: Vec<_> = servers.iter().map(cell).collect();
    for run in 0..runs {
        copies.renew(run)?;
        for cell in &mut cells {
            let Some(done) = &mut cell.runs else { continue };
            if done.last().is_some_and(|run| run.value.is_none() || is_slow(run.took)) {
                continue;
            }
            match process::run(&cell.server, &job)? {
                Some(ran) => {
                    let trouble = ran.trouble.as_deref();
                    trouble.iter().for_each(|trouble| eprintln!("  {}: {trouble}", cell.server.name));
                    done.push(ran);
                }
                None => cell.runs = None,
            }
        }
    }
    Ok(ServerRow { job, cells })
}

/// As Markdown: the ratios, then what they are made of.
pub fn tables(rows: &[ServerRow], missing: &[&str]) -> String {
    [table::ratios(rows), table::absent(missing), table::details(rows)].join("\n")
}
