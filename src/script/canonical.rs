//! The canonical form of a whole file.

use super::flaw::Flaw;
use super::format::text::put;
use super::parse::{self, Row};

/// The file in its canonical form.
///
/// # Errors
/// What is wrong with it: nothing is formatted then.
pub(crate) fn format(source: &str) -> Result<String, Vec<Flaw>> {
    let reading = parse::read(source);
    if !reading.flaws.is_empty() {
        return Err(reading.flaws);
    }
    let mut text = String::new();
    let mut gap = false;
    for Row { depth, text: row, comment } in &reading.rows {
        if row.is_empty() && comment.is_none() {
            gap = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push('\n');
        }
        let (first, others) = row.split_once('\n').map_or((row.as_str(), None), |(first, rest)| (first, Some(rest)));
        let comment = comment.as_deref().unwrap_or_default();
        let between = if first.is_empty() || comment.is_empty() { "" } else { "  " };
        put(&mut text, *depth, &format!("{first}{between}{comment}"));
        others.into_iter().for_each(|others| put(&mut text, *depth, others));
    }
    Ok(text)
}
