//! The arguments of slash commands, each read from the rest of the line.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use regex::Regex;

use super::files::{TypedDestination, TypedPath};
use super::filter::MessageFilter;
use super::message_log::MessageNumber;
use super::rpc;
use crate::codec::encode::PayloadEncoding;
use crate::codec::{BadChain, DecoderChain};
use crate::events::{Addressee, ClientName};
use crate::message::{Close, close};
use crate::text::units::counted;
use crate::text::{patterns, unescape, units};
use crate::wire::frame::LONGEST_CONTROL;

/// What is wanted of something that can be on or off.
#[derive(Debug)]
pub(crate) enum Switch<T> {
    /// To know how it is.
    Tell,
    On(T),
    Off,
}

/// What the editor begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Draft {
    /// If it is empty, what was sent last.
    Text(String),
    /// What is in a file, which stays as it is.
    File(TypedPath),
}

/// A client, or the server of a relay (`server`, `server#1`), and what follows it.
pub(super) fn recipient(rest: &str) -> Result<(Addressee, &str), String> {
    let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match name.strip_prefix("server") {
        None => addressed(rest).map(|(client, text)| (Addressee::Client(client), text)),
        Some("") => Ok((Addressee::Server(None), text.trim_start())),
        Some(client) => match client.parse() {
            Ok(client) => Ok((Addressee::Server(Some(client)), text.trim_start())),
            Err(_) => Err("expected `server`, or `server#1` for the connection of one client".to_owned()),
        },
    }
}

/// The name of a client, and what follows it.
pub(super) fn addressed(rest: &str) -> Result<(ClientName, &str), String> {
    let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Ok((name.parse().map_err(|_| "expected a client, such as `#1`; /clients lists them")?, rest.trim_start()))
}

pub(super) fn on_off(rest: &str) -> Result<Switch<()>, String> {
    match rest {
        "" => Ok(Switch::Tell),
        "on" => Ok(Switch::On(())),
        "off" => Ok(Switch::Off),
        _ => Err("expected `on` or `off`".to_owned()),
    }
}

pub(super) fn path(rest: &str) -> Result<TypedPath, String> {
    TypedPath::from_text(rest)
}

pub(super) fn edit(rest: &str) -> Result<Draft, String> {
    match rest.strip_prefix('@') {
        Some(file) => path(file).map(Draft::File),
        None => Ok(Draft::Text(rest.to_owned())),
    }
}

pub(super) fn control(rest: &str) -> Result<Bytes, String> {
    if rest.len() > LONGEST_CONTROL {
        return Err(format!("{} bytes, and at most {LONGEST_CONTROL} are allowed", rest.len()));
    }
    Ok(Bytes::copy_from_slice(rest.as_bytes()))
}

pub(super) fn binary(rest: &str) -> Result<Bytes, String> {
    if rest.is_empty() {
        return Err("expected bytes, such as `00 ff 10`".to_owned());
    }
    unescape::hex(rest).map(Bytes::from)
}

pub(super) fn base64(rest: &str) -> Result<Bytes, String> {
    if rest.is_empty() {
        return Err("expected base64, such as `AP8Q`".to_owned());
    }
    unescape::base64(rest).map(Bytes::from)
}

const LAST: MessageNumber = MessageNumber::FromLast(NonZeroUsize::MIN);

pub(super) fn number(rest: &str) -> Result<MessageNumber, String> {
    let read = if rest.is_empty() { Some(LAST) } else { numbered(rest) };
    read.ok_or_else(|| "expected a number: 1 is the last message, `!1` the first".to_owned())
}

fn numbered(word: &str) -> Option<MessageNumber> {
    match word.strip_prefix('!') {
        Some(exact) => exact.parse().ok().map(MessageNumber::Exact),
        None => word.parse().ok().map(MessageNumber::FromLast),
    }
}

/// The message, and where it goes.
pub(super) fn save(rest: &str) -> Result<(MessageNumber, TypedDestination), String> {
    let (is_forced, rest) = forced(rest);
    if numbered(rest).is_some() {
        return Err(format!("expected a file name; `./{rest}` is the file called `{rest}`"));
    }
    let first = rest.split_once(char::is_whitespace).and_then(|(number, path)| Some((numbered(number)?, path)));
    let (number, file) = first.unwrap_or((LAST, rest));
    Ok((number, TypedDestination { path: path(file.trim())?, is_forced }))
}

