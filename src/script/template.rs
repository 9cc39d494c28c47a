//! Text with `{{…}}` in it: reading it, and writing it down again.

use std::fmt::{self, Write as _};

use super::flaw::Flaw;
use super::syntax::{Piece, Position, Template};
use crate::text::unescape::unescape_text;

/// What a backslash means in text that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backslash {
    /// Itself, but for `\{{`: in text that is not quoted.
    Plain,
    /// An escape: in quotes.
    Escape,
    /// The character after it belongs to it, and both stay: in JSON.
    Json,
    /// The same in a regular expression, where each brace of `\{{` needs a backslash of its own.
    Regexp,
}

/// What the names of variables are made of; a dot is in those from nested keys only.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// What may be between the braces of a variable: a name, also one from nested keys, as in `list.0.id`.
pub(crate) fn is_reference(text: &str) -> bool {
    let is_part =
        |(at, part): (usize, &str)| is_name(part) || at > 0 && !part.is_empty() && is_name(&format!("_{part}"));
    text.split('.').enumerate().all(is_part)
}

/// Reads one line of text; `place` tells where the byte at an offset stands.
pub(super) fn read(text: &str, backslash: Backslash, place: impl Fn(usize) -> Position) -> Result<Template, Flaw> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let taken = if rest.starts_with("\\{{") {
            literal.push_str(if backslash == Backslash::Regexp { "\\{\\{" } else { "{{" });
            3
        } else if first == '\\' && backslash == Backslash::Escape {
            let taken = escape_length(rest);
            match rest[..taken].strip_prefix('\\') {
                Some("\"") => literal.push('"'),
                _ => {
                    let meant = unescape_text(&rest[..taken]);
                    literal += &meant.map_err(|error| Flaw::new(place(at), error.to_string()))?;
                }
            }
            taken
        } else if first == '\\' && backslash != Backslash::Plain {
            let taken = rest.chars().take(2).map(char::len_utf8).sum();
            literal.push_str(&rest[..taken]);
            taken
        // Of more than two braces the last two begin a variable: `{"a":{{{b}}:1}}`
        } else if rest.starts_with("{{") && !rest.starts_with("{{{") {
            let end = rest.find("}}").ok_or_else(|| no_variable(place(at), "`{{` has no `}}` on its line"))?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece(rest[2..end].trim(), place(at))?);
            end + 2
        } else {
            literal.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Template(pieces))
}

/// How much of `text` its first escape takes, as far as it can be one.
fn escape_length(text: &str) -> usize {
    let wanted = match text.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => text.find('}').map_or(2, |end| end + 1),
        _ => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    (wanted.min(text.len())..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len())
}

fn piece(inner: &str, place: Position) -> Result<Piece, Flaw> {
    if let Some(name) = inner.strip_prefix("env:") {
        let is_good = !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control());
        return if is_good {
            Ok(Piece::Environment(place, name.to_owned()))
        } else {
            Err(no_variable(place, &format!("`{name}` cannot be a name in the environment")))
        };
    }
    if let Some(range) = inner.strip_prefix("random").filter(|range| range.starts_with(char::is_whitespace)) {
        let ends = range.split_once("..").and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        return match ends {
            Some((least, most)) if least <= most => Ok(Piece::Random(least, most)),
            _ => Err(Flaw::new(place, "`random` takes two whole numbers, the smaller first: `{{random 1..6}}`")),
        };
    }
    if let Some(of) = inner.strip_prefix("base64").filter(|of| of.starts_with(char::is_whitespace)) {
        return base64(of.trim(), place);
    }
    match inner {
        "uuid" => Ok(Piece::Uuid),
        "now" => Ok(Piece::Now),
        _ if is_reference(inner) => Ok(Piece::Variable(place, inner.to_owned())),
        _ => Err(no_variable(place, &format!("`{inner}` is not the name of a variable"))),
    }
}

/// `NAME`, `env:NAME` or `hex NAME`
fn base64(of: &str, place: Position) -> Result<Piece, Flaw> {
    let bytes = of.strip_prefix("hex").filter(|name| name.starts_with(char::is_whitespace)).map(str::trim);
    match piece(bytes.unwrap_or(of), place)? {
        of @ (Piece::Variable(..) | Piece::Environment(..)) => {
            Ok(Piece::Base64 { of: Box::new(of), is_hex: bytes.is_some() })
        }
        _ => Err(Flaw::new(place, "`base64` takes a variable: `{{base64 name}}`, or `{{base64 hex name}}` of bytes")),
    }
}

fn no_variable(place: Position, what: &str) -> Flaw {
    Flaw::new(place, what).hint("write variables as `{{name}}`, and a literal `{{` as `\\{{`")
}

impl Template {
    /// Pieces of which neighbours may both be literal.
    pub(super) fn joined(pieces: Vec<Piece>) -> Self {
        let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
                (_, piece) => joined.push(piece),
            }
        }
        Self(joined)
    }

    /// The text, if there is no variable in it.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with `0` for each variable, which is JSON where JSON is to be, and text where text is.
    pub(crate) fn probe(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            _ => "0",
        });
        pieces.collect()
    }

    /// As it is written where a backslash means this.
    pub(super) fn written(&self, backslash: Backslash) -> String {
        let pieces = self.0.iter().map(|piece| match (piece, backslash) {
            (Piece::Literal(text), Backslash::Plain | Backslash::Json) => text.replace("{{", "\\{{"),
            (Piece::Literal(text), Backslash::Regexp) => text.replace("{{", "\\{\\{"),
            (Piece::Literal(text), Backslash::Escape) => text.split("{{").map(escaped).collect::<Vec<_>>().join("\\{{"),
            (variable, _) => variable.to_string(),
        });
        pieces.collect()
    }

    /// The same without quotes around it, unless that would be read as something else.
    pub(super) fn unquoted(&self) -> Option<String> {
        let text = self.written(Backslash::Plain);
        let again = read(&text, Backslash::Plain, |_| Position::default()).ok()?;
        (again.placeless() == self.placeless()).then_some(text)
    }

    fn placeless(&self) -> Vec<String> {
        self.0.iter().map(|piece| format!("{}{piece}", matches!(piece, Piece::Literal(_)))).collect()
    }
}

/// As it is between quotes.
fn escaped(literal: &str) -> String {
    let mut text = String::new();
    for c in literal.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\0' => text.push_str("\\0"),
            '\x01'..='\x1f' | '\x7f' => write!(text, "\\x{:02x}", u32::from(c)).expect("a String takes all"),
            _ if c.is_control() => write!(text, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all"),
            _ => text.push(c),
        }
    }
    text
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Variable(_, name) => write!(f, "{{{{{name}}}}}"),
            Self::Environment(_, name) => write!(f, "{{{{env:{name}}}}}"),
            Self::Uuid => f.write_str("{{uuid}}"),
            Self::Now => f.write_str("{{now}}"),
            Self::Base64 { of, is_hex } => {
                let kind = if *is_hex { "hex " } else { "" };
                let of = of.to_string();
                write!(f, "{{{{base64 {kind}{}}}}}", of.trim_matches(['{', '}']))
            }
            Self::Random(least, most) => write!(f, "{{{{random {least}..{most}}}}}"),
        }
    }
}
