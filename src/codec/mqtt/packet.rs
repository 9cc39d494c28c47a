//! Packets as objects of JSON (MQTT 3.1.1 and 5.0, section 3).

use super::properties;
use super::reasons::reason;
use super::version::ProtocolVersion;
use crate::codec::error::DecodeError;
use crate::codec::notation::{Container, NotationWriter};
use crate::codec::reader::ByteReader;

/// In the order of their numbers; 0 is none.
const TYPES: [&str; 15] = [
    "connect",
    "connack",
    "publish",
    "puback",
    "pubrec",
    "pubrel",
    "pubcomp",
    "subscribe",
    "suback",
    "unsubscribe",
    "unsuback",
    "pingreq",
    "pingresp",
    "disconnect",
    "auth",
];

pub(super) struct MqttPacket<'v> {
    /// Type and flags.
    pub(super) first: u8,
    pub(super) version: &'v mut ProtocolVersion,
}

impl MqttPacket<'_> {
    pub(super) fn write(self, mut body: ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        let number = usize::from(self.first >> 4);
        let name = number.checked_sub(1).and_then(|at| TYPES.get(at));
        let name = name.ok_or_else(|| body.flaw(format!("{number} is no type of packet")))?;
        out.open(Container::Map)?;
        out.field("type", name)?;
        match number {
            1 => self.connect(&mut body, out)?,
            2 => self.connack(&mut body, out)?,
            3 => self.publish(&mut body, out)?,
            4..=7 => {
                id(&mut body, out)?;
                self.outcome(&mut body, out)?;
            }
            8..=11 => self.subscription(number, &mut body, out)?,
            14 | 15 => self.outcome(&mut body, out)?,
            _ => {}
        }
        if !body.is_empty() {
            return Err(body.flaw("something follows its end"));
        }
        out.close()
    }

    fn is_five(&self) -> bool {
        *self.version == ProtocolVersion::Five
    }

    /// Whether it has properties; where the version is not known, its shape tells, unless both make sense.
    fn has_properties(&self, number: usize, body: &ByteReader<'_>) -> bool {
        match (*self.version, number) {
            (ProtocolVersion::Five, _) => true,
            (ProtocolVersion::Three, _) => false,
            // A payload that begins like properties is rare.
            (_, 3) => properties::write(&mut body.clone(), &mut NotationWriter::new(usize::MAX)).is_ok(),
            // A topic is never empty.
            (_, 8 | 10) => !matches!(body.clone().data(), Ok([_, ..])),
            // In version 3, there is nothing behind the id.
            (_, 11) => !body.is_empty(),
            _ => false,
        }
    }

    fn properties(&self, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        if self.is_five() { properties::write(body, out) } else { Ok(()) }
    }

    fn connect(self, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        out.field("protocol", body.text()?)?;
        let (version, flags) = (body.byte()?, body.byte()?);
        *self.version = if version < 5 { ProtocolVersion::Three } else { ProtocolVersion::Five };
        let has = |bit: u8| flags & bit != 0;
        integer(out, "version", version)?;
        boolean(out, "clean", has(0x02))?;
        integer(out, "keep_alive", body.two_bytes()?)?;
        self.properties(body, out)?;
        out.field("client_id", body.text()?)?;
        if has(0x04) {
            out.string("will")?;
            out.open(Container::Map)?;
            self.properties(body, out)?;
            out.field("topic", body.text()?)?;
            integer(out, "qos", flags >> 3 & 3)?;
            boolean(out, "retain", has(0x20))?;
            payload(out, body.data()?)?;
            out.close()?;
        }
        if has(0x80) {
            out.field("user", body.text()?)?;
        }
        if has(0x40) {
            body.data()?;
            out.field("password", crate::masking::MASK)?;
        }
        Ok(())
    }

    fn connack(self, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        // That of version 5 has properties, even if those are none.
        *self.version = if body.left() > 2 { ProtocolVersion::Five } else { ProtocolVersion::Three };
        boolean(out, "session_present", body.byte()? & 1 != 0)?;
        code(out, body.byte()?, !self.is_five())?;
        self.properties(body, out)
    }

    fn publish(self, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        let qos = self.first >> 1 & 3;
        if qos == 3 {
            return Err(body.flaw("a packet has QoS 3"));
        }
        boolean(out, "dup", self.first & 0x08 != 0)?;
        integer(out, "qos", qos)?;
        boolean(out, "retain", self.first & 0x01 != 0)?;
        out.field("topic", body.text()?)?;
        if qos > 0 {
            id(body, out)?;
        }
        if self.has_properties(3, body) {
            properties::write(body, out)?;
        }
        payload(out, body.take(body.left())?)
    }

    /// SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK.
    fn subscription(
        self,
        number: usize,
        body: &mut ByteReader<'_>,
        out: &mut NotationWriter,
    ) -> Result<(), DecodeError> {
        id(body, out)?;
        let is_five = self.has_properties(number, body);
        if is_five {
            properties::write(body, out)?;
        }
        if number == 11 && body.is_empty() {
            return Ok(());
        }
        out.string(if matches!(number, 8 | 10) { "topics" } else { "codes" })?;
        out.open(Container::Array)?;
        while !body.is_empty() {
            match number {
                8 => wanted(is_five, body, out)?,
                10 => out.string(body.text()?)?,
                _ => out.integer(body.byte()?)?,
            }
        }
        out.close()
    }

    /// The reason code and the properties of version 5, which may be left out.
    fn outcome(self, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
        if body.is_empty() {
            return Ok(());
        }
        code(out, body.byte()?, false)?;
        if body.is_empty() { Ok(()) } else { properties::write(body, out) }
    }
}

/// One that is asked for by SUBSCRIBE.
fn wanted(is_five: bool, body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
    out.open(Container::Map)?;
    out.field("topic", body.text()?)?;
    let options = body.byte()?;
    integer(out, "qos", options & 3)?;
    if is_five {
        boolean(out, "no_local", options & 0x04 != 0)?;
        boolean(out, "retain_as_published", options & 0x08 != 0)?;
        integer(out, "retain_handling", options >> 4 & 3)?;
    }
    out.close()
}

fn id(body: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
    integer(out, "id", body.two_bytes()?)
}

fn code(out: &mut NotationWriter, code: u8, is_acceptance: bool) -> Result<(), DecodeError> {
    integer(out, "code", code)?;
    out.field("reason", reason(code, is_acceptance))
}

fn payload(out: &mut NotationWriter, data: &[u8]) -> Result<(), DecodeError> {
    out.string("payload")?;
    out.payload(data)
}

fn integer(out: &mut NotationWriter, name: &str, value: impl Into<i128>) -> Result<(), DecodeError> {
    out.string(name)?;
    out.integer(value)
}

fn boolean(out: &mut NotationWriter, name: &str, value: bool) -> Result<(), DecodeError> {
    out.string(name)?;
    out.bool(value)
}
