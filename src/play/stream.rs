//! The binary messages of a connection as a stream of bytes, for protocols that cut it as they like (`expect bytes`).

use super::{ScriptConnection, StepFault};
use crate::compare::diff::DiffLine;
use crate::message::Message;
use crate::script::judge::bytes::{BytePattern, Fit, dumped};
use crate::script::judge::mismatch::{MatchResult, Mismatch};
use crate::script::judge::unexpected;
use crate::text::units::counted;

/// A pattern that takes more than this is not what is coming.
const LONGEST: usize = 16 << 20;

/// Takes the next bytes, which have to fit; what is left of their message is kept for the next such step.
pub(crate) async fn next_bytes(connection: &ScriptConnection, wanted: &BytePattern) -> Result<MatchResult, StepFault> {
    loop {
        let fit = wanted.fit(&connection.left.borrow());
        match fit {
            Fit::Whole(length) => {
                let taken = connection.left.borrow_mut().split_to(length).freeze();
                let captured = crate::text::hex::digits(&taken);
                connection.last.replace(Some(Message::Binary(taken)));
                return Ok(Ok(captured));
            }
            Fit::Not(at) => return Ok(Err(wanted.mismatch(&connection.left.borrow(), at))),
            Fit::Short if connection.left.borrow().len() > LONGEST => {
                return Ok(Err(Mismatch::new("16 MiB were received, and the rest is still missing")));
            }
            Fit::Short => match connection.line().message().await {
                Some(Message::Binary(data)) => connection.left.borrow_mut().extend_from_slice(&data),
                Some(text) => {
                    let mismatch = unexpected(&text);
                    connection.last.replace(Some(text));
                    return Ok(Err(Mismatch { words: format!("expected bytes, but {}", mismatch.words), ..mismatch }));
                }
                None => return Err(so_far(connection, connection.how_it_ended()).into()),
            },
        }
    }
}

/// With the bytes that came, which are not enough.
pub(crate) fn so_far(connection: &ScriptConnection, words: String) -> Mismatch {
    let left = connection.left.borrow();
    match left.len() {
        0 => Mismatch::new(words),
        count => {
            let words = format!("{words}; so far {} came", counted(count, "byte"));
            Mismatch::with(words, dumped(&left).map(DiffLine::came).collect())
        }
    }
}

/// Nothing, if nothing is left of a message before those that a step asks for.
pub(crate) fn nothing_left(connection: &ScriptConnection) -> Result<(), Mismatch> {
    let left = connection.left.borrow();
    if left.is_empty() {
        return Ok(());
    }
    let bytes = counted(left.len(), "byte");
    let words = format!("`expect bytes` has left {bytes} of an earlier message unread");
    Err(Mismatch::with(words, dumped(&left).map(DiffLine::came).collect()))
}
