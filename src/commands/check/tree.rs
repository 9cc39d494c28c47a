//! The tree of cases, as it is told while they are tried.

use super::results::{CheckResults, CheckedCase};
use crate::conformance::judge::Verdict;
use crate::term::Talk;

/// Tells how a case went, under the name of its group if it is the first.
pub(super) fn tell(talk: &Talk, checked: &CheckedCase, is_first: bool) {
    if is_first {
        talk.say(checked.case.group());
    }
    let verdict = checked.verdict();
    let name = checked.case.name_in_group();
    let line = format!("  {:<7} {name}: {}", verdict.name(), checked.case.rule);
    match verdict {
        Verdict::Ok => talk.say(&line),
        Verdict::Skipped => talk.say(&format!("{line} ({})", checked.judgement.came)),
        Verdict::Noted => {
            talk.say(&line);
            talk.say(&format!("            {}", checked.judgement.came));
        }
        Verdict::Loose | Verdict::Unclear => {
            talk.warn(&line);
            talk.warn(&format!("            {}", checked.judgement.came));
        }
        Verdict::Fail => {
            talk.error(&line);
            for (what, words) in checked.details() {
                talk.error(&format!("            {:<10}{words}", format!("{what}:")));
            }
        }
    }
}

/// Tells how all of them went.
pub(super) fn sum_up(talk: &Talk, results: &CheckResults, others: usize) {
    let line = results.summary();
    if results.has_failed() {
        talk.error(&line)
    } else {
        talk.say(&line)
    }
    if others > 0 {
        talk.say(&format!("{others} more cases need other options: `wsprobe check --list` shows them"));
    }
}
