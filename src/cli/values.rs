//! Reads the values of options. Each error says what would be right; clap puts the option's name before it.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::ServerName;
use serde_json_path::JsonPath;

use crate::codec::encode::PayloadEncoding;
use crate::dial::tls::Pin;
use crate::events::ClientName;
use crate::recording::pace::Speed;
use crate::request::{Header, is_token};
use crate::session::{self, Attempts, Delay, JsonExpectation, Rate, ReconnectOn, Wait};
use crate::text::unescape::unescape_bytes;
use crate::text::units::time;
use crate::wire::offer::Parameters;

/// A time or `forever`, which wscat writes `-1`.
pub(crate) fn wait(text: &str) -> Result<Wait, String> {
    match text {
        "forever" | "-1" => Ok(Wait::Forever),
        _ => time(text).map(Wait::For).map_err(|error| format!("{error}; `forever` sets no limit")),
    }
}

/// A time that is not zero.
pub(crate) fn time_span(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| if time.is_zero() { Err("expected a time longer than 0".to_owned()) } else { Ok(time) })
}

/// A time or `off`.
pub(crate) fn interval(text: &str) -> Result<Interval, String> {
    match text {
        "off" | "0" => Ok(Interval::Off),
        _ => time_span(text).map(Interval::Every).map_err(|error| format!("{error}; `off` disables it")),
    }
}

/// A number of attempts, or `forever`.
pub(crate) fn attempts(text: &str) -> Result<Attempts, String> {
    match text {
        "forever" => Ok(Attempts::Unlimited),
        _ => text
            .parse()
            .map(Attempts::UpTo)
            .map_err(|_| "expected a number of at least 1, or no value for no limit".to_owned()),
    }
}

/// Codes of a Close with commas between, or `any`.
pub(crate) fn reconnect_on(text: &str) -> Result<ReconnectOn, String> {
    if text == "any" {
        return Ok(ReconnectOn::Any);
    }
    let code = |text: &str| text.parse().ok().filter(|code| (1000..5000).contains(code));
    let codes = text.split(',').map(code).collect::<Option<_>>();
    codes
        .map(ReconnectOn::Codes)
        .ok_or_else(|| "expected codes from 1000 to 4999 like `1000,4000`, or `any`".to_owned())
}

/// `500ms..30s`
pub(crate) fn delay(text: &str) -> Result<Delay, String> {
    let limits = text.split_once("..").ok_or("expected two times like 0.5s..30s")?;
    let (first, longest) = (time_span(limits.0)?, time_span(limits.1)?);
    if first > longest {
        Err("the first time must not be longer than the second".to_owned())
    } else {
        Ok(Delay { first, longest })
    }
}

/// `10` or `10/s`, `100/1m`, `5/500ms`.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    let (messages, per) = text.split_once('/').unwrap_or((text, "s"));
    let per = if per.starts_with(|c: char| c.is_ascii_alphabetic()) { time(&format!("1{per}")) } else { time(per) };
    match (messages.parse::<NonZeroU32>(), per) {
        (Ok(messages), Ok(per)) if !per.is_zero() => Ok(Rate { messages, per }),
        _ => Err("expected a rate like 10 (per second), 10/s, 100/1m or 5/500ms, with neither part zero".to_owned()),
    }
}

/// `2x`, `0.5x` or `max`.
pub(crate) fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.strip_suffix('x').unwrap_or(text).parse::<f64>() {
        Ok(times) if times.is_finite() && times > 0.0 => Ok(Speed::Times(times)),
        _ => Err("expected a speed like 2x, 0.5x or max".to_owned()),
    }
}

/// A number of at least 1.
pub(crate) fn positive<N: FromStr + From<u8> + PartialOrd>(text: &str) -> Result<N, String> {
    text.parse().ok().filter(|count| *count >= N::from(1)).ok_or_else(|| "expected a number of at least 1".to_owned())
}

/// A number of messages to wait for.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    positive(text).map_err(|_| "expected a number of messages, at least 1".to_owned())
}

pub(crate) fn redirects(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a number of redirects, at least 0".to_owned())
}

/// `Name: value`, or `Name:` (RFC 9110, section 5).
pub(crate) fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("expected a header like `Name: value`")?;
    if !is_token(name) {
        return Err("the name before the `:` must consist of letters, digits and characters like `-`, without spaces"
            .to_owned());
    }
    let value = value.trim_matches([' ', '\t']);
    if value.contains(|c: char| c.is_ascii_control() && c != '\t') {
        return Err("the value of a header must not contain line breaks or other control characters".to_owned());
    }
    Ok(Header::new(name, value))
}

