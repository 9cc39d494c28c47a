//! JSON records: one object per line for each event, and back again from `--json-input`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};

use crate::codec::Decoding;
use crate::events::{ClientName, Event, EventKind, Exchange, Input, Opened};
use crate::masking;
use crate::message::close::LONGEST_REASON;
use crate::message::{Close, DataKind, Direction, Message};
use crate::request::Header;
use crate::wire::frame::{LONGEST_CONTROL, Side};
use crate::wire::trace::{self, Traced, TracedFrame};

/// What records have of URLs, header fields and subprotocols that hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// `***`
    Masked,
    /// `--record-secrets`
    Kept,
}

/// Appends an event's record and a line feed.
pub(crate) fn write(event: &Event, secrets: Secrets, out: &mut BytesMut) {
    let record = Record { client: event.client, is_upstream: event.is_upstream, out };
    match &event.what {
        EventKind::Listening(url) => record.begin(event.at, Direction::In, "listening").string("url", url),
        EventKind::Open(opened) => record.begin(event.at, Direction::In, "open").opened(opened, secrets),
        EventKind::Message(direction, Message::Text(text)) => {
            record.begin(event.at, *direction, "text").string("data", text).decoding(event.decoded.as_deref())
        }
        EventKind::Message(direction, Message::Binary(data)) => {
            record.begin(event.at, *direction, "binary").base64(data).decoding(event.decoded.as_deref())
        }
        // Whoever writes records asks for whole messages.
        EventKind::Part(_) | EventKind::Run(..) | EventKind::Excerpt(..) => return,
        EventKind::Frame(seen) => match &seen.what {
            Traced::Frame(frame) => record.begin(event.at, seen.direction, "frame").frame(frame),
            Traced::AfterClose(bytes) => {
                record.begin(event.at, seen.direction, "after_close").key("bytes").value(bytes)
            }
        },
        EventKind::Ping(direction, data) => record.begin(event.at, *direction, "ping").bytes(data),
        EventKind::Pong(direction, data, round_trip) => {
            record.begin(event.at, *direction, "pong").bytes(data).round_trip(*round_trip)
        }
        EventKind::Close { by, close, clean } => record.begin(event.at, *by, "close").close(close, *clean),
        EventKind::Error(error) => {
            let record = record.begin(event.at, Direction::In, "error");
            let record = record.string("kind", error.kind.name()).string("data", &error.words);
            match &error.exchange {
                Some(exchange) => record.exchange(exchange, secrets),
                None => record,
            }
        }
        EventKind::Answered(exchange) => record.begin(event.at, Direction::Out, "answered").exchange(exchange, secrets),
    }
    .end();
}

/// RFC 3339 in UTC, with microseconds.
pub(crate) fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_micros(at.max(SystemTime::UNIX_EPOCH)).to_string()
}

/// What a line of `--json-input` asks to be sent; `None` for a record that is about something else.
///
/// # Errors
/// A message for the user, if it is not a record.
pub(crate) fn read(line: &str) -> Result<Option<Input>, String> {
    input(&object(line)?)
}

