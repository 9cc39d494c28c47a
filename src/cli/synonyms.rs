//! What other tools call a command or its options, and what they are called here.

use clap::Command;

use crate::text::synonyms;

/// Words that are typed for a command, and what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    ("connect client open dial", "`wsprobe URL` connects"),
    ("server serve", "`wsprobe listen` is the server"),
    ("echo try", "`wsprobe demo` connects to an echo server, `wsprobe listen --echo` is one"),
    ("test script play", "`wsprobe run FILE` plays scripts, `wsprobe check URL` tests a server against the RFCs"),
    ("bench benchmark stress perf", "`wsprobe load URL` measures under load, `wsprobe ping URL` alone"),
    ("send", "`wsprobe -x MSG URL` sends a message"),
    ("record", "`wsprobe --record FILE URL` records"),
    ("completion completions man manual schema", "`wsprobe generate` prints completions, man pages and the schema"),
    ("profiles config alias save", "`wsprobe profile` lists, adds and removes profiles"),
    ("conformance autobahn validate lint fuzz", "`wsprobe check URL` tests a server against the RFCs"),
    ("latency rtt", "`wsprobe ping URL` measures round trips"),
    ("proxy relay forward intercept", "`wsprobe listen --forward URL` shows what passes between a client and a server"),
    ("mock", "`wsprobe listen --script FILE` is a server that answers what it hears"),
    ("tail watch subscribe", "`wsprobe -r URL` only receives"),
    ("version", "`wsprobe --version` prints it"),
];

/// The advice for an option of another tool, if this command has what it is called here.
pub(super) fn option(typed: &str, command: &Command) -> Option<String> {
    let has = |option: &str| {
        let mut arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
        option.is_empty() || arguments.any(|argument| argument.get_long() == Some(option))
    };
    synonyms::advice(typed, "--", &has)
}

/// What to type for a word that is no command here.
pub(super) fn command(typed: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(words, _)| words.split(' ').any(|word| word == typed)).map(|(_, advice)| *advice)
}
