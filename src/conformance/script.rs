//! `--show`: a case as a script, for `wsprobe run`.

use std::fmt::Write as _;

use super::case::{Act, AnswerRule, CheckCase, FrameStep, Layer, OpeningCheck, Reaction};
use super::{expected, frames, placeholders};
use crate::target::Target;
use crate::text::hex::digits;
use crate::wire::frame::{self, BINARY, TEXT};
use crate::wire::raw_frame::RawFrame;

/// No line of a script has a larger payload.
const LONGEST: usize = 64 << 10;

/// The case as a script; without a target, the URL is a variable.
pub(crate) fn page(case: &CheckCase, target: Option<&Target>) -> String {
    let CheckCase { name, rule, section, level, .. } = case;
    let url = target.map_or_else(|| "{{url}}".to_owned(), Target::url);
    let mut page = format!("# {name}: {rule}\n# {level}, {section}; to come: {}\n", expected::expected(case));
    let check = match case.act {
        Act::Ask(check) => check,
        Act::Talk { .. } | Act::Vanish => OpeningCheck::USUAL,
    };
    for what in unsaid(&check) {
        writeln!(page, "# A script cannot say it: {what}.").expect("a String takes all");
    }
    writeln!(page, "connect {url}").expect("a String takes all");
    for option in options(case, &check, target) {
        writeln!(page, "  {option}").expect("a String takes all");
    }
    match case.act {
        Act::Ask(check) => answer(&mut page, check.expected),
        Act::Talk { sent, expected } => {
            sent.iter().for_each(|step| put_step(&mut page, *step));
            reaction(&mut page, sent, expected);
        }
        Act::Vanish => page += "nothing within 1m\n",
    }
    page
}

/// What of a request no option says.
fn unsaid(check: &OpeningCheck) -> Vec<String> {
    let line = (check.method, check.version) != ("GET", "HTTP/1.1");
    let line =
        line.then(|| format!("the request begins with {} and ends its line with {}", check.method, check.version));
    let pieces = check.in_pieces.then(|| "the request comes in pieces".to_owned());
    let plain = (check.layer == Layer::Plain).then(|| "the URL begins with ws://".to_owned());
    let anonymous = check.anonymous.then(|| "no credentials are given".to_owned());
    [line, pieces, plain, anonymous].into_iter().flatten().collect()
}

fn options(case: &CheckCase, check: &OpeningCheck, target: Option<&Target>) -> Vec<String> {
    let filled = |value: &str| match target {
        Some(target) => placeholders::filled_in(value, target),
        None => value.replace('{', "{{").replace('}', "}}"),
    };
    let fields = check.fields.iter().map(|(name, value)| format!("header {name}: {}", filled(value)));
    let offer = case.offer.map(|offer| format!("header Sec-WebSocket-Extensions: {offer}"));
    let layer = match check.layer {
        Layer::AsUsual | Layer::Plain => None,
        Layer::Tls12 => Some("tls-max 1.2".to_owned()),
        Layer::Tls13 => Some("tls-min 1.3".to_owned()),
    };
    let silence = matches!(case.act, Act::Vanish).then(|| "no-pong".to_owned());
    let without = case.offer.is_none().then(|| "compress off".to_owned());
    let all = without.into_iter().chain(fields).chain(offer).chain(layer).chain(silence);
    all.map(|option| option.trim_end().to_owned()).collect()
}

fn answer(page: &mut String, rule: AnswerRule) {
    *page += &match rule {
        AnswerRule::StaysHttp => "# Any other status but 101 will do.\nstatus 400\n".to_owned(),
        AnswerRule::Refuses(statuses) => {
            let first = statuses.first().copied().unwrap_or(400);
            format!("# Any other error will do.\nstatus {first}\n")
        }
        AnswerRule::ListsVersions => "expect header Sec-WebSocket-Version contains 13\n".to_owned(),
        AnswerRule::NoSubprotocol => "status 101\nexpect subprotocol \"\"\n".to_owned(),
        _ => "status 101\n".to_owned(),
    };
}

fn put_step(page: &mut String, step: FrameStep) {
    match step {
        FrameStep::Frame(text) => writeln!(page, "frame {text}"),
        FrameStep::Dripped(text) => writeln!(page, "# A byte at a time, which a script cannot say.\nframe {text}"),
        FrameStep::Times(count, text) => writeln!(page, "repeat {count} {{\n  frame {text}\n}}"),
        FrameStep::Filled(..) | FrameStep::Deflated(..) | FrameStep::Noise(..) => {
            frames::of_step(step).iter().for_each(|frame| put_frame(page, frame));
            Ok(())
        }
    }
    .expect("a String takes all");
}

