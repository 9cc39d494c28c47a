//! `--help tls`: the options under one heading, or a single option.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::synonyms;
use crate::error::Error;
use crate::script::flaw::nearest;

/// The words of the command, and the one after `--help`, if that is what is asked for.
pub(super) fn asked(args: &[OsString]) -> Option<(Vec<String>, String)> {
    let args: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let at = args.iter().position(|word| word == "--help" || word == "-h")?;
    // A URL may stand before or after `--help`.
    let word = args.get(at + 1).filter(|word| !word.starts_with('-') && !word.contains([':', '/', '.', '@']))?;
    let path = args[..at].iter().take_while(|word| !word.starts_with('-'));
    Some((path.cloned().collect(), word.clone()))
}

/// What is said of a word: a command below this one, a heading of its options, or an option.
///
/// # Errors
/// There is no such word.
pub(super) fn page(mut command: Command, path: &[String], word: &str) -> Result<Vec<u8>, Error> {
    command.build();
    let mut asked = &command;
    for name in path {
        asked = asked.find_subcommand(name).unwrap_or(asked);
    }
    if asked.find_subcommand(word).is_none() {
        return section(asked, word);
    }
    let words = ["wsprobe"].into_iter().chain(path.iter().map(String::as_str)).chain([word, "--help"]);
    let page = command.try_get_matches_from_mut(words).expect_err("clap returns pages of help as errors");
    Ok(page.render().to_string().into_bytes())
}

/// The options under a heading, or the one of this name.
///
/// # Errors
/// There is none.
fn section(command: &Command, word: &str) -> Result<Vec<u8>, Error> {
    let wanted = word.trim_start_matches('-').to_lowercase();
    let heading = |argument: &Arg| argument.get_help_heading().is_some_and(|heading| heading.to_lowercase() == wanted);
    let of_heading = command.get_arguments().any(heading);
    let is_wanted = |argument: &Arg| match of_heading {
        true => heading(argument),
        false => argument.get_long() == Some(&*wanted),
    };
    if !command.get_arguments().any(is_wanted) {
        return Err(unknown(command, &wanted));
    }
    let page = command.clone().help_template("{all-args}").mut_subcommands(|command| command.hide(true));
    let mut page = page.mut_args(|argument| {
        let is_hidden = argument.is_hide_set() || !is_wanted(&argument);
        argument.hide(is_hidden)
    });
    Ok(format!("{}\n", page.render_long_help().to_string().trim_end()).into_bytes())
}

/// The headings, as they are typed.
pub(super) fn headings(command: &Command) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let heading = argument.get_help_heading().map(str::to_lowercase);
        found.extend(heading.filter(|heading| !found.contains(heading)));
    }
    found
}

fn unknown(command: &Command, word: &str) -> Error {
    let known = headings(command);
    let below = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    let options = command.get_arguments().filter_map(Arg::get_long);
    let near = nearest(word, known.iter().map(String::as_str).chain(below).chain(options));
    let hint = match near.map(|near| format!("did you mean `{near}`?")).or_else(|| synonyms::option(word, command)) {
        Some(hint) => hint,
        None => format!("expected one of {}", known.join(", ")),
    };
    Error::Usage(format!("`{word}` is neither a heading of the help nor an option or a command; {hint}"))
}
