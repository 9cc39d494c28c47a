//! Profiles: options that a user keeps in a file, for `@NAME`, for hosts, and for all connections.

mod command;
mod config;
mod layers;
mod places;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{ArgMatches, Args, Command};

use self::config::{Config, Section};
use self::layers::ConfiguredOption;
use super::arguments::{OF_CLIENTS, is_named, names_path};
use super::env::Env;
use crate::error::Error;
use crate::target::Parsed;

pub(super) use self::command::ProfileArgs;

/// Which file of profiles is read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Profiles")]
pub(crate) struct ConfigArgs {
    /// Take profiles from this file instead of `~/.config/wsprobe/config.toml`
    #[arg(long, value_name = "FILE", hide_short_help = true, value_parser = config_file())]
    config: Option<PathBuf>,

    /// Read no file of profiles
    #[arg(long, hide_short_help = true, conflicts_with = "config")]
    no_config: bool,
}

/// A command line with what the file of profiles adds to it.
pub(super) struct ProfiledLine {
    pub(super) args: Vec<OsString>,
    /// Which options came from which section.
    pub(super) origins: Vec<String>,
}

/// What was typed, as clap has matched it.
pub(super) struct TypedLine<'l> {
    pub(super) args: &'l [OsString],
    pub(super) definition: &'l Command,
    pub(super) matches: &'l ArgMatches,
    /// The long names of the options that were given.
    pub(super) given: &'l [String],
    /// The definition of all commands.
    pub(super) all: fn() -> Command,
}

/// A profile, and what follows its name: `@prod/path`.
struct Reference<'r> {
    word: &'r str,
    name: &'r str,
    rest: &'r str,
}

/// Adds what the file of profiles says to a command line. None if that is nothing.
///
/// # Errors
/// The file cannot be used, or has no such profile.
pub(super) fn apply(typed: &TypedLine<'_>, env: &Env) -> Result<Option<ProfiledLine>, Error> {
    let Some((command, matches)) = typed.connecting() else { return Ok(None) };
    let is_run = command.get_name() == "run";
    let url = typed.url(command, matches);
    let reference = url.as_deref().and_then(Reference::of);
    if matches!(matches.try_get_one::<bool>("no_config"), Ok(Some(true))) {
        return match reference {
            Some(reference) => Err(Error::Usage(format!(
                "`{}` is a profile, and `--no-config` reads no file of profiles",
                reference.word
            ))),
            None => Ok(None),
        };
    }
    let chosen = matches.get_one::<PathBuf>("config");
    let Some(path) = chosen.cloned().or_else(|| default_file(env)) else {
        return reference.map_or(Ok(None), |reference| {
            Err(Error::Usage(format!(
                "`{}` is a profile, and there is no home with a file of profiles",
                reference.word
            )))
        });
    };
    let Some(config) = Config::read(&path, chosen.is_some() || reference.is_some())? else { return Ok(None) };
    layers::check_names(&config, &known_options(command, typed.all, &config))?;
    let mut sections = match &reference {
        Some(reference) => layers::chain(&config, reference.name)?,
        None => Vec::new(),
    };
    let target = match &reference {
        Some(reference) => Some(reference.url(&sections, &config)?),
        None => url.clone(),
    };
    // A script in CI gets what its command line says.
    if !is_run || chosen.is_some() {
        let host = target.as_deref().and_then(|url| Parsed::from_text(url).ok()).map(|parsed| parsed.target.host());
        sections.extend(layers::general(&config, &host.unwrap_or_default()));
    }
    let mut found = layers::options(command, &sections, typed.given, &typed.names(command, matches));
    if command.get_name() == "listen" {
        found.iter_mut().for_each(ConfiguredOption::as_header);
    }
    let mut args = typed.args.to_vec();
    if let (Some(reference), Some(target)) = (&reference, &target) {
        typed.put_url(&mut args, command, reference.word, target);
    }
    let at = typed.after_command(&args, command);
    args.splice(at..at, words(command, &found, &config, env)?);
    Ok(Some(ProfiledLine { args, origins: origins(&found, &config) }))
}

/// What `--config` takes: a path, and not the URL that an option of this name has elsewhere.
pub(super) fn config_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path: PathBuf| {
        let text = path.to_string_lossy();
        let is_url = text.starts_with(':') || text.contains("://") || text.contains("+unix:");
        if is_url { Err("expected a file of profiles; the URL stands alone, as in `wsprobe URL`") } else { Ok(path) }
    })
}

