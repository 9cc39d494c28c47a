//! Reads the values of options. Each error says what would be right; clap puts the option's name before it.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use rustls::pki_types::ServerName;
use serde_json_path::JsonPath;

use super::options::Interval;
use crate::dial::tls::Pin;
use crate::event::{ClientName, Close};
use crate::recording::pace::Speed;
use crate::request::{Header, is_token};
use crate::session::{self, Attempts, Delay, JsonExpectation, Rate, Wait};
use crate::unescape::unescape_bytes;
use crate::wire::offer::Parameters;

/// A hundred years: longer than any run, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// RFC 6455, section 5.5: a control frame has 125 bytes, the close code takes two.
const LONGEST_REASON: usize = 123;

/// `500ms`, `5s`, `1m30s`; a bare number is seconds.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let time = seconds(text).ok_or("write a time like 500ms, 5s, 1.5s, 2m, 1m30s or 1h; a bare number is seconds")?;
    Duration::try_from_secs_f64(time)
        .ok()
        .filter(|time| *time <= LONGEST)
        .ok_or_else(|| "a time is at most 100 years".to_owned())
}

/// A time or `forever`, which wscat writes `-1`.
pub(crate) fn wait(text: &str) -> Result<Wait, String> {
    match text {
        "forever" | "-1" => Ok(Wait::Forever),
        _ => time(text).map(Wait::For).map_err(|error| format!("{error}; `forever` has no end")),
    }
}

/// A time that is not zero.
pub(crate) fn time_span(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| if time.is_zero() { Err("it is longer than 0".to_owned()) } else { Ok(time) })
}

/// A time or `off`.
pub(crate) fn interval(text: &str) -> Result<Interval, String> {
    match text {
        "off" | "0" => Ok(Interval::Off),
        _ => time_span(text).map(Interval::Every).map_err(|error| format!("{error}; `off` is never")),
    }
}

/// A number of attempts, or `forever`.
pub(crate) fn attempts(text: &str) -> Result<Attempts, String> {
    match text {
        "forever" => Ok(Attempts::Unlimited),
        _ => text.parse().map(Attempts::UpTo).map_err(|_| "write a number from 1 on, or none for no limit".to_owned()),
    }
}

/// `500ms..30s`
pub(crate) fn delay(text: &str) -> Result<Delay, String> {
    let limits = text.split_once("..").ok_or("write two times like 0.5s..30s")?;
    let (first, longest) = (time_span(limits.0)?, time_span(limits.1)?);
    if first > longest {
        Err("the first time is not more than the second".to_owned())
    } else {
        Ok(Delay { first, longest })
    }
}

/// Bytes: `64`, `64K`, `64KiB`, `1MB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let Some(scale) = bytes_in(unit).filter(|_| !number.is_empty()) else {
        return Err("write a size like 64, 64K, 64KiB, 1MB or 2G".to_owned());
    };
    // All digits, so it can only be too large.
    let size = number.parse().ok().and_then(|number: usize| number.checked_mul(scale));
    match size {
        Some(0) => Err("a size is at least 1".to_owned()),
        Some(size) => Ok(size),
        None => Err("that is more than this machine can address".to_owned()),
    }
}

/// `10` or `10/s`, `100/1m`, `5/500ms`.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    let (messages, per) = text.split_once('/').unwrap_or((text, "s"));
    let per = if per.starts_with(|c: char| c.is_ascii_alphabetic()) { time(&format!("1{per}")) } else { time(per) };
    match (messages.parse::<NonZeroU32>(), per) {
        (Ok(messages), Ok(per)) if !per.is_zero() => Ok(Rate { messages, per }),
        _ => Err("write a rate like 10 (a second), 10/s, 100/1m or 5/500ms, neither part zero".to_owned()),
    }
}

/// `2x`, `0.5x` or `max`.
pub(crate) fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.strip_suffix('x').unwrap_or(text).parse::<f64>() {
        Ok(times) if times.is_finite() && times > 0.0 => Ok(Speed::Times(times)),
        _ => Err("write a speed like 2x, 0.5x or max".to_owned()),
    }
}

