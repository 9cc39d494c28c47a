//! The language of `wsprobe run`: conversations with expectations, one step per line.
//!
//! Plain code: text in, a [`syntax::Script`] or errors with their places out; a message and a pattern in, a verdict
//! out. Who connects, waits and prints is the business of `commands::run` and `play`.

pub(crate) mod canonical;
pub(crate) mod check;
mod condition;
pub(crate) mod cursor;
pub(crate) mod flaw;
pub(crate) mod format;
pub(crate) mod fuzz;
pub(crate) mod judge;
mod parse;
mod pieces;
pub(crate) mod syntax;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod variables;

use self::check::KnownNames;
use self::flaw::Flaw;
use self::syntax::{Position, Script, Template};
use self::template::Backslash;

/// Reads a file.
///
/// # Errors
/// All that is wrong with it, in the order of its lines.
pub(crate) fn parse(source: &str) -> Result<Script, Vec<Flaw>> {
    let reading = parse::read(source);
    if reading.flaws.is_empty() { Ok(reading.script) } else { Err(reading.flaws) }
}

/// Reads a file, and checks what it refers to.
///
/// # Errors
/// All that is wrong with it, in the order of its lines.
pub(crate) fn parse_and_check(source: &str, known: KnownNames<'_>) -> Result<Script, Vec<Flaw>> {
    let reading = parse::read(source);
    let mut flaws = reading.flaws;
    flaws.extend(check::check(&reading.script, known, flaws.is_empty()));
    flaws.sort_by_key(|flaw| flaw.place);
    if flaws.is_empty() { Ok(reading.script) } else { Err(flaws) }
}

/// Reads text that may have `{{…}}` in it, where it is not in a script; `\{{` is none.
///
/// # Errors
/// What is wrong with what is in the braces.
pub(crate) fn text_template(text: &str) -> Result<Template, String> {
    template::read(text, Backslash::Plain, |_| Position::default()).map_err(|flaw| flaw.what)
}
