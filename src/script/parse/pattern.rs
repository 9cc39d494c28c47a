//! Reads what a step expects: `text matches /…/`, `json $.op == "tick"`, `close 1000`.

use super::hex::Use;
use super::payload::binary;
use crate::script::condition;
use crate::script::cursor::{Cursor, ends_in_keyword, shortened};
use crate::script::flaw::{Flaw, nearest};
use crate::script::syntax::{Binary, Pattern, ScriptText, Style, TextPattern};

/// What may be after `expect`.
pub(crate) const PATTERNS: [&str; 11] =
    ["message", "text", "json", "binary", "bytes", "ping", "pong", "close", "header", "body", "subprotocol"];

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Pattern, Flaw> {
    let place = cursor.place_of_next();
    let rest = if cursor.is_over() { "" } else { cursor.rest() };
    Ok(match cursor.word() {
        "message" if cursor.takes("json") => Pattern::MessageJson(Box::new(json(cursor)?)),
        "message" => Pattern::Message,
        "text" => text(cursor)?.map_or(Pattern::AnyText, Pattern::Text),
        "json" => json(cursor)?,
        "binary" if cursor.takes("json") => Pattern::BinaryJson(Box::new(json(cursor)?)),
        "binary" if cursor.takes("matches") => {
            cursor.skip_space();
            Pattern::BinaryMatches(cursor.regexp_for_bytes()?)
        }
        "binary" if cursor.takes("contains") => Pattern::BinaryContains(contained(cursor)?),
        "binary" => bytes(cursor, Use::Message)?.map_or(Pattern::AnyBinary, Pattern::Binary),
        "bytes" => {
            let missing = cursor.flaw("expected bytes").hint("as in `bytes hex 20 02 ?? 00`");
            Pattern::Bytes(bytes(cursor, Use::Part)?.ok_or(missing)?)
        }
        "ping" => Pattern::Ping(text(cursor)?),
        "pong" => Pattern::Pong(text(cursor)?),
        "close" => close(cursor)?,
        "header" => header(cursor)?,
        "body" if cursor.takes("json") => {
            cursor.skip_space();
            Pattern::BodyJson(condition::read(cursor)?)
        }
        "body" => Pattern::Body(text(cursor)?.ok_or_else(|| missing_text(cursor))?),
        "subprotocol" => {
            let start = cursor.clone();
            let name = cursor.text()?.ok_or_else(|| {
                start.flaw("expected the name of a subprotocol").hint("write none as `subprotocol \"\"`")
            })?;
            Pattern::Subprotocol(whole(name, &start)?)
        }
        "" => return Err(Flaw::new(place, "nothing is expected here").hint("`expect message` takes any")),
        word => {
            let flaw = Flaw::new(place, format!("unknown expectation `{}`", shortened(word)));
            return Err(match nearest(word, PATTERNS) {
                Some(meant) => flaw.hint(format!("did you mean `{meant}`?")),
                None if rest.starts_with(['{', '[', '$']) => flaw.hint("did you mean `expect json …`?"),
                None if rest.starts_with('/') => flaw.hint("did you mean `expect text matches /…/`?"),
                None => flaw.hint("write text as `expect text …`"),
            });
        }
    })
}

/// `TEXT`, `contains TEXT` or `matches /…/`; `None` if only keywords or nothing are left.
fn text(cursor: &mut Cursor<'_>) -> Result<Option<TextPattern>, Flaw> {
    if cursor.is_over() || cursor.only_keywords_left() {
        return Ok(None);
    }
    if cursor.takes("matches") {
        cursor.skip_space();
        return cursor.regexp().map(TextPattern::Matches).map(Some);
    }
    let contains = cursor.takes("contains");
    let start = cursor.clone();
    let text = whole(cursor.text()?.ok_or_else(|| missing_text(&start))?, &start)?;
    Ok(Some(if contains { TextPattern::Contains(text) } else { TextPattern::Is(text) }))
}

/// Bytes in one of their forms; `None` if only keywords or nothing are left.
fn bytes(cursor: &mut Cursor<'_>, used: Use) -> Result<Option<Binary>, Flaw> {
    let start = cursor.clone();
    Ok(match binary(cursor, used)? {
        Some(Binary::File(text)) => Some(Binary::File(whole(text, &start)?)),
        Some(Binary::Text(text)) => Some(Binary::Text(whole(text, &start)?)),
        bytes => bytes,
    })
}

