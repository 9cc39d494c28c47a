//! What patterns say to messages, and how a mismatch is told.

use super::text::regex;
use super::*;
use crate::compare::diff::DiffSide;
use crate::script::syntax::{
    Binary, BytePiece, Condition as Asked, Extract, Operand, Operator, Piece, Regexp, ScriptText, Template,
};

/// Knows no variables and no files.
struct Plain;

impl Sources for Plain {
    fn text(&self, template: &Template) -> Result<String, String> {
        match &template.0[..] {
            [] => Ok(String::new()),
            [Piece::Literal(text)] => Ok(text.clone()),
            _ => Err("a variable".to_owned()),
        }
    }

    fn json_text(&self, template: &Template) -> Result<String, String> {
        self.text(template)
    }

    fn expression(&self, template: &Template) -> Result<String, String> {
        self.text(template)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(path.as_bytes().to_vec())
    }
}

fn template(text: &str) -> Template {
    Template(vec![Piece::Literal(text.to_owned())])
}

fn text(text: &str) -> ScriptText {
    ScriptText { template: template(text), ..ScriptText::default() }
}

fn matches(source: &str) -> TextPattern {
    TextPattern::Matches(Regexp { source: template(source), flags: String::new() })
}

fn wanted(pattern: Pattern) -> Matcher {
    Matcher::new(&pattern, &Plain).unwrap()
}

fn binary(data: &'static [u8]) -> Message {
    Message::Binary(data.into())
}

/// The words, then the lines with their signs.
fn shown(mismatch: &Mismatch) -> Vec<String> {
    let line = |line: &DiffLine| {
        let sign = match line.side {
            DiffSide::Both => ' ',
            DiffSide::Expected => '-',
            DiffSide::Came => '+',
            DiffSide::Gap => '~',
        };
        format!("{sign}{}", line.spans.iter().map(|span| span.text.as_str()).collect::<String>())
    };
    std::iter::once(mismatch.words.clone()).chain(mismatch.diff.iter().map(line)).collect()
}

#[test]
fn messages_are_told_apart_by_their_type() {
    assert_eq!(wanted(Pattern::Message).message(&"a".into()).unwrap(), "a");
    assert_eq!(wanted(Pattern::AnyBinary).message(&binary(b"\0a")).unwrap(), "0061");
    let mismatch = wanted(Pattern::AnyText).message(&binary(b"ab")).unwrap_err();
    assert_eq!(mismatch.words, "expected a text message, but a binary message of 2 bytes came");
    assert!(shown(&mismatch)[1].starts_with("+00000000  61 62"));
    let mismatch = wanted(Pattern::AnyBinary).message(&"hello".into()).unwrap_err();
    assert_eq!(shown(&mismatch), ["expected a binary message, but a text message came", "+hello"]);
}

#[test]
fn texts_are_whole_contained_or_matched() {
    let is = wanted(Pattern::Text(TextPattern::Is(text("hello"))));
    assert_eq!(is.message(&"hello".into()).unwrap(), "hello");
    assert_eq!(shown(&is.message(&"hallo".into()).unwrap_err()), ["the text differs", "-hello", "+hallo"]);
    let contains = wanted(Pattern::Text(TextPattern::Contains(text("ell"))));
    assert!(contains.message(&"hello".into()).is_ok());
    assert_eq!(shown(&contains.message(&"x".into()).unwrap_err()), ["the text does not contain `ell`", "+x"]);
    let matching = |source| wanted(Pattern::Text(matches(source)));
    assert_eq!(matching(r"^tick \d+$").message(&"tick 12".into()).unwrap(), "tick 12");
    assert_eq!(matching(r"^tick (\d+)$").message(&"tick 12".into()).unwrap(), "12");
    assert_eq!(shown(&matching("^t").message(&"x".into()).unwrap_err()), ["the text does not match /^t/", "+x"]);
    let flags = Regexp { source: template("^TICK"), flags: "i".to_owned() };
    assert!(regex(&flags, &Plain).unwrap().is_match("tick"));
    assert!(Matcher::new(&Pattern::Text(matches("(")), &Plain).unwrap_err().contains("is not a regular expression"));
}

