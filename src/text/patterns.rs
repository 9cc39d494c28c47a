//! Regular expressions, as people write them.

use regex::Regex;

pub(crate) fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| why(&error))
}

/// A pattern in which `*` is anything: `utf8/*`.
pub(crate) fn glob(text: &str) -> Regex {
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("^(?s:{})$", parts.join(".*"))).expect("what is escaped is an expression")
}

/// What is wrong with a regular expression, in one line.
pub(crate) fn why(error: &regex::Error) -> String {
    // The lines before the last draw the expression, which the user sees anyway.
    let error = error.to_string();
    let reason = error.lines().last().unwrap_or_default();
    reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
}
