//! A typed line as the history may keep it.

use std::borrow::Cow;

use super::command_table;
use crate::masking;

/// The line as the history may keep it: without what is secret in a URL that it is, or that a command takes.
///
/// A message stays as it is, or what is sent again would not be what was sent.
pub(crate) fn kept(line: &str) -> Cow<'_, str> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let is_command = line.starts_with('/') && !line.starts_with("//");
    // A name that is mistyped may be anything, `/connect` too.
    let takes_url = name == "/connect" || !command_table::has(name);
    if is_command && takes_url && !rest.is_empty() {
        return Cow::Owned(format!("{}{}", &line[..line.len() - rest.len()], masking::typed(rest)));
    }
    if !is_command && is_url(line) { Cow::Owned(masking::typed(line)) } else { Cow::Borrowed(line) }
}

/// Whether a line is nothing but a URL: who pastes one may have meant to connect there.
fn is_url(line: &str) -> bool {
    let line = line.trim();
    let scheme = line.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(scheme.as_str(), "ws" | "wss" | "http" | "https" | "ws+unix" | "wss+unix"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_keeps_no_password_of_a_url() {
        for (line, shown) in [
            ("/connect ws://me:secret@h/x", "/connect ws://***@h/x"),
            ("/connect ws://me:secret#1@h/x", "/connect ws://***@h/x"),
            ("/connect me:sec@ret@h", "/connect ***@h"),
            ("/connect  wss://h/@x", "/connect  wss://h/@x"),
            ("/connect h/x?u=ws://a@b", "/connect h/x?u=ws://***@b"),
            ("/connect h/?token=secret", "/connect h/?token=***"),
            ("/conn ws://me:secret@h/x", "/conn ws://***@h/x"),
            ("/cnnect me:secret@h", "/cnnect ***@h"),
            ("ws://me:secret@h/x", "ws://***@h/x"),
            (" wss://me:sec ret@h/x ", " wss://***@h/x "),
            ("https://h/?api_key=secret", "https://h/?api_key=***"),
            ("//conn ws://me:not@secret", "//conn ws://me:not@secret"),
            ("/file me:not@secret", "/file me:not@secret"),
            (r#"{"url":"ws://me:not@secret/"}"#, r#"{"url":"ws://me:not@secret/"}"#),
            ("/connect", "/connect"),
            ("say me:not@secret", "say me:not@secret"),
        ] {
            assert_eq!(kept(line), shown);
        }
    }
}
