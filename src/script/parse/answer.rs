//! Reads what a server's script answers to plain HTTP: `on GET /negotiate answer 200 json {…}`.

use super::super::cursor::{Cursor, shortened};
use super::super::flaw::Flaw;
use super::super::syntax::{HttpAnswer, Payload, Setting};
use super::payload::payload;
use super::step::number;
use crate::request::is_token;

const EXAMPLE: &str = "as in `on GET /negotiate answer 200 json {}`";

pub(super) fn answer(cursor: &mut Cursor<'_>) -> Result<HttpAnswer, Flaw> {
    let place = cursor.place_of_next();
    let method = cursor.word();
    if !is_token(method) || method.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(Flaw::new(place, "a method is missing here, in capitals").hint(EXAMPLE));
    }
    let place = cursor.place_of_next();
    let target = cursor.word();
    if !target.starts_with('/') || !target.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Flaw::new(place, "a path is missing here").hint(EXAMPLE));
    }
    if target.contains(['#', '{', '}']) {
        return Err(Flaw::new(place, format!("`{}` is no path of a request", shortened(target)))
            .hint("it has no fragment and takes no variables"));
    }
    if !cursor.takes("answer") {
        return Err(cursor.flaw("`answer` is missing here").hint(EXAMPLE));
    }
    let status = number(cursor, "a status", 200..=599)?;
    let place = cursor.place_of_next();
    let body = if cursor.is_over() { None } else { Some(payload(cursor)?) };
    if matches!(body, Some(Payload::Binary(_))) {
        return Err(Flaw::new(place, "the body of an answer is text"));
    }
    // RFC 9110, section 15.3.5 and 15.4.5
    if body.is_some() && matches!(status, 204 | 304) {
        return Err(Flaw::new(place, format!("an answer with {status} has no body")));
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    Ok(HttpAnswer { method, target, status, body, ..HttpAnswer::default() })
}

/// Makes sure that what stands below an answer is a header.
pub(super) fn check_header(setting: &Setting) -> Result<(), Flaw> {
    let value = setting.value.as_ref().map(super::super::syntax::Template::probe).unwrap_or_default();
    let name = value.split_once(':').map(|(name, _)| name.trim_end());
    let hint = "as in `header Access-Control-Allow-Origin: *`";
    match (setting.option.as_str(), name) {
        ("header", Some(name)) if is_token(name) => Ok(()),
        ("header", _) => Err(Flaw::new(setting.place, "a header is written `Name: value`").hint(hint)),
        _ => Err(Flaw::new(setting.place, "below an answer there are headers only").hint(hint)),
    }
}
