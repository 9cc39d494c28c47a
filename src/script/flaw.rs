//! What is wrong with a script, where, and what would be right.

use std::fmt;

use strsim::levenshtein;

use super::syntax::Position;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) place: Position,
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

impl Flaw {
    pub(crate) fn new(place: Position, what: impl Into<String>) -> Self {
        Self { place, what: what.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the name that was probably meant; if none comes near, with all that there are.
    pub(crate) fn hint_at<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        match nearest(name, known.clone()) {
            Some(meant) => self.hint(format!("did you mean `{meant}`?")),
            None => self.hint(format!("there are {}", listed(known))),
        }
    }
}

/// `3:8: there is no step `sned`; did you mean `send`?`
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place.line, self.place.column, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The name with one or two typos.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = match name.len() {
        0..=1 => 0,
        2..=3 => 1,
        4..=40 => 2,
        // It is not similar to anything, and not worth the table.
        _ => return None,
    };
    let measured = known.into_iter().map(|known| (levenshtein(known, name), known));
    measured.filter(|(distance, _)| *distance <= slips).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// `a`, `b` and `c`, each in backticks.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}
