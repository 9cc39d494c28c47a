//! Pings and pongs (RFC 6455, sections 5.5.2 and 5.5.3).

use super::frame::BROKEN;
use crate::conformance::case::{CheckCase, FrameStep, Reaction};

use FrameStep::{Filled, Frame, Times};
use Reaction::{Pongs, StaysOpen};

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule)
}

pub(super) const CASES: &[CheckCase] = &[
    must("control/ping", "RFC 6455, 5.5.2", "answers a ping with a pong of the same payload")
        .sends(&[Frame("ping hello")], Pongs),
    must("control/ping-empty", "RFC 6455, 5.5.2", "answers a ping without a payload").sends(&[Frame("ping")], Pongs),
    must("control/ping-125", "RFC 6455, 5.5.3", "sends the whole of the longest payload back")
        .sends(&[Filled("ping", 125)], Pongs),
    must("control/ping-bytes", "RFC 6455, 5.5.3", "sends bytes back that are not UTF-8")
        .sends(&[Frame("ping hex 00 ff fe 80 7f")], Pongs),
    must("control/pings", "RFC 6455, 5.5.3", "answers the last of several pings at least")
        .sends(&[Times(9, "ping one of many"), Frame("ping the last")], Pongs),
    must("control/pong-unasked", "RFC 6455, 5.5.3", "takes a pong that nobody asked for")
        .sends(&[Frame("pong"), Frame("pong wsprobe")], StaysOpen),
    must("control/ping-126", "RFC 6455, 5.5", "fails the connection at a ping of 126 bytes")
        .malformed()
        .sends(&[Filled("ping", 126)], BROKEN),
    must("control/ping-fragment", "RFC 6455, 5.5", "fails the connection at a fragmented ping")
        .malformed()
        .sends(&[Frame("ping fin=0 wsprobe"), Frame("continuation wsprobe")], BROKEN),
    must("control/pong-126", "RFC 6455, 5.5", "fails the connection at a pong of 126 bytes")
        .malformed()
        .sends(&[Filled("pong", 126)], BROKEN),
    must("control/pong-fragment", "RFC 6455, 5.5", "fails the connection at a fragmented pong")
        .malformed()
        .sends(&[Frame("pong fin=0 wsprobe"), Frame("continuation wsprobe")], BROKEN),
    must("control/ping-rsv1", "RFC 6455, 5.2", "fails the connection at a ping with a reserved bit")
        .malformed()
        .sends(&[Frame("ping rsv=1 wsprobe")], BROKEN),
    CheckCase::evidence("control/vanished", "RFC 6455, 5.5.2", "whether it notices a client that answers nothing")
        .vanishes(),
];
