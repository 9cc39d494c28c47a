//! The closing handshake (RFC 6455, sections 5.5.1 and 7).

use super::frame::BROKEN;
use crate::conformance::case::{CheckCase, FrameStep, Reaction};

use FrameStep::{Filled, Frame};
use Reaction::{AnswersClose, EchoesCode, EndsTransport, SendsNoMore};

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule)
}

/// A Close that no peer may send.
const fn bad(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    must(name, section, rule).malformed()
}

/// 1000.
const NORMAL: &[FrameStep] = &[Frame("close hex 03 e8")];

pub(super) const CASES: &[CheckCase] = &[
    must("close/answered", "RFC 6455, 5.5.1", "answers a Close with a Close").sends(NORMAL, AnswersClose),
    CheckCase::should("close/code", "RFC 6455, 5.5.1", "answers with the code that it was sent")
        .sends(NORMAL, EchoesCode),
    must("close/empty", "RFC 6455, 7.4.1", "answers a Close without a code, and not with 1005")
        .sends(&[Frame("close")], AnswersClose),
    must("close/transport", "RFC 6455, 7.1.1", "ends the connection after the closing handshake")
        .sends(NORMAL, EndsTransport),
    must("close/last", "RFC 6455, 5.5.1", "sends no message after its Close")
        .sends(&[Frame("text one"), Frame("text two"), Frame("close hex 03 e8")], SendsNoMore),
    must("close/reason", "RFC 6455, 5.5.1", "takes a reason").sends(&[Frame("close hex 03 e8 62 79 65")], AnswersClose),
    must("close/longest", "RFC 6455, 5.5", "takes a Close of 125 bytes")
        .sends(&[Filled("close hex 03 e8", 125)], AnswersClose),
    must("close/code-1001", "RFC 6455, 7.4.1", "takes 1001 (going away)")
        .sends(&[Frame("close hex 03 e9")], AnswersClose),
    must("close/code-3000", "RFC 6455, 7.4.2", "takes a code that is registered")
        .sends(&[Frame("close hex 0b b8")], AnswersClose),
    must("close/code-4999", "RFC 6455, 7.4.2", "takes a code of applications")
        .sends(&[Frame("close hex 13 87")], AnswersClose),
    bad("close/half-code", "RFC 6455, 5.5.1", "fails the connection at a Close with half a code")
        .sends(&[Frame("close hex 03")], BROKEN),
    bad("close/code-999", "RFC 6455, 7.4.2", "fails the connection at the code 999, which is not used")
        .sends(&[Frame("close hex 03 e7")], BROKEN),
    bad("close/code-1005", "RFC 6455, 7.4.1", "fails the connection at the code 1005, which is never sent")
        .sends(&[Frame("close hex 03 ed")], BROKEN),
    bad("close/code-1006", "RFC 6455, 7.4.1", "fails the connection at the code 1006, which is never sent")
        .sends(&[Frame("close hex 03 ee")], BROKEN),
    bad("close/code-1015", "RFC 6455, 7.4.1", "fails the connection at the code 1015, which is never sent")
        .sends(&[Frame("close hex 03 f7")], BROKEN),
    CheckCase::should("close/code-2999", "RFC 6455, 7.4.2", "fails the connection at the code 2999, which is reserved")
        .malformed()
        .sends(&[Frame("close hex 0b b7")], BROKEN),
    bad("close/too-long", "RFC 6455, 5.5", "fails the connection at a Close of 126 bytes")
        .sends(&[Filled("close hex 03 e8", 126)], BROKEN),
    bad("close/fragment", "RFC 6455, 5.5", "fails the connection at a fragmented Close")
        .sends(&[Frame("close fin=0 hex 03 e8")], BROKEN),
];
