//! The steps of opening a connection, in words and as bars.

use std::time::Duration;

use crate::events::OpeningTimes;

/// The widest bar, and the narrowest that still tells something.
const WIDEST: usize = 60;
const NARROWEST: usize = 10;

/// What stands before a bar.
const LABEL: usize = 24;

/// Each step that was taken, in order.
pub(crate) fn named(times: &OpeningTimes) -> impl Iterator<Item = (&'static str, Duration)> {
    let steps = times.steps;
    let each = [
        ("name", Some(steps.resolved)),
        ("TCP", Some(steps.connected)),
        ("proxy", steps.tunnelled),
        ("TLS", steps.secured),
        ("handshake", Some(times.answered)),
    ];
    each.into_iter().filter_map(|(name, time)| Some((name, time?)))
}

/// A line for each step, with a bar to scale that begins where the one before ends.
pub(crate) fn diagram(times: &OpeningTimes, columns: usize) -> String {
    let width = columns.saturating_sub(LABEL + 1).clamp(NARROWEST, WIDEST);
    let total = times.total().as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns")]
    let column = |time: f64| if total > 0.0 { (time / total * width as f64).round() as usize } else { 0 };
    let mut diagram = String::new();
    let mut before = 0.0;
    for (name, time) in named(times) {
        let (from, to) = (column(before), column(before + time.as_secs_f64()));
        let bar = if from == to { "▏".to_owned() } else { "█".repeat(to - from) };
        let line = format!("  {name:<10}{:>11} {}{bar}", milliseconds(time), " ".repeat(from));
        diagram.push_str(line.trim_end());
        diagram.push('\n');
        before += time.as_secs_f64();
    }
    diagram
}

/// To the microsecond.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::Steps;

    #[test]
    fn bars_are_to_scale_and_each_begins_where_the_one_before_ends() {
        let steps = Steps {
            resolved: Duration::from_millis(10),
            connected: Duration::ZERO,
            tunnelled: None,
            secured: Some(Duration::from_millis(20)),
        };
        let times = OpeningTimes { steps, answered: Duration::from_millis(10) };
        assert_eq!(
            diagram(&times, 45),
            "  name        10.000 ms █████\n  \
               TCP          0.000 ms      ▏\n  \
               TLS         20.000 ms      ██████████\n  \
               handshake   10.000 ms                █████\n"
        );
    }

    #[test]
    fn a_narrow_terminal_and_no_time_at_all_are_fine() {
        assert_eq!(diagram(&OpeningTimes::default(), 1).lines().count(), 3);
    }
}
