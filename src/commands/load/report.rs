//! What a run comes to: a line a second, records, and the summary.

use std::fmt::Write as _;
use std::time::Duration;

use super::deliveries::ReceiverTimes;
use super::histogram::{Percentiles, TimeHistogram};
use super::measured::Measured;
use super::output::LoadOutput;
use super::tallies::{FailureCount, Failures, LoadTallies, TrafficCount, total};
use super::threshold::{Threshold, ThresholdVerdict};
use crate::render::object::{ms, object, or_null, record, text};
use crate::text::units::counted;

/// Threads that are busier than this decide how fast it goes.
const BUSY: f64 = 0.9;

/// Lateness of our own below this is that of the system's timers.
const PUNCTUAL: Duration = Duration::from_millis(1);

/// One second, or what is left of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadSecond<'t> {
    /// Since the start.
    pub(super) at: Duration,
    pub(super) length: Duration,
    pub(super) tallies: &'t LoadTallies,
    /// Connections that are open now.
    pub(super) open: u64,
}

/// All of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadSummary<'t> {
    pub(super) url: &'t str,
    pub(super) connections: u32,
    /// `open` or `closed`.
    pub(super) model: Option<&'static str>,
    pub(super) measured: Measured,
    /// From the start to the end of sending.
    pub(super) took: Duration,
    pub(super) tallies: &'t LoadTallies,
    /// Of the name, once for all.
    pub(super) resolved: Duration,
    /// What all threads have used, from the start to the very end.
    pub(super) cpu: Duration,
    /// The share of that in what the threads could have used.
    pub(super) cpu_share: f64,
    pub(super) thresholds: &'t [Threshold],
}

impl LoadOutput {
    pub(super) fn second(self, second: &LoadSecond<'_>, out: &mut String) {
        match self {
            Self::Summary => {}
            Self::Lines => out.push_str(&line(second)),
            Self::Records => record(out, &second_fields(second)),
        }
    }

    pub(super) fn summary(self, summary: &LoadSummary<'_>, out: &mut String) {
        match self {
            Self::Records => summary.record(out),
            Self::Lines | Self::Summary => out.push_str(&summary.page()),
        }
    }
}

impl LoadSecond<'_> {
    pub(super) const CSV_HEAD: &'static str = "seconds,open,opened,refused,broken,sent,sent_bytes,received,received_bytes,replies,p50_ms,p90_ms,p99_ms,p99.9_ms,max_ms\n";

    /// A line of the table, with nothing where there was no reply.
    pub(super) fn csv_row(&self) -> String {
        let LoadSecond { at, tallies, open, .. } = self;
        let LoadTallies { opened, sent, received, latency, .. } = tallies;
        let times = latency.percentiles().map(|all| [all.p50, all.p90, all.p99, all.p999, all.max].map(ms));
        let counts = [*open, *opened, total(&tallies.refused), total(&tallies.broken)];
        let flow = [sent.messages, sent.bytes, received.messages, received.bytes, latency.count()];
        let counts = counts.iter().chain(&flow).map(u64::to_string);
        let fields = [format!("{:.3}", at.as_secs_f64())].into_iter().chain(counts).chain(times.unwrap_or_default());
        fields.collect::<Vec<_>>().join(",") + "\n"
    }

    pub(super) fn per_second(&self, count: u64) -> f64 {
        per_second(count, self.length)
    }
}

/// `  3 s: 100 open, 100 sent/s, …`
fn line(second: &LoadSecond<'_>) -> String {
    let LoadSecond { at, length, tallies, open } = second;
    let rate = |count: TrafficCount| per_second(count.messages, *length);
    let mut line = format!("{:>4.0} s: {open} open", at.as_secs_f64());
    for (what, failures) in [("refused", &tallies.refused), ("broken", &tallies.broken)] {
        let count = total(failures);
        if count > 0 {
            write!(line, ", {count} {what}").expect("a String takes all");
        }
    }
    write!(line, ", {:.0} sent/s, {:.0} received/s", rate(tallies.sent), rate(tallies.received))
        .expect("a String takes all");
    if let Some(Percentiles { p50, p99, max, .. }) = tallies.latency.percentiles() {
        write!(line, ", p50 {} p99 {} max {} ms", ms(p50), ms(p99), ms(max)).expect("a String takes all");
    }
    line + "\n"
}