/// `$XDG_CONFIG_HOME/wsprobe/config.toml`
fn default_file(env: &Env) -> Option<PathBuf> {
    env.config_dir.as_ref().map(|dir| dir.join("config.toml"))
}

/// Whether there may be profiles for a command line that does not say where.
pub(super) fn has_default_file(env: &Env) -> bool {
    default_file(env).is_some_and(|path| path.try_exists().unwrap_or(true))
}

/// The names of profiles, as far as the file can be read.
pub(super) fn names(env: &Env) -> Vec<String> {
    let config = default_file(env).and_then(|path| Config::read(&path, false).ok().flatten()).unwrap_or_default();
    config.names().map(|name| format!("@{name}")).collect()
}

/// All options that some command has: those of this one, and of the others if that is not enough.
fn known_options(command: &Command, all: fn() -> Command, config: &Config) -> Vec<String> {
    let longs = |command: &Command| {
        command.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut known = longs(command);
    let mut entries = config.sections.iter().flat_map(|section| &section.entries);
    if entries.any(|entry| !known.contains(&entry.option)) {
        let mut all = all();
        all.build();
        known.extend(longs(&all));
        all.get_subcommands().filter(|command| is_connecting(command)).for_each(|command| known.extend(longs(command)));
    }
    known.retain(|name| !["config", "no-config", "connect", "listen", "help", "version"].contains(&name.as_str()));
    known
}

fn is_connecting(command: &Command) -> bool {
    command
        .get_arguments()
        .any(|argument| argument.get_id() == "config" && argument.get_help_heading() == Some("Profiles"))
}

/// The options as they would be typed.
fn words(command: &Command, found: &[ConfiguredOption], config: &Config, env: &Env) -> Result<Vec<OsString>, Error> {
    let folder = config.path.parent().unwrap_or(Path::new("."));
    let mut words = Vec::new();
    for ConfiguredOption { option, values, .. } in found {
        let is_path =
            command.get_arguments().any(|argument| argument.get_long() == Some(option) && names_path(argument));
        let value = |value: &String| match is_path {
            true => Ok(layers::located(value, folder, env.home.as_deref())),
            false => places::value(option, value, config, env.home.as_deref()),
        };
        let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        match values.as_slice() {
            [single] => words.push(format!("--{option}={single}").into()),
            several => {
                words.push(format!("--{option}").into());
                words.extend(several.iter().map(OsString::from));
            }
        }
    }
    Ok(words)
}

/// For each section, the options that it gave.
fn origins(found: &[ConfiguredOption], config: &Config) -> Vec<String> {
    let mut origins: Vec<(String, Vec<String>)> = Vec::new();
    for ConfiguredOption { option, from, .. } in found {
        let (section, option) = (from.shown(), format!("--{option}"));
        match origins.iter_mut().find(|(known, _)| *known == section) {
            Some((_, options)) if options.contains(&option) => {}
            Some((_, options)) => options.push(option),
            None => origins.push((section, vec![option])),
        }
    }
    let told = |(section, options): (String, Vec<String>)| {
        format!("from {section} of {}: {}", config.path.display(), options.join(", "))
    };
    origins.into_iter().map(told).collect()
}

impl TypedLine<'_> {
    /// The command that was given and what was given to it, if it connects.
    fn connecting(&self) -> Option<(&Command, &ArgMatches)> {
        let (command, matches) = match self.matches.subcommand() {
            Some((name, matches)) => (self.definition.find_subcommand(name)?, matches),
            None => (self.definition, self.matches),
        };
        // A server connects to another one only as a relay.
        let is_end = command.get_name() == "listen" && matches.get_raw("forward").is_none();
        (is_connecting(command) && !is_end).then_some((command, matches))
    }

    /// What it connects to: for scripts, a profile among their files.
    fn url(&self, command: &Command, matches: &ArgMatches) -> Option<String> {
        let values = |id: &str| {
            let is_there = command.get_arguments().any(|argument| argument.get_id() == id);
            is_there
                .then(|| matches.get_raw(id))
                .flatten()
                .into_iter()
                .flatten()
                .map(|value| value.to_string_lossy().into_owned())
        };
        if command.get_name() == "run" {
            return values("paths").find(|path| path.starts_with('@'));
        }
        values("url").chain(values("connect")).chain(values("forward")).next()
    }

    /// The names of the headers and cookies that were given.
    fn names(&self, command: &Command, matches: &ArgMatches) -> Vec<String> {
        let mut names = Vec::new();
        for argument in command.get_arguments() {
            let option = argument.get_long().unwrap_or_default();
            if layers::has_names(option) && self.given.iter().any(|given| given == option) {
                let values = matches.get_raw(argument.get_id().as_str()).into_iter().flatten();
                let values: Vec<_> = values.map(OsStr::to_string_lossy).collect();
                names.extend(layers::names_in(option, values.iter().map(AsRef::as_ref)));
            }
        }
        names
    }

    /// Where the options of a command may begin.
    fn after_command(&self, args: &[OsString], command: &Command) -> usize {
        let is_root = command.get_name() == self.definition.get_name();
        if is_root { 1 } else { args.iter().position(|arg| arg == command.get_name()).map_or(1, |at| at + 1) }
    }

    /// Puts a URL where its profile stands; for scripts, into the variable `url`.
    fn put_url(&self, args: &mut Vec<OsString>, command: &Command, word: &str, url: &str) {
        let is_value_of_option = |before: &OsStr| {
            let argument = command.get_arguments().find(|argument| is_named(argument, before));
            argument.is_some_and(|argument| {
                let takes_next = argument.get_action().takes_values() && !argument.is_require_equals_set();
                takes_next && argument.get_id() != "connect" && argument.get_id() != "forward"
            })
        };
        let is_it = |at: usize, args: &[OsString]| args[at] == word && !is_value_of_option(&args[at - 1]);
        let found = (1..args.len()).find(|at| is_it(*at, args));
        if command.get_name() == "run" {
            found.into_iter().for_each(|at| drop(args.remove(at)));
            if !self.given.iter().any(|given| given == "var") {
                let at = self.after_command(args, command);
                args.insert(at, format!("--var=url={url}").into());
            }
            return;
        }
        match found {
            Some(at) => args[at] = url.into(),
            // In the word of `--connect=@NAME`, `--forward=@NAME` or `-c@NAME`.
            None => args.iter_mut().for_each(|arg| {
                let text = arg.to_string_lossy();
                if let Some(option @ ("--connect=" | "--forward=" | "-c" | "-c=")) = text.strip_suffix(word) {
                    *arg = format!("{option}{url}").into();
                }
            }),
        }
    }
}

