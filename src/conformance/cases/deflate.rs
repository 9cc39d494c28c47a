//! Compressed messages (RFC 7692). Those of section 7.2.3 are its own examples, all of them `Hello`.

use super::frame::BROKEN;
use crate::conformance::case::{CheckCase, FrameRule, FrameStep, Reaction};

use FrameStep::{Filled, Frame, Noise};
use Reaction::{Fails, SendsBack, StaysOpen};

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule).offers("permessage-deflate")
}

/// `Hello`, as section 7.2.3.1 has it.
const HELLO: FrameStep = Frame("text rsv=1 hex f2 48 cd c9 c9 07 00");

/// The same in another message, which points back to the first.
const AGAIN: FrameStep = Frame("text rsv=1 hex f2 00 11 00 00");

/// What cannot be inflated; the RFC names no code for it.
const NO_DEFLATE: Reaction = Fails(&[1007, 1002]);

pub(super) const CASES: &[CheckCase] = &[
    must("deflate/text", "RFC 7692, 7.2.3.1", "takes a compressed message").sends(&[HELLO], StaysOpen),
    must("deflate/plain", "RFC 7692, 6", "takes a message that is not compressed")
        .sends(&[Frame("text Hello")], StaysOpen),
    must("deflate/fragments", "RFC 7692, 7.2.3.1", "takes a compressed message in two frames")
        .sends(&[Frame("text fin=0 rsv=1 hex f2 48 cd"), Frame("continuation hex c9 c9 07 00")], StaysOpen),
    must("deflate/takeover", "RFC 7692, 7.2.3.2", "keeps the window from one message to the next")
        .sends(&[HELLO, AGAIN], StaysOpen),
    must("deflate/stored", "RFC 7692, 7.2.3.3", "takes a block that is not compressed")
        .sends(&[Frame("text rsv=1 hex 00 05 00 fa ff 48 65 6c 6c 6f 00")], StaysOpen),
    must("deflate/final", "RFC 7692, 7.2.3.4", "takes a block with BFINAL set")
        .sends(&[Frame("text rsv=1 hex f3 48 cd c9 c9 07 00 00")], StaysOpen),
    must("deflate/blocks", "RFC 7692, 7.2.3.5", "takes a message of two blocks")
        .sends(&[Frame("text rsv=1 hex f2 48 05 00 00 00 ff ff ca c9 c9 07 00")], StaysOpen),
    must("deflate/empty", "RFC 7692, 7.2.3.6", "takes an empty message that is compressed")
        .sends(&[Frame("text rsv=1 hex 00")], StaysOpen),
    must("deflate/server-control", "RFC 7692, 6", "does not compress control frames")
        .sends(&[Filled("ping", 125)], Reaction::Frames(FrameRule::PlainControl)),
    must("deflate/echo", "RFC 7692, 6", "sends what was compressed back as it was")
        .with_echo()
        .sends(&[HELLO, Filled("text", 2048)], SendsBack),
    must("deflate/echo-takeover", "RFC 7692, 7.2.3.2", "sends back what points to an earlier message")
        .with_echo()
        .sends(&[HELLO, AGAIN], SendsBack),
    must(
        "deflate/echo-no-takeover",
        "RFC 7692, 7.1.1.1",
        "points to no earlier message after server_no_context_takeover",
    )
    .with_echo()
    .offers("permessage-deflate; server_no_context_takeover")
    .sends(&[Filled("text", 2048), Filled("text", 2048)], SendsBack),
    must("deflate/echo-window", "RFC 7692, 7.1.2.1", "points back no further than server_max_window_bits=9 lets it")
        .with_echo()
        .offers("permessage-deflate; server_max_window_bits=9")
        .sends(&[Noise("binary", 2000)], SendsBack),
    must("deflate/rsv1-later", "RFC 7692, 6.1", "fails the connection at RSV1 in a continuation")
        .malformed()
        .sends(&[Frame("text fin=0 rsv=1 hex f2 48 cd"), Frame("continuation rsv=1 hex c9 c9 07 00")], BROKEN),
    must("deflate/rsv1-control", "RFC 7692, 6.1", "fails the connection at RSV1 in a ping")
        .malformed()
        .sends(&[Frame("ping rsv=1 hex f2 48 cd c9 c9 07 00")], BROKEN),
    must("deflate/rsv2", "RFC 6455, 5.2", "fails the connection at RSV2 beside RSV1")
        .malformed()
        .sends(&[Frame("text rsv=1,2 hex f2 48 cd c9 c9 07 00")], BROKEN),
    must("deflate/broken", "RFC 7692, 6.2", "fails the connection at what cannot be inflated")
        .malformed()
        .sends(&[Frame("text rsv=1 hex ff ff ff ff")], NO_DEFLATE),
    must("deflate/not-utf8", "RFC 6455, 8.1", "fails the connection at text that inflates to what is not UTF-8")
        .malformed()
        .sends(&[Frame("text rsv=1 hex 00 01 00 fe ff ff 00")], Fails(&[1007])),
];
