//! Reads one step.

use super::answer::answer;
use super::number::number;
use super::pattern;
use super::payload::{close, control, payload, required_text};
use super::rule::{ignore, reply, when};
use super::special_line::SpecialLine;
use super::value::{assigned, exec, extract};
use crate::codec::BadChain;
use crate::script::cursor::chars::is_space;
use crate::script::cursor::{Cursor, Quotes, bare_length, shortened};
use crate::script::flaw::{Flaw, nearest};
use crate::script::syntax::{Action, Expect, HttpAnswer, Pattern, Piece, Position, Template};
use crate::script::template;
use crate::wire::frame::LONGEST_CONTROL;
use crate::wire::raw_frame::RawFrame;

/// What a line may begin with.
pub(crate) const STEPS: [&str; 29] = [
    "connect",
    "status",
    "send",
    "expect",
    "nothing",
    "skip",
    "reply",
    "when",
    "ignore",
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
    "split",
    "decode",
    "repeat",
    "loop",
    "parallel",
    "options",
    "on",
    "}",
];

/// Reads a line that is not an option.
pub(super) fn line(cursor: &mut Cursor<'_>) -> Result<SpecialLine, Flaw> {
    let start = cursor.place();
    let mut word = cursor.word();
    let mut connection = None;
    if let Some(name) = word.strip_suffix(':') {
        if !is_connection(name) {
            return Err(Flaw::new(start, format!("`{name}` cannot be the name of a connection"))
                .hint("a name consists of letters, digits, `-` and `_`, and begins with a letter"));
        }
        if cursor.is_over() {
            return Err(cursor.flaw("expected a step").hint(format!("as in `{name}: connect {{{{url}}}}`")));
        }
        connection = Some(name.to_owned());
        cursor.skip_space();
    }
    let place = if connection.is_some() { cursor.place() } else { start };
    if connection.is_some() {
        word = cursor.word();
    }
    let line = match word {
        "options" => SpecialLine::Options,
        "on" => SpecialLine::On(answer(cursor)?),
        "repeat" => {
            let times = times(cursor)?;
            cursor.brace("repeat 10 {")?;
            SpecialLine::Repeat(times)
        }
        "loop" => {
            cursor.brace("loop {")?;
            SpecialLine::Loop
        }
        "parallel" => {
            cursor.brace("parallel {")?;
            SpecialLine::Parallel
        }
        "expect" if cursor.takes("any") => any_order(cursor)?,
        "reply" => reply(cursor)?,
        "when" => when(cursor)?,
        "}{" => SpecialLine::Branch,
        "}" if cursor.takes("{") => SpecialLine::Branch,
        "}" => SpecialLine::End,
        _ => SpecialLine::Step(None, action(cursor, word, place)?),
    };
    if connection.is_some() && !needs_connection(&line) {
        return Err(Flaw::new(start, format!("`{word}` does not belong to a connection")).hint("leave the name out"));
    }
    cursor.finish()?;
    Ok(match line {
        SpecialLine::Step(_, action) => SpecialLine::Step(connection, action),
        SpecialLine::AnyOrder(_, within) => SpecialLine::AnyOrder(connection, within),
        SpecialLine::Reply(_, to, capture) => SpecialLine::Reply(connection, to, capture),
        SpecialLine::When(_, pattern, capture) => SpecialLine::When(connection, pattern, capture),
        line => line,
    })
}

