//! The whole table of options and modes: in each mode, an option changes what is done or is refused.

use std::ffi::OsString;

use super::*;
use crate::cli::{command, dialing, invocation};

/// Options that are taken for the sake of wscat's command lines, and say themselves that they do nothing.
const FOR_WSCAT: [&str; 2] = ["slash", "protocol"];

/// Options that are not visible in the job: they only open a key, which other tests cover.
const SEEN_ELSEWHERE: [&str; 1] = ["passphrase"];

/// How each option is tested: its arguments, preceded by those that it requires. `%` is the folder of the files.
const SAMPLES: &[(&str, &[&str], &[&str])] = &[
    ("execute", &[], &["--execute", "a"]),
    ("file", &[], &["--file", "%/vars.toml"]),
    ("interactive", &["--execute", "a"], &["--interactive"]),
    ("binary", &[], &["--binary"]),
    ("escapes", &[], &["--escapes"]),
    ("encode", &[], &["--encode", "cbor"]),
    ("delimiter", &[], &["--delimiter", ";"]),
    ("null", &[], &["--null"]),
    ("keep-newline", &[], &["--keep-newline"]),
    ("whole", &[], &["--whole"]),
    ("chunk", &[], &["--chunk", "9"]),
    ("receive-only", &[], &["--receive-only"]),
    ("json-input", &[], &["--json-input"]),
    ("stream", &[], &["--stream"]),
    ("rate", &[], &["--rate", "9"]),
    ("reply", &[], &["--reply", "a", "b"]),
    ("lockstep", &[], &["--lockstep"]),
    ("until-each", &["--lockstep"], &["--until-each", "a"]),
    ("timeout-each", &["--lockstep"], &["--timeout-each", "9s"]),
    ("echo", &[], &["--echo"]),
    ("json", &[], &["--json"]),
    ("output", &[], &["--output", "hex"]),
    ("record", &[], &["--record", "%/new"]),
    ("force", &["--record", "%/new"], &["--force"]),
    ("record-secrets", &["--record", "%/new"], &["--record-secrets"]),
    ("decode", &[], &["--decode", "cbor"]),
    ("decode-with", &[], &["--decode-with", "cat"]),
    ("timestamps", &[], &["--timestamps=utc"]),
    ("show-ping-pong", &[], &["--show-ping-pong"]),
    ("pretty", &[], &["--pretty", "always"]),
    ("color", &[], &["--color", "never"]),
    ("no-color", &[], &["--no-color"]),
    ("vi", &[], &["--vi"]),
    ("frames", &[], &["--frames"]),
    ("quiet", &[], &["--quiet"]),
    ("verbose", &[], &["--verbose"]),
    ("wait", &[], &["--wait", "9s"]),
    ("wait-idle", &[], &["--wait-idle", "9s"]),
    ("one", &[], &["--one"]),
    ("count", &[], &["--count", "9"]),
    ("until", &[], &["--until", "a"]),
    ("timeout", &[], &["--timeout", "9s"]),
    ("expect", &[], &["--expect", "a"]),
    ("expect-status", &[], &["--expect-status", "403"]),
    ("expect-json", &[], &["--expect-json", "a"]),
    ("exit-on-close", &[], &["--exit-on-close"]),
    ("close-code", &[], &["--close-code", "4000"]),
    ("close-reason", &[], &["--close-reason", "a"]),
    ("close-timeout", &[], &["--close-timeout", "9s"]),
    ("header", &[], &["--header", "A: b"]),
    ("subprotocol", &[], &["--subprotocol", "a"]),
    ("origin", &[], &["--origin", "https://a.example"]),
    ("host", &[], &["--host", "a.example"]),
    ("user-agent", &[], &["--user-agent", "a"]),
    ("cookie", &[], &["--cookie", "a=b"]),
    ("user", &[], &["--user", "a:b"]),
    ("basic", &["--user", "a:b"], &["--basic"]),
    ("digest", &["--user", "a:b"], &["--digest"]),
    ("ntlm", &["--user", "a:b"], &["--ntlm"]),
    ("anyauth", &["--user", "a:b"], &["--anyauth"]),
    ("aws-sigv4", &["--user", "a:b"], &["--aws-sigv4", "aws:amz:r:s"]),
    ("aws-sigv4-query", &["--user", "a:b"], &["--aws-sigv4-query", "aws:amz:r:s"]),
    ("bearer", &[], &["--bearer", "a"]),
    ("netrc", &[], &["--netrc"]),
    ("netrc-file", &[], &["--netrc-file", "%/netrc"]),
    ("location", &[], &["--location"]),
    ("insecure-redirect", &["--location"], &["--insecure-redirect"]),
    ("max-redirects", &["--location"], &["--max-redirects", "9"]),
    ("insecure", &[], &["--insecure"]),
    ("cacert", &[], &["--cacert", "%/certificate"]),
    ("cert", &[], &["--cert", "%/certificate", "--key", "%/key"]),
    ("key", &[], &["--cert", "%/certificate", "--key", "%/key"]),
    ("passphrase", &["--cert", "%/certificate", "--key", "%/key"], &["--passphrase", "a"]),
    ("sni", &[], &["--sni", "a.example"]),
    ("tls-min", &[], &["--tls-min", "1.3"]),
    ("tls-max", &[], &["--tls-max", "1.2"]),
    ("pin", &[], &["--pin", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]),
    ("proxy", &[], &["--proxy", "http://proxy.example:9"]),
    ("proxy-basic", &["--proxy", "http://proxy.example:9"], &["--proxy-basic"]),
    ("proxy-digest", &["--proxy", "http://proxy.example:9"], &["--proxy-digest"]),
    ("proxy-ntlm", &["--proxy", "http://proxy.example:9"], &["--proxy-ntlm"]),
    ("proxy-anyauth", &["--proxy", "http://proxy.example:9"], &["--proxy-anyauth"]),
    ("no-proxy", &["--proxy", "http://proxy.example:9"], &["--no-proxy", "a.example"]),
    ("unix-socket", &[], &["--unix-socket", "/a"]),
    ("resolve", &[], &["--resolve", "a.example:9:127.0.0.1"]),
    ("connect-to", &[], &["--connect-to", "a.example:9:b.example:9"]),
    ("interface", &[], &["--interface", "127.0.0.1"]),
    ("ipv4", &[], &["--ipv4"]),
    ("ipv6", &[], &["--ipv6"]),
    ("connect-timeout", &[], &["--connect-timeout", "9s"]),
    ("handshake-timeout", &[], &["--handshake-timeout", "9s"]),
    ("wait-for-server", &[], &["--wait-for-server", "9s"]),
    ("interval", &[], &["--interval", "9s"]),
    ("deadline", &[], &["--deadline", "9s"]),
    ("size", &[], &["--size", "9"]),
    ("match", &[], &["--match", "next"]),
    ("connections", &[], &["--connections", "9"]),
    ("connect-rate", &[], &["--connect-rate", "9"]),
    ("duration", &[], &["--duration", "9s"]),
    ("closed", &[], &["--closed"]),
    ("ramp", &[], &["--ramp", "9s:9"]),
    ("start-at", &[], &["--start-at", "2999-01-01T00:00:00Z"]),
    ("fan-out", &[], &["--fan-out"]),
    ("find-rate", &[], &["--find-rate", "p99<1s"]),
    ("vars-from", &[], &["--vars-from", "%/clients.csv"]),
    ("threshold", &[], &["--threshold", "rate>9"]),
    ("csv", &[], &["--csv", "%/new"]),
    ("hdr", &[], &["--hdr", "%/new"]),
    ("plot", &[], &["--plot", "%/new"]),
    ("reconnect-each", &[], &["--reconnect-each"]),
    ("ping-interval", &[], &["--ping-interval", "9s"]),
    ("ping-timeout", &[], &["--ping-timeout", "9s"]),
    ("heartbeat", &[], &["--heartbeat", "a"]),
    ("heartbeat-interval", &["--heartbeat", "a"], &["--heartbeat-interval", "9s"]),
    ("no-pong", &[], &["--no-pong"]),
    ("reconnect", &[], &["--reconnect=9"]),
    ("reconnect-delay", &["--reconnect=9"], &["--reconnect-delay", "1s..9s"]),
    ("reconnect-on", &["--reconnect=9"], &["--reconnect-on", "1000,4000"]),
    ("idle-timeout", &[], &["--idle-timeout", "9s"]),
    ("max-message", &[], &["--max-message", "9"]),
    ("compress", &[], &["--compress", "required"]),
    ("compress-options", &["--compress", "auto"], &["--compress-options", "client_no_context_takeover"]),
    ("http2", &[], &["--http2"]),
    ("http2-prior-knowledge", &[], &["--http2-prior-knowledge"]),
    ("http1.1", &["--http2"], &["--http1.1"]),
    ("fragment", &[], &["--fragment", "9"]),
    ("protocol", &[], &["--protocol", "13"]),
    ("slash", &[], &["--slash"]),
    ("config", &[], &["--config", "%/other.toml"]),
    ("no-config", &[], &["--no-config"]),
    ("connect", &[], &["--connect", ":9"]),
    ("listen", &[], &["--listen", "9"]),
    ("broadcast", &[], &["--broadcast"]),
    ("exec", &[], &["--exec", "cat"]),
    ("tcp", &[], &["--tcp", "localhost:9"]),
    ("script", &[], &["--script", "%/script.wsp"]),
    ("replay", &[], &["--replay", "%/record"]),
    ("forward", &[], &["--forward", ":9"]),
    ("keep-origin", &[], &["--keep-origin"]),
    ("cut-after", &[], &["--cut-after", "up:9"]),
    ("edit-with", &[], &["--edit-with", "cat"]),
    ("var", &[], &["--var", "a=b"]),
    ("vars", &[], &["--vars", "%/vars.toml"]),
    ("speed", &[], &["--speed", "9x"]),
    ("compare", &[], &["--compare"]),
    ("ignore", &["--compare"], &["--ignore", "a"]),
    ("client", &[], &["--client", "#1"]),
    ("send", &[], &["--send", "a"]),
    ("send-file", &[], &["--send-file", "%/vars.toml"]),
    ("every", &[], &["--every", "1s", "a"]),
    ("path", &[], &["--path", "/a"]),
    ("url", &[], &["--url", "ws://a/*"]),
    ("auth", &[], &["--auth", "a:b"]),
    ("auth-digest", &["--auth", "a:b"], &["--auth-digest"]),
    ("refuse", &[], &["--refuse", "503"]),
    ("delay", &[], &["--delay", "9s"]),
    ("no-page", &[], &["--no-page"]),
    ("no-http2", &[], &["--no-http2"]),
    ("tls-cert", &[], &["--tls-cert", "%/certificate", "--tls-key", "%/key"]),
    ("tls-key", &[], &["--tls-cert", "%/certificate", "--tls-key", "%/key"]),
    ("tls-self-signed", &[], &["--tls-self-signed"]),
    ("client-ca", &["--tls-self-signed"], &["--client-ca", "%/certificate"]),
    ("max-clients", &[], &["--max-clients", "9"]),
    ("check", &[], &["--check"]),
    ("fmt", &[], &["--fmt"]),
    ("jobs", &[], &["--jobs", "99"]),
    ("fail-fast", &[], &["--fail-fast"]),
    ("repeat", &[], &["--repeat", "9"]),
    ("filter", &[], &["--filter", "a"]),
    ("report", &[], &["--report", "tap"]),
    ("list", &[], &["--list"]),
    ("show", &[], &["--show", "frame/rsv2"]),
    ("only", &[], &["--only", "utf8/*"]),
    ("skip", &[], &["--skip", "utf8/*"]),
    ("strict", &[], &["--strict"]),
    ("malformed", &[], &["--malformed"]),
    ("limits", &[], &["--limits"]),
    ("authorized", &[], &["--authorized"]),
    ("vanish", &[], &["--vanish", "9s"]),
];

