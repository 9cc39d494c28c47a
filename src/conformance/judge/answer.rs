//! Judges answers to opening requests (RFC 6455, section 4).

use super::verdict::{Judgement, Verdict};
use crate::conformance::case::{AnswerRule, OpeningCheck};
use crate::conformance::observed::{Reply, ServerTraits};
use crate::handshake::head::{list, values};
use crate::handshake::{BadAnswer, Response};

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

pub(super) fn judge(check: &OpeningCheck, traits: &ServerTraits, reply: &Reply) -> Judgement {
    let words = in_words(reply);
    if let Reply::Refused(Response { status: 502..=504, .. }) = reply {
        return Judgement::new(Verdict::Unclear, format!("{words}, as a gateway says it"));
    }
    match check.expected {
        AnswerRule::Switches => Judgement::new(switches(reply), words),
        AnswerRule::StaysHttp => Judgement::new(stays_http(reply), words),
        AnswerRule::Refuses(statuses) => Judgement::new(refuses(reply, statuses), words),
        AnswerRule::Told => told(reply, words),
        AnswerRule::UnknownSubprotocol if reply.switching().is_none() => told(reply, words),
        AnswerRule::ListsVersions => lists_versions(reply, &words),
        rule => match reply.switching() {
            Some(response) => of_switching(rule, traits, reply, response),
            None if rule.passes_with_a_refusal() => {
                Judgement::new(Verdict::Loose, format!("{words}: all of the request was refused"))
            }
            None => Judgement::new(Verdict::Unclear, words),
        },
    }
}

/// The answer in a line.
pub(super) fn in_words(reply: &Reply) -> String {
    match reply {
        Reply::Switched { response, .. } | Reply::Refused(response) => status_line(response),
        Reply::BadSwitch { response, source } => format!("{}: {source}", status_line(response)),
        Reply::Gone(how) => how.clone(),
        Reply::Silent(time) => format!("no answer within {time:?}"),
    }
}

impl Reply {
    /// The 101, if it is one.
    fn switching(&self) -> Option<&Response> {
        match self {
            Self::Switched { response, .. } => Some(response),
            Self::BadSwitch { response, .. } => Some(response),
            Self::Refused(_) | Self::Gone(_) | Self::Silent(_) => None,
        }
    }