/// A frame, or as many as its payload needs to be written down.
fn put_frame(page: &mut String, frame: &RawFrame) {
    let mut pieces = frame.payload.chunks(LONGEST);
    let count = pieces.len();
    let first = RawFrame { fin: frame.fin && count <= 1, ..frame.clone() };
    writeln!(page, "frame {}", written(&first, pieces.next().unwrap_or_default())).expect("a String takes all");
    if count > 1 {
        let piece = pieces.next().unwrap_or_default();
        let next = RawFrame { opcode: frame::CONTINUATION, rsv: 0, fin: false, ..frame.clone() };
        let last = RawFrame { fin: frame.fin, ..next.clone() };
        page.insert_str(0, "# A payload longer than 64 KiB goes in frames of that size.\n");
        writeln!(page, "repeat {} {{\n  frame {}\n}}", count - 2, written(&next, piece)).expect("a String takes all");
        writeln!(page, "frame {}", written(&last, piece)).expect("a String takes all");
    }
}

fn written(frame: &RawFrame, payload: &[u8]) -> String {
    let fin = if frame.fin { "" } else { " fin=0" };
    let bits = [(frame::RSV1, "1"), (frame::RSV1 >> 1, "2"), (frame::RSV1 >> 2, "3")];
    let bits: Vec<_> = bits.into_iter().filter(|(bit, _)| frame.rsv & bit != 0).map(|(_, name)| name).collect();
    let rsv = if bits.is_empty() { String::new() } else { format!(" rsv={}", bits.join(",")) };
    format!("{}{fin}{rsv} hex {}", frame::name(frame.opcode), digits(payload))
}

fn reaction(page: &mut String, sent: &[FrameStep], expected: Reaction) {
    match expected {
        Reaction::StaysOpen | Reaction::TakesOrRefuses | Reaction::Frames(_) => {
            *page += "ping wsprobe check\nskip until pong wsprobe check\n";
        }
        Reaction::Fails(codes) => {
            let code = codes.first().copied().unwrap_or(1002);
            writeln!(page, "skip until close {code}").expect("a String takes all");
        }
        Reaction::Pongs => put_pong(page, sent),
        Reaction::AnswersClose | Reaction::EndsTransport | Reaction::SendsNoMore => *page += "skip until close\n",
        Reaction::EchoesCode => *page += "skip until close 1000\n",
        Reaction::SendsBack | Reaction::SendsBackOrRefuses => {
            let messages = frames::sent_messages(sent, Default::default()).unwrap_or_default();
            messages.iter().for_each(|(opcode, data)| put_message(page, *opcode, data));
        }
    }
}

fn put_pong(page: &mut String, sent: &[FrameStep]) {
    let pings = frames::pings(sent).count();
    let last = frames::pings(sent).next_back().unwrap_or_default();
    // A pattern for bytes there is none of pongs.
    *page += &match std::str::from_utf8(&last) {
        Ok(text) if !text.contains('\0') && pings > 1 => format!("skip until pong {text}\n"),
        Ok(text) if !text.contains('\0') => format!("expect pong \"{text}\"\n"),
        _ => "expect pong\n".to_owned(),
    };
}

fn put_message(page: &mut String, opcode: u8, data: &[u8]) {
    *page += &match (opcode, std::str::from_utf8(data)) {
        _ if data.len() > LONGEST => format!("# It has {} bytes.\nexpect {}\n", data.len(), frame::name(opcode)),
        (TEXT, Ok(text)) => format!("expect text \"{text}\"\n"),
        (BINARY, _) => format!("expect binary hex {}\n", spaced(data)),
        _ => format!("expect {}\n", frame::name(opcode)),
    };
}

/// Two digits a byte, as the language of scripts has it in its canonical form.
fn spaced(data: &[u8]) -> String {
    data.iter().map(|byte| digits(&[*byte])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::cases;
    use crate::script::canonical::format;
    use crate::target::Parsed;

    #[test]
    fn each_case_is_a_script_in_its_canonical_form() {
        let target = Parsed::from_text("ws://h:1/x").unwrap().target;
        for case in cases::all() {
            for target in [None, Some(&target)] {
                let page = page(case, target);
                let formatted = format(&page).unwrap_or_else(|flaws| panic!("{}: {flaws:?}", case.name));
                assert!(page == formatted, "{}:\n{:.400}\n---\n{:.400}", case.name, page, formatted);
            }
        }
    }

    #[test]
    fn a_script_says_what_the_case_sends_and_expects() {
        let shown = |name: &str| page(cases::all().find(|case| case.name == name).unwrap(), None);
        assert_eq!(
            shown("frame/rsv2"),
            "# frame/rsv2: fails the connection at RSV2\n# MUST, RFC 6455, 5.2; to come: Close 1002, or an end\n\
             connect {{url}}\n  compress off\nframe text rsv=2 wsprobe\nskip until close 1002\n"
        );
        assert!(shown("origin/prefix").contains("  header Origin: {{scheme}}://{{host}}.wsprobe-check.example\n"));
        assert!(
            shown("handshake/no-key").contains("  header Sec-WebSocket-Key:\n# Any other error will do.\nstatus 400\n")
        );
    }
}
