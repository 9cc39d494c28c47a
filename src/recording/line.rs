//! One line of a recording.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::turn::{Deed, RecordedOpening};
use crate::events::{ClientName, Input};
use crate::message::close::LONGEST_REASON;
use crate::message::{Close, Direction};
use crate::render::record;
use crate::request::{Header, is_token};

/// A record, as far as it tells of a connection.
#[derive(Debug)]
pub(super) struct RecordLine {
    pub(super) at: Option<SystemTime>,
    pub(super) direction: Direction,
    pub(super) client: Option<ClientName>,
    pub(super) deed: Deed,
}

/// Reads a record; `None` for one that is about something else.
///
/// # Errors
/// A message for the user, if the text is invalid.
pub(super) fn read(line: &str) -> Result<Option<RecordLine>, String> {
    let record = record::object(line)?;
    if record.get("upstream").is_some_and(|value| value == true) {
        // What passed on a relay's connection to the server is there as what passed between it and the client.
        return Ok(None);
    }
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let deed = match text("type") {
        Some("open") => Deed::Open(Box::new(opening(&record)?)),
        Some("close") => close(&record)?,
        _ => match record::input(&record)? {
            Some(Input::Message(message)) => Deed::Message(message),
            Some(Input::Ping(data)) => Deed::Ping(data),
            Some(Input::Pong(data)) => Deed::Pong(data),
            _ => return Ok(None),
        },
    };
    let direction = match text("dir") {
        Some("in") => Direction::In,
        Some("out") => Direction::Out,
        _ => return Err("each line of a recording must have its direction (`dir`)".to_owned()),
    };
    let client = match record.get("client") {
        None => None,
        Some(name) => {
            let name = name.as_str().and_then(|name| name.parse().ok());
            Some(name.ok_or("expected the name of a client, like `#1`")?)
        }
    };
    let at = match record.get("time") {
        None => None,
        Some(time) => {
            let time = time.as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
            Some(time.ok_or("`time` is not a time (RFC 3339, in UTC)")?)
        }
    };
    Ok(Some(RecordLine { at, direction, client, deed }))
}

/// Whoever wrote the recording, what it becomes is one line of a script, and no step of its own.
fn opening(record: &Map<String, Value>) -> Result<RecordedOpening, String> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    // A server's record has the client's fields for `headers`.
    let fields = record.get(if record.contains_key("client") { "headers" } else { "request" });
    let fields = fields.and_then(Value::as_object).into_iter().flatten();
    let request: Vec<_> = fields.filter_map(|(name, value)| Some(Header::new(name, value.as_str()?))).collect();
    if let Some(field) = request.iter().find(|field| !is_token(&field.name) || field.value.contains(char::is_control)) {
        return Err(format!("`{}` is not a header field", field.name.escape_debug()));
    }
    let (url, subprotocol) = (text("url").unwrap_or_default(), text("subprotocol"));
    if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("`url` is not a URL".to_owned());
    }
    if subprotocol.as_ref().is_some_and(|name| !is_token(name)) {
        return Err("`subprotocol` is not a subprotocol".to_owned());
    }
    Ok(RecordedOpening { url, subprotocol, request })
}

/// Any Close that was seen, also one that may not be sent.
fn close(record: &Map<String, Value>) -> Result<Deed, String> {
    let code = match record.get("code") {
        None | Some(Value::Null) => None,
        Some(code) => {
            let code = code.as_u64().and_then(|code| u16::try_from(code).ok());
            Some(code.ok_or("the `code` of a Close must be a number up to 65535")?)
        }
    };
    let reason = record.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
    if reason.len() > LONGEST_REASON {
        return Err(format!("the `reason` of a Close must have at most {LONGEST_REASON} bytes"));
    }
    let clean = record.get("clean").and_then(Value::as_bool).unwrap_or(true);
    Ok(Deed::Close { close: Close { code, reason }, clean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_record_is_told_why() {
        for (line, why) in [
            ("nonsense", "not JSON"),
            ("[]", "expected a JSON object"),
            (r#"{"dir":"in"}"#, "expected `data` or `base64`"),
            (r#"{"dir":"in","type":"nonsense"}"#, "`nonsense` is not a type of record"),
            (r#"{"dir":"up","data":""}"#, "must have its direction (`dir`)"),
            (r#"{"dir":"in","data":"","client":"me"}"#, "expected the name of a client, like `#1`"),
            (r#"{"dir":"in","data":"","time":"noon"}"#, "`time` is not a time"),
            (r#"{"dir":"in","type":"close","code":"x"}"#, "the `code` of a Close"),
            (r#"{"dir":"in","type":"open","url":"ws://h/\nexec id"}"#, "`url` is not a URL"),
            (
                r#"{"dir":"in","type":"open","url":"ws://h/","subprotocol":"a\nexec id"}"#,
                "`subprotocol` is not a subprotocol",
            ),
            (r#"{"dir":"in","type":"open","url":"ws://h/","request":{"a b":"c"}}"#, "`a b` is not a header field"),
            (r#"{"dir":"in","type":"open","url":"ws://h/","request":{"a":"b\nexec id"}}"#, "`a` is not a header field"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }

    #[test]
    fn the_request_is_found_on_either_side() {
        let opening = |line: &str| match read(line).unwrap().unwrap().deed {
            Deed::Open(opening) => *opening,
            other => panic!("{other:?}"),
        };
        let expected = RecordedOpening {
            url: "ws://h/".to_owned(),
            subprotocol: Some("chat".to_owned()),
            request: vec![Header::new("origin", "http://h")],
        };
        let ours = r#"{"dir":"in","type":"open","url":"ws://h/","subprotocol":"chat","headers":{"a":"b"},"request":{"origin":"http://h"}}"#;
        assert_eq!(opening(ours), expected);
        let theirs = r##"{"dir":"in","type":"open","client":"#1","url":"ws://h/","subprotocol":"chat","headers":{"origin":"http://h"}}"##;
        assert_eq!(opening(theirs), expected);
    }

    #[test]
    fn a_close_that_may_not_be_sent_was_seen_all_the_same() {
        let line = r#"{"dir":"in","type":"close","code":1006,"reason":"","clean":false}"#;
        let deed = read(line).unwrap().unwrap().deed;
        assert_eq!(deed, Deed::Close { close: Close::new(1006, ""), clean: false });
    }
}
