//! Judges what came over an open connection.

use std::time::Duration;

use super::verdict::{Judgement, Verdict};
use crate::conformance::case::{FrameRule, FrameStep, Reaction};
use crate::conformance::frames;
use crate::conformance::observed::{Heard, HeardEnd, HeardFrame, MARKER, Outlook, ServerTraits, quoted};
use crate::text::units::counted;
use crate::wire::deflate::Terms;
use crate::wire::frame::{self, CLOSE, CONTINUATION, LONGEST_CONTROL, PONG, TEXT, Width};

pub(super) fn judge(sent: &[FrameStep], expected: Reaction, traits: &ServerTraits, heard: &Heard) -> Judgement {
    if heard.is_spoilt {
        return Judgement::new(Verdict::Unclear, "the connection was over before anything was sent");
    }
    let outlook = heard.outlook(MARKER);
    if heard.end == HeardEnd::Flooded && outlook == Outlook::Silent {
        return Judgement::new(Verdict::Unclear, "more came than is looked at");
    }
    match expected {
        Reaction::StaysOpen | Reaction::SendsBack if !may_be_sent(sent, heard) => {
            Judgement::new(Verdict::Skipped, "what was agreed on does not let it be sent")
        }
        Reaction::StaysOpen => stays_open(sent, traits, outlook),
        Reaction::Fails(codes) => fails(codes, sent, traits, outlook),
        Reaction::Pongs => pongs(sent, heard),
        Reaction::AnswersClose => answers_close(heard),
        Reaction::EchoesCode => echoes_code(sent, heard),
        Reaction::EndsTransport => ends_transport(heard),
        Reaction::SendsNoMore => sends_no_more(heard),
        Reaction::SendsBackOrRefuses if outlook == Outlook::Closes(Some(1009)) => {
            Judgement::new(Verdict::Ok, outlook.in_words())
        }
        Reaction::SendsBack | Reaction::SendsBackOrRefuses => sends_back(sent, traits, heard),
        Reaction::Frames(rule) => framed(rule, heard),
        Reaction::TakesOrRefuses => takes_or_refuses(sent, traits, outlook),
    }
}

/// What a client that answers nothing sees.
pub(super) fn watched(heard: &Heard, time: Duration) -> Judgement {
    let pings = match heard.after.iter().filter(|frame| frame.is_ping()).count() {
        0 => "no pings".to_owned(),
        pings => counted(pings, "ping"),
    };
    let seconds = time.as_secs_f64();
    match heard.outlook(MARKER) {
        _ if heard.is_spoilt => Judgement::new(Verdict::Unclear, "the connection was over before that"),
        Outlook::Closes(_) | Outlook::Cuts => {
            let how = heard.outlook(MARKER).in_words();
            Judgement::new(Verdict::Noted, format!("noticed after {seconds:.1} s: {how} ({pings} before that)"))
        }
        Outlook::Stays | Outlook::Silent => {
            Judgement::new(Verdict::Noted, format!("not noticed within {seconds:.1} s ({pings} came)"))
        }
    }
}

/// What the server does with a message of that kind that is as it should be, if it does not take it.
fn objection(sent: &[FrameStep], traits: &ServerTraits) -> Option<Outlook> {
    let usual = match frames::first_message(sent) {
        Some(TEXT) => traits.text,
        Some(_) => traits.binary,
        None => traits.idle,
    };
    (usual != Outlook::Stays).then_some(usual)
}

fn as_usual(outlook: Outlook) -> Judgement {
    Judgement::new(Verdict::Unclear, format!("{}, as after any such message", outlook.in_words()))
}

fn stays_open(sent: &[FrameStep], traits: &ServerTraits, outlook: Outlook) -> Judgement {
    match (outlook, objection(sent, traits)) {
        (Outlook::Stays, _) => Judgement::new(Verdict::Ok, outlook.in_words()),
        (_, Some(usual)) if usual == outlook => as_usual(outlook),
        _ => Judgement::new(Verdict::Fail, outlook.in_words()),
    }
}

