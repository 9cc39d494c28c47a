//! The canonical form of a file with its comments, and of its steps; their parts and their text have modules of their own.

mod condition;
pub(crate) mod parts;
pub(crate) mod text;

use std::fmt;
use std::time::Duration;

use self::parts::{pattern, with};
use self::text::{Spot, bare, put, quoted, shell};
use super::syntax::{Action, Expect, HttpAnswer, RuleAnswer, RuleKind, Script, ScriptText, Setting, Step};
use super::template::Backslash;

/// The part of a step before the steps or options that it contains.
pub(super) fn head(step: &Step) -> String {
    let action = action(&step.action);
    match &step.connection {
        Some(name) => format!("{name}: {action}"),
        None => action,
    }
}

/// The part of an answer before its headers.
pub(super) fn answer(answer: &HttpAnswer) -> String {
    let HttpAnswer { method, target, status, body, .. } = answer;
    with(&format!("on {method} {target} answer {status}"), body.as_ref().map_or_else(String::new, ToString::to_string))
}

fn put_step(out: &mut String, step: &Step, depth: usize) {
    put(out, depth, &head(step));
    match &step.action {
        Action::Connect { settings, .. } => settings.iter().for_each(|one| put(out, depth + 1, &one.to_string())),
        Action::Repeat { steps, .. }
        | Action::Loop(steps)
        | Action::AnyOrder { steps, .. }
        | Action::Reply { with: RuleAnswer::Steps(steps) | RuleAnswer::Play(steps), .. } => {
            steps.iter().for_each(|step| put_step(out, step, depth + 1));
            put(out, depth, "}");
        }
        Action::Parallel(branches) => {
            for (number, branch) in branches.iter().enumerate() {
                if number > 0 {
                    put(out, depth, "} {");
                }
                branch.iter().for_each(|step| put_step(out, step, depth + 1));
            }
            put(out, depth, "}");
        }
        _ => {}
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        if !self.settings.is_empty() {
            text.push_str("options\n");
            self.settings.iter().for_each(|setting| put(&mut text, 1, &setting.to_string()));
        }
        for answer in &self.answers {
            put(&mut text, 0, &self::answer(answer));
            answer.headers.iter().for_each(|header| put(&mut text, 1, &header.to_string()));
        }
        self.steps.iter().for_each(|step| put_step(&mut text, step, 0));
        f.write_str(&text)
    }
}

/// With the steps and options that it holds, without a line end.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        put_step(&mut text, self, 0);
        f.write_str(text.trim_end_matches('\n'))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.option),
            Some(value) => {
                let quoted = || quoted(value);
                write!(f, "{} {}", self.option, bare(value, Spot::Alone).unwrap_or_else(quoted))
            }
        }
    }
}

fn action(action: &Action) -> String {
    match action {
        // What cannot be written in one line is not a URL.
        Action::Connect { url, .. } => format!("connect {}", url.written(Backslash::Plain)),
        Action::Status(status) => format!("status {status}"),
        Action::Send(payload) => format!("send {payload}"),
        Action::Frame(frame) => format!("frame {}", frame.written(Backslash::Plain)),
        Action::Split(None) => "split off".to_owned(),
        Action::Split(Some(at)) => format!("split at {at}"),
        Action::Decode(None) => "decode off".to_owned(),
        Action::Decode(Some(chain)) => format!("decode {}", chain.name),
        Action::Fragment(None) => "fragment off".to_owned(),
        Action::Fragment(Some(size)) => format!("fragment {}", self::size(*size)),
        Action::Ping(payload) => with("ping", optional(payload)),
        Action::Pong(payload) => with("pong", optional(payload)),
        Action::Expect(Expect { within, pattern, capture }) => {
            let spot = if capture.is_some() { Spot::Followed } else { Spot::Last };
            let within = limited(*within);
            format!("expect{within} {}{}", self::pattern(pattern, spot), captured(capture.as_deref()))
        }
        Action::Nothing { within } => format!("nothing within {}", time(*within)),
        Action::Skip { until, within, capture } => {
            let spot = if within.is_some() || capture.is_some() { Spot::Followed } else { Spot::Last };
            let within = limited(*within);
            format!("skip until {}{within}{}", pattern(until, spot), captured(capture.as_deref()))
        }
        Action::AnyOrder { within, .. } => format!("expect any order{} {{", limited(*within)),
        Action::Reply { to, capture, with } => {
            let matched = format!("{}{}", pattern(to, Spot::Followed), captured(capture.as_deref()));
            match with {
                RuleAnswer::Payload(payload) => format!("reply to {matched} with {payload}"),
                RuleAnswer::Steps(_) => format!("reply to {matched} with {{"),
                RuleAnswer::Play(_) => format!("when {matched} {{"),
            }
        }
        Action::Ignore(what) => format!("ignore {}", pattern(what, Spot::Last)),
        Action::Off(RuleKind::Reply) => "reply off".to_owned(),
        Action::Off(RuleKind::Ignore) => "ignore off".to_owned(),
        Action::Capture { name, from } => format!("capture {name} = {from}"),
        Action::Set { name, value } => format!("set {name} = {value}"),
        Action::Exec { within, command, capture } => {
            let within = limited(*within);
            format!("exec{within} {}{}", shell(command, capture.is_some()), captured(capture.as_deref()))
        }
        Action::Pause(duration) => format!("pause {}", time(*duration)),
        Action::Log(what) => format!("log {what}"),
        Action::Close { code: None, .. } => "close".to_owned(),
        Action::Close { code: Some(code), reason } => with(&format!("close {code}"), optional(reason)),
        Action::Drop => "drop".to_owned(),
        Action::HalfClose => "half-close".to_owned(),
        Action::Repeat { times, .. } => format!("repeat {times} {{"),
        Action::Loop(_) => "loop {".to_owned(),
        Action::Parallel(_) => "parallel {".to_owned(),
    }
}

fn limited(within: Option<Duration>) -> String {
    within.map_or_else(String::new, |within| format!(" within {}", time(within)))
}

fn captured(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" capture {name}"))
}

/// Text that may be left out.
fn optional(text: &ScriptText) -> String {
    if *text == ScriptText::default() { String::new() } else { text.to_string() }
}

/// `500ms`, `1m30s`, `1.5s`: the shortest that is read as the same time.
pub(crate) fn time(time: Duration) -> String {
    let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
    match (seconds, nanos) {
        (0, 0) => "0s".to_owned(),
        (0, _) if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
        (_, 0) => {
            let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
            let parts = parts.iter().filter(|(number, _)| *number > 0);
            parts.map(|(number, unit)| format!("{number}{unit}")).collect()
        }
        _ => format!("{}s", format!("{seconds}.{nanos:09}").trim_end_matches('0')),
    }
}

/// With the largest unit that leaves a whole number.
fn size(bytes: usize) -> String {
    let units = [(30, 'G'), (20, 'M'), (10, 'K')];
    match units.iter().find(|(shift, _)| bytes.trailing_zeros() >= *shift && bytes > 0) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}
