//! What the user is told about the connection: how it was made, and how it ended.

use std::io;
use std::time::Duration;

use super::options::ClientOptions;
use super::trace::Trace;
use crate::compare::paint::painted;
use crate::dial::Dialed;
use crate::dial::error::DialError;
use crate::dial::proxy::ProxyError;
use crate::error::Error;
use crate::events::{ClientName, End, ErrorEvent, Event, FailureKind, Opened};
use crate::handshake::Refusal;
use crate::handshake::head::OpeningRequest;
use crate::masking;
use crate::message::Close;
use crate::recording::check::Difference;
use crate::render::local_time;
use crate::render::page::{Page, page};
use crate::render::steps;
use crate::session::{Attempt, LingerEnd, Outcome};
use crate::target::Target;
use crate::term::{Talk, terminal_width};
use crate::transport::Peer;
use crate::wire::Fault;
use crate::wire::offer::Agreed;
use crate::wire::trace::WireEvent;

/// Reports a step of connecting, for `-v`.
pub(crate) fn trace(talk: &Talk, trace: &Trace<'_>) {
    match trace {
        Trace::Dialed { target, dialed } => {
            dialed_to(talk, target, dialed);
        }
        Trace::Settings(settings) => talk.detail('*', &format!("HTTP/2; the server's SETTINGS: {settings}")),
        Trace::Returned(why) => talk.detail('*', &format!("{why}; trying HTTP/1.1")),
        Trace::Request(head) => talk.details('>', || masking::head(head)),
        Trace::Response(head) => talk.details('<', || masking::head(head)),
        Trace::Redirected(target) => talk.say(&format!("redirected to {target}")),
        Trace::Answering(scheme) => talk.detail('*', &format!("sending user name and password with {scheme}")),
        Trace::NotAsked => talk.warn(
            "the server did not ask for the user name and password, so they were not sent over ws:// (--basic does)",
        ),
        Trace::Answered(time) => talk.fine_detail(&format!("answered in {time:.1?}")),
    }
}

/// A frame, with the time of day, and whose it is where we are the server.
pub(crate) fn frame(event: &Event, seen: &WireEvent) -> String {
    let client = event.client.map_or_else(String::new, |name| format!(" {name}"));
    let server = if event.is_upstream { " server" } else { "" };
    format!("{}{client}{server} {}", local_time(seen.at), seen.shown())
}

fn dialed_to(talk: &Talk, target: &Target, dialed: &Dialed) {
    let proxy = dialed.proxy.as_ref().map_or_else(String::new, |proxy| format!(", the proxy {proxy},"));
    talk.detail('*', &format!("connected to {}{proxy} for {target}", dialed.peer));
    let steps = &dialed.steps;
    let tunnelled = steps.tunnelled.map_or_else(String::new, |time| format!(", tunnel in {time:.1?}"));
    let secured = steps.secured.map_or_else(String::new, |time| format!(", TLS in {time:.1?}"));
    talk.fine_detail(&format!(
        "name resolved in {:.1?}, connected in {:.1?}{tunnelled}{secured}",
        steps.resolved, steps.connected
    ));
    let Some(tls) = &dialed.tls else { return };
    let alpn = tls.alpn.as_deref().unwrap_or("none");
    talk.fine_detail(&format!("TLS: {}, {}, ALPN {alpn}", tls.version, tls.cipher_suite));
    let Some(certificate) = &tls.certificate else { return };
    talk.fine_detail(&format!("certificate: subject `{}`, issuer `{}`", certificate.subject, certificate.issuer));
    let names = if certificate.names.is_empty() { "none".to_owned() } else { certificate.names.join(", ") };
    let until = humantime::format_rfc3339_seconds(certificate.not_after).to_string().replace('T', " ");
    talk.fine_detail(&format!("certificate: names {names}; valid until {until}"));
}

/// Reports that connecting takes its time.
pub(crate) fn connecting(talk: &Talk, target: &Target) {
    talk.faint_progress(&format!("connecting to {}", masking::reference(&target.to_string())));
}

