//! One server doing one job once: started, spoken to by all its clients, stopped, and judged.

use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compare::load::{Load, Tally};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::ServerRun;
use super::clients::{self, Exchanged};
use super::job::{ServerJob, Serves};
use super::program::ServerProgram;
use crate::process::{children_cpu, free_port, listens};

/// One that was told to leave gets this long.
const LEAVE: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// None when the server has no way to do it.
///
/// # Errors
/// The system has no room for another process, or for the clients.
pub fn run(server: &ServerProgram, job: &ServerJob) -> io::Result<Option<ServerRun>> {
    let port = free_port()?;
    let Some(args) = server.args(job.does, port) else { return Ok(None) };
    let mut command = Command::new(&server.program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let running = Running { cpu_before: children_cpu(), child: command.spawn()? };
    if !listens(port) {
        running.stop()?;
        return Ok(Some(ServerRun::failed("does not start")));
    }
    let ran = match job.does {
        Serves::Echo(load) => exchanged(running, load, 1, clients::echo(port, load)),
        Serves::Broadcast(load, receivers) => {
            exchanged(running, load, receivers as u64, clients::broadcast(port, load, receivers))
        }
        Serves::Idle(count) => idle(running, port, count),
    };
    ran.map(Some)
}

/// Judges what came, and what the server took for it.
fn exchanged(running: Running, load: Load, receivers: u64, came: io::Result<Exchanged>) -> io::Result<ServerRun> {
    let peak = running.memory("VmHWM:").unwrap_or_default();
    let cpu = running.stop()?;
    let Exchanged { took, tally } = match came {
        Ok(came) => came,
        Err(error) => return Ok(ServerRun { peak, ..ServerRun::failed(error.to_string()) }),
    };
    let trouble = losses(load.count * load.blocks_per_message() * receivers, tally);
    let arrived = Some(tally.whole / load.blocks_per_message());
    Ok(ServerRun { value: Some(cpu), took, peak, arrived, trouble })
}

fn losses(all: u64, tally: Tally) -> Option<String> {
    match tally.whole {
        few if few < all => Some(format!("lost {:.1} %", 100.0 * (all - few) as f64 / all as f64)),
        _ => (tally.astray > 0 || tally.whole > all).then(|| "out of order".to_owned()),
    }
}

fn idle(running: Running, port: u16, count: usize) -> io::Result<ServerRun> {
    let before = running.memory("VmRSS:");
    let held: io::Result<Vec<TcpStream>> = (0..count).map(|_| clients::open(port)).collect();
    let (after, peak) = (running.memory("VmRSS:"), running.memory("VmHWM:").unwrap_or_default());
    running.stop()?;
    let (Ok(_), Some(before), Some(after)) = (held, before, after) else {
        return Ok(ServerRun { peak, ..ServerRun::failed("does not take them all") });
    };
    Ok(ServerRun { value: Some(after.saturating_sub(before) / count as u64), peak, ..ServerRun::default() })
}

struct Running {
    child: Child,
    cpu_before: u64,
}

impl Running {
    /// In bytes.
    fn memory(&self, what: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let kibibytes = |line: &str| line.strip_prefix(what)?.trim().strip_suffix(" kB")?.parse::<u64>().ok();
        Some(status.lines().find_map(kibibytes)? * 1024)
    }

    /// Ends it; tells the CPU time in nanoseconds that it took, with that of the processes which it has waited for.
    fn stop(mut self) -> io::Result<u64> {
        let group = Pid::from_raw(self.child.id().cast_signed());
        let due = Instant::now() + LEAVE;
        // It may have left by itself.
        let _ = killpg(group, Signal::SIGTERM);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > due {
                let _ = killpg(group, Signal::SIGKILL);
                self.child.wait()?;
            }
            std::thread::sleep(GLANCE);
        }
        Ok(children_cpu() - self.cpu_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_or_out_of_order_is_said() {
        let tally = |whole, astray| Tally { whole, astray, ..Tally::default() };
        assert_eq!(losses(100, tally(100, 0)), None);
        assert_eq!(losses(100, tally(98, 1)).unwrap(), "lost 2.0 %");
        assert_eq!(losses(100, tally(100, 2)).unwrap(), "out of order");
        // Something came twice.
        assert_eq!(losses(100, tally(101, 0)).unwrap(), "out of order");
    }
}
