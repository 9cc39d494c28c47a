//! What the codes of MQTT mean.

/// The return codes of a CONNACK of MQTT 3.1.1 (section 3.2.2.3).
const ACCEPTANCE: [&str; 6] = [
    "accepted",
    "unacceptable protocol version",
    "identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized",
];

/// The reason codes of MQTT 5.0 (section 2.4).
const REASONS: [(u8, &str); 42] = [
    (0, "success"),
    (1, "granted QoS 1"),
    (2, "granted QoS 2"),
    (4, "disconnect with will message"),
    (16, "no matching subscribers"),
    (17, "no subscription existed"),
    (24, "continue authentication"),
    (25, "re-authenticate"),
    (128, "unspecified error"),
    (129, "malformed packet"),
    (130, "protocol error"),
    (131, "implementation specific error"),
    (132, "unsupported protocol version"),
    (133, "client identifier not valid"),
    (134, "bad user name or password"),
    (135, "not authorized"),
    (136, "server unavailable"),
    (137, "server busy"),
    (138, "banned"),
    (139, "server shutting down"),
    (140, "bad authentication method"),
    (141, "keep alive timeout"),
    (142, "session taken over"),
    (143, "topic filter invalid"),
    (144, "topic name invalid"),
    (145, "packet identifier in use"),
    (146, "packet identifier not found"),
    (147, "receive maximum exceeded"),
    (148, "topic alias invalid"),
    (149, "packet too large"),
    (150, "message rate too high"),
    (151, "quota exceeded"),
    (152, "administrative action"),
    (153, "payload format invalid"),
    (154, "retain not supported"),
    (155, "QoS not supported"),
    (156, "use another server"),
    (157, "server moved"),
    (158, "shared subscriptions not supported"),
    (159, "connection rate exceeded"),
    (160, "maximum connect time"),
    (161, "subscription identifiers not supported"),
];

/// What a code means: that of a CONNACK of version 3, or any of version 5.
pub(super) fn reason(code: u8, is_acceptance: bool) -> &'static str {
    let found = match is_acceptance {
        true => ACCEPTANCE.get(usize::from(code)).copied(),
        false => REASONS.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason),
    };
    found.unwrap_or("unknown")
}
