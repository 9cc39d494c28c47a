//! The file of profiles: TOML, in sections `[profile.NAME]`, `[host."PATTERN"]` and `[defaults]`.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::sys::file;

/// What a user keeps for all runs.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) path: PathBuf,
    /// Others than its owner may read it.
    pub(super) is_shared: bool,
    /// In the order of the file.
    pub(super) sections: Vec<Section>,
}

/// What a section is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// `@NAME`
    Profile(String),
    /// Hosts that match, with `*` for any text.
    Host(String),
    Defaults,
}

/// Options that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) scope: Scope,
    pub(super) url: Option<String>,
    /// The profile that this one adds to.
    pub(super) extends: Option<String>,
    pub(super) entries: Vec<ConfigEntry>,
}

/// A long option, and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfigEntry {
    pub(super) option: String,
    pub(super) setting: ConfigValue,
    /// The line of the file, from 1.
    pub(super) line: usize,
}

/// The value of an option in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConfigValue {
    /// A flag, given or taken back.
    Flag(bool),
    /// Each time that the option is given, its values.
    Values(Vec<Vec<String>>),
}

impl Config {
    /// Reads the file. None where there is no such file, and nobody asked for it.
    ///
    /// # Errors
    /// It cannot be read, or something in it has no meaning.
    pub(super) fn read(path: &Path, must_exist: bool) -> Result<Option<Self>, Error> {
        let unread = |source| Error::File { what: "read the file of profiles", path: path.to_owned(), source };
        let text = match file::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => return Ok(None),
            read => read.map_err(unread)?,
        };
        let is_shared = file::is_shared(path).map_err(unread)?;
        let sections =
            sections(&text).map_err(|(line, why)| Error::Usage(format!("{}:{line}: {why}", path.display())))?;
        Ok(Some(Self { path: path.to_owned(), is_shared, sections }))
    }

    pub(super) fn profile(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.scope == Scope::Profile(name.to_owned()))
    }

    /// The names of all profiles, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().filter_map(|section| match &section.scope {
            Scope::Profile(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Scope {
    /// As it stands in the file.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Profile(name) => format!("[profile.{name}]"),
            Self::Host(pattern) => format!("[host.\"{pattern}\"]"),
            Self::Defaults => "[defaults]".to_owned(),
        }
    }
}

/// Whether `@NAME` can say it.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// All sections of a text.
///
/// # Errors
/// The line, and what is wrong there.
pub(super) fn sections(text: &str) -> Result<Vec<Section>, (usize, String)> {
    let line_at = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        (
            error.span().map_or(1, |span| line_at(span.start)),
            format!("this is not TOML: {}", error.message().replace('\n', ", ")),
        )
    })?;
    let mut found = Vec::new();
    for (key, value) in table.get_ref() {
        let line = line_at(key.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("defaults", DeValue::Table(table)) => found.push((line, section(Scope::Defaults, table, &line_at)?)),
            (kind @ ("profile" | "host"), DeValue::Table(tables)) => {
                for (name, value) in tables {
                    let line = line_at(name.span().start);
                    let DeValue::Table(table) = value.get_ref() else {
                        return Err((line, format!("expected a section: `[{kind}.{}]`", name.get_ref())));
                    };
                    found.push((line, section(scope(kind, name.get_ref(), line)?, table, &line_at)?));
                }
            }
            (other, _) => {
                return Err((
                    line,
                    format!("`{other}` is none of `[profile.NAME]`, `[host.\"PATTERN\"]` and `[defaults]`"),
                ));
            }
        }
    }
    found.sort_by_key(|(line, _)| *line);
    Ok(found.into_iter().map(|(_, section)| section).collect())
}

fn scope(kind: &str, name: &str, line: usize) -> Result<Scope, (usize, String)> {
    match kind {
        "host" => Ok(Scope::Host(name.to_ascii_lowercase())),
        _ if is_name(name) => Ok(Scope::Profile(name.to_owned())),
        _ => Err((line, format!("the name of a profile consists of letters, digits, `-` and `_`, unlike `{name}`"))),
    }
}

