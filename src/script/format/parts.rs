//! What is sent, what is expected, what is captured.

use std::fmt::{self, Write as _};

use super::text::{Spot, json, quoted, text, text_unless};
use crate::codec::encode::PayloadEncoding;
use crate::script::cursor::chars::is_space;
use crate::script::syntax::{Binary, BytePiece, Extract, LengthPrefix, Pattern, Payload, Regexp, TextPattern};
use crate::script::template::Backslash;

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                let written = text.to_string();
                let word = written.split(is_space).next().unwrap_or_default();
                match word {
                    // `send text file` has a meaning of its own.
                    "file" => f.write_str(&quoted(&text.template)),
                    "text" | "json" | "binary" | "hex" | "base64" => write!(f, "text {written}"),
                    _ if PayloadEncoding::from_name(word).is_some() => write!(f, "text {written}"),
                    _ => f.write_str(&written),
                }
            }
            Self::Json(text) => write!(f, "json {}", json(text, Spot::Alone)),
            Self::Binary(binary) => write!(f, "binary {}", bytes(binary, Spot::Alone)),
            Self::Encoded(encoding, text) => write!(f, "{} {}", encoding.name(), json(text, Spot::Alone)),
            Self::TextFile(path) => write!(f, "text file {path}"),
        }
    }
}

fn bytes(binary: &Binary, spot: Spot) -> String {
    match binary {
        Binary::Hex(pieces) => with("hex", hex(pieces)),
        Binary::Base64(template) => with("base64", template.written(Backslash::Plain)),
        Binary::File(path) => format!("file {}", text(path, spot)),
        Binary::Text(inner) => format!("text {}", text(inner, spot)),
    }
}

fn hex(pieces: &[BytePiece]) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        BytePiece::Known(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        BytePiece::Text(template) => quoted(template),
        BytePiece::Variable(piece) => piece.to_string(),
        BytePiece::Any => "??".to_owned(),
        BytePiece::Rest => "..".to_owned(),
        BytePiece::Counted(prefix, inner) => format!("{prefix}({})", hex(inner)),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

/// What is contained is text, unless it says that it is something else.
fn contained(binary: &Binary, spot: Spot) -> String {
    match binary {
        Binary::Text(wanted) => text_unless(&["hex", "base64", "file", "text"], wanted, spot),
        _ => bytes(binary, spot),
    }
}

impl fmt::Display for LengthPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::Varint => "varint",
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pattern(self, Spot::Last))
    }
}

pub(super) fn pattern(pattern: &Pattern, spot: Spot) -> String {
    let texted = |word: &str, wanted: &Option<TextPattern>| {
        with(word, wanted.as_ref().map_or_else(String::new, |wanted| text_pattern(wanted, spot)))
    };
    match pattern {
        Pattern::Message => "message".to_owned(),
        Pattern::AnyText => "text".to_owned(),
        Pattern::Text(wanted) => format!("text {}", text_pattern(wanted, spot)),
        Pattern::JsonSubset(wanted) => format!("json {}", json(wanted, spot)),
        Pattern::JsonExactly(wanted) => format!("json exactly {}", json(wanted, spot)),
        Pattern::Json(condition) => format!("json {condition}"),
        Pattern::AnyBinary => "binary".to_owned(),
        Pattern::Binary(wanted) => format!("binary {}", bytes(wanted, spot)),
        Pattern::BinaryContains(wanted) => format!("binary contains {}", contained(wanted, spot)),
        Pattern::BinaryMatches(regexp) => format!("binary matches {regexp}"),
        Pattern::MessageJson(wanted) => format!("message {}", self::pattern(wanted, spot)),
        Pattern::BinaryJson(wanted) => format!("binary {}", self::pattern(wanted, spot)),
        Pattern::Bytes(wanted) => format!("bytes {}", bytes(wanted, spot)),
        Pattern::Ping(wanted) => texted("ping", wanted),
        Pattern::Pong(wanted) => texted("pong", wanted),
        Pattern::Close { code: None, reason } => texted("close", reason),
        Pattern::Close { code: Some(code), reason } => texted(&format!("close {code}"), reason),
        Pattern::Header { name, value: Some(TextPattern::Is(value)) } => {
            format!("header {name}: {}", text(value, spot))
        }
        Pattern::Header { name, value } => texted(&format!("header {name}"), value),
        Pattern::Body(TextPattern::Is(wanted)) => {
            format!("body {}", text_unless(&["contains", "matches", "json"], wanted, spot))
        }
        Pattern::Body(wanted) => format!("body {}", text_pattern(wanted, spot)),
        Pattern::BodyJson(condition) => format!("body json {condition}"),
        Pattern::Subprotocol(name) => format!("subprotocol {}", text(name, spot)),
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_pattern(self, Spot::Last))
    }
}

fn text_pattern(wanted: &TextPattern, spot: Spot) -> String {
    match wanted {
        TextPattern::Is(wanted) => text_unless(&["contains", "matches"], wanted, spot),
        TextPattern::Contains(part) => format!("contains {}", text(part, spot)),
        TextPattern::Matches(regexp) => format!("matches {regexp}"),
    }
}

impl fmt::Display for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('/')?;
        let mut is_escaped = false;
        for c in self.source.written(Backslash::Regexp).chars() {
            if c == '/' && !is_escaped {
                f.write_char('\\')?;
            }
            is_escaped = c == '\\' && !is_escaped;
            f.write_char(c)?;
        }
        write!(f, "/{}", self.flags)
    }
}

impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Regexp(regexp) => write!(f, "text matches {regexp}"),
            Self::Json(path) => write!(f, "json {path}"),
            Self::Binary => f.write_str("binary"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Status => f.write_str("status"),
            Self::CloseCode => f.write_str("close code"),
            Self::CloseReason => f.write_str("close reason"),
        }
    }
}

pub(crate) fn with(word: &str, rest: String) -> String {
    if rest.is_empty() { word.to_owned() } else { format!("{word} {rest}") }
}
