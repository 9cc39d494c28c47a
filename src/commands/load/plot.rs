//! A picture of a run in SVG: messages a second, and percentiles of latency, over time.

use std::fmt::Write as _;
use std::time::Duration;

use super::report::LoadSecond;
use crate::render::object::ms;
use crate::text::escape::xml_escaped;

/// Of the picture, and of each of its two panels, in pixels.
const WIDTH: f64 = 800.0;
const PANEL: f64 = 180.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 40.0;
const GAP: f64 = 50.0;

const BLUE: &str = "#1f77b4";
const ORANGE: &str = "#ff7f0e";
const RED: &str = "#d62728";

/// A second of it.
#[derive(Clone, Copy, Debug)]
struct PlotPoint {
    at: f64,
    sent: f64,
    received: f64,
    /// p50, p99 and the maximum, in seconds.
    latencies: Option<[f64; 3]>,
}

/// The seconds of a run so far.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadPlot(Vec<PlotPoint>);

/// A line of a panel: its name, its colour, its points.
type PlotLine = (&'static str, &'static str, Vec<(f64, f64)>);

impl LoadPlot {
    pub(super) fn second(&mut self, second: &LoadSecond<'_>) {
        let latencies = second.tallies.latency.percentiles();
        self.0.push(PlotPoint {
            at: second.at.as_secs_f64(),
            sent: second.per_second(second.tallies.sent.messages),
            received: second.per_second(second.tallies.received.messages),
            latencies: latencies.map(|times| [times.p50, times.p99, times.max].map(|time| time.as_secs_f64())),
        });
    }

    pub(super) fn svg(&self, title: &str) -> String {
        let height = TOP + 2.0 * PANEL + 2.0 * GAP;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}</text>\n",
            xml_escaped(title)
        );
        let rate = |of: fn(&PlotPoint) -> f64| self.0.iter().map(|point| (point.at, of(point))).collect();
        let rates =
            vec![("sent/s", ORANGE, rate(|point| point.sent)), ("received/s", BLUE, rate(|point| point.received))];
        self.panel(TOP, &rates, |value| format!("{value:.0}"), &mut svg);
        let latency = |at: usize| self.0.iter().filter_map(|point| Some((point.at, point.latencies?[at]))).collect();
        let latencies = vec![("max", RED, latency(2)), ("p99", ORANGE, latency(1)), ("p50", BLUE, latency(0))];
        let milliseconds = |value: f64| format!("{} ms", ms(Duration::from_secs_f64(value)));
        self.panel(TOP + PANEL + GAP, &latencies, milliseconds, &mut svg);
        svg + "</svg>\n"
    }

    fn panel(&self, top: f64, lines: &[PlotLine], label: impl Fn(f64) -> String, svg: &mut String) {
        let end = self.0.last().map_or(1.0, |last| last.at).max(f64::EPSILON);
        let values = lines.iter().flat_map(|(.., points)| points).map(|(_, value)| *value);
        let highest = values.fold(0.0, f64::max).max(f64::EPSILON);
        let (right, bottom) = (WIDTH - 20.0, top + PANEL);
        let x = |at: f64| LEFT + (right - LEFT) * at / end;
        let y = |value: f64| bottom - PANEL * value / highest;
        for share in [0.0, 0.5, 1.0] {
            let at = y(highest * share);
            writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>").expect("a String takes all");
            let (edge, line) = (LEFT - 6.0, at + 4.0);
            let value = label(highest * share);
            writeln!(svg, "<text x=\"{edge}\" y=\"{line:.1}\" text-anchor=\"end\">{value}</text>")
                .expect("a String takes all");
        }
        let line = bottom + 16.0;
        writeln!(svg, "<text x=\"{right}\" y=\"{line}\" text-anchor=\"end\">{end:.0} s</text>")
            .expect("a String takes all");
        for (number, (name, colour, points)) in (0_u8..).zip(lines) {
            let points: Vec<_> = points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
            let points = points.join(" ");
            writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>")
                .expect("a String takes all");
            let at = LEFT + 90.0 * f64::from(number);
            writeln!(svg, "<text x=\"{at}\" y=\"{line}\" fill=\"{colour}\">{name}</text>").expect("a String takes all");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::load::tallies::LoadTallies;

    #[test]
    fn lines_go_through_their_points_to_the_scale_of_the_highest() {
        let mut plot = LoadPlot::default();
        for (seconds, sent) in [(1, 10), (2, 20)] {
            let mut tallies = LoadTallies::default();
            tallies.sent.messages = sent;
            let at = Duration::from_secs(seconds);
            plot.second(&LoadSecond { at, length: Duration::from_secs(1), tallies: &tallies, open: 1 });
        }
        let svg = plot.svg("ws://h/?a&b");
        assert!(svg.contains("ws://h/?a&amp;b") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("points=\"430.0,130.0 780.0,40.0\""), "{svg}");
        assert!(LoadPlot::default().svg("").contains("points=\"\""));
    }
}
