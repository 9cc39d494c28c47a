//! What the pages of the manual say besides options: exit statuses, the environment, files, examples.

use super::super::help::{EXAMPLES, EXIT_STATUS};
use super::troff::ManPage;

/// A term and what it means.
type ManualEntry = (&'static str, &'static str);

/// The sections of the file of profiles.
pub(super) const PROFILES: [ManualEntry; 5] = [
    (
        "[profile.NAME]",
        "What `@NAME` means: a `url`, and any long option by its name, without the dashes: `header = [\"X-Tenant: blue\"]`, \
         `bearer = \"env:TOKEN\"`, `cacert = \"~/ca.pem\"`, `insecure = true`, `reply = [[\"^ping\", \"pong\"]]`. `extends = \
         \"OTHER\"` adds to another profile. `@NAME/path` connects to a path below the URL, `@NAME?x=1` adds to its query. An \
         option that a command does not have is left out there.",
    ),
    ("[host.\"PATTERN\"]", "Options for all hosts that match; `*` matches any text. The longer pattern wins."),
    (
        "[defaults]",
        "Options for all connections. `wsprobe run` takes neither these nor those of hosts, unless `--config` names the file.",
    ),
    (
        "Which value wins",
        "The command line, then the profile, then what it extends, then hosts, then defaults. Headers and cookies of other \
         names add to each other. `false` takes a flag back. An option that conflicts with a nearer one is left out. `-v` \
         tells which section each option came from.",
    ),
    (
        "Secrets",
        "A token, a password, a cookie or a secret header is best written as a place: `env:NAME`, `@FILE`, `ask:`, or \
         `cmd:COMMAND` for the first line that a command prints, such as `cmd:pass show api`. As plain text, it is refused if \
         others can read the file. Relative paths begin at the folder of the file. Nothing is ever read from the working \
         directory.",
    ),
];

/// What `--decode` and `--decode-with` mean beyond the names of decoders.
pub(super) const DECODING: &str = "Text messages are not decoded, unless the decoder reads text too. Several decoders apply \
in their order: `--decode gzip,msgpack`. What one makes of a message is decoded by the next.

