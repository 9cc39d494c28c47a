//! Bad command lines: one line on stderr that names what was given and what would be right, and no connection.

#[path = "../kit/mod.rs"]
mod kit;

mod completions;
mod profiles;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;

use kit::{dir, path, tool};
use serde_json::Value;

/// A server that must not be called.
struct Uncalled(TcpListener);

impl Uncalled {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("ws://{}/", self.0.local_addr().unwrap())
    }

    /// Runs it with this server's address and these arguments; `error` is all that it may say.
    #[track_caller]
    fn refuses(&self, args: &[&str], error: &str) {
        self.refuses_line(&[&[&*self.url()], args].concat(), error);
    }

    /// The same, with the arguments alone.
    #[track_caller]
    fn refuses_line(&self, args: &[&str], error: &str) {
        let ran = tool().args(args).stdin("never sent\n").run();
        assert_eq!((ran.code, &*ran.out(), &*ran.stderr), (Some(2), "", &*format!("wsprobe: {error}\n")), "{args:?}");
        let called = self.0.accept().map_err(|error| error.kind());
        assert!(matches!(called, Err(ErrorKind::WouldBlock)), "{args:?} made a connection");
    }
}

const TIME: &str = "expected a time like 500ms, 5s, 1.5s, 2m, 1m30s or 1h; a bare number is seconds";
const SIZE: &str = "expected a size like 64, 64K, 64KiB, 1MB or 2G";
const RATE: &str = "expected a rate like 10 (per second), 10/s, 100/1m or 5/500ms, with neither part zero";
const CODES: &str = "codes that may be sent are 1000-1003, 1007-1014 and 3000-4999";
const FIELD: &str = "the value of a header must not contain line breaks or other control characters";
const ESCAPES: &str = r"unknown escape `\q`; expected one of \n \t \r \0 \xNN \u{N} \\";

#[test]
fn a_value_that_is_none_is_named_with_its_option_and_what_would_be_right() {
    let server = Uncalled::new();
    for (option, usage, value, right) in [
        ("-w", "--wait <TIME>", "ever", &*format!("{TIME}; `forever` sets no limit")),
        ("-w", "--wait <TIME>", "-2", &format!("{TIME}; `forever` sets no limit")),
        ("--timeout", "--timeout <TIME>", "soon", TIME),
        ("--timeout", "--timeout <TIME>", "", TIME),
        ("--timeout", "--timeout <TIME>", "999999999h", "expected at most 100 years"),
        ("--connect-timeout", "--connect-timeout <TIME>", "5d", TIME),
        ("--handshake-timeout", "--handshake-timeout <TIME>", "1e3", TIME),
        ("--close-timeout", "--close-timeout <TIME>", "5 s", TIME),
        ("--max-message", "--max-message <SIZE>", "0", "expected a size of at least 1"),
        ("--max-message", "--max-message <SIZE>", "1T", SIZE),
        ("--chunk", "--chunk <SIZE>", "1.5K", SIZE),
        ("--rate", "--rate <N[/TIME]>", "0", RATE),
        ("--rate", "--rate <N[/TIME]>", "10/day", RATE),
        ("--close-code", "--close-code <N>", "1005", CODES),
        ("--close-code", "--close-code <N>", "999", CODES),
        ("--close-code", "--close-code <N>", "5000", CODES),
        ("--close-code", "--close-code <N>", "bye", CODES),
        ("--count", "--count <N>", "0", "expected a number of messages, at least 1"),
        ("--count", "--count <N>", "many", "expected a number of messages, at least 1"),
        ("--max-redirects", "--max-redirects <N>", "x", "expected a number of redirects, at least 0"),
        ("--until", "--until <REGEX>", "a(", "unclosed group"),
        ("--expect", "--expect <REGEX>", "[z-a]", "invalid character class range, the start must be <= the end"),
        ("--expect-json", "--expect-json <PATH[=VALUE]>", "", "expected `PATH` or `PATH=VALUE`, as in `$.op=done`"),
        ("-p", "--protocol <N>", "12", "expected 13, the only version of RFC 6455"),
        (
            "-s",
            "--subprotocol <NAME>",
            "a, b",
            "a subprotocol consists of letters, digits and characters like `-`; repeat the option for more than one",
        ),
        ("-o", "--origin <ORIGIN>", "a\r\nb", FIELD),
        ("--host", "--host <HOST>", "a\nb", FIELD),
        ("-A", "--user-agent <NAME>", "a\u{1b}b", FIELD),
        ("-H", "--header <HEADER>", "Name", "expected a header like `Name: value`"),
        ("--delimiter", "--delimiter <STR>", "", "expected at least one byte; `--whole` does not split stdin"),
        ("--delimiter", "--delimiter <STR>", r"\q", ESCAPES),
        ("--output", "--output <HOW>", "xml", "expected one of auto, text, hex, base64, raw"),
        ("--color", "--color <WHEN>", "red", "expected one of auto, always, never"),
        ("--pretty", "--pretty <WHEN>", "very", "expected one of auto, always, never"),
    ] {
        let shown = value.replace('\r', "\\r").replace('\n', "\\n").replace('\u{1b}', "\\e");
        server.refuses(&[option, value], &format!("invalid value `{shown}` for `{usage}`: {right}"));
    }
}

