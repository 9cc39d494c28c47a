//! Reads what is sent: messages, and what control frames carry.

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use super::hex::{self, Use};
use super::words::is_keyword_next;
use crate::codec::encode::PayloadEncoding;
use crate::message::Close;
use crate::message::close::LONGEST_REASON;
use crate::script::cursor::{Cursor, shortened};
use crate::script::flaw::Flaw;
use crate::script::syntax::{Action, Binary, Payload, Piece, ScriptText, Style, Template};
use crate::text::unescape;

pub(super) fn payload(cursor: &mut Cursor<'_>) -> Result<Payload, Flaw> {
    let place = cursor.place_of_next();
    if let Some(encoding) = PayloadEncoding::from_name(cursor.peek()) {
        cursor.word();
        return Ok(Payload::Encoded(encoding, cursor.json()?));
    }
    Ok(match cursor.peek() {
        "text" => {
            cursor.word();
            if cursor.takes("file") {
                Payload::TextFile(path(cursor)?)
            } else {
                Payload::Text(required_text(cursor, "send \"\"")?)
            }
        }
        "json" => {
            cursor.word();
            Payload::Json(cursor.json()?)
        }
        "binary" => {
            cursor.word();
            match binary(cursor, Use::Sent)? {
                Some(binary) => Payload::Binary(binary),
                None => {
                    let flaw = cursor.flaw("expected something to send");
                    return Err(flaw.hint(
                        "write `binary hex 00 ff`, `binary base64 AP8=`, `binary file PATH` or `binary text …`",
                    ));
                }
            }
        }
        word @ ("file" | "hex" | "base64") => {
            let flaw = Flaw::new(place, format!("`send {word}` is ambiguous"));
            return Err(flaw.hint(format!("write `send binary {word} …`, or quote the text")));
        }
        _ => Payload::Text(required_text(cursor, "send \"\"")?),
    })
}

fn path(cursor: &mut Cursor<'_>) -> Result<ScriptText, Flaw> {
    let place = cursor.place_of_next();
    let path = cursor.text()?.filter(|path| path.style != Style::Block && !path.template.0.is_empty());
    path.ok_or_else(|| Flaw::new(place, "expected the path of a file"))
}

/// What is after `binary`, if anything does.
pub(super) fn binary(cursor: &mut Cursor<'_>, used: Use) -> Result<Option<Binary>, Flaw> {
    Ok(Some(match cursor.peek() {
        "hex" => {
            cursor.word();
            Binary::Hex(hex::read(cursor, used)?)
        }
        "base64" => {
            cursor.word();
            let place = cursor.place_of_next();
            if !cursor.is_over() && cursor.rest().starts_with("{{") {
                return Ok(Some(Binary::Base64(Template(vec![cursor.variable()?]))));
            }
            // The keywords are not base64: it has four characters for three bytes.
            let word = if is_keyword_next(cursor) { "" } else { cursor.word() };
            let bytes = unescape::base64(word).map_err(|why| Flaw::new(place, why))?;
            Binary::Base64(Template::joined(vec![Piece::Literal(BASE64.encode(&bytes))]))
        }
        "file" => {
            cursor.word();
            Binary::File(path(cursor)?)
        }
        "text" => {
            cursor.word();
            Binary::Text(required_text(cursor, "binary text \"\"")?)
        }
        _ => return Ok(None),
    }))
}

/// Text that has to be there.
pub(super) fn required_text(cursor: &mut Cursor<'_>, empty: &str) -> Result<ScriptText, Flaw> {
    let place = cursor.place_of_next();
    let missing = || Flaw::new(place, "expected text").hint(format!("write an empty text as `{empty}`"));
    cursor.text()?.ok_or_else(missing)
}

/// The text of a control frame; variables are not counted.
pub(super) fn control(cursor: &mut Cursor<'_>, most: usize) -> Result<ScriptText, Flaw> {
    let place = cursor.place_of_next();
    let text = cursor.text()?.unwrap_or_default();
    let length: usize =
        text.template.0.iter().map(|piece| if let Piece::Literal(text) = piece { text.len() } else { 0 }).sum();
    if length > most {
        return Err(Flaw::new(place, format!("this has {length} bytes, but a control frame has room for {most} here"))
            .hint("`frame` sends what breaks the rules"));
    }
    Ok(text)
}

pub(super) fn close(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if cursor.is_over() {
        return Ok(Action::Close { code: None, reason: ScriptText::default() });
    }
    let place = cursor.place();
    let word = cursor.word();
    let code = word.parse().ok().filter(|code| Close::may_be_sent(*code) && word.len() == 4);
    let Some(code) = code else {
        return Err(Flaw::new(place, format!("`{}` is not a close code that may be sent", shortened(word)))
            .hint("expected 1000-1003, 1007-1014 or 3000-4999; `frame close hex …` sends any code"));
    };
    Ok(Action::Close { code: Some(code), reason: control(cursor, LONGEST_REASON)? })
}
