//! Values that need not be given in argv: `@FILE`, `env:NAME`, `ask:`.

use std::path::Path;

use rpassword::ConfigBuilder;

use super::{Env, values};
use crate::error::Error;
use crate::request::jar::Jar;
use crate::request::{Credentials, Header};
use crate::sys::file;
use crate::sys::question::SecretKeys;

/// The options whose value may be a place to read it from.
pub(super) const OPTIONS: [&str; 7] = ["header", "cookie", "user", "bearer", "passphrase", "proxy", "subprotocol"];

/// Marks a value as plain data, whatever it looks like: no typed argument can contain this character.
const DATA: char = '\0';

/// Marks a value that looks like a place as plain data.
pub(super) fn as_data(text: &str) -> String {
    if is_place(text) { format!("{DATA}{text}") } else { text.to_owned() }
}

/// Whether it names a place to read the value from.
fn is_place(text: &str) -> bool {
    text.starts_with('@') || text.starts_with("env:") || text == "ask:"
}

/// Resolves a value that may be a secret.
pub(super) fn resolve(option: &str, text: &str) -> Result<String, Error> {
    if let Some(data) = text.strip_prefix(DATA) {
        return Ok(data.to_owned());
    }
    if let Some(path) = text.strip_prefix('@') {
        let secret = read(option, Path::new(path))?;
        return Ok(secret.trim_end_matches(['\r', '\n']).to_owned());
    }
    if let Some(name) = text.strip_prefix("env:") {
        return Env::secret(name)
            .ok_or_else(|| Error::Usage(format!("invalid value `{text}` for `{option}`: `{name}` is not set")));
    }
    if text == "ask:" {
        return ask(option.trim_start_matches('-'));
    }
    Ok(text.to_owned())
}

/// A token, from any place. Errors do not show it.
pub(super) fn bearer(text: &str) -> Result<Credentials, Error> {
    let token = resolve("--bearer", text)?;
    let bad = |error| Error::Usage(format!("the token of `--bearer <TOKEN>` cannot be sent: {error}"));
    values::field_value(&token).map(Credentials::Bearer).map_err(bad)
}

/// `NAME[:PASS]`, from any place; asks for a missing password.
pub(super) fn user(text: &str) -> Result<Credentials, Error> {
    let text = resolve("--user", text)?;
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user.to_owned(), password.to_owned()),
        None => (text.clone(), ask(&format!("password of {text}"))?),
    };
    Ok(Credentials::Password { user, password })
}

/// A subprotocol, or a place to read it from; in that case it is checked after reading.
pub(super) fn subprotocol(text: &str) -> Result<String, String> {
    if is_place(text) { Ok(text.to_owned()) } else { values::subprotocol(text) }
}

/// Subprotocols, from any place. Errors do not show a value that was not given in argv.
pub(super) fn subprotocols(texts: &[String]) -> Result<Vec<String>, Error> {
    let bad = |error| Error::Usage(format!("the value of `--subprotocol <NAME>` cannot be sent: {error}"));
    texts.iter().map(|text| values::subprotocol(&resolve("--subprotocol", text)?).map_err(bad)).collect()
}

/// `--cookie`: a pair, or a jar.
pub(super) enum CookieArg {
    Pair(String),
    Jar(Jar),
}

/// A cookie, from any place, or `@FILE` with a whole jar.
pub(super) fn cookie(text: &str) -> Result<CookieArg, Error> {
    if let Some(path) = text.strip_prefix('@')
        && let Some(jar) = Jar::from_text(&read("--cookie", Path::new(path))?)
    {
        return Ok(CookieArg::Jar(jar));
    }
    let pair = resolve("--cookie", text)?;
    let is_pair = pair.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
    if !is_pair || pair.contains(|c: char| c.is_ascii_control()) {
        let kind = if text.starts_with('@') { ", or Netscape's format" } else { "" };
        return Err(Error::Usage(format!(
            "invalid value for `--cookie <NAME=VALUE>`: expected a name, `=` and a value on one line{kind}"
        )));
    }
    Ok(CookieArg::Pair(pair))
}

/// `-H`: a header, or `@FILE` with one per line.
pub(super) fn headers(text: &str) -> Result<Vec<Header>, Error> {
    let Some(path) = text.strip_prefix('@') else {
        let header = values::header(text).map_err(|error| bad_header(text, &error))?;
        return Ok(vec![header]);
    };
    let lines = read("--header <HEADER>", Path::new(path))?;
    let lines = lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let place = format!("line {} of `@{path}`", at + 1);
            values::header(line)
                .map_err(|error| Error::Usage(format!("invalid value in {place} for `--header <HEADER>`: {error}")))
        })
        .collect()
}

/// Names the header without its value, which may be secret.
fn bad_header(text: &str, error: &str) -> Error {
    let shown = match text.split_once(':') {
        Some((name, _)) => format!("{}: …", name.escape_debug()),
        None => text.escape_debug().to_string(),
    };
    Error::Usage(format!("invalid value `{shown}` for `--header <HEADER>`: {error}"))
}

pub(crate) fn read(option: &str, path: &Path) -> Result<String, Error> {
    let bad = |error| Error::Usage(format!("invalid value `@{}` for `{option}`: {error}", path.display()));
    file::read_to_string(path).map_err(bad)
}

/// Asks at the terminal, without echo.
pub(super) fn ask(what: &str) -> Result<String, Error> {
    let answer =
        |keys| rpassword::read_password_with_config(ConfigBuilder::new().input_reader(keys).output_discard().build());
    SecretKeys::asked(format!("{what}: "))
        .and_then(answer)
        .map_err(|source| Error::Local { what: "ask for a secret without a terminal; use @FILE or env:NAME", source })
}
