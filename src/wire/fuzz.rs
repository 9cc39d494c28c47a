//! What the fuzzers call: the plain code of the wire, with what has to hold for any input.

use bytes::BytesMut;

use super::deflate::{Deflater, Terms};
use super::frame::{self, FrameHeader, Side};
use super::inbound::{Inbound, InboundOptions, PIECE};
use super::incoming::Incoming;
use super::offer;
use crate::message::Message;

const LIMIT: usize = 1 << 20;

/// What goes up, and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Risen {
    /// Messages and control frames, each with its opcode.
    pub(super) said: Vec<(u8, Vec<u8>)>,
    pub(super) fault: Option<String>,
}

/// Runs any bytes through the rules, in one piece and cut small: both say the same.
pub fn frame(input: &[u8]) {
    let [how, input @ ..] = input else { return };
    let taking = InboundOptions {
        side: if how & 1 == 0 { Side::Client } else { Side::Server },
        max_message: LIMIT,
        deflate: (how & 2 != 0).then(|| Terms { window_bits: 8 + (how >> 4 & 7), takeover: how & 8 == 0 }),
        parts: how & 4 != 0,
        runs: how & 0x80 != 0,
        pongs: true,
        tally: Default::default(),
    };
    let whole = rise(&taking, input, input.len().max(1));
    let cut = rise(&taking, input, 1 + usize::from(*how) % 7);
    // Text that is not UTF-8 and then ends early as deflate has two faults: which is found first is up to how much has come,
    // and so are zlib's words for the second.
    let is_of_payload = |risen: &Risen| {
        let either = ["a text message is not UTF-8", "a compressed message cannot be inflated"];
        risen.fault.as_ref().is_some_and(|fault| either.iter().any(|what| fault.starts_with(what)))
    };
    if !is_of_payload(&whole) || !is_of_payload(&cut) {
        assert_eq!(whole.fault, cut.fault);
    }
    assert_eq!(whole.said, cut.said);
}

/// Takes any bytes as a compressed message, and compresses them as one that has to come back as it was.
pub fn deflate(input: &[u8]) {
    let [bits, input @ ..] = input else { return };
    let terms = Terms { window_bits: 9 + bits % 7, takeover: bits & 8 == 0 };
    let taking = InboundOptions {
        side: Side::Client,
        max_message: LIMIT,
        deflate: Some(terms),
        parts: false,
        runs: false,
        pongs: true,
        tally: Default::default(),
    };
    rise(&taking, &framed(input), input.len() + LIMIT);
    let mut deflater = Deflater::new(terms).expect("there are such windows");
    let frames: Vec<u8> = (0..3).flat_map(|_| framed(&deflater.message(input))).collect();
    let risen = rise(&taking, &frames, 1 + usize::from(*bits));
    assert_eq!(risen.fault, None);
    assert_eq!(risen.said, vec![(frame::BINARY, input.to_vec()); 3]);
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
    let own = offer::Parameters::read(answer).unwrap_or_default();
    for offer in offers {
        // What we say is what we read, and what we grant is what the offer allows.
        assert_eq!(offer::offers([offer.to_string().as_str()].into_iter()), [offer]);
        let (granted, terms) = offer.accepted(&own);
        assert_eq!(offer::answered(&[offer], [granted.to_string().as_str()].into_iter()), Ok(Some(terms)));
    }
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let length = payload.len() as u64;
    FrameHeader { fin: true, rsv: frame::RSV1, opcode: frame::BINARY, mask: None, length }.write(&mut out);
    [&out, payload].concat()
}

/// What goes up for this input when it comes in blocks of this size.
pub(super) fn rise(taking: &InboundOptions, input: &[u8], size: usize) -> Risen {
    let mut inbound = Inbound::new(taking.clone());
    let (mut risen, mut waiting, mut control, mut parts) =
        (Risen::default(), BytesMut::new(), BytesMut::new(), Vec::new());
    for block in input.chunks(size) {
        waiting.extend_from_slice(block);
        loop {
            let before = waiting.len();
            match inbound.next(&mut waiting, &mut control) {
                Ok(Some(Incoming::Message(Message::Text(text)))) => {
                    risen.said.push((frame::TEXT, text.as_bytes().to_vec()));
                }
                Ok(Some(Incoming::Message(Message::Binary(data)))) => risen.said.push((frame::BINARY, data.to_vec())),
                Ok(Some(Incoming::Run(run))) => {
                    assert!(!run.is_empty());
                    let opcode = frame::opcode(run.kind());
                    risen.said.extend(run.iter().map(|data| (opcode, data.to_vec())));
                }
                Ok(Some(Incoming::Part(part))) => {
                    assert!(part.data.len() <= 2 * PIECE + before, "{}", part.data.len());
                    parts.extend_from_slice(&part.data);
                    if part.is_last {
                        let opcode = frame::opcode(part.kind);
                        risen.said.push((opcode, std::mem::take(&mut parts)));
                    }
                }
                Ok(Some(other)) => unreachable!("{other:?}"),
                Ok(None) => {
                    let Some(found) = FrameHeader::read(&control) else { break };
                    let mut payload = control.split().split_off(found.size);
                    frame::mask(&mut payload, found.header.mask.unwrap_or_default(), 0);
                    risen.said.push((found.header.opcode, payload.to_vec()));
                }
                Err(fault) => {
                    risen.fault = Some(format!("{fault} {:?}", fault.close_code()));
                    return risen;
                }
            }
        }
    }
    risen
}