#[test]
fn a_reason_that_is_too_long_is_counted() {
    let server = Uncalled::new();
    let reason = "é".repeat(62);
    let error = format!(
        "invalid value `{reason}` for `--close-reason <TEXT>`: a reason has at most 123 bytes, this one has 124"
    );
    server.refuses(&["--close-reason", &reason], &error);
}

#[test]
fn a_json_path_that_is_none_comes_with_examples() {
    let server = Uncalled::new();
    let error = "invalid value `a==b` for `--expect-json <PATH[=VALUE]>`: compare with a single `=`, as in \
        `$.op=done`; write a text that begins with one as `$.op=\"=done\"`";
    server.refuses(&["--expect-json", "a==b"], error);
    let ran = tool().args(["--expect-json", "$.["]).arg(server.url()).run().code(2).stdout("");
    assert!(ran.stderr.ends_with("; write it like `$.op`, `$.list[0].id` or `$['my-name']`\n"), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1);
}

#[test]
fn a_url_that_is_none_is_refused_with_its_reason() {
    let server = Uncalled::new();
    let port = server.0.local_addr().unwrap().port();
    let fragment = format!("ws://127.0.0.1:{port}/a#b");
    for (url, error) in [
        (&*fragment, "a WebSocket URL has no fragment: leave `#b` out, or write its `#` as %23"),
        ("", "the URL is empty"),
        ("ftp://localhost/", "`ftp://` is not a WebSocket scheme; use ws://, wss:// or ws+unix:"),
        ("ws://", "empty host"),
        ("ws://localhost:99999/", "invalid port number"),
        ("ws://[::1/", "invalid IPv6 address"),
        ("ws+unix:", "write a Unix socket as ws+unix:/run/app.sock:/path"),
    ] {
        server.refuses_line(&[url], &format!("invalid URL `{url}`: {error}"));
        server.refuses_line(&["--connect", url], &format!("invalid URL `{url}`: {error}"));
    }
}

#[test]
fn a_password_in_a_bad_url_is_not_shown() {
    let server = Uncalled::new();
    server.refuses_line(&["ws://me:secret@host:99999/"], "invalid URL `ws://***@host:99999/`: invalid port number");
}

#[test]
fn a_header_that_is_none_is_named_without_its_value() {
    let server = Uncalled::new();
    for (header, shown, error) in [
        (
            "Na me: secret",
            "Na me: …",
            "the name before the `:` must consist of letters, digits and characters like `-`, without spaces",
        ),
        ("Token: secret\r\nEvil: 1", "Token: …", FIELD),
    ] {
        server.refuses(&["-H", header], &format!("invalid value `{shown}` for `--header <HEADER>`: {error}"));
    }
}

