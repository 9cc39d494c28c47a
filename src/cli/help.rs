//! The parts of the help that clap does not write by itself.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// Below all options in `--help` and in the man page.
pub(super) const AFTER: &str = "\
Exit status:
  0    ended well
  1    an expectation failed (--expect, --expect-json)
  2    wrong usage or input
  3    not reached: name, connection, TLS
  4    refused: the answer was not 101
  5    the protocol was broken, or the connection was cut without a Close
  6    the server closed with a code other than 1000 or 1001
  7    timed out
  130  interrupted (143: terminated)

Examples:
  wsprobe wss://echo.example.org             the prompt
  printf 'a\\nb' | wsprobe :8080              a message a line, then the answers
  wsprobe -1 -x '{\"op\":\"time\"}' :8080         one request and its reply
  wsprobe -j wss://feed.example.org | jq .   a JSON record for each event
  wsprobe -x ping --expect pong --timeout 2s :8080";

/// The width that `-h` keeps to.
const COLUMNS: usize = 80;

/// The names of the options that `-h` does not explain.
pub(super) fn the_rest(command: &Command) -> String {
    let hidden = command.get_arguments().filter(|argument| argument.is_hide_short_help_set());
    let mut text = String::from("Also (see --help):");
    let mut column = text.len();
    for name in hidden.map(name) {
        if column + 1 + name.len() > COLUMNS {
            text.push_str("\n ");
            column = 1;
        }
        write!(text, " {name}").expect("a String takes all");
        column += 1 + name.len();
    }
    text
}

fn name(argument: &Arg) -> String {
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}/--{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, long) => format!("--{}", long.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn short_help_fits_a_screen_and_names_every_option() {
        let help = super::super::command().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 40, "{} lines:\n{help}", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        for argument in super::super::command().get_arguments() {
            if let Some(long) = argument.get_long() {
                assert!(help.contains(&format!("--{long}")), "--{long} is missing in\n{help}");
            }
        }
    }

    #[test]
    fn every_option_is_documented_under_a_heading() {
        for argument in super::super::command().get_arguments() {
            assert!(argument.get_help().is_some(), "{argument} has no doc comment");
        }
    }
}
