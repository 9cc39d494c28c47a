//! Text is UTF-8 (RFC 6455, section 8.1).

use crate::conformance::case::{CheckCase, FrameStep, Reaction};

use FrameStep::Frame;
use Reaction::{Fails, SendsBack, StaysOpen};

/// What text that is not UTF-8 gets.
const NOT_UTF8: Reaction = Fails(&[1007]);

const fn must(name: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, "RFC 6455, 8.1", rule)
}

pub(super) const CASES: &[CheckCase] = &[
    must("utf8/text", "takes characters of two, three and four bytes")
        .sends(&[Frame("text hex c3 a9 e2 82 ac f0 9f a6 80")], StaysOpen),
    must("utf8/split", "takes a character that is cut in two by frames")
        .sends(&[Frame("text fin=0 hex e2 82"), Frame("continuation hex ac")], StaysOpen),
    must("utf8/edges", "takes U+0000, U+D7FF, U+E000, U+FFFF and U+10FFFF")
        .sends(&[Frame("text hex 00 ed 9f bf ee 80 80 ef bf bf f4 8f bf bf")], StaysOpen),
    must("utf8/binary", "takes bytes that are not UTF-8 as a binary message")
        .sends(&[Frame("binary hex ff c0 80 ed a0 80")], StaysOpen),
    must("utf8/echo", "sends characters back as they were").with_echo().sends(
        &[Frame("text hex c3 a9 e2 82 ac f0 9f a6 80"), Frame("text fin=0 hex e2 82"), Frame("continuation hex ac")],
        SendsBack,
    ),
    must("utf8/lone", "fails the connection at a byte that continues no character")
        .malformed()
        .sends(&[Frame("text hex 77 80 73")], NOT_UTF8),
    must("utf8/cut", "fails the connection at text that ends within a character")
        .malformed()
        .sends(&[Frame("text hex 77 e2 82")], NOT_UTF8),
    must("utf8/overlong", "fails the connection at a character in more bytes than it needs")
        .malformed()
        .sends(&[Frame("text hex c0 af")], NOT_UTF8),
    must("utf8/surrogate", "fails the connection at a surrogate (U+D800)")
        .malformed()
        .sends(&[Frame("text hex ed a0 80")], NOT_UTF8),
    must("utf8/too-high", "fails the connection at what is above U+10FFFF")
        .malformed()
        .sends(&[Frame("text hex f4 90 80 80")], NOT_UTF8),
    must("utf8/never", "fails the connection at bytes that UTF-8 never has")
        .malformed()
        .sends(&[Frame("text hex fe ff")], NOT_UTF8),
    must("utf8/later", "fails the connection at what is not UTF-8 in a later frame")
        .malformed()
        .sends(&[Frame("text fin=0 ws"), Frame("continuation hex ff")], NOT_UTF8),
    CheckCase::should(
        "utf8/early",
        "RFC 6455, 8.1",
        "fails the connection before a message that is not UTF-8 has ended",
    )
    .malformed()
    .sends(&[Frame("text fin=0 hex 77 ff")], NOT_UTF8),
    CheckCase::must("utf8/reason", "RFC 6455, 5.5.1", "fails the connection at a reason that is not UTF-8")
        .malformed()
        .sends(&[Frame("close hex 03 e8 ff")], Fails(&[1007, 1002])),
];
