//! `wsprobe load merge`: the logs of several runs added up, as if they had been one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::hdr_log::{self, FIGURES, MAXIMA, MEANS};
use super::measured::Measured;
use super::output::LoadOutput;
use super::report::LoadSummary;
use super::tallies::{FailureCount, Failures, LoadTallies};
use super::threshold::Threshold;
use crate::error::Error;
use crate::runtime::{complain, print};

/// Logs of `--hdr` to be added.
#[derive(Clone, Debug)]
pub(crate) struct MergeOptions {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) output: LoadOutput,
    pub(crate) thresholds: Vec<Threshold>,
}

/// What they come to.
#[derive(Debug, Default)]
struct MergedRun {
    urls: Vec<String>,
    models: Vec<&'static str>,
    measured: Option<Measured>,
    connections: u32,
    took: f64,
    name_ms: f64,
    cpu: f64,
    cpu_share: f64,
    tallies: LoadTallies,
}

/// Prints the report of all together, and returns the exit status.
pub(crate) fn run(options: &MergeOptions) -> u8 {
    let mut run = MergedRun::default();
    for file in &options.files {
        if let Err(error) = run.add_file(file) {
            return complain(&error);
        }
    }
    let mut out = String::new();
    let url = run.urls.join(", ");
    let summary = run.summary(&url, &options.thresholds);
    options.output.summary(&summary, &mut out);
    let is_met = summary.verdicts().iter().all(|verdict| verdict.is_met);
    match print(out.as_bytes()) {
        0 if !is_met => 1,
        code => code,
    }
}

impl MergedRun {
    fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = crate::sys::file::read_to_string(path).map_err(|source| Error::File {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
        let mut has_figures = false;
        for (number, line) in (1..).zip(text.lines()) {
            let bad = |why: String| Error::BadRecord { path: path.to_owned(), line: number, why };
            if let Some(figures) = line.strip_prefix(FIGURES) {
                let figures = serde_json::from_str(figures.trim_end_matches(']'));
                self.add_figures(&figures.map_err(|error| bad(error.to_string()))?);
                has_figures = true;
                continue;
            }
            match hdr_log::read_line(line).map_err(bad)? {
                Some((None, times)) => self.tallies.latency.merge(&times),
                Some((Some("late"), times)) => self.tallies.late.merge(&times),
                Some((Some(MEANS), times)) => self.tallies.receivers.means.merge(&times),
                Some((Some(MAXIMA), times)) => self.tallies.receivers.maxima.merge(&times),
                Some((Some(tag), times)) => {
                    self.tallies
                        .step(known_step(tag).ok_or_else(|| bad(format!("there is no step `{tag}`")))?)
                        .merge(&times);
                }
                None => {}
            }
        }
        let whole = "it has no figures at its end: is it a log of `wsprobe load --hdr`, and was that run ended?";
        let missing =
            || Error::BadRecord { path: path.to_owned(), line: text.lines().count() as u64, why: whole.to_owned() };
        if has_figures { Ok(()) } else { Err(missing()) }
    }

    fn add_figures(&mut self, figures: &Value) {
        let count = |name: &str| figures[name].as_u64().unwrap_or(0);
        let number = |name: &str| figures[name].as_f64().unwrap_or(0.0);
        let url = figures["url"].as_str().unwrap_or_default().to_owned();
        if !self.urls.contains(&url) {
            self.urls.push(url);
        }
        self.models.extend(["open", "closed"].into_iter().find(|model| figures["model"] == *model));
        self.measured = Measured::ALL.into_iter().find(|it| figures["latency_of"] == it.name()).or(self.measured);
        self.connections = self.connections.saturating_add(u32::try_from(count("connections")).unwrap_or(u32::MAX));
        (self.took, self.name_ms) = (self.took.max(number("seconds")), self.name_ms.max(number("name_ms")));
        (self.cpu, self.cpu_share) = (self.cpu + number("cpu_seconds"), self.cpu_share.max(number("cpu_share")));
        let tallies = &mut self.tallies;
        tallies.opened += count("opened");
        tallies.lasted += count("lasted");
        tallies.unanswered += count("unanswered");
        tallies.unsent += count("unsent");
        if figures["latency_of"] != Measured::Replies.name() {
            tallies.awaited += count("replies") + count("unanswered");
        }
        tallies.sent.messages += count("sent");
        tallies.sent.bytes += count("sent_bytes");
        tallies.received.messages += count("received");
        tallies.received.bytes += count("received_bytes");
        add_failures(&mut tallies.refused, &figures["refused"]);
        add_failures(&mut tallies.broken, &figures["broken"]);
    }

    fn summary<'s>(&'s self, url: &'s str, thresholds: &'s [Threshold]) -> LoadSummary<'s> {
        LoadSummary {
            url,
            connections: self.connections,
            model: self.models.first().copied(),
            measured: self.measured.unwrap_or(Measured::Replies),
            took: seconds(self.took),
            tallies: &self.tallies,
            resolved: seconds(self.name_ms / 1e3),
            cpu: seconds(self.cpu),
            cpu_share: self.cpu_share,
            thresholds,
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The steps of opening, as a report names them.
fn known_step(tag: &str) -> Option<&'static str> {
    ["TCP", "proxy", "TLS", "handshake"].into_iter().find(|step| *step == tag)
}

fn add_failures(failures: &mut Failures, counts: &Value) {
    for (kind, count) in counts.as_object().into_iter().flatten() {
        let failure = FailureCount { count: 0, words: String::new(), exit_code: 0 };
        failures.entry(kind.clone()).or_insert(failure).count += count.as_u64().unwrap_or(0);
    }
}
