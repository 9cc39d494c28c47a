//! Engine.IO's packets, and those of Socket.IO in them with the binary messages that belong to them.
//!
//! <https://github.com/socketio/engine.io-protocol> (versions 3 and 4), <https://github.com/socketio/socket.io-protocol> (4 and 5)

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::decoder::{Decoder, DecoderEntry, FoundValues};
use super::error::DecodeError;
use super::notation::{Container, NotationWriter, is_json};
use crate::message::Message;

pub(super) const ENTRY: DecoderEntry = DecoderEntry {
    name: "socketio",
    about: "Socket.IO and Engine.IO",
    unpacks: false,
    reads_text: true,
    start: |_| Box::<SocketIo>::default(),
};

const ENGINE_PACKETS: [&str; 7] = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const MESSAGE: usize = 4;
/// Where version 3 puts the type of the packet before the bytes of a binary message.
const BINARY_MESSAGE: u8 = 4;

const PACKETS: [&str; 7] = ["connect", "disconnect", "event", "ack", "connect_error", "binary_event", "binary_ack"];
const CONNECT: usize = 0;
const BINARY_EVENT: usize = 5;

/// npm's socket.io takes ten.
const MAX_ATTACHMENTS: usize = 1000;

#[derive(Default)]
struct SocketIo {
    /// A packet that has not all of its attachments.
    waiting: Option<Incomplete>,
    /// What sends these packets is the server.
    is_server: bool,
    /// It speaks version 4 of Engine.IO for sure.
    is_version_4: bool,
}

struct Incomplete {
    packet: Message,
    expected: usize,
    attachments: Vec<Bytes>,
}

impl Decoder for SocketIo {
    fn decode(&mut self, message: Message, found: &mut FoundValues) -> Result<Option<Message>, DecodeError> {
        let attachment = match &message {
            Message::Text(text) if text.starts_with('b') => self.of_base64(&text[1..])?,
            Message::Text(text) => {
                self.text(text, found)?;
                return Ok(None);
            }
            Message::Binary(_) => self.of_binary(message.unshared().into_data()),
        };
        self.attach(attachment, found)?;
        Ok(None)
    }
}

impl SocketIo {
    fn text(&mut self, text: &str, found: &mut FoundValues) -> Result<(), DecodeError> {
        let (kind, data) = digit(text).ok_or(DecodeError::at(0, "no type of Engine.IO"))?;
        if kind == MESSAGE {
            return self.message(data, found).map_err(|error| error.further(1));
        }
        if ENGINE_PACKETS[kind] == "open" {
            self.is_server = true;
            // It came later than version 4; no matter if it is somewhere within.
            self.is_version_4 |= data.contains("\"maxPayload\"");
        }
        found.value(|out| {
            out.open(Container::Map)?;
            out.field("type", ENGINE_PACKETS[kind])?;
            if !data.is_empty() {
                out.string("data")?;
                out.payload(data.as_bytes())?;
            }
            out.close()
        })
    }

    fn message(&mut self, text: &str, found: &mut FoundValues) -> Result<(), DecodeError> {
        if let Some(waiting) = self.waiting.take() {
            let (has, expected) = (waiting.attachments.len(), waiting.expected);
            return Err(DecodeError::new(format!("{has} of {expected} attachments came before the next packet")));
        }
        let packet = Packet::parse(text)?;
        // In version 3 the main namespace is connected to without being asked for, and nothing is sent along.
        let is_asked_for = packet.namespace == "/" && !self.is_server;
        self.is_version_4 |= packet.kind == CONNECT && (is_asked_for || !packet.payload.is_empty());
        if packet.attachments == 0 {
            return found.value(|out| packet.write(&[], out));
        }
        if text.len() > found.room() {
            return Err(DecodeError::TooLarge(found.room()));
        }
        let expected = packet.attachments;
        self.waiting = Some(Incomplete { packet: text.into(), expected, attachments: Vec::new() });
        found.any_number();
        Ok(())
    }

