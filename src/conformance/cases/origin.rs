//! From where clients are let in (RFC 6455, section 10.2; OWASP ASVS 5.0, 4.4.2), and with which TLS (4.4.1): evidence, since
//! only the server's owner knows what is meant.

use crate::conformance::case::{AnswerRule, CheckCase, Layer, OpeningCheck};

const fn origin(name: &'static str, rule: &'static str, origin: &'static [(&'static str, &'static str)]) -> CheckCase {
    let check = OpeningCheck::with(origin, AnswerRule::Told);
    CheckCase::evidence(name, "RFC 6455, 10.2; ASVS 5.0, 4.4.2", rule).asks(check)
}

const fn anonymous(
    name: &'static str,
    rule: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> CheckCase {
    let check = OpeningCheck { anonymous: true, ..OpeningCheck::with(fields, AnswerRule::Told) };
    CheckCase::evidence(name, "RFC 6455, 10.5; ASVS 5.0, 4.4.2", rule).asks(check)
}

const fn layer(name: &'static str, rule: &'static str, layer: Layer) -> CheckCase {
    let check = OpeningCheck { layer, ..OpeningCheck::with(&[], AnswerRule::Told) };
    CheckCase::evidence(name, "RFC 6455, 10.6; ASVS 5.0, 4.4.1", rule).asks(check)
}

const FOREIGN: &[(&str, &str)] = &[("Origin", "https://wsprobe-check.example")];

pub(super) const CASES: &[CheckCase] = &[
    origin("origin/none", "whether it lets in who names no origin", &[("Origin", "")]),
    origin("origin/own", "whether it lets in its own origin", &[("Origin", "{scheme}://{authority}")]),
    origin("origin/foreign", "whether it lets in a foreign origin", FOREIGN),
    origin("origin/null", "whether it lets in the origin `null`, as of a file or a sandbox", &[("Origin", "null")]),
    origin(
        "origin/prefix",
        "whether it lets in an origin that begins like its own",
        &[("Origin", "{scheme}://{host}.wsprobe-check.example")],
    ),
    origin(
        "origin/suffix",
        "whether it lets in an origin that ends like its own",
        &[("Origin", "{scheme}://wsprobe-check-{host}")],
    ),
    anonymous("origin/anonymous", "whether it lets in who gives no credentials", &[]),
    anonymous("origin/foreign-anonymous", "whether it lets in a foreign origin without credentials", FOREIGN),
    layer("tls/plain", "whether it is open without TLS too", Layer::Plain),
    layer("tls/1.2", "whether it speaks TLS 1.2", Layer::Tls12),
    layer("tls/1.3", "whether it speaks TLS 1.3", Layer::Tls13),
];