#[test]
fn a_token_or_cookie_with_a_line_break_is_refused_without_showing_it() {
    let server = Uncalled::new();
    let error = format!("the token of `--bearer <TOKEN>` cannot be sent: {FIELD}");
    server.refuses(&["--bearer", "secret\r\nEvil: 1"], &error);
    let error = "invalid value for `--cookie <NAME=VALUE>`: expected a name, `=` and a value on one line";
    for cookie in ["id=secret\r\nEvil: 1", "secret", "=secret"] {
        server.refuses(&["--cookie", cookie], error);
    }
}

#[test]
fn an_escape_that_is_none_is_refused() {
    let server = Uncalled::new();
    for (message, error) in [
        (r"a\q", ESCAPES),
        (r"\xff", r"`\xff` alone is not UTF-8; write `\u{ff}` for the character, or send the message as binary"),
        ("a\\", r"`\` at the end: write a backslash as `\\`"),
    ] {
        let error = format!("invalid value `{message}` for `--execute <MSG>`: {error}");
        server.refuses(&["--escapes", "-x", "fine", "-x", message], &error);
    }
}

#[test]
fn a_kind_of_timestamp_that_is_none_is_refused() {
    let error = "invalid value `zulu` for `--timestamps[=<KIND>]`: expected one of utc, local, delta";
    Uncalled::new().refuses(&["-t=zulu"], error);
}

#[test]
fn options_that_exclude_each_other_are_both_named() {
    let server = Uncalled::new();
    for (args, first, second) in [
        (&["-1", "--count", "2"][..], "--one", "--count <N>"),
        (&["-4", "-6"], "--ipv4", "--ipv6"),
        (&["-r", "-i"], "--receive-only", "--interactive"),
        (&["-0", "--delimiter", "x"], "--null", "--delimiter <STR>"),
        (&["--whole", "--chunk", "4"], "--whole", "--chunk <SIZE>"),
        (&["--json-input", "--whole"], "--json-input", "--whole"),
        (&["--echo", "-i"], "--echo", "--interactive"),
        (&["--color", "always", "--no-color"], "--color <WHEN>", "--no-color"),
        (&["--user", "a:b", "--bearer", "c"], "--user <NAME[:PASS]>", "--bearer <TOKEN>"),
    ] {
        server.refuses(args, &format!("the argument `{first}` cannot be used with `{second}`"));
    }
    server.refuses(&["-c", &server.url()], "the argument `[URL]` cannot be used with `--connect <URL>`");
}

#[test]
fn an_option_that_would_do_nothing_is_refused_with_the_reason() {
    let server = Uncalled::new();
    let url = server.url();
    for (args, error) in [
        (
            &[&*url, "--vi"][..],
            "`--vi` has no effect here: there is a prompt only with a terminal on both sides, and without options \
             that select the pipe",
        ),
        (&[&url, "-r", "--whole"], "`--whole` has no effect here: stdin is not read with `--receive-only`"),
        (
            &[&url, "-x", "a", "--json-input"],
            "`--json-input` has no effect here: stdin is not read after `--execute`; `--interactive` continues with it",
        ),
        (&["demo", "-k"], "`--insecure` has no effect here: the demo server uses ws://, without TLS"),
        (&["listen", ":0", "--echo", "-b"], "`--binary` has no effect here: stdin is not read with `--echo`"),
        (
            &["listen", ":0", "--exec", "cat", "--speed", "2x"],
            "`--speed` has no effect here: it applies only to `--replay`",
        ),
        (
            &["run", "--check", "-k", "x.wsp"],
            "`--insecure` has no effect here: nothing connects with `--check` or `--fmt`",
        ),
    ] {
        server.refuses_line(args, error);
    }
    let ran = kit::tool().args(["--chunk", "4"]).arg(&url).run();
    let error = "wsprobe: `--chunk` has no effect here: there is no stdin to read: it is /dev/null, or closed\n";
    ran.code(2).stderr(error);
}

