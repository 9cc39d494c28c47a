//! On a terminal: a block of lines that is written anew once a second.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use super::report::LoadSecond;
use super::tallies::{LoadTallies, total};
use crate::render::object::ms;

/// Seconds that are drawn, where the terminal is wide enough.
const DRAWN: usize = 60;

/// What stands before a value.
const LABEL: usize = 12;

/// From the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The block, and the seconds that it draws.
#[derive(Debug, Default)]
pub(super) struct LiveBlock {
    rates: VecDeque<f64>,
    latencies: VecDeque<f64>,
    /// Lines of it that are on the screen.
    shown: usize,
}

impl LiveBlock {
    /// Writes the block in place of the one before.
    pub(super) fn second(
        &mut self,
        second: &LoadSecond<'_>,
        all: &LoadTallies,
        ends: Duration,
        columns: usize,
        out: &mut String,
    ) {
        let p99 = second.tallies.latency.percentiles().map(|times| times.p99);
        #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 of them")]
        let rate = second.tallies.received.messages.max(second.tallies.sent.messages) as f64;
        push(&mut self.rates, rate / second.length.as_secs_f64().max(f64::EPSILON));
        push(&mut self.latencies, p99.unwrap_or_default().as_secs_f64());
        self.erase(out);
        let lines = self.lines(second, all, ends, columns);
        self.shown = lines.len();
        for line in lines {
            // A line that goes on in the next row would not be erased as one.
            out.extend(line.chars().take(columns.saturating_sub(1)));
            out.push('\n');
        }
    }

    /// Takes the block off the screen (ECMA-48, CUU and ED).
    pub(super) fn erase(&mut self, out: &mut String) {
        let shown = std::mem::take(&mut self.shown);
        if shown > 0 {
            write!(out, "\r\x1b[{shown}A\x1b[J").expect("a String takes all");
        }
    }

    fn lines(&self, second: &LoadSecond<'_>, all: &LoadTallies, ends: Duration, columns: usize) -> Vec<String> {
        let LoadSecond { at, tallies, open, .. } = second;
        let counts = format!("{} opened, {} refused, {} broken", all.opened, total(&all.refused), total(&all.broken));
        let messages = format!("{} sent, {} received", tallies.sent.messages, tallies.received.messages);
        let mut lines = vec![
            format!("{:<LABEL$}{:.0} s of {:.0} s", "time", at.as_secs_f64(), ends.as_secs_f64()),
            format!("{:<LABEL$}{open} open; {counts}", "connections"),
            format!("{:<LABEL$}{messages} in this second", "messages"),
        ];
        if let Some(times) = tallies.latency.percentiles() {
            let [p50, p90, p99, max] = [times.p50, times.p90, times.p99, times.max].map(ms);
            lines.push(format!("{:<LABEL$}p50 {p50} p90 {p90} p99 {p99} max {max} ms", "latency"));
        }
        let width = columns.saturating_sub(LABEL + 1).min(DRAWN);
        lines.push(format!("{:<LABEL$}{}", "rate", sparkline(&self.rates, width)));
        if all.latency.count() > 0 {
            lines.push(format!("{:<LABEL$}{}", "p99", sparkline(&self.latencies, width)));
        }
        lines
    }
}

fn push(values: &mut VecDeque<f64>, value: f64) {
    if values.len() == DRAWN {
        values.pop_front();
    }
    values.push_back(value);
}

/// The last of the values as bars, to the scale of the highest of them.
fn sparkline(values: &VecDeque<f64>, width: usize) -> String {
    let last = values.iter().skip(values.len().saturating_sub(width));
    let highest = last.clone().copied().fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 7")]
    let bar = |value: &f64| match highest > 0.0 {
        true => BARS[((value / highest * 7.0).round() as usize).min(7)],
        false => BARS[0],
    };
    last.map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_the_scale_of_the_highest_that_is_shown() {
        let values = VecDeque::from([100.0, 0.0, 1.0, 2.0, 7.0]);
        assert_eq!(sparkline(&values, 4), "▁▂▃█");
        assert_eq!(sparkline(&values, 5), "█▁▁▁▁");
        assert_eq!(sparkline(&VecDeque::from([0.0]), 5), "▁");
        assert_eq!(sparkline(&VecDeque::new(), 5), "");
    }

    #[test]
    fn a_block_replaces_the_one_before_and_its_lines_are_cut() {
        let tallies = LoadTallies::default();
        let at = Duration::from_secs(1);
        let second = LoadSecond { at, length: at, tallies: &tallies, open: 0 };
        let (mut block, mut out) = (LiveBlock::default(), String::new());
        block.second(&second, &tallies, at, 20, &mut out);
        assert_eq!(
            out,
            "time        1 s of \nconnections 0 open;\nmessages    0 sent\nrate        ▁\n"
                .replace("0 sent\n", "0 sent,\n")
        );
        out.clear();
        block.erase(&mut out);
        assert_eq!(out, "\r\x1b[4A\x1b[J");
        out.clear();
        block.erase(&mut out);
        assert_eq!(out, "");
    }
}