fn section(scope: Scope, table: &DeTable<'_>, line_at: &dyn Fn(usize) -> usize) -> Result<Section, (usize, String)> {
    let mut section = Section { scope, url: None, extends: None, entries: Vec::new() };
    for (key, value) in table {
        let line = line_at(key.span().start);
        let is_profile = matches!(section.scope, Scope::Profile(_));
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("url", DeValue::String(url)) if is_profile => section.url = Some(url.to_string()),
            ("extends", DeValue::String(name)) if is_profile => section.extends = Some(name.to_string()),
            (name @ ("url" | "extends"), _) if is_profile => return Err((line, format!("`{name}` takes a text"))),
            (name @ ("url" | "extends"), _) => return Err((line, format!("only a profile has `{name}`"))),
            (option, _) => {
                let setting = setting(value).ok_or_else(|| (line, unusable(option)))?;
                section.entries.push(ConfigEntry { option: option.trim_start_matches("--").to_owned(), setting, line });
            }
        }
    }
    section.entries.sort_by_key(|entry| entry.line);
    Ok(section)
}

fn unusable(option: &str) -> String {
    format!("the value of `{option}` is a text, a number, true, false, or a list of texts")
}

fn setting(value: &Spanned<DeValue<'_>>) -> Option<ConfigValue> {
    match value.get_ref() {
        DeValue::Boolean(is_given) => Some(ConfigValue::Flag(*is_given)),
        DeValue::Array(list) => {
            let times: Option<Vec<_>> = list.iter().map(|value| times(value.get_ref())).collect();
            times.map(ConfigValue::Values)
        }
        single => scalar(single).map(|text| ConfigValue::Values(vec![vec![text]])),
    }
}

/// The values of one time: a list where the option takes several, as `reply` does.
fn times(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(list) => list.iter().map(|value| scalar(value.get_ref())).collect(),
        single => scalar(single).map(|text| vec![text]),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_in_order_with_the_lines_of_their_options() {
        let text = "[defaults]\nconnect-timeout = \"5s\"\n\n[profile.base]\nurl = \"wss://h/\"\ninsecure = true\n\
                    reply = [[\"a\", \"b\"]]\n[host.\"*.Example.com\"]\nheader = [\"A: b\", \"C: d\"]\nmax-redirects = 3\n";
        let sections = sections(text).unwrap();
        assert_eq!(sections.len(), 3);
        assert_eq!(sections[0].scope, Scope::Defaults);
        assert_eq!(sections[1].url.as_deref(), Some("wss://h/"));
        assert_eq!(
            sections[1].entries[0],
            ConfigEntry { option: "insecure".into(), setting: ConfigValue::Flag(true), line: 6 }
        );
        assert_eq!(sections[1].entries[1].setting, ConfigValue::Values(vec![vec!["a".into(), "b".into()]]));
        assert_eq!(sections[2].scope, Scope::Host("*.example.com".into()));
        assert_eq!(sections[2].entries[1].setting, ConfigValue::Values(vec![vec!["3".into()]]));
    }

    #[test]
    fn what_has_no_meaning_is_told_with_its_line() {
        for (text, line, words) in [
            ("[profil.x]\n", 1, "`profil` is none of"),
            ("[profile.\"a b\"]\n", 1, "letters, digits"),
            ("\n[profile.x]\nurl = 3\n", 3, "takes a text"),
            ("[defaults]\nurl = \"x\"\n", 2, "only a profile has `url`"),
            ("[defaults]\nheader = { a = 1 }\n", 2, "the value of `header`"),
            ("[defaults]\nheader = \n", 2, "this is not TOML"),
            ("profile = 3\n", 1, "`profile` is none of"),
        ] {
            let (at, why) = sections(text).unwrap_err();
            assert_eq!(at, line, "{text}: {why}");
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
