//! Compares wsprobe with a raw client and with other clients; see docs/measurements.md.
#![allow(clippy::disallowed_methods, reason = "it is a program of its own")]

mod client;
mod copies;
mod http2;
mod job;
mod loads;
mod one_cpu;
mod process;
mod relays;
mod run;
mod server;
mod servers;
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
use crate::http2::Http2Job;
use crate::job::Job;
use crate::loads::EchoServer;
use crate::relays::RelayJob;
use crate::run::Bench;
use crate::server::Server;
use crate::servers::{ServerJob, ServerKind, ServerRow};
use crate::table::{Cell, Row};
use crate::tls::Trust;

/// A client that is this slow in a job runs it only once.
const SLOW: Duration = Duration::from_secs(3);

/// The job of load generators.
const LOAD: &str = "load";

/// Between which marks a table stands in a file.
const CLIENTS: [&str; 2] = ["<!-- the table begins -->", "<!-- the table ends -->"];
const LOADS: [&str; 2] = ["<!-- the loads' table begins -->", "<!-- the loads' table ends -->"];
const SERVERS: [&str; 2] = ["<!-- the servers' table begins -->", "<!-- the servers' table ends -->"];
const RELAYS: [&str; 2] = ["<!-- the relays' table begins -->", "<!-- the relays' table ends -->"];
const HTTP2: [&str; 2] = ["<!-- HTTP/2's table begins -->", "<!-- HTTP/2's table ends -->"];

/// Compare wsprobe with a raw client, with a plain server, and with its peers
#[derive(Parser)]
struct Options {
    /// The wsprobe to be measured; otherwise the one that was built beside this program
    #[arg(long, value_name = "FILE")]
    wsprobe: Option<PathBuf>,

    /// Another wsprobe, as a client beside it: what it was before a change
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,

    /// Where the peers are, by their names; otherwise where install-peers.sh puts them
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,

    /// Fewer and smaller messages, without the peers that `--client` or `--server` does not name
    #[arg(long)]
    quick: bool,

    /// Only the jobs whose name begins so; repeat it for more
    #[arg(long, value_name = "JOB")]
    only: Vec<String>,

    /// Only this client, beside the raw one; repeat it for more
    #[arg(long, value_name = "NAME")]
    client: Vec<String>,

    /// Only this server, beside the plain one; repeat it for more
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,

    /// What the load generators load, called with the port; otherwise `wsprobe listen --echo`
    #[arg(long, value_name = "FILE")]
    echo_server: Option<PathBuf>,

    /// How often each client and each server does each job
    #[arg(long, value_name = "N")]
    runs: Option<usize>,

    /// What one run may take, in seconds
    #[arg(long, default_value_t = 60)]
    limit: u64,

    /// Print the names of the jobs and leave
    #[arg(long)]
    list: bool,

