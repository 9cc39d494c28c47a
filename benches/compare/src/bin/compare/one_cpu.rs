//! Runs a whole measurement on one CPU: otherwise, the scheduler would be measured where processes take turns.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Holds every thread of this program, and what they start, on one CPU until it is dropped.
pub struct OneCpu {
    before: CpuSet,
}

impl OneCpu {
    pub fn hold() -> io::Result<Self> {
        let before = sched_getaffinity(Pid::from_raw(0))?;
        let mut one = CpuSet::new();
        let first = (0..CpuSet::count()).find(|cpu| before.is_set(*cpu) == Ok(true));
        one.set(first.ok_or(io::ErrorKind::NotFound)?)?;
        put_threads_on(&one)?;
        Ok(Self { before })
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        put_threads_on(&self.before).expect("the threads were there before");
    }
}

fn put_threads_on(cpus: &CpuSet) -> io::Result<()> {
    for thread in std::fs::read_dir("/proc/self/task")? {
        let id = thread?.file_name().to_string_lossy().parse().map_err(io::Error::other)?;
        match sched_setaffinity(Pid::from_raw(id), cpus) {
            // It has ended in the meantime.
            Err(nix::errno::Errno::ESRCH) => {}
            done => done?,
        }
    }
    Ok(())
}
