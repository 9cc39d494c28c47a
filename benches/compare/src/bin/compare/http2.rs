//! wsprobe over HTTP/2 beside wsprobe over HTTP/1.1, its own `listen` at the other end: the CPU time of both ends.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;

use compare::load::{Load, Tally};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::job::grouped;
use crate::process::children_cpu;
use crate::table::{Spread, ratio, time};
use crate::talk::{check, write_messages};

/// A job as it stands in the table.
pub struct Http2Job {
    /// What `--only` takes.
    pub name: String,
    /// What the table says.
    pub title: String,
    load: Load,
    direction: Direction,
    is_tls: bool,
}

/// As seen by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Send,
    Receive,
}

/// All jobs, in the order of the table; `quick` takes fewer messages.
pub fn all(quick: bool) -> Vec<Http2Job> {
    let few = |many: u64, few: u64| if quick { few } else { many };
    let small = (Load { count: few(1_000_000, 20_000), size: 32 }, "", "32 B");
    let large = (Load { count: few(2_000, 5), size: 1 << 20 }, "-1m", "1 MiB");
    let mut jobs = Vec::new();
    for (is_tls, suffix, over) in [(false, "", "h2c"), (true, "-tls", "TLS")] {
        for (direction, verb) in [(Direction::Send, "send"), (Direction::Receive, "receive")] {
            for (load, kind, size) in [small, large] {
                let name = format!("http2-{verb}{kind}{suffix}");
                let title = format!("{verb} {} x {size}, {over}", grouped(load.count));
                jobs.push(Http2Job { name, title, load, direction, is_tls });
            }
        }
    }
    jobs
}

/// The CPU time of both ends, in nanoseconds, user and system, and what came.
struct Ran {
    client: u64,
    server: u64,
    tally: Tally,
}

/// A job with what both versions took for it.
pub struct Http2Row {
    title: String,
    /// HTTP/1.1 and HTTP/2, each the client and the server.
    cpu: [[Spread; 2]; 2],
    /// Whether all came, each time.
    pub is_whole: bool,
}

/// Both versions in turns.
///
/// # Errors
/// The system has no room for the processes, or one of them does not begin.
pub fn interleaved(job: &Http2Job, wsprobe: &Path, runs: usize) -> io::Result<Http2Row> {
    eprintln!("== {}", job.title);
    let mut ran: [Vec<Ran>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..runs {
        for (version, done) in ran.iter_mut().enumerate() {
            done.push(run(job, wsprobe, version == 1)?);
        }
    }
    let whole = job.load.count * job.load.blocks_per_message();
    let is_whole = ran.iter().flatten().all(|ran| ran.tally.whole == whole && ran.tally.astray == 0);
    if !is_whole {
        eprintln!("  wsprobe: not all messages came");
    }
    let spread = |values: Vec<u64>| Spread::of(values).ok_or_else(|| io::Error::other("nothing was run"));
    let ends = |runs: &[Ran]| {
        let (client, server) = runs.iter().map(|ran| (ran.client, ran.server)).unzip();
        Ok::<_, io::Error>([spread(client)?, spread(server)?])
    };
    Ok(Http2Row { title: job.title.clone(), cpu: [ends(&ran[0])?, ends(&ran[1])?], is_whole })
}

fn run(job: &Http2Job, wsprobe: &Path, is_http2: bool) -> io::Result<Ran> {
    let Http2Job { load, direction, is_tls, .. } = *job;
    let (mut server, port, _said) = listen(wsprobe, job)?;
    let version = match (is_http2, is_tls) {
        (false, _) => "--http1.1",
        (true, false) => "--http2-prior-knowledge",
        (true, true) => "--http2=required",
    };
    let mut command = Command::new(wsprobe);
    command.args(["-q", "-k", "--compress", "off", version]);
    match direction {
        Direction::Send => command.args(["-w", "0"]).stdin(Stdio::piped()).stdout(Stdio::null()),
        Direction::Receive => command.args(["-r", "--count", &load.count.to_string()]).stdout(Stdio::piped()),
    };
    command.arg(format!("{}://127.0.0.1:{port}/", if is_tls { "wss" } else { "ws" }));
    let before = children_cpu();
    let mut client = command.spawn()?;
    let (input, output) = match direction {
        Direction::Send => {
            (client.stdin.take().map(|to| Box::new(to) as Input), server.stdout.take().map(|it| Box::new(it) as Output))
        }
        Direction::Receive => {
            (server.stdin.take().map(|to| Box::new(to) as Input), client.stdout.take().map(|it| Box::new(it) as Output))
        }
    };
    let (input, output) = input.zip(output).expect("both are piped");
    let checked = thread::spawn(move || check(output, load));
    // Who does not read to the end has lost messages, which is found when they are counted. The server's stdin stays open.
    let written = thread::spawn(move || {
        let mut input = input;
        let _ = write_messages(&mut input, load, false);
        (direction == Direction::Receive).then_some(input)
    });
    let status = client.wait()?;
    let after = children_cpu();
    let _open = written.join().expect("it only writes");
    kill(Pid::from_raw(server.id().cast_signed()), Signal::SIGTERM)?;
    server.wait()?;
    let tally = checked.join().expect("it only reads");
    if !status.success() {
        eprintln!("  wsprobe: {status}");
    }
    Ok(Ran { client: after - before, server: children_cpu() - after, tally })
}

type Input = Box<dyn io::Write + Send>;
type Output = Box<dyn io::Read + Send>;

/// A server that prints what comes, or sends the lines of its stdin; its port, and its stderr, which stays open.
fn listen(wsprobe: &Path, job: &Http2Job) -> io::Result<(Child, String, BufReader<ChildStderr>)> {
    let mut command = Command::new(wsprobe);
    command.args(["listen", "127.0.0.1:0", "--compress", "off"]);
    if job.is_tls {
        command.arg("--tls-self-signed");
    }
    match job.direction {
        Direction::Send => command.stdin(Stdio::null()).stdout(Stdio::piped()),
        Direction::Receive => command.stdin(Stdio::piped()).stdout(Stdio::null()),
    };
    let mut server = command.stderr(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(server.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("listening on ") {
        line.clear();
        if said.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the server does not start"));
        }
    }
    let port = line.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next());
    let port = port.ok_or_else(|| io::Error::other("the server has no port"))?.to_owned();
    Ok((server, port, said))
}

/// As Markdown.
pub fn table(rows: &[Http2Row]) -> String {
    let mut out = String::from(
        "| CPU time | client, HTTP/1.1 | HTTP/2 | middle half | server, HTTP/1.1 | HTTP/2 | middle half |\n|---|---|---|---|---|---|---|\n",
    );
    for Http2Row { title, cpu: [one, two], .. } in rows {
        write!(out, "| {title} |").expect("it is a string");
        for (one, two) in one.iter().zip(two) {
            let half = format!("{} to {}", time(two.low), time(two.high));
            write!(out, " {} | {} | {half} |", time(one.median), ratio(two.median, one.median))
                .expect("it is a string");
        }
        out.push('\n');
    }
    out
}
