//! Reads what a server's script answers to plain HTTP: `on GET /negotiate answer 200 json {…}`.

use super::number::number;
use super::payload::payload;
use crate::request::is_token;
use crate::script::cursor::{Cursor, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{HttpAnswer, Payload, Setting};

const EXAMPLE: &str = "as in `on GET /negotiate answer 200 json {}`";

pub(super) fn answer(cursor: &mut Cursor<'_>) -> Result<HttpAnswer, Flaw> {
    let place = cursor.place_of_next();
    let method = cursor.word();
    if !is_token(method) || method.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(Flaw::new(place, "expected a method in capitals").hint(EXAMPLE));
    }
    let place = cursor.place_of_next();
    let target = cursor.word();
    if !target.starts_with('/') || !target.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Flaw::new(place, "expected a path").hint(EXAMPLE));
    }
    if target.contains(['#', '{', '}']) {
        return Err(Flaw::new(place, format!("`{}` is not the path of a request", shortened(target)))
            .hint("it must not contain a fragment or variables"));
    }
    if !cursor.takes("answer") {
        return Err(cursor.flaw("expected `answer`").hint(EXAMPLE));
    }
    let status = number(cursor, "a status", 200..=599)?;
    let place = cursor.place_of_next();
    let body = if cursor.is_over() { None } else { Some(payload(cursor)?) };
    if matches!(body, Some(Payload::Binary(_))) {
        return Err(Flaw::new(place, "the body of an answer must be text"));
    }
    // RFC 9110, section 15.3.5 and 15.4.5
    if body.is_some() && matches!(status, 204 | 304) {
        return Err(Flaw::new(place, format!("an answer with {status} cannot have a body")));
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    Ok(HttpAnswer { method, target, status, body, ..HttpAnswer::default() })
}

/// Makes sure that what is below an answer is a header.
pub(super) fn check_header(setting: &Setting) -> Result<(), Flaw> {
    let value = setting.value.as_ref().map(super::super::syntax::Template::probe).unwrap_or_default();
    let name = value.split_once(':').map(|(name, _)| name.trim_end());
    let hint = "as in `header Access-Control-Allow-Origin: *`";
    match (setting.option.as_str(), name) {
        ("header", Some(name)) if is_token(name) => Ok(()),
        ("header", _) => Err(Flaw::new(setting.place, "write a header as `Name: value`").hint(hint)),
        _ => Err(Flaw::new(setting.place, "only headers can follow an answer").hint(hint)),
    }
}