A command of `--decode-with` reads the length of each message (4 bytes, the most significant first) and its bytes, and prints \
a line. In Python:

    import json, struct, sys
    import my_format
    while head := sys.stdin.buffer.read(4):
        (length,) = struct.unpack(\">I\", head)
        message = sys.stdin.buffer.read(length)
        try:
            print(json.dumps(my_format.read(message)), flush=True)
        except ValueError as error:
            print(json.dumps({\"error\": str(error)}), flush=True)

With protoc and a schema, in bash:

    while head=$(head -c 4 | xxd -p) && [ -n \"$head\" ]; do
        head -c $((16#$head)) | protoc --decode=chat.Event chat.proto | tr '\\n' ' '
        echo
    done";

/// What clap does not know about a command.
pub(super) struct About {
    pub(super) exit_status: &'static [ManualEntry],
    pub(super) environment: &'static [&'static [ManualEntry]],
    pub(super) files: &'static [ManualEntry],
    pub(super) examples: &'static [ManualEntry],
    pub(super) see_also: &'static [&'static str],
}

const COLOUR: &[ManualEntry] = &[
    ("NO_COLOR", "No colour, unless `--color always` asks for it."),
    ("CLICOLOR_FORCE", "Colour, even when the output is no terminal."),
    ("TERM", "`dumb` disables the prompt and colour, even on a terminal."),
];

const PROMPT: &[ManualEntry] = &[
    ("PAGER", "The pager of `/last`, `/grep` and `/view`; `less -FR` if unset."),
    ("VISUAL, EDITOR", "The editor that `/edit` opens; `vi` if unset."),
    ("INPUTRC", "The file in which wsprobe looks for `set editing-mode vi`; `~/.inputrc` if unset."),
    ("XDG_STATE_HOME", "The directory below which the history is kept; `~/.local/state` if unset."),
];

const CONNECTING: &[ManualEntry] = &[
    ("XDG_CONFIG_HOME", "The directory below which the file of profiles is; `~/.config` if unset."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificate authorities instead of the system's."),
    (
        "ws_proxy, http_proxy, all_proxy",
        "The proxy for ws:// URLs: the first of these that is set. Names in upper case work too.",
    ),
    ("wss_proxy, https_proxy, all_proxy", "The proxy for wss:// URLs, in the same way."),
    ("no_proxy", "Hosts that are reached without a proxy, as for `--no-proxy`. The name in upper case works too."),
    ("SSLKEYLOGFILE", "The file to write the secrets of TLS sessions to, for tools such as Wireshark."),
];

const CONFIG: ManualEntry = (
    "~/.config/wsprobe/config.toml",
    "Profiles, and options for hosts and for all connections. wsprobe(1) explains them.",
);
const HISTORY: ManualEntry = ("~/.local/state/wsprobe/history", "The lines typed at the prompt, readable only by you.");
const NETRC: ManualEntry = ("~/.netrc", "Users and passwords of hosts, for `--netrc`.");
const SCRIPTS: ManualEntry = ("*.wsp", "Scripts; wsprobe.wsp(5) explains their language.");
const RECORDING: ManualEntry =
    ("*.jsonl", "Recordings: what `--record` writes, a JSON record per line. wsprobe(1) explains them.");

const CONNECTION_FAILED: ManualEntry =
    ("3 to 7", "as for wsprobe(1): not reached, refused, broken, closed with an error, timed out");
const SIGNALLED: ManualEntry = ("130, 143", "interrupted, terminated");

/// The page of wsprobe itself.
pub(super) const ABOUT_ALL: About = About {
    exit_status: &EXIT_STATUS,
    environment: &[COLOUR, PROMPT, CONNECTING],
    files: &[CONFIG, HISTORY, NETRC],
    examples: &EXAMPLES,
    see_also: &["wsprobe-json(5)", "wsprobe.wsp(5)", "curl(1)", "jq(1)"],
};

const LISTEN: About = About {
    exit_status: &[
        ("0", "ended by SIGINT or SIGTERM"),
        ("1", "a step of `--script` failed for a client, or `--compare` found a difference"),
        ("2", "wrong usage, input or output"),
        ("3", "cannot listen on the address"),
        ("130, 143", "a second signal ended it without waiting for its clients"),
    ],
    environment: &[COLOUR, PROMPT],
    files: &[HISTORY, RECORDING, SCRIPTS],
    examples: &[
        ("wsprobe listen", "a prompt that talks to all clients of port 8080"),
        ("wsprobe listen --echo 8080", "send every message back"),
        ("wsprobe listen --exec 'jq --unbuffered -c .op' 8080", "run a command for each client"),
        ("wsprobe listen --tcp localhost:5900 8080", "what websockify does: a WebSocket before a TCP server"),
        ("wsprobe listen --tls-self-signed 0.0.0.0:8443", "wss://, for other machines too"),
        ("wsprobe listen --refuse '503:come back later' -H 'Retry-After: 5'", "refuse every handshake"),
        ("wsprobe listen --replay session.jsonl 8080", "play the server's part of a recording"),
    ],
    see_also: &["wsprobe-json(5)", "wsprobe.wsp(5)", "websocketd(1)"],
};

const RUN: About = About {
    exit_status: &[
        ("0", "all scripts passed"),
        ("1", "an expectation failed; with `--check --fmt`, a file is not in its canonical form"),
        ("2", "wrong usage, input or output; a script has an error, and nothing was run"),
        CONNECTION_FAILED,
        SIGNALLED,
    ],
    environment: &[COLOUR, CONNECTING],
    files: &[CONFIG, SCRIPTS, NETRC],
    examples: &[
        ("wsprobe run --var url=ws://localhost:8080 chat.wsp", "run a script"),
        ("wsprobe run --report junit results.xml tests", "run all scripts in a folder, with a report for CI"),
        ("wsprobe run --check tests", "only look for errors in the scripts"),
        ("wsprobe run --fmt tests", "format the scripts"),
    ],
    see_also: &["wsprobe.wsp(5)", "wsprobe-record-to-script(1)", "wsprobe-check(1)"],
};

const PING: About = About {
    exit_status: &[
        ("0", "something was answered"),
        ("2", "wrong usage, input or output"),
        ("3 to 6", "as for wsprobe(1): not reached, refused, broken, closed with an error"),
        ("7", "nothing was answered"),
        ("130, 143", "interrupted or terminated while connecting"),
    ],
    environment: &[COLOUR, CONNECTING],
    files: &[CONFIG, NETRC],
    examples: &[
        ("wsprobe ping :8080", "a ping per second, until Ctrl-C"),
        ("wsprobe ping --count 3 -x '{\"op\":\"time\"}' :8080", "three pings, each beside a message and its answer"),
        ("wsprobe ping --reconnect-each --deadline 10s :8080", "time connecting, too, for ten seconds"),
        ("wsprobe ping -j --count 3 :8080 | jq 'select(.type == \"summary\").pong_ms.avg'", "a number for a monitor"),
    ],
    see_also: &["wsprobe-check(1)", "ping(8)"],
};

const LOAD: About = About {
    exit_status: &[
        ("0", "some connection lasted to the end and, where replies are looked for, some came"),
        ("1", "a `--threshold` does not hold"),
        ("2", "wrong usage, input or output"),
        ("3 to 6", "as for wsprobe(1), for what ended most of the connections"),
        ("7", "no reply came"),
        SIGNALLED,
    ],
    environment: &[COLOUR, CONNECTING],
    files: &[CONFIG, NETRC],
    examples: &[
        ("wsprobe load -c 1000 --connect-rate 200 --duration 1m :8080", "hold a thousand silent connections"),
        ("wsprobe load -c 50 --rate 2 -x '{\"op\":\"time\"}' :8080", "two messages per second on each of fifty"),
        ("wsprobe load -c 50 -x hello --threshold 'p99<50ms' :8080", "a check for CI"),
        ("wsprobe load -c 50 -x hello --find-rate 'p99<100ms' :8080", "the highest rate that is fast enough"),
        ("wsprobe load -c 500 --fan-out -x 'tick {{seq}}' :8080", "how late a broadcast is for each of 499"),
        ("wsprobe load -c 50 --script chat.wsp :8080", "fifty conversations, again and again"),
        ("wsprobe load -c 8 --closed --size 32 --match echo :8080", "as much as an echo server can do"),
    ],
    see_also: &["wsprobe-ping(1)", "wsprobe-check(1)"],
};

const CHECK: About = About {
    exit_status: &[
        ("0", "every MUST that was judged is kept (with `--strict`, every SHOULD as well)"),
        ("1", "a MUST is broken (with `--strict`, also a SHOULD)"),
        ("2", "wrong usage, input or output"),
        ("3 to 7", "as for wsprobe(1), when nothing could be judged"),
        SIGNALLED,
    ],
    environment: &[COLOUR, CONNECTING],
    files: &[CONFIG, NETRC],
    examples: &[
        ("wsprobe check :8080", "well-formed traffic only"),
        ("wsprobe check --malformed --strict --report junit results.xml :8080", "for CI"),
        ("wsprobe check --malformed --only frame/rsv2 --frames :8080", "look at one case"),
        ("wsprobe check --show frame/rsv2 :8080", "print a case as a script for `wsprobe run`"),
        ("wsprobe check --list", "all cases, and what they send"),
    ],
    see_also: &["wsprobe-run(1)", "wsprobe-ping(1)", "wsprobe.wsp(5)"],
};

const REPLAY: About = About {
    exit_status: &[
        ("0", "success; with `--compare`, the answers are those of the recording"),
        ("1", "with `--compare`, the answers differ"),
        ("2", "wrong usage, input or output"),
        CONNECTION_FAILED,
        SIGNALLED,
    ],
    environment: &[COLOUR, CONNECTING],
    files: &[CONFIG, RECORDING, NETRC],
    examples: &[
        ("wsprobe replay session.jsonl :8080", "with the recorded pauses"),
        ("wsprobe replay --speed max --compare --ignore time session.jsonl :8080", "as a test"),
    ],
    see_also: &["wsprobe-record-to-script(1)", "wsprobe-listen(1)"],
};

const RECORD_TO_SCRIPT: About = About {
    exit_status: &[("0", "success"), ("2", "wrong usage, input or output; the file is not a recording")],
    environment: &[],
    files: &[RECORDING],
    examples: &[("wsprobe record-to-script session.jsonl > session.wsp", "convert a recording")],
    see_also: &["wsprobe-replay(1)", "wsprobe-run(1)", "wsprobe.wsp(5)"],
};

const IMPORT: About = About {
    exit_status: &[
        ("0", "success"),
        ("2", "wrong usage, input or output; the file is not a HAR file, or has no messages of a WebSocket"),
    ],
    environment: &[],
    files: &[RECORDING],
    examples: &[
        ("wsprobe import app.har > app.jsonl", "make a recording"),
        ("wsprobe import --url 'wss://app.example/*' app.har > app.jsonl", "of one of several WebSockets"),
    ],
    see_also: &["wsprobe-replay(1)", "wsprobe-record-to-script(1)", "wsprobe-listen(1)"],
};

/// What the page of a command says. A command with a page and no entry here fails the test of this module.
pub(super) fn about(command: &str) -> About {
    match command {
        "listen" => LISTEN,
        "run" => RUN,
        "ping" => PING,
        "load" => LOAD,
        "check" => CHECK,
        "replay" => REPLAY,
        "record-to-script" => RECORD_TO_SCRIPT,
        "import" => IMPORT,
        _ => unreachable!("src/cli/manual/about.rs says nothing about `wsprobe {command}`"),
    }
}

/// What a reader of manuals looks for after the options.
pub(super) fn ending(page: &mut ManPage, about: &About, pages: impl IntoIterator<Item = String>) {
    page.section("EXIT STATUS");
    page.entries(about.exit_status.iter().copied());
    page.section("ENVIRONMENT");
    if about.environment.is_empty() {
        page.paragraphs("No variable changes what it does.");
    }
    page.entries(about.environment.iter().flat_map(|group| group.iter()).copied());
    page.section("FILES");
    page.entries(about.files.iter().copied());
    page.section("EXAMPLES");
    page.entries(about.examples.iter().copied());
    page.section("SEE ALSO");
    let pages = pages.into_iter().chain(about.see_also.iter().map(|&name| name.to_owned()));
    let pages: Vec<_> = pages.map(|page| page.replace('(', "`(")).map(|page| format!("`{page}")).collect();
    page.paragraphs(&format!(
        "{}; RFC 6455, The WebSocket Protocol; RFC 8441, WebSockets over HTTP/2",
        pages.join(", ")
    ));
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::super::with_pages;
    use super::*;
    use crate::cli::command;

    /// The words of a command line as a shell has them: without comments, pipes, redirections and quotes.
    fn words(line: &str) -> Vec<String> {
        let line = line.rsplit_once("| wsprobe").map_or(line.to_owned(), |(_, rest)| format!("wsprobe{rest}"));
        let line = line.split([';', '|', '>']).next().unwrap_or_default();
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for c in line.trim().chars() {
            match c {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                c => words.last_mut().expect("there is one").push(c),
            }
        }
        words
    }

    #[track_caller]
    fn parses(definition: &Command, line: &str) {
        if let Err(error) = definition.clone().try_get_matches_from(words(line)) {
            panic!("{line}: {error}");
        }
    }

    #[test]
    fn every_page_has_examples_that_the_command_line_accepts() {
        let definition = command();
        let mut built = definition.clone();
        built.build();
        let abouts = with_pages(&built).into_iter().map(|name| about(&name)).chain([ABOUT_ALL]);
        for about in abouts {
            assert!(!about.exit_status.is_empty() && !about.files.is_empty() && !about.examples.is_empty());
            about.examples.iter().for_each(|(line, _)| parses(&definition, line));
        }
    }
}
