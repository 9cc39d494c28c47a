//! Which options of a file of profiles hold beside those of the command line: of two places, the nearer one wins.

use std::path::Path;

use clap::{Arg, Command};

use super::config::{Config, ConfigEntry, ConfigValue, Scope, Section};
use crate::error::Error;
use crate::script::flaw::nearest;
use crate::text::synonyms;

/// Options that add to each other, each value under a name: a header of a nearer place replaces one of the same name.
const NAMED: [(&str, char); 2] = [("header", ':'), ("cookie", '=')];

/// An option that holds, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfiguredOption {
    pub(super) option: String,
    /// No values, if it is a flag.
    pub(super) values: Vec<String>,
    pub(super) from: Scope,
}

/// The sections for a profile, those that it extends after it.
///
/// # Errors
/// There is no such profile, or one extends itself.
pub(super) fn chain<'c>(config: &'c Config, name: &str) -> Result<Vec<&'c Section>, Error> {
    let mut chain: Vec<&Section> = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next {
        let section = config.profile(name).ok_or_else(|| unknown_profile(config, name))?;
        if chain.contains(&section) {
            return Err(Error::Usage(format!("{}: [profile.{name}] extends itself", config.path.display())));
        }
        chain.push(section);
        next = section.extends.as_deref();
    }
    Ok(chain)
}

fn unknown_profile(config: &Config, name: &str) -> Error {
    let hint = match nearest(name, config.names()) {
        Some(near) => format!("; did you mean `@{near}`?"),
        None => match config.names().collect::<Vec<_>>() {
            names if names.is_empty() => "; it has no profiles".to_owned(),
            names => format!("; it has {}", names.join(", ")),
        },
    };
    Error::Usage(format!("there is no [profile.{name}] in {}{hint}", config.path.display()))
}

/// The sections for a host, the more special one first, and the defaults after them.
pub(super) fn general<'c>(config: &'c Config, host: &str) -> Vec<&'c Section> {
    let mut hosts: Vec<(usize, &Section)> = Vec::new();
    for section in &config.sections {
        if let Scope::Host(pattern) = &section.scope
            && matches(pattern, host)
        {
            hosts.push((pattern.len(), section));
        }
    }
    hosts.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    let defaults = config.sections.iter().filter(|section| section.scope == Scope::Defaults);
    hosts.into_iter().map(|(_, section)| section).chain(defaults).collect()
}