/// Reports that the connection is open.
pub(crate) fn opened(talk: &Talk, opened: &Opened) {
    let subprotocol = opened.shown_subprotocol();
    let chosen = subprotocol.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    talk.fine_details(|| steps::diagram(&opened.timing, terminal_width()));
    talk.say(&format!("connected to {}{chosen}", opened.shown_url()));
    let offered = opened.shown_offer();
    if subprotocol.is_none() && !offered.is_empty() {
        talk.warn(&format!("the server chose none of the offered subprotocols: {}", offered.join(", ")));
    }
    if let Some(agreed) = &opened.deflate {
        talk.detail('*', &compressed(agreed));
    }
}

/// Shows a client's request and the response, for `-v`.
pub(crate) fn handshake(talk: &Talk, peer: &Peer, request: &str, answer: &str) {
    if request.is_empty() {
        return;
    }
    talk.detail('*', &format!("request of {peer}, and the response:"));
    talk.details('<', || masking::head(request));
    talk.details('>', || masking::head(answer));
}

/// Reports that a client has offered none of the subprotocols that the server speaks, if it speaks any.
pub(crate) fn no_subprotocol(talk: &Talk, name: ClientName, opening: &OpeningRequest, ours: &[String]) {
    if ours.is_empty() {
        return;
    }
    let ours = ours.join(", ");
    let offered = masking::subprotocols(&opening.subprotocols().collect::<Vec<_>>().join(",")).shown;
    talk.warn(&if offered.is_empty() {
        format!("{name} offers no subprotocol; the server supports {ours}")
    } else {
        let offered = offered.join(", ");
        format!(
            "{name} offers {offered}, but the server supports {ours}: with none in common, browsers and `ws` fail the connection"
        )
    });
}

/// What was negotiated about compression.
pub(crate) fn compressed(agreed: &Agreed) -> String {
    format!("messages are compressed; {agreed}")
}

/// Reports why there is no connection; a refusal's body comes with it.
pub(crate) fn not_connected(talk: &Talk, error: &Error) {
    match error {
        // As at the end of a session: it is what the user did.
        Error::Interrupted(_) => return talk.say(&error.chain()),
        _ => talk.error(&error.chain()),
    }
    match error {
        Error::Refused(refusal) => refused(talk, refusal),
        // Its words matter less: it is not who was asked.
        Error::Dial(DialError::Proxy { source: ProxyError::Refused(refusal), .. }) if talk.is_verbose() => {
            refused(talk, refusal)
        }
        _ => {}
    }
}

/// Whether the answer to the opening request has the expected status (`--expect-status`), as an exit status; none if there
/// was no answer.
pub(crate) fn verdict<T>(talk: &Talk, expected: u16, connected: &Result<(T, Opened), Error>) -> Option<u8> {
    let (status, refusal) = match connected {
        Ok((_, opened)) => (opened.status, None),
        Err(Error::Refused(refusal)) => (refusal.response.status, Some(refusal)),
        Err(_) => return None,
    };
    // Over HTTP/2, a server that accepts answers 200 (RFC 8441, section 5).
    if status == expected || refusal.is_none() && expected == 101 {
        talk.say(&format!("the server answered {status}, as expected"));
        return Some(0);
    }
    let what = if refusal.is_none() { " and accepted the connection" } else { "" };
    talk.error(&format!("the server answered {status}{what}; {expected} was expected (--expect-status)"));
    refusal.into_iter().for_each(|refusal| refused(talk, refusal));
    Some(1)
}

fn refused(talk: &Talk, refusal: &Refusal) {
    let Page { text, note } = page(refusal, talk.is_verbose());
    if !text.is_empty() {
        talk.body(&text);
    }
    if let Some(note) = note {
        talk.say(note);
    }
}

