//! What a case sends and what is to come of it, in words.

use super::case::{Act, AnswerRule, CheckCase, FrameRule, FrameStep, Layer, OpeningCheck, Reaction};

/// What is sent, in a line.
pub(crate) fn sent(case: &CheckCase) -> String {
    match case.act {
        Act::Ask(check) => request(case, &check),
        Act::Talk { sent, .. } => {
            let steps: Vec<_> = sent.iter().map(FrameStep::to_string).collect();
            let offer = case.offer.map_or_else(String::new, |offer| format!(" (offered: {offer})"));
            steps.join("; ") + &offer
        }
        Act::Vanish => "nothing for the time of --vanish, not even a pong".to_owned(),
    }
}

/// What is to come, in a line.
pub(crate) fn expected(case: &CheckCase) -> String {
    match case.act {
        Act::Ask(check) => answer(check.expected),
        Act::Talk { expected, .. } => reaction(expected),
        Act::Vanish => "a Close, or an end".to_owned(),
    }
}

fn request(case: &CheckCase, check: &OpeningCheck) -> String {
    let mut parts = Vec::new();
    if (check.method, check.version) != ("GET", "HTTP/1.1") {
        parts.push(format!("{} … {}", check.method, check.version));
    }
    let fields = check.fields.iter().copied().chain(case.offer.map(|offer| ("Sec-WebSocket-Extensions", offer)));
    parts.extend(fields.map(|(name, value)| match value {
        "" => format!("no {name}"),
        value => format!("{name}: {value}"),
    }));
    parts.extend(check.in_pieces.then(|| "the usual request, a few bytes at a time".to_owned()));
    parts.extend(check.anonymous.then(|| "no credentials".to_owned()));
    match check.layer {
        Layer::AsUsual => {}
        Layer::Plain => parts.push("the request without TLS".to_owned()),
        Layer::Tls12 => parts.push("TLS 1.2 alone".to_owned()),
        Layer::Tls13 => parts.push("TLS 1.3 alone".to_owned()),
    }
    if parts.is_empty() { "the usual request".to_owned() } else { parts.join("; ") }
}

fn answer(rule: AnswerRule) -> String {
    match rule {
        AnswerRule::Switches => "101",
        AnswerRule::StaysHttp => "any answer but 101",
        AnswerRule::Refuses(statuses) => return format!("an error, best {}", either(statuses)),
        AnswerRule::RightAccept => "the key's Sec-WebSocket-Accept",
        AnswerRule::RightUpgrade => "Upgrade: websocket",
        AnswerRule::RightConnection => "Connection: Upgrade",
        AnswerRule::Http11 => "HTTP/1.1",
        AnswerRule::ListsVersions => "an error with Sec-WebSocket-Version: 13",
        AnswerRule::NoSubprotocol | AnswerRule::UnknownSubprotocol => "no Sec-WebSocket-Protocol",
        AnswerRule::OneSubprotocol => "at most one Sec-WebSocket-Protocol, of those that were offered",
        AnswerRule::NoExtension | AnswerRule::DeclinesDeflate => "no Sec-WebSocket-Extensions",
        AnswerRule::FitsDeflate => "parameters that the offer lets it have",
        AnswerRule::Told => "what the server thinks right",
    }
    .to_owned()
}

fn reaction(reaction: Reaction) -> String {
    match reaction {
        Reaction::StaysOpen => "the pong to a ping that follows",
        Reaction::Fails(codes) => return format!("Close {}, or an end", either(codes)),
        Reaction::Pongs => "a pong with the payload of the last ping",
        Reaction::AnswersClose => "a Close, with a code that may be sent or none",
        Reaction::EchoesCode => "a Close with the same code",
        Reaction::EndsTransport => "the end of the TCP connection after the closing handshake",
        Reaction::SendsNoMore => "nothing after the server's Close",
        Reaction::SendsBack => "the same back",
        Reaction::SendsBackOrRefuses => "the same back, or Close 1009",
        Reaction::Frames(FrameRule::Unmasked) => "frames without a mask",
        Reaction::Frames(FrameRule::NoReserved) => "frames without reserved bits and opcodes",
        Reaction::Frames(FrameRule::ShortestLength) => "lengths in as few bytes as they need",
        Reaction::Frames(FrameRule::ShortControl) => "control frames in one piece, with 125 bytes at most",
        Reaction::Frames(FrameRule::PlainControl) => "control frames without reserved bits",
        Reaction::TakesOrRefuses => "the pong to a ping that follows, or Close 1009",
    }
    .to_owned()
}

fn either(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}

impl std::fmt::Display for FrameStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(text) => f.write_str(text),
            Self::Dripped(text) => write!(f, "{text} (a byte at a time)"),
            Self::Times(count, text) => write!(f, "{count} times {text}"),
            Self::Filled(text, size) => write!(f, "{text} (filled up to {size} bytes)"),
            Self::Deflated(text, size) => write!(f, "{text} (inflates to {size} bytes)"),
            Self::Noise(text, size) => write!(f, "{text} ({size} bytes of noise, twice)"),
        }
    }
}
