//! `wsprobe profile`: the profiles of the file, listed, shown, added and removed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, Subcommand};

use super::config::{self, Config, ConfigEntry, ConfigValue, Scope, Section};
use super::{config_file, default_file, layers, places};
use crate::cli::env::Env;
use crate::cli::options::Options;
use crate::cli::translate;
use crate::error::Error;
use crate::masking;
use crate::sys::file;

/// All that `wsprobe profile` takes.
#[derive(Args, Debug)]
pub(crate) struct ProfileArgs {
    #[command(subcommand)]
    pub(crate) what: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles and their URLs
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show what a profile sets, and where each value comes from
    Show {
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Add a profile: a URL, and options as on the command line
    Add(Box<Addition>),
    /// Remove a profile
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// The file that is read and changed.
#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// The file of profiles, instead of `~/.config/wsprobe/config.toml`
    #[arg(long, value_name = "FILE", value_parser = config_file())]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Addition {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    options: Options,
}

impl ProfileCommand {
    /// Does it; what is to be printed.
    ///
    /// # Errors
    /// The file cannot be used or written, or there is no such profile.
    pub(crate) fn run(self, definition: &Command, matches: &ArgMatches, env: &Env) -> Result<Vec<u8>, Error> {
        match self {
            Self::List { config } => Ok(listed(&config.read(env)?).into_bytes()),
            Self::Show { name, config } => {
                shown(&config.read(env)?, name.trim_start_matches('@')).map(String::into_bytes)
            }
            Self::Remove { name, config } => removed(&config.read(env)?, name.trim_start_matches('@')),
            Self::Add(addition) => addition.add(definition, matches, env),
        }
    }
}

impl ConfigFile {
    fn path(&self, env: &Env) -> Result<PathBuf, Error> {
        let none = || Error::Usage("there is no home for a file of profiles: use `--config FILE`".to_owned());
        self.config.clone().or_else(|| default_file(env)).ok_or_else(none)
    }