/// # Errors
/// A message for the user, if a line is not a JSON object.
pub(crate) fn object(line: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(line) {
        Ok(Value::Object(record)) => Ok(record),
        Ok(_) => Err("expected a JSON object".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

/// What a record asks to be sent, as [`read`].
pub(crate) fn input(record: &Map<String, Value>) -> Result<Option<Input>, String> {
    let text = |name: &str| match record.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("`{name}` must be a string")),
    };
    let data = match (text("data")?, text("base64")?) {
        (Some(_), Some(_)) => return Err("expected either `data` or `base64`".to_owned()),
        (Some(data), None) => Some(Message::from(data)),
        (None, Some(base64)) => {
            let data =
                BASE64.decode(base64.as_bytes()).map_err(|_| "invalid `base64`: expected text such as `AP8Q`")?;
            Some(Message::Binary(data.into()))
        }
        (None, None) => None,
    };
    let bytes = |data: Option<Message>| match data.map_or_else(Bytes::new, Message::into_data) {
        data if data.len() > LONGEST_CONTROL => Err(format!("a ping or pong has at most {LONGEST_CONTROL} bytes")),
        data => Ok(data),
    };
    let input = match (text("type")?, data) {
        (None, Some(message)) => Input::Message(message),
        (Some("text"), Some(message)) => match Message::new(DataKind::Text, message.into_data()) {
            Ok(text) => Input::Message(text),
            Err(_) => return Err("a text message must be UTF-8, but this `base64` is not".to_owned()),
        },
        (Some("binary"), Some(message)) => Input::Message(Message::Binary(message.into_data())),
        (Some("ping"), data) => Input::Ping(bytes(data)?),
        (Some("pong"), data) => Input::Pong(bytes(data)?),
        (Some("close"), _) => Input::Close(Some(read_close(record)?)),
        (Some("listening" | "open" | "error" | "frame" | "after_close" | "answered"), _) => return Ok(None),
        (None | Some("text" | "binary"), None) => return Err("expected `data` or `base64`".to_owned()),
        (Some(other), _) => return Err(format!("`{other}` is not a type of record")),
    };
    Ok(Some(input))
}

fn read_close(record: &Map<String, Value>) -> Result<Close, String> {
    let reason = record.get("reason").and_then(Value::as_str).unwrap_or_default();
    match record.get("code") {
        None | Some(Value::Null) => Ok(Close::default()),
        Some(code) => match code.as_u64().and_then(|code| u16::try_from(code).ok()) {
            Some(code) if Close::may_be_sent(code) && reason.len() <= LONGEST_REASON => Ok(Close::new(code, reason)),
            _ => Err(format!(
                "expected a code of 1000-1003, 1007-1014 or 3000-4999, and a reason of at most {LONGEST_REASON} bytes"
            )),
        },
    }
}

/// A record that is being written.
struct Record<'o> {
    client: Option<ClientName>,
    is_upstream: bool,
    out: &'o mut BytesMut,
}

