//! The Test Anything Protocol, version 14.

use std::fmt::Write as _;

use super::{FinishedTests, PointFailure, PointResult, TestPoint};

/// The beginning: how many test points follow.
pub(super) fn plan(total: usize) -> String {
    format!("TAP version 14\n1..{total}\n")
}

/// All of it.
pub(super) fn page(points: &[TestPoint], finished: &FinishedTests) -> String {
    let points = points.iter().enumerate().map(|(at, shown)| point(at + 1, shown));
    plan(finished.total) + &points.collect::<String>()
}

/// One test, with what went wrong as a block of YAML.
pub(super) fn point(number: usize, point: &TestPoint) -> String {
    let title = escaped(&point.title);
    let time = ("duration_ms", point.took.as_millis().to_string());
    match &point.result {
        PointResult::Passed(None) => format!("ok {number} - {title}\n{}", yaml(&[time])),
        PointResult::Passed(Some(note)) => {
            format!("ok {number} - {title}\n{}", yaml(&[time, ("message", quoted(note))]))
        }
        PointResult::Skipped(why) => format!("ok {number} - {title} # SKIP {}\n", escaped(why)),
        PointResult::Failed(failure) => {
            let todo = failure.excused.as_ref().map_or_else(String::new, |why| format!(" # TODO {}", escaped(why)));
            let fields: Vec<_> = std::iter::once(time).chain(told(failure)).collect();
            format!("not ok {number} - {title}{todo}\n{}", yaml(&fields))
        }
    }
}

fn told(failure: &PointFailure) -> impl Iterator<Item = (&'static str, String)> {
    let at = failure.at.as_ref().map(|at| ("at", quoted(at)));
    let message = ("message", quoted(&failure.message));
    std::iter::once(message).chain(at).chain([("details", block(&failure.details))])
}

fn yaml(fields: &[(&str, String)]) -> String {
    let mut page = "  ---\n".to_owned();
    for (name, value) in fields {
        writeln!(page, "  {name}: {value}").expect("a String takes all");
    }
    page + "  ...\n"
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn block(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("\n    {line}")).collect();
    format!("|{lines}")
}

/// A `#` would begin a directive.
fn escaped(title: &str) -> String {
    title.replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\r'], " ")
}
