//! Compares wsprobe with a raw client and with other clients; see BENCHMARKS.md.
#![allow(clippy::disallowed_methods, reason = "it is a program of its own")]

mod client;
mod copies;
mod job;
mod one_cpu;
mod run;
mod server;
mod table;
mod talk;
mod tls;
mod verdict;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::client::{Client, Kind};
use crate::copies::Copies;
use crate::job::Job;
use crate::run::Bench;
use crate::server::Server;
use crate::table::{Cell, Row};
use crate::tls::Trust;
use crate::verdict::Ran;

/// A client that is this slow in a job runs it only once.
const SLOW: Duration = Duration::from_secs(3);

const BEGIN: &str = "<!-- the table begins -->";
const END: &str = "<!-- the table ends -->";

/// Compare wsprobe with a raw client and with its peers
#[derive(Parser)]
struct Options {
    /// The wsprobe to be measured; otherwise the one that was built beside this program
    #[arg(long, value_name = "FILE")]
    wsprobe: Option<PathBuf>,

    /// Where the peers are, by their names; otherwise where install-peers.sh puts them
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,

    /// Fewer and smaller messages, without the peers that `--client` does not name
    #[arg(long)]
    quick: bool,

    /// Only the jobs whose name begins so; repeat it for more
    #[arg(long, value_name = "JOB")]
    only: Vec<String>,

    /// Only this client, beside the raw one; repeat it for more
    #[arg(long, value_name = "NAME")]
    client: Vec<String>,

    /// How often each client does each job
    #[arg(long, value_name = "N")]
    runs: Option<usize>,

    /// What one run may take, in seconds
    #[arg(long, default_value_t = 60)]
    limit: u64,

    /// Print the names of the jobs and leave
    #[arg(long)]
    list: bool,

    /// Put the table into this file, between its marks
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match compare(&Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fails when wsprobe does: the peers' troubles are only shown.
fn compare(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let wanted = |job: &Job| options.only.is_empty() || options.only.iter().any(|name| job.name.starts_with(name));
    let jobs: Vec<Job> = job::all(options.quick).into_iter().filter(wanted).collect();
    if options.list {
        jobs.iter().for_each(|job| println!("{:20} {}", job.name, job.title));
        return Ok(ExitCode::SUCCESS);
    }
    let here = std::env::current_exe()?;
    let beside = |name: &str| here.with_file_name(name);
    let dir = tempfile::tempdir()?;
    let mut copies = Copies::default();
    let wsprobe = copies.add(options.wsprobe.clone().unwrap_or_else(|| beside("wsprobe")), &dir);
    let raw = copies.add(beside("raw"), &dir);
    let peers = options.peers.clone().unwrap_or_else(|| beside("../peers/bin"));
    let with_peers = !options.quick || !options.client.is_empty();
    let (mut clients, missing) = client::all(&wsprobe, &raw, with_peers.then_some(peers.as_path()));
    missing.iter().for_each(|name| eprintln!("compare: {name} IS NOT INSTALLED: run benches/compare/install-peers.sh"));
    if !options.client.is_empty() {
        clients.retain(|client| client.name == "raw" || options.client.iter().any(|name| name == client.name));
    }
    let trust = Trust::make(&dir)?;
    let bench = Bench {
        copies,
        plain: Server::start(None)?,
        tls: Server::start(Some(trust.server.clone()))?,
        trust,
        dir,
        launch: beside("launch"),
        limit: Duration::from_secs(options.limit),
    };
    let mut rows = Vec::new();
    for job in jobs {
        let runs = options.runs.unwrap_or(if options.quick { 2 } else { job.runs });
        rows.push(interleaved(&bench, &clients, job, runs)?);
    }
    let text = [table::ratios(&rows), table::peaks(&rows), table::details(&rows)].join("\n");
    println!("{text}");
    let wsprobe_failed = rows.iter().any(|row| row.trouble_of(Kind::Wsprobe));
    if let Some(file) = &options.write {
        let about = about_this_machine();
        std::fs::write(file, put_between_marks(&std::fs::read_to_string(file)?, &format!("{about}\n\n{text}"))?)?;
    }
    Ok(if wsprobe_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Each client once, then each again, so that other load on the machine affects all of them.
fn interleaved(bench: &Bench, clients: &[Client], job: Job, runs: usize) -> Result<Row, Box<dyn Error>> {
    eprintln!("== {}", job.title);
    let mut cells: Vec<Cell> =
        clients.iter().map(|client| Cell { client: client.clone(), runs: Some(Vec::new()) }).collect();
    for run in 0..runs {
        bench.copies.renew(run)?;
        for cell in &mut cells {
            let Some(done) = &mut cell.runs else { continue };
            if done.last().is_some_and(is_slow) {
                continue;
            }
            match bench.run(&cell.client, &job)? {
                Some(ran) => {
                    let trouble = ran.trouble.as_deref();
                    trouble.iter().for_each(|trouble| eprintln!("  {}: {trouble}", cell.client.name));
                    done.push(ran);
                }
                None => cell.runs = None,
            }
        }
    }
    Ok(Row { job, cells })
}

/// The machine, the date and the versions that a table holds for.
fn about_this_machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let today = jiff::Timestamp::now().strftime("%F");
    format!("{today}, {cores} cores of {model}, Linux {}", kernel.trim())
}

fn put_between_marks(file: &str, text: &str) -> Result<String, Box<dyn Error>> {
    let (before, rest) = file.split_once(BEGIN).ok_or("there is no mark where the table begins")?;
    let (_, after) = rest.split_once(END).ok_or("there is no mark where the table ends")?;
    Ok(format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}

fn is_slow(ran: &Ran) -> bool {
    ran.value.is_none_or(|value| u128::from(value) > SLOW.as_nanos())
}
