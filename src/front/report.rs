//! What the user is told about the connection: how it was made, and how it ended.

use std::time::Duration;

use crossterm::style::Color;

use crate::connect::Trace;
use crate::dial::{Dialed, proxy};
use crate::error::Error;
use crate::event::{ClientName, Close, End, Opened};
use crate::handshake::Refusal;
use crate::plan::Plan;
use crate::recording::check::Difference;
use crate::render::local_time;
use crate::render::page::{Page, page};
use crate::script::judge::diff::Side;
use crate::session::{Attempt, LingerEnd, Outcome};
use crate::target::Target;
use crate::term::Talk;
use crate::wire::Fault;
use crate::wire::offer::Agreed;
use crate::wire::trace::Seen;

/// Tells a step on the way to the connection, to who asked for details.
pub(super) fn trace(talk: &Talk, trace: &Trace<'_>) {
    match trace {
        Trace::Dialed { target, dialed } => {
            dialed_to(talk, target, dialed);
        }
        Trace::Request(head) => talk.detail('>', head),
        Trace::Response(head) => talk.detail('<', head),
        Trace::Redirected(target) => talk.say(&format!("redirected to {target}")),
        Trace::Answered(time) => talk.fine_detail(&format!("answered in {time:.1?}")),
    }
}

/// A frame, with the time of day, and whose it is where we are the server.
pub(super) fn frame(client: Option<ClientName>, seen: &Seen) -> String {
    let client = client.map_or_else(String::new, |name| format!(" {name}"));
    format!("{}{client} {}", local_time(seen.at), seen.shown())
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

/// Tells that the connection is open.
pub(super) fn opened(talk: &Talk, opened: &Opened) {
    let subprotocol = opened.subprotocol.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    talk.say(&format!("connected to {}{subprotocol}", opened.url));
    if let Some(agreed) = &opened.deflate {
        talk.detail('*', &compressed(agreed));
    }
}

/// What was agreed on about compression.
pub(super) fn compressed(agreed: &Agreed) -> String {
    format!("messages are compressed; {agreed}")
}

/// Tells why there is no connection; a refusal's body comes with it.
pub(super) fn not_connected(talk: &Talk, error: &Error) {
    talk.error(&error.chain());
    match error {
        Error::Refused(refusal) => refused(talk, refusal),
        // Its words matter less: it is not who was asked.
        Error::Proxy { source: proxy::Failure::Refused(refusal), .. } if talk.is_verbose() => refused(talk, refusal),
        _ => {}
    }
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

/// Tells how the last session ended, and what it leaves undone. Errors are told even when quiet.
pub(super) fn ended(talk: &Talk, plan: &Plan, outcome: &Outcome) {
    end(talk, plan, outcome);
    if matches!(outcome.end, End::OutputGone) {
        return;
    }
    match outcome.late {
        0 => {}
        1 => talk.say("1 more message came after the last one that was waited for"),
        late => talk.say(&format!("{late} more messages came after the last one that was waited for")),
    }
    for missed in &outcome.missed {
        talk.error(&format!("no message met the expectation {missed}"));
    }
    match (&outcome.short, outcome.lapsed) {
        (Some(short), Some(LingerEnd::Whole)) => talk.error(&format!("{short} before the wait ended (--wait)")),
        (Some(short), Some(LingerEnd::Idle(time))) => {
            talk.error(&format!("{short}, then nothing for {time:?} (--wait-idle)"));
        }
        (Some(short), None) => talk.warn(&format!("{short} before the server closed")),
        (None, _) => {}
    }
}

/// Tells that a session ended which another one will follow.
pub(super) fn lost(talk: &Talk, plan: &Plan, outcome: &Outcome, next: &Attempt) {
    end(talk, plan, outcome);
    talk.say(&next.to_string());
}

/// Tells what a connection takes over from the one before.
pub(super) fn resuming(talk: &Talk, messages: usize) {
    if messages > 0 {
        talk.say(&format!("sending what was queued ({messages})"));
    }
}

/// Tells what was not sent, now that there will be no other connection.
pub(super) fn unsent(talk: &Talk, messages: usize) {
    match messages {
        0 => {}
        1 => talk.error("1 message was not sent"),
        _ => talk.error(&format!("{messages} messages were not sent")),
    }
}

fn end(talk: &Talk, plan: &Plan, outcome: &Outcome) {
    match &outcome.end {
        End::Closed { sent: Some(sent), close } if sent.code == close.code => talk.say(&closed(close)),
        End::Closed { close, .. } if close.is_good() => talk.say(&closed(close)),
        End::Closed { close, .. } => talk.error(&closed(close)),
        End::Cut(None) => talk.error("the connection was cut without a Close"),
        End::Cut(Some(error)) => talk.error(&format!("the connection was cut without a Close: {error}")),
        End::Silent => talk.error(&silent(plan)),
        End::Broken(fault) => talk.error(&format!("the server {}", broken(fault))),
        End::Unanswered if outcome.sends_on => talk.say(&format!(
            "the server sent on and did not answer our Close within {:?} (--close-timeout)",
            plan.session.ending.close_timeout
        )),
        End::Unanswered => talk.error(&format!(
            "the server did not answer our Close within {:?} (--close-timeout)",
            plan.session.ending.close_timeout
        )),
        // A missed expectation says it better.
        End::TimedOut if !outcome.missed.is_empty() => {}
        End::TimedOut => {
            talk.error(&format!("timed out after {:?} (--timeout)", plan.timeout.unwrap_or_default()));
        }
        End::Interrupted(_) => talk.say("interrupted"),
        End::BadInput(why) => talk.error(why),
        End::Abandoned => talk.say("cut without a Close, as asked"),
        End::Left => talk.say("the server has left after our half-close"),
        End::OutputGone => {}
    }
}

fn silent(plan: &Plan) -> String {
    let timeout = plan.session.habits.pings.map_or(Duration::ZERO, |pings| pings.timeout);
    format!("the server did not answer a ping within {timeout:?} (--ping-timeout)")
}

/// Tells what is not as it was recorded; also when quiet.
pub(super) fn difference(talk: &Talk, place: &str, difference: &Difference) {
    talk.error(&format!("{place}: {}", difference.words));
    for line in &difference.diff {
        let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
        match line.side {
            Side::Both | Side::Gap => talk.compared("  ", &text, None),
            Side::Expected => talk.compared("- ", &text, Some(Color::DarkRed)),
            Side::Came => talk.compared("+ ", &text, Some(Color::DarkGreen)),
        }
    }
}

/// Tells how a client's session ended, where we are the server.
pub(super) fn client_ended(talk: &Talk, name: ClientName, end: &End) {
    match end {
        End::Closed { close, .. } => talk.say(&format!("{name} {}", closed(close))),
        End::Cut(None) => talk.warn(&format!("{name} was cut without a Close")),
        End::Cut(Some(error)) => talk.warn(&format!("{name} was cut without a Close: {error}")),
        End::Broken(fault) => talk.warn(&format!("{name} {}", broken(fault))),
        End::Unanswered => talk.warn(&format!("{name} did not answer our Close (--close-timeout)")),
        End::Silent => talk.warn(&format!("{name} did not answer a ping (--ping-timeout)")),
        End::Abandoned => talk.say(&format!("{name} was dropped without a Close, as asked")),
        End::Left => talk.say(&format!("{name} has left after our half-close")),
        // These end the server, which says so itself.
        End::TimedOut | End::Interrupted(_) | End::BadInput(_) | End::OutputGone => {}
    }
}

fn closed(close: &Close) -> String {
    let code = close.code.map_or_else(|| "closed".to_owned(), |code| format!("closed {code}"));
    let reason = if close.reason.is_empty() { String::new() } else { format!(": {}", close.reason) };
    format!("{code} ({}){reason}", close.meaning())
}

pub(super) fn broken(fault: &Fault) -> String {
    let hint = match fault {
        Fault::TooBig { .. } => " (--max-message raises the limit)",
        _ => "",
    };
    let code = fault.close_code().map_or_else(String::new, |code| format!("; closed with {code}"));
    format!("broke the protocol: {fault}{code}{hint}")
}
