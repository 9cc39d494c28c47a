//! The man pages: the options as clap has them, and what else a reader of manuals looks for.

use std::fmt::Write as _;

use clap::{Arg, Command};
use clap_mangen::Man;
use regex::Regex;

use super::help::{EXAMPLES, EXIT_STATUS};
use crate::commands::prompt::command;
use crate::error::Error;
use crate::events::FailureKind;
use crate::wire::frame::Side;

/// What a variable of the environment does.
const ENVIRONMENT: [(&str, &str); 12] = [
    ("NO_COLOR", "No colour, unless `--color always` asks for it."),
    ("CLICOLOR_FORCE", "Colour, even when the output is no terminal."),
    ("TERM", "`dumb` disables the prompt and colour, even on a terminal."),
    ("PAGER", "The pager of `/last`, `/grep` and `/view`; `less -FR` if unset."),
    ("VISUAL, EDITOR", "The editor that `/edit` opens; `vi` if unset."),
    ("INPUTRC", "The file in which wsprobe looks for `set editing-mode vi`; `~/.inputrc` if unset."),
    ("XDG_STATE_HOME", "The directory below which the history is kept; `~/.local/state` if unset."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificate authorities instead of the system's."),
    (
        "ws_proxy, http_proxy, all_proxy",
        "The proxy for ws:// URLs: the first of these that is set. Names in upper case work too.",
    ),
    ("wss_proxy, https_proxy, all_proxy", "The proxy for wss:// URLs, in the same way."),
    ("no_proxy", "Hosts that are reached without a proxy, as for `--no-proxy`. The name in upper case works too."),
    ("SSLKEYLOGFILE", "The file to write the secrets of TLS sessions to, for tools such as Wireshark."),
];

/// The fields of records other than messages, by their type.
const RECORDS: [(&str, &str); 6] = [
    (
        "all",
        "`time` (RFC 3339, UTC, never decreasing within a run), `dir`, `type`, and, when wsprobe is the server, `client`.",
    ),
    (
        "open",
        "`url`, `peer`, `tls`, `status`, `http` (`2`, only over HTTP/2), `subprotocol`, `extensions`, `offered` (the subprotocols of the client, if any), \
         `headers` (the peer's), and wsprobe's own headers: `request`, or `answer` when it is the server.",
    ),
    ("close", "`code`, `reason`, and `clean`: whether both sides have closed."),
    (
        "error",
        "`kind` and `data`. After a response that opened no connection also `status`, `headers`, `body` (or `body_base64` \
         if it is not UTF-8), and `body_cut` if the body was longer. For a rejected client also `peer`, `url`, `headers` \
         (or `head` if it could not be parsed), and wsprobe's `status`, `answer` and `body`.",
    ),
    (
        "answered",
        "As a server: a request without a WebSocket handshake, such as a browser's for the page. The fields are \
         those of `error`.",
    ),
    ("listening", "As a server: the `url`."),
];

/// The page about all, in troff.
pub(super) fn page(command: Command) -> Vec<u8> {
    let subcommands: Vec<_> = command.get_subcommands().cloned().collect();
    // A command's options are defined when it is built.
    let mut built = command.clone();
    built.build();
    let pages = with_pages(&built);
    let mut text = beginning(command);
    let told = |subcommand: &Command| {
        let about = subcommand.get_long_about().or(subcommand.get_about());
        (subcommand.get_name().to_owned(), about.map(ToString::to_string).unwrap_or_default())
    };
    section(&mut text, "COMMANDS", subcommands.iter().map(told));
    at_the_prompt(&mut text, Side::Client);
    section(&mut text, "EXIT STATUS", EXIT_STATUS);
    records(&mut text);
    section(&mut text, "ENVIRONMENT", ENVIRONMENT);
    let files = [
        ("~/.local/state/wsprobe/history", "The lines typed at the prompt, readable only by you."),
        ("~/.netrc", "Users and passwords of hosts, for `--netrc`."),
    ];
    section(&mut text, "FILES", files);
    section(&mut text, "EXAMPLES", EXAMPLES);
    let pages = pages.iter().map(|name| (format!("wsprobe-{name}(1)"), format!("The options of `wsprobe {name}`.")));
    let others = [
        ("RFC 6455, RFC 8441", "The WebSocket Protocol, and WebSockets over HTTP/2."),
        ("wscat(1), curl(1), jq(1)", ""),
    ];
    section(&mut text, "SEE ALSO", pages.chain(others.map(|(name, what)| (name.to_owned(), what.to_owned()))));
    finished(&text)
}

/// The page of a subcommand.
///
/// # Errors
/// It has no options of its own, and so no page.
pub(super) fn page_of(mut command: Command, name: &str) -> Result<Vec<u8>, Error> {
    command.build();
    let pages = with_pages(&command);
    let subcommand = command.find_subcommand(name).filter(|_| pages.iter().any(|page| page == name));
    let Some(subcommand) = subcommand else {
        return Err(Error::Usage(format!(
            "`{name}` has no manual page of its own; these commands do: {}",
            pages.join(", ")
        )));
    };
    let mut subcommand = subcommand.clone().version(env!("CARGO_PKG_VERSION"));
    let usage = subcommand.render_usage().to_string();
    let mut text = beginning(subcommand.override_usage(usage.trim_start_matches("Usage: ").to_owned()));
    if name == "listen" {
        at_the_prompt(&mut text, Side::Server);
    }
    section(&mut text, "SEE ALSO", [("wsprobe(1)", "Everything else: exit statuses, environment, files.")]);
    Ok(finished(&text))
}

/// The subcommands with options that the command itself does not have.
pub(super) fn with_pages(command: &Command) -> Vec<String> {
    let is_ours = |option: &Arg| command.get_arguments().any(|ours| ours.get_long() == option.get_long());
    let has_own = |subcommand: &&Command| subcommand.get_opts().any(|option| !is_ours(option));
    let pages = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).filter(has_own);
    pages.map(|subcommand| subcommand.get_name().to_owned()).collect()
}