fn second_fields(second: &LoadSecond<'_>) -> Vec<(&'static str, String)> {
    let LoadSecond { at, tallies, open, .. } = second;
    let mut fields =
        vec![("type", text("second")), ("seconds", format!("{:.3}", at.as_secs_f64())), ("open", open.to_string())];
    fields.extend(counts(tallies));
    fields
}

/// What a record has of figures, of a second or of all.
fn counts(tallies: &LoadTallies) -> Vec<(&'static str, String)> {
    let LoadTallies { sent, received, .. } = tallies;
    vec![
        ("opened", tallies.opened.to_string()),
        ("refused", kinds(&tallies.refused)),
        ("broken", kinds(&tallies.broken)),
        ("sent", sent.messages.to_string()),
        ("sent_bytes", sent.bytes.to_string()),
        ("received", received.messages.to_string()),
        ("received_bytes", received.bytes.to_string()),
        ("replies", tallies.latency.count().to_string()),
        ("latency_ms", percentiles(&tallies.latency)),
        ("late_ms", percentiles(&tallies.late)),
    ]
}

impl LoadSummary<'_> {
    /// The tool was the limit, in words.
    pub(super) fn limit(&self) -> Option<String> {
        let late = self.tallies.late.at(0.99);
        let latency = self.tallies.latency.at(0.99);
        let is_late = late > PUNCTUAL && late > latency / 10;
        let late = || format!("one message in a hundred was sent {} ms or more after it was due", ms(late));
        if self.cpu_share > BUSY {
            let share = self.cpu_share * 100.0;
            return Some(format!(
                "this machine was the limit, not the server: wsprobe used {share:.0} % of its processors, and {}",
                late()
            ));
        }
        is_late.then(|| format!("this machine was late itself: {}, which the latencies include", late()))
    }

    /// What its thresholds say.
    pub(super) fn verdicts(&self) -> Vec<ThresholdVerdict> {
        self.thresholds.iter().map(|threshold| threshold.judge(self.tallies, self.took)).collect()
    }

    fn judged(&self) -> String {
        object(self.verdicts().into_iter().map(|verdict| (verdict.text, verdict.is_met.to_string())))
    }

    /// All figures, as a record in a line.
    pub(super) fn record(&self, out: &mut String) {
        record(out, &self.fields());
    }

    fn page(&self) -> String {
        let tallies = self.tallies;
        let mut page = format!("--- {} ---\n", self.url);
        let (refused, broken) = (total(&tallies.refused), total(&tallies.broken));
        let missing = u64::from(self.connections).saturating_sub(tallies.opened + refused);
        let mut connections = format!("{} opened, {refused} refused, {broken} broken", tallies.opened);
        if missing > 0 {
            write!(connections, ", {missing} not begun").expect("a String takes all");
        }
        entry(&mut page, "connections", &format!("{connections}, in {:.1} s", self.took.as_secs_f64()));
        page.push_str(&failures("refused", &tallies.refused));
        page.push_str(&failures("broken", &tallies.broken));
        if tallies.opened > 0 {
            entry(&mut page, "name", &format!("{} ms, once for all", ms(self.resolved)));
        }
        for (name, times) in &tallies.steps {
            times.percentiles().iter().for_each(|times| entry(&mut page, name, &brief(times)));
        }
        if tallies.opened > 0 && (self.model.is_some() || tallies.received.messages > 0) {
            self.traffic(&mut page);
        }
        self.tool(&mut page);
        for ThresholdVerdict { text, is_met, found } in self.verdicts() {
            entry(&mut page, if is_met { "met" } else { "NOT MET" }, &format!("{text}: {found}"));
        }
        page
    }

    fn traffic(&self, page: &mut String) {
        let tallies = self.tallies;
        let flow = |count: TrafficCount| {
            let TrafficCount { messages, bytes } = count;
            let (rate, bytes) = (per_second(messages, self.took), per_second(bytes, self.took));
            format!("{}, {rate:.1}/s, {}", counted(messages, "message"), byte_rate(bytes))
        };
        entry(page, "sent", &flow(tallies.sent));
        entry(page, "received", &flow(tallies.received));
        if let Some(Percentiles { p50, p90, p99, p999, max }) = tallies.latency.percentiles() {
            let all = [p50, p90, p99, p999, max].map(ms);
            let [p50, p90, p99, p999, max] = all;
            let since = match (self.measured, self.model) {
                (Measured::Replies, Some("closed")) => "from sending",
                (Measured::Replies, _) => "from when each was due",
                (Measured::Deliveries, _) => "to each receiver, from when each was due",
                (Measured::Plays, Some("closed")) => "of a play, from its first step",
                (Measured::Plays, _) => "of a play, from when each was due",
            };
            entry(page, "latency", &format!("p50 {p50} p90 {p90} p99 {p99} p99.9 {p999} max {max} ms, {since}"));
        }
        let unsent = "could not be sent in time: the server did not read";
        let (what, unanswered, unsent) = match self.measured {
            Measured::Replies => ("message", "no reply", unsent),
            Measured::Deliveries => ("message", "not delivered to a receiver", unsent),
            Measured::Plays => ("play", "not brought to its end", "not begun in time: the one before took too long"),
        };
        for (count, words) in [(tallies.unanswered, unanswered), (tallies.unsent, unsent)] {
            if count > 0 {
                entry(page, "", &format!("{}: {words}", counted(count, what)));
            }
        }
        self.receivers(page);
    }

    /// With `--fan-out`: how the receivers fared, each by itself.
    fn receivers(&self, page: &mut String) {
        let receivers = &self.tallies.receivers;
        let (Some(means), Some(maxima)) = (receivers.means.percentiles(), receivers.maxima.percentiles()) else {
            return;
        };
        let count = receivers.means.count();
        entry(page, "receivers", &format!("{count}, with a mean of {}", brief(&means)));
        entry(page, "", &format!("and a maximum of {}", brief(&maxima)));
        for ReceiverTimes { client, found, missed, mean, max } in &receivers.slowest {
            let (mean, max) = (ms(*mean), ms(*max));
            let missed = if *missed > 0 { format!(", {missed} missed") } else { String::new() };
            entry(page, "  slow", &format!("connection {client}: mean {mean} max {max} ms of {found}{missed}"));
        }
    }

    fn receiver_fields(&self) -> String {
        let receivers = &self.tallies.receivers;
        let slow = receivers.slowest.iter().map(|ReceiverTimes { client, found, missed, mean, max }| {
            let counts = [("connection", client), ("deliveries", found), ("missed", missed)];
            let times = [("mean_ms", ms(*mean)), ("max_ms", ms(*max))];
            object(counts.map(|(name, count)| (name, count.to_string())).into_iter().chain(times))
        });
        let slowest = format!("[{}]", slow.collect::<Vec<_>>().join(","));
        or_null((receivers.means.count() > 0).then(|| {
            object([
                ("count", receivers.means.count().to_string()),
                ("mean_ms", percentiles(&receivers.means)),
                ("max_ms", percentiles(&receivers.maxima)),
                ("slowest", slowest),
            ])
        }))
    }

    fn tool(&self, page: &mut String) {
        let cpu = format!("{:.1} s of CPU, {:.0} %", self.cpu.as_secs_f64(), self.cpu_share * 100.0);
        let late = self.tallies.late.percentiles().map_or_else(String::new, |late| {
            let [p50, p99, max] = [late.p50, late.p99, late.max].map(ms);
            format!("; sent p50 {p50} p99 {p99} max {max} ms late")
        });
        entry(page, "wsprobe", &format!("{cpu}{late}"));
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let tallies = self.tallies;
        let mut fields = vec![
            ("type", text("summary")),
            ("url", text(self.url)),
            ("model", or_null(self.model.map(text))),
            ("latency_of", text(self.measured.name())),
            ("connections", self.connections.to_string()),
            ("seconds", format!("{:.3}", self.took.as_secs_f64())),
            ("name_ms", ms(self.resolved)),
        ];
        let steps = tallies.steps.iter().map(|(name, times)| (name.to_lowercase(), percentiles(times)));
        fields.push(("steps_ms", object(steps)));
        fields.extend(counts(tallies));
        fields.extend([
            ("receivers", self.receiver_fields()),
            ("lasted", tallies.lasted.to_string()),
            ("unanswered", tallies.unanswered.to_string()),
            ("unsent", tallies.unsent.to_string()),
            ("cpu_seconds", format!("{:.3}", self.cpu.as_secs_f64())),
            ("cpu_share", format!("{:.3}", self.cpu_share)),
            ("thresholds", self.judged()),
            ("limit", or_null(self.limit().map(|words| text(&words)))),
        ]);
        fields
    }
}

