//! A script made of a recording: the same conversation, step by step.

use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use serde_json::Value;

use super::turn::{Deed, Party, RecordedOpening, Turn};
use crate::masking::MASK;
use crate::message::{Close, Message};
use crate::script::syntax::{
    Action, Binary, BytePiece, Expect, Pattern, Payload, Piece, Position, ScriptText, Setting, Step, Style, Template,
    TextPattern,
};
use crate::text::hex;

/// What an expectation waits for by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// More bytes than this are base64, which is shorter.
const LONGEST_HEX: usize = 256;

/// Fields of a request that are made anew for each.
const MADE: [&str; 6] =
    ["connection", "host", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version", "upgrade"];

/// What a script is headed with.
pub(crate) const HEAD: &str = "\
# Made from a recording by `wsprobe record-to-script`.
# Loosen what changes from run to run: `json {…}` may leave out keys, `json exactly {…}` may not.
";

/// Writes the client's part of connections down, one after the other.
#[derive(Debug, Default)]
pub(crate) struct ScriptWriter {
    is_open: bool,
    /// When the last thing came from the server.
    heard: Option<SystemTime>,
}

impl ScriptWriter {
    /// The steps that do, or expect, what happened; often one.
    pub(crate) fn steps(&mut self, turn: Turn) -> Vec<Step> {
        let Turn { at, by, deed, .. } = turn;
        if let Deed::Open(opening) = deed {
            (self.is_open, self.heard) = (true, at);
            return vec![step(connect(&opening))];
        }
        let mut steps = Vec::new();
        if !std::mem::replace(&mut self.is_open, true) {
            // The recording was begun in the middle of a connection.
            steps.push(step(Action::Connect { url: unknown_url(), settings: Vec::new() }));
        }
        let actions = match by {
            Party::Client => sent(deed),
            Party::Server => came(deed),
        };
        for action in actions {
            steps.push(step(match action {
                Action::Expect(expect) => Action::Expect(Expect { within: self.within(at), ..expect }),
                action => action,
            }));
        }
        steps
    }

    /// Twice the recorded time, if that is long.
    fn within(&mut self, at: Option<SystemTime>) -> Option<Duration> {
        let now = at?;
        let before = self.heard.replace(now)?;
        let time = now.duration_since(before).unwrap_or_default().checked_mul(2)?;
        (time > PATIENCE).then(|| Duration::from_secs(time.as_secs() + 1))
    }
}

/// What has to be given for a step to work, if the recording does not have it.
pub(crate) fn note(step: &Step) -> Option<String> {
    let Action::Connect { url, settings } = &step.action else { return None };
    let given = |template: &Template| {
        let variables = template.0.iter().filter_map(|piece| match piece {
            Piece::Variable(_, name) => Some(format!("--var {name}=VALUE")),
            _ => None,
        });
        variables.collect::<Vec<_>>()
    };
    if let [Piece::Variable(..)] = &url.0[..] {
        return Some(format!("The recording does not contain the URL: give it with {}", given(url).join(" ")));
    }
    let settings = settings.iter().filter_map(|setting| setting.value.as_ref());
    let mut masked: Vec<_> = std::iter::once(url).chain(settings).flat_map(given).collect();
    masked.dedup();
    let beginning = "Masked in the recording (unless --record-secrets): give it with";
    (!masked.is_empty()).then(|| format!("{beginning} {}", masked.join(" ")))
}

fn connect(opening: &RecordedOpening) -> Action {
    let mut settings = Vec::new();
    let has = |name: &str| opening.request.iter().find(|field| field.is(name));
    for field in &opening.request {
        let name = field.name.to_ascii_lowercase();
        match name.as_str() {
            "user-agent" if field.value.starts_with("wsprobe/") => {}
            "sec-websocket-protocol" => {
                let names = field.value.split(',').map(str::trim).filter(|name| !name.is_empty());
                settings.extend(names.map(|name| setting("subprotocol", unmasked(name, "subprotocol"))));
            }
            name if MADE.contains(&name) => {}
            _ => settings.push(setting("header", unmasked(&format!("{}: {}", field.name, field.value), &name))),
        }
    }
    if let Some(host) = has("host").filter(|host| !opening.url.contains(&format!("//{}/", host.value))) {
        settings.push(setting("host", literal(&host.value)));
    }
    if opening.request.is_empty() {
        // Recorded before there were requests in records.
        let name = opening.subprotocol.iter();
        settings.extend(name.map(|name| setting("subprotocol", unmasked(name, "subprotocol"))));
    } else if has("sec-websocket-extensions").is_none() {
        settings.push(setting("compress", literal("off")));
    }
    let url = if opening.url.is_empty() { unknown_url() } else { unmasked(&opening.url, "url") };
    Action::Connect { url, settings }
}

fn unknown_url() -> Template {
    Template(vec![Piece::Variable(Position::default(), "url".to_owned())])
}

/// What was masked becomes a variable: of its parameter's name, or else of this one.
fn unmasked(text: &str, name: &str) -> Template {
    let mut pieces = Vec::new();
    let mut parts = text.split(MASK).peekable();
    while let Some(part) = parts.next() {
        pieces.extend((!part.is_empty()).then(|| Piece::Literal(part.to_owned())));
        if parts.peek().is_some() {
            let name = parameter(part).unwrap_or_else(|| name.to_owned());
            pieces.push(Piece::Variable(Position::default(), name));
        }
    }
    Template(pieces)
}

/// The name of the parameter that a text ends with, as a variable may be called.
fn parameter(text: &str) -> Option<String> {
    let name = text.strip_suffix('=')?;
    let name = &name[name.rfind(['?', '&', ';', '#']).map_or(0, |mark| mark + 1)..];
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    name.starts_with(|c: char| !c.is_ascii_digit()).then(|| name.to_ascii_lowercase())
}

fn sent(deed: Deed) -> Vec<Action> {
    match deed {
        Deed::Message(Message::Text(sent)) => vec![Action::Send(Payload::Text(text(&sent)))],
        Deed::Message(Message::Binary(data)) => vec![Action::Send(Payload::Binary(binary(&data)))],
        Deed::Ping(data) => vec![control("ping", &data, Action::Ping)],
        Deed::Pong(data) => vec![control("pong", &data, Action::Pong)],
        Deed::Close { close, clean: true } => {
            let code = close.code.filter(|code| Close::may_be_sent(*code));
            // RFC 6455, section 7.1.5: an empty Close is answered by one that has no code either.
            let expected = Pattern::Close { code, reason: None };
            let reason = if code.is_some() { text(&close.reason) } else { ScriptText::default() };
            vec![Action::Close { code, reason }, expect(expected)]
        }
        Deed::Close { close, .. } if close.code == Some(1006) => vec![Action::Drop],
        // It was closed for what the server had done.
        Deed::Close { .. } | Deed::Open(_) => Vec::new(),
    }
}

fn came(deed: Deed) -> Vec<Action> {
    let pattern = match deed {
        Deed::Message(Message::Text(came)) => match json(&came) {
            Some(json) => Pattern::JsonExactly(json),
            None => Pattern::Text(TextPattern::Is(text(&came))),
        },
        Deed::Message(Message::Binary(data)) => Pattern::Binary(binary(&data)),
        Deed::Pong(data) => Pattern::Pong(std::str::from_utf8(&data).ok().map(|data| TextPattern::Is(text(data)))),
        // A cut is a Close with 1006 to a script (RFC 6455, section 7.1.5).
        Deed::Close { close: Close { code, reason }, .. } => {
            // A script names no other codes, and a reason only after one.
            let code = code.filter(|code| (1000..=4999).contains(code));
            let reason = Some(reason).filter(|reason| code.is_some() && !reason.is_empty());
            Pattern::Close { code, reason: reason.map(|reason| TextPattern::Is(text(&reason))) }
        }
        // A server's pings follow its clock, and are answered by themselves.
        Deed::Ping(_) | Deed::Open(_) => return Vec::new(),
    };
    vec![expect(pattern)]
}

fn control(opcode: &str, data: &[u8], action: fn(ScriptText) -> Action) -> Action {
    match std::str::from_utf8(data) {
        Ok(data) => action(text(data)),
        Err(_) => Action::Frame(literal(&format!("{opcode} hex {}", hex::digits(data)))),
    }
}

/// A text that is a JSON object or list, on one line.
fn json(came: &str) -> Option<ScriptText> {
    let value: Value = serde_json::from_str(came).ok().filter(|value: &Value| value.is_object() || value.is_array())?;
    let is_plain = !came.chars().any(char::is_control);
    let written = if is_plain { came.trim().to_owned() } else { value.to_string() };
    Some(ScriptText { style: Style::Bare, template: literal(&written) })
}

/// As it reads best; what cannot be written so is quoted when it is printed.
fn text(text: &str) -> ScriptText {
    let style = match text {
        "" => return ScriptText::default(),
        _ if text.chars().any(|c| c.is_control() && c != '\n') => Style::Quoted,
        _ if text.contains('\n') => Style::Block,
        _ => Style::Bare,
    };
    ScriptText { style, template: literal(text) }
}

fn binary(data: &[u8]) -> Binary {
    match data {
        [] => Binary::Hex(Vec::new()),
        _ if data.len() > LONGEST_HEX => Binary::Base64(literal(&BASE64.encode(data))),
        _ => Binary::Hex(vec![BytePiece::Known(data.to_vec())]),
    }
}

fn literal(text: &str) -> Template {
    Template(if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text.to_owned())] })
}