    fn bad_answer(&self) -> Option<&BadAnswer> {
        match self {
            Self::BadSwitch { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl AnswerRule {
    /// Whether a server keeps the rule that refuses the whole request.
    fn passes_with_a_refusal(self) -> bool {
        matches!(self, Self::NoExtension | Self::DeclinesDeflate)
    }
}

fn switches(reply: &Reply) -> Verdict {
    match reply {
        // What is wrong with it has cases of its own.
        Reply::Switched { .. } | Reply::BadSwitch { .. } => Verdict::Ok,
        Reply::Refused(_) | Reply::Gone(_) | Reply::Silent(_) => Verdict::Fail,
    }
}

fn stays_http(reply: &Reply) -> Verdict {
    match reply {
        Reply::Switched { .. } | Reply::BadSwitch { .. } => Verdict::Fail,
        Reply::Refused(_) => Verdict::Ok,
        Reply::Gone(_) | Reply::Silent(_) => Verdict::Loose,
    }
}

fn refuses(reply: &Reply, statuses: &[u16]) -> Verdict {
    match reply {
        Reply::Refused(response) if statuses.contains(&response.status) => Verdict::Ok,
        Reply::Refused(_) | Reply::Gone(_) => Verdict::Loose,
        Reply::Switched { .. } | Reply::BadSwitch { .. } | Reply::Silent(_) => Verdict::Fail,
    }
}

fn told(reply: &Reply, words: String) -> Judgement {
    match reply {
        Reply::Switched { .. } | Reply::BadSwitch { .. } => Judgement::new(Verdict::Noted, format!("let in: {words}")),
        Reply::Refused(_) | Reply::Gone(_) => Judgement::new(Verdict::Noted, format!("not let in: {words}")),
        Reply::Silent(_) => Judgement::new(Verdict::Unclear, words),
    }
}

fn lists_versions(reply: &Reply, words: &str) -> Judgement {
    let Reply::Refused(response) = reply else {
        let verdict = if reply.switching().is_some() { Verdict::Fail } else { Verdict::Loose };
        return Judgement::new(verdict, words);
    };
    let listed: Vec<_> = list(&response.fields, "Sec-WebSocket-Version").collect();
    let verdict = if listed.contains(&"13") { Verdict::Ok } else { Verdict::Fail };
    Judgement::new(verdict, format!("{words}, {}", shown("Sec-WebSocket-Version", &listed)))
}

/// Rules about what stands in a 101.
fn of_switching(rule: AnswerRule, traits: &ServerTraits, reply: &Reply, response: &Response) -> Judgement {
    let held = |name: &'static str, is_kept: bool| {
        let got: Vec<_> = values(&response.fields, name).collect();
        Judgement::new(if is_kept { Verdict::Ok } else { Verdict::Fail }, shown(name, &got))
    };
    let has = |name, token: &str| list(&response.fields, name).any(|item| item.eq_ignore_ascii_case(token));
    let is_bad = |flaw: fn(&BadAnswer) -> bool| reply.bad_answer().is_some_and(flaw);
    match rule {
        AnswerRule::RightAccept => held("Sec-WebSocket-Accept", !is_bad(|bad| matches!(bad, BadAnswer::Accept { .. }))),
        AnswerRule::RightUpgrade => held("Upgrade", has("Upgrade", "websocket")),
        AnswerRule::RightConnection => held("Connection", has("Connection", "Upgrade")),
        AnswerRule::Http11 => {
            let verdict = if response.minor_version == 1 { Verdict::Ok } else { Verdict::Fail };
            Judgement::new(verdict, format!("HTTP/1.{}", response.minor_version))
        }
        AnswerRule::NoSubprotocol => held(SUBPROTOCOL, values(&response.fields, SUBPROTOCOL).next().is_none()),
        // It may take any name for one, as a test server does.
        AnswerRule::UnknownSubprotocol => Judgement { verdict: Verdict::Noted, ..held(SUBPROTOCOL, true) },
        AnswerRule::OneSubprotocol => held(
            SUBPROTOCOL,
            !is_bad(|bad| matches!(bad, BadAnswer::Subprotocol { .. } | BadAnswer::SeveralSubprotocols { .. })),
        ),
        AnswerRule::NoExtension | AnswerRule::DeclinesDeflate => {
            held(EXTENSIONS, values(&response.fields, EXTENSIONS).next().is_none())
        }
        _ if !traits.deflates => Judgement::new(Verdict::Skipped, "the server does not compress"),
        _ => fits_deflate(reply, response),
    }
}

fn fits_deflate(reply: &Reply, response: &Response) -> Judgement {
    let got: Vec<_> = values(&response.fields, EXTENSIONS).collect();
    let came = shown(EXTENSIONS, &got);
    match reply.bad_answer() {
        Some(flaw @ (BadAnswer::Extension { .. } | BadAnswer::Compression(_))) => {
            let why = std::error::Error::source(flaw).map_or_else(|| flaw.to_string(), ToString::to_string);
            Judgement::new(Verdict::Fail, format!("{came}: {why}"))
        }
        _ => Judgement::new(Verdict::Ok, came),
    }
}

fn status_line(response: &Response) -> String {
    let line = format!("HTTP/1.{} {} {}", response.minor_version, response.status, response.reason);
    line.trim_end().to_owned()
}

/// ``no `Name` ``, or the values of that field, beginning with this one.
fn shown(name: &str, values: &[&str]) -> String {
    if values.is_empty() { format!("no `{name}`") } else { format!("{name}: {}", quoted_all(values)) }
}

fn quoted_all(values: &[&str]) -> String {
    const SHOWN: usize = 200;
    let shown = |value: &&str| match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{}\"…", value[..end].escape_debug()),
        None => format!("\"{}\"", value.escape_debug()),
    };
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}