/// Reports how the last session ended, and what was not done. Errors are shown even with `--quiet`; records have them too.
#[must_use]
pub(crate) fn ended(talk: &Talk, plan: &ClientOptions, outcome: &Outcome) -> Vec<ErrorEvent> {
    let mut errors: Vec<_> = end(talk, plan, outcome).into_iter().collect();
    if matches!(outcome.end, End::OutputGone) {
        return errors;
    }
    match outcome.late {
        0 => {}
        1 => talk.say("1 more message arrived after the last one that was waited for"),
        late => talk.say(&format!("{late} more messages arrived after the last one that was waited for")),
    }
    for missed in &outcome.missed {
        let words = format!("no message met the expectation {missed}");
        talk.error(&words);
        errors.push(ErrorEvent::new(FailureKind::Unmet, words));
    }
    if let Some(short) = &outcome.short {
        let words = match outcome.lapsed {
            Some(LingerEnd::Whole) => format!("{short} before the wait ended (--wait)"),
            Some(LingerEnd::Idle(time)) => format!("{short}, then nothing for {time:?} (--wait-idle)"),
            None => format!("{short} before the server closed"),
        };
        match outcome.lapsed {
            Some(_) => talk.error(&words),
            None => talk.warn(&words),
        }
        errors.push(ErrorEvent::new(FailureKind::Unmet, words));
    }
    errors
}

/// Reports that a session ended that another one follows.
#[must_use]
pub(crate) fn lost(talk: &Talk, plan: &ClientOptions, outcome: &Outcome, next: &Attempt) -> Option<ErrorEvent> {
    let error = end(talk, plan, outcome);
    talk.progress(&[&next.to_string()]);
    error
}

/// Reports what a connection takes over from the one before.
pub(crate) fn resuming(talk: &Talk, messages: usize) {
    if messages > 0 {
        talk.say(&format!("sending the queued messages ({messages})"));
    }
}

/// Reports what was not sent, when no other connection follows.
pub(crate) fn unsent(talk: &Talk, messages: usize) {
    match messages {
        0 => {}
        1 => talk.error("1 message was not sent"),
        _ => talk.error(&format!("{messages} messages were not sent")),
    }
}

/// Reports how a session ended, and returns it if it is an error that was not recorded yet.
fn end(talk: &Talk, plan: &ClientOptions, outcome: &Outcome) -> Option<ErrorEvent> {
    let limit = plan.session.ending.close_timeout;
    let words = match &outcome.end {
        // The message of a missed expectation says more.
        End::TimedOut if !outcome.missed.is_empty() => return None,
        End::OutputGone => return None,
        End::Closed { sent, close } => closed(close, if sent.is_none() { " by the server" } else { "" }),
        End::Cut(error) => format!("the connection {}", cut(error.as_ref())),
        End::Silent => silent(plan),
        End::Broken(fault) => format!("the server {}", broken(fault)),
        End::Unanswered if outcome.sends_on => {
            format!("the server kept sending and did not answer our Close within {limit:?} (--close-timeout)")
        }
        End::Unanswered => format!("the server did not answer our Close within {limit:?} (--close-timeout)"),
        End::Idle => idle(plan),
        End::NoReply(why) => no_reply(plan, why),
        End::TimedOut => format!("timed out after {:?} (--timeout)", plan.timeout.unwrap_or_default()),
        End::Interrupted(_) => "interrupted".to_owned(),
        End::BadInput(why) => why.clone(),
        End::Abandoned => "cut without a Close, as requested".to_owned(),
        End::Left => "the server closed the connection after our half-close".to_owned(),
    };
    // A server that never stops sending has sent everything that was expected.
    let kind = outcome.end.kind().filter(|_| !outcome.sends_on);
    match (&outcome.end, kind) {
        (End::Interrupted(_), _) | (_, None) => talk.say(&words),
        _ => talk.error(&words),
    }
    kind.and_then(|_| recorded(&outcome.end, words))
}

/// The end of a session as a record, if it is an error; a protocol error was reported by the session itself.
fn recorded(end: &End, words: String) -> Option<ErrorEvent> {
    let kind = end.kind().filter(|_| !matches!(end, End::Broken(_)))?;
    Some(ErrorEvent::new(kind, words))
}

