//! Frames (RFC 6455, section 5).

use crate::conformance::case::{CheckCase, FrameRule, FrameStep, Reaction};

use FrameStep::{Dripped, Filled, Frame};
use Reaction::{Fails, SendsBack, StaysOpen};

/// What a frame that breaks the protocol gets.
pub(super) const BROKEN: Reaction = Fails(&[1002]);

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule)
}

const fn framed(name: &'static str, section: &'static str, rule: &'static str, frames: FrameRule) -> CheckCase {
    must(name, section, rule).sends(&[Frame("text wsprobe"), Frame("ping wsprobe")], Reaction::Frames(frames))
}

pub(super) const CASES: &[CheckCase] = &[
    framed("frame/server-unmasked", "RFC 6455, 5.1", "does not mask what it sends", FrameRule::Unmasked),
    framed(
        "frame/server-reserved",
        "RFC 6455, 5.2",
        "sets no reserved bits without an extension",
        FrameRule::NoReserved,
    ),
    framed(
        "frame/server-length",
        "RFC 6455, 5.2",
        "writes a length in as few bytes as it needs",
        FrameRule::ShortestLength,
    ),
    framed(
        "frame/server-control",
        "RFC 6455, 5.5",
        "sends control frames whole and of 125 bytes at most",
        FrameRule::ShortControl,
    ),
    must("frame/empty-text", "RFC 6455, 5.6", "takes an empty text message").sends(&[Frame("text")], StaysOpen),
    must("frame/empty-binary", "RFC 6455, 5.6", "takes an empty binary message").sends(&[Frame("binary")], StaysOpen),
    must("frame/length-125", "RFC 6455, 5.2", "takes the longest length of 7 bits")
        .sends(&[Filled("binary", 125)], StaysOpen),
    must("frame/length-126", "RFC 6455, 5.2", "takes the shortest length of 16 bits")
        .sends(&[Filled("binary", 126)], StaysOpen),
    must("frame/length-65535", "RFC 6455, 5.2", "takes the longest length of 16 bits")
        .sends(&[Filled("binary", 65535)], StaysOpen),
    must("frame/length-65536", "RFC 6455, 5.2", "takes the shortest length of 64 bits")
        .sends(&[Filled("binary", 65536)], StaysOpen),
    must("frame/zero-mask", "RFC 6455, 5.3", "takes a mask of four zero bytes")
        .sends(&[Frame("text mask=00000000 wsprobe")], StaysOpen),
    must("frame/in-pieces", "RFC 6455, 5.1", "takes a frame that comes a byte at a time")
        .sends(&[Dripped("text mask=37fa213d wsprobe")], StaysOpen),
    must("frame/together", "RFC 6455, 5.1", "takes several frames that come together")
        .sends(&[Frame("text one"), Frame("binary two"), Frame("pong three"), Frame("text four")], StaysOpen),
    must("frame/echo-text", "RFC 6455, 5.6", "sends text back as text")
        .with_echo()
        .sends(&[Frame("text wsprobe")], SendsBack),
    must("frame/echo-binary", "RFC 6455, 5.6", "sends bytes back as a binary message")
        .with_echo()
        .sends(&[Frame("binary hex 00 ff 80 7f")], SendsBack),
    must("frame/echo-long", "RFC 6455, 5.2", "sends 65536 bytes back")
        .with_echo()
        .sends(&[Filled("binary", 65536)], SendsBack),
    must("frame/unmasked", "RFC 6455, 5.1", "fails the connection at a frame that is not masked")
        .malformed()
        .sends(&[Frame("text mask=none wsprobe")], BROKEN),
    must("frame/rsv1", "RFC 6455, 5.2", "fails the connection at RSV1 without an extension")
        .malformed()
        .sends(&[Frame("text rsv=1 wsprobe")], BROKEN),
    must("frame/rsv2", "RFC 6455, 5.2", "fails the connection at RSV2")
        .malformed()
        .sends(&[Frame("text rsv=2 wsprobe")], BROKEN),
    must("frame/rsv3", "RFC 6455, 5.2", "fails the connection at RSV3")
        .malformed()
        .sends(&[Frame("text rsv=3 wsprobe")], BROKEN),
    must("frame/opcode-3", "RFC 6455, 5.2", "fails the connection at opcode 3, which is reserved")
        .malformed()
        .sends(&[Frame("3 wsprobe")], BROKEN),
    must("frame/opcode-7", "RFC 6455, 5.2", "fails the connection at opcode 7, which is reserved")
        .malformed()
        .sends(&[Frame("7")], BROKEN),
    must("frame/opcode-11", "RFC 6455, 5.2", "fails the connection at opcode 11, which is reserved")
        .malformed()
        .sends(&[Frame("11 wsprobe")], BROKEN),
    must("frame/opcode-15", "RFC 6455, 5.2", "fails the connection at opcode 15, which is reserved")
        .malformed()
        .sends(&[Frame("15")], BROKEN),
    CheckCase::should("frame/long-length-16", "RFC 6455, 5.2", "fails the connection at 16 bits for a length of 7")
        .malformed()
        .sends(&[Frame("text len16=7 wsprobe")], BROKEN),
    CheckCase::should("frame/long-length-64", "RFC 6455, 5.2", "fails the connection at 64 bits for a length of 7")
        .malformed()
        .sends(&[Frame("text len64=7 wsprobe")], BROKEN),
    must("frame/length-bit-63", "RFC 6455, 5.2", "fails the connection at a length with its highest bit set")
        .malformed()
        .sends(&[Frame("binary len64=9223372036854775808")], Fails(&[1002, 1009])),
];
