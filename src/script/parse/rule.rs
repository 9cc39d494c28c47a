//! Reads the rules: `reply to … with …`, `when … {` and `ignore …`.

use super::pattern;
use super::payload::payload;
use super::special_line::SpecialLine;
use crate::script::cursor::Cursor;
use crate::script::flaw::Flaw;
use crate::script::syntax::{Action, Pattern, RuleAnswer, RuleKind};

pub(super) fn reply(cursor: &mut Cursor<'_>) -> Result<SpecialLine, Flaw> {
    if cursor.takes("off") {
        return Ok(SpecialLine::Step(None, Action::Off(RuleKind::Reply)));
    }
    if !cursor.takes("to") {
        return Err(cursor.flaw("expected `to`").hint("as in `reply to json $.op == \"ping\" with {\"op\":\"pong\"}`"));
    }
    let (to, capture) = matched(cursor, "with")?;
    if !cursor.takes("with") {
        return Err(cursor.flaw("expected `with` and an answer").hint("as in `reply to text \"ping\" with pong`"));
    }
    if cursor.peek() == "{" && cursor.is_last_word() {
        cursor.word();
        return Ok(SpecialLine::Reply(None, to, capture));
    }
    Ok(SpecialLine::Step(None, Action::Reply { to, capture, with: RuleAnswer::Payload(payload(cursor)?) }))
}

pub(super) fn when(cursor: &mut Cursor<'_>) -> Result<SpecialLine, Flaw> {
    let (pattern, capture) = matched(cursor, "{")?;
    cursor.brace("when text \"ping\" {")?;
    Ok(SpecialLine::When(None, pattern, capture))
}

/// What a rule is for, up to this word, and what it captures of that.
fn matched(cursor: &mut Cursor<'_>, end: &'static str) -> Result<(Pattern, Option<String>), Flaw> {
    cursor.before = Some(end);
    let pattern = of_messages(cursor)?;
    let capture = if cursor.takes("capture") { Some(cursor.name()?) } else { None };
    cursor.before = None;
    Ok((pattern, capture))
}

pub(super) fn ignore(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if cursor.takes("off") {
        return Ok(Action::Off(RuleKind::Ignore));
    }
    of_messages(cursor).map(Action::Ignore)
}

fn of_messages(cursor: &mut Cursor<'_>) -> Result<Pattern, Flaw> {
    let place = cursor.place_of_next();
    let word = cursor.peek();
    let pattern = pattern::read(cursor)?;
    if pattern.is_of_messages() {
        return Ok(pattern);
    }
    let flaw = Flaw::new(place, format!("rules apply to messages, and `{word}` is not one"));
    Err(if word == "ping" { flaw.hint("pings are answered automatically") } else { flaw })
}