impl ConfiguredOption {
    /// What `listen` asks of its clients by an option of this name, its connections to another server say as a header.
    fn as_header(&mut self) {
        if OF_CLIENTS.contains(&self.option.as_str()) {
            let values = self.values.iter().map(|value| format!("{}: {value}", self.option));
            self.values = values.collect();
            self.option = "header".to_owned();
        }
    }
}

impl<'r> Reference<'r> {
    fn of(word: &'r str) -> Option<Self> {
        let text = word.strip_prefix('@')?;
        let (name, rest) = text.split_at(text.find(['/', '?']).unwrap_or(text.len()));
        Some(Self { word, name, rest })
    }

    /// The URL that it means: that of the nearest section which has one, with the path added.
    fn url(&self, chain: &[&Section], config: &Config) -> Result<String, Error> {
        let url = chain.iter().find_map(|section| section.url.as_deref());
        let Some(url) = url else {
            return Err(Error::Usage(format!("[profile.{}] in {} has no `url`", self.name, config.path.display())));
        };
        Ok(joined(places::url(url, config)?, self.rest))
    }
}

/// A URL with a path or a query added to it.
pub(super) fn joined(url: &str, rest: &str) -> String {
    let (before, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    if let Some(more) = rest.strip_prefix('?') {
        let mark = if query.is_empty() { '?' } else { '&' };
        return format!("{before}{query}{mark}{more}");
    }
    if rest.is_empty() {
        return url.to_owned();
    }
    let query = if rest.contains('?') { "" } else { query };
    format!("{}{rest}{query}", before.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_added_to_the_url_of_a_profile() {
        for (url, rest, expected) in [
            ("wss://h", "", "wss://h"),
            ("wss://h/", "/chat", "wss://h/chat"),
            ("wss://h/api?v=1", "/chat", "wss://h/api/chat?v=1"),
            ("wss://h/api?v=1", "/chat?v=2", "wss://h/api/chat?v=2"),
            ("wss://h/api?v=1", "?w=2", "wss://h/api?v=1&w=2"),
            ("wss://h/api", "?w=2", "wss://h/api?w=2"),
            (":8080", "/x", ":8080/x"),
        ] {
            assert_eq!(joined(url, rest), expected, "{url} {rest}");
        }
    }
}