    /// Adds what belongs to the packet before; the last one completes it.
    fn attach(&mut self, attachment: Bytes, found: &mut FoundValues) -> Result<(), DecodeError> {
        let mut waiting = self.waiting.take().ok_or(DecodeError::new("an attachment without a packet"))?;
        waiting.attachments.push(attachment);
        let Incomplete { packet, expected, attachments } = &waiting;
        let size = packet.data().len() + attachments.iter().map(Bytes::len).sum::<usize>();
        if size > found.room() {
            return Err(DecodeError::TooLarge(found.room()));
        }
        if attachments.len() == *expected {
            let packet = Packet::parse(packet.text().unwrap_or_default())?;
            return found.value(|out| packet.write(attachments, out));
        }
        found.any_number();
        self.waiting = Some(waiting);
        Ok(())
    }

    /// The bytes of a binary message. Where nothing told the version, one that begins as those of version 3 is taken for it.
    fn of_binary(&mut self, data: Bytes) -> Bytes {
        self.is_version_4 |= data.first() != Some(&BINARY_MESSAGE);
        if self.is_version_4 { data } else { data.slice(1..) }
    }

    /// The bytes of a text message of a side that cannot send binary ones; in version 3 the type stands before the base64.
    fn of_base64(&self, text: &str) -> Result<Bytes, DecodeError> {
        let is_typed = text.len() % 4 == 1 && !self.is_version_4;
        let base64 = text.strip_prefix('4').filter(|_| is_typed).unwrap_or(text);
        let data = BASE64_STANDARD.decode(base64).map_err(|_| DecodeError::at(1, "invalid base64"))?;
        Ok(data.into())
    }
}

/// A type and what follows it; both protocols have seven.
fn digit(text: &str) -> Option<(usize, &str)> {
    let kind = text.bytes().next()?.checked_sub(b'0').map(usize::from).filter(|kind| *kind < PACKETS.len())?;
    Some((kind, &text[1..]))
}

/// A packet of Socket.IO: its type, how many attachments it has, its namespace, the id of its acknowledgement, and JSON.
struct Packet<'t> {
    kind: usize,
    attachments: usize,
    namespace: &'t str,
    id: Option<u64>,
    payload: &'t str,
}

impl<'t> Packet<'t> {
    fn parse(text: &'t str) -> Result<Self, DecodeError> {
        let (kind, mut rest) = digit(text).ok_or(DecodeError::at(0, "no type of Socket.IO"))?;
        let mut attachments = 0;
        if kind >= BINARY_EVENT {
            let (count, after) = rest.split_once('-').ok_or(DecodeError::at(1, "no number of attachments"))?;
            attachments =
                count.parse().ok().filter(|count| *count <= MAX_ATTACHMENTS).ok_or_else(|| {
                    DecodeError::at(1, format!("not a number of attachments up to {MAX_ATTACHMENTS}"))
                })?;
            rest = after;
        }
        let (namespace, rest) = match rest.starts_with('/') {
            true => rest.split_once(',').unwrap_or((rest, "")),
            false => ("/", rest),
        };
        let (id, payload) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let at = text.len() - rest.len();
        let id = if id.is_empty() { None } else { Some(id.parse().map_err(|_| DecodeError::at(at, "a large id"))?) };
        if payload.is_empty() || is_json(payload) {
            return Ok(Self { kind, attachments, namespace, id, payload });
        }
        Err(DecodeError::at(text.len() - payload.len(), "what is not JSON"))
    }

