//! What is printed of a run: lines for people, or records.

use std::fmt::Write as _;
use std::time::Duration;

use super::statistics::{Times, TimesSummary};
use crate::events::Opened;
use crate::render::object::{ms, object, or_null, record, text};
use crate::render::steps::{self, milliseconds};
use crate::text::units::counted;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PingOutput {
    Lines,
    /// `--quiet`: only the summary.
    Summary,
    /// `--json`: a record for each, and one for the summary.
    Records,
}

/// One round: a ping, and a message where one was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Round {
    /// From 1 on.
    pub(crate) number: u64,
    /// Of the ping's payload, in bytes.
    pub(crate) size: usize,
    pub(crate) pong: Option<Duration>,
    /// From a message to its answer.
    pub(crate) answer: Option<Duration>,
    /// From the name to the handshake, where each round has a connection of its own.
    pub(crate) opening: Option<Duration>,
}

/// All rounds together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) sent: u64,
    pub(crate) pongs: Times,
    /// Where messages are sent too.
    pub(crate) answers: Option<Times>,
    pub(crate) openings: Times,
}

impl Totals {
    pub(crate) fn count(&mut self, round: &Round) {
        round.pong.into_iter().for_each(|time| self.pongs.add(time));
        round.opening.into_iter().for_each(|time| self.openings.add(time));
        if let Some(answers) = &mut self.answers {
            round.answer.into_iter().for_each(|time| answers.add(time));
        }
    }

    /// Whether anything was answered.
    pub(crate) fn has_answers(&self) -> bool {
        self.pongs.count() > 0 || self.answers.as_ref().is_some_and(|answers| answers.count() > 0)
    }
}

impl PingOutput {
    /// A connection was opened; `columns` draws its steps as bars.
    pub(crate) fn opened(self, opened: &Opened, columns: Option<usize>, out: &mut String) {
        let times = &opened.timing;
        match self {
            Self::Summary => {}
            Self::Lines => {
                let steps: Vec<_> =
                    steps::named(times).map(|(name, time)| format!("{name} {}", milliseconds(time))).collect();
                let total = milliseconds(times.total());
                writeln!(out, "{} ({}): {}; {total} in all", opened.shown_url(), opened.peer, steps.join(", "))
                    .expect("a String takes all");
                if let Some(columns) = columns {
                    out.push_str(&steps::diagram(times, columns));
                }
            }
            Self::Records => record(
                out,
                &[
                    ("type", text("open")),
                    ("url", text(&opened.shown_url())),
                    ("peer", text(&opened.peer.to_string())),
                    ("steps_ms", object(steps::named(times).map(|(name, time)| (name.to_lowercase(), ms(time))))),
                    ("total_ms", ms(times.total())),
                ],
            ),
        }
    }

    /// A round is over: what was not answered by now is late or lost.
    pub(crate) fn round(self, round: &Round, has_messages: bool, out: &mut String) {
        match self {
            Self::Summary => {}
            Self::Lines => out.push_str(&line(round, has_messages)),
            Self::Records => {
                let mut fields = vec![
                    ("type", text("round")),
                    ("seq", round.number.to_string()),
                    ("bytes", round.size.to_string()),
                    ("pong_ms", or_null(round.pong.map(ms))),
                ];
                fields.extend(has_messages.then(|| ("answer_ms", or_null(round.answer.map(ms)))));
                fields.extend(round.opening.map(|time| ("opening_ms", ms(time))));
                record(out, &fields);
            }
        }
    }

    /// The end.
    pub(crate) fn summary(self, url: &str, totals: &Totals, took: Duration, out: &mut String) {
        if self == Self::Records {
            return record(out, &summary_fields(url, totals, took));
        }
        let (sent, received) = (totals.sent, totals.pongs.count());
        let lost = sent.saturating_sub(received);
        writeln!(out, "--- {url} ---").expect("a String takes all");
        writeln!(
            out,
            "{} sent, {received} received, {lost} lost ({} %), in {:.1} s",
            counted(sent, "ping"),
            percent(lost, sent),
            took.as_secs_f64()
        )
        .expect("a String takes all");
        let kinds = [
            ("ping", totals.pongs.summary()),
            ("answer", totals.answers.as_ref().and_then(Times::summary)),
            ("opening", totals.openings.summary()),
        ];
        for (name, summary) in kinds {
            if let Some(summary) = summary {
                out.push_str(&summary_lines(name, &summary));
            }
        }
        if let Some(answers) = &totals.answers {
            let lost = sent.saturating_sub(answers.count());
            writeln!(out, "{} of {sent} messages answered, {lost} not", answers.count()).expect("a String takes all");
        }
    }
}