/// A mode: its words, the terminals that there are, and what is refused in it.
struct Mode {
    words: &'static [&'static str],
    stdin: StdinKind,
    refused: &'static [&'static [&'static str]],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StdinKind {
    Terminal,
    Pipe,
    Absent,
}

const fn mode(words: &'static [&'static str], stdin: StdinKind, refused: &'static [&'static [&'static str]]) -> Mode {
    Mode { words, stdin, refused }
}

/// Two ways to name the server, or one that is not there.
const OTHERS: &[&str] = &["connect", "listen"];
const RATE: &[&str] = &["rate"];
const LOCKSTEP: &[&str] = &["lockstep", "until-each", "timeout-each"];
/// Sends nothing.
const STATUS: &[&str] = &["expect-status"];
const WAITS: &[&str] = &["wait", "wait-idle"];
const ECHOING: &[&str] = &["receive-only", "interactive", "reply", "stream", "exec"];
/// What is about messages.
const STREAMING: &[&str] =
    &["rate", "echo", "json", "output", "pretty", "timestamps", "encode", "decode", "decode-with"];
const UNREACHED: &[&str] = &[
    "insecure",
    "cacert",
    "cert",
    "key",
    "passphrase",
    "sni",
    "tls-min",
    "tls-max",
    "pin",
    "location",
    "insecure-redirect",
    "max-redirects",
    "resolve",
    "wait-for-server",
];
const WORKS: &[&str] = &["echo", "broadcast", "exec", "script", "replay", "tcp", "forward"];
/// Of another kind of work than `--exec`.
const OF_EXEC: &[&str] = &["stream"];
/// What only a relay has.
const FORWARDING: &[&str] = &["keep-origin", "cut-after", "edit-with"];
/// What else only those have that connect.
const CONNECTING: &[&str] = &[
    "user-agent",
    "cookie",
    "user",
    "aws-sigv4",
    "aws-sigv4-query",
    "basic",
    "digest",
    "ntlm",
    "anyauth",
    "netrc",
    "netrc-file",
    "location",
    "insecure-redirect",
    "max-redirects",
    "insecure",
    "cacert",
    "cert",
    "key",
    "passphrase",
    "sni",
    "tls-min",
    "tls-max",
    "pin",
    "proxy",
    "proxy-basic",
    "proxy-digest",
    "proxy-ntlm",
    "proxy-anyauth",
    "no-proxy",
    "unix-socket",
    "resolve",
    "connect-to",
    "interface",
    "ipv4",
    "ipv6",
    "connect-timeout",
    "wait-for-server",
    "heartbeat",
    "heartbeat-interval",
    "no-pong",
    "idle-timeout",
    "http2",
    "http2-prior-knowledge",
    "http1.1",
    "fragment",
];
const VARIABLES: &[&str] = &["var", "vars"];
const OF_REPLAY: &[&str] = &["speed", "compare", "ignore"];
const SILENT: &[&str] = &["receive-only"];
const OF_MESSAGES: &[&str] = &["rate", "closed", "match", "binary", "fan-out"];
const RECONNECTING: &[&str] = &["reconnect", "reconnect-delay", "reconnect-on"];
const UNKEPT: &[&str] = &["ping-interval", "ping-timeout", "idle-timeout", "heartbeat", "heartbeat-interval"];
const PLAYING: &[&str] = &[
    "jobs",
    "fail-fast",
    "repeat",
    "filter",
    "timeout",
    "close-timeout",
    "report",
    "record",
    "record-secrets",
    "force",
    "frames",
];
/// `-l` has all else from `wsprobe listen`.
const NOT_OF_WSCATS_SERVER: &[&str] = &[
    "execute",
    "file",
    "interactive",
    "stream",
    "exec",
    "rate",
    "lockstep",
    "until-each",
    "timeout-each",
    "reply",
    "echo",
    "wait",
    "wait-idle",
    "one",
    "count",
    "until",
    "timeout",
    "expect",
    "expect-json",
    "expect-status",
    "close-code",
    "close-reason",
    "close-timeout",
    "header",
    "subprotocol",
    "origin",
    "host",
    "bearer",
    "handshake-timeout",
    "ping-interval",
    "ping-timeout",
    "reconnect",
    "reconnect-delay",
    "reconnect-on",
    "max-message",
    "compress",
    "compress-options",
    "connect",
];

