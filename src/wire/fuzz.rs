//! What the fuzzers call: the plain code of the wire, with what has to hold for any input.

use bytes::BytesMut;

use super::deflate::{Deflater, Terms};
use super::frame::{self, Header};
use super::inbound::{Inbound, PIECE, Taking};
use super::{Fault, Side, offer};

const LIMIT: usize = 1 << 20;

/// What goes up, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Risen {
    bytes: Vec<u8>,
    fault: Option<String>,
}

/// Runs any bytes through the rules, in one piece and cut small: both say the same.
pub fn frame(input: &[u8]) {
    let [how, input @ ..] = input else { return };
    let taking = Taking {
        side: if how & 1 == 0 { Side::Client } else { Side::Server },
        max_message: LIMIT,
        deflate: (how & 2 != 0).then(|| Terms { window_bits: 8 + (how >> 4 & 7), takeover: how & 8 == 0 }),
        parts: how & 4 != 0,
        tally: Default::default(),
    };
    let whole = rise(&taking, input, input.len().max(1));
    let cut = rise(&taking, input, 1 + usize::from(*how) % 7);
    // The check of a text that is here at once is left to tungstenite.
    if cut.fault == Some(Fault::NotUtf8.to_string()) {
        return;
    }
    assert_eq!(whole.fault.is_some(), cut.fault.is_some(), "{whole:?} {cut:?}");
    if whole.fault.is_none() {
        assert_eq!(whole, cut);
    }
}

/// Takes any bytes as a compressed message, and compresses them as one that has to come back as it was.
pub fn deflate(input: &[u8]) {
    let [bits, input @ ..] = input else { return };
    let terms = Terms { window_bits: 9 + bits % 7, takeover: bits & 8 == 0 };
    let taking = Taking {
        side: Side::Client,
        max_message: LIMIT,
        deflate: Some(terms),
        parts: false,
        tally: Default::default(),
    };
    rise(&taking, &framed(input), input.len() + LIMIT);
    let mut deflater = Deflater::new(terms).expect("there are such windows");
    let frames: Vec<u8> = (0..3).flat_map(|_| framed(&deflater.message(input))).collect();
    let risen = rise(&taking, &frames, 1 + usize::from(*bits));
    assert_eq!(risen.fault, None);
    let mut data = Vec::new();
    let mut rest = &risen.bytes[..];
    while let Some(found) = Header::read(rest) {
        let (payload, behind) = rest[found.size..].split_at(found.header.length as usize);
        data.extend_from_slice(payload);
        rest = behind;
    }
    assert_eq!(data, input.repeat(3));
}

/// Takes any text as an offer, and as the answer to it.
pub fn verify(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (asked, answer) = text.split_once('\n').unwrap_or((text, text));
    let offers = offer::offers([asked].into_iter());
    let agreed = offer::answered(&offers, [answer].into_iter());
    if let Ok(Some(agreed)) = agreed {
        assert!((8..=15).contains(&agreed.server.window_bits) && (8..=15).contains(&agreed.client.window_bits));
    }
    let wishes = offer::Parameters::read(answer).unwrap_or_default();
    for offer in offers {
        // What we say is what we read, and what we grant is what the offer allows.
        assert_eq!(offer::offers([offer.to_string().as_str()].into_iter()), [offer]);
        let (granted, terms) = offer.accepted(&wishes);
        assert_eq!(offer::answered(&[offer], [granted.to_string().as_str()].into_iter()), Ok(Some(terms)));
    }
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let length = payload.len() as u64;
    Header { fin: true, rsv: frame::RSV1, opcode: frame::BINARY, mask: None, length }.write(&mut out);
    [&out, payload].concat()
}

fn rise(taking: &Taking, input: &[u8], size: usize) -> Risen {
    let mut inbound = Inbound::new(taking.clone());
    let (mut waiting, mut bytes) = (BytesMut::new(), Vec::new());
    for block in input.chunks(size) {
        waiting.extend_from_slice(block);
        loop {
            let before = waiting.len();
            let mut ready = BytesMut::new();
            let fault = inbound.step(&mut waiting, &mut ready).err();
            assert!(ready.len() <= 2 * PIECE + before, "{}", ready.len());
            bytes.extend_from_slice(&ready);
            if let Some(fault) = fault {
                return Risen { bytes, fault: Some(fault.to_string()) };
            }
            if ready.is_empty() && waiting.len() == before && !inbound.has_more() {
                break;
            }
        }
    }
    Risen { bytes, fault: None }
}
