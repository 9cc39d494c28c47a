//! Relays side by side: between the driver's own client and the plain echo server, beside what an echo server and a client of
//! wsprobe need together.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use compare::load::Load;

use crate::job::grouped;
use crate::process::{free_port, listens};
use crate::servers::echo;
use crate::table::{Spread, ratio, time};
use crate::talk::write_messages;

/// A job as it stands in the table.
pub struct RelayJob {
    /// What `--only` takes.
    pub name: &'static str,
    /// What the table says.
    pub title: String,
    load: Load,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RelayKind {
    /// No relay: an echo server and a client in a pipe.
    EchoAndClient,
    Wsprobe,
    /// It looks into the messages, too.
    Mitmproxy,
    Websocat,
    /// These pass bytes on once the connection has switched.
    Nginx,
    Haproxy,
}

/// A relay that is there.
struct RelayProgram {
    kind: RelayKind,
    name: &'static str,
    program: PathBuf,
}

/// What one needed in a job, and whether all came each time.
struct RelayCell {
    name: &'static str,
    count: u64,
    cpu: Option<Spread>,
    is_whole: bool,
}

/// A job with all relays.
pub struct RelayRow {
    title: String,
    cells: Vec<RelayCell>,
}

impl RelayRow {
    pub fn is_ours_in_trouble(&self) -> bool {
        self.cells.iter().any(|cell| cell.name.contains("wsprobe") && !cell.is_whole)
    }
}

/// All jobs, in the order of the table; `quick` takes fewer messages.
pub fn all(quick: bool) -> Vec<RelayJob> {
    let few = |many: u64, few: u64| if quick { few } else { many };
    let job = |name, load: Load, size| RelayJob { name, title: format!("{} x {size}", grouped(load.count)), load };
    vec![
        job("relay", Load { count: few(1_000_000, 20_000), size: 32 }, "32 B"),
        job("relay-1m", Load { count: few(200, 5), size: 1 << 20 }, "1 MiB"),
    ]
}

/// Each relay in turns.
///
/// # Errors
/// The system has no room for the processes, or one of ours does not begin.
pub fn interleaved(
    job: &RelayJob,
    [wsprobe, plain]: [&Path; 2],
    peers: Option<&Path>,
    runs: usize,
) -> io::Result<RelayRow> {
    eprintln!("== relay {}", job.title);
    let programs = programs(wsprobe, peers);
    let mut ran: Vec<(Vec<u64>, bool)> = programs.iter().map(|_| (Vec::new(), true)).collect();
    for _ in 0..runs {
        for (relay, (cpu, is_whole)) in programs.iter().zip(&mut ran) {
            let (took, came) = run(relay, relay.load(job.load), [wsprobe, plain])?;
            cpu.push(took);
            *is_whole &= came;
        }
    }
    let cell = |(relay, (cpu, is_whole)): (&RelayProgram, (Vec<u64>, bool))| RelayCell {
        name: relay.name,
        count: relay.load(job.load).count,
        cpu: Spread::of(cpu),
        is_whole,
    };
    Ok(RelayRow { title: job.title.clone(), cells: programs.iter().zip(ran).map(cell).collect() })
}

fn programs(wsprobe: &Path, peers: Option<&Path>) -> Vec<RelayProgram> {
    let own = |kind, name| RelayProgram { kind, name, program: wsprobe.to_owned() };
    let mut found =
        vec![own(RelayKind::EchoAndClient, "echo and client of wsprobe"), own(RelayKind::Wsprobe, "wsprobe")];
    let kinds = [
        (RelayKind::Mitmproxy, "mitmproxy", "mitmdump"),
        (RelayKind::Websocat, "websocat", "websocat"),
        (RelayKind::Nginx, "nginx", "nginx"),
        (RelayKind::Haproxy, "haproxy", "haproxy"),
    ];
    for (kind, name, file) in kinds {
        let Some(peers) = peers else { break };
        let program = peers.join(file);
        match program.exists() {
            true => found.push(RelayProgram { kind, name, program }),
            false => eprintln!("compare: {name} IS NOT INSTALLED: run benches/compare/install-peers.sh"),
        }
    }
    found
}

impl RelayProgram {
    /// What it gets: less, if it would take minutes. What counts is the time for each message.
    fn load(&self, load: Load) -> Load {
        let is_slow = self.kind == RelayKind::Mitmproxy;
        Load { count: if is_slow { (load.count / 50).max(5) } else { load.count }, ..load }
    }