impl Record<'_> {
    fn begin(self, at: SystemTime, direction: Direction, kind: &str) -> Self {
        let direction = match direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        write!(self.out, r#"{{"time":"{}","dir":"{direction}","type":"{kind}""#, time(at)).expect("a buffer grows");
        let is_upstream = self.is_upstream;
        let record = match self.client {
            Some(client) => self.string("client", &client.to_string()),
            None => self,
        };
        if is_upstream { record.key("upstream").value(&true) } else { record }
    }

    fn key(self, name: &str) -> Self {
        write!(self.out, r#","{name}":"#).expect("a buffer grows");
        self
    }

    fn value(self, value: &(impl serde::Serialize + ?Sized)) -> Self {
        let text = serde_json::to_string(value).expect("strings, numbers and maps of them have no way to fail");
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    fn string(self, name: &str, text: &str) -> Self {
        self.key(name).value(text)
    }

    fn base64(self, data: &[u8]) -> Self {
        let text = BASE64.encode(data);
        self.key("base64").value(&text)
    }

    /// What a message says, or why that is not known.
    fn decoding(self, decoding: Option<&Decoding>) -> Self {
        match decoding {
            None => self,
            Some(Ok(decoded)) => {
                let record = self.key("decoded");
                record.out.extend_from_slice(decoded.json().as_bytes());
                record
            }
            Some(Err(why)) => self.string("decode_error", why),
        }
    }

    /// Bytes that are mostly text.
    fn bytes(self, data: &[u8]) -> Self {
        match std::str::from_utf8(data) {
            Ok(text) => self.string("data", text),
            Err(_) => self.base64(data),
        }
    }

    fn round_trip(self, time: Option<Duration>) -> Self {
        match time {
            Some(time) => self.key("rtt_ms").value(&(time.as_micros() as f64 / 1000.0)),
            None => self,
        }
    }

    fn frame(self, frame: &TracedFrame) -> Self {
        let trace::FrameHeader { fin, rsv, opcode, mask, length } = frame.header;
        self.key("opcode")
            .value(&opcode)
            .key("fin")
            .value(&fin)
            .key("rsv")
            .value(&rsv)
            .key("mask")
            .value(&mask.map(|key| format!("{:08x}", u32::from_be_bytes(key))))
            .key("length")
            .value(&length)
            .key("inflated")
            .value(&frame.inflated)
            .carries(frame.carries)
            .close_frame(frame.close())
            .bytes(&frame.beginning)
    }

    fn close_frame(self, close: Option<(u16, Cow<'_, str>)>) -> Self {
        match close {
            Some((code, reason)) => self.key("code").value(&code).string("reason", &reason),
            None => self,
        }
    }

    fn carries(self, size: Option<u64>) -> Self {
        match size {
            Some(size) => self.key("carries").value(&size),
            None => self,
        }
    }

    fn close(self, close: &Close, clean: bool) -> Self {
        self.key("code").value(&close.code).string("reason", &close.reason).key("clean").value(&clean)
    }

    fn opened(self, opened: &Opened, secrets: Secrets) -> Self {
        let (url, subprotocol, offered) = match secrets {
            Secrets::Kept => {
                (opened.url.clone(), opened.subprotocol.clone(), opened.offered().map(str::to_owned).collect())
            }
            Secrets::Masked => (opened.shown_url(), opened.shown_subprotocol(), opened.shown_offer()),
        };
        self.string("url", &url)
            .string("peer", &opened.peer.to_string())
            .key("tls")
            .value(&opened.tls)
            .key("status")
            .value(&opened.status)
            .http(opened)
            .key("subprotocol")
            .value(&subprotocol)
            .key("extensions")
            .value(&opened.extensions)
            .offered(&offered)
            .key("headers")
            .value(&fields(&opened.headers, secrets))
            // A server asks for nothing, and a client answers nothing.
            .fields_if_any("request", &opened.request, secrets)
            .fields_if_any("answer", &opened.answer, secrets)
    }

    fn http(self, opened: &Opened) -> Self {
        if opened.is_http2 { self.string("http", "2") } else { self }
    }

    fn offered(self, subprotocols: &[String]) -> Self {
        if subprotocols.is_empty() { self } else { self.key("offered").value(subprotocols) }
    }

    fn fields_if_any(self, name: &str, headers: &[Header], secrets: Secrets) -> Self {
        if headers.is_empty() { self } else { self.key(name).value(&fields(headers, secrets)) }
    }

    fn exchange(self, exchange: &Exchange, secrets: Secrets) -> Self {
        let ours = match exchange.side {
            Side::Client => "request",
            Side::Server => "answer",
        };
        let record = match &exchange.url {
            Some(url) if secrets == Secrets::Masked => self.string("url", &masking::reference(url)),
            Some(url) => self.string("url", url),
            None => self,
        };
        let record = match &exchange.peer {
            Some(peer) => record.string("peer", &peer.to_string()),
            None => record,
        };
        record
            .key("status")
            .value(&exchange.status)
            .key("headers")
            .value(&fields(&exchange.headers, secrets))
            .head(exchange.head.as_deref(), secrets)
            .fields_if_any(ours, &exchange.ours, secrets)
            .body(exchange)
    }

    fn head(self, head: Option<&str>, secrets: Secrets) -> Self {
        match head {
            Some(head) if secrets == Secrets::Masked => self.string("head", &masking::head(head)),
            Some(head) => self.string("head", head),
            None => self,
        }
    }

    /// Text, or base64 where it is none.
    fn body(self, exchange: &Exchange) -> Self {
        let record = match exchange.body.as_deref().map(|body| (std::str::from_utf8(body), body)) {
            Some((Ok(text), _)) => self.string("body", text),
            Some((Err(_), body)) => self.string("body_base64", &BASE64.encode(body)),
            None => return self,
        };
        if exchange.is_cut { record.key("body_cut").value(&true) } else { record }
    }

    fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

/// Header fields by name, in lower case.
fn fields(headers: &[Header], secrets: Secrets) -> Map<String, Value> {
    let mut fields = Map::new();
    for header in headers {
        let value = if secrets == Secrets::Kept { header.value.clone() } else { header.shown_value() };
        match fields.entry(header.name.to_ascii_lowercase()).or_insert(Value::Null) {
            // Fields of one name are one list (RFC 9110, section 5.2).
            Value::String(list) => write!(list, ", {value}").expect("a String takes all"),
            first => *first = Value::from(value),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{ErrorEvent, FailureKind};
    use crate::transport::Peer;

    fn written(what: EventKind) -> String {
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_255_200_000_123);
        let mut out = BytesMut::new();
        write(&Event { at, client: None, is_upstream: false, what, decoded: None }, Secrets::Masked, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn records_look_as_documented() {
        let rest = |what| written(what).split_once(r#"","dir":"#).unwrap().1.to_owned();
        assert_eq!(
            written(EventKind::Message(Direction::In, "a\"\n\u{1b}é".into())),
            concat!(r#"{"time":"2026-11-21T10:00:00.000123Z","dir":"in","type":"text","data":"a\"\n\u001bé"}"#, "\n")
        );
        assert_eq!(
            rest(EventKind::Message(Direction::Out, Message::Binary(Bytes::from_static(b"\0\xff")))),
            "\"out\",\"type\":\"binary\",\"base64\":\"AP8=\"}\n"
        );
        assert_eq!(
            rest(EventKind::Close { by: Direction::In, close: Close::new(1008, "no"), clean: true }),
            "\"in\",\"type\":\"close\",\"code\":1008,\"reason\":\"no\",\"clean\":true}\n"
        );
        assert_eq!(
            rest(ErrorEvent::new(FailureKind::Refused, "x").into()),
            "\"in\",\"type\":\"error\",\"kind\":\"refused\",\"data\":\"x\"}\n"
        );
        let opened = Opened {
            url: "ws://h/".into(),
            peer: Peer::Inet("127.0.0.1:80".parse().unwrap()),
            tls: None,
            status: 101,
            is_http2: false,
            request: vec![Header::new("Authorization", "Bearer secret"), Header::new("Origin", "h")],
            headers: vec![Header::new("A", "1"), Header::new("a", "2"), Header::new("Set-Cookie", "secret")],
            answer: Vec::new(),
            subprotocol: None,
            extensions: None,
            deflate: None,
            tally: std::sync::Arc::default(),
            timing: crate::events::OpeningTimes::default(),
        };
        assert_eq!(
            rest(EventKind::Open(Box::new(opened))),
            concat!(
                r#""in","type":"open","url":"ws://h/","peer":"127.0.0.1:80","tls":null,"status":101,"subprotocol":null,"#,
                r#""extensions":null,"headers":{"a":"1, 2","set-cookie":"***"},"request":{"authorization":"Bearer ***","origin":"h"}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_refusal_is_written_with_its_body_as_text_or_base64() {
        let refused = |body: &[u8], is_cut| {
            let exchange = Exchange {
                side: Side::Client,
                peer: None,
                url: None,
                status: Some(403),
                headers: vec![Header::new("Set-Cookie", "sesame")],
                head: None,
                ours: Vec::new(),
                body: Some(body.to_vec()),
                is_cut,
            };
            let error = ErrorEvent::new(FailureKind::Refused, "no");
            let line = written(ErrorEvent { exchange: Some(Box::new(exchange)), ..error }.into());
            line.split_once(r#""data":"no","#).unwrap().1.trim_end().to_owned()
        };
        let head = r#""status":403,"headers":{"set-cookie":"***"},"#;
        assert_eq!(refused(b"go away", false), format!(r#"{head}"body":"go away"}}"#));
        assert_eq!(refused(b"\xff", true), format!(r#"{head}"body_base64":"/w==","body_cut":true}}"#));
    }

    #[test]
    fn what_was_written_can_be_read_again() {
        let binary = Message::Binary(Bytes::from_static(b"\0\xff"));
        for message in ["é\n".into(), binary] {
            let line = written(EventKind::Message(Direction::Out, message.clone()));
            assert_eq!(read(&line), Ok(Some(Input::Message(message))));
        }
        let line = written(EventKind::Close { by: Direction::Out, close: Close::new(4000, "bye"), clean: true });
        assert_eq!(read(&line), Ok(Some(Input::Close(Some(Close::new(4000, "bye"))))));
        assert_eq!(read(r#"{"data":"x"}"#), Ok(Some(Input::Message("x".into()))));
        assert_eq!(read(r#"{"type":"ping","data":"x"}"#), Ok(Some(Input::Ping("x".into()))));
        assert_eq!(read(r#"{"type":"open"}"#), Ok(None));
    }

    #[test]
    fn what_is_no_record_is_refused_with_the_reason() {
        for (line, reason) in [
            ("x", "not JSON"),
            ("[]", "expected a JSON object"),
            ("{}", "expected `data` or `base64`"),
            (r#"{"data":5}"#, "`data` must be a string"),
            (r#"{"base64":"?"}"#, "invalid `base64`"),
            (r#"{"data":"","base64":""}"#, "either"),
            (r#"{"type":"text","base64":"/w=="}"#, "must be UTF-8"),
            (r#"{"type":"close","code":1005}"#, "expected a code"),
            (r#"{"type":"nod","data":""}"#, "not a type of record"),
        ] {
            assert!(read(line).unwrap_err().contains(reason), "{line}");
        }
    }
}
