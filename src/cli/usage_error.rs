//! What is wrong with a command line, in one line, and what was probably meant.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use strsim::osa_distance;

use super::synonyms;
use crate::error::Error;
use crate::masking;

/// A command line that may say something else than its writer meant.
pub(super) struct DoubtfulLine<'l> {
    pub(super) args: &'l [OsString],
    /// As clap has built it while it read these.
    pub(super) definition: &'l Command,
    /// Makes the whole definition.
    pub(super) all: fn() -> Command,
}

impl DoubtfulLine<'_> {
    /// What clap found, or the slip that led to it.
    pub(super) fn explained(&self, error: &clap::Error) -> Error {
        let slip = self.detached_value().or_else(|| match error.kind() {
            ErrorKind::ArgumentConflict => self.second_url(error),
            ErrorKind::UnknownArgument => self.unknown_option(error),
            _ => None,
        });
        Error::Usage(slip.unwrap_or_else(|| one_line(error)))
    }

    /// Refuses what clap has read, if a value stands where it is read as something else, or a command where a URL does.
    ///
    /// # Errors
    /// What was probably meant.
    pub(super) fn check(&self, given: &[String], matches: &clap::ArgMatches) -> Result<(), Error> {
        let mut options = self.command().get_arguments().filter(|argument| argument.is_require_equals_set());
        let may_be_detached = options.any(|option| given.iter().any(|given| option.get_long() == Some(given)));
        let url = matches.try_get_one::<String>("url").ok().flatten();
        let slip = may_be_detached.then(|| self.detached_value()).flatten();
        let slip = slip.or_else(|| url.and_then(|url| self.command_as_url(url)));
        slip.map_or(Ok(()), |slip| Err(Error::Usage(slip)))
    }

    fn command_as_url(&self, url: &str) -> Option<String> {
        if self.definition.find_subcommand(url).is_some() {
            return Some(format!("the command comes first: wsprobe {url} [OPTIONS]"));
        }
        misspelt_command(self.definition, url)
    }

    /// `-t utc`, where `-t=utc` is meant: clap takes the value for the next argument.
    pub(super) fn detached_value(&self) -> Option<String> {
        let command = self.command();
        let words = self.args.iter().take_while(|word| *word != "--");
        words.zip(self.args.iter().skip(1)).find_map(|(word, next)| {
            let argument = optional_value(command, word)?;
            let (word, next) = (word.to_str()?, next.to_str()?);
            let parser = argument.get_value_parser().clone();
            let value = Command::new("value").no_binary_name(true).arg(Arg::new("value").value_parser(parser));
            value.try_get_matches_from([next]).ok()?;
            Some(format!("`{word}` takes its value after `=`: write `{word}={next}`"))
        })
    }

    /// The command that was given, as far as its words are right.
    fn command(&self) -> &Command {
        let mut command = self.definition;
        for word in self.args.iter().skip(1) {
            let Some(below) = command.find_subcommand(word) else { break };
            command = below;
        }
        command
    }

    /// Why there are two URLs: the first is a command, or the value of an option before it.
    fn second_url(&self, error: &clap::Error) -> Option<String> {
        let extra = context(error, ContextKind::InvalidSubcommand)?;
        let matches = (self.all)().ignore_errors(true).try_get_matches_from(self.args).ok()?;
        let below = matches.subcommand().map(|(_, below)| below);
        let url = below.unwrap_or(&matches).try_get_one::<String>("url").ok()??;
        if below.is_none()
            && let Some(advice) = self.command_as_url(url)
        {
            return Some(advice);
        }
        if self.definition.find_subcommand(&extra).is_some() {
            return Some(format!("the command comes first: wsprobe {extra} [OPTIONS]"));
        }
        let at = self.args.iter().position(|word| word == url.as_str()).filter(|_| is_bare(url))?;
        let before = &self.args[at - 1];
        let Some(word) = before.to_str().filter(|word| word.starts_with('-')) else {
            let is_meant = !is_bare(&extra) && extra.contains([':', '/', '.']) && url != "localhost";
            let more = if below.is_none() { ", and is not a command" } else { "" };
            return is_meant.then(|| format!("unexpected argument `{extra}`: `{url}` was read as the URL{more}"));
        };
        let takes = match optional_value(self.command(), before) {
            Some(option) => format!("takes its value after `=`, as in `{option}`"),
            None => "takes no value".to_owned(),
        };
        Some(format!("unexpected argument `{extra}`: `{word}` {takes}, so `{url}` was read as the URL"))
    }

    /// What an unknown option is called here, or where it is known.
    fn unknown_option(&self, error: &clap::Error) -> Option<String> {
        let typed = context(error, ContextKind::InvalidArg)?;
        let begins = format!("unexpected argument `{typed}` found");
        let command = self.command();
        if let Some(advice) = synonyms::option(&typed, command) {
            return Some(format!("{begins}; {advice}"));
        }
        if suggested(error).is_some() {
            return None;
        }
        let long = typed.strip_prefix("--")?;
        let mut all = (self.all)();
        all.build();
        let has = |command: &Command| command.get_arguments().any(|argument| argument.get_long() == Some(long));
        let below = all.get_subcommands().filter(|command| !command.is_hide_set() && has(command));
        let named = |command: &str| format!("`wsprobe {command}`");
        let url = (has(&all) && command.get_name() != all.get_name()).then(|| named("URL"));
        let owners: Vec<_> = url.into_iter().chain(below.map(|command| named(command.get_name()))).take(3).collect();
        (!owners.is_empty()).then(|| format!("{begins}; it is an option of {}", owners.join(", ")))
    }
}

