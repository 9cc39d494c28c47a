//! Load generators side by side: messages a second in a closed loop, against the same server.

mod program;
mod table;

use std::error::Error;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compare::usage::Usage;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

pub use self::program::{LoadProgram, all as programs};
pub use self::table::{LoadRow, table};
use crate::process::{free_port, listens};

/// How many connections each of them holds.
pub const CONNECTIONS: u32 = 100;

/// What a generator may take beside the time that it is to send.
const LIMIT: Duration = Duration::from_secs(60);

const GLANCE: Duration = Duration::from_millis(10);

/// What echoes.
pub enum EchoServer {
    Wsprobe(PathBuf),
    /// A program that is given the port.
    Other(PathBuf),
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct LoadRun {
    /// Messages that came back, and in how many seconds.
    pub messages: f64,
    pub seconds: f64,
    /// Of the generator alone, in nanoseconds.
    pub cpu: u64,
}

pub fn title() -> String {
    format!("closed-loop echo on {CONNECTIONS} connections")
}

impl EchoServer {
    fn command(&self, port: u16) -> Command {
        match self {
            Self::Wsprobe(program) => {
                let mut command = Command::new(program);
                // One of the peers asks for this host, whatever it is told.
                command.args(["listen", "--quiet", "--echo", "--host", "server.example.com"]);
                command.arg(format!("127.0.0.1:{port}"));
                command
            }
            Self::Other(program) => {
                let mut command = Command::new(program);
                command.arg(port.to_string());
                command
            }
        }
    }
}

/// Each generator once, then each again; a server is started anew for each.
pub fn interleaved(
    programs: &[LoadProgram],
    server: &EchoServer,
    launch: &Path,
    seconds: u64,
    runs: usize,
) -> Result<Vec<LoadRow>, Box<dyn Error>> {
    eprintln!("== {}", title());
    let mut rows: Vec<LoadRow> =
        programs.iter().map(|program| LoadRow { program: program.clone(), runs: Vec::new(), trouble: None }).collect();
    let dir = tempfile::tempdir()?;
    for _ in 0..runs {
        for row in &mut rows {
            match run(&row.program, server, launch, dir.path(), seconds)? {
                Ok(ran) => row.runs.push(ran),
                Err(trouble) => {
                    eprintln!("  {}: {trouble}", row.program.name);
                    row.trouble = Some(trouble);
                }
            }
        }
    }
    Ok(rows)
}

fn run(
    program: &LoadProgram,
    server: &EchoServer,
    launch: &Path,
    dir: &Path,
    seconds: u64,
) -> io::Result<Result<LoadRun, String>> {
    let port = free_port()?;
    let mut server = server.command(port);
    let server = Group::start(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
    if !listens(port) {
        return Ok(Err("the server does not start".to_owned()));
    }
    let (report, output) = (dir.join("usage"), dir.join("output"));
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new(launch);
    command.arg(&report).args(program.command(port, seconds, dir)?);
    command.stdin(Stdio::null()).stdout(std::fs::File::create(&output)?).stderr(Stdio::null());
    let mut generator = Group::start(&mut command)?;
    let due = Instant::now() + LIMIT + Duration::from_secs(seconds);
    while generator.child.try_wait()?.is_none() {
        if Instant::now() > due {
            return Ok(Err(format!("no end within {} s", LIMIT.as_secs() + seconds)));
        }
        std::thread::sleep(GLANCE);
    }
    drop(server);
    let usage = std::fs::read_to_string(&report).ok().as_deref().and_then(Usage::from_line);
    let Some(usage) = usage else { return Ok(Err("its end was not seen".to_owned())) };
    let said = std::fs::read_to_string(&output)?;
    let counted = program.counted(&said, dir, usage);
    Ok(counted
        .map(|(messages, seconds)| LoadRun { messages, seconds, cpu: usage.cpu })
        .ok_or_else(|| format!("exit status {}, and no figures", usage.status)))
}

/// A process and what it has started, which end with it.
struct Group {
    child: Child,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.process_group(0).spawn()? })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It may have left by itself.
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