    fn write(&self, attachments: &[Bytes], out: &mut NotationWriter) -> Result<(), DecodeError> {
        out.open(Container::Map)?;
        out.field("type", PACKETS[self.kind])?;
        out.field("namespace", self.namespace)?;
        if let Some(id) = self.id {
            out.string("id")?;
            out.integer(id)?;
        }
        if !self.payload.is_empty() {
            out.string("data")?;
            let placeholders = if attachments.is_empty() { Vec::new() } else { placeholders(self.payload) };
            let attachment = |(place, number): (Range<usize>, usize)| {
                let attachment = attachments.get(number);
                attachment.map(|data| (place, &**data)).ok_or(DecodeError::new("a placeholder for no attachment"))
            };
            let bytes = placeholders.into_iter().map(attachment).collect::<Result<Vec<_>, _>>()?;
            out.json_with_bytes(self.payload, &bytes)?;
        }
        out.close()
    }
}

/// Where attachments stand in valid JSON, and their numbers. In a string there would be a backslash before each `"` of it.
fn placeholders(json: &str) -> Vec<(Range<usize>, usize)> {
    let starts = memchr::memchr_iter(b'{', json.as_bytes());
    starts.filter_map(|start| placeholder(&json[start..]).map(|(size, number)| (start..start + size, number))).collect()
}

