//! How fast the prompt answers, and what it costs, measured: for docs/measurements.md, and not checked.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::kit::pty::{Screen, prompt, ready};
use super::kit::{Raw, TEXT, binary, frame};

/// How many keys are pressed at each rate, and how long after each other: they meet the display at any moment of its work.
const KEYS: usize = 300;
const BETWEEN: Duration = Duration::from_millis(37);

/// How long the CPU is looked at.
const LOOKED_AT: Duration = Duration::from_secs(10);

/// A line that fits the screen together with the prompt.
const LINE: usize = 50;

/// A server that sends so many messages a second, in a batch each millisecond, and counts them.
fn flood(rate: u32) -> (Raw, Arc<AtomicU32>) {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let server = Raw::open(move |mut stream| {
        let start = Instant::now();
        let mut n = 0_u32;
        loop {
            let due = u32::try_from(start.elapsed().as_millis() * u128::from(rate) / 1000).expect("it is short");
            let batch: Vec<u8> = (n..due).flat_map(|n| frame(TEXT, format!("#{n}# of a flood").as_bytes())).collect();
            if stream.write_all(&batch).is_err() {
                return;
            }
            n = due;
            count.store(n, Ordering::SeqCst);
            sleep(Duration::from_millis(1));
        }
    });
    (server, sent)
}

/// A server that says nothing.
fn silent() -> Raw {
    Raw::open(|mut stream| drop(stream.read_to_end(&mut Vec::new())))
}

/// The times from a key to its echo, sorted.
fn echo_times(screen: &Screen) -> Vec<Duration> {
    let mut line = String::new();
    let mut times = Vec::new();
    for key in ('a'..='z').cycle().take(KEYS) {
        if line.len() == LINE {
            screen.keys("\x15");
            screen.prompt();
            line.clear();
        }
        sleep(BETWEEN);
        line.push(key);
        let pressed = Instant::now();
        screen.keys(key.to_string());
        screen.line(&format!("> {line}"), u16::try_from(2 + line.len()).expect("it is short"));
        times.push(pressed.elapsed());
    }
    times.sort();
    times
}

/// The CPU time of a process so far, in clock ticks: a hundred a second (proc(5), utime and stime).
fn ticks(screen: &Screen) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", screen.pid())).expect("it runs");
    let fields = stat.rsplit(')').next().expect("the name is in parentheses");
    fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u32>().expect("a number")).sum()
}

/// The share of a CPU that it takes, in percent.
fn cpu(screen: &Screen) -> f64 {
    let (before, start) = (ticks(screen), Instant::now());
    sleep(LOOKED_AT);
    f64::from(ticks(screen) - before) / start.elapsed().as_secs_f64()
}

fn in_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// `cargo test --release --test prompt speed -- --ignored --nocapture`, with WSPROBE_BINARY for another wsprobe.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it measures, for a minute, and wants the machine for itself"]
fn figures() {
    let mut row = String::new();
    let load = std::fs::read_to_string("/proc/loadavg").expect("Linux tells");
    for rate in [10_000, 30_000] {
        let (server, sent) = flood(rate);
        let screen = ready(prompt([server.url()]));
        let (start, before) = (Instant::now(), sent.load(Ordering::SeqCst));
        let times = echo_times(&screen);
        let came = f64::from(sent.load(Ordering::SeqCst) - before) / start.elapsed().as_secs_f64();
        let (median, late, worst) = (times[KEYS / 2], times[KEYS * 99 / 100], times[KEYS - 1]);
        let [median, late, worst] = [median, late, worst].map(in_ms);
        write!(row, "| {median:.1} / {late:.1} / {worst:.1} ms ({came:.0}/s) ").expect("a String takes all");
        if rate == 30_000 {
            write!(row, "| {:.1} MiB ", screen.peak_memory() as f64 / 1024.0).expect("a String takes all");
        }
    }
    let (server, _) = flood(1_000);
    let screen = ready(prompt([server.url()]));
    write!(row, "| {:.1} % ", cpu(&screen)).expect("a String takes all");
    let idle = silent();
    let screen = ready(prompt([idle.url()]));
    write!(row, "| {:.1} % | {:.1} MiB |", cpu(&screen), screen.peak_memory() as f64 / 1024.0)
        .expect("a String takes all");
    let later = std::fs::read_to_string("/proc/loadavg").expect("Linux tells");
    println!("{}, load {} before and {} after", binary(), &load[..4], &later[..4]);
    println!("| 10,000/s: median / p99 / worst | 30,000/s | memory then | CPU at 1,000/s | CPU idle | memory idle |");
    println!("{row}");
}
