//! The language of `wsprobe run`: conversations with expectations, one step a line.
//!
//! Plain code: text in, a [`syntax::Script`] or errors with their places out; a message and a pattern in, a verdict
//! out. Who connects, waits and prints is `front::run`'s business.

mod condition;
mod cursor;
pub(crate) mod flaw;
pub(crate) mod format;
pub(crate) mod judge;
mod parse;
pub(crate) mod syntax;
pub(crate) mod template;

use flaw::Flaw;
use syntax::Script;

/// Reads a file.
///
/// # Errors
/// All that is wrong with it, in the order of its lines.
pub(crate) fn parse(source: &str) -> Result<Script, Vec<Flaw>> {
    let reading = parse::read(source);
    if reading.flaws.is_empty() { Ok(reading.script) } else { Err(reading.flaws) }
}

#[cfg(test)]
mod tests;
