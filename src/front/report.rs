//! What the user is told about the connection: how it was made, and how it ended.

use crate::connect::Trace;
use crate::error::Error;
use crate::event::{Close, End, Opened};
use crate::plan::Plan;
use crate::render::local_time;
use crate::session::Outcome;
use crate::term::Talk;
use crate::wire::Fault;
use crate::wire::trace::Seen;

/// Tells a step on the way to the connection, to who asked for details.
pub(super) fn trace(talk: &Talk, trace: &Trace<'_>) {
    match trace {
        Trace::Dialed { target, dialed } => {
            talk.detail('*', &format!("connected to {} for {target}", dialed.peer));
            let steps = &dialed.steps;
            let secured = steps.secured.map_or_else(String::new, |time| format!(", TLS in {time:.1?}"));
            talk.fine_detail(&format!(
                "name resolved in {:.1?}, connected in {:.1?}{secured}",
                steps.resolved, steps.connected
            ));
            if let Some(tls) = &dialed.tls {
                let alpn = tls.alpn.as_deref().unwrap_or("none");
                talk.fine_detail(&format!("TLS: {}, {}, ALPN {alpn}", tls.version, tls.cipher_suite));
            }
        }
        Trace::Request(head) => talk.detail('>', head),
        Trace::Response(head) => talk.detail('<', head),
        Trace::Redirected(target) => talk.say(&format!("redirected to {target}")),
        Trace::Answered(time) => talk.fine_detail(&format!("answered in {time:.1?}")),
    }
}

/// A frame, with the time of day.
pub(super) fn frame(seen: &Seen) -> String {
    format!("{} {}", local_time(seen.at), seen.shown())
}

/// Tells that the connection is open.
pub(super) fn opened(talk: &Talk, opened: &Opened) {
    let subprotocol = opened.subprotocol.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    talk.say(&format!("connected to {}{subprotocol}", opened.url));
    if let Some(agreed) = &opened.deflate {
        talk.detail('*', &format!("messages are compressed; {agreed}"));
    }
}

/// Tells why there is no connection; a refusal's body comes with it.
pub(super) fn not_connected(talk: &Talk, error: &Error) {
    talk.error(&error.chain());
    if let Error::Refused(refusal) = error {
        let body = String::from_utf8_lossy(&refusal.body);
        if !body.trim().is_empty() {
            talk.body(body.trim_end());
        }
        if refusal.cut {
            talk.say("the body goes on");
        }
    }
}

/// Tells how a session ended. Errors are told even when quiet.
pub(super) fn ended(talk: &Talk, plan: &Plan, outcome: &Outcome) {
    match &outcome.end {
        End::Closed { sent: Some(sent), close } if sent.code == close.code => talk.say(&closed(close)),
        End::Closed { close, .. } if close.is_good() => talk.say(&closed(close)),
        End::Closed { close, .. } => talk.error(&closed(close)),
        End::Cut(None) => talk.error("the connection was cut without a Close"),
        End::Cut(Some(error)) => talk.error(&format!("the connection was cut without a Close: {error}")),
        End::Broken(fault) => talk.error(&broken(fault)),
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
        End::OutputGone => {}
    }
    if matches!(outcome.end, End::OutputGone) {
        return;
    }
    for missed in &outcome.missed {
        talk.error(&format!("no message met the expectation `{missed}`"));
    }
    if let Some(short) = &outcome.short {
        talk.error(&format!("{short} before the wait ended (--wait)"));
    }
}

fn closed(close: &Close) -> String {
    let code = close.code.map_or_else(|| "closed".to_owned(), |code| format!("closed {code}"));
    let reason = if close.reason.is_empty() { String::new() } else { format!(": {}", close.reason) };
    format!("{code} ({}){reason}", close.meaning())
}

fn broken(fault: &Fault) -> String {
    let hint = match fault {
        Fault::TooBig { .. } => " (--max-message raises the limit)",
        _ => "",
    };
    let code = fault.close_code().map_or_else(String::new, |code| format!("; closed with {code}"));
    format!("the server broke the protocol: {fault}{code}{hint}")
}
