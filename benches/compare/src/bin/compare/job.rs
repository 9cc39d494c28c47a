//! The jobs: what each client is asked to do.

use compare::load::Load;

/// A job as it is in the table.
#[derive(Clone, Debug)]
pub struct Job {
    /// What `--only` takes.
    pub name: String,
    /// What the table says.
    pub title: String,
    pub does: Does,
    pub trust: Trusting,
    /// How often it is run, unless `--runs` says otherwise.
    pub runs: usize,
}

impl Job {
    /// Whether it is about one message that is too large to be held.
    pub fn is_one_message(&self) -> bool {
        matches!(self.does, Does::Send(load, _) | Does::Receive(load, _) if load.count == 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Prints its version.
    Version,
    /// Connects, sends a message, gets its reply, leaves.
    Start,
    Send(Load, From),
    Receive(Load, To),
    /// This many, each after the previous one.
    RoundTrips(usize, Cpus),
    /// This many pings, at the shortest interval of `wsprobe ping`.
    Pings(usize, Cpus),
    /// The size of its binary.
    Size,
    /// Connected, and nothing to do.
    Idle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Pipe,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Nowhere,
    File,
    Pipe,
}

/// On which CPUs the client, the server and the driver run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cpus {
    /// As the scheduler decides.
    Any,
    One,
}

/// How the server is reached and verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusting {
    Plain,
    OneAuthority,
    SystemRoots,
}

const MIB: usize = 1 << 20;

/// All jobs, in the order of the table; `quick` takes fewer and smaller messages.
pub fn all(quick: bool) -> Vec<Job> {
    let mut jobs = vec![
        job("version", "`--version`", Does::Version, Trusting::Plain),
        job("start", "start", Does::Start, Trusting::Plain),
        job("start-ca", "start, wss, one CA", Does::Start, Trusting::OneAuthority),
        job("start-roots", "start, wss, the system's roots", Does::Start, Trusting::SystemRoots),
    ];
    let transfers = transfers(quick);
    jobs.extend(transfers.iter().map(|(name, title, does)| job(name, title, *does, Trusting::Plain)));
    jobs.extend(transfers.iter().map(|(name, title, does)| {
        job(&format!("{name}-wss"), &format!("{title}, wss"), *does, Trusting::OneAuthority)
    }));
    jobs.push(job("idle", "memory when idle", Does::Idle, Trusting::Plain));
    jobs.push(job("size", "size of the binary, stripped", Does::Size, Trusting::Plain));
    jobs
}

/// What is done both without and with TLS: names, titles, jobs.
fn transfers(quick: bool) -> Vec<(String, String, Does)> {
    let few = |many: u64, few: u64| if quick { few } else { many };
    let small = Load { count: few(1_000_000, 20_000), size: 32 };
    let sent = Load { count: few(200, 5), size: MIB };
    let received = Load { count: few(2_000, 5), size: MIB };
    let trips = few(20_000, 200);
    let pings = few(300, 20) as usize;
    let large: &[(usize, &str)] =
        if quick { &[(8, "8 MiB")] } else { &[(64, "64 MiB"), (256, "256 MiB"), (1024, "1 GiB")] };
    let places = [(To::Nowhere, "null", "/dev/null"), (To::File, "file", "a file"), (To::Pipe, "pipe", "a pipe")];

    let mut transfers = Vec::new();
    let mut add = |name: &str, title: String, does| transfers.push((name.to_owned(), title, does));
    let count = grouped(small.count);
    add("send-pipe", format!("send {count} x 32 B from a pipe"), Does::Send(small, From::Pipe));
    add("send-file", format!("send {count} x 32 B from a file"), Does::Send(small, From::File));
    add("send-1m", format!("send {} x 1 MiB from a pipe", sent.count), Does::Send(sent, From::Pipe));
    for (to, name, place) in places {
        add(&format!("receive-{name}"), format!("receive {count} x 32 B to {place}"), Does::Receive(small, to));
    }
    let count = grouped(received.count);
    for (to, name, place) in places.into_iter().filter(|(to, ..)| *to != To::File) {
        add(&format!("receive-1m-{name}"), format!("receive {count} x 1 MiB to {place}"), Does::Receive(received, to));
    }
    for (size, title) in large {
        let load = Load { count: 1, size: size * MIB };
        add(&format!("send-{size}m"), format!("send one message of {title}"), Does::Send(load, From::Pipe));
        add(&format!("receive-{size}m"), format!("receive one message of {title}"), Does::Receive(load, To::Pipe));
    }
    let count = grouped(trips);
    add("trips", format!("{count} round trips, the median"), Does::RoundTrips(trips as usize, Cpus::Any));
    add("trips-one-cpu", format!("{count} round trips on one CPU"), Does::RoundTrips(trips as usize, Cpus::One));
    add("pings", format!("{pings} pings, the median round trip"), Does::Pings(pings, Cpus::Any));
    add("pings-one-cpu", format!("{pings} pings on one CPU"), Does::Pings(pings, Cpus::One));
    transfers
}

fn job(name: &str, title: &str, does: Does, trust: Trusting) -> Job {
    let runs = match does {
        Does::Version | Does::Start => 100,
        Does::Idle => 3,
        Does::Size => 1,
        Does::Send(load, _) | Does::Receive(load, _) if load.count == 1 => 3,
        _ => 5,
    };
    Job { name: name.to_owned(), title: title.to_owned(), does, trust, runs }
}

/// `1000000` as `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits are ASCII")).collect();
    groups.join(",")
}