/// How many of something that there has to be one of.
pub(crate) fn positive<N: FromStr + From<u8> + PartialOrd>(text: &str) -> Result<N, String> {
    text.parse().ok().filter(|count| *count >= N::from(1)).ok_or_else(|| "write a number, at least 1".to_owned())
}

/// A number of messages to wait for.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    positive(text).map_err(|_| "write a number of messages, at least 1".to_owned())
}

pub(crate) fn redirects(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "write a number of redirects, at least 0".to_owned())
}

/// A code that an endpoint may send (RFC 6455, section 7.4, and its registry).
pub(crate) fn close_code(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(code) if Close::may_be_sent(code) => Ok(code),
        _ => Err("codes that may be sent are 1000-1003, 1007-1014 and 3000-4999".to_owned()),
    }
}

pub(crate) fn close_reason(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_REASON {
        return Err(format!("a reason has at most {LONGEST_REASON} bytes, this one has {}", text.len()));
    }
    Ok(text.to_owned())
}

/// `Name: value`, or `Name:` (RFC 9110, section 5).
pub(crate) fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("write a header like `Name: value`")?;
    if !is_token(name) {
        return Err("the name before the `:` has letters, digits and marks like `-`, and no space".to_owned());
    }
    let value = value.trim_matches([' ', '\t']);
    if value.contains(|c: char| c.is_ascii_control() && c != '\t') {
        return Err("a header's value has no line breaks and no other control characters".to_owned());
    }
    Ok(Header::new(name, value))
}

/// The value of a header that has an option of its own.
pub(crate) fn field_value(text: &str) -> Result<String, String> {
    header(&format!("X:{text}")).map(|header| header.value)
}

/// RFC 6455, section 4.1: there are older drafts, but nobody speaks them any more.
pub(crate) fn protocol_version(text: &str) -> Result<u8, String> {
    match text {
        "13" => Ok(13),
        _ => Err("the version of RFC 6455 is 13, and there is no other".to_owned()),
    }
}

/// RFC 6455, section 4.1: a token.
pub(crate) fn subprotocol(text: &str) -> Result<String, String> {
    if !is_token(text) {
        return Err(
            "a subprotocol has letters, digits and marks like `-`; give the option again for another".to_owned()
        );
    }
    Ok(text.to_owned())
}

pub(crate) fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|_| "write a name like example.com, or an address".to_owned())
}

pub(crate) fn pin(text: &str) -> Result<Pin, String> {
    Pin::from_text(text).ok_or_else(|| "write the SHA-256 of a public key in base64, 44 characters".to_owned())
}

/// What stands between messages, with escapes. Not a `Vec`, which clap takes for a list of values.
pub(crate) fn delimiter(text: &str) -> Result<Bytes, String> {
    match unescape_bytes(text) {
        Ok(bytes) if bytes.is_empty() => Err("a delimiter has at least one byte; `--whole` cuts nothing".to_owned()),
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| why(&error))
}

/// What is wrong with a regular expression, in one line.
pub(crate) fn why(error: &regex::Error) -> String {
    // The lines before the last draw the expression, which the user sees anyway.
    let error = error.to_string();
    let reason = error.lines().last().unwrap_or_default();
    reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
}

/// A JSONPath alone.
pub(crate) fn path(text: &str) -> Result<JsonPath, String> {
    session::json_path(text).map_err(|error| error.to_string())
}

/// `#1`; a shell would take it for a comment, so the sign may be left out.
pub(crate) fn client(text: &str) -> Result<ClientName, String> {
    text.parse().map_err(|_| "write a client's name, as in `#1`".to_owned())
}

/// `PATH` or `PATH=VALUE`.
pub(crate) fn json_path(text: &str) -> Result<JsonExpectation, String> {
    JsonExpectation::from_text(text).map_err(|error| error.to_string())
}

/// The sum of numbers with units, or one number without.
fn seconds(text: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    if text.chars().all(is_digit) {
        return text.parse().ok();
    }
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_digit(c))?);
        let (unit, after) = after.split_at(after.find(is_digit).unwrap_or(after.len()));
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Some(sum)
}

