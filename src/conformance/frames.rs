//! From the steps of a case to frames, and from frames to messages.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::case::FrameStep;
use super::observed::HeardFrame;
use crate::wire::deflate::{Deflater, Inflater, Terms};
use crate::wire::frame::{BINARY, CONTINUATION, PING, RSV1, TEXT};
use crate::wire::raw_frame::RawFrame;

/// No message of a case is larger, inflated.
pub(crate) const LARGEST: usize = 16 << 20;

/// The frames of a step, in their order.
pub(crate) fn of_step(step: FrameStep) -> Vec<RawFrame> {
    match step {
        FrameStep::Frame(text) | FrameStep::Dripped(text) => vec![read(text)],
        FrameStep::Times(count, text) => vec![read(text); count as usize],
        FrameStep::Filled(text, size) => vec![filled(text, size)],
        FrameStep::Deflated(text, size) => {
            let payload = Deflater::new(Terms::default()).map(|mut deflater| deflater.message(&vec![b'a'; size]));
            vec![RawFrame { payload: payload.unwrap_or_default().into(), ..read(text) }]
        }
        FrameStep::Noise(text, size) => {
            let noise = noise(size);
            vec![RawFrame { payload: [&noise[..], &noise].concat().into(), ..read(text) }]
        }
    }
}

/// All frames of the steps.
pub(crate) fn of(steps: &[FrameStep]) -> Vec<RawFrame> {
    steps.iter().copied().flat_map(of_step).collect()
}

/// All frames of the steps without what makes payloads long: for those who look at headers, and at what is written out.
pub(crate) fn heads(steps: &[FrameStep]) -> impl DoubleEndedIterator<Item = RawFrame> {
    steps.iter().flat_map(|step| {
        let count = if let FrameStep::Times(count, _) = step { *count as usize } else { 1 };
        std::iter::repeat_n(read(step.text()), count)
    })
}

/// The payloads of the pings among them.
pub(crate) fn pings(steps: &[FrameStep]) -> impl DoubleEndedIterator<Item = Bytes> {
    let are_pings = |step: &&FrameStep| read(step.text()).opcode == PING;
    steps.iter().filter(are_pings).flat_map(|step| of_step(*step)).map(|frame| frame.payload)
}

/// The opcode of the first message among them.
pub(crate) fn first_message(steps: &[FrameStep]) -> Option<u8> {
    heads(steps).map(|frame| frame.opcode).find(|code| matches!(*code, TEXT | BINARY))
}

/// A message: its opcode and its data.
pub(crate) type WholeMessage = (u8, Vec<u8>);

/// How many messages these steps make.
pub(crate) fn messages_in(steps: &[FrameStep]) -> usize {
    heads(steps).filter(|frame| frame.fin && frame.opcode <= BINARY).count()
}

/// The messages that these steps make.
///
/// # Errors
/// One of them needs what was not agreed on.
pub(crate) fn sent_messages(steps: &[FrameStep], terms: Terms) -> Result<Vec<WholeMessage>, String> {
    let frames = of(steps);
    joined(frames.iter().map(|frame| (frame.opcode, frame.rsv, frame.fin, &frame.payload[..])), terms)
}

/// Whether what came is smaller than what can be made of noise without a look at its first half.
///
/// zlib itself does not mind how far a message points back.
pub(crate) fn points_far_back(steps: &[FrameStep], heard: &[HeardFrame]) -> bool {
    let noise: usize = steps.iter().map(|step| if let FrameStep::Noise(_, size) = step { *size } else { 0 }).sum();
    let data = heard.iter().filter(|frame| !frame.header.is_control()).map(|frame| frame.payload.len());
    data.sum::<usize>() < noise + noise / 2
}

/// The messages that came.
///
/// # Errors
/// Why one of them cannot be inflated.
pub(crate) fn heard_messages(frames: &[HeardFrame], terms: Terms) -> Result<Vec<WholeMessage>, String> {
    let parts =
        frames.iter().map(|frame| (frame.header.opcode, frame.header.rsv, frame.header.fin, &frame.payload[..]));
    joined(parts, terms)
}

fn joined<'p>(
    parts: impl Iterator<Item = (u8, u8, bool, &'p [u8])>,
    terms: Terms,
) -> Result<Vec<WholeMessage>, String> {
    let mut inflater = Inflater::new(terms);
    let mut messages = Vec::new();
    let mut open: Option<(u8, bool, Vec<u8>)> = None;
    for (opcode, rsv, fin, payload) in parts {
        match opcode {
            TEXT | BINARY => open = Some((opcode, rsv & RSV1 != 0, payload.to_vec())),
            CONTINUATION => {
                if let Some((.., data)) = &mut open {
                    data.extend_from_slice(payload);
                }
            }
            _ => continue,
        }
        if let Some((opcode, is_compressed, data)) = open.take_if(|_| fin) {
            let mut whole = || inflater.message(&data, LARGEST).map_err(|fault| fault.to_string());
            messages.push((opcode, if is_compressed { whole()? } else { data }));
        }
    }
    Ok(messages)
}

fn read(text: &str) -> RawFrame {
    RawFrame::from_text(text).expect("the frames of cases are read by a test")
}

fn filled(text: &str, size: usize) -> RawFrame {
    let frame = read(text);
    let mut payload = BytesMut::with_capacity(size);
    payload.extend_from_slice(&frame.payload);
    payload.put_bytes(b'a', size.saturating_sub(frame.payload.len()));
    RawFrame { payload: payload.freeze(), ..frame }
}

/// Bytes that hardly compress, the same each time (Marsaglia's xorshift).
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(step).take(size).collect()
}
