//! The parts of the help that clap does not write by itself.

use std::collections::VecDeque;
use std::fmt::Write as _;

use clap::{Arg, Command};

/// What each exit status means.
pub(super) const EXIT_STATUS: [(&str, &str); 9] = [
    ("0", "success"),
    ("1", "an expectation failed (--expect, --expect-json), answers differ (--compare), broken rule"),
    ("2", "wrong usage, input or output"),
    ("3", "not reached: name, connection, proxy, TLS, required HTTP/2"),
    ("4", "refused: the answer was not 101 (HTTP/2: 2xx)"),
    ("5", "the protocol was broken, or the connection was cut without a Close"),
    ("6", "the server closed with a code other than 1000 or 1001"),
    ("7", "timed out"),
    ("130, 143", "interrupted, terminated"),
];

/// Typical command lines, and what they do.
pub(super) const EXAMPLES: [(&str, &str); 6] = [
    ("wsprobe demo", "try it out without a network"),
    ("wsprobe wss://echo.example.org", "the prompt"),
    ("printf 'a\\nb' | wsprobe :8080", "one message per line, then the replies"),
    (r#"wsprobe -1 -x '{"op":"time"}' :8080"#, "one request and its reply"),
    ("wsprobe -j wss://feed.example.org | jq -c .", "a JSON record for each event"),
    ("wsprobe -x ping --expect pong --timeout 2s :8080", "a check for CI"),
];

/// Below all options in `--help`.
pub(super) fn after() -> String {
    let mut text = String::from("Exit status:\n");
    for (code, meaning) in EXIT_STATUS {
        writeln!(text, "  {code:<9} {meaning}").expect("a String takes all");
    }
    text += "\nExamples:\n";
    for (line, meaning) in EXAMPLES {
        writeln!(text, "  {line}\n      {meaning}").expect("a String takes all");
    }
    text
}

/// The width that `-h` keeps to.
const COLUMNS: usize = 80;

/// Marks the page of `-h` in clap's output, which is too long for a screen.
pub(super) const SHORT: &str = "wsprobe [OPTIONS] URL";

/// Options that nobody looks up in the help.
const FOR_WSCAT: [&str; 3] = ["connect", "protocol", "slash"];

/// The page of `-h`: what is used most, and the names of all the rest.
pub(super) fn short(command: &Command) -> String {
    let mut page = format!("{SHORT}       talk to a WebSocket server: prompt or pipe\n");
    page += "wsprobe demo | listen | run | check    echo | server | scripts | RFC compliance\n";
    for argument in command.get_arguments().filter(|argument| is_explained(argument)) {
        let summary = argument.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "  {:<25} {summary}", usage(argument)).expect("a String takes all");
    }
    // Without their `--`, or they would not fit.
    page += "More, see --help:";
    let mut column = "More, see --help:".len();
    let others = command.get_arguments().filter(|argument| !is_explained(argument)).filter_map(Arg::get_long);
    let mut left: VecDeque<_> = others.filter(|name| !FOR_WSCAT.contains(name)).collect();
    while let Some(first) = left.front().map(|name| name.len()) {
        // A line without room for the next name may have room for a shorter one.
        let fitting = left.iter().position(|name| column + " ".len() + name.len() <= COLUMNS);
        let name = left.remove(fitting.unwrap_or(0)).unwrap_or_default();
        page.push(if fitting.is_none() { '\n' } else { ' ' });
        page += name;
        column = if fitting.is_none() { first } else { column + " ".len() + name.len() };
    }
    page.push('\n');
    page
}

fn is_explained(argument: &Arg) -> bool {
    !argument.is_hide_short_help_set() && !argument.is_positional()
}

/// `-x, --execute MSG`
fn usage(argument: &Arg) -> String {
    let value = match argument.get_value_names() {
        Some([value]) if argument.is_require_equals_set() => format!("[={value}]"),
        Some([value]) if argument.get_action().takes_values() => format!(" {value}"),
        _ => String::new(),
    };
    let long = argument.get_long().unwrap_or_default();
    match argument.get_short() {
        Some(short) => format!("-{short}, --{long}{value}"),
        None => format!("    --{long}{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    #[test]
    fn short_help_fits_a_screen_and_names_every_option() {
        let help = short(&command());
        assert!(help.lines().count() <= 24, "{} lines:\n{help}", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{help}");
        for long in command().get_arguments().filter_map(Arg::get_long).filter(|long| !FOR_WSCAT.contains(long)) {
            let names = || help.split_whitespace().map(|word| word.trim_start_matches("--"));
            assert!(names().any(|name| name.split(['[', '=']).next() == Some(long)), "--{long} is missing in\n{help}");
        }
    }

    #[test]
    fn every_option_is_documented_under_a_heading() {
        for argument in command().get_arguments().filter(|argument| !argument.is_positional()) {
            assert!(argument.get_help().is_some(), "{argument} has no doc comment");
            let is_heading_less = ["help", "version", "connect", "listen"].contains(&argument.get_id().as_str());
            assert!(is_heading_less || argument.get_help_heading().is_some(), "{argument} has no heading");
        }
    }
}