/// What clap knows.
fn beginning(command: Command) -> String {
    // The page has room for what `-h` leaves out.
    let command = command.mut_args(|argument| {
        let help = argument.get_long_help().or(argument.get_help()).cloned();
        argument.hide_short_help(false).long_help(help.unwrap_or_default())
    });
    let man = Man::new(command);
    let mut page = Vec::new();
    let rendered = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page));
    rendered.expect("a Vec takes all");
    String::from_utf8(page).expect("clap writes UTF-8")
}

fn at_the_prompt(page: &mut String, side: Side) {
    let entries = command::table(side).map(|entry| (entry.usage(), entry.described()));
    section(page, "AT THE PROMPT", entries);
    *page += match side {
        Side::Client => "Any other line is sent as a message;",
        Side::Server => "Any other line is sent to all clients;",
    };
    *page += " `//` at its beginning sends one slash. An empty line sends nothing, `/send \"\"` an empty message. A blank \
              before a line keeps it out of the history. Alt-Enter begins a new line.\n.PP\n";
    *page += "Up goes through the previous lines that begin with the typed text, Ctrl-R searches all of them. The text in \
        grey is the rest of a previous line, or the arguments of a command; Right or End accepts it. The prompt shows what \
        is on: `[paused 12, filtered, recording, repeating] >`. It ends with `>`, with `~` while reconnecting, with `<` \
        after `/half-close`, with `!` when nobody is connected.\n";
    *page += ".PP\nInput that is taller than the screen is shown as a label, such as [44 lines]; it is sent as a whole, and \
              `/edit` before it shows it. Ctrl-C drops the line, and stops what is being printed.\n";
    if side == Side::Client {
        *page += ".PP\nWhen the connection closes, the prompt stays once something was typed, and after a `/close`: Enter \
                  connects again. Otherwise the run ends, with the status of the Close; with `--exit\\-on\\-close` it \
                  always does.\n";
    }
}

/// What programs that read records can rely on.
fn records(page: &mut String) {
    section(page, "RECORDS", RECORDS);
    *page += "An error is a record of type `error`, with the message in `data` and one of these values in `kind`:\n";
    for (name, meaning) in FailureKind::ALL.map(FailureKind::described) {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}", troff(name), troff(meaning)).expect("a String takes all");
    }
    page.push_str(".PP\n");
}

fn finished(text: &str) -> Vec<u8> {
    let quoted = Regex::new("`([^`\n]+)`").expect("it is a valid expression");
    quoted.replace_all(text, r"\fB$1\fR").into_owned().into_bytes()
}

fn section<T: AsRef<str>, D: AsRef<str>>(page: &mut String, title: &str, entries: impl IntoIterator<Item = (T, D)>) {
    writeln!(page, ".SH \"{title}\"").expect("a String takes all");
    for (term, description) in entries {
        writeln!(page, ".TP\n\\fB{}\\fR", troff(term.as_ref().trim())).expect("a String takes all");
        let paragraphs: Vec<_> = description.as_ref().split("\n\n").map(troff).collect();
        writeln!(page, "{}", paragraphs.join("\n.sp\n")).expect("a String takes all");
    }
    page.push_str(".PP\n");
}

/// Keeps troff from taking text for commands, and hyphens for ones to break at.
fn troff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
