//! One client doing one job once: started, fed, read, watched, and checked.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use compare::load::{Blocks, Check, Load, Tally};
use compare::usage::Usage;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::client::{Client, Order};
use crate::job::{Does, From, Job, To, Trusting};
use crate::server::{Served, Server, Work};
use crate::tls::Trust;

const BUFFER: usize = 256 << 10;

/// What the server may still say when the client has left.
const AFTERMATH: Duration = Duration::from_secs(2);

/// How often a client is looked at that may end before the server is done with it.
const GLANCE: Duration = Duration::from_millis(10);

/// How long a client is left alone before it is spoken to, or its memory looked at.
const SETTLING: Duration = Duration::from_millis(500);

/// What all runs share.
pub struct Bench {
    pub plain: Server,
    pub tls: Server,
    pub trust: Trust,
    pub dir: TempDir,
    pub launch: PathBuf,
    /// For one run.
    pub limit: Duration,
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// Nanoseconds; bytes for `Idle` and `Size`. None when it came to no end.
    pub value: Option<u64>,
    /// Nanoseconds.
    pub cpu: u64,
    /// Bytes.
    pub peak: u64,
    /// Messages that came whole, where they can be counted.
    pub arrived: Option<u64>,
    /// What was wrong with it.
    pub trouble: Option<String>,
}

impl Ran {
    fn failed(trouble: impl Into<String>) -> Self {
        Self { trouble: Some(trouble.into()), ..Self::default() }
    }
}

impl Bench {
    /// None when the client has no way to do it.
    pub fn run(&self, client: &Client, job: &Job) -> io::Result<Option<Ran>> {
        if job.does == Does::Size {
            return size(&client.program, self.dir.path());
        }
        let server = if job.trust == Trusting::Plain { &self.plain } else { &self.tls };
        let work = match job.does {
            Does::Send(load, _) => Work::Sink(load),
            Does::Receive(load, _) => Work::Flood(load),
            Does::Idle => Work::Idle,
            _ => Work::Echo,
        };
        let Some(order) = client.order(job, &server.url(work), &self.trust) else { return Ok(None) };
        let ran = if job.does == Does::Idle {
            idle(client, order, server)?
        } else {
            self.measured(client, job, order, server)?
        };
        Ok(Some(ran))
    }

