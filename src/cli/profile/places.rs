//! Secrets of a file of profiles: where they are read from, and what may not stand in a file that others read.

use std::path::Path;
use std::process::{Command, Stdio};

use super::config::Config;
use super::layers::located;
use crate::cli::message_file::MessageArg;
use crate::cli::secret;
use crate::error::Error;
use crate::masking;

/// The value of an option as the command line would have it.
///
/// # Errors
/// A command failed, a variable is not set, or a secret stands in a file that others may read.
pub(super) fn value(option: &str, value: &str, config: &Config, home: Option<&Path>) -> Result<String, Error> {
    let folder = config.path.parent().unwrap_or(Path::new("."));
    if option == "header" {
        return header(value, config, home);
    }
    if option == "execute" {
        return Ok(match MessageArg::new(value) {
            MessageArg::File(path) => format!("@{}", located(&path.to_string_lossy(), folder, home)),
            MessageArg::Text(_) => value.to_owned(),
        });
    }
    if !secret::OPTIONS.contains(&option) {
        return Ok(value.to_owned());
    }
    if let Some(command) = value.strip_prefix("cmd:") {
        return said(option, command).map(|text| secret::as_data(&text));
    }
    if let Some(path) = value.strip_prefix('@') {
        return Ok(format!("@{}", located(path, folder, home)));
    }
    if value.starts_with("env:") || value == "ask:" {
        return Ok(value.to_owned());
    }
    if config.is_shared && is_secret(option, value) {
        return Err(readable(option, config));
    }
    Ok(value.to_owned())
}

/// The URL of a profile, which may hold credentials.
///
/// # Errors
/// They stand in a file that others may read.
pub(super) fn url<'u>(url: &'u str, config: &Config) -> Result<&'u str, Error> {
    if config.is_shared && masking::typed(url) != url { Err(readable("url", config)) } else { Ok(url) }
}

/// `NAME: VALUE`, where the value may be a place.
fn header(text: &str, config: &Config, home: Option<&Path>) -> Result<String, Error> {
    let folder = config.path.parent().unwrap_or(Path::new("."));
    if let Some(path) = text.strip_prefix('@') {
        return Ok(format!("@{}", located(path, folder, home)));
    }
    let Some((name, value)) = text.split_once(':') else { return Ok(text.to_owned()) };
    let value = value.trim();
    if let Some(command) = value.strip_prefix("cmd:") {
        return Ok(format!("{name}: {}", said("header", command)?));
    }
    if let Some(path) = value.strip_prefix('@') {
        let place = format!("@{}", located(path, folder, home));
        return Ok(format!("{name}: {}", secret::resolve("--header", &place)?));
    }
    if value.starts_with("env:") || value == "ask:" {
        return Ok(format!("{name}: {}", secret::resolve(&format!("--header {name}"), value)?));
    }
    if config.is_shared && masking::is_secret_field(name.trim()) {
        return Err(readable("header", config));
    }
    Ok(text.to_owned())
}

/// Whether a value that is no place has a secret in it.
pub(super) fn is_secret(option: &str, value: &str) -> bool {
    match option {
        "bearer" | "passphrase" | "cookie" => true,
        "user" => value.contains(':'),
        "proxy" => masking::typed(value) != value,
        "subprotocol" => masking::field("Sec-WebSocket-Protocol", value) != value,
        "header" => value.split_once(':').is_some_and(|(name, _)| masking::is_secret_field(name.trim())),
        _ => false,
    }
}

/// A value as it may be shown: a place as it is, a secret masked.
pub(super) fn shown(option: &str, value: &str) -> String {
    let is_place = |text: &str| ["env:", "cmd:", "@"].iter().any(|kind| text.starts_with(kind)) || text == "ask:";
    match value.split_once(':') {
        _ if is_place(value) || !is_secret(option, value) => value.to_owned(),
        Some((name, rest)) if option == "header" && is_place(rest.trim()) => format!("{name}: {}", rest.trim()),
        Some((name, _)) if option == "header" => format!("{name}: ***"),
        Some((name, _)) if option == "user" => format!("{name}:***"),
        _ if option == "proxy" => masking::typed(value),
        _ => "***".to_owned(),
    }
}

fn readable(option: &str, config: &Config) -> Error {
    Error::Usage(format!(
        "`{option}` in {path} is a secret that others can read: write it as env:NAME, @FILE, ask: or cmd:COMMAND, or `chmod 600 {path}`",
        path = config.path.display()
    ))
}

/// The first line that a command prints. It may ask at the terminal.
fn said(option: &str, command: &str) -> Result<String, Error> {
    let bad = |why: String| Error::Usage(format!("the command for `{option}` {why}: `{command}`"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdout(Stdio::piped());
    let output = shell.spawn().and_then(std::process::Child::wait_with_output);
    let output = output.map_err(|error| bad(format!("cannot be started ({error})")))?;
    if !output.status.success() {
        return Err(bad(format!("failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| bad("did not print UTF-8".to_owned()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(bad("printed nothing".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_places_are_not() {
        for (option, value, expected) in [
            ("bearer", "abc", "***"),
            ("bearer", "env:TOKEN", "env:TOKEN"),
            ("user", "me:secret", "me:***"),
            ("user", "me", "me"),
            ("header", "X-Api-Key: abc", "X-Api-Key: ***"),
            ("header", "X-Api-Key: cmd:pass show x", "X-Api-Key: cmd:pass show x"),
            ("header", "X-Tenant: blue", "X-Tenant: blue"),
            ("cookie", "a=b", "***"),
            ("timeout", "3s", "3s"),
        ] {
            assert_eq!(shown(option, value), expected, "{option} {value}");
        }
    }
}