/// What a binary message is to have in it: bytes, or text as it is.
fn contained(cursor: &mut Cursor<'_>) -> Result<Binary, Flaw> {
    if let Some(bytes) = bytes(cursor, Use::Part)? {
        return Ok(bytes);
    }
    let start = cursor.clone();
    Ok(Binary::Text(whole(cursor.text()?.ok_or_else(|| missing_text(&start))?, &start)?))
}

/// Refuses text that is not quoted and ends in what may be meant as a keyword.
fn whole(text: ScriptText, start: &Cursor<'_>) -> Result<ScriptText, Flaw> {
    if let Some(end) = start.before.filter(|_| text.style != Style::Quoted) {
        let example = if end == "{" { "when text \"ping\" {" } else { "reply to text \"ping\" with pong" };
        return Err(start.flaw(format!("text before `{end}` must be quoted")).hint(format!("as in `{example}`")));
    }
    let written = text.to_string();
    match ends_in_keyword(&written).filter(|_| text.style == Style::Bare) {
        Some((before, keyword)) => Err(start
            .flaw(format!("it is unclear whether `{keyword}` belongs to the text"))
            .hint(format!("write `\"{}\" {keyword}`, or quote all of it", shortened(before)))),
        None => Ok(text),
    }
}

fn missing_text(cursor: &Cursor<'_>) -> Flaw {
    cursor.flaw("expected text").hint("write an empty text as `\"\"`")
}

fn json(cursor: &mut Cursor<'_>) -> Result<Pattern, Flaw> {
    if cursor.takes("exactly") {
        cursor.skip_space();
        return cursor.json().map(Pattern::JsonExactly);
    }
    if !cursor.is_over() && condition::is_next(cursor) {
        return condition::read(cursor).map(Pattern::Json);
    }
    cursor.json().map(Pattern::JsonSubset)
}

fn close(cursor: &mut Cursor<'_>) -> Result<Pattern, Flaw> {
    if cursor.is_over() || cursor.only_keywords_left() {
        return Ok(Pattern::Close { code: None, reason: None });
    }
    if matches!(cursor.peek(), "contains" | "matches") {
        return Ok(Pattern::Close { code: None, reason: text(cursor)? });
    }
    let place = cursor.place();
    let word = cursor.word();
    let code = word.parse().ok().filter(|code| (1000..=4999).contains(code) && word.len() == 4);
    let Some(code) = code else {
        return Err(Flaw::new(place, format!("`{}` is not a close code", shortened(word)))
            .hint("write the code, from 1000 to 4999, before the reason"));
    };
    Ok(Pattern::Close { code: Some(code), reason: text(cursor)? })
}

/// `NAME`, `NAME: VALUE`, `NAME contains …`, `NAME matches /…/`
fn header(cursor: &mut Cursor<'_>) -> Result<Pattern, Flaw> {
    let name = field(cursor)?;
    if cursor.rest().starts_with(':') {
        cursor.skip(1);
        let empty = || ScriptText { style: Style::Quoted, ..ScriptText::default() };
        // Words that mean something without the colon are a value after it.
        let start = cursor.clone();
        let value = if cursor.only_keywords_left() { None } else { cursor.text()? };
        let value = whole(value.unwrap_or_else(empty), &start)?;
        return Ok(Pattern::Header { name, value: Some(TextPattern::Is(value)) });
    }
    match cursor.peek() {
        "contains" | "matches" => Ok(Pattern::Header { name, value: text(cursor)? }),
        _ => Ok(Pattern::Header { name, value: None }),
    }
}

/// The name of a header (RFC 9110, section 5.1), up to a colon.
pub(super) fn field(cursor: &mut Cursor<'_>) -> Result<String, Flaw> {
    let place = cursor.place_of_next();
    let word = cursor.peek();
    let name = word.split(':').next().unwrap_or_default();
    if !crate::request::is_token(name) {
        return Err(Flaw::new(place, "expected the name of a header").hint("as in `header Content-Type`"));
    }
    cursor.skip(name.len());
    Ok(name.to_owned())
}
