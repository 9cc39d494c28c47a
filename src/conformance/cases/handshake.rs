//! The opening handshake (RFC 6455, section 4).

use crate::conformance::case::{AnswerRule, CheckCase, OpeningCheck};

const fn must(name: &'static str, section: &'static str, rule: &'static str) -> CheckCase {
    CheckCase::must(name, section, rule)
}

const fn with(fields: &'static [(&'static str, &'static str)], expected: AnswerRule) -> OpeningCheck {
    OpeningCheck::with(fields, expected)
}

/// What a request that is no opening gets.
const BAD: AnswerRule = AnswerRule::Refuses(&[400, 426]);

pub(super) const CASES: &[CheckCase] = &[
    must("handshake/accept", "RFC 6455, 4.2.2", "answers the key with the right Sec-WebSocket-Accept")
        .asks(with(&[], AnswerRule::RightAccept)),
    must("handshake/upgrade-field", "RFC 6455, 4.2.2", "answers with `Upgrade: websocket`")
        .asks(with(&[], AnswerRule::RightUpgrade)),
    must("handshake/connection-field", "RFC 6455, 4.2.2", "answers with `Connection: Upgrade`")
        .asks(with(&[], AnswerRule::RightConnection)),
    must("handshake/http-version", "RFC 6455, 4.2.2", "answers with HTTP/1.1").asks(with(&[], AnswerRule::Http11)),
    must("handshake/field-case", "RFC 6455, 4.2.1", "takes names of fields and tokens in any case").asks(with(
        &[("upgrade", "WebSocket"), ("connection", "UPGRADE"), ("sec-websocket-version", "13")],
        AnswerRule::Switches,
    )),
    must("handshake/connection-list", "RFC 6455, 4.2.1", "finds `Upgrade` among other tokens of Connection")
        .asks(with(&[("Connection", "keep-alive, Upgrade")], AnswerRule::Switches)),
    must("handshake/unknown-fields", "RFC 6455, 4.2.1", "ignores fields that it does not know")
        .asks(with(&[("X-Wsprobe", "check"), ("Sec-WebSocket-Wsprobe", "check")], AnswerRule::Switches)),
    must("handshake/in-pieces", "RFC 9112, 2.2", "takes a request that comes in pieces")
        .asks(OpeningCheck { in_pieces: true, ..OpeningCheck::USUAL }),
    must("handshake/no-key", "RFC 6455, 4.2.1", "refuses a request without a key")
        .asks(with(&[("Sec-WebSocket-Key", "")], BAD)),
    CheckCase::should("handshake/short-key", "RFC 6455, 4.2.1", "refuses a key of fifteen bytes")
        .asks(with(&[("Sec-WebSocket-Key", "d3Nwcm9iZSBjaGVja3Mh")], BAD)),
    CheckCase::should("handshake/two-keys", "RFC 6455, 11.3.1", "refuses a request with two keys").asks(with(
        &[("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==")],
        BAD,
    )),
    must("handshake/no-version", "RFC 6455, 4.2.1", "refuses a request without a version")
        .asks(with(&[("Sec-WebSocket-Version", "")], BAD)),
    must("handshake/version-12", "RFC 6455, 4.4", "refuses version 12, best with 426")
        .asks(with(&[("Sec-WebSocket-Version", "12")], AnswerRule::Refuses(&[426]))),
    must("handshake/version-list", "RFC 6455, 4.4", "lists the versions that it knows where it refuses one")
        .asks(with(&[("Sec-WebSocket-Version", "12")], AnswerRule::ListsVersions)),
    must("handshake/no-upgrade", "RFC 6455, 4.2.1", "does not switch without an Upgrade field")
        .asks(with(&[("Upgrade", "")], AnswerRule::StaysHttp)),
    must("handshake/other-upgrade", "RFC 6455, 4.2.1", "does not switch to another protocol's Upgrade")
        .asks(with(&[("Upgrade", "wsprobe")], AnswerRule::StaysHttp)),
    must("handshake/no-connection", "RFC 6455, 4.2.1", "does not switch without a Connection field")
        .asks(with(&[("Connection", "")], AnswerRule::StaysHttp)),
    must("handshake/post", "RFC 6455, 4.2.1", "does not switch after POST")
        .asks(OpeningCheck { method: "POST", ..with(&[("Content-Length", "0")], AnswerRule::StaysHttp) }),
    must("handshake/http-1.0", "RFC 6455, 4.2.1", "does not switch after a request of HTTP/1.0")
        .asks(OpeningCheck { version: "HTTP/1.0", ..with(&[], AnswerRule::StaysHttp) }),
    must("handshake/no-host", "RFC 6455, 4.2.1", "refuses a request without a Host")
        .asks(with(&[("Host", "")], AnswerRule::Refuses(&[400]))),
];
