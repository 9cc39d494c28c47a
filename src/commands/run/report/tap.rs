//! The Test Anything Protocol, version 14.

use std::fmt::Write as _;

use crate::commands::run::results::{Ran, ScriptVerdict};

/// The beginning: how many test points follow.
pub(crate) fn plan(total: usize) -> String {
    format!("TAP version 14\n1..{total}\n")
}

/// One run, with what went wrong as a block of YAML.
pub(crate) fn point(number: usize, ran: &Ran) -> String {
    let title = escaped(&ran.title());
    match &ran.verdict {
        ScriptVerdict::Passed => format!("ok {number} - {title}\n{}", yaml(&[("duration_ms", millis(ran))])),
        ScriptVerdict::NotRun => format!("ok {number} - {title} # SKIP not run\n"),
        ScriptVerdict::Failed(failure) => {
            let details = failure.shown(&ran.name, false);
            let fields = [
                ("duration_ms", millis(ran)),
                ("message", quoted(&failure.fault.words)),
                ("at", quoted(&format!("{}:{}", ran.name, failure.place.line))),
                ("details", block(&details)),
            ];
            format!("not ok {number} - {title}\n{}", yaml(&fields))
        }
    }
}

fn millis(ran: &Ran) -> String {
    ran.took.as_millis().to_string()
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
