//! A message in a HAR file: what Chromium's developer tools write, and those that do as they do.

use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use serde_json::Value;

use crate::message::{Direction, Message};

/// Times beyond are no seconds (the year 5138) but milliseconds, which Playwright writes.
const MOST_SECONDS: f64 = 1e11;

/// An application's message.
#[derive(Debug, PartialEq)]
pub(super) struct HarMessage {
    pub(super) at: Option<SystemTime>,
    pub(super) direction: Direction,
    pub(super) message: Message,
}

/// Takes a message of `_webSocketMessages`; none if it is a control frame, or an error of the browser.
///
/// # Errors
/// What is wrong with it.
pub(super) fn message(value: Value) -> Result<Option<HarMessage>, String> {
    let Value::Object(mut fields) = value else { return Err("a message must be an object".to_owned()) };
    let direction = match fields.get("type").and_then(Value::as_str) {
        Some("send") => Direction::Out,
        Some("receive") => Direction::In,
        Some(_) => return Ok(None),
        None => return Err("a message must have a `type`: `send` or `receive`".to_owned()),
    };
    let opcode = fields.get("opcode").map_or(Some(1), Value::as_u64);
    if !matches!(opcode, Some(1 | 2)) {
        return Ok(None);
    }
    let Some(Value::String(data)) = fields.remove("data") else {
        return Err("the `data` of a message must be a string".to_owned());
    };
    let message = match opcode {
        Some(1) => Message::Text(data.into()),
        _ => Message::Binary(BASE64.decode(data).map_err(|_| "the `data` of a binary message must be base64")?.into()),
    };
    Ok(Some(HarMessage { at: fields.get("time").and_then(time), direction, message }))
}

fn time(value: &Value) -> Option<SystemTime> {
    let time = value.as_f64().filter(|time| *time > 0.0)?;
    let seconds = if time > MOST_SECONDS { time / 1000.0 } else { time };
    // To the microsecond, which a double still has, and a record.
    let rounded = Duration::try_from_secs_f64(seconds).ok()?.checked_add(Duration::from_nanos(500))?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(rounded.as_micros().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(seconds: f64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds))
    }

    #[test]
    fn text_is_as_it_stands_and_binary_data_in_base64() {
        let text = json!({"type": "send", "time": 1764385200.25, "opcode": 1, "data": "é"});
        let expected = HarMessage { at: at(1764385200.25), direction: Direction::Out, message: "é".into() };
        assert_eq!(message(text), Ok(Some(expected)));
        let binary = json!({"type": "receive", "time": 1764385200250.0, "opcode": 2, "data": "AP8="});
        let data = Message::Binary(b"\0\xff".as_slice().into());
        assert_eq!(
            message(binary),
            Ok(Some(HarMessage { at: at(1764385200.25), direction: Direction::In, message: data }))
        );
    }

    #[test]
    fn a_time_that_is_not_known_is_none() {
        for time in [json!(-1), json!(0), json!(null), json!("noon"), json!(1e300)] {
            let found = message(json!({"type": "send", "time": time, "opcode": 1, "data": ""})).unwrap().unwrap();
            assert_eq!(found.at, None);
        }
    }

    #[test]
    fn what_is_not_of_the_application_is_left_out() {
        for other in [
            json!({"type": "send", "opcode": 9, "data": ""}),
            json!({"type": "receive", "opcode": 8, "data": ""}),
            json!({"type": "error", "opcode": -1, "data": "gone"}),
        ] {
            assert_eq!(message(other), Ok(None));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (wrong, why) in [
            (json!(1), "a message must be an object"),
            (json!({"data": ""}), "a message must have a `type`: `send` or `receive`"),
            (json!({"type": "send", "data": 1}), "the `data` of a message must be a string"),
            (json!({"type": "send", "opcode": 2, "data": "é"}), "the `data` of a binary message must be base64"),
        ] {
            assert_eq!(message(wrong).unwrap_err(), why);
        }
    }
}