/// Powers of ten only where the unit says so with a bare `B`.
fn bytes_in(unit: &str) -> Option<usize> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        _ => None,
    }
}

/// The parameters of permessage-deflate, as `--compress-options` takes them.
pub(crate) fn deflate(text: &str) -> Result<Parameters, String> {
    Parameters::read(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Judged;

    /// What each text is read as, `Err` being the whole or a part of the message.
    fn check<T: PartialEq + std::fmt::Debug>(
        parse: fn(&str) -> Result<T, String>,
        table: impl IntoIterator<Item = (&'static str, Result<T, &'static str>)>,
    ) {
        for (text, expected) in table {
            match (parse(text), expected) {
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (value, expected) => assert_eq!(value, expected.map_err(str::to_owned), "{text}"),
            }
        }
    }

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn times() {
        check(
            time,
            [
                ("500ms", Ok(MS(500))),
                ("5s", Ok(MS(5_000))),
                ("2m", Ok(MS(120_000))),
                ("1h", Ok(MS(3_600_000))),
                ("1.5s", Ok(MS(1_500))),
                ("1m30s", Ok(MS(90_000))),
                ("1h0.5s1ms", Ok(MS(3_600_501))),
                ("5", Ok(MS(5_000))),
                ("0.25", Ok(MS(250))),
                ("0", Ok(MS(0))),
                ("", Err("write a time like")),
                ("-1", Err("write a time like")),
                ("+1", Err("write a time like")),
                ("1e3", Err("write a time like")),
                ("inf", Err("write a time like")),
                ("5 s", Err("write a time like")),
                ("5d", Err("write a time like")),
                ("5S", Err("write a time like")),
                ("s", Err("write a time like")),
                ("1m30", Err("write a time like")),
                ("1.2.3s", Err("write a time like")),
                (".", Err("write a time like")),
                ("876001h", Err("at most 100 years")),
                ("99999999999999999999999999999h", Err("at most 100 years")),
            ],
        );
    }

    #[test]
    fn waits() {
        check(
            wait,
            [
                ("forever", Ok(Wait::Forever)),
                ("-1", Ok(Wait::Forever)),
                ("0", Ok(Wait::For(MS(0)))),
                ("500ms", Ok(Wait::For(MS(500)))),
                ("-2", Err("`forever` has no end")),
                ("ever", Err("write a time like")),
            ],
        );
    }

    #[test]
    fn numbers() {
        let least = "write a number, at least 1";
        check(
            positive::<u32>,
            [("1", Ok(1)), ("2000", Ok(2_000)), ("0", Err(least)), ("-1", Err(least)), ("x", Err(least))],
        );
    }

    #[test]
    fn sizes() {
        check(
            size,
            [
                ("64", Ok(64)),
                ("64b", Ok(64)),
                ("64K", Ok(65_536)),
                ("64k", Ok(65_536)),
                ("64KiB", Ok(65_536)),
                ("1MB", Ok(1_000_000)),
                ("1kB", Ok(1_000)),
                ("256MiB", Ok(268_435_456)),
                ("2G", Ok(2_147_483_648)),
                ("", Err("write a size like")),
                ("K", Err("write a size like")),
                ("-1", Err("write a size like")),
                ("1.5M", Err("write a size like")),
                ("1 K", Err("write a size like")),
                ("1T", Err("write a size like")),
                ("0", Err("at least 1")),
                ("99999999999999999999", Err("more than this machine")),
                ("99999999999999999G", Err("more than this machine")),
            ],
        );
    }

    #[test]
    fn rates() {
        let rate_of = |messages, per| Ok(Rate { messages: NonZeroU32::new(messages).unwrap(), per: MS(per) });
        check(
            rate,
            [
                ("10", rate_of(10, 1_000)),
                ("10/s", rate_of(10, 1_000)),
                ("10/ms", rate_of(10, 1)),
                ("100/1m", rate_of(100, 60_000)),
                ("5/500ms", rate_of(5, 500)),
                ("5/2", rate_of(5, 2_000)),
                ("", Err("write a rate like")),
                ("0", Err("neither part zero")),
                ("10/0s", Err("neither part zero")),
                ("10/", Err("write a rate like")),
                ("/s", Err("write a rate like")),
                ("-1", Err("write a rate like")),
                ("1.5", Err("write a rate like")),
                ("10/day", Err("write a rate like")),
                ("5000000000", Err("write a rate like")),
            ],
        );
    }

    #[test]
    fn close_codes() {
        check(
            close_code,
            [
                ("1000", Ok(1000)),
                ("1003", Ok(1003)),
                ("1007", Ok(1007)),
                ("1014", Ok(1014)),
                ("3000", Ok(3000)),
                ("4999", Ok(4999)),
            ],
        );
        for text in ["", "0", "999", "1004", "1005", "1006", "1015", "2999", "5000", "70000", "-1000", "x"] {
            check(close_code, [(text, Err("1000-1003, 1007-1014 and 3000-4999"))]);
        }
    }

    #[test]
    fn a_close_reason_is_counted_in_bytes() {
        assert_eq!(close_reason(""), Ok(String::new()));
        assert_eq!(close_reason(&"x".repeat(123)), Ok("x".repeat(123)));
        assert_eq!(close_reason(&"é".repeat(62)), Err("a reason has at most 123 bytes, this one has 124".to_owned()));
    }

    #[test]
    fn headers() {
        let header_of = |name, value: &str| Ok(Header::new(name, value));
        check(
            header,
            [
                ("Name: value", header_of("Name", "value")),
                ("name:value", header_of("name", "value")),
                ("X-Time: \t10:00 \t", header_of("X-Time", "10:00")),
                ("X!#$%&'*+-.^_`|~1: a\tb", header_of("X!#$%&'*+-.^_`|~1", "a\tb")),
                ("Name:", header_of("Name", "")),
                ("Name: bücher", header_of("Name", "bücher")),
                ("", Err("`Name: value`")),
                ("Name", Err("`Name: value`")),
                (": value", Err("the name before the `:`")),
                ("Na me: value", Err("the name before the `:`")),
                ("Name : value", Err("the name before the `:`")),
                ("Näme: value", Err("the name before the `:`")),
                ("Na\r\nme: value", Err("the name before the `:`")),
                ("Name: a\r\nEvil: b", Err("no line breaks")),
                ("Name: a\n", Err("no line breaks")),
                ("Name: a\0", Err("no line breaks")),
                ("Name: a\x7f", Err("no line breaks")),
            ],
        );
    }

    #[test]
    fn subprotocols() {
        check(
            subprotocol,
            [
                ("chat", Ok("chat".to_owned())),
                ("v2.graphql-transport_ws", Ok("v2.graphql-transport_ws".to_owned())),
                ("", Err("a subprotocol has")),
                ("a, b", Err("give the option again")),
                ("a/b", Err("a subprotocol has")),
            ],
        );
    }

    #[test]
    fn delimiters() {
        check(
            delimiter,
            [
                ("\n", Ok(Bytes::from_static(b"\n"))),
                (r"\r\n", Ok(Bytes::from_static(b"\r\n"))),
                (r"--\x00\xff", Ok(Bytes::from_static(b"--\0\xff"))),
                ("", Err("at least one byte")),
                (r"\d", Err(r"`\d` is no escape")),
            ],
        );
    }

    #[test]
    fn a_bad_regex_is_refused_in_one_line() {
        assert!(regex("^a+$").unwrap().is_match("aa"));
        assert_eq!(regex("a(").unwrap_err(), "unclosed group");
        assert_eq!(regex("[z-a]").unwrap_err().lines().count(), 1);
    }

    #[test]
    fn json_paths() {
        assert!(json_path("op=done").unwrap().judge(r#"{"op":"done"}"#) == Judged::Met);
        assert!(json_path("$.").unwrap_err().contains("is no JSONPath"));
    }
}
