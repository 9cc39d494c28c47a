//! `--list`: the cases, and what each would send.

use std::fmt::Write as _;

use super::case::CheckCase;
use super::expected;

/// Each case in a line, with what it sends in the next.
pub(crate) fn page(cases: &[&CheckCase]) -> String {
    let mut page = String::new();
    for case in cases {
        let echo = case.needs_echo.then_some("--echo");
        let options: String = case.option().into_iter().chain(echo).map(|option| format!(", {option}")).collect();
        let CheckCase { name, rule, section, level, .. } = case;
        writeln!(page, "{name}: {rule} ({level}, {section}{options})").expect("a String takes all");
        writeln!(page, "  sends {}", expected::sent(case)).expect("a String takes all");
        writeln!(page, "  expects {}", expected::expected(case)).expect("a String takes all");
    }
    page
}