fn line(round: &Round, has_messages: bool) -> String {
    let mut line = format!("{}: ", round.number);
    if let Some(opening) = round.opening {
        write!(line, "opened in {}, ", milliseconds(opening)).expect("a String takes all");
    }
    match round.pong {
        Some(time) => write!(line, "pong of {} bytes after {}", round.size, milliseconds(time)),
        None => write!(line, "no pong"),
    }
    .expect("a String takes all");
    match (has_messages, round.answer) {
        (false, _) => {}
        (true, Some(time)) => write!(line, ", answer after {}", milliseconds(time)).expect("a String takes all"),
        (true, None) => line.push_str(", no answer"),
    }
    line + "\n"
}

fn summary_lines(name: &str, summary: &TimesSummary) -> String {
    let TimesSummary { min, avg, max, mdev, p50, p95, p99, jitter } = summary;
    let times = |times: &[&Duration]| times.iter().map(|time| ms(**time)).collect::<Vec<_>>().join("/");
    format!(
        "{name:<8}min/avg/max/mdev {} ms; p50/p95/p99 {} ms; jitter {} ms\n",
        times(&[min, avg, max, mdev]),
        times(&[p50, p95, p99]),
        ms(*jitter)
    )
}

fn summary_fields(url: &str, totals: &Totals, took: Duration) -> Vec<(&'static str, String)> {
    let of = |times: &Times| {
        or_null(times.summary().map(|TimesSummary { min, avg, max, mdev, p50, p95, p99, jitter }| {
            let names = ["min", "avg", "max", "mdev", "p50", "p95", "p99", "jitter"];
            object(names.into_iter().zip([min, avg, max, mdev, p50, p95, p99, jitter].map(ms)))
        }))
    };
    let (sent, received) = (totals.sent, totals.pongs.count());
    let mut fields = vec![
        ("type", text("summary")),
        ("url", text(url)),
        ("sent", sent.to_string()),
        ("received", received.to_string()),
        ("lost", sent.saturating_sub(received).to_string()),
        ("seconds", took.as_secs_f64().to_string()),
        ("pong_ms", of(&totals.pongs)),
    ];
    if let Some(answers) = &totals.answers {
        fields.extend([("answers", answers.count().to_string()), ("answer_ms", of(answers))]);
    }
    fields.extend((totals.openings.count() > 0).then(|| ("opening_ms", of(&totals.openings))));
    fields
}

fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: Round =
        Round { number: 3, size: 32, pong: Some(Duration::from_micros(123)), answer: None, opening: None };

    fn shown(output: PingOutput, round: &Round, has_messages: bool) -> String {
        let mut out = String::new();
        output.round(round, has_messages, &mut out);
        out
    }

    #[test]
    fn a_round_is_a_line_or_a_record() {
        assert_eq!(shown(PingOutput::Lines, &ROUND, false), "3: pong of 32 bytes after 0.123 ms\n");
        assert_eq!(shown(PingOutput::Lines, &ROUND, true), "3: pong of 32 bytes after 0.123 ms, no answer\n");
        let late = Round {
            pong: None,
            answer: Some(Duration::from_millis(2)),
            opening: Some(Duration::from_secs(1)),
            ..ROUND
        };
        assert_eq!(shown(PingOutput::Lines, &late, true), "3: opened in 1000.000 ms, no pong, answer after 2.000 ms\n");
        assert_eq!(shown(PingOutput::Summary, &ROUND, true), "");
        assert_eq!(
            shown(PingOutput::Records, &ROUND, true),
            "{\"type\":\"round\",\"seq\":3,\"bytes\":32,\"pong_ms\":0.123,\"answer_ms\":null}\n"
        );
    }

    #[test]
    fn the_summary_counts_what_was_lost() {
        let mut totals = Totals { sent: 4, ..Totals::default() };
        totals.count(&ROUND);
        let mut out = String::new();
        PingOutput::Summary.summary("ws://h/", &totals, Duration::from_secs(4), &mut out);
        assert_eq!(
            out,
            "--- ws://h/ ---\n4 pings sent, 1 received, 3 lost (75 %), in 4.0 s\n\
             ping    min/avg/max/mdev 0.123/0.123/0.123/0.000 ms; p50/p95/p99 0.123/0.123/0.123 ms; jitter 0.000 ms\n"
        );
    }
}