fn silent(plan: &ClientOptions) -> String {
    let timeout = plan.session.keepalive.pings.map_or(Duration::ZERO, |pings| pings.timeout);
    format!("the server did not answer a ping within {timeout:?} (--ping-timeout)")
}

fn idle(plan: &ClientOptions) -> String {
    let timeout = plan.session.ending.idle_timeout.unwrap_or_default();
    format!("the server sent no message for {timeout:?} (--idle-timeout)")
}

fn no_reply(plan: &ClientOptions, why: &str) -> String {
    let timeout = plan.session.ending.lockstep.as_ref().and_then(|lockstep| lockstep.timeout);
    format!("{why} within {:?} (--timeout-each)", timeout.unwrap_or_default())
}

/// Shows a difference to the recording, even with `--quiet`.
pub(crate) fn difference(talk: &Talk, place: &str, difference: &Difference) {
    talk.error(&format!("{place}: {}", difference.words));
    for line in &difference.diff {
        talk.page(&format!("{}\n", painted(line, talk.has_colour())));
    }
}

/// Reports how a client's session ended, where we are the server; a record has it too if it is an error.
#[must_use]
pub(crate) fn client_ended(talk: &Talk, name: ClientName, end: &End) -> Option<ErrorEvent> {
    peer_ended(talk, &name.to_string(), end)
}

/// Reports how a relay's connection to the server ended, for one of its clients; a record has it too if it is an error.
#[must_use]
pub(crate) fn upstream_ended(talk: &Talk, name: ClientName, end: &End) -> Option<ErrorEvent> {
    match end {
        // Whoever reads has seen the client's end.
        End::Closed { sent: Some(_), .. } | End::Abandoned | End::Left => None,
        _ => peer_ended(talk, &format!("{name}: the server"), end),
    }
}

/// Reports how the peer of a server's session, or of a relay's, ended it.
fn peer_ended(talk: &Talk, who: &str, end: &End) -> Option<ErrorEvent> {
    let (words, is_usual) = match end {
        // How a client closes is its own decision.
        End::Closed { close, .. } => (closed(close, ""), true),
        End::Cut(error) => (cut(error.as_ref()), false),
        End::Broken(fault) => (broken(fault), false),
        End::Unanswered => ("did not answer our Close (--close-timeout)".to_owned(), false),
        End::Silent => ("did not answer a ping (--ping-timeout)".to_owned(), false),
        End::Abandoned => ("was dropped without a Close, as requested".to_owned(), true),
        End::Left => ("closed the connection after our half-close".to_owned(), true),
        End::Idle => ("sent no message for too long (--idle-timeout)".to_owned(), false),
        // These end the server, which reports it itself.
        End::TimedOut | End::NoReply(_) | End::Interrupted(_) | End::BadInput(_) | End::OutputGone => return None,
    };
    let words = format!("{who} {words}");
    if is_usual {
        talk.say(&words)
    } else {
        talk.warn(&words)
    }
    if is_usual { None } else { recorded(end, words) }
}

/// `by` says who began, if that is worth a word.
fn closed(close: &Close, by: &str) -> String {
    let code = close.code.map_or_else(|| format!("closed{by}"), |code| format!("closed {code}{by}"));
    let reason = if close.reason.is_empty() { String::new() } else { format!(": {}", close.reason) };
    format!("{code} ({}){reason}", close.meaning())
}

/// What is said of a connection that ended by no Close.
pub(crate) fn cut(error: Option<&io::Error>) -> String {
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    format!("was cut without a Close{why}")
}

pub(crate) fn broken(fault: &Fault) -> String {
    let hint = match fault {
        Fault::TooBig { .. } => " (--max-message raises the limit)",
        _ => "",
    };
    let code = fault.close_code().map_or_else(String::new, |code| format!("; closed with {code}"));
    format!("broke the protocol: {fault}{code}{hint}")
}
