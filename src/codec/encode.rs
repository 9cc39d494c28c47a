//! The other way: from JSON to MessagePack and CBOR, with its keys in their order.

use std::fmt;

use rmp::encode as msgpack;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::MAX_DEPTH;

/// What JSON can be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadEncoding {
    MessagePack,
    Cbor,
}

impl PayloadEncoding {
    pub(crate) const ALL: [Self; 2] = [Self::MessagePack, Self::Cbor];

    /// As options, commands and scripts name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// What a JSON text is in this encoding: integers in as few bytes as they need, fractions as 64-bit floats.
    ///
    /// # Errors
    /// A message for the user: it is not JSON, or has a number that cannot be encoded.
    pub(crate) fn encode(self, json: &str) -> Result<Vec<u8>, String> {
        let value: &RawValue = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
        let mut out = Vec::new();
        self.value(value.get(), 0, &mut out)?;
        Ok(out)
    }

    /// Within so many others.
    fn value(self, json: &str, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("values lie within more than {MAX_DEPTH} others"));
        }
        match json.as_bytes()[0] {
            b'{' => {
                let Members(members) = inner(json)?;
                self.begin(ValueHead::Map(members.len()), out);
                for (key, value) in members {
                    self.string(&key, out);
                    self.value(value.get(), depth + 1, out)?;
                }
            }
            b'[' => {
                let items: Vec<&RawValue> = inner(json)?;
                self.begin(ValueHead::Array(items.len()), out);
                for item in items {
                    self.value(item.get(), depth + 1, out)?;
                }
            }
            b'"' => self.string(&inner::<String>(json)?, out),
            b'n' => self.begin(ValueHead::Null, out),
            b't' | b'f' => self.begin(ValueHead::Bool(json == "true"), out),
            _ => self.begin(number(json)?, out),
        }
        Ok(())
    }

    fn string(self, value: &str, out: &mut Vec<u8>) {
        self.begin(ValueHead::String(value.len()), out);
        out.extend_from_slice(value.as_bytes());
    }

    fn begin(self, head: ValueHead, out: &mut Vec<u8>) {
        match self {
            Self::MessagePack => head.as_msgpack(out),
            Self::Cbor => head.as_cbor(out),
        }
        .expect("a Vec takes all, and no JSON text is as long as 4 GiB");
    }
}

/// A value, or how one begins.
#[derive(Clone, Copy)]
enum ValueHead {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// Of so many bytes.
    String(usize),
    /// Of so many values.
    Array(usize),
    /// Of so many pairs.
    Map(usize),
}

impl ValueHead {
    fn as_msgpack(self, out: &mut Vec<u8>) -> Option<()> {
        let size = |size: usize| u32::try_from(size).ok();
        match self {
            Self::Null => msgpack::write_nil(out).ok(),
            Self::Bool(value) => msgpack::write_bool(out, value).ok(),
            Self::Unsigned(value) => msgpack::write_uint(out, value).ok().map(drop),
            Self::Signed(value) => msgpack::write_sint(out, value).ok().map(drop),
            Self::Float(value) => msgpack::write_f64(out, value).ok(),
            Self::String(length) => msgpack::write_str_len(out, size(length)?).ok().map(drop),
            Self::Array(length) => msgpack::write_array_len(out, size(length)?).ok().map(drop),
            Self::Map(length) => msgpack::write_map_len(out, size(length)?).ok().map(drop),
        }
    }

    fn as_cbor(self, out: &mut Vec<u8>) -> Option<()> {
        let mut out = minicbor::Encoder::new(out);
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => out.bool(value),
            Self::Unsigned(value) => out.u64(value),
            Self::Signed(value) => out.i64(value),
            Self::Float(value) => out.f64(value),
            Self::String(length) => out.str_len(length as u64),
            Self::Array(length) => out.array(length as u64),
            Self::Map(length) => out.map(length as u64),
        }
        .ok()
        .map(drop)
    }
}

fn number(json: &str) -> Result<ValueHead, String> {
    if let Ok(value) = json.parse() {
        return Ok(ValueHead::Unsigned(value));
    }
    if let Ok(value) = json.parse() {
        return Ok(ValueHead::Signed(value));
    }
    let is_integer = !json.contains(['.', 'e', 'E']);
    match json.parse::<f64>() {
        Ok(value) if value.is_finite() && !is_integer => Ok(ValueHead::Float(value)),
        _ => Err(format!("`{json}` needs more than 64 bits")),
    }
}

fn inner<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))
}

/// The members of an object, in their order and each as often as it stands there.
struct Members<'j>(Vec<(String, &'j RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_what_its_shortest_form_is() {
        for (json, in_msgpack, in_cbor) in [
            ("null", &b"\xc0"[..], &b"\xf6"[..]),
            ("true", b"\xc3", b"\xf5"),
            (" -1 ", b"\xff", b"\x20"),
            ("255", b"\xcc\xff", b"\x18\xff"),
            ("18446744073709551615", b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
            ("1.0", b"\xcb\x3f\xf0\0\0\0\0\0\0", b"\xfb\x3f\xf0\0\0\0\0\0\0"),
            (
                r#"{"b":[1,"\u00e9"],"a":{}}"#,
                b"\x82\xa1b\x92\x01\xa2\xc3\xa9\xa1a\x80",
                b"\xa2\x61b\x82\x01\x62\xc3\xa9\x61a\xa0",
            ),
        ] {
            assert_eq!(PayloadEncoding::MessagePack.encode(json).as_deref(), Ok(in_msgpack), "{json}");
            assert_eq!(PayloadEncoding::Cbor.encode(json).as_deref(), Ok(in_cbor), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_encoded_is_told() {
        for json in ["18446744073709551616", "1e999", "[-9223372036854775809]"] {
            assert!(PayloadEncoding::Cbor.encode(json).unwrap_err().ends_with("needs more than 64 bits"), "{json}");
        }
        assert!(PayloadEncoding::MessagePack.encode("{a}").unwrap_err().starts_with("not JSON: "));
        let deep = |depth| PayloadEncoding::Cbor.encode(&("[".repeat(depth) + &"]".repeat(depth)));
        assert!(deep(MAX_DEPTH + 1).is_ok() && deep(MAX_DEPTH + 2).is_err() && deep(100_000).is_err());
    }
}