/// Which file of profiles is read, where none is.
const PROFILES: &[&str] = &["config", "no-config"];

const MODES: &[Mode] = &[
    mode(&[":1"], StdinKind::Pipe, &[OTHERS, OF_THE_PROMPT]),
    mode(&[":1"], StdinKind::Terminal, &[OTHERS, DELIMITING, WAITS, LOCKSTEP]),
    mode(&[":1"], StdinKind::Absent, &[OTHERS, OF_THE_PROMPT, CUTTING, ENCODING, RATE, LOCKSTEP]),
    mode(
        &[":1", "--receive-only"],
        StdinKind::Pipe,
        &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING, ENCODING, RATE, LOCKSTEP, &["interactive", "echo", "exec"]],
    ),
    mode(&[":1", "--execute", r#""\n""#], StdinKind::Pipe, &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING]),
    mode(
        &[":1", "--execute", r#""\n""#, "--interactive"],
        StdinKind::Pipe,
        &[OTHERS, STATUS, OF_THE_PROMPT, SILENT, &["echo", "exec"]],
    ),
    mode(
        &[":1", "--execute", r#""\n""#, "--interactive"],
        StdinKind::Terminal,
        &[OTHERS, STATUS, DELIMITING, WAITS, LOCKSTEP, SILENT, &["echo", "exec"]],
    ),
    mode(
        &[":1", "--execute", r#""\n""#, "--receive-only"],
        StdinKind::Pipe,
        &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING, &["interactive", "echo", "exec"]],
    ),
    mode(
        &[":1", "--stream"],
        StdinKind::Pipe,
        &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING, DELIMITING, STREAMING, LOCKSTEP, &["escapes"]],
    ),
    mode(
        &[":1", "--stream"],
        StdinKind::Terminal,
        &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING, DELIMITING, STREAMING, LOCKSTEP, &["escapes"]],
    ),
    mode(
        &[":1", "--exec", "cat"],
        StdinKind::Terminal,
        &[OTHERS, STATUS, OF_THE_PROMPT, SILENT, &["interactive", "echo"]],
    ),
    mode(&[":1", "--echo"], StdinKind::Pipe, &[OTHERS, STATUS, OF_THE_PROMPT, CUTTING, ENCODING, ECHOING, LOCKSTEP]),
    mode(&["demo"], StdinKind::Pipe, &[OF_THE_PROMPT, UNREACHED]),
    mode(&["demo"], StdinKind::Terminal, &[DELIMITING, WAITS, LOCKSTEP, UNREACHED]),
    mode(&["curl", ":1"], StdinKind::Pipe, &[OTHERS, OF_THE_PROMPT, PROFILES]),
    mode(&["curl", ":1"], StdinKind::Terminal, &[OTHERS, DELIMITING, WAITS, LOCKSTEP, PROFILES]),
    mode(&["--listen", "1"], StdinKind::Pipe, &[OF_THE_PROMPT, NOT_OF_WSCATS_SERVER, CONNECTING, PROFILES]),
    mode(
        &["--listen", "1"],
        StdinKind::Terminal,
        &[&["exit-on-close"], DELIMITING, NOT_OF_WSCATS_SERVER, CONNECTING, PROFILES],
    ),
    mode(
        &["listen"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, VARIABLES, OF_REPLAY, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen"],
        StdinKind::Terminal,
        &[DELIMITING, VARIABLES, OF_REPLAY, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen"],
        StdinKind::Absent,
        &[OF_THE_PROMPT, CUTTING, ENCODING, VARIABLES, OF_REPLAY, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen", "--receive-only"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, CUTTING, ENCODING, WORKS, VARIABLES, OF_REPLAY, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen", "--echo"],
        StdinKind::Pipe,
        &[
            OF_THE_PROMPT,
            CUTTING,
            ENCODING,
            SILENT,
            WORKS,
            VARIABLES,
            OF_REPLAY,
            FORWARDING,
            CONNECTING,
            PROFILES,
            OF_EXEC,
        ],
    ),
    mode(
        &["listen", "--broadcast"],
        StdinKind::Terminal,
        &[
            OF_THE_PROMPT,
            CUTTING,
            ENCODING,
            SILENT,
            WORKS,
            VARIABLES,
            OF_REPLAY,
            FORWARDING,
            CONNECTING,
            PROFILES,
            OF_EXEC,
        ],
    ),
    mode(
        &["listen", "--tcp", ":9"],
        StdinKind::Terminal,
        &[
            OF_THE_PROMPT,
            CUTTING,
            ENCODING,
            SILENT,
            WORKS,
            VARIABLES,
            OF_REPLAY,
            FORWARDING,
            CONNECTING,
            PROFILES,
            OF_EXEC,
        ],
    ),
    mode(
        &["listen", "--exec", "cat"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, CUTTING, ENCODING, SILENT, WORKS, VARIABLES, OF_REPLAY, FORWARDING, CONNECTING, PROFILES],
    ),
    mode(
        &["listen", "--script", "%/script.wsp"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, CUTTING, ENCODING, SILENT, WORKS, OF_REPLAY, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen", "--replay", "%/record"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, CUTTING, ENCODING, SILENT, WORKS, VARIABLES, FORWARDING, CONNECTING, PROFILES, OF_EXEC],
    ),
    mode(
        &["listen", "--forward", ":1"],
        StdinKind::Pipe,
        &[OF_THE_PROMPT, CUTTING, ENCODING, SILENT, WORKS, VARIABLES, OF_REPLAY, OF_EXEC],
    ),
    mode(
        &["listen", "--forward", ":1"],
        StdinKind::Terminal,
        &[DELIMITING, CUTTING, WORKS, VARIABLES, OF_REPLAY, OF_EXEC],
    ),
    mode(&["run", "a.wsp"], StdinKind::Pipe, &[]),
    mode(&["run", "--check", "a.wsp"], StdinKind::Pipe, &[PLAYING, PROFILES]),
    mode(&["run", "--fmt", "a.wsp"], StdinKind::Pipe, &[PLAYING, VARIABLES, PROFILES]),
    mode(&["replay", "%/record", ":1"], StdinKind::Pipe, &[&["vi"], RECONNECTING]),
    mode(&["replay", "%/record", ":1"], StdinKind::Terminal, &[&["vi"], RECONNECTING]),
    mode(&["ping", ":1"], StdinKind::Pipe, &[&["match"], UNKEPT, RECONNECTING]),
    mode(&["ping", ":1", "--execute", "a"], StdinKind::Pipe, &[UNKEPT, RECONNECTING]),
    mode(&["load", ":1", "--execute", "a"], StdinKind::Pipe, &[&["size", "script"], UNKEPT, RECONNECTING]),
    mode(&["load", ":1", "--size", "9"], StdinKind::Terminal, &[&["execute", "script"], UNKEPT, RECONNECTING]),
    mode(&["load", ":1"], StdinKind::Pipe, &[OF_MESSAGES, &["find-rate"], UNKEPT, RECONNECTING]),
    mode(
        &["load", ":1", "--script", "%/script.wsp"],
        StdinKind::Pipe,
        &[&["execute", "size", "match", "binary", "fan-out"], UNKEPT, RECONNECTING],
    ),
    mode(&["check", ":1"], StdinKind::Pipe, &[&["list", "frames"]]),
    mode(&["check", ":1", "--only", "frame/*"], StdinKind::Terminal, &[&["list", "show"]]),
    mode(&["record-to-script", "%/record"], StdinKind::Pipe, &[]),
    mode(&["import", "a.har"], StdinKind::Pipe, &[]),
];

impl Mode {
    fn command(&self) -> Option<&'static str> {
        self.words.first().filter(|word| !word.starts_with([':', '-'])).copied()
    }

    /// The long names of all options that may be here.
    fn options(&self) -> Vec<String> {
        let mut definition = command();
        definition.build();
        let definition = match self.command() {
            // Its options are those of all.
            None | Some("curl") => &definition,
            Some(name) => definition.find_subcommand(name).unwrap(),
        };
        let longs = definition.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned);
        longs.filter(|long| !["help", "version"].contains(&&**long)).collect()
    }

    fn env(&self, dir: &str) -> Env {
        let mut env = Env::default();
        env.stdin_is_terminal = self.stdin == StdinKind::Terminal;
        env.stdin_is_absent = self.stdin == StdinKind::Absent;
        (env.stdout_is_terminal, env.stderr_is_terminal) = (true, true);
        env.config_dir = Some(dir.into());
        env.netrc = Some(format!("{dir}/netrc").into());
        env
    }

    /// What these arguments mean together with those of the mode.
    fn job(&self, more: &[&str], dir: &str) -> Result<String, String> {
        let words = ["wsprobe"].iter().chain(self.words).chain(more);
        let words = words.map(|word| OsString::from(word.replace('%', dir)));
        invocation(words, &self.env(dir)).map(|invocation| format!("{invocation:?}")).map_err(|error| error.to_string())
    }

    /// What is wrong with the options that may be here: each does something or is refused.
    fn wrong_options(&self, dir: &str) -> Vec<String> {
        let plain = self.job(&[], dir);
        let options = self.options().into_iter().filter(|option| !self.words.contains(&&*format!("--{option}")));
        options.filter_map(|option| self.wrong_with(&option, &plain, dir)).collect()
    }

    /// `plain` is the job without any option more.
    fn wrong_with(&self, option: &str, plain: &Result<String, String>, dir: &str) -> Option<String> {
        let sample = SAMPLES.iter().find(|(known, ..)| *known == option);
        let (_, beside, words) = sample.unwrap_or_else(|| panic!("--{option} has no entry in this table"));
        let is_seen = !FOR_WSCAT.contains(&option) && !SEEN_ELSEWHERE.contains(&option);
        let is_without = |with: &String| match beside {
            [] => plain.as_ref() == Ok(with),
            beside => self.job(beside, dir).as_ref() == Ok(with),
        };
        let wrong = match (self.job(&[*beside, *words].concat(), dir), self.refuses(option)) {
            (Err(error), false) => format!("is refused: {error}"),
            (Ok(_), true) => "is not refused".to_owned(),
            (Ok(with), false) if is_seen && is_without(&with) => "does nothing".to_owned(),
            (Err(_), true) | (Ok(_), false) => return None,
        };
        Some(format!("--{option} in `{}` {wrong}", self.words.join(" ")))
    }

    fn refuses(&self, option: &str) -> bool {
        let is_unplayed = self.words.contains(&"--check") || self.words.contains(&"--fmt");
        self.refused.iter().any(|refused| refused.contains(&option))
            || is_unplayed && dialing::names().iter().any(|known| known.name == option)
    }
}

/// A command line with this option, but for the URL.
pub(in crate::cli) fn sample(option: &str) -> Vec<&'static str> {
    let (_, beside, words) = SAMPLES.iter().find(|(known, ..)| *known == option).expect("each has an entry");
    [*beside, *words].concat()
}

fn files() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let record =
        r#"{"time":"2026-11-21T10:00:00.000123Z","dir":"in","type":"open","url":"ws://localhost:1/","status":101}"#;
    for (name, text) in [
        ("certificate", &*made.cert.pem()),
        ("key", &made.signing_key.serialize_pem()),
        ("netrc", "default login me password secret"),
        ("record", &format!("{record}\n")),
        ("script.wsp", "send a\n"),
        ("vars.toml", "a = \"b\"\n"),
        ("config.toml", "[defaults]\nhandshake-timeout = \"77s\"\n"),
        ("other.toml", "[defaults]\nhandshake-timeout = \"78s\"\n"),
        ("clients.csv", "a\nb\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

#[test]
fn each_option_does_something_in_each_mode_or_is_refused() {
    let files = files();
    let dir = files.path().display().to_string();
    // Thousands of command lines, each with a definition of all options: the modes side by side.
    let wrong: Vec<String> = std::thread::scope(|threads| {
        let judged: Vec<_> = MODES.iter().map(|mode| threads.spawn(|| mode.wrong_options(&dir))).collect();
        judged.into_iter().flat_map(|judged| judged.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refusal_names_the_option_and_the_reason() {
    let refused = |words: &[&'static str], stdin| {
        let mode = Mode { words: &[], stdin, refused: &[] };
        mode.job(words, "").unwrap_err()
    };
    for (words, stdin, error) in [
        (
            &[":1", "--vi"][..],
            StdinKind::Pipe,
            "`--vi` has no effect here: there is a prompt only with a terminal on both",
        ),
        (&[":1", "-0"], StdinKind::Terminal, "`--null` has no effect here: at the prompt, each line is a message"),
        (
            &[":1", "-x", "a", "--whole"],
            StdinKind::Pipe,
            "stdin is not read after `--execute`; `--interactive` continues",
        ),
        (&[":1", "--lockstep"], StdinKind::Terminal, "at the prompt, you decide when the next message is sent"),
        (&[":1", "--json-input"], StdinKind::Absent, "there is no stdin to read: it is /dev/null, or closed"),
        (&["demo", "-k"], StdinKind::Pipe, "`--insecure` has no effect here: the demo server uses ws://"),
        (&["listen", "--exec", "cat", "-r"], StdinKind::Pipe, "stdin is not read with `--exec`"),
        (&["run", "--check", "a", "-k"], StdinKind::Pipe, "nothing connects with `--check` or `--fmt`"),
    ] {
        let refusal = refused(words, stdin);
        assert!(refusal.contains(error), "{words:?}: {refusal}");
    }
}

#[test]
fn no_command_lists_an_option_that_it_always_refuses() {
    let mut definition = command();
    definition.build();
    for (name, refused) in
        [("load", [UNKEPT, RECONNECTING]), ("ping", [UNKEPT, RECONNECTING]), ("replay", [&["vi"], RECONNECTING])]
    {
        let listed = definition.find_subcommand(name).unwrap().get_arguments().filter(|it| !it.is_hide_set());
        let listed: Vec<_> = listed.filter_map(clap::Arg::get_long).collect();
        for option in refused.concat() {
            assert!(!listed.contains(&option), "`wsprobe {name} --help` has --{option}");
        }
    }
}
