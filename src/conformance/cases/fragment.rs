//! Messages in several frames (RFC 6455, section 5.4).

use super::frame::BROKEN;
use crate::conformance::case::{CheckCase, FrameStep, Reaction};

use FrameStep::{Frame, Times};
use Reaction::{Pongs, SendsBack, StaysOpen};

const fn must(name: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, "RFC 6455, 5.4", rule)
}

pub(super) const CASES: &[CheckCase] = &[
    must("fragment/text", "takes text in three frames")
        .sends(&[Frame("text fin=0 ws"), Frame("continuation fin=0 pro"), Frame("continuation be")], StaysOpen),
    must("fragment/binary", "takes bytes in two frames")
        .sends(&[Frame("binary fin=0 hex 00 ff"), Frame("continuation hex fe 80")], StaysOpen),
    must("fragment/empty", "takes frames without a payload as parts of a message")
        .sends(&[Frame("text fin=0"), Frame("continuation fin=0"), Frame("continuation")], StaysOpen),
    must("fragment/many", "takes a message in a hundred frames")
        .sends(&[Frame("text fin=0 a"), Times(98, "continuation fin=0 a"), Frame("continuation a")], StaysOpen),
    must("fragment/ping-between", "answers a ping within a message, before it has ended")
        .sends(&[Frame("text fin=0 ws"), Frame("ping between"), Frame("continuation fin=0 probe")], Pongs),
    must("fragment/pong-between", "takes a pong within a message")
        .sends(&[Frame("text fin=0 ws"), Frame("pong between"), Frame("continuation probe")], StaysOpen),
    must("fragment/echo", "sends the parts of a message back as one message")
        .with_echo()
        .sends(&[Frame("text fin=0 ws"), Frame("ping between"), Frame("continuation probe")], SendsBack),
    must("fragment/nothing-to-continue", "fails the connection at a continuation of nothing")
        .malformed()
        .sends(&[Frame("continuation wsprobe")], BROKEN),
    must("fragment/nothing-open", "fails the connection at a continuation of a message that has ended")
        .malformed()
        .sends(&[Frame("text wsprobe"), Frame("continuation fin=0 wsprobe")], BROKEN),
    must("fragment/text-within", "fails the connection at a text message within another message")
        .malformed()
        .sends(&[Frame("text fin=0 ws"), Frame("text probe")], BROKEN),
    must("fragment/binary-within", "fails the connection at a binary message within another message")
        .malformed()
        .sends(&[Frame("binary fin=0 ws"), Frame("binary fin=0 probe")], BROKEN),
];
