//! Reads one step, or one option below `connect` or `options`.

use super::super::cursor::{Cursor, FENCE, Quotes, bare_length, is_keyword, is_space, shortened};
use super::super::flaw::{Flaw, nearest};
use super::super::syntax::{Action, Binary, Expect, Extract, Pattern, Payload, Piece, Setting, Style, Template, Text};
use super::super::{condition, template};
use super::{Line, pattern};
use crate::cli::values;
use crate::event::Close;
use crate::unescape;
use crate::wire::handmade::Handmade;

/// The most that a ping or pong may carry (RFC 6455, section 5.5), and what a Close has beside its code.
const LONGEST_CONTROL: usize = 125;
const LONGEST_REASON: usize = 123;

/// What a line may begin with.
pub(in crate::script) const STEPS: [&str; 22] = [
    "connect",
    "status",
    "send",
    "expect",
    "nothing",
    "skip",
    "capture",
    "set",
    "log",
    "pause",
    "exec",
    "ping",
    "pong",
    "close",
    "drop",
    "half-close",
    "frame",
    "fragment",
    "repeat",
    "parallel",
    "options",
    "}",
];

/// What may stand behind a pattern.
const KEYWORDS: [&str; 2] = ["within", "capture"];

/// What `capture NAME =` takes.
const SOURCES: [&str; 7] = ["text", "json", "binary", "header", "status", "close code", "close reason"];

/// Reads a line that is no option.
pub(super) fn line(cursor: &mut Cursor<'_>) -> Result<Line, Flaw> {
    let start = cursor.place();
    let mut word = cursor.word();
    let mut connection = None;
    if let Some(name) = word.strip_suffix(':') {
        if !is_connection(name) {
            return Err(Flaw::new(start, format!("`{name}` is no name for a connection"))
                .hint("it has letters, digits, `-` and `_`, and begins with a letter"));
        }
        if cursor.is_over() {
            return Err(cursor.flaw("a step is missing here").hint(format!("as in `{name}: connect {{{{url}}}}`")));
        }
        connection = Some(name.to_owned());
        cursor.skip_space();
    }
    let place = if connection.is_some() { cursor.place() } else { start };
    if connection.is_some() {
        word = cursor.word();
    }
    let line = match word {
        "options" => Line::Options,
        "repeat" => {
            let times = times(cursor)?;
            brace(cursor, "repeat 10 {")?;
            Line::Repeat(times)
        }
        "parallel" => {
            brace(cursor, "parallel {")?;
            Line::Parallel
        }
        "}{" => Line::Branch,
        "}" if cursor.takes("{") => Line::Branch,
        "}" => Line::End,
        _ => Line::Step(None, action(cursor, word, place)?),
    };
    if connection.is_some() && !needs_connection(&line) {
        return Err(Flaw::new(start, format!("`{word}` belongs to no connection")).hint("leave the name out"));
    }
    cursor.finish()?;
    Ok(match line {
        Line::Step(_, action) => Line::Step(connection, action),
        line => line,
    })
}

/// What a line with something wrong in it was to begin or to end.
pub(super) fn guess(line: &str) -> Option<Line> {
    let line = &line[..bare_length(line, Quotes::Json)];
    let ends_open = line.trim_end_matches(is_space).ends_with('{');
    let mut words = line.split(is_space).filter(|word| !word.is_empty());
    let mut first = words.next()?;
    if first.ends_with(':') {
        first = words.next().unwrap_or_default();
    }
    match first {
        "connect" => Some(Line::Step(None, Action::Connect { url: Template::default(), settings: Vec::new() })),
        "options" => Some(Line::Options),
        "repeat" if ends_open => Some(Line::Repeat(1)),
        "parallel" if ends_open => Some(Line::Parallel),
        "}" if ends_open => Some(Line::Branch),
        "}" => Some(Line::End),
        _ => None,
    }
}

fn is_connection(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && template::is_name(name)
}

fn needs_connection(line: &Line) -> bool {
    match line {
        Line::Step(_, action) => {
            !matches!(action, Action::Set { .. } | Action::Log(_) | Action::Pause(_) | Action::Exec { .. })
        }
        _ => false,
    }
}