/// What a line with something wrong in it was to begin or to end.
pub(super) fn guess(line: &str) -> Option<SpecialLine> {
    let line = &line[..bare_length(line, Quotes::Json)];
    let ends_open = line.trim_end_matches(is_space).ends_with('{');
    let mut words = line.split(is_space).filter(|word| !word.is_empty());
    let mut first = words.next()?;
    if first.ends_with(':') {
        first = words.next().unwrap_or_default();
    }
    match first {
        "connect" => Some(SpecialLine::Step(None, Action::Connect { url: Template::default(), settings: Vec::new() })),
        "options" => Some(SpecialLine::Options),
        // The headers below it belong to it, whatever is wrong.
        "on" => Some(SpecialLine::On(HttpAnswer::default())),
        "repeat" if ends_open => Some(SpecialLine::Repeat(1)),
        "loop" if ends_open => Some(SpecialLine::Loop),
        "parallel" if ends_open => Some(SpecialLine::Parallel),
        "expect" if ends_open && words.next() == Some("any") => Some(SpecialLine::AnyOrder(None, None)),
        "reply" if ends_open => Some(SpecialLine::Reply(None, Pattern::Message, None)),
        "when" if ends_open => Some(SpecialLine::When(None, Pattern::Message, None)),
        "}" if ends_open => Some(SpecialLine::Branch),
        "}" => Some(SpecialLine::End),
        _ => None,
    }
}

fn is_connection(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && template::is_name(name)
}

fn needs_connection(line: &SpecialLine) -> bool {
    match line {
        SpecialLine::Step(_, action) => {
            !matches!(action, Action::Set { .. } | Action::Log(_) | Action::Pause(_) | Action::Exec { .. })
        }
        SpecialLine::AnyOrder(..) | SpecialLine::Reply(..) | SpecialLine::When(..) => true,
        _ => false,
    }
}

/// What is after `expect any`.
fn any_order(cursor: &mut Cursor<'_>) -> Result<SpecialLine, Flaw> {
    const EXAMPLE: &str = "expect any order {";
    if !cursor.takes("order") {
        return Err(cursor.flaw("expected `order`").hint(format!("as in `{EXAMPLE}`")));
    }
    let within = if cursor.takes("within") { Some(cursor.time()?) } else { None };
    cursor.brace(EXAMPLE)?;
    Ok(SpecialLine::AnyOrder(None, within))
}