/// A file to record to; none ends the recording.
pub(super) fn record(rest: &str) -> Result<Option<TypedDestination>, String> {
    if rest == "off" {
        return Ok(None);
    }
    let (is_forced, rest) = forced(rest);
    Ok(Some(TypedDestination { path: path(rest)?, is_forced }))
}

/// The path in the arguments of a command, which may still have to be ended.
pub(super) fn path_in<'r>(command: &str, rest: &'r str) -> &'r str {
    let rest = if matches!(command, "/save" | "/record") { forced(rest).1 } else { rest };
    let number = rest.split_once(' ').filter(|(number, _)| command == "/save" && numbered(number).is_some());
    number.map_or(rest, |(_, path)| path)
}

/// Whether `--force` was said, and what follows it.
fn forced(rest: &str) -> (bool, &str) {
    match rest.strip_prefix("--force").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, rest),
    }
}

/// A message as it is, or the empty one.
pub(super) fn message(rest: &str) -> Result<String, String> {
    match rest {
        "" => Err("expected a message; `\"\"` is an empty one".to_owned()),
        "\"\"" => Ok(String::new()),
        _ => Ok(rest.to_owned()),
    }
}

pub(super) fn filter(rest: &str) -> Result<Switch<MessageFilter>, String> {
    Ok(match rest {
        "" => Switch::Tell,
        "off" => Switch::Off,
        _ => Switch::On(MessageFilter::from_text(rest)?),
    })
}

pub(super) fn decoders(rest: &str) -> Result<Switch<DecoderChain>, String> {
    Ok(match rest {
        "" => Switch::Tell,
        "off" => Switch::Off,
        _ => Switch::On(rest.parse().map_err(|error: BadChain| error.to_string())?),
    })
}

/// JSON, which is sent in this encoding.
pub(super) fn encoded(rest: &str, encoding: PayloadEncoding) -> Result<Bytes, String> {
    if rest.is_empty() {
        return Err("expected JSON, such as `{\"id\": 1}`".to_owned());
    }
    encoding.encode(rest).map(Bytes::from)
}

pub(super) fn pattern(rest: &str) -> Result<Regex, String> {
    if rest.is_empty() { Err("expected a regular expression".to_owned()) } else { patterns::regex(rest) }
}

/// The method, and its parameters.
pub(super) fn call(rest: &str) -> Result<(String, Option<String>), String> {
    let (method, params) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if method.is_empty() {
        return Err("expected a method".to_owned());
    }
    Ok((method.to_owned(), rpc::params(params.trim())?))
}

pub(super) fn fragment(rest: &str) -> Result<Option<usize>, String> {
    if rest == "off" { Ok(None) } else { units::size(rest).map(Some) }
}

/// How often something is sent again, and at which interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repetition {
    pub(crate) times: u32,
    pub(crate) every: Duration,
}

impl std::fmt::Display for Repetition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", counted(u64::from(self.times), "time"))?;
        if self.every.is_zero() { Ok(()) } else { write!(f, " every {:?}", self.every) }
    }
}

pub(super) fn repeat(rest: &str) -> Result<Switch<Repetition>, String> {
    match rest {
        "" => return Ok(Switch::Tell),
        "off" => return Ok(Switch::Off),
        _ => {}
    }
    let mut words = rest.split_whitespace();
    let times = words.next().and_then(|times| times.parse().ok()).filter(|times| *times > 0);
    let times = times.ok_or("expected how often, such as `10` or `10 every 500ms`")?;
    let every = match (words.next(), words.next(), words.next()) {
        (None, ..) => Duration::ZERO,
        (Some("every"), Some(time), None) => units::time(time)?,
        _ => return Err("expected how often, such as `10` or `10 every 500ms`".to_owned()),
    };
    Ok(Switch::On(Repetition { times, every }))
}

pub(super) fn closing(rest: &str) -> Result<Option<Close>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Ok(Some(Close::new(close::close_code(code)?, close::close_reason(reason.trim())?)))
}
