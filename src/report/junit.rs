//! JUnit's XML, in the shape that CI servers have agreed on.

use std::fmt::Write as _;

use super::finished::FinishedTests;
use super::point::{PointFailure, TestPoint};
use crate::text::escape::xml_escaped;

pub(super) fn page(points: &[TestPoint], finished: &FinishedTests) -> String {
    let (failures, errors): (Vec<_>, Vec<_>) =
        points.iter().filter_map(TestPoint::failure).partition(|failure| failure.is_expectation());
    let counts = format!(
        r#"tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}""#,
        points.len(),
        failures.len(),
        errors.len(),
        points.iter().filter_map(TestPoint::skipped).count(),
        finished.took.as_secs_f64()
    );
    let mut page = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write!(page, "<testsuites {counts}>\n<testsuite name=\"wsprobe\" {counts}>\n").expect("a String takes all");
    for point in points {
        let (name, time) = (xml_escaped(&point.title), point.took.as_secs_f64());
        write!(page, r#"<testcase classname="wsprobe" name="{name}" time="{time:.3}""#).expect("a String takes all");
        page += &match (point.skipped(), point.failure()) {
            (Some(why), _) => format!("><skipped message=\"{}\"/></testcase>\n", xml_escaped(why)),
            (None, Some(failure)) => format!(">{}</testcase>\n", told(failure)),
            (None, None) => "/>\n".to_owned(),
        };
    }
    page + "</testsuite>\n</testsuites>\n"
}

fn told(failure: &PointFailure) -> String {
    let element = if failure.is_expectation() { "failure" } else { "error" };
    let message = xml_escaped(failure.message.lines().next().unwrap_or_default());
    let details = xml_escaped(&failure.details);
    format!(r#"<{element} message="{message}" type="exit {}">{details}</{element}>"#, failure.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(
            xml_escaped("a<b>&\"c\"\n\u{1b}[0m\u{0}\u{ffff}é"),
            "a&lt;b&gt;&amp;&quot;c&quot;\n\\e[0m\\x00\u{fffd}é"
        );
    }
}
