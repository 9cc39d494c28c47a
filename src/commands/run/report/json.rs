//! The report as one JSON object.

use serde_json::{Value, json};

use super::shown;
use crate::commands::run::results::{Ran, Results, ScriptVerdict};
use crate::play::StepFailure;

pub(crate) fn page(results: &Results) -> String {
    let report = json!({
        "files": results.files,
        "passed": results.passed(),
        "failed": results.failed(),
        "not_run": results.not_run(),
        "seconds": rounded(results.took()),
        "runs": results.runs.iter().map(run).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn run(ran: &Ran) -> Value {
    let result = match ran.verdict {
        ScriptVerdict::Passed => "passed",
        ScriptVerdict::Failed(_) => "failed",
        ScriptVerdict::NotRun => "not run",
    };
    json!({
        "file": ran.name,
        "round": ran.round,
        "result": result,
        "seconds": rounded(ran.took),
        "failure": ran.failure().map(failure),
    })
}

fn failure(failure: &StepFailure) -> Value {
    let (connection, recent) = failure.recent.clone().unwrap_or_default();
    json!({
        "line": failure.place.line,
        "step": failure.step,
        "message": failure.fault.words,
        "diff": failure.fault.diff.iter().map(shown).collect::<Vec<_>>(),
        "connection": connection,
        "recent": recent,
        "exit_status": failure.fault.code,
    })
}

/// In milliseconds' precision.
fn rounded(time: std::time::Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}