#[test]
fn what_wsprobe_does_not_know_is_named() {
    let server = Uncalled::new();
    for (args, error) in [
        (&["--unknown"][..], "unexpected argument `--unknown` found; `wsprobe --help` lists all options"),
        (&["-Z"], "unexpected argument `-Z` found; `wsprobe --help` lists all options"),
        (&["--execut", "a"], "unexpected argument `--execut` found; did you mean `--execute`?"),
        (&["--json=yes"], "unexpected value `yes` for `--json` found; no more were expected"),
        (&["--timeout"], "`--timeout <TIME>` needs a value"),
        (&["--pretty"], "`--pretty <WHEN>` needs a value: one of auto, always, never"),
        (&["extra"], "unexpected argument `extra`: only one URL can be given; `-x` sends a message"),
    ] {
        server.refuses(args, error);
    }
}

#[test]
fn without_a_url_it_says_how_to_go_on() {
    let server = Uncalled::new();
    let error = "no URL given: use `wsprobe URL`, or `wsprobe demo` to try it out; see `wsprobe --help` for more";
    for args in [&[][..], &["-x", "a"], &["--user", &server.url()]] {
        server.refuses_line(args, error);
    }
}

#[test]
fn alone_at_a_terminal_it_says_in_ten_lines_what_to_type() {
    let mut screen = kit::pty::prompt::<&str>([]).start();
    screen.shows("wsprobe --help");
    assert_eq!(screen.code(), 0);
    let page = screen.contents();
    let lines: Vec<_> = page.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() <= 10, "{page}");
    for (line, command) in lines[1..].iter().zip(["demo", "wss://", "printf", "-1 -x", "listen --echo", "-h", "--help"])
    {
        assert!(line.contains(command) && line.contains("wsprobe"), "{page}");
    }
}