    /// The file, empty if there is none.
    fn read(&self, env: &Env) -> Result<Config, Error> {
        let path = self.path(env)?;
        Ok(Config::read(&path, self.config.is_some())?.unwrap_or(Config { path, ..Config::default() }))
    }
}

fn listed(config: &Config) -> String {
    let mut page = String::new();
    let width = config.names().map(str::len).max().unwrap_or_default() + 1;
    for name in config.names() {
        let url = config.profile(name).and_then(|profile| profile.url.as_deref()).unwrap_or("(no url)");
        writeln!(page, "@{name:<width$} {}", masking::typed(url)).expect("a String takes all");
    }
    page
}

/// The options of a profile and of those that it extends, as they stand in the file.
fn shown(config: &Config, name: &str) -> Result<String, Error> {
    let mut page = String::new();
    for section in layers::chain(config, name)? {
        writeln!(page, "{}", section.scope.shown()).expect("a String takes all");
        if let Some(url) = &section.url {
            writeln!(page, "url = {}", quoted(&masking::typed(url))).expect("a String takes all");
        }
        for ConfigEntry { option, setting, .. } in &section.entries {
            writeln!(page, "{option} = {}", written(setting, |value| places::shown(option, value)))
                .expect("a String takes all");
        }
    }
    Ok(page)
}

/// A value as TOML.
fn written(setting: &ConfigValue, shown: impl Fn(&str) -> String) -> String {
    let list = |values: &[String]| values.iter().map(|value| quoted(&shown(value))).collect::<Vec<_>>().join(", ");
    match setting {
        ConfigValue::Flag(is_given) => is_given.to_string(),
        ConfigValue::Values(times) => match times.as_slice() {
            [values] if values.len() == 1 => list(values),
            times => {
                let one =
                    |values: &Vec<String>| if values.len() == 1 { list(values) } else { format!("[{}]", list(values)) };
                format!("[{}]", times.iter().map(one).collect::<Vec<_>>().join(", "))
            }
        },
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            c if c.is_control() => write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes all"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

impl Addition {
    fn add(&self, definition: &Command, matches: &ArgMatches, env: &Env) -> Result<Vec<u8>, Error> {
        let config = self.config.read(env).or_else(|error| match self.config.path(env) {
            // A file that is named and not there yet is made.
            Ok(path) if !path.exists() => Ok(Config { path, ..Config::default() }),
            _ => Err(error),
        })?;
        let name = self.name.trim_start_matches('@');
        if !config::is_name(name) {
            return Err(Error::Usage(format!(
                "invalid name `{name}`: a profile's consists of letters, digits, `-` and `_`"
            )));
        }
        if config.profile(name).is_some() {
            return Err(Error::Usage(format!(
                "there is a profile `{name}`; `wsprobe profile remove {name}` removes it"
            )));
        }
        translate::target(&self.url)?;
        let section = Section {
            scope: Scope::Profile(name.to_owned()),
            url: Some(places::url(&self.url, &config)?.to_owned()),
            extends: None,
            entries: entries(definition, matches),
        };
        for ConfigEntry { option, setting, .. } in &section.entries {
            let ConfigValue::Values(times) = setting else { continue };
            if config.is_shared && times.iter().flatten().any(|value| places::shown(option, value) != *value) {
                places::value(option, &times.concat()[0], &config, env.home.as_deref())?;
            }
        }
        let before = file::read_to_string(&config.path).unwrap_or_default();
        let gap = if before.is_empty() || before.ends_with("\n\n") {
            ""
        } else if before.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        let mut text = format!("{before}{gap}[profile.{name}]\nurl = {}\n", quoted(&self.url));
        for ConfigEntry { option, setting, .. } in &section.entries {
            writeln!(text, "{option} = {}", written(setting, str::to_owned)).expect("a String takes all");
        }
        replace(&config.path, &text)?;
        Ok(Vec::new())
    }
}

/// The options that were given, in the order of their definition.
fn entries(definition: &Command, matches: &ArgMatches) -> Vec<ConfigEntry> {
    let mut entries = Vec::new();
    for argument in definition.get_arguments() {
        let (id, Some(long)) = (argument.get_id().as_str(), argument.get_long()) else { continue };
        if long == "config" || matches.value_source(id) != Some(clap::parser::ValueSource::CommandLine) {
            continue;
        }
        let times = matches.get_raw_occurrences(id).into_iter().flatten();
        let times: Vec<Vec<_>> =
            times.map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect()).collect();
        let setting = match argument.get_action() {
            clap::ArgAction::Count => ConfigValue::Flag(true),
            action if action.takes_values() => ConfigValue::Values(times),
            _ => ConfigValue::Flag(true),
        };
        entries.push(ConfigEntry { option: long.to_owned(), setting, line: 0 });
    }
    entries
}

/// Takes a section out of the text of the file.
fn removed(config: &Config, name: &str) -> Result<Vec<u8>, Error> {
    layers::chain(config, name)?;
    let bad = |source| Error::File { what: "read", path: config.path.clone(), source };
    let text = file::read_to_string(&config.path).map_err(bad)?;
    let names = [format!("[profile.{name}]"), format!("[profile.\"{name}\"]")];
    let mut is_cut = false;
    let mut left = String::new();
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        if start.starts_with('[') {
            is_cut = names.iter().any(|name| start.starts_with(name.as_str()));
        }
        if !is_cut {
            left += line;
        }
    }
    let expected: Vec<_> = config.sections.iter().filter(|it| it.scope != Scope::Profile(name.to_owned())).collect();
    let is_right = config::sections(&left).is_ok_and(|sections| {
        let same = |(a, b): (&Section, &&Section)| {
            (&a.scope, &a.url, &a.extends) == (&b.scope, &b.url, &b.extends) && a.entries.len() == b.entries.len()
        };
        sections.len() == expected.len() && sections.iter().zip(&expected).all(same)
    });
    if !is_right {
        return Err(Error::Usage(format!(
            "the section of `{name}` cannot be cut out of {}; edit it by hand",
            config.path.display()
        )));
    }
    replace(&config.path, &left)?;
    Ok(Vec::new())
}

/// Writes the file in one step. A new one is for its owner alone; a link leads to what is replaced.
fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let bad = |source| Error::File { what: "write", path: path.to_owned(), source };
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    file::make_private_folder(folder).map_err(bad)?;
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(bad)?;
    written.write_all(text.as_bytes()).map_err(bad)?;
    if let Ok(before) = std::fs::metadata(&path) {
        written.as_file().set_permissions(before.permissions()).map_err(bad)?;
    }
    written.persist(&path).map_err(|error| bad(error.error))?;
    Ok(())
}