    /// Between a port of its own and that of a server.
    fn command(&self, port: u16, server: u16, dir: &Path) -> io::Result<Command> {
        let mut command = Command::new(&self.program);
        match self.kind {
            RelayKind::EchoAndClient | RelayKind::Wsprobe => {
                command.args(["listen", "-q", "--forward", &format!("ws://127.0.0.1:{server}/"), &port.to_string()])
            }
            RelayKind::Mitmproxy => command
                .args(["-q", "--mode", &format!("reverse:http://127.0.0.1:{server}"), "--listen-host", "127.0.0.1"])
                .args(["--listen-port", &port.to_string(), "--set"])
                .arg(format!("confdir={}", dir.display())),
            // It cuts messages at 64 KiB unless told otherwise.
            RelayKind::Websocat => command
                .args(["-t", "-B", "1048578", &format!("ws-l:127.0.0.1:{port}")])
                .arg(format!("ws://127.0.0.1:{server}/")),
            RelayKind::Nginx => {
                std::fs::write(dir.join("nginx.conf"), nginx(port, server, &dir.display()))?;
                command.arg("-e").arg("stderr").arg("-c").arg(dir.join("nginx.conf"))
            }
            RelayKind::Haproxy => {
                std::fs::write(dir.join("haproxy.cfg"), haproxy(port, server))?;
                command.arg("-db").arg("-q").arg("-f").arg(dir.join("haproxy.cfg"))
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }
}

fn nginx(port: u16, server: u16, dir: &dyn std::fmt::Display) -> String {
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {dir}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}server {{\n\
         listen 127.0.0.1:{port};\nlocation / {{\nproxy_pass http://127.0.0.1:{server};\nproxy_http_version 1.1;\n\
         proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n}}\n}}\n}}\n"
    )
}

fn haproxy(port: u16, server: u16) -> String {
    format!(
        "defaults\nmode http\ntimeout connect 5s\ntimeout client 60s\ntimeout server 60s\ntimeout tunnel 60s\n\
         listen relay\nbind 127.0.0.1:{port}\nserver one 127.0.0.1:{server}\n"
    )
}

/// The CPU time for all messages, in nanoseconds, and whether all came.
fn run(relay: &RelayProgram, load: Load, [wsprobe, plain]: [&Path; 2]) -> io::Result<(u64, bool)> {
    if relay.kind == RelayKind::EchoAndClient {
        return without(wsprobe, load);
    }
    let dir = tempfile::tempdir()?;
    let behind = free_port()?;
    let mut server = Command::new(plain).args(["echo", &behind.to_string()]).stdin(Stdio::null()).spawn()?;
    let port = free_port()?;
    let mut running = relay.command(port, behind, dir.path())?.spawn()?;
    let begins = listens(behind) && listens(port);
    let before = cpu_of(&running)?;
    let came = if begins { echo(port, load) } else { Err(io::Error::other("does not start")) };
    let took = cpu_of(&running)? - before;
    stop(&mut running)?;
    stop(&mut server)?;
    let whole = load.count * load.blocks_per_message();
    let is_whole = came.map(|came| came.tally.whole == whole && came.tally.astray == 0);
    if let Err(error) = &is_whole {
        eprintln!("  {}: {error}", relay.name);
    }
    Ok((took, is_whole.unwrap_or(false)))
}

/// What an echo server and a client take together, without a relay.
fn without(wsprobe: &Path, load: Load) -> io::Result<(u64, bool)> {
    let port = free_port()?;
    let mut command = Command::new(wsprobe);
    command.args(["listen", "-q", "--echo", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut server = command.spawn()?;
    listens(port);
    let before = cpu_of(&server)?;
    let mut client = Command::new(wsprobe)
        .args(["-q", "--compress", "off", "--count", &load.count.to_string(), &format!("ws://127.0.0.1:{port}/")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut input, output) = client.stdin.take().zip(client.stdout.take()).expect("both are piped");
    let reading = std::thread::spawn(move || BufReader::with_capacity(1 << 20, output).split(b'\n').count());
    write_messages(&mut input, load, false)?;
    let lines = reading.join().expect("it only reads");
    let took = cpu_of(&client)? + cpu_of(&server)? - before;
    drop(input);
    let is_done = client.wait()?.success();
    stop(&mut server)?;
    Ok((took, is_done && lines as u64 == load.count))
}

/// User and system, of a process that was not waited for yet.
fn cpu_of(running: &Child) -> io::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.id()))?;
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    // proc(5): utime and stime, in hundredths of a second.
    Ok(fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000_000)
}

fn stop(running: &mut Child) -> io::Result<()> {
    // It may have left by itself.
    let _ = running.kill();
    running.wait().map(drop)
}

/// As Markdown: the CPU time for each message there and back.
pub fn table(rows: &[RelayRow]) -> String {
    let mut out = String::from(
        "| messages | relay | CPU a message | to echo and client | middle half | messages measured |\n|---|---|---|---|---|---|\n",
    );
    for RelayRow { title, cells } in rows {
        let each = |value: u64, cell: &RelayCell| value / cell.count;
        let own = cells.iter().find_map(|cell| Some(each(cell.cpu?.median, cell))).unwrap_or_default();
        for cell in cells {
            let Some(cpu) = cell.cpu else { continue };
            let (median, low, high) = (each(cpu.median, cell), each(cpu.low, cell), each(cpu.high, cell));
            let lost = if cell.is_whole { "" } else { " not all came" };
            writeln!(
                out,
                "| {title} | {} | {} | {}{lost} | {} to {} | {} |",
                cell.name,
                each_time(median),
                if own == 0 { "-".to_owned() } else { ratio(median, own) },
                each_time(low),
                each_time(high),
                grouped(cell.count)
            )
            .expect("it is a string");
        }
    }
    out
}

/// As elsewhere, but finer where it is little.
fn each_time(nanoseconds: u64) -> String {
    if nanoseconds < 10_000 { format!("{nanoseconds} ns") } else { time(nanoseconds) }
}