/// A line of the summary.
fn entry(page: &mut String, name: &str, value: &str) {
    writeln!(page, "{name:<12}{value}").expect("a String takes all");
}

fn failures(what: &str, failures: &Failures) -> String {
    let line = |(kind, FailureCount { count, words, .. }): (&String, &FailureCount)| match words.is_empty() {
        true => format!("  {what} {kind}: {count}\n"),
        false => format!("  {what} {kind}: {count} ({words})\n"),
    };
    failures.iter().map(line).collect()
}

fn kinds(failures: &Failures) -> String {
    object(failures.iter().map(|(kind, failure)| (kind.as_str(), failure.count.to_string())))
}

fn brief(times: &Percentiles) -> String {
    let [p50, p90, p99, max] = [times.p50, times.p90, times.p99, times.max].map(ms);
    format!("p50 {p50} p90 {p90} p99 {p99} max {max} ms")
}

fn percentiles(times: &TimeHistogram) -> String {
    or_null(times.percentiles().map(|Percentiles { p50, p90, p99, p999, max }| {
        object(["p50", "p90", "p99", "p99.9", "max"].into_iter().zip([p50, p90, p99, p999, max].map(ms)))
    }))
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 of them")]
fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

/// In powers of ten, as networks count.
fn byte_rate(rate: f64) -> String {
    let (scale, unit) =
        [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")].into_iter().find(|(scale, _)| rate >= *scale).unwrap_or((1.0, "B"));
    format!("{:.1} {unit}/s", rate / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies() -> LoadTallies {
        let mut tallies = LoadTallies { opened: 3, gone: 1, lasted: 2, ..LoadTallies::default() };
        (1..=100).for_each(|millis| tallies.latency.add(Duration::from_millis(millis)));
        tallies.late.add(Duration::from_micros(50));
        tallies.sent = TrafficCount { messages: 101, bytes: 4_000 };
        tallies.received = TrafficCount { messages: 100, bytes: 3_000_000 };
        tallies.unanswered = 1;
        tallies.broken("closed 1011".to_owned(), || "internal error".to_owned(), 6);
        tallies
    }

    #[test]
    fn a_second_is_a_line_or_a_record() {
        let tallies = tallies();
        let second =
            LoadSecond { at: Duration::from_secs(7), length: Duration::from_secs(1), tallies: &tallies, open: 2 };
        let shown = |output: LoadOutput| {
            let mut out = String::new();
            output.second(&second, &mut out);
            out
        };
        let line = shown(LoadOutput::Lines);
        assert!(line.starts_with("   7 s: 2 open, 1 broken, 101 sent/s, 100 received/s, p50 50.0"), "{line}");
        let record: serde_json::Value = serde_json::from_str(&shown(LoadOutput::Records)).unwrap();
        assert_eq!((&record["open"], &record["broken"]["closed 1011"]), (&2.into(), &1.into()));
        assert_eq!(shown(LoadOutput::Summary), "");
    }

    #[test]
    fn the_summary_names_each_failure_and_says_where_the_tool_was_the_limit() {
        let tallies = tallies();
        let summary = LoadSummary {
            url: "ws://h/",
            connections: 4,
            model: Some("closed"),
            measured: Measured::Replies,
            took: Duration::from_secs(10),
            tallies: &tallies,
            resolved: Duration::ZERO,
            cpu: Duration::from_secs(1),
            cpu_share: 0.05,
            thresholds: &[Threshold::from_text("p50<1ms").unwrap(), Threshold::from_text("errors<50%").unwrap()],
        };
        let page = summary.page();
        for part in [
            "connections 3 opened, 0 refused, 1 broken, 1 not begun, in 10.0 s\n",
            "  broken closed 1011: 1 (internal error)\n",
            "sent        101 messages, 10.1/s, 400.0 B/s\n",
            "received    100 messages, 10.0/s, 300.0 kB/s\n",
            "            1 message: no reply\n",
            "NOT MET     p50<1ms: 50.0",
            "met         errors<50%: ",
            "wsprobe     1.0 s of CPU, 5 %; sent p50 0.05",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(summary.limit(), None);
        let words = LoadSummary { cpu_share: 0.97, ..summary }.limit().unwrap();
        assert!(words.contains("97 %"), "{words}");
    }
}