fn setting(option: &str, value: Template) -> Setting {
    Setting { place: Position::default(), option: option.to_owned(), value: Some(value) }
}

fn expect(pattern: Pattern) -> Action {
    Action::Expect(Expect { within: None, pattern, capture: None })
}

fn step(action: Action) -> Step {
    Step { place: Position::default(), connection: None, action }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::request::Header;
    use crate::script::parse;

    fn turn(by: Party, deed: Deed) -> Turn {
        Turn { line: 1, at: None, by, deed }
    }

    fn written(turns: &[Turn]) -> String {
        let mut writer = ScriptWriter::default();
        let steps = turns.iter().flat_map(|turn| writer.steps(turn.clone()));
        steps.map(|step| format!("{step}\n")).collect()
    }

    fn opened(request: &[(&str, &str)]) -> Turn {
        let request = request.iter().map(|(name, value)| Header::new(name, *value)).collect();
        let opening = RecordedOpening { url: "ws://h/x".to_owned(), subprotocol: None, request };
        turn(Party::Server, Deed::Open(Box::new(opening)))
    }

    fn said(by: Party, text: &str) -> Turn {
        turn(by, Deed::Message(text.into()))
    }

    #[test]
    fn a_script_reads_like_one_that_was_written_by_hand() {
        let close = |by, code, reason, clean| turn(by, Deed::Close { close: Close::new(code, reason), clean });
        let binary = |by, data: &'static [u8]| turn(by, Deed::Message(Message::Binary(Bytes::from_static(data))));
        let turns = [
            opened(&[
                ("host", "h"),
                ("sec-websocket-key", "x"),
                ("sec-websocket-extensions", "permessage-deflate"),
                ("sec-websocket-protocol", "chat.v2, chat"),
                ("user-agent", "wsprobe/1"),
                ("x-tenant", "blue"),
                ("authorization", "Bearer ***"),
                ("cookie", "***"),
                ("referer", "http://h/?X-Amz-Signature=***&a=1"),
            ]),
            said(Party::Client, r#"{"op": "subscribe"}"#),
            said(Party::Server, "{\"op\":\n1.50}"),
            said(Party::Server, "a\nb"),
            said(Party::Server, "see # this"),
            said(Party::Client, ""),
            binary(Party::Client, b"\x00\xff"),
            binary(Party::Server, b"\x10"),
            turn(Party::Server, Deed::Ping("clock".into())),
            turn(Party::Client, Deed::Ping("hello".into())),
            turn(Party::Server, Deed::Pong("hello".into())),
            turn(Party::Client, Deed::Pong(Bytes::from_static(b"\xff"))),
            close(Party::Server, 1000, "bye", true),
            opened(&[]),
            close(Party::Client, 4000, "enough", true),
            opened(&[("host", "other")]),
            close(Party::Server, 1006, "", false),
        ];
        let script = "\
connect ws://h/x
  subprotocol chat.v2
  subprotocol chat
  header x-tenant: blue
  header authorization: Bearer {{authorization}}
  header cookie: {{cookie}}
  header referer: http://h/?X-Amz-Signature={{x_amz_signature}}&a=1
send {\"op\": \"subscribe\"}
expect json exactly {\"op\":1.50}
expect text \"\"\"
  a
  b
\"\"\"
expect text \"see # this\"
send \"\"
send binary hex 00 ff
expect binary hex 10
ping hello
expect pong hello
frame pong hex ff
expect close 1000 bye
connect ws://h/x
close 4000 enough
expect close 4000
connect ws://h/x
  host other
  compress off
expect close 1006
";
        assert_eq!(written(&turns), script);
        let notes =
            turns.iter().flat_map(|turn| ScriptWriter::default().steps(turn.clone())).filter_map(|step| note(&step));
        assert_eq!(
            notes.collect::<Vec<_>>()[0],
            "Masked in the recording (unless --record-secrets): give it with --var authorization=VALUE --var cookie=VALUE \
             --var x_amz_signature=VALUE"
        );
    }

    #[test]
    fn what_was_masked_in_a_url_and_a_subprotocol_has_to_be_given() {
        let opening = RecordedOpening {
            url: "ws://h/x?a=1&access_token=***".to_owned(),
            subprotocol: None,
            request: vec![Header::new("sec-websocket-protocol", "chat, bearer.***")],
        };
        let written = written(&[turn(Party::Server, Deed::Open(Box::new(opening)))]);
        let connect = "connect ws://h/x?a=1&access_token={{access_token}}\n  subprotocol chat\n  \
            subprotocol bearer.{{subprotocol}}\n  compress off\n";
        assert_eq!(written, connect);
    }

    #[test]
    fn a_close_that_no_script_can_name_is_any_close() {
        let close = |code| Deed::Close { close: Close { code, reason: "bye".into() }, clean: true };
        for code in [None, Some(7760), Some(999)] {
            let written = written(&[opened(&[]), turn(Party::Server, close(code))]);
            assert!(written.ends_with("\nexpect close\n"), "{written}");
            assert!(crate::script::parse(&written).is_ok(), "{written}");
        }
    }

    #[test]
    fn a_beginning_without_a_url_leaves_it_open() {
        let opening = Turn { deed: Deed::Open(Box::default()), ..opened(&[]) };
        assert_eq!(written(&[opening]), "connect {{url}}\n");
    }

    #[test]
    fn a_recording_without_its_beginning_leaves_the_url_open() {
        assert_eq!(written(&[said(Party::Client, "x")]), "connect {{url}}\nsend x\n");
    }

    #[test]
    fn what_took_long_may_take_long() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let mut writer = ScriptWriter::default();
        let mut step = |seconds, turn: Turn| {
            let steps = writer.steps(Turn { at: at(seconds), ..turn });
            steps.last().map(ToString::to_string).unwrap_or_default()
        };
        step(0, opened(&[]));
        assert_eq!(step(2, said(Party::Server, "x")), "expect text x");
        step(9, said(Party::Client, "y"));
        assert_eq!(step(10, said(Party::Server, "z")), "expect within 17s text z");
    }

    /// What a script says of itself.
    fn read_back(step: &Step) -> Option<(Party, Deed)> {
        let plain = |template: &Template| match &template.0[..] {
            [] => String::new(),
            [Piece::Literal(text)] => text.clone(),
            other => panic!("{other:?} is no plain text"),
        };
        let bytes = |binary: &Binary| match binary {
            Binary::Hex(pieces) => match &pieces[..] {
                [] => Vec::new(),
                [BytePiece::Known(data)] => data.clone(),
                other => panic!("{other:?} is not what is written"),
            },
            Binary::Base64(data) => crate::text::unescape::base64(&plain(data)).unwrap(),
            other => panic!("{other:?} is not what is written"),
        };
        let bytes = |binary: &Binary| Deed::Message(Message::Binary(bytes(binary).into()));
        let message = |text: &ScriptText| Deed::Message(plain(&text.template).as_str().into());
        Some(match &step.action {
            Action::Send(Payload::Text(text)) => (Party::Client, message(text)),
            Action::Send(Payload::Binary(binary)) => (Party::Client, bytes(binary)),
            Action::Ping(text) => (Party::Client, Deed::Ping(plain(&text.template).into())),
            Action::Pong(text) => (Party::Client, Deed::Pong(plain(&text.template).into())),
            Action::Close { code, reason } => {
                let close = Close { code: *code, reason: plain(&reason.template) };
                (Party::Client, Deed::Close { close, clean: true })
            }
            Action::Expect(Expect { pattern, .. }) => match pattern {
                Pattern::Text(TextPattern::Is(text)) | Pattern::JsonExactly(text) => (Party::Server, message(text)),
                Pattern::Binary(binary) => (Party::Server, bytes(binary)),
                Pattern::Pong(Some(TextPattern::Is(text))) => (Party::Server, Deed::Pong(plain(&text.template).into())),
                other => panic!("{other:?} is not written here"),
            },
            _ => return None,
        })
    }

    fn texts() -> impl Strategy<Value = String> {
        let json = prop::collection::vec(("[a-z{}\\\\\"# ]{0,6}", ".{0,12}"), 0..4).prop_map(|pairs| {
            let map: serde_json::Map<_, _> = pairs.into_iter().map(|(key, text)| (key, Value::from(text))).collect();
            Value::Object(map).to_string()
        });
        let words = "(text|json|exactly|contains|matches|file|hex|within 1s|capture x|#|\"|\"\"\"|\\{\\{|\\}\\}|\\\\|\n|\r|\t| |a|é){0,8}";
        prop_oneof![json, words, any::<String>()]
    }

    fn turns() -> impl Strategy<Value = Turn> {
        let party = prop_oneof![Just(Party::Client), Just(Party::Server)];
        let message = texts().prop_map(|text| Deed::Message(text.as_str().into()));
        let binary =
            prop::collection::vec(any::<u8>(), 0..300).prop_map(|data| Deed::Message(Message::Binary(data.into())));
        let said = (party, prop_oneof![message, binary]).prop_map(|(by, deed)| turn(by, deed));
        let short = || texts().prop_filter("a control frame is short", |text| text.len() <= 120);
        let pinged = short().prop_map(|text| turn(Party::Client, Deed::Ping(text.into())));
        let ponged = short().prop_map(|text| turn(Party::Server, Deed::Pong(text.into())));
        prop_oneof![4 => said, 1 => pinged, 1 => ponged]
    }

    proptest! {
        #[test]
        fn any_recording_gives_a_script_that_says_the_same(turns in prop::collection::vec(turns(), 1..8)) {
            let turns: Vec<_> = std::iter::once(opened(&[])).chain(turns).collect();
            let text = format!("{HEAD}{}", written(&turns));
            let script = parse(&text).unwrap_or_else(|flaws| panic!("{flaws:?} in\n{text}"));
            let read: Vec<_> = script.steps.iter().filter_map(read_back).collect();
            prop_assert_eq!(read.len(), turns.len() - 1, "{}", text);
            for (read, turn) in read.into_iter().zip(&turns[1..]) {
                let is_json = |deed: &Deed| match deed {
                    Deed::Message(Message::Text(text)) => serde_json::from_str::<Value>(text).ok(),
                    _ => None,
                };
                match (is_json(&read.1), is_json(&turn.deed)) {
                    (Some(a), Some(b)) if a.is_object() || a.is_array() => prop_assert_eq!(a, b),
                    _ => prop_assert_eq!(&read, &(turn.by, turn.deed.clone()), "{}", text),
                }
            }
        }
    }
}
