//! The report as one JSON object.

use serde_json::{Value, json};

use super::results::{Ran, Results, ScriptVerdict};
use crate::compare::diff::{DiffLine, DiffSide};
use crate::play::StepFailure;
use crate::report::rounded;

pub(super) fn page(results: &Results) -> Value {
    json!({
        "files": results.files,
        "passed": results.passed(),
        "failed": results.failed(),
        "not_run": results.not_run(),
        "seconds": rounded(results.took()),
        "runs": results.runs.iter().map(run).collect::<Vec<_>>(),
    })
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

/// A line of a diff: `- ` was expected, `+ ` came.
fn shown(line: &DiffLine) -> String {
    let sign = match line.side {
        DiffSide::Both | DiffSide::Gap => ' ',
        DiffSide::Expected => '-',
        DiffSide::Came => '+',
    };
    format!("{sign} {}", line.spans.iter().map(|span| span.text.as_str()).collect::<String>())
}