/// Whether a host is what a pattern says, with `*` for any text.
fn matches(pattern: &str, host: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = host.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Refuses names that no command has.
///
/// # Errors
/// The line, the name, and one that is like it.
pub(super) fn check_names(config: &Config, known: &[String]) -> Result<(), Error> {
    let is_known = |name: &str| known.iter().any(|known| known == name);
    for section in &config.sections {
        if let Some(ConfigEntry { option, line, .. }) = section.entries.iter().find(|entry| !is_known(&entry.option)) {
            let keys: &[&str] = if matches!(section.scope, Scope::Profile(_)) { &["url", "extends"] } else { &[] };
            let near = || nearest(option, known.iter().map(String::as_str).chain(keys.iter().copied()));
            let hint = synonyms::advice(option, "", &is_known)
                .or_else(|| near().map(|near| format!("did you mean `{near}`?")))
                .map_or_else(String::new, |hint| format!("; {hint}"));
            return Err(Error::Usage(format!("{}:{line}: there is no option `{option}`{hint}", config.path.display())));
        }
    }
    Ok(())
}

/// The options that hold for a command beside those that were given, from the nearest section to the farthest.
pub(super) fn options(
    command: &Command,
    sections: &[&Section],
    given: &[String],
    names: &[String],
) -> Vec<ConfiguredOption> {
    let mut taken = given.to_vec();
    let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let mut found = Vec::new();
    for section in sections {
        let mut nearer = taken.clone();
        for ConfigEntry { option, setting, .. } in &section.entries {
            let argument = command.get_arguments().find(|argument| argument.get_long() == Some(option));
            let Some(argument) = argument else { continue };
            let named = NAMED.iter().find(|(name, _)| name == option).map(|(_, end)| *end);
            let is_taken = taken.contains(option) && named.is_none();
            if is_taken || conflicts(command, argument, &taken) {
                continue;
            }
            nearer.push(option.clone());
            let with = |values| ConfiguredOption { option: option.clone(), values, from: section.scope.clone() };
            match setting {
                ConfigValue::Flag(false) => {}
                ConfigValue::Flag(true) => found.push(with(Vec::new())),
                ConfigValue::Values(times) => {
                    let is_new = |values: &&Vec<String>| named.is_none_or(|end| !names.contains(&name_of(values, end)));
                    found.extend(times.iter().filter(is_new).cloned().map(with));
                    names
                        .extend(named.into_iter().flat_map(|end| times.iter().map(move |values| name_of(values, end))));
                }
            }
        }
        taken = nearer;
    }
    found
}

/// What a header or a cookie is called.
fn name_of(values: &[String], end: char) -> String {
    let text = values.first().map(String::as_str).unwrap_or_default();
    format!("{end}{}", text.split(end).next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether each value of an option has a name.
pub(super) fn has_names(option: &str) -> bool {
    NAMED.iter().any(|(name, _)| *name == option)
}

/// The names of headers and cookies among values that were given.
pub(super) fn names_in<'v>(option: &str, values: impl Iterator<Item = &'v str>) -> Vec<String> {
    let end = NAMED.iter().find(|(name, _)| *name == option).map(|(_, end)| *end);
    end.map_or_else(Vec::new, |end| values.map(|value| name_of(&[value.to_owned()], end)).collect())
}

/// Whether it cannot be given beside one of these.
fn conflicts(command: &Command, argument: &Arg, taken: &[String]) -> bool {
    let is_taken = |other: &Arg| other.get_long().is_some_and(|long| taken.iter().any(|name| name == long));
    let excludes =
        |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).iter().any(|it| it.get_id() == other.get_id());
    let mut others = command.get_arguments().filter(|other| is_taken(other));
    others.any(|other| other.get_id() != argument.get_id() && (excludes(argument, other) || excludes(other, argument)))
}

/// A value of an option that names a file, as it is below the folder of the file of profiles; `~/` is the home.
pub(super) fn located(value: &str, folder: &Path, home: Option<&Path>) -> String {
    match (value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        // What stdout and stdin are called, too.
        _ if value == "-" => value.to_owned(),
        _ => folder.join(value).to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Args as _;

    use super::super::config;
    use super::*;
    use crate::cli::options::Options;

    fn config(text: &str) -> Config {
        Config { path: PathBuf::from("c.toml"), is_shared: false, sections: config::sections(text).unwrap() }
    }

    fn command() -> Command {
        let mut command = Options::augment_args(Command::new("wsprobe"));
        command.build();
        command
    }

    fn told(found: &[ConfiguredOption]) -> Vec<String> {
        found.iter().map(|option| format!("{} {}", option.option, option.values.join(" "))).collect()
    }

    #[test]
    fn the_nearer_place_wins() {
        let config = config(
            "[profile.prod]\nextends = \"base\"\nbearer = \"env:A\"\ninsecure = false\nheader = [\"X-A: near\"]\n\
             [profile.base]\nuser = \"env:B\"\ninsecure = true\ntimeout = \"1s\"\nheader = [\"x-a: far\", \"X-B: far\"]\n\
             [defaults]\ntimeout = \"9s\"\npretty = \"never\"\n[host.\"*.h\"]\npretty = \"always\"\n[host.\"a.*\"]\ncolor = \"never\"\n",
        );
        let mut sections = chain(&config, "prod").unwrap();
        sections.extend(general(&config, "x.h"));
        let found = told(&options(&command(), &sections, &["timeout".to_owned()], &[]));
        // `--user` conflicts with `--bearer`, which is nearer.
        assert_eq!(found, ["bearer env:A", "header X-A: near", "header X-B: far", "pretty always"]);
        let given = names_in("header", ["x-b: mine"].into_iter());
        let found = told(&options(&command(), &sections, &["bearer".to_owned(), "header".to_owned()], &given));
        assert_eq!(found, ["header X-A: near", "timeout 1s", "pretty always"]);
    }

    #[test]
    fn profiles_that_are_not_there_or_extend_themselves_are_told() {
        let config = config(
            "[profile.one]\nextends = \"two\"\n[profile.two]\nextends = \"one\"\n[profile.x]\nextends = \"y\"\n",
        );
        assert!(chain(&config, "one").unwrap_err().to_string().contains("extends itself"));
        assert!(chain(&config, "x").unwrap_err().to_string().contains("no [profile.y]"));
        assert!(chain(&config, "twos").unwrap_err().to_string().contains("did you mean `@two`?"));
    }

    #[test]
    fn patterns_take_any_text_for_a_star() {
        for (pattern, host, is_match) in [
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("example.com", "example.com", true),
            ("example.com", "example.com.evil", false),
            ("*", "anything", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXc", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, host), is_match, "{pattern} {host}");
        }
    }

    #[test]
    fn files_are_found_from_the_folder_of_the_file_of_profiles() {
        let folder = Path::new("/etc/w");
        let home = Some(Path::new("/home/me"));
        let all = ["~/ca.pem", "ca.pem", "/ca.pem", "-"].map(|value| located(value, folder, home));
        assert_eq!(all, ["/home/me/ca.pem", "/etc/w/ca.pem", "/ca.pem", "-"]);
    }
}