/// An option and its value.
pub(super) fn setting(cursor: &mut Cursor<'_>, is_head: bool) -> Result<Setting, Flaw> {
    let place = cursor.place();
    let word = cursor.word();
    let option = word.trim_start_matches('-');
    if option.len() < word.len() {
        return Err(Flaw::new(place, "options stand here without their dashes").hint(format!("write `{option}`")));
    }
    if !option.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        let flaw = Flaw::new(place, format!("`{}` is no option", shortened(option)));
        return Err(match option.strip_suffix(':') {
            Some(_) => flaw.hint("a header is written `header Name: value`"),
            None => flaw.hint("there are the long ones of the command line"),
        });
    }
    if STEPS.contains(&option) && option != "fragment" {
        return Err(Flaw::new(place, format!("`{option}` is a step, and no option"))
            .hint("steps are not indented more than the `connect` before them"));
    }
    let value_place = cursor.place_of_next();
    let value = if cursor.is_over() {
        None
    } else if cursor.rest().starts_with('"') {
        Some(cursor.quoted()?)
    } else {
        Some(cursor.bare_template(Quotes::Json)?)
    };
    cursor.finish()?;
    if option == "within" {
        if !is_head {
            return Err(Flaw::new(place, "`within` is no option of a connection").hint("it stands below `options`"));
        }
        let time = value.as_ref().and_then(Template::literal).unwrap_or_default();
        values::time(time).map_err(|hint| Flaw::new(value_place, format!("`{time}` is no time")).hint(hint))?;
    }
    Ok(Setting { place, option: option.to_owned(), value })
}

fn action(cursor: &mut Cursor<'_>, word: &str, place: super::Place) -> Result<Action, Flaw> {
    Ok(match word {
        "connect" => Action::Connect { url: url(cursor)?, settings: Vec::new() },
        "status" => Action::Status(number(cursor, "a status", 100..=599)?),
        "send" => Action::Send(payload(cursor)?),
        "frame" => {
            if cursor.is_over() {
                return Err(cursor.flaw("a frame is missing here").hint("as in `frame text fin=0 hel`"));
            }
            let place = cursor.place();
            let frame = cursor.bare_template(Quotes::Json)?;
            if let Some(Err(hint)) = frame.literal().map(Handmade::from_text) {
                return Err(Flaw::new(place, "this is no frame").hint(hint));
            }
            Action::Frame(frame)
        }
        "fragment" if cursor.takes("off") => Action::Fragment(None),
        "fragment" => {
            let place = cursor.place_of_next();
            let size = values::size(cursor.word());
            let wrong = |hint| Flaw::new(place, "a size or `off` is missing here").hint(hint);
            Action::Fragment(Some(size.map_err(wrong)?))
        }
        "ping" => Action::Ping(control(cursor, LONGEST_CONTROL)?),
        "pong" => Action::Pong(control(cursor, LONGEST_CONTROL)?),
        "expect" => expect(cursor)?,
        "nothing" => {
            if !cursor.takes("within") {
                return Err(cursor.flaw("`within TIME` is missing here").hint("as in `nothing within 200ms`"));
            }
            Action::Nothing { within: cursor.time()? }
        }
        "skip" => {
            if !cursor.takes("until") {
                return Err(cursor.flaw("`until` is missing here").hint("as in `skip until json $.op == \"done\"`"));
            }
            let until = pattern::read(cursor)?;
            let mut within = None;
            let capture = keywords(cursor, &mut within)?;
            Action::Skip { until, within, capture }
        }
        "capture" => {
            let name = assigned(cursor, "capture seq = json $.seq")?;
            Action::Capture { name, from: extract(cursor)? }
        }
        "set" => {
            let name = assigned(cursor, "set name = value")?;
            Action::Set { name, value: required_text(cursor, "set name = \"\"")? }
        }
        "exec" => exec(cursor)?,
        "pause" => Action::Pause(cursor.time()?),
        "log" => Action::Log(required_text(cursor, "log \"\"")?),
        "close" => close(cursor)?,
        "drop" => Action::Drop,
        "half-close" => Action::HalfClose,
        _ => return Err(unknown(word, place)),
    })
}

fn unknown(word: &str, place: super::Place) -> Flaw {
    let flaw = Flaw::new(place, format!("there is no step `{}`", shortened(word)));
    let hint = match word {
        "wait" | "sleep" => "a pause is written `pause 1s`".to_owned(),
        "recv" | "receive" | "read" => "what is to come is written `expect text …`".to_owned(),
        "header" | "subprotocol" => format!("`{word}` is an option: indent it below `connect`"),
        _ => match nearest(word, STEPS) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "wsprobe.wsp(5) has them all".to_owned(),
        },
    };
    flaw.hint(hint)
}

fn url(cursor: &mut Cursor<'_>) -> Result<Template, Flaw> {
    if cursor.is_over() {
        return Err(cursor.flaw("a URL is missing here").hint("as in `connect ws://localhost:8080/chat`"));
    }
    let place = cursor.place();
    let url = cursor.bare_template(Quotes::Json)?;
    let has_blank = |piece: &Piece| matches!(piece, Piece::Literal(text) if text.contains(char::is_whitespace));
    if url.0.iter().any(has_blank) {
        return Err(Flaw::new(place, "a URL has no blanks").hint("options stand on lines of their own, indented"));
    }
    Ok(url)
}