/// The value of a header that has an option of its own.
pub(crate) fn field_value(text: &str) -> Result<String, String> {
    header(&format!("X:{text}")).map(|header| header.value)
}

/// RFC 6455, section 4.1: older drafts are not in use any more.
pub(crate) fn protocol_version(text: &str) -> Result<u8, String> {
    match text {
        "13" => Ok(13),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err("expected 13, the only version of RFC 6455".to_owned())
        }
        _ => Err(format!("expected 13, the version of RFC 6455; `-s {text}` offers a subprotocol")),
    }
}

/// RFC 6455, section 4.1: a token.
pub(crate) fn subprotocol(text: &str) -> Result<String, String> {
    if !is_token(text) {
        return Err(
            "a subprotocol consists of letters, digits and characters like `-`; repeat the option for more than one"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

pub(crate) fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|_| "expected a name like example.com, or an address".to_owned())
}

pub(crate) fn pin(text: &str) -> Result<Pin, String> {
    Pin::from_text(text).ok_or_else(|| "expected the SHA-256 of a public key in base64, 44 characters".to_owned())
}

pub(crate) fn encoding(text: &str) -> Result<PayloadEncoding, String> {
    PayloadEncoding::from_name(text).ok_or_else(|| "expected `msgpack` or `cbor`".to_owned())
}

/// The delimiter between messages, with escapes. Not a `Vec`, which clap would treat as a list of values.
pub(crate) fn delimiter(text: &str) -> Result<Bytes, String> {
    match unescape_bytes(text) {
        Ok(bytes) if bytes.is_empty() => Err("expected at least one byte; `--whole` does not split stdin".to_owned()),
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A JSONPath alone.
pub(crate) fn path(text: &str) -> Result<JsonPath, String> {
    session::json_path(text).map_err(|error| error.to_string())
}

/// `#1`; a shell would take it for a comment, so the sign may be left out.
pub(crate) fn client(text: &str) -> Result<ClientName, String> {
    text.parse().map_err(|_| "expected the name of a client, like `#1`".to_owned())
}

/// `PATH` or `PATH=VALUE`.
pub(crate) fn json_path(text: &str) -> Result<JsonExpectation, String> {
    JsonExpectation::from_text(text).map_err(|error| error.to_string())
}

/// The parameters of permessage-deflate, as `--compress-options` takes them.
pub(crate) fn deflate(text: &str) -> Result<Parameters, String> {
    Parameters::read(text).map_err(|error| error.to_string())
}

/// How often something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    Off,
    Every(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::close::close_code;
    use crate::message::close::close_reason;
    use crate::session::Judged;
    use crate::text::patterns::regex;
    use crate::text::units::size;

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
                ("", Err("expected a time like")),
                ("-1", Err("expected a time like")),
                ("+1", Err("expected a time like")),
                ("1e3", Err("expected a time like")),
                ("inf", Err("expected a time like")),
                ("5 s", Err("expected a time like")),
                ("5d", Err("expected a time like")),
                ("5S", Err("expected a time like")),
                ("s", Err("expected a time like")),
                ("1m30", Err("expected a time like")),
                ("1.2.3s", Err("expected a time like")),
                (".", Err("expected a time like")),
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
                ("-2", Err("`forever` sets no limit")),
                ("ever", Err("expected a time like")),
            ],
        );
    }

    #[test]
    fn numbers() {
        let least = "expected a number of at least 1";
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
                ("", Err("expected a size like")),
                ("K", Err("expected a size like")),
                ("-1", Err("expected a size like")),
                ("1.5M", Err("expected a size like")),
                ("1 K", Err("expected a size like")),
                ("1T", Err("expected a size like")),
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
                ("", Err("expected a rate like")),
                ("0", Err("neither part zero")),
                ("10/0s", Err("neither part zero")),
                ("10/", Err("expected a rate like")),
                ("/s", Err("expected a rate like")),
                ("-1", Err("expected a rate like")),
                ("1.5", Err("expected a rate like")),
                ("10/day", Err("expected a rate like")),
                ("5000000000", Err("expected a rate like")),
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
                ("Name: a\r\nEvil: b", Err("must not contain line breaks")),
                ("Name: a\n", Err("must not contain line breaks")),
                ("Name: a\0", Err("must not contain line breaks")),
                ("Name: a\x7f", Err("must not contain line breaks")),
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
                ("", Err("a subprotocol consists of")),
                ("a, b", Err("repeat the option")),
                ("a/b", Err("a subprotocol consists of")),
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
                (r"\d", Err(r"unknown escape `\d`")),
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
        assert!(json_path("$.").unwrap_err().contains("is not a JSONPath"));
    }
}