    fn measured(&self, client: &Client, job: &Job, order: Order, server: &Server) -> io::Result<Ran> {
        let report = self.dir.path().join("usage");
        let _ = std::fs::remove_file(&report);
        let output = self.dir.path().join("output");
        let errors = self.dir.path().join("errors");
        let mut command = Command::new(&self.launch);
        command.arg(&report).arg(&client.program).args(&order.args).envs(order.env);
        // It and its client are killed together.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&errors)?);
        match job.does {
            Does::Send(load, From::File) => drop(command.stdin(self.input(load)?)),
            Does::Receive(_, To::File) => drop(command.stdout(File::create(&output)?)),
            Does::Receive(_, To::Nowhere) | Does::Send(..) => drop(command.stdout(Stdio::null())),
            _ => {}
        }
        let mut child = command.spawn()?;
        let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let watch = watch(&child, self.limit);

        let mut trips = Vec::new();
        let mut said = String::new();
        let mut reader = None;
        let mut feeder = None;
        match (job.does, stdout) {
            (Does::Send(load, From::Pipe), _) => feeder = stdin.take().map(|stdin| feed(stdin, load, order.takes_all)),
            (Does::RoundTrips(count), Some(stdout)) => {
                // Some drop what is typed before the connection stands.
                server.opened(self.limit);
                std::thread::sleep(SETTLING);
                trips = stdin.take().map(|stdin| round_trips(stdin, stdout, count)).unwrap_or_default();
            }
            (Does::Receive(load, _), Some(stdout)) => reader = Some(read(stdout, load)),
            (_, Some(stdout)) => said = exchange(stdin.take(), order.says, stdout),
            (_, None) => {}
        }
        if matches!(job.does, Does::Receive(..)) {
            end_with_the_server(&mut child, stdin.take(), server)?;
        }
        child.wait()?;
        drop((stdin, watch));
        if let Some(feeder) = feeder {
            feeder.join().expect("it only writes");
        }
        let mut tally = reader.map(|reader| reader.join().expect("it only reads"));
        let Some(usage) = std::fs::read_to_string(&report).ok().as_deref().and_then(Usage::from_line) else {
            return Ok(Ran::failed(format!("no end within {} s", self.limit.as_secs())));
        };
        let served = match job.does {
            Does::Send(..) => server.served(AFTERMATH).unwrap_or_default(),
            _ => Served::default(),
        };
        if let Does::Receive(load, To::File) = job.does {
            tally = Some(check(File::open(&output)?, load));
        }

        let mut ran = Ran { cpu: usage.cpu, peak: usage.peak * 1024, ..Ran::default() };
        ran.value = match job.does {
            Does::RoundTrips(count) => (trips.len() == count).then(|| median(&mut trips)),
            Does::Send(..) => (served.last > 0).then(|| served.last - usage.started),
            _ => Some(usage.ended - usage.started),
        };
        let (expected, tally, messages) = match (job.does, tally) {
            (Does::Send(load, _), _) => (Some(load), Some(served.tally), Some(served.messages)),
            (Does::Receive(load, _), tally) => (Some(load), tally, None),
            _ => (None, None, None),
        };
        if let (Some(load), Some(tally)) = (expected, tally) {
            ran.arrived = Some(tally.whole / load.blocks_per_message());
            ran.trouble = trouble_with(load, tally, messages);
        }
        if job.does == Does::Start {
            ran.arrived = Some(said.contains("hello").into());
            ran.trouble = (ran.arrived == Some(0)).then(|| "no reply".to_owned());
        }
        if let Does::RoundTrips(count) = job.does {
            ran.arrived = Some(trips.len() as u64);
            ran.trouble = (trips.len() < count).then(|| format!("stopped after {}", trips.len()));
        }
        if usage.status != 0 && ran.trouble.is_none() {
            let last_words = std::fs::read_to_string(&errors).unwrap_or_default();
            let last_words = last_words.lines().last().unwrap_or_default();
            eprintln!("  {}: exit status {}: {last_words}", client.name, usage.status);
            // What it was asked for has been done, and only its farewell was odd, when all is there.
            if ran.arrived.is_none() {
                ran.trouble = Some(format!("exit status {}", usage.status));
            }
        }
        Ok(ran)
    }

    /// A file with the lines of a load, made when it is first asked for.
    fn input(&self, load: Load) -> io::Result<File> {
        let path = self.dir.path().join(format!("input-{}-{}", load.count, load.size));
        if !path.exists() {
            write_messages(File::create(&path)?, load, false)?;
        }
        File::open(path)
    }
}

/// Ends the processes when the time is up; it is called off by dropping what it returns.
fn watch(child: &Child, limit: Duration) -> impl Drop + use<> {
    let group = Pid::from_raw(child.id().cast_signed());
    let (off, called_off) = channel::<()>();
    let thread = std::thread::spawn(move || {
        if called_off.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // It may have ended just now.
            let _ = killpg(group, Signal::SIGKILL);
        }
    });
    Watch { off: Some(off), thread: Some(thread) }
}

