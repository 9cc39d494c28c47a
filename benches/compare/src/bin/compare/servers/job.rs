//! The jobs of servers.

use compare::load::Load;

use crate::job::grouped;

/// A job as it stands in the table.
#[derive(Clone, Debug)]
pub struct ServerJob {
    /// What `--only` takes.
    pub name: &'static str,
    /// What the table says.
    pub title: String,
    pub does: Serves,
    /// How often it is run, unless `--runs` says otherwise.
    pub runs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// One client sends all of them without waiting, and gets them back.
    Echo(Load),
    /// One client sends, so many others receive.
    Broadcast(Load, usize),
    /// So many clients say nothing.
    Idle(usize),
}

/// All jobs, in the order of the table; `quick` takes fewer messages and clients.
pub fn all(quick: bool) -> Vec<ServerJob> {
    let few = |many: u64, few: u64| if quick { few } else { many };
    let small = Load { count: few(1_000_000, 20_000), size: 32 };
    let large = Load { count: few(200, 5), size: 1 << 20 };
    let told = Load { count: few(10_000, 500), size: 32 };
    let (receivers, idle) = if quick { (10, 100) } else { (100, 2000) };
    vec![
        job("serve-echo", format!("echo {} x 32 B", grouped(small.count)), Serves::Echo(small), 5),
        job("serve-echo-1m", format!("echo {} x 1 MiB", large.count), Serves::Echo(large), 5),
        job(
            "serve-broadcast",
            format!("broadcast {} x 32 B to {receivers} clients", grouped(told.count)),
            Serves::Broadcast(told, receivers),
            3,
        ),
        job("serve-idle", format!("memory for each of {} idle clients", grouped(idle as u64)), Serves::Idle(idle), 3),
    ]
}

fn job(name: &'static str, title: String, does: Serves, runs: usize) -> ServerJob {
    ServerJob { name, title, does, runs }
}
