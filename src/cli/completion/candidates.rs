//! What can follow on a command line, one candidate a line: `VALUE`, a tab, and what it means.
//!
//! A line that begins with a tab, `files` and another tab asks the shell for paths; what follows is to be kept before them.

use std::ffi::{OsStr, OsString};

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, ValueCompleter, complete};

use crate::cli::arguments::{is_named, names_path};
use crate::cli::manual::with_pages;
use crate::cli::topics::headings;
use crate::codec::DECODERS;
use crate::codec::encode::PayloadEncoding;
use crate::conformance::cases;

/// Stands for the paths that the shell knows better, while clap's engine looks for what can follow.
const PATHS: &str = "\u{1}";

/// The kinds of proxies, to be gone on with.
const PROXIES: [&str; 4] = ["http://", "https://", "socks5://", "socks5h://"];

/// The words after the program's name, up to the cursor.
struct TypedWords {
    before: Vec<OsString>,
    /// The one that is completed.
    current: OsString,
}

/// The candidates for the last of these words, which come after the program's name.
///
/// `urls` are those that were connected to before.
pub(crate) fn offered(mut command: Command, mut words: Vec<OsString>, urls: &[String]) -> Vec<u8> {
    command.build();
    let pages = with_pages(&command);
    let current = words.pop().unwrap_or_default();
    if let Some((_, path)) = words.split_last().filter(|(last, _)| *last == "--help" || *last == "-h") {
        let below = path.first().and_then(|first| command.find_subcommand(first));
        return topics(below.unwrap_or(&command), &current.to_string_lossy());
    }
    let mut command = completing(command, urls, &pages);
    let typed = TypedWords { before: words, current };
    let line = typed.line(&command);
    let at = line.len() - 1;
    let mut found = complete(&mut command, line, at, None).unwrap_or_default();
    found.retain(|candidate| !typed.misplaces(&command, &candidate.get_value().to_string_lossy()));
    let mut lines: Vec<_> = found.iter().map(written).collect();
    lines.dedup();
    lines.concat().into_bytes()
}

/// What may follow `--help`, if it begins so.
fn topics(command: &Command, begun: &str) -> Vec<u8> {
    let words = topic_words(command).into_iter().filter(|word| word.starts_with(begun));
    words.map(|word| word + "\n").collect::<String>().into_bytes()
}

fn topic_words(command: &Command) -> Vec<String> {
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    headings(command).into_iter().chain(below.map(|command| command.get_name().to_owned())).collect()
}

impl TypedWords {
    /// The command line for clap's engine, which takes the word after any option for its value.
    fn line(&self, command: &Command) -> Vec<OsString> {
        let words = self.before.iter().filter(|word| !self.has_no_value_after(command, word));
        [command.get_name().into()].into_iter().chain(words.cloned()).chain([self.current.clone()]).collect()
    }

    /// Whether a word is an option whose value, if it has one, stands in the same word.
    fn has_no_value_after(&self, command: &Command, word: &OsStr) -> bool {
        let subcommand = self.before.first().and_then(|first| command.find_subcommand(first));
        let mut arguments = subcommand.unwrap_or(command).get_arguments();
        arguments.any(|argument| argument.is_require_equals_set() && is_named(argument, word))
    }

    /// Whether clap's engine offers something that cannot follow, or that nobody asked for yet.
    fn misplaces(&self, command: &Command, value: &str) -> bool {
        let is_command = |word: &OsStr| command.get_subcommands().any(|command| word == command.get_name());
        let has_command = self.before.first().is_some_and(|first| is_command(first));
        let is_late_command = !self.before.is_empty() && !has_command && is_command(OsStr::new(value));
        // `-tutc`, where it would be `-t=utc`.
        let is_glued = !value.starts_with("--")
            && self.current.as_encoded_bytes().starts_with(b"-")
            && value != self.current
            && self.has_no_value_after(command, &self.current);
        is_late_command || is_glued || self.current.is_empty() && value.starts_with('-')
    }
}

/// The command with what its values can be.
fn completing(command: Command, urls: &[String], pages: &[String]) -> Command {
    let command = command.mut_args(|argument| {
        let is_path = names_path(&argument);
        match (argument.get_id().as_str(), argument.get_value_names().unwrap_or_default()) {
            ("report", _) => argument.add(ArgValueCompleter::new(ReportValues)),
            ("proxy", _) => argument.add(one_of(PROXIES)),
            ("decode", _) => argument.add(ArgValueCompleter::new(decoders)),
            ("encode", _) => argument.add(one_of(PayloadEncoding::ALL.map(PayloadEncoding::name))),
            ("aws_sigv4" | "aws_sigv4_query", _) => argument.add(one_of(["aws:amz"])),
            ("only" | "skip" | "show", [name]) if name == "NAME" => {
                argument.add(one_of(cases::all().map(|case| case.name)))
            }
            ("command", [name]) if name == "COMMAND" => argument.add(one_of(pages.to_owned())),
            (_, [name]) if name == "URL" => argument.add(one_of(urls.to_owned())),
            _ if is_path => argument.add(ArgValueCompleter::new(|_: &OsStr| vec![CompletionCandidate::new(PATHS)])),
            _ => argument,
        }
    });
    let topics = topic_words(&command);
    command.mut_subcommands(|command| {
        let pages = if command.get_name() == "help" { &*topics } else { pages };
        completing(command, urls, pages)
    })
}

/// The decoders, after those that stand before a comma.
fn decoders(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let (before, begun) = current.rsplit_once(',').map_or(("", &*current), |(before, begun)| (before, begun));
    let comma = if before.is_empty() { "" } else { "," };
    let found = DECODERS.iter().filter(|decoder| decoder.name.starts_with(begun));
    found.map(|decoder| CompletionCandidate::new(format!("{before}{comma}{}", decoder.name))).collect()
}

fn one_of<T: Into<OsString>>(values: impl IntoIterator<Item = T>) -> ArgValueCompleter {
    let values: Vec<OsString> = values.into_iter().map(Into::into).collect();
    ArgValueCompleter::new(move |current: &OsStr| {
        let begins = |value: &&OsString| value.as_encoded_bytes().starts_with(current.as_encoded_bytes());
        values.iter().filter(begins).map(CompletionCandidate::new).collect()
    })
}

/// `--report FORMAT [FILE]`
struct ReportValues;

impl ValueCompleter for ReportValues {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        self.complete_at(0, current)
    }

    fn complete_at(&self, at: usize, current: &OsStr) -> Vec<CompletionCandidate> {
        match at {
            0 => one_of(["tap", "junit", "json"]).complete(current),
            _ => vec![CompletionCandidate::new(PATHS)],
        }
    }
}

fn written(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    if let Some(before) = value.strip_suffix(PATHS) {
        return format!("\tfiles\t{before}\n");
    }
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().next() {
        Some(summary) => format!("{value}\t{summary}\n"),
        None => format!("{value}\n"),
    }
}