#[test]
fn a_command_that_is_incomplete_or_misplaced_is_told_so() {
    let server = Uncalled::new();
    for (args, error) in [
        (&["-j", "demo"][..], "the command comes first: wsprobe demo [OPTIONS]"),
        (&["demo", "extra"], "unexpected argument `extra` found; `wsprobe demo --help` lists all options"),
        (&["ping", "-Z", ":1"], "unexpected argument `-Z` found; `wsprobe ping --help` lists all options"),
        (
            &["--protocol", "chat", ":1"],
            "invalid value `chat` for `--protocol <N>`: expected 13, the version of RFC 6455; `-s chat` offers a subprotocol",
        ),
        (&["generate", "completions"], "`<SHELL>` is missing; see `wsprobe generate completions --help`"),
        (
            &["generate", "completions", "csh"],
            "invalid value `csh` for `<SHELL>`: expected one of bash, elvish, fish, powershell, zsh",
        ),
    ] {
        server.refuses_line(args, error);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_option() {
    let server = Uncalled::new();
    let dir = dir();
    let file = |name: &str| path(&dir, name).display().to_string();
    let (missing, at_missing) = (file("missing"), format!("@{}", file("missing")));
    let none = "No such file or directory (os error 2)";
    for (option, usage) in
        [("-H", "--header <HEADER>"), ("--bearer", "--bearer"), ("--cookie", "--cookie"), ("--user", "--user")]
    {
        server.refuses(&[option, &at_missing], &format!("invalid value `{at_missing}` for `{usage}`: {none}"));
    }
    server.refuses(&["--cacert", &missing], &format!("invalid value `{missing}` for `--cacert <FILE>`: {none}"));
    let record = format!("{missing}/record");
    server.refuses(&["--record", &record], &format!("cannot write the record (--record) to `{record}`: {none}"));

    let headers = file("headers");
    std::fs::write(&headers, "A: 1\n\nB 2\n").unwrap();
    let error = format!(
        "invalid value in line 3 of `@{headers}` for `--header <HEADER>`: expected a header like `Name: value`"
    );
    server.refuses(&["-H", &format!("@{headers}")], &error);
    let error = "it contains no certificate in PEM (`-----BEGIN CERTIFICATE-----`)";
    server.refuses(&["--cacert", &headers], &format!("invalid value `{headers}` for `--cacert <FILE>`: {error}"));
}

#[test]
fn a_variable_that_is_not_set_is_named_with_its_option() {
    let server = Uncalled::new();
    for option in ["--bearer", "--user", "--cookie"] {
        server.refuses(&[option, "env:NOPE"], &format!("invalid value `env:NOPE` for `{option}`: `NOPE` is not set"));
    }
}

#[test]
fn an_argument_that_is_no_text_is_refused_in_one_line() {
    let server = Uncalled::new();
    let ran = tool().arg(server.url()).arg("-x").arg(std::ffi::OsStr::from_bytes(b"\xff")).run().code(2).stdout("");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(server.0.accept().is_err());
}

#[test]
fn help_prints_what_the_options_for_help_print() {
    let page = |args: &[&str]| tool().args(args).run().code(0).stderr("").out();
    assert_eq!(page(&["help"]), page(&["-h"]));
    assert_eq!(page(&["help", "listen"]), page(&["listen", "--help"]));
    assert_eq!(page(&["help", "generate", "man"]), page(&["generate", "man", "--help"]));
    let error = "`listne` is neither a heading of the help nor an option or a command; did you mean `listen`?";
    Uncalled::new().refuses_line(&["help", "listne"], error);
}

#[test]
fn a_word_after_help_prints_the_options_under_that_heading_or_one_option() {
    let page = |args: &[&str]| tool().args(args).run().code(0).stderr("").out();
    let all = |args: &[&str], json: &str| -> Value { serde_json::from_str(&page(&[args, &[json]].concat())).unwrap() };
    let catalogue = all(&["help"], "--json");
    let commands = catalogue["commands"].as_array().unwrap().iter().map(|command| (command["name"].as_str(), command));
    for (name, command) in [(None, &catalogue)].into_iter().chain(commands) {
        for option in command["options"].as_array().unwrap() {
            let Some(heading) = option["heading"].as_str().map(str::to_lowercase) else { continue };
            let before: Vec<_> = name.into_iter().collect();
            let shown = page(&[&*before, &["--help", &heading]].concat());
            let long = format!("--{}", option["name"].as_str().unwrap());
            let has =
                |line: &str| line.split([' ', ',', '[', '=', '.']).any(|word| word == long.trim_end_matches(".1"));
            assert!(shown.lines().any(has), "{long} is missing in {name:?} --help {heading}:\n{shown}");
            assert!(shown.to_lowercase().starts_with(&format!("{heading}:\n")), "{shown}");
        }
    }
    assert!(!page(&["--help", "tls"]).contains("--proxy"));
    assert_eq!(page(&["help", "tls"]), page(&["--help", "TLS"]));
    assert_eq!(page(&["help", "listen", "limits"]), page(&["listen", "--help", "limits"]));
    assert_eq!(page(&["--help", "listen"]), page(&["listen", "--help"]));
    let pin = page(&["--help", "pin"]);
    assert!(pin.contains("--pin <SHA256>") && !pin.contains("--cacert <"), "{pin}");
    // What may be a URL is none of these words.
    assert_eq!(page(&["--help", "wss://host"]), page(&["--help"]));
    let server = Uncalled::new();
    let error = |word, more| format!("`{word}` is neither a heading of the help nor an option or a command; {more}");
    server.refuses_line(&["--help", "tlss"], &error("tlss", "did you mean `tls`?"));
    let words = "messages, output, ending, request, tls, route, timing, protocol, profiles";
    server.refuses_line(&["--help", "token"], &error("token", "did you mean `--bearer`?"));
    server.refuses_line(&["--help", "cryptography"], &error("cryptography", &format!("expected one of {words}")));
}

#[test]
fn an_option_of_another_tool_leads_to_the_one_that_does_it_here() {
    let server = Uncalled::new();
    for (typed, meant) in [
        ("--token", "did you mean `--bearer`?"),
        ("--send", "did you mean `--execute`?"),
        ("--message=hi", "did you mean `--execute`?"),
        ("-d", "did you mean `--execute`?"),
        ("--password", "did you mean `--user`? (it takes `NAME:PASS`)"),
        ("--ping", "did you mean `--ping-interval`? (`wsprobe ping` measures round trips)"),
        ("--include", "did you mean `--verbose`?"),
        ("--follow", "did you mean `--location`?"),
        ("--socks5", "did you mean `--proxy`? (it takes `socks5://HOST:PORT` too)"),
        ("--skip-verify", "did you mean `--cacert`? (`-k` checks nothing)"),
        ("--server", "`wsprobe listen PORT` is the server"),
        ("--alias", "`wsprobe profile add NAME URL` keeps a URL under a name, `wsprobe @NAME` uses it"),
        ("--schema", "`wsprobe generate schema` prints it"),
        // One that another command has.
        ("--broadcast", "it is an option of `wsprobe listen`"),
        // Nobody is led to it by a guess.
        ("--insecur", "`wsprobe --help` lists all options"),
        // Nor to what is not like it.
        ("--in", "`wsprobe --help` lists all options"),
    ] {
        let name = typed.split('=').next().unwrap();
        server.refuses(&[typed], &format!("unexpected argument `{name}` found; {meant}"));
    }
    // Only what the command has.
    let elsewhere = "unexpected argument `--ping` found; did you mean `--interval`?";
    server.refuses_line(&["ping", "--ping", ":1"], elsewhere);
    for (command, typed, meant) in [
        ("ping", "--timeout", "did you mean `--deadline`?"),
        ("ping", "-i", "did you mean `--interval`?"),
        ("load", "--timeout", "did you mean `--duration`?"),
        ("listen", "--reply", "did you mean `--script`? (its rules answer what comes)"),
    ] {
        server.refuses_line(&[command, typed], &format!("unexpected argument `{typed}` found; {meant}"));
    }
    server
        .refuses_line(&["ping", "--token", "x", ":1"], "unexpected argument `--token` found; did you mean `--bearer`?");
}

#[test]
fn a_url_is_not_taken_for_the_file_of_profiles() {
    let server = Uncalled::new();
    let error = |shown: &str| {
        format!(
            "invalid value `{shown}` for `--config <FILE>`: expected a file of profiles; the URL stands alone, as in \
             `wsprobe URL`"
        )
    };
    let url = server.url();
    for args in [
        &["--config", &url][..],
        &["--config", &url, &url],
        &[&*url, &format!("--config={url}")],
        &["ping", "--config", &url],
        &["run", "--config", &url, "a.wsp"],
        &["profile", "list", "--config", &url],
    ] {
        server.refuses_line(args, &error(&url));
    }
    server.refuses_line(&["--config", "wss://me:secret@host/"], &error("wss://***@host/"));
    server.refuses_line(&["--config", ":8080"], &error(":8080"));
}

#[test]
fn a_misspelt_command_is_not_looked_up_as_a_host() {
    let server = Uncalled::new();
    let url = server.url();
    for (word, meant) in [
        ("listne", "did you mean `wsprobe listen`?"),
        ("pign", "did you mean `wsprobe ping`?"),
        ("record-to-scrip", "did you mean `wsprobe record-to-script`?"),
        ("connect", "`wsprobe URL` connects"),
        ("version", "`wsprobe --version` prints it"),
        ("conformance", "`wsprobe check URL` tests a server against the RFCs"),
        ("relay", "`wsprobe listen --forward URL` shows what passes between a client and a server"),
    ] {
        let error = format!("`{word}` is not a command; {meant} (a host of this name is `wss://{word}`)");
        server.refuses_line(&[word], &error);
        server.refuses_line(&["-v", word], &error);
        server.refuses_line(&[word, &url], &error);
    }
    let unknown = format!("unexpected argument `{url}`: `measure` was read as the URL, and is not a command");
    server.refuses_line(&["measure", &url], &unknown);
    server.refuses_line(&["load", "100", &url], &format!("unexpected argument `{url}`: `100` was read as the URL"));
    let no_value = format!("unexpected argument `{url}`: `-n` takes no value, so `100` was read as the URL");
    server.refuses_line(&["load", "-n", "100", &url], &no_value);
    let message = "unexpected argument `hello`: only one URL can be given; `-x` sends a message";
    server.refuses_line(&["localhost", "hello"], message);
    server.refuses(&["ping"], "the command comes first: wsprobe ping [OPTIONS]");
    let error = "unrecognized subcommand `mna`; `wsprobe generate --help` lists all commands";
    server.refuses_line(&["generate", "mna"], error);
}

#[test]
fn a_value_that_an_option_takes_after_an_equals_sign_is_not_taken_for_the_url() {
    let server = Uncalled::new();
    let url = server.url();
    for (option, value) in [("-t", "utc"), ("--timestamps", "delta"), ("--reconnect", "5"), ("--http2", "required")] {
        let error = format!("`{option}` takes its value after `=`: write `{option}={value}`");
        server.refuses_line(&[option, value, &url], &error);
        server.refuses_line(&[&*url, option, value], &error);
        server.refuses_line(&[option, value], &error);
        server.refuses_line(&["demo", option, value], &error);
    }
    server.refuses_line(&["-jt", "utc", &url], "`-jt` takes its value after `=`: write `-jt=utc`");
    for args in [&["listen", "-t", "utc", "0"][..], &["replay", "x", &url, "-t", "utc"]] {
        server.refuses_line(args, "`-t` takes its value after `=`: write `-t=utc`");
    }
    for args in [&["run", "--http2", "auto", "x.wsp"][..], &["ping", "--http2", "auto", &url]] {
        server.refuses_line(args, "`--http2` takes its value after `=`: write `--http2=auto`");
    }
    let read_as_url = |word: &str, takes: &str, value: &str| {
        format!("unexpected argument `{url}`: `{word}` {takes}, so `{value}` was read as the URL")
    };
    let takes = "takes its value after `=`, as in `--timestamps[=<KIND>]`";
    server.refuses_line(&["-t", "iso", &url], &read_as_url("-t", takes, "iso"));
    server.refuses_line(&["-1", "5", &url], &read_as_url("-1", "takes no value", "5"));
}

#[test]
fn help_as_json_has_every_option_of_the_pages_with_its_value_and_heading() {
    let json = |args: &[&str]| -> Value {
        let ran = tool().args(["help", "--json"]).args(args).run().code(0).stderr("");
        serde_json::from_slice(&ran.stdout).unwrap()
    };
    let all = json(&[]);
    assert_eq!((&all["format"], &all["version"]), (&1.into(), &env!("CARGO_PKG_VERSION").into()));
    let named = |list: &Value, name: &str| {
        let found = list.as_array().unwrap().iter().find(|entry| entry["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {list}")).clone()
    };
    let compress = named(&all["options"], "compress");
    assert_eq!((&compress["default"], &compress["heading"]), (&serde_json::json!(["auto"]), &"Protocol".into()));
    assert!(compress["values"].as_array().unwrap().contains(&"required".into()), "{compress}");
    let header = named(&all["options"], "header");
    assert_eq!((&header["short"], &header["repeatable"]), (&"H".into(), &true.into()));
    // Whatever a page names, the list names.
    for command in all["commands"].as_array().unwrap() {
        let name = command["name"].as_str().unwrap();
        assert_eq!(&json(&[name]), command);
        let page = tool().args([name, "--help"]).run().code(0).out();
        let is_option = |line: &&str| line.starts_with("  -") || line.starts_with("      --");
        for line in page.lines().filter(is_option) {
            let words = line.split([' ', '[', '=']).filter_map(|word| word.strip_prefix("--"));
            for option in words.take(1).map(|word| word.trim_end_matches("...")) {
                assert_eq!(named(&command["options"], option)["name"], option, "{name}");
            }
        }
    }
    assert!(
        all["exit_statuses"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!({ "status": "7", "meaning": "timed out" }))
    );
    assert_eq!(named(&all["slash_commands"]["client"], "/ping")["group"], "send");
    assert_eq!(named(&all["slash_commands"]["server"], "/kick")["name"], "/kick");
    assert!(all["steps"].as_array().unwrap().contains(&"expect".into()));
}