fn fails(codes: &[u16], sent: &[FrameStep], traits: &ServerTraits, outlook: Outlook) -> Judgement {
    let usual = objection(sent, traits);
    let verdict = match outlook {
        Outlook::Closes(Some(code)) if codes.contains(&code) => Verdict::Ok,
        _ if usual == Some(outlook) => return as_usual(outlook),
        // It has taken a Close that it may not take.
        Outlook::Closes(Some(code)) if sends_close(sent) && (code == 1000 || sent_code(sent) == Some(code)) => {
            Verdict::Fail
        }
        Outlook::Closes(_) | Outlook::Cuts => Verdict::Loose,
        Outlook::Stays | Outlook::Silent => Verdict::Fail,
    };
    Judgement::new(verdict, outlook.in_words())
}

fn takes_or_refuses(sent: &[FrameStep], traits: &ServerTraits, outlook: Outlook) -> Judgement {
    match (outlook, objection(sent, traits)) {
        (Outlook::Stays, _) => Judgement::new(Verdict::Ok, "it was taken"),
        (Outlook::Closes(Some(1009)), _) => Judgement::new(Verdict::Ok, outlook.in_words()),
        (_, Some(usual)) if usual == outlook => as_usual(outlook),
        (Outlook::Closes(_) | Outlook::Cuts, _) => Judgement::new(Verdict::Loose, outlook.in_words()),
        (Outlook::Silent, _) => Judgement::new(Verdict::Fail, outlook.in_words()),
    }
}

fn pongs(sent: &[FrameStep], heard: &Heard) -> Judgement {
    let pings: Vec<_> = frames::pings(sent).collect();
    let mut pongs = heard.after.iter().filter(|frame| frame.is_pong());
    if let Some(other) = pongs.clone().find(|pong| pong.payload != MARKER && !pings.contains(&pong.payload)) {
        return Judgement::new(Verdict::Fail, format!("{}, which no ping had", other.shown()));
    }
    match pings.last() {
        Some(last) if pongs.any(|pong| pong.payload == last) => {
            Judgement::new(Verdict::Ok, format!("pong {}", quoted(last)))
        }
        _ => Judgement::new(Verdict::Fail, came(heard)),
    }
}

fn answers_close(heard: &Heard) -> Judgement {
    match heard.close() {
        None => Judgement::new(Verdict::Fail, came(heard)),
        Some(close) => match frame::check_close(&close.payload) {
            Ok(()) => Judgement::new(Verdict::Ok, close.shown()),
            Err(fault) => Judgement::new(Verdict::Fail, format!("{}: {fault}", close.shown())),
        },
    }
}

fn echoes_code(sent: &[FrameStep], heard: &Heard) -> Judgement {
    match heard.close() {
        None => Judgement::new(Verdict::Fail, came(heard)),
        Some(close) if close.close_code() == sent_code(sent) => Judgement::new(Verdict::Ok, close.shown()),
        Some(close) => Judgement::new(Verdict::Fail, close.shown()),
    }
}

fn ends_transport(heard: &Heard) -> Judgement {
    match (heard.close(), heard.end) {
        (_, HeardEnd::Ended) => Judgement::new(Verdict::Ok, "the connection ended"),
        (None, _) => Judgement::new(Verdict::Unclear, "there was no closing handshake"),
        (Some(close), _) => {
            Judgement::new(Verdict::Fail, format!("{}, and the TCP connection stayed open", close.shown()))
        }
    }
}

fn sends_no_more(heard: &Heard) -> Judgement {
    let Some(at) = heard.after.iter().position(HeardFrame::is_close) else {
        return Judgement::new(Verdict::Unclear, "there was no Close");
    };
    match heard.after[at + 1..].first() {
        Some(late) => Judgement::new(Verdict::Fail, format!("{} after its Close", late.shown())),
        None => Judgement::new(Verdict::Ok, "nothing after its Close"),
    }
}

