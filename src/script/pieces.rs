//! Where variables can stand: the pieces of an action, a payload or a pattern.

use super::syntax::{
    Action, Binary, BytePiece, Condition, Expect, Extract, Operand, Pattern, Payload, Piece, TextPattern,
};

/// All of a step in which variables can stand, piece by piece, but for that of its options and its blocks.
pub(super) fn of_action(action: &Action) -> Vec<&Piece> {
    match action {
        Action::Connect { url: template, .. } | Action::Frame(template) => template.0.iter().collect(),
        Action::Send(payload) => of_payload(payload),
        Action::Ping(text)
        | Action::Pong(text)
        | Action::Set { value: text, .. }
        | Action::Log(text)
        | Action::Split(Some(text))
        | Action::Close { reason: text, .. } => text.template.0.iter().collect(),
        Action::Expect(Expect { pattern, .. }) | Action::Skip { until: pattern, .. } | Action::Ignore(pattern) => {
            of_pattern(pattern)
        }
        Action::Capture { from: Extract::Regexp(regexp), .. } => regexp.source.0.iter().collect(),
        Action::Capture { .. }
        | Action::Status(_)
        | Action::Split(None)
        | Action::Decode(_)
        | Action::Fragment(_)
        | Action::Nothing { .. }
        | Action::Pause(_)
        | Action::Drop
        | Action::HalfClose
        | Action::Off(_)
        // A command has none.
        | Action::Exec { .. }
        | Action::Repeat { .. }
        | Action::Loop(_)
        | Action::Parallel(_)
        // Their parts have scopes of their own.
        | Action::AnyOrder { .. }
        | Action::Reply { .. } => Vec::new(),
    }
}

pub(super) fn of_payload(payload: &Payload) -> Vec<&Piece> {
    match payload {
        Payload::Text(text) | Payload::Json(text) | Payload::Encoded(_, text) | Payload::TextFile(text) => {
            text.template.0.iter().collect()
        }
        Payload::Binary(binary) => of_binary(binary),
    }
}

pub(super) fn of_pattern(pattern: &Pattern) -> Vec<&Piece> {
    match pattern {
        Pattern::Text(text) | Pattern::Body(text) => of_text(text),
        Pattern::Ping(text)
        | Pattern::Pong(text)
        | Pattern::Close { reason: text, .. }
        | Pattern::Header { value: text, .. } => text.iter().flat_map(of_text).collect(),
        Pattern::JsonSubset(text) | Pattern::JsonExactly(text) | Pattern::Subprotocol(text) => {
            text.template.0.iter().collect()
        }
        Pattern::Json(condition) | Pattern::BodyJson(condition) => of_condition(condition),
        Pattern::Binary(binary) | Pattern::BinaryContains(binary) | Pattern::Bytes(binary) => of_binary(binary),
        Pattern::BinaryMatches(regexp) => regexp.source.0.iter().collect(),
        Pattern::MessageJson(pattern) | Pattern::BinaryJson(pattern) => of_pattern(pattern),
        Pattern::Message | Pattern::AnyText | Pattern::AnyBinary => Vec::new(),
    }
}

fn of_text(text: &TextPattern) -> Vec<&Piece> {
    match text {
        TextPattern::Is(text) | TextPattern::Contains(text) => text.template.0.iter().collect(),
        TextPattern::Matches(regexp) => regexp.source.0.iter().collect(),
    }
}

fn of_binary(binary: &Binary) -> Vec<&Piece> {
    match binary {
        Binary::Hex(pieces) => of_hex(pieces),
        Binary::Base64(template) => template.0.iter().collect(),
        Binary::File(text) | Binary::Text(text) => text.template.0.iter().collect(),
    }
}

fn of_hex(pieces: &[BytePiece]) -> Vec<&Piece> {
    let pieces = pieces.iter().map(|piece| match piece {
        BytePiece::Text(template) => template.0.iter().collect(),
        BytePiece::Variable(piece) => vec![piece],
        BytePiece::Counted(_, inner) => of_hex(inner),
        BytePiece::Known(_) | BytePiece::Any | BytePiece::Rest => Vec::new(),
    });
    pieces.flatten().collect()
}

fn of_condition(condition: &Condition) -> Vec<&Piece> {
    match condition {
        Condition::Compare { value: Operand::Value(template), .. } => template.0.iter().collect(),
        Condition::Compare { value: Operand::Regexp(regexp), .. } => regexp.source.0.iter().collect(),
        Condition::Compare { value: Operand::Path(_), .. } | Condition::Exists(_) => Vec::new(),
        Condition::Not(inner) => of_condition(inner),
        Condition::And(a, b) | Condition::Or(a, b) => [of_condition(a), of_condition(b)].concat(),
    }
}