fn number(cursor: &mut Cursor<'_>, what: &str, range: std::ops::RangeInclusive<u16>) -> Result<u16, Flaw> {
    let place = cursor.place_of_next();
    let word = cursor.word();
    let number = word.parse().ok().filter(|number| range.contains(number) && word.starts_with(|c: char| c != '+'));
    let (least, most) = range.clone().into_inner();
    number.ok_or_else(|| {
        let missing = if word.is_empty() { "is missing here" } else { "is to be here" };
        Flaw::new(place, format!("{what} {missing}")).hint(format!("a number from {least} to {most}"))
    })
}

fn times(cursor: &mut Cursor<'_>) -> Result<u32, Flaw> {
    let place = cursor.place_of_next();
    let times = cursor.word().parse().ok().filter(|times| *times > 0);
    times.ok_or_else(|| Flaw::new(place, "a number from 1 on is missing here").hint("as in `repeat 10 {`"))
}

fn brace(cursor: &mut Cursor<'_>, example: &str) -> Result<(), Flaw> {
    if !cursor.takes("{") {
        return Err(cursor.flaw("`{` is missing here").hint(format!("as in `{example}`")));
    }
    if !cursor.is_over() {
        return Err(cursor.flaw("steps in a block stand on lines of their own, and so does its `}`"));
    }
    Ok(())
}

/// Text that has to be there.
fn required_text(cursor: &mut Cursor<'_>, empty: &str) -> Result<Text, Flaw> {
    let place = cursor.place_of_next();
    let missing = || Flaw::new(place, "a text is missing here").hint(format!("an empty one is written `{empty}`"));
    cursor.text()?.ok_or_else(missing)
}

/// The text of a control frame; variables are not counted.
fn control(cursor: &mut Cursor<'_>, most: usize) -> Result<Text, Flaw> {
    let place = cursor.place_of_next();
    let text = cursor.text()?.unwrap_or_default();
    let length: usize =
        text.template.0.iter().map(|piece| if let Piece::Literal(text) = piece { text.len() } else { 0 }).sum();
    if length > most {
        return Err(Flaw::new(place, format!("that has {length} bytes, and a control frame has room for {most} here"))
            .hint("`frame` sends what breaks the rules"));
    }
    Ok(text)
}

fn close(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if cursor.is_over() {
        return Ok(Action::Close { code: None, reason: Text::default() });
    }
    let place = cursor.place();
    let word = cursor.word();
    let code = word.parse().ok().filter(|code| Close::may_be_sent(*code) && word.len() == 4);
    let Some(code) = code else {
        return Err(Flaw::new(place, format!("`{}` is no close code that may be sent", shortened(word)))
            .hint("those are 1000-1003, 1007-1014 and 3000-4999; `frame close hex …` sends any"));
    };
    Ok(Action::Close { code: Some(code), reason: control(cursor, LONGEST_REASON)? })
}

fn payload(cursor: &mut Cursor<'_>) -> Result<Payload, Flaw> {
    let place = cursor.place_of_next();
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
            match binary(cursor)? {
                Some(binary) => Payload::Binary(binary),
                None => {
                    let flaw = cursor.flaw("what is to be sent is missing here");
                    return Err(flaw.hint(
                        "write `binary hex 00 ff`, `binary base64 AP8=`, `binary file PATH` or `binary text …`",
                    ));
                }
            }
        }
        word @ ("file" | "hex" | "base64") => {
            let flaw = Flaw::new(place, format!("`send {word}` leaves open what is meant"));
            return Err(flaw.hint(format!("write `send binary {word} …`, or quote the text")));
        }
        _ => Payload::Text(required_text(cursor, "send \"\"")?),
    })
}

fn path(cursor: &mut Cursor<'_>) -> Result<Text, Flaw> {
    let place = cursor.place_of_next();
    let path = cursor.text()?.filter(|path| path.style != Style::Block && !path.template.0.is_empty());
    path.ok_or_else(|| Flaw::new(place, "a file's path is missing here"))
}