fn sends_back(sent: &[FrameStep], traits: &ServerTraits, heard: &Heard) -> Judgement {
    if !traits.echoes {
        return Judgement::new(Verdict::Unclear, "a plain message does not come back either");
    }
    let (ours, theirs) = terms(heard);
    let expected = frames::sent_messages(sent, ours).unwrap_or_default();
    match frames::heard_messages(&heard.after, theirs) {
        Err(why) => Judgement::new(Verdict::Fail, format!("a message that cannot be inflated: {why}")),
        Ok(messages) if messages == expected && frames::points_far_back(sent, &heard.after) => {
            Judgement::new(Verdict::Fail, "a message that points back further than the window that was agreed on")
        }
        Ok(messages) if messages == expected => Judgement::new(Verdict::Ok, "the same came back"),
        Ok(messages) if messages.is_empty() => Judgement::new(Verdict::Fail, came(heard)),
        Ok(messages) => {
            let shown = messages.iter().map(|(opcode, data)| format!("{} {}", frame::name(*opcode), quoted(data)));
            Judgement::new(Verdict::Fail, shown.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether what was sent is right, after what was agreed on about compression.
fn may_be_sent(sent: &[FrameStep], heard: &Heard) -> bool {
    heard.deflate.is_none() || frames::sent_messages(sent, terms(heard).0).is_ok()
}

/// How we compress, and how the server does.
fn terms(heard: &Heard) -> (Terms, Terms) {
    heard.deflate.map_or_else(Default::default, |agreed| (agreed.client, agreed.server))
}

fn framed(rule: FrameRule, heard: &Heard) -> Judgement {
    let mut all = heard.before.iter().chain(&heard.after);
    match all.clone().find(|heard| !rule.holds(heard)) {
        Some(frame) => {
            let header = frame.header;
            let (bits, size) = (header.rsv, header.length);
            let masked = if header.mask.is_some() { ", masked" } else { "" };
            let took = frame.header_size;
            let details = format!("FIN {}, RSV {bits:03b}, {size} bytes, header of {took} bytes{masked}", header.fin);
            Judgement::new(Verdict::Fail, format!("{} ({details})", frame.shown()))
        }
        None if all.next().is_some() => Judgement::new(Verdict::Ok, "all frames that came"),
        None => Judgement::new(Verdict::Unclear, "no frames came"),
    }
}

impl FrameRule {
    fn holds(self, frame: &HeardFrame) -> bool {
        let header = &frame.header;
        match self {
            Self::Unmasked => header.mask.is_none(),
            Self::NoReserved => header.rsv == 0 && matches!(header.opcode, CONTINUATION..=2 | CLOSE..=PONG),
            Self::ShortestLength => {
                let mask = if header.mask.is_some() { 4 } else { 0 };
                frame.header_size == Width::of(header.length).header_size() + mask
            }
            Self::PlainControl => !header.is_control() || header.rsv == 0,
            Self::ShortControl => !header.is_control() || header.fin && header.length <= LONGEST_CONTROL as u64,
        }
    }
}

fn sends_close(sent: &[FrameStep]) -> bool {
    frames::heads(sent).any(|frame| frame.opcode == CLOSE)
}

/// The code of the Close among the steps.
fn sent_code(sent: &[FrameStep]) -> Option<u16> {
    let close = frames::heads(sent).find(|frame| frame.opcode == CLOSE)?;
    close.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
}

/// What came instead of what was to come.
fn came(heard: &Heard) -> String {
    let frames: Vec<_> = heard.after.iter().take(3).map(HeardFrame::shown).collect();
    match (frames.is_empty(), heard.end) {
        (true, HeardEnd::Ended) => "the connection was cut without a Close".to_owned(),
        (true, _) => "nothing".to_owned(),
        (false, HeardEnd::Ended) => format!("{}, then the end", frames.join(", ")),
        (false, _) => frames.join(", "),
    }
}
