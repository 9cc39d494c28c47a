//! Names of files as they are typed: with `~`, quotes and backslashes as in a shell, and completed by Tab.
//!
//! The rest of a line is one path, so spaces need neither.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::client::output_file::Destination;
use crate::text::escape::{Keep, escape};

/// More are not worth a list.
pub(crate) const MOST: usize = 200;

/// A path as it was typed, without its quotes; `~` is not the home yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedPath {
    is_at_home: bool,
    path: PathBuf,
}

impl TypedPath {
    /// # Errors
    /// In words: it is empty, or a quote is not closed.
    pub(crate) fn from_text(typed: &str) -> Result<Self, String> {
        let Unquoted { text, open, is_at_home } = unquoted(typed);
        match open {
            _ if typed.is_empty() => Err("expected a file name".to_owned()),
            Some(quote) => Err(format!("unclosed quote `{quote}`; `\\{quote}` is a literal one")),
            None => Ok(Self { is_at_home, path: PathBuf::from(text) }),
        }
    }

    /// Where it is. Without a home, `~` is a name like any other.
    pub(crate) fn resolve(&self, home: Option<&Path>) -> PathBuf {
        match home {
            Some(home) if self.is_at_home => home.join(&self.path),
            None if self.is_at_home => Path::new("~").join(&self.path),
            _ => self.path.clone(),
        }
    }
}

/// A file to write to, as it was typed, and whether what is in it may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedDestination {
    pub(crate) path: TypedPath,
    pub(crate) is_forced: bool,
}

impl TypedDestination {
    pub(crate) fn resolve(&self, home: Option<&Path>) -> Destination {
        Destination { path: self.path.resolve(home), is_forced: self.is_forced }
    }
}

/// What was typed, without its quotes.
struct Unquoted {
    /// Without `~/` if it is at home.
    text: String,
    /// The quote that is not closed.
    open: Option<char>,
    is_at_home: bool,
}

fn unquoted(typed: &str) -> Unquoted {
    let is_at_home = typed == "~" || typed.starts_with("~/");
    let mut rest = if is_at_home { typed[1..].trim_start_matches('/') } else { typed }.chars();
    let (mut text, mut open) = (String::new(), None);
    while let Some(c) = rest.next() {
        match (open, c) {
            (None, '\\') => text.push(rest.next().unwrap_or('\\')),
            (Some('"'), '\\') => match rest.next() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                other => text.extend(std::iter::once('\\').chain(other)),
            },
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            (_, c) => text.push(c),
        }
    }
    Unquoted { text, open, is_at_home }
}

/// The paths that begin with what was typed, directories with a slash after them; hidden ones only if asked for.
///
/// They are quoted as what was typed is.
pub(crate) fn beginning_with(typed: &str, home: Option<&Path>) -> Vec<String> {
    let Unquoted { text, is_at_home, .. } = unquoted(typed);
    let (dir, name) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
    let path = TypedPath { is_at_home, path: PathBuf::from(if dir.is_empty() && !is_at_home { "." } else { dir }) };
    let Ok(entries) = std::fs::read_dir(path.resolve(home)) else { return Vec::new() };
    let quote = typed.chars().next().filter(|first| matches!(first, '"' | '\''));
    let root = if is_at_home { "~/" } else { "" };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        // What is no text, or would drive the terminal, cannot be typed.
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path().is_dir())))
        .filter(|(found, _)| found.starts_with(name) && matches!(escape(found, Keep::Nothing), Cow::Borrowed(_)))
        .filter(|(found, _)| !found.starts_with('.') || name.starts_with('.'))
        .filter_map(|(found, is_dir)| Some(format!("{root}{}", quoted(&format!("{dir}{found}"), is_dir, quote)?)))
        .take(MOST)
        .collect();
    paths.sort();
    paths
}

/// A path as it has to be typed; a directory's quote stays open. None where no such quote can hold it.
fn quoted(path: &str, is_dir: bool, quote: Option<char>) -> Option<String> {
    let escaped = |specials: &[char]| {
        path.chars().fold(String::new(), |mut escaped, c| {
            escaped.extend(specials.contains(&c).then_some('\\'));
            escaped.push(c);
            escaped
        })
    };
    let slash = if is_dir { "/" } else { "" };
    let end = |quote: &'static str| if is_dir { "" } else { quote };
    match quote {
        Some('\'') => (!path.contains('\'')).then(|| format!("'{path}{slash}{}", end("'"))),
        Some(_) => Some(format!("\"{}{slash}{}", escaped(&['"', '\\']), end("\""))),
        // At its beginning it would be the home.
        None if path.starts_with('~') => Some(format!("\\{}{slash}", escaped(&['"', '\'', '\\']))),
        None => Some(escaped(&['"', '\'', '\\']) + slash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_have_a_home_quotes_and_backslashes() {
        let home = Path::new("/home/me");
        for (typed, path) in [
            ("a b", "a b"),
            ("~", "/home/me/"),
            ("~/x", "/home/me/x"),
            ("~/\"a b\"", "/home/me/a b"),
            ("~x", "~x"),
            ("\\~", "~"),
            ("'~/x'", "~/x"),
            ("\"a b\".txt", "a b.txt"),
            ("'a\\b'", "a\\b"),
            (r#""a\"b\\c\d""#, r#"a"b\c\d"#),
            (r"a\ b\'c", "a b'c"),
            ("a\\", "a\\"),
        ] {
            let resolved = TypedPath::from_text(typed).map(|path| path.resolve(Some(home)));
            assert_eq!(resolved, Ok(PathBuf::from(path)), "{typed}");
        }
        assert_eq!(TypedPath::from_text("it's").unwrap_err(), "unclosed quote `'`; `\\'` is a literal one");
        assert_eq!(TypedPath::from_text("").unwrap_err(), "expected a file name");
        assert_eq!(TypedPath::from_text("~/x").unwrap().resolve(None), Path::new("~/x"));
    }

    #[test]
    fn a_path_is_completed_with_the_quotes_that_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap();
        for name in ["my file", "my other", ".hidden", "bad\x1bname", "it's"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let completed = |quote: &str, typed: &str| {
            let paths = beginning_with(&format!("{quote}{root}/{typed}"), None);
            let rest = |path: &String| path.strip_prefix(&format!("{quote}{root}")).unwrap().to_owned();
            paths.iter().map(rest).collect::<Vec<_>>()
        };
        assert_eq!(completed("", "my"), ["/my file", "/my other"]);
        assert_eq!(completed("", "my\\ f"), ["/my file"]);
        assert_eq!(completed("", ""), ["/it\\'s", "/my file", "/my other", "/sub/"]);
        assert_eq!(completed("", ".h"), ["/.hidden"]);
        assert_eq!(completed("\"", "i"), ["/it's\""]);
        assert_eq!(completed("'", ""), ["/my file'", "/my other'", "/sub/"]);
        assert!(completed("", "sub/").is_empty() && completed("", "none/").is_empty());
        assert_eq!(beginning_with("~/my f", Some(dir.path())), ["~/my file"]);
        assert_eq!(beginning_with("~/s", Some(dir.path())), ["~/sub/"]);
    }

    #[test]
    fn what_is_completed_is_read_as_the_file_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(r#"a"b'c\d ~"#);
        std::fs::write(&path, "").unwrap();
        let root = dir.path().to_str().unwrap();
        for quote in ["", "\""] {
            let [completed] = &beginning_with(&format!("{quote}{root}/a"), None)[..] else { panic!("{quote}") };
            assert_eq!(TypedPath::from_text(completed).unwrap().resolve(None), path, "{completed}");
        }
    }
}
