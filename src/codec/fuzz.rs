//! What the fuzzers of decoders call.

use super::DecoderChain;
use super::notation::is_json;
use crate::message::{DataKind, Message};

const LIMIT: usize = 1 << 20;

/// No escape of JSON is longer.
const LONGEST_ESCAPE: usize = 6;

/// Decodes the messages of a connection: each has a byte that tells its kind, and two with its length, before it.
///
/// # Panics
/// A decoder breaks its word: what it makes is JSON, and no larger than it may be.
pub fn decode(how: &str, mut data: &[u8]) {
    let chain: DecoderChain = how.parse().expect("a decoder of ours");
    let mut decoder = chain.start(None, LIMIT);
    while let [kind, high, low, rest @ ..] = data {
        let (message, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes([*high, *low]))));
        data = rest;
        let kind = if kind % 4 == 0 { DataKind::Text } else { DataKind::Binary };
        let Ok(message) = Message::new(kind, message.to_vec().into()) else { continue };
        if let Some(Ok(decoded)) = decoder.decode(&message).as_deref() {
            assert!(decoded.size() <= LONGEST_ESCAPE * LIMIT, "too large");
            assert!(decoded.values.iter().all(|value| is_json(&value.json())), "not JSON: {decoded:?}");
            assert!(is_json(&decoded.json()), "not JSON: {decoded:?}");
        }
    }
}