#[test]
fn json_shows_only_the_paths_that_matter() {
    let subset = wanted(Pattern::JsonSubset(text(r#"{"op":"x","id":1}"#)));
    assert!(subset.message(&r#"{"id":1.0,"op":"x","more":[]}"#.into()).is_ok());
    let mismatch = subset.message(&r#"{"id":2,"op":"x","more":[]}"#.into()).unwrap_err();
    assert_eq!(
        shown(&mismatch),
        ["the message does not match", " {", "-  \"id\": 1,", "+  \"id\": 2,", "   \"op\": \"x\"", " }"]
    );
    let exactly = wanted(Pattern::JsonExactly(text(r#"{"id":1}"#)));
    assert!(exactly.message(&r#"{"id":1.0}"#.into()).is_ok());
    assert!(exactly.message(&r#"{"id":1,"more":[]}"#.into()).is_err());
    assert_eq!(shown(&exactly.message(&"x".into()).unwrap_err()), ["the message is not JSON", "+x"]);
}

#[test]
fn conditions_tell_what_their_paths_lead_to() {
    let compare = |path: &str, operator, value: &str| Asked::Compare {
        path: path.to_owned(),
        operator,
        value: Operand::Value(template(value)),
    };
    let is_tick = compare("$.op", Operator::Equal, r#""tick""#);
    let costs = compare("$.price", Operator::Greater, "0");
    let both = wanted(Pattern::Json(Asked::And(Box::new(is_tick), Box::new(costs))));
    assert_eq!(both.message(&r#"{"op":"tick","price":0.5}"#.into()).unwrap(), "tick");
    let mismatch = both.message(&r#"{"op":"tock"}"#.into()).unwrap_err();
    assert_eq!(
        shown(&mismatch),
        [r#"the message does not match; $.op is "tock"; $.price does not exist"#, r#"+{"op":"tock"}"#]
    );
    for (path, operator, value, message, holds) in [
        ("$.n", Operator::NotEqual, "1", r#"{"n":2}"#, true),
        ("$.n", Operator::NotEqual, "1", "{}", false),
        ("$..id", Operator::Equal, "2", r#"[{"id":1},{"id":2}]"#, true),
        ("$.n", Operator::GreaterOrEqual, "2", r#"{"n":2.0}"#, true),
        ("$.n", Operator::Less, "\"b\"", r#"{"n":"a"}"#, true),
        ("$.n", Operator::Less, "2", r#"{"n":"1"}"#, false),
        ("$.n", Operator::Contains, "\"b\"", r#"{"n":"abc"}"#, true),
        ("$.n", Operator::Contains, "2", r#"{"n":[1,2.0]}"#, true),
        ("$.n", Operator::Contains, r#"{"a":1}"#, r#"{"n":{"a":1,"b":2}}"#, true),
        ("$.n", Operator::Equal, "18446744073709551617", r#"{"n":18446744073709551616}"#, false),
    ] {
        let condition = JsonCondition::new(&compare(path, operator, value), &Plain).unwrap();
        let message = serde_json::from_str(message).unwrap();
        assert_eq!(condition.holds(&message), holds, "{path} {operator:?} {value} {message}");
    }
}

#[test]
fn other_bytes_are_shown_as_dumps() {
    let hex = Binary::Hex(vec![BytePiece::Known(b"\0\xff\x10".to_vec())]);
    let wanted = wanted(Pattern::Binary(hex));
    assert_eq!(wanted.message(&binary(b"\0\xff\x10")).unwrap(), "00ff10");
    let lines = shown(&wanted.message(&binary(b"\0\xff")).unwrap_err());
    assert_eq!(lines[0], "expected 3 bytes, 2 came");
    assert!(lines[1].starts_with("-00000000  00 ff 10") && lines[2].starts_with("+00000000  00 ff "), "{lines:?}");
}

#[test]
fn closes_have_a_code_and_a_reason() {
    let close = |code, reason: Option<&str>| {
        wanted(Pattern::Close { code, reason: reason.map(|reason| TextPattern::Is(text(reason))) })
    };
    assert_eq!(close(None, None).close(&Close::new(1006, "")).unwrap(), "1006");
    assert_eq!(close(Some(1000), Some("bye")).close(&Close::new(1000, "bye")).unwrap(), "bye");
    let mismatch = close(Some(1000), None).close(&Close::new(1008, "no")).unwrap_err();
    assert_eq!(shown(&mismatch)[1..], ["-close 1000", "+close 1008 no"]);
    assert!(close(Some(1000), Some("bye")).close(&Close::new(1000, "")).is_err());
    assert!(close(Some(1005), None).close(&Close::default()).is_err());
}

#[test]
fn the_answer_has_headers_a_body_and_a_subprotocol() {
    let answer = OpeningAnswer {
        status: 401,
        headers: vec![Header::new("X-A", "1"), Header::new("x-a", "2")],
        subprotocol: None,
        body: b"{\"why\":\"no\"}\n".to_vec(),
    };
    let header = |value: Option<&str>| {
        let value = value.map(|value| TextPattern::Is(text(value)));
        wanted(Pattern::Header { name: "x-A".to_owned(), value }).answer(&answer)
    };
    assert_eq!(header(None).unwrap(), "1");
    assert_eq!(header(Some("2")).unwrap(), "2");
    assert_eq!(shown(&header(Some("3")).unwrap_err()), ["the header `x-A` differs", "-3", "+2"]);
    let body = wanted(Pattern::Body(TextPattern::Contains(text("why"))));
    assert!(body.answer(&answer).is_ok());
    let json = wanted(Pattern::BodyJson(Asked::Exists("$.why".to_owned())));
    assert_eq!(json.answer(&answer).unwrap(), "no");
    assert!(wanted(Pattern::Subprotocol(text(""))).answer(&answer).is_ok());
    assert!(wanted(Pattern::Subprotocol(text("chat"))).answer(&answer).is_err());
}

#[test]
fn values_are_taken_out_of_a_message() {
    let message = Message::from(r#"{"seq":7,"name":"x"}"#);
    let take = |from| Extractor::new(&from, &Plain).unwrap().take(&message);
    assert_eq!(take(Extract::Json("$.seq".to_owned())).unwrap(), "7");
    assert_eq!(take(Extract::Json("$.name".to_owned())).unwrap(), "x");
    assert_eq!(take(Extract::Json("$.gone".to_owned())).unwrap_err().words, "$.gone does not exist");
    assert_eq!(Extractor::new(&Extract::Binary, &Plain).unwrap().take(&binary(b"\xff")).unwrap(), "ff");
}