/// What to type for a word that stands where a URL does, and is no name of a host as far as one can tell.
fn misspelt_command(definition: &Command, word: &str) -> Option<String> {
    if !is_bare(word) {
        return None;
    }
    let names = || definition.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    let is_near = |name: &&str| osa_distance(name, word) <= if word.len() < 6 { 1 } else { 2 };
    let near = || names().find(|name| word.len() > 2 && is_near(name));
    let advice = match synonyms::command(word) {
        Some(advice) => advice.to_owned(),
        None => format!("did you mean `wsprobe {}`?", near()?),
    };
    Some(format!("`{word}` is not a command; {advice} (a host of this name is `wss://{word}`)"))
}

/// A word without anything that only a URL or a path has.
pub(super) fn is_bare(word: &str) -> bool {
    word.len() < 30 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The option that a word ends with, if its value, which may be missing, stands in the same word.
fn optional_value<'c>(command: &'c Command, word: &OsStr) -> Option<&'c Arg> {
    let word = word.to_str()?.strip_prefix('-')?;
    let mut options = command.get_arguments().filter(|argument| argument.is_require_equals_set());
    if let Some(long) = word.strip_prefix('-') {
        return options.find(|option| option.get_long() == Some(long));
    }
    let (last, flags) = word.char_indices().next_back().map(|(at, last)| (last, &word[..at]))?;
    let is_flag = |short| {
        let mut arguments = command.get_arguments();
        arguments.any(|argument| argument.get_short() == Some(short) && !argument.get_action().takes_values())
    };
    options.find(|option| option.get_short() == Some(last)).filter(|_| flags.chars().all(is_flag))
}

/// What clap has to say, without the slips that only the whole command line shows.
pub(super) fn one_line(error: &clap::Error) -> String {
    let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let valid = context(error, ContextKind::ValidValue).unwrap_or_default();
    let usage = context(error, ContextKind::Usage).unwrap_or_default();
    let command = command_in(&usage);
    match error.kind() {
        ErrorKind::MissingRequiredArgument if argument.contains("URL") && command == "wsprobe" => {
            return "no URL given: use `wsprobe URL`, or `wsprobe demo` to try it out; see `wsprobe --help` for more"
                .to_owned();
        }
        ErrorKind::MissingRequiredArgument => return format!("`{argument}` is missing; see `{command} --help`"),
        ErrorKind::ValueValidation => {
            // A URL where none belongs may have a password, too.
            let value = if value.contains("://") { masking::typed(&value) } else { value };
            return format!("invalid value `{value}` for `{argument}`: {source}");
        }
        ErrorKind::InvalidValue if value.is_empty() && !valid.is_empty() => {
            return format!("`{argument}` needs a value: one of {valid}");
        }
        ErrorKind::InvalidValue if value.is_empty() => return format!("`{argument}` needs a value"),
        ErrorKind::InvalidValue => return format!("invalid value `{value}` for `{argument}`: expected one of {valid}"),
        // clap takes an argument after the URL for a command.
        ErrorKind::ArgumentConflict => {
            if let Some(extra) = context(error, ContextKind::InvalidSubcommand) {
                return format!("unexpected argument `{extra}`: only one URL can be given; `-x` sends a message");
            }
        }
        _ => {}
    }
    // clap's own first line is good; its tip, if there is one, follows.
    let text = error.render().to_string();
    let mut line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").replace('\'', "`");
    if let Some(suggested) = suggested(error) {
        write!(line, "; did you mean `{suggested}`?").expect("a String takes all");
    } else if let ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand = error.kind() {
        let listed = if error.kind() == ErrorKind::UnknownArgument { "options" } else { "commands" };
        write!(line, "; `{command} --help` lists all {listed}").expect("a String takes all");
    }
    line
}

/// clap's guess, if it is like what was typed. Nobody is led to switch the check of certificates off.
fn suggested(error: &clap::Error) -> Option<String> {
    let typed = context(error, ContextKind::InvalidArg).or_else(|| context(error, ContextKind::InvalidSubcommand))?;
    let guess =
        context(error, ContextKind::SuggestedArg).or_else(|| context(error, ContextKind::SuggestedSubcommand))?;
    let is_like = guess.starts_with(&*typed) || osa_distance(&guess, &typed) <= 2;
    (is_like && !guess.starts_with("--insecure")).then_some(guess)
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
}

/// `wsprobe ping` of `Usage: wsprobe ping [OPTIONS] <URL>`.
fn command_in(usage: &str) -> String {
    let words =
        usage.split_whitespace().skip(1).take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    let command: Vec<_> = words.collect();
    if command.is_empty() { "wsprobe".to_owned() } else { command.join(" ") }
}
