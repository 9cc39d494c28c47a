//! Properties of MQTT 5.0 (section 2.2.2).

use crate::codec::error::DecodeError;
use crate::codec::notation::{Container, NotationWriter};
use crate::codec::reader::ByteReader;

/// What the value of a property is.
#[derive(Clone, Copy)]
enum PropertyType {
    Byte,
    TwoBytes,
    FourBytes,
    Text,
    Data,
}

const USER_PROPERTY: u32 = 38;
const SUBSCRIPTION_IDENTIFIER: u32 = 11;

/// Those that may be there once at most.
const PROPERTIES: [(u32, &str, PropertyType); 25] = [
    (1, "payload_format_indicator", PropertyType::Byte),
    (2, "message_expiry_interval", PropertyType::FourBytes),
    (3, "content_type", PropertyType::Text),
    (8, "response_topic", PropertyType::Text),
    (9, "correlation_data", PropertyType::Data),
    (17, "session_expiry_interval", PropertyType::FourBytes),
    (18, "assigned_client_identifier", PropertyType::Text),
    (19, "server_keep_alive", PropertyType::TwoBytes),
    (21, "authentication_method", PropertyType::Text),
    (22, "authentication_data", PropertyType::Data),
    (23, "request_problem_information", PropertyType::Byte),
    (24, "will_delay_interval", PropertyType::FourBytes),
    (25, "request_response_information", PropertyType::Byte),
    (26, "response_information", PropertyType::Text),
    (28, "server_reference", PropertyType::Text),
    (31, "reason_string", PropertyType::Text),
    (33, "receive_maximum", PropertyType::TwoBytes),
    (34, "topic_alias_maximum", PropertyType::TwoBytes),
    (35, "topic_alias", PropertyType::TwoBytes),
    (36, "maximum_qos", PropertyType::Byte),
    (37, "retain_available", PropertyType::Byte),
    (39, "maximum_packet_size", PropertyType::FourBytes),
    (40, "wildcard_subscription_available", PropertyType::Byte),
    (41, "subscription_identifier_available", PropertyType::Byte),
    (42, "shared_subscription_available", PropertyType::Byte),
];

/// Writes `"properties": {…}`, if there are any.
pub(super) fn write(packet: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
    let length = packet.variable_byte_integer()? as usize;
    let start = packet.place();
    let mut properties = ByteReader::new(packet.take(length)?);
    if properties.is_empty() {
        return Ok(());
    }
    out.string("properties")?;
    out.open(Container::Map)?;
    write_all(&mut properties, out).map_err(|error| error.further(start))?;
    out.close()
}

/// Those that may be there several times come last.
fn write_all(properties: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
    let (mut identifiers, mut pairs) = (Vec::new(), Vec::new());
    let mut seen = 0_u64;
    while !properties.is_empty() {
        let begun = properties.place();
        match properties.variable_byte_integer()? {
            USER_PROPERTY => pairs.push((properties.text()?, properties.text()?)),
            SUBSCRIPTION_IDENTIFIER => identifiers.push(properties.variable_byte_integer()?),
            number => {
                let (_, name, kind) = PROPERTIES
                    .iter()
                    .find(|(known, ..)| *known == number)
                    .ok_or_else(|| DecodeError::at(begun, format!("{number} is no property")))?;
                if seen & 1 << number != 0 {
                    return Err(DecodeError::at(begun, "a property that was there before"));
                }
                seen |= 1 << number;
                out.string(name)?;
                value(*kind, properties, out)?;
            }
        }
    }
    if !identifiers.is_empty() {
        out.string("subscription_identifiers")?;
        out.open(Container::Array)?;
        identifiers.into_iter().try_for_each(|identifier| out.integer(identifier))?;
        out.close()?;
    }
    if !pairs.is_empty() {
        out.string("user_properties")?;
        out.open(Container::Array)?;
        for (name, value) in pairs {
            out.open(Container::Array)?;
            out.field(name, value)?;
            out.close()?;
        }
        out.close()?;
    }
    Ok(())
}

fn value(kind: PropertyType, from: &mut ByteReader<'_>, out: &mut NotationWriter) -> Result<(), DecodeError> {
    match kind {
        PropertyType::Byte => out.integer(from.byte()?),
        PropertyType::TwoBytes => out.integer(from.two_bytes()?),
        PropertyType::FourBytes => out.integer(from.four_bytes()?),
        PropertyType::Text => out.string(from.text()?),
        PropertyType::Data => out.bytes(from.data()?),
    }
}