struct Watch {
    off: Option<std::sync::mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.off.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends stdin when the server is done with the client: some leave only then.
fn end_with_the_server(child: &mut Child, stdin: Option<ChildStdin>, server: &Server) -> io::Result<()> {
    while child.try_wait()?.is_none() && server.served(GLANCE).is_none() {}
    drop(stdin);
    Ok(())
}

fn feed(stdin: ChildStdin, load: Load, takes_all: bool) -> JoinHandle<()> {
    // Whoever does not read to the end has lost messages, which the server sees.
    std::thread::spawn(move || drop(write_messages(stdin, load, takes_all)))
}

/// Each message with a newline behind it, unless it is all that there is.
fn write_messages(mut to: impl io::Write, load: Load, is_all: bool) -> io::Result<()> {
    let mut blocks = Blocks::new(load);
    let mut out = Vec::with_capacity(2 * BUFFER);
    for _ in 0..load.count {
        for _ in 0..load.blocks_per_message() {
            out.extend_from_slice(blocks.current());
            blocks.advance();
            if out.len() >= BUFFER {
                to.write_all(&out)?;
                out.clear();
            }
        }
        if !is_all {
            out.push(b'\n');
        }
    }
    to.write_all(&out)
}

/// Says something, ends stdin when it is answered, and returns all that is printed.
fn exchange(mut stdin: Option<ChildStdin>, says: &str, mut stdout: ChildStdout) -> String {
    if let Some(stdin) = &mut stdin {
        // It may not read.
        let _ = stdin.write_all(says.as_bytes());
    }
    let (mut said, mut buffer) = (String::new(), [0; 4096]);
    while let Ok(new @ 1..) = stdout.read(&mut buffer) {
        said.push_str(&String::from_utf8_lossy(&buffer[..new]));
        if said.contains("hello") {
            drop(stdin.take());
        }
    }
    said
}

fn read(stdout: ChildStdout, load: Load) -> JoinHandle<Tally> {
    std::thread::spawn(move || check(stdout, load))
}

fn check(mut from: impl io::Read, load: Load) -> Tally {
    let mut check = Check::new(load);
    let mut buffer = vec![0; BUFFER];
    while let Ok(new @ 1..) = from.read(&mut buffer) {
        check.feed(&buffer[..new]);
    }
    check.tally()
}

fn trouble_with(load: Load, tally: Tally, messages: Option<u64>) -> Option<String> {
    let all = load.count * load.blocks_per_message();
    if tally.whole < all {
        let lost = 100.0 * (all - tally.whole) as f64 / all as f64;
        return Some(format!("lost {}", if lost < 0.1 { "a few".to_owned() } else { format!("{lost:.1} %") }));
    }
    if tally.astray > 0 || tally.whole > all {
        return Some("out of order".to_owned());
    }
    match messages {
        Some(messages) if messages > load.count => Some(format!("cut into {messages}")),
        Some(messages) if messages < load.count => Some(format!("joined into {messages}")),
        Some(_) => None,
        None => (tally.newlines < load.count).then(|| "no newlines".to_owned()),
    }
}

/// How long each took, in nanoseconds; fewer when the client stops answering.
fn round_trips(mut stdin: ChildStdin, mut stdout: ChildStdout, count: usize) -> Vec<u64> {
    let load = Load { count: count as u64, size: 32 };
    let (mut blocks, mut check) = (Blocks::new(load), Check::new(load));
    let mut buffer = [0; 4096];
    let mut took = Vec::with_capacity(count);
    let mut line = Vec::new();
    while took.len() < count {
        line.clear();
        line.extend_from_slice(blocks.current());
        line.push(b'\n');
        blocks.advance();
        let start = Instant::now();
        if stdin.write_all(&line).is_err() {
            break;
        }
        while check.tally().whole <= took.len() as u64 {
            match stdout.read(&mut buffer) {
                Ok(new @ 1..) => check.feed(&buffer[..new]),
                _ => return took,
            }
        }
        took.push(u64::try_from(start.elapsed().as_nanos()).expect("less than 500 years"));
    }
    drop(stdin);
    // It may have more to say before it goes.
    while let Ok(1..) = stdout.read(&mut buffer) {}
    took
}

pub fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn idle(client: &Client, order: Order, server: &Server) -> io::Result<Ran> {
    let mut command = Command::new(&client.program);
    command.args(&order.args).envs(order.env).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let opened = server.opened(Duration::from_secs(10));
    std::thread::sleep(SETTLING);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let ended = child.try_wait()?;
    let _ = child.kill();
    child.wait()?;
    let resident = |line: &str| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok();
    let Some(resident) = status.lines().find_map(resident).filter(|_| opened && ended.is_none()) else {
        return Ok(Ran::failed("does not stay"));
    };
    Ok(Ran { value: Some(resident * 1024), peak: resident * 1024, ..Ran::default() })
}

/// The size of a binary without its symbols; a script has none.
fn size(program: &Path, dir: &Path) -> io::Result<Option<Ran>> {
    let mut magic = [0; 4];
    File::open(program)?.read_exact(&mut magic)?;
    if magic != *b"\x7fELF" {
        return Ok(None);
    }
    let stripped = dir.join("stripped");
    let status = Command::new("strip").arg("-o").args([&stripped, program]).status()?;
    if !status.success() {
        return Ok(Some(Ran::failed("cannot be stripped")));
    }
    Ok(Some(Ran { value: Some(std::fs::metadata(stripped)?.len()), ..Ran::default() }))
}