/// The size and the number of a placeholder that the text begins with.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    const LONGEST: usize = 80;
    let end = memchr::memchr(b'}', &text.as_bytes()[..text.len().min(LONGEST)])?;
    let object = &text[..=end];
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(object).ok()?;
    let is_one = members.len() == 2 && members.get("_placeholder")?.get() == "true";
    members.get("num").filter(|_| is_one)?.get().parse().ok().map(|number| (object.len(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(messages: &[Message]) -> Vec<Result<String, String>> {
        read_within(1000, messages)
    }

    fn read_within(limit: usize, messages: &[Message]) -> Vec<Result<String, String>> {
        let mut decoder = SocketIo::default();
        let decode = |message: &Message| {
            let mut found = FoundValues::new(limit);
            let rest = decoder.decode(message.clone(), &mut found).map_err(|error| error.to_string())?;
            assert_eq!((rest, found.is_list), (None, found.values.is_empty()));
            Ok(found.values.iter().map(|value| value.text()).collect())
        };
        messages.iter().map(decode).collect()
    }

    fn one(text: &str) -> Result<String, String> {
        read(&[text.into()]).pop().unwrap()
    }

    fn binary(data: &'static [u8]) -> Message {
        Message::Binary(Bytes::from_static(data))
    }

    #[test]
    fn packets_of_engine_io_are_read() {
        for (text, shown) in [
            (r#"0{"sid":"x","upgrades":[]}"#, r#"{"type":"open","data":{"sid":"x","upgrades":[]}}"#),
            ("1", r#"{"type":"close"}"#),
            ("2", r#"{"type":"ping"}"#),
            ("2probe", r#"{"type":"ping","data":"probe"}"#),
            ("3probe", r#"{"type":"pong","data":"probe"}"#),
            ("5", r#"{"type":"upgrade"}"#),
            ("6", r#"{"type":"noop"}"#),
        ] {
            assert_eq!(one(text), Ok(shown.to_owned()), "{text}");
        }
    }

    /// The examples of both specifications of Socket.IO.
    #[test]
    fn packets_of_socket_io_are_read() {
        for (text, shown) in [
            ("40", r#"{"type":"connect","namespace":"/"}"#),
            (r#"40{"sid":"oSO0"}"#, r#"{"type":"connect","namespace":"/","data":{"sid":"oSO0"}}"#),
            (r#"40/admin,{"sid":"x"}"#, r#"{"type":"connect","namespace":"/admin","data":{"sid":"x"}}"#),
            ("40/admin?token=1", r#"{"type":"connect","namespace":"/admin?token=1"}"#),
            ("41/admin,", r#"{"type":"disconnect","namespace":"/admin"}"#),
            (r#"42["foo"]"#, r#"{"type":"event","namespace":"/","data":["foo"]}"#),
            (r#"42/admin,["bar"]"#, r#"{"type":"event","namespace":"/admin","data":["bar"]}"#),
            (r#"4212["foo", {"a": 1}]"#, r#"{"type":"event","namespace":"/","id":12,"data":["foo",{"a":1}]}"#),
            ("43/admin,13[]", r#"{"type":"ack","namespace":"/admin","id":13,"data":[]}"#),
            (
                r#"44/admin,{"message":"Not authorized"}"#,
                r#"{"type":"connect_error","namespace":"/admin","data":{"message":"Not authorized"}}"#,
            ),
            (r#"450-["x"]"#, r#"{"type":"binary_event","namespace":"/","data":["x"]}"#),
        ] {
            assert_eq!(one(text), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn attachments_go_where_they_belong() {
        let baz = r#"452-/admin,7["baz",{"_placeholder":true,"num":1},{"num" : 0, "_placeholder": true},"{\"_placeholder\":true,\"num\":0}"]"#;
        let shown = r#"{"type":"binary_event","namespace":"/admin","id":7,"data":["baz",h'03',h'0102',"{\"_placeholder\":true,\"num\":0}"]}"#;
        let complete = vec![Ok(String::new()), Ok(r#"{"type":"ping"}"#.into()), Ok(String::new()), Ok(shown.into())];
        assert_eq!(read(&[baz.into(), "2".into(), binary(b"\x01\x02"), binary(b"\x03")]), complete);
        assert_eq!(
            read(&[baz.into(), "2".into(), binary(b"\x04\x01\x02"), binary(b"\x04\x03")]),
            complete,
            "version 3"
        );
        assert_eq!(read(&[baz.into(), "2".into(), "bAQI=".into(), "bAw==".into()]), complete);
        assert_eq!(read(&[baz.into(), "2".into(), "b4AQI=".into(), "b4Aw==".into()]), complete, "version 3");
    }

    #[test]
    fn the_version_tells_what_the_first_byte_is() {
        let event = r#"461-1[{"_placeholder":true,"num":0}]"#;
        let last = |first: &str| read(&[first.into(), event.into(), binary(b"\x04\x01")]).pop().unwrap().unwrap();
        for version_4 in [r#"0{"sid":"x","maxPayload":1000000}"#, r#"40{"sid":"x"}"#, "40"] {
            assert!(last(version_4).contains("[h'0401']"), "{version_4}");
        }
        for version_3 in [r#"0{"sid":"x"}"#, "40/admin", "2"] {
            assert!(last(version_3).contains("[h'01']"), "{version_3}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("", "no type of Engine.IO at byte 0"),
            ("hello", "no type of Engine.IO at byte 0"),
            ("7", "no type of Engine.IO at byte 0"),
            ("4", "no type of Socket.IO at byte 1"),
            ("4é", "no type of Socket.IO at byte 1"),
            ("42[", "what is not JSON at byte 2"),
            (r#"42/a,1["x"]]"#, "what is not JSON at byte 6"),
            ("4299999999999999999999[]", "a large id at byte 2"),
            ("45[]", "no number of attachments at byte 2"),
            ("451001-[]", "not a number of attachments up to 1000 at byte 2"),
            ("b?", "invalid base64 at byte 1"),
            ("bAQI=", "an attachment without a packet"),
        ] {
            assert_eq!(one(text), Err(why.to_owned()), "{text}");
        }
        let event = || Message::from(r#"451-[{"_placeholder":true,"num":0}]"#);
        let missing = read(&[event(), event(), binary(b"")]);
        assert_eq!(missing[1], Err("0 of 1 attachments came before the next packet".into()));
        assert_eq!(missing[2], Err("an attachment without a packet".into()));
        let wrong = read(&[r#"451-[{"_placeholder":true,"num":1}]"#.into(), binary(b"")]);
        assert_eq!(wrong[1], Err("a placeholder for no attachment".into()));
        let large = read_within(40, &[event(), Message::Binary(vec![0; 10].into()), binary(b"")]);
        assert_eq!(large[1], Err("it becomes larger than 40 bytes (--max-message)".into()));
        assert_eq!(large[2], Err("an attachment without a packet".into()));
    }
}