fn action(cursor: &mut Cursor<'_>, word: &str, place: Position) -> Result<Action, Flaw> {
    Ok(match word {
        "connect" => Action::Connect { url: url(cursor)?, settings: Vec::new() },
        "status" => Action::Status(number(cursor, "a status", 100..=599)?),
        "send" => Action::Send(payload(cursor)?),
        "frame" => frame(cursor)?,
        "split" if cursor.takes("off") => Action::Split(None),
        "split" => split(cursor)?,
        "decode" if cursor.takes("off") => Action::Decode(None),
        "decode" => decode(cursor)?,
        "fragment" if cursor.takes("off") => Action::Fragment(None),
        "fragment" => fragment(cursor)?,
        "ping" => Action::Ping(control(cursor, LONGEST_CONTROL)?),
        "pong" => Action::Pong(control(cursor, LONGEST_CONTROL)?),
        "expect" => expect(cursor)?,
        "nothing" => {
            if !cursor.takes("within") {
                return Err(cursor.flaw("expected `within TIME`").hint("as in `nothing within 200ms`"));
            }
            Action::Nothing { within: cursor.time()? }
        }
        "skip" => skip(cursor)?,
        "ignore" => ignore(cursor)?,
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

fn frame(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if cursor.is_over() {
        return Err(cursor.flaw("expected a frame").hint("as in `frame text fin=0 hel`"));
    }
    let place = cursor.place();
    let frame = cursor.bare_template(Quotes::Json)?;
    if let Some(Err(hint)) = frame.literal().map(RawFrame::from_text) {
        return Err(Flaw::new(place, "this is not a frame").hint(hint));
    }
    Ok(Action::Frame(frame))
}

fn split(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if !cursor.takes("at") {
        return Err(cursor.flaw("expected `at` or `off`").hint("as in `split at \"\\x1e\"`"));
    }
    let place = cursor.place_of_next();
    let at = cursor.text()?.filter(|text| !text.template.0.is_empty());
    let missing = || Flaw::new(place, "expected the separator of the records");
    Ok(Action::Split(Some(at.ok_or_else(missing)?)))
}

fn decode(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let place = cursor.place_of_next();
    let chain = cursor.word().parse();
    let wrong = |why: BadChain| Flaw::new(place, "expected how to decode messages, or `off`").hint(why.to_string());
    Ok(Action::Decode(Some(chain.map_err(wrong)?)))
}

fn fragment(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let place = cursor.place_of_next();
    let size = crate::text::units::size(cursor.word());
    let wrong = |hint| Flaw::new(place, "expected a size or `off`").hint(hint);
    Ok(Action::Fragment(Some(size.map_err(wrong)?)))
}

fn skip(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    if !cursor.takes("until") {
        return Err(cursor.flaw("expected `until`").hint("as in `skip until json $.op == \"done\"`"));
    }
    let place = cursor.place_of_next();
    let until = pattern::read(cursor)?;
    if matches!(until, Pattern::Bytes(_)) {
        let flaw = Flaw::new(place, "bytes are taken one after another and cannot be skipped");
        return Err(flaw.hint("use `skip until binary …` to skip messages, or `expect bytes hex ??` to skip a byte"));
    }
    let mut within = None;
    let capture = keywords(cursor, &mut within)?;
    Ok(Action::Skip { until, within, capture })
}

fn unknown(word: &str, place: Position) -> Flaw {
    let flaw = Flaw::new(place, format!("unknown step `{}`", shortened(word)));
    let hint = match word {
        "answer" => "write an answer as `reply to json $.op == \"ping\" with …`".to_owned(),
        "if" | "match" => "write a rule as `when json $.op == \"ping\" {`".to_owned(),
        "while" | "forever" => "write an endless loop as `loop {`".to_owned(),
        "wait" | "sleep" => "write a pause as `pause 1s`".to_owned(),
        "recv" | "receive" | "read" => "write an expectation as `expect text …`".to_owned(),
        "header" | "subprotocol" => format!("`{word}` is an option: indent it below `connect`"),
        _ => match nearest(word, STEPS) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "wsprobe.wsp(5) lists all steps".to_owned(),
        },
    };
    flaw.hint(hint)
}

fn url(cursor: &mut Cursor<'_>) -> Result<Template, Flaw> {
    if cursor.is_over() {
        return Err(cursor.flaw("expected a URL").hint("as in `connect ws://localhost:8080/chat`"));
    }
    let place = cursor.place();
    let url = cursor.bare_template(Quotes::Json)?;
    let has_blank = |piece: &Piece| matches!(piece, Piece::Literal(text) if text.contains(char::is_whitespace));
    if url.0.iter().any(has_blank) {
        return Err(Flaw::new(place, "a URL must not contain blanks").hint("write options on separate, indented lines"));
    }
    Ok(url)
}

fn times(cursor: &mut Cursor<'_>) -> Result<u32, Flaw> {
    let place = cursor.place_of_next();
    let times = cursor.word().parse().ok().filter(|times| *times > 0);
    times.ok_or_else(|| Flaw::new(place, "expected a number of at least 1").hint("as in `repeat 10 {`"))
}

fn expect(cursor: &mut Cursor<'_>) -> Result<Action, Flaw> {
    let mut within = if cursor.takes("within") { Some(cursor.time()?) } else { None };
    let pattern = pattern::read(cursor)?;
    let capture = keywords(cursor, &mut within)?;
    if pattern.is_of_opening() && within.is_some() {
        return Err(cursor.flaw("the answer to `connect` has already arrived and needs no `within`"));
    }
    Ok(Action::Expect(Expect { within, pattern, capture }))
}

/// `within TIME` and `capture NAME` after a pattern, in any order.
fn keywords(cursor: &mut Cursor<'_>, within: &mut Option<std::time::Duration>) -> Result<Option<String>, Flaw> {
    let mut capture = None;
    loop {
        match cursor.peek() {
            "within" if within.is_some() => return Err(cursor.flaw("`within` is given twice")),
            "within" => {
                cursor.word();
                *within = Some(cursor.time()?);
            }
            "capture" if capture.is_some() => return Err(cursor.flaw("`capture` is given twice")),
            "capture" => {
                cursor.word();
                capture = Some(cursor.name()?);
            }
            _ => return Ok(capture),
        }
    }
}