    /// Put the tables of what was measured into this file, each between its marks
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
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| name.starts_with(only));
    let jobs: Vec<Job> = job::all(options.quick).into_iter().filter(|job| wanted(&job.name)).collect();
    let serving: Vec<ServerJob> = servers::jobs(options.quick).into_iter().filter(|job| wanted(job.name)).collect();
    let is_loading = wanted(LOAD);
    let over_http2: Vec<Http2Job> = http2::all(options.quick).into_iter().filter(|job| wanted(&job.name)).collect();
    let relaying: Vec<RelayJob> = relays::all(options.quick).into_iter().filter(|job| wanted(job.name)).collect();
    if options.list {
        jobs.iter().for_each(|job| println!("{:20} {}", job.name, job.title));
        serving.iter().for_each(|job| println!("{:20} {}", job.name, job.title));
        over_http2.iter().for_each(|job| println!("{:20} {}", job.name, job.title));
        relaying.iter().for_each(|job| println!("{:20} relay {}", job.name, job.title));
        if is_loading {
            println!("{LOAD:20} {}", loads::title());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (clients_failed, clients) = if jobs.is_empty() { (false, None) } else { compare_clients(options, jobs)? };
    let (servers_failed, served) = if serving.is_empty() { (false, None) } else { compare_servers(options, serving)? };
    let (http2_failed, http2) =
        if over_http2.is_empty() { (false, None) } else { compare_http2(options, &over_http2)? };
    let (relays_failed, relayed) =
        if relaying.is_empty() { (false, None) } else { compare_relays(options, &relaying)? };
    let (loads_failed, loaded) = if is_loading { compare_loads(options)? } else { (false, None) };
    for (text, marks) in [(clients, CLIENTS), (served, SERVERS), (relayed, RELAYS), (http2, HTTP2), (loaded, LOADS)] {
        let Some(text) = text else { continue };
        println!("{text}");
        if let Some(file) = &options.write {
            let text = format!("{}\n\n{text}", about_this_machine());
            std::fs::write(file, put_between(marks, &std::fs::read_to_string(file)?, &text)?)?;
        }
    }
    let has_failed = clients_failed || servers_failed || relays_failed || http2_failed || loads_failed;
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Where a program is that was built beside this one.
fn beside(name: &str) -> std::io::Result<PathBuf> {
    std::env::current_exe().map(|here| here.with_file_name(name))
}

impl Options {
    fn wsprobe(&self) -> std::io::Result<PathBuf> {
        self.wsprobe.clone().map_or_else(|| beside("wsprobe"), Ok)
    }

    /// Where the peers are, if they are to be measured.
    fn peers(&self, named: &[String]) -> std::io::Result<Option<PathBuf>> {
        if self.quick && named.is_empty() {
            return Ok(None);
        }
        self.peers.clone().map_or_else(|| beside("../peers/bin"), Ok).map(Some)
    }

    fn runs(&self, usual: usize) -> usize {
        self.runs.unwrap_or(if self.quick { 2 } else { usual })
    }
}

/// Says whether wsprobe failed, and the tables.
fn compare_clients(options: &Options, jobs: Vec<Job>) -> Result<(bool, Option<String>), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let mut copies = Copies::default();
    let wsprobe = copies.add(options.wsprobe()?, "wsprobe", &dir);
    let raw = copies.add(beside("raw")?, "raw", &dir);
    let (mut clients, missing) = client::all(&wsprobe, &raw, options.peers(&options.client)?.as_deref());
    warn_of(&missing);
    if let Some(other) = &options.before {
        let program = copies.add(other.clone(), "before", &dir);
        clients.insert(1, Client { kind: Kind::Wsprobe, name: "before", program });
    }
    if !options.client.is_empty() {
        let is_named = |name: &str| options.client.iter().any(|named| named == name);
        clients.retain(|client| ["raw", "before"].contains(&client.name) || is_named(client.name));
    }
    let trust = Trust::make(&dir)?;
    let bench = Bench {
        copies,
        plain: Server::start(None)?,
        tls: Server::start(Some(trust.server.clone()))?,
        trust,
        dir,
        launch: beside("launch")?,
        limit: Duration::from_secs(options.limit),
    };
    let mut rows = Vec::new();
    for job in jobs {
        let runs = options.runs(job.runs);
        rows.push(interleaved(&bench, &clients, job, runs)?);
    }
    let parts = [table::ratios(&rows), table::own_parts(&rows), table::peaks(&rows), table::details(&rows)];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    Ok((rows.iter().any(|row| row.trouble_of(Kind::Wsprobe)), Some(text)))
}

/// The same of servers.
fn compare_servers(options: &Options, jobs: Vec<ServerJob>) -> Result<(bool, Option<String>), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let mut copies = Copies::default();
    let wsprobe = copies.add(options.wsprobe()?, "wsprobe", &dir);
    let plain = copies.add(beside("plain")?, "plain", &dir);
    let (mut programs, mut missing) = servers::programs(&wsprobe, &plain, options.peers(&options.server)?.as_deref());
    if !options.server.is_empty() {
        let is_named = |name: &str| options.server.iter().any(|named| named == name);
        programs.retain(|server| server.name == "plain" || is_named(server.name));
        missing.retain(|name| is_named(name));
    }
    warn_of(&missing);
    let mut rows: Vec<ServerRow> = Vec::new();
    for job in jobs {
        let runs = options.runs(job.runs);
        rows.push(servers::interleaved(job, &programs, &copies, runs)?);
    }
    Ok((rows.iter().any(|row| row.trouble_of(ServerKind::Wsprobe)), Some(servers::tables(&rows, &missing))))
}

/// The same of load generators.
fn compare_loads(options: &Options) -> Result<(bool, Option<String>), Box<dyn Error>> {
    let (mut programs, missing) =
        loads::programs(&options.wsprobe()?, &beside("raw")?, options.peers(&options.client)?.as_deref());
    if !options.client.is_empty() {
        programs.retain(|program| program.name == "raw" || options.client.iter().any(|named| named == program.name));
    }
    warn_of(&missing);
    let seconds = if options.quick { 1 } else { 10 };
    let server = match &options.echo_server {
        Some(other) => EchoServer::Other(other.clone()),
        None => EchoServer::Wsprobe(options.wsprobe()?),
    };
    let rows = loads::interleaved(&programs, &server, &beside("launch")?, seconds, options.runs(5))?;
    Ok((rows.iter().any(loads::LoadRow::is_ours_in_trouble), Some(loads::table(&rows))))
}

/// The same of wsprobe over HTTP/2 and over HTTP/1.1.
fn compare_http2(options: &Options, jobs: &[Http2Job]) -> Result<(bool, Option<String>), Box<dyn Error>> {
    let wsprobe = options.wsprobe()?;
    let rows = jobs.iter().map(|job| http2::interleaved(job, &wsprobe, options.runs(5)));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok((rows.iter().any(|row| !row.is_whole), Some(http2::table(&rows))))
}

/// The same of relays.
fn compare_relays(options: &Options, jobs: &[RelayJob]) -> Result<(bool, Option<String>), Box<dyn Error>> {
    let (wsprobe, plain, peers) = (options.wsprobe()?, beside("plain")?, options.peers(&options.server)?);
    let rows = jobs.iter().map(|job| relays::interleaved(job, [&wsprobe, &plain], peers.as_deref(), options.runs(5)));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok((rows.iter().any(relays::RelayRow::is_ours_in_trouble), Some(relays::table(&rows))))
}

fn warn_of(missing: &[&str]) {
    missing.iter().for_each(|name| eprintln!("compare: {name} IS NOT INSTALLED: run benches/compare/install-peers.sh"));
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
            if done.last().is_some_and(|ran| ran.value.is_none_or(is_slow)) {
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

fn put_between([begin, end]: [&str; 2], file: &str, text: &str) -> Result<String, Box<dyn Error>> {
    let (before, rest) = file.split_once(begin).ok_or("there is no mark where the table begins")?;
    let (_, after) = rest.split_once(end).ok_or("there is no mark where the table ends")?;
    Ok(format!("{before}{begin}\n{text}\n{end}{after}"))
}

fn is_slow(nanoseconds: u64) -> bool {
    u128::from(nanoseconds) > SLOW.as_nanos()
}
