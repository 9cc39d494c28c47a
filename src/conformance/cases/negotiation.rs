//! Subprotocols and extensions (RFC 6455, sections 4.2.2 and 9.1; RFC 7692, sections 5 and 7.1).

use crate::conformance::case::{AnswerRule, CheckCase, OpeningCheck};

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule)
}

const fn subprotocols(offered: &'static [(&'static str, &'static str)], expected: AnswerRule) -> OpeningCheck {
    OpeningCheck::with(offered, expected)
}

/// An offer of permessage-deflate that may not be taken.
const fn declines(name: &'static str, rule: &'static str, offer: &'static str) -> CheckCase {
    let check = OpeningCheck::with(&[], AnswerRule::DeclinesDeflate);
    must(name, "RFC 7692, 7.1", rule).offers(offer).asks(check)
}

/// An offer that may be taken in a certain way only.
const fn fits(name: &'static str, section: &'static str, rule: &'static str, offer: &'static str) -> CheckCase {
    must(name, section, rule).offers(offer).asks(OpeningCheck::with(&[], AnswerRule::FitsDeflate))
}

pub(super) const CASES: &[CheckCase] = &[
    must("negotiation/no-subprotocol", "RFC 6455, 4.2.2", "chooses no subprotocol where none is offered")
        .asks(subprotocols(&[("Sec-WebSocket-Protocol", "")], AnswerRule::NoSubprotocol)),
    CheckCase::evidence(
        "negotiation/unknown-subprotocol",
        "RFC 6455, 4.2.2",
        "whether it chooses a subprotocol that it cannot know",
    )
    .asks(subprotocols(&[("Sec-WebSocket-Protocol", "wsprobe-check.example")], AnswerRule::UnknownSubprotocol)),
    must("negotiation/one-subprotocol", "RFC 6455, 4.2.2", "chooses at most one of several subprotocols").asks(
        subprotocols(
            &[("Sec-WebSocket-Protocol", "a.wsprobe-check.example, b.wsprobe-check.example")],
            AnswerRule::OneSubprotocol,
        ),
    ),
    must("negotiation/no-extension", "RFC 6455, 9.1", "uses no extension where none is offered")
        .asks(OpeningCheck::with(&[], AnswerRule::NoExtension)),
    must("negotiation/unknown-extension", "RFC 6455, 9.1", "uses no extension that it cannot know")
        .offers("x-wsprobe-check; a=1")
        .asks(OpeningCheck::with(&[], AnswerRule::NoExtension)),
    fits(
        "negotiation/client-window",
        "RFC 7692, 7.1.2.2",
        "asks for no client window where the offer does not let it",
        "permessage-deflate",
    ),
    fits(
        "negotiation/server-window",
        "RFC 7692, 7.1.2.1",
        "takes the server window that is asked for, or declines",
        "permessage-deflate; server_max_window_bits=9",
    ),
    fits(
        "negotiation/server-takeover",
        "RFC 7692, 7.1.1.1",
        "does without context takeover where that is asked for, or declines",
        "permessage-deflate; server_no_context_takeover",
    ),
    fits(
        "negotiation/parameters",
        "RFC 7692, 7.1",
        "answers all parameters together with ones that fit",
        "permessage-deflate; client_max_window_bits=10; server_max_window_bits=10; client_no_context_takeover; \
         server_no_context_takeover",
    ),
    fits(
        "negotiation/fallback",
        "RFC 7692, 5",
        "passes over an offer that may not be taken, to the next",
        "permessage-deflate; wsprobe=1, permessage-deflate",
    ),
    declines(
        "negotiation/unknown-parameter",
        "declines permessage-deflate with a parameter that does not exist",
        "permessage-deflate; wsprobe=1",
    ),
    declines(
        "negotiation/bad-window",
        "declines permessage-deflate with a window of 16 bits",
        "permessage-deflate; server_max_window_bits=16",
    ),
    declines(
        "negotiation/bad-value",
        "declines permessage-deflate with a value where there is none",
        "permessage-deflate; server_no_context_takeover=1",
    ),
    declines(
        "negotiation/twice",
        "declines permessage-deflate with a parameter twice",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    ),
];