/// What stands behind `binary`, if anything does.
pub(super) fn binary(cursor: &mut Cursor<'_>) -> Result<Option<Binary>, Flaw> {
    Ok(Some(match cursor.peek() {
        "hex" => {
            cursor.word();
            hex(cursor)?
        }
        "base64" => {
            cursor.word();
            let place = cursor.place_of_next();
            // The keywords are no base64: it has four characters for three bytes.
            let word = if KEYWORDS.contains(&cursor.peek()) { "" } else { cursor.word() };
            Binary::Base64(unescape::base64(word).map_err(|why| Flaw::new(place, why))?)
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

/// Digits, with blanks wherever one likes.
fn hex(cursor: &mut Cursor<'_>) -> Result<Binary, Flaw> {
    let place = cursor.place_of_next();
    let mut digits = String::new();
    while !cursor.is_over() && !KEYWORDS.contains(&cursor.peek()) {
        let word = cursor.peek();
        if !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(cursor.flaw(format!("`{}` is no hex", shortened(word))).hint("as in `00 ff 10`"));
        }
        digits += cursor.word();
    }
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
    bytes
        .map(Binary::Hex)
        .map_err(|_| Flaw::new(place, "a hex digit is missing").hint("each byte has two, as in `00 ff 10`"))
}

fn expect(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let mut within = if cursor.takes("within") { Some(cursor.time()?) } else { None };
    let pattern = pattern::read(cursor)?;
    let capture = keywords(cursor, &mut within)?;
    let is_of_handshake =
        matches!(pattern, Pattern::Header { .. } | Pattern::Body(_) | Pattern::BodyJson(_) | Pattern::Subprotocol(_));
    if is_of_handshake && within.is_some() {
        return Err(cursor.flaw("the answer to `connect` is there already, and needs no `within`"));
    }
    Ok(Action::Expect(Expect { within, pattern, capture }))
}

/// `within TIME` and `capture NAME` behind a pattern, in any order.
fn keywords(cursor: &mut Cursor<'_>, within: &mut Option<std::time::Duration>) -> Result<Option<String>, Flaw> {
    let mut capture = None;
    loop {
        match cursor.peek() {
            "within" if within.is_some() => return Err(cursor.flaw("there is a `within` already")),
            "within" => {
                cursor.word();
                *within = Some(cursor.time()?);
            }
            "capture" if capture.is_some() => return Err(cursor.flaw("there is a `capture` already")),
            "capture" => {
                cursor.word();
                capture = Some(cursor.name()?);
            }
            _ => return Ok(capture),
        }
    }
}

/// `NAME =`
fn assigned(cursor: &mut Cursor<'_>, example: &str) -> Result<String, Flaw> {
    let place = cursor.place_of_next();
    if cursor.peek().contains('=') && cursor.peek() != "=" {
        return Err(Flaw::new(place, "blanks are missing around the `=`").hint(format!("as in `{example}`")));
    }
    let name = cursor.name()?;
    if !cursor.takes("=") {
        return Err(cursor.flaw("`=` is missing here").hint(format!("as in `{example}`")));
    }
    Ok(name)
}

fn extract(cursor: &mut Cursor<'_>) -> Result<Extract, Flaw> {
    let place = cursor.place_of_next();
    Ok(match cursor.word() {
        "text" if cursor.takes("matches") => {
            cursor.skip_space();
            Extract::Regexp(cursor.regexp()?)
        }
        "text" => Extract::Text,
        "json" => {
            if cursor.is_over() || !cursor.rest().starts_with('$') {
                return Err(cursor.flaw("a path is missing here").hint("as in `json $.list[0].id`"));
            }
            Extract::Json(condition::path(cursor)?)
        }
        "binary" => Extract::Binary,
        "header" => Extract::Header(pattern::field(cursor)?),
        "status" => Extract::Status,
        "close" if cursor.takes("code") => Extract::CloseCode,
        "close" if cursor.takes("reason") => Extract::CloseReason,
        "close" => return Err(cursor.flaw("`code` or `reason` is missing here")),
        "" => return Err(Flaw::new(place, "what is to be captured is missing here").hint("as in `json $.seq`")),
        word => {
            return Err(Flaw::new(place, format!("`{}` cannot be captured", shortened(word))).hint_at(word, SOURCES));
        }
    })
}

fn exec(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let within = if cursor.takes("within") { Some(cursor.time()?) } else { None };
    if cursor.is_over() {
        return Err(cursor.flaw("a command is missing here").hint("as in `exec ./login.sh capture token`"));
    }
    if cursor.rest().starts_with(FENCE) {
        let place = cursor.place();
        let command = cursor.block(template::Backslash::Plain)?;
        if command.probe().trim().is_empty() {
            return Err(Flaw::new(place, "there is no command in this block"));
        }
        return Ok(Action::Exec { within, command, capture: None });
    }
    let mut start = cursor.clone();
    let (_, text) = cursor.bare(Quotes::Shell);
    let Some((command, capture)) = captured(text) else {
        return Ok(Action::Exec { within, command: start.bare_template(Quotes::Shell)?, capture: None });
    };
    let command = start.template_of(command.len())?;
    Ok(Action::Exec { within, command, capture: Some(capture.to_owned()) })
}

/// What stands before and behind ` capture ` at the end of a command.
fn captured(text: &str) -> Option<(&str, &str)> {
    let (before, name) = text.rsplit_once(is_space)?;
    let command = before.trim_end_matches(is_space).strip_suffix("capture")?;
    (command.ends_with(is_space) && is_keyword("capture", name)).then(|| (command.trim_end_matches(is_space), name))
}
