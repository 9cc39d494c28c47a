//! What clap's definition of an option tells of it.

use std::ffi::OsStr;

use clap::Arg;

/// Options by which a server judges its clients; for the connections of a relay to its server, they are header fields.
pub(super) const OF_CLIENTS: [&str; 2] = ["origin", "host"];

/// Whether an option's value is the path of a file.
pub(super) fn names_path(argument: &Arg) -> bool {
    let has_file = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "FILE"));
    has_file || argument.get_id() == "unix_socket"
}

/// Whether a word is this option, without a value.
pub(super) fn is_named(argument: &Arg, word: &OsStr) -> bool {
    let long = argument.get_long().map(|name| format!("--{name}"));
    let short = argument.get_short().map(|name| format!("-{name}"));
    [long, short].into_iter().flatten().any(|name| word == name.as_str())
}
