//! The generators: their command lines, and what they say of themselves.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use compare::usage::Usage;

use super::CONNECTIONS;

/// What is sent, but for artillery, which finds a reply in JSON only.
const MESSAGE: &str = "abcdefghijklmnopqrstuvwxyzabcdef";
const JSON: &str = r#"{"text":"abcdefghijklmnopqrstu"}"#;

/// Messages for each second of a run, of those that take a number of them and no time: somewhat less than what they reach.
const ARTILLERY_RATE: u64 = 10_000;
const LOADTEST_RATE: u64 = 20_000;

/// How often uWebSockets' program says its rate, in seconds.
const PERIOD: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadKind {
    Raw,
    Wsprobe,
    /// `load_test` of uWebSockets.
    LoadTest,
    Artillery,
    /// npm's `loadtest`.
    Loadtest,
}

#[derive(Clone, Debug)]
pub struct LoadProgram {
    pub kind: LoadKind,
    pub name: &'static str,
    pub program: PathBuf,
}

/// Those that are there, and the names of those that are not.
pub fn all(wsprobe: &Path, raw: &Path, peers: Option<&Path>) -> (Vec<LoadProgram>, Vec<&'static str>) {
    let ours = [(LoadKind::Raw, "raw", raw), (LoadKind::Wsprobe, "wsprobe", wsprobe)];
    let mut found: Vec<_> =
        ours.map(|(kind, name, program)| LoadProgram { kind, name, program: program.to_owned() }).into();
    let mut missing = Vec::new();
    let others =
        [(LoadKind::LoadTest, "load_test"), (LoadKind::Artillery, "artillery"), (LoadKind::Loadtest, "loadtest")];
    for (kind, name) in others.into_iter().filter(|_| peers.is_some()) {
        let program = peers.map(|peers| peers.join(name)).unwrap_or_default();
        if program.exists() { found.push(LoadProgram { kind, name, program }) } else { missing.push(name) }
    }
    (found, missing)
}

impl LoadProgram {
    pub fn command(&self, port: u16, seconds: u64, dir: &Path) -> io::Result<Vec<OsString>> {
        let (url, connections) = (format!("ws://127.0.0.1:{port}/"), CONNECTIONS.to_string());
        let (before, words): (&[&str], Vec<String>) = match self.kind {
            LoadKind::Raw => (&[], words(&["load", &connections, &seconds.to_string(), MESSAGE, &url])),
            LoadKind::Wsprobe => {
                let opening = ["load", "--json", "--closed", "--connect-rate", "10000", "-c", &connections];
                let duration = format!("{seconds}s");
                (&[], words(&[&opening[..], &["--duration", &duration, "-x", MESSAGE, &url]].concat()))
            }
            // It never ends, and writes through a buffer.
            LoadKind::LoadTest => {
                let size = MESSAGE.len().to_string();
                let args = [&connections, "127.0.0.1", &port.to_string(), "0", "0", &size];
                (&["timeout", "LIMIT", "stdbuf", "--output=L"], words(&args))
            }
            LoadKind::Artillery => {
                let (config, report) = (dir.join("artillery.yml"), dir.join("artillery.json"));
                std::fs::write(&config, artillery(port, seconds * ARTILLERY_RATE / u64::from(CONNECTIONS)))?;
                let (config, report) = (config.display().to_string(), report.display().to_string());
                (&[], words(&["run", "--quiet", "--output", &report, &config]))
            }
            LoadKind::Loadtest => {
                let all = (seconds * LOADTEST_RATE).to_string();
                (&[], words(&["--quiet", "-c", &connections, "-n", &all, &url]))
            }
        };
        let limit = (seconds.next_multiple_of(PERIOD) + PERIOD + 1).to_string();
        let before = before.iter().map(|word| if *word == "LIMIT" { limit.clone() } else { (*word).to_owned() });
        let program = [self.program.clone().into_os_string()];
        Ok(before.map(OsString::from).chain(program).chain(words.into_iter().map(OsString::from)).collect())
    }

    /// Messages that came back, and the seconds that it took; none if it does not say so.
    pub fn counted(&self, said: &str, dir: &Path, usage: Usage) -> Option<(f64, f64)> {
        match self.kind {
            LoadKind::Raw => {
                let (messages, nanoseconds) = said.trim().split_once(' ')?;
                Some((messages.parse().ok()?, nanoseconds.parse::<f64>().ok()? / 1e9))
            }
            LoadKind::Wsprobe => {
                let summary = said.lines().last()?;
                Some((number_after(summary, "\"replies\":")?, number_after(summary, "\"seconds\":")?))
            }
            LoadKind::LoadTest => {
                let rates: Vec<f64> = said.lines().filter_map(|line| number_after(line, "Msg/sec: ")).collect();
                let seconds = (usage.ended - usage.started) as f64 / 1e9;
                // What it has done since the last that it said counts as much as before.
                (!rates.is_empty()).then(|| (rates.iter().sum::<f64>() / rates.len() as f64 * seconds, seconds))
            }
            LoadKind::Artillery => {
                let report = std::fs::read_to_string(dir.join("artillery.json")).ok()?;
                let _ = std::fs::remove_file(dir.join("artillery.json"));
                let begun = number_after(&report, "\"firstMetricAt\":")?;
                let ended = number_after(&report, "\"lastMetricAt\":")?;
                Some((number_after(&report, "\"websocket.messages_received\":")?, (ended - begun) / 1e3))
            }
            LoadKind::Loadtest => {
                Some((number_after(said, "Completed requests:")?, number_after(said, "Total time:")?))
            }
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// All of its users arrive within its shortest time.
fn artillery(port: u16, each: u64) -> String {
    format!(
        "config:\n  target: ws://127.0.0.1:{port}\n  phases:\n    - duration: 1\n      arrivalCount: {CONNECTIONS}\n\
         scenarios:\n  - engine: ws\n    flow:\n      - loop:\n          - send:\n              payload: '{JSON}'\n\
         \x20             capture:\n                json: \"$.text\"\n                as: text\n        count: {each}\n"
    )
}

/// The number that stands after the first of these words.
fn number_after(text: &str, words: &str) -> Option<f64> {
    let rest = text[text.find(words)? + words.len()..].trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage { started: 0, ended: 9_000_000_000, status: 0, peak: 1, cpu: 1 };

    fn counted(kind: LoadKind, said: &str) -> Option<(f64, f64)> {
        LoadProgram { kind, name: "", program: PathBuf::new() }.counted(said, Path::new("/nowhere"), USAGE)
    }

    #[test]
    fn each_says_what_came_back_in_its_own_way() {
        assert_eq!(counted(LoadKind::Raw, "200 2000000000\n"), Some((200.0, 2.0)));
        let summary = "{\"type\":\"second\"}\n{\"type\":\"summary\",\"seconds\":1.500,\"replies\":42,\"sent\":9}\n";
        assert_eq!(counted(LoadKind::Wsprobe, summary), Some((42.0, 1.5)));
        assert_eq!(counted(LoadKind::LoadTest, "Msg/sec: 30.5\nMsg/sec: 31.5\n"), Some((279.0, 9.0)));
        assert_eq!(counted(LoadKind::Loadtest, "Completed requests:  5\nTotal time:  0.5 s\n"), Some((5.0, 0.5)));
        assert_eq!(counted(LoadKind::LoadTest, "Closed!\n"), None);
    }
}
