//! One client doing one job once: started, talked to, watched, and judged.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use compare::usage::Usage;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::client::{Client, Order};
use crate::copies::Copies;
use crate::job::{Cpus, Does, From, Job, To, Trusting};
use crate::one_cpu::OneCpu;
use crate::server::{Server, Work};
use crate::talk::{self, Heard, SETTLING};
use crate::tls::Trust;
use crate::verdict::Ran;

/// How long the server may take to report after the client has left.
const AFTERMATH: Duration = Duration::from_secs(2);

/// What all runs share.
pub struct Bench {
    pub copies: Copies,
    pub plain: Server,
    pub tls: Server,
    pub trust: Trust,
    pub dir: TempDir,
    pub launch: PathBuf,
    /// For one run.
    pub limit: Duration,
}

impl Bench {
    /// `None` if the client cannot do it.
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
        let _held = if let Does::RoundTrips(_, Cpus::One) | Does::Pings(_, Cpus::One) = job.does {
            Some(OneCpu::hold()?)
        } else {
            None
        };
        let ran = if job.does == Does::Idle {
            idle(client, order, server)?
        } else {
            self.measured(client, job, order, server)?
        };
        Ok(Some(ran))
    }

    fn measured(&self, client: &Client, job: &Job, order: Order, server: &Server) -> io::Result<Ran> {
        let file = |name: &str| self.dir.path().join(name);
        let (report, output, errors) = (file("usage"), file("output"), file("errors"));
        let _ = std::fs::remove_file(&report);
        let mut command = Command::new(&self.launch);
        command.arg(&report).arg(&client.program).args(&order.args).envs(order.env.iter().cloned());
        // It and its client are killed together.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&errors)?);
        match job.does {
            Does::Send(load, From::File) => {
                command.stdin(talk::input(self.dir.path(), load)?).stdout(Stdio::null());
            }
            Does::Receive(_, To::File) => drop(command.stdout(File::create(&output)?)),
            Does::Receive(_, To::Nowhere) | Does::Send(_, From::Pipe) => drop(command.stdout(Stdio::null())),
            _ => {}
        }
        let mut child = command.spawn()?;
        let watch = Watch::over(&child, self.limit);
        let mut heard = talk::talk(&mut child, job.does, &order, server, self.limit)?;
        drop(watch);
        let Some(usage) = std::fs::read_to_string(&report).ok().as_deref().and_then(Usage::from_line) else {
            return Ok(Ran::failed(format!("no end within {} s", self.limit.as_secs())));
        };
        if usage.status != 0 {
            let said = std::fs::read_to_string(&errors).unwrap_or_default();
            eprintln!("  {}: {}", client.name, said.lines().last().unwrap_or_default());
        }
        if let Does::Receive(load, To::File) = job.does {
            heard = Heard::Messages(talk::check(File::open(&output)?, load));
        }
        let served = if matches!(job.does, Does::Send(..)) { server.served(AFTERMATH) } else { None };
        Ok(Ran::judged(job.does, usage, heard, served.unwrap_or_default()))
    }
}

/// Kills a client and its launcher when the time is up; cancelled when dropped.
struct Watch {
    off: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn over(child: &Child, limit: Duration) -> Self {
        let group = Pid::from_raw(child.id().cast_signed());
        let (off, called_off) = channel::<()>();
        let thread = std::thread::spawn(move || {
            if called_off.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                // It may have ended just now.
                let _ = killpg(group, Signal::SIGKILL);
            }
        });
        Self { off: Some(off), thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.off.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
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
