//! JUnit's XML, in the shape that CI servers have agreed on.

use std::fmt::Write as _;

use crate::commands::run::results::{Ran, Results, ScriptVerdict};
use crate::play::StepFailure;
use crate::text::escape::{Keep, escape};

pub(crate) fn page(results: &Results) -> String {
    let (failures, errors): (Vec<_>, Vec<_>) =
        results.runs.iter().filter_map(Ran::failure).partition(|failure| is_expectation(failure));
    let counts = format!(
        r#"tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}""#,
        results.runs.len(),
        failures.len(),
        errors.len(),
        results.not_run(),
        results.took().as_secs_f64()
    );
    let mut page = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write!(page, "<testsuites {counts}>\n<testsuite name=\"wsprobe\" {counts}>\n").expect("a String takes all");
    for ran in &results.runs {
        let name = safe(&ran.title());
        let time = ran.took.as_secs_f64();
        write!(page, r#"<testcase classname="wsprobe" name="{name}" time="{time:.3}""#).expect("a String takes all");
        page += &match &ran.verdict {
            ScriptVerdict::Passed => "/>\n".to_owned(),
            ScriptVerdict::NotRun => "><skipped/></testcase>\n".to_owned(),
            ScriptVerdict::Failed(failure) => format!(">{}</testcase>\n", told(&ran.name, failure)),
        };
    }
    page + "</testsuite>\n</testsuites>\n"
}

/// An expectation that is not met is a failure, all else an error.
fn told(file: &str, failure: &StepFailure) -> String {
    let element = if is_expectation(failure) { "failure" } else { "error" };
    let message = safe(failure.fault.words.lines().next().unwrap_or_default());
    let details = safe(&failure.shown(file, false));
    format!(r#"<{element} message="{message}" type="exit {}">{details}</{element}>"#, failure.fault.code)
}

fn is_expectation(failure: &StepFailure) -> bool {
    failure.fault.code == 1
}

/// What XML 1.0 can hold: control characters are shown escaped, as on a terminal.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in escape(text, Keep::Lines).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(safe("a<b>&\"c\"\n\u{1b}[0m\u{0}\u{ffff}é"), "a&lt;b&gt;&amp;&quot;c&quot;\n\\e[0m\\x00\u{fffd}é");
    }
}
