//! Numbers in steps.

use crate::script::cursor::Cursor;
use crate::script::flaw::Flaw;

pub(crate) fn number(cursor: &mut Cursor<'_>, what: &str, range: std::ops::RangeInclusive<u16>) -> Result<u16, Flaw> {
    let place = cursor.place_of_next();
    let word = cursor.word();
    let number = word.parse().ok().filter(|number| range.contains(number) && word.starts_with(|c: char| c != '+'));
    let (least, most) = range.clone().into_inner();
    number.ok_or_else(|| Flaw::new(place, format!("expected {what}")).hint(format!("a number from {least} to {most}")))
}
