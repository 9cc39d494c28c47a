//! The parts of the help that clap does not write by itself.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::topics::headings;

/// What each exit status means.
pub(super) const EXIT_STATUS: [(&str, &str); 10] = [
    ("0", "success"),
    ("1", "an expectation failed (--expect, --expect-json), answers differ (--compare), broken rule"),
    ("2", "wrong usage, input or output"),
    ("3", "not reached: name, connection, proxy, TLS, required HTTP/2"),
    ("4", "refused: the answer was not 101 (HTTP/2: 2xx)"),
    ("5", "the protocol was broken, or the connection was cut without a Close"),
    ("6", "the server closed with a code other than 1000 or 1001"),
    ("7", "timed out"),
    ("8", "the prompt was left with messages that were not sent"),
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
    let mut text = format!("{}\n\nExit status:\n", TOPICS.trim());
    for (code, meaning) in EXIT_STATUS {
        writeln!(text, "  {code:<9} {meaning}").expect("a String takes all");
    }
    text += "\nExamples:\n";
    for (line, meaning) in EXAMPLES {
        writeln!(text, "  {line}\n      {meaning}").expect("a String takes all");
    }
    text
}

/// What `wsprobe` alone says at a terminal.
pub(super) fn first() -> String {
    let mut page = "wsprobe talks to WebSocket servers. Type one of these:\n".to_owned();
    for (line, meaning) in [
        EXAMPLES[0],
        EXAMPLES[1],
        EXAMPLES[2],
        EXAMPLES[3],
        ("wsprobe listen --echo 8080", "be a server, at ws://localhost:8080"),
        ("wsprobe -h", "the commands, and the options that are used most"),
        ("wsprobe --help", "all options, with examples"),
    ] {
        writeln!(page, "  {line:<37} {meaning}").expect("a String takes all");
    }
    page
}

/// The width that `-h` keeps to.
const COLUMNS: usize = 80;

/// Marks the page of `-h` in clap's output, which is too long for a screen.
pub(super) const SHORT: &str = "wsprobe [OPTIONS] URL";

/// How to read only a part of the options.
const TOPICS: &str =
    "`wsprobe --help tls` explains only the options under TLS, `wsprobe --help pin` only that option.\n";

/// The rows of a terminal.
const ROWS: usize = 24;

/// The options that are needed most, in order: as many as a screen has room for.
const COMMON: [&str; 12] = [
    "execute",
    "one",
    "wait",
    "header",
    "json",
    "verbose",
    "insecure",
    "user",
    "expect",
    "quiet",
    "binary",
    "subprotocol",
];

/// The page of `-h`: every command, what is used most, and where the rest is.
pub(super) fn short(command: &Command) -> String {
    let mut page = format!("{SHORT} talk to a WebSocket server: prompt or pipe\n");
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let summary = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "  {:<19} {summary}", command.get_name()).expect("a String takes all");
    }
    let end = end_of_short(command);
    let room = ROWS.saturating_sub(page.lines().count() + end.lines().count());
    let find = |name: &&str| command.get_arguments().find(|argument| argument.get_long() == Some(*name));
    for argument in COMMON.iter().filter_map(find).take(room) {
        let summary = argument.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "  {:<19} {summary}", usage(argument)).expect("a String takes all");
    }
    page + &end
}

/// Two examples, and the words after `--help`.
fn end_of_short(command: &Command) -> String {
    let mut end = String::new();
    for (line, meaning) in [EXAMPLES[3], EXAMPLES[1]] {
        writeln!(end, "{line:<39} {meaning}").expect("a String takes all");
    }
    let mut row = "More: wsprobe --help, or with a word:".to_owned();
    for word in headings(command) {
        if row.len() + " ".len() + word.len() > COLUMNS {
            end += &row;
            end += "\n";
            row = word;
        } else {
            row += " ";
            row += &word;
        }
    }
    end + &row + "\n"
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
    fn short_help_fits_a_screen_with_every_command_and_every_heading() {
        let help = short(&command());
        assert!(help.lines().count() <= ROWS, "{} lines:\n{help}", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{help}");
        for command in command().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(help.contains(&format!("\n  {} ", command.get_name())), "{} in\n{help}", command.get_name());
        }
        let last: Vec<_> = help.lines().rev().take(2).flat_map(str::split_whitespace).collect();
        for option in command().get_arguments().filter(|option| !option.is_hide_set()) {
            let heading = option.get_help_heading().map(str::to_lowercase);
            assert!(heading.is_none_or(|heading| last.contains(&&*heading)), "the heading of {option} in\n{help}");
        }
        assert_eq!(EXAMPLES.iter().filter(|(line, _)| help.contains(line)).count(), 2, "{help}");
        assert!(
            COMMON[..5]
                .iter()
                .all(|name| help.contains(&format!("--{name} ")) || help.contains(&format!("--{name}\n"))),
            "{help}"
        );
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
