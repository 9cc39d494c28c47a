//! The options by heading. Their doc comments are the manual: the first line is for `-h`, the whole for the rest.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use regex::Regex;
use rustls::pki_types::ServerName;

use super::secret;
use super::values::{self, Interval};
use crate::client::output_file::Destination;
use crate::dial::tls::Pin;
use crate::dial::{ConnectTo, LocalAddress, ResolveOverride};
use crate::session::{Attempts, Delay, JsonExpectation, Rate, Wait};
use crate::wire::offer::Parameters;

/// The options that `wsprobe URL` and `wsprobe demo` share.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) messages: MessageArgs,
    pub(crate) output: OutputArgs,
    pub(crate) ending: EndingArgs,
    pub(crate) request: RequestArgs,
    pub(crate) tls: TlsArgs,
    pub(crate) route: RouteArgs,
    pub(crate) timing: TimingArgs,
    pub(crate) protocol: ProtocolArgs,
}

/// In the order of the help. Called through pointers, or some of them would be put into their caller, whose frame would then
/// take ten pages of the stack more: each costs time at every start.
const HEADINGS: [fn(Command) -> Command; 8] = [
    MessageArgs::augment_args,
    OutputArgs::augment_args,
    EndingArgs::augment_args,
    RequestArgs::augment_args,
    TlsArgs::augment_args,
    RouteArgs::augment_args,
    TimingArgs::augment_args,
    ProtocolArgs::augment_args,
];

/// What a command takes of them that makes a connection as the client does, but with input and output of its own.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConnectionArgs {
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
    #[command(flatten)]
    pub(crate) protocol: ProtocolArgs,
}

impl Options {
    /// What they are when nothing is said.
    pub(super) fn defaults() -> Self {
        let matches = Self::augment_args(Command::new("wsprobe")).get_matches_from(["wsprobe"]);
        Self::from_arg_matches(&matches).expect("clap has just matched these")
    }

    /// The same, and stdin is not read, also on a terminal.
    pub(super) fn without_stdin() -> Self {
        let mut options = Self::defaults();
        options.messages.stdin.receive_only = true;
        options
    }

    /// These, for a connection that is made so.
    pub(super) fn connecting(self, connection: &ConnectionArgs) -> Self {
        let ConnectionArgs { request, tls, route, timing, protocol } = connection.clone();
        Self { request, tls, route, timing, protocol, ..self }
    }
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        HEADINGS.iter().fold(command, |command, heading| heading(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            messages: MessageArgs::from_arg_matches_mut(matches)?,
            output: OutputArgs::from_arg_matches_mut(matches)?,
            ending: EndingArgs::from_arg_matches_mut(matches)?,
            request: RequestArgs::from_arg_matches_mut(matches)?,
            tls: TlsArgs::from_arg_matches_mut(matches)?,
            route: RouteArgs::from_arg_matches_mut(matches)?,
            timing: TimingArgs::from_arg_matches_mut(matches)?,
            protocol: ProtocolArgs::from_arg_matches_mut(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|options| *self = options)
    }
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArgs {
    /// Send this message first; repeat it for more
    ///
    /// Messages are sent in order as soon as the connection is open. Then the input has ended and stdin is never read,
    /// so this works in cron, nohup and CI. With `--interactive`, stdin is read after them; with `--receive-only`,
    /// wsprobe only listens.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true)]
    pub(crate) execute: Vec<String>,

    /// After `-x`, continue with stdin: the prompt on a terminal, the pipe otherwise
    #[arg(short, long, hide_short_help = true, conflicts_with = "receive_only")]
    pub(crate) interactive: bool,

    #[command(flatten)]
    pub(crate) stdin: StdinArgs,

    /// Send at most N messages in TIME, evenly spread: `10`, `10/s`, `100/1m`
    #[arg(long, value_name = "N[/TIME]", value_parser = values::rate, hide_short_help = true)]
    pub(crate) rate: Option<Rate>,

    /// Answer each text message that matches; repeat it for more: `--reply '^ping (.*)' 'pong $1'`
    ///
    /// This works alongside everything else that is sent, as long as the connection is open. Use it for
    /// application-level pings, such as those of SignalR and graphql-transport-ws. `$1`, `$name` and `${name}` are
    /// replaced by the groups that the expression matched, `$$` is a dollar sign. The first expression that matches
    /// answers; the message is shown like any other. With `--binary`, binary messages are matched too, as far as they
    /// are UTF-8, and answers are binary. `--escapes` applies to TEXT.
    #[arg(long, num_args = 2, value_names = ["REGEX", "TEXT"], allow_hyphen_values = true, conflicts_with = "echo", hide_short_help = true)]
    pub(crate) reply: Vec<String>,

    /// Send every message back, with its type; stdin is not read
    ///
    /// Use it to measure a server's load and latency, or to test a server with its own messages.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["interactive", "json_input"])]
    pub(crate) echo: bool,
}

/// The options that `wsprobe listen` has as well.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Messages")]
pub(crate) struct StdinArgs {
    /// Send binary messages
    ///
    /// Stdin need not be UTF-8 then. It is still split at the delimiter, unless `--whole` or `--chunk` is given. `-x`
    /// messages are sent as binary too.
    #[arg(short, long)]
    pub(crate) binary: bool,

    /// Interpret `\n \r \t \0 \xNN \u{N} \\` in input
    ///
    /// Applies to `-x`, to stdin and at the prompt. Without it, a backslash is a backslash. In a text message, `\xNN`
    /// goes up to 7f; write higher code points as `\u{N}`.
    #[arg(long, hide_short_help = true)]
    pub(crate) escapes: bool,

    /// Split stdin into messages at this string instead of at line ends
    ///
    /// STR may contain the escapes of `--escapes`. It is also printed after each received text message.
    #[arg(long, value_name = "STR", value_parser = values::delimiter, allow_hyphen_values = true, hide_short_help = true, conflicts_with_all = ["null", "whole", "chunk", "json_input"])]
    pub(crate) delimiter: Option<Bytes>,

    /// Split stdin at NUL bytes, and print one after each received text message
    #[arg(short = '0', long, hide_short_help = true, conflicts_with_all = ["whole", "chunk", "json_input"])]
    pub(crate) null: bool,

    /// Send the delimiter as part of each message
    ///
    /// When a received text message ends with the delimiter, no second one is printed after it.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["whole", "chunk", "json_input"])]
    pub(crate) keep_newline: bool,

    /// Send all of stdin as one message
    ///
    /// If it is larger than 1 MiB, it is sent in frames while it is being read; the same applies to a line or another
    /// piece of stdin. If an error is found after that, the connection is closed in the middle of the message. With
    /// `--json`, `--record`, `--reconnect` and in `wsprobe listen`, the message is held in memory as a whole, up to 384
    /// MiB.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["chunk", "json_input"])]
    pub(crate) whole: bool,

    /// Split stdin into binary messages of this size
    ///
    /// A size in bytes, or with a unit: `64K`, `1MiB`. The last message holds the rest.
    #[arg(long, value_name = "SIZE", value_parser = crate::text::units::size, hide_short_help = true, conflicts_with = "json_input")]
    pub(crate) chunk: Option<usize>,

    /// Only listen: never read stdin
    ///
    /// `-x` messages are sent first. Runs until the server closes, or until `--wait`, `--count` or a similar option
    /// ends it.
    #[arg(short, long, hide_short_help = true)]
    pub(crate) receive_only: bool,

    /// Read JSON records from stdin, one per line, and send their messages
    ///
    /// The records that `--json` and `--record` write, or just `{"data":"text"}` and `{"base64":"AAE="}`. Records of
    /// type text, binary, ping, pong and close are sent, whatever their direction; records of type open and error are
    /// skipped. A record may have up to 384 MiB.
    #[arg(long, hide_short_help = true)]
    pub(crate) json_input: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print a JSON record for each event, in and out
    ///
    /// `type` is open, text, binary, ping, pong, close or error; `dir` is in or out; `time` is RFC 3339 in UTC and
    /// never decreases. `data` contains the text of a message, `base64` the bytes of a binary one. `open` contains the
    /// headers of both sides; an error its message in `data` and its `kind`; a refusal also `status`, `headers` and
    /// `body`. The manual page lists the kinds.
    #[arg(short, long)]
    pub(crate) json: bool,

    /// How to print messages
    ///
    /// auto: text as it is; a binary message as its bytes, on a terminal as a hexdump. text: everything as text, with
    /// invalid UTF-8 escaped. hex: a hexdump on a terminal, a line of digits otherwise. base64: one line each. raw: the
    /// unchanged bytes, also on a terminal, which a hostile server can then control.
    #[arg(long, value_name = "HOW", default_value = "auto", hide_short_help = true)]
    pub(crate) output: OutputFormat,

    /// Also write every event to this file, as JSON records
    ///
    /// The records of `--json`, in both directions, whatever is shown. A file that exists
    /// and is not empty is refused, unless `--force` is given. A new file is readable only by its owner (mode 0600); an
    /// existing one keeps its mode. A file that the run reads or prints to is refused. `wsprobe replay` sends a recording again, `wsprobe record-to-script` converts it
    /// to a script.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) record: Option<PathBuf>,

    /// Let `--record` replace the contents of a file
    ///
    /// They stay until there is something to record.
    #[arg(long, hide_short_help = true, requires = "record")]
    pub(crate) force: bool,

    /// Keep secrets in records
    ///
    /// Without it, records contain `***` instead of the values of Authorization, Cookie, Set-Cookie and of headers
    /// whose names suggest a token, a password, a secret, a session, a signature or a key; in URLs instead of
    /// parameters with such names (`access_token`, `key`, `sig`, …); and in subprotocols instead of the token that they
    /// carry (`bearer.…`). Everything else that is shown always has `***` in these places.
    #[arg(long, hide_short_help = true)]
    pub(crate) record_secrets: bool,

    /// Print the time before each message
    ///
    /// utc: RFC 3339; local: the time of day; delta: seconds since the previous message.
    #[arg(short, long, value_name = "KIND", hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "local", hide_possible_values = true)]
    pub(crate) timestamps: Option<Timestamps>,

    /// Show pings and pongs
    #[arg(short = 'P', long, hide_short_help = true)]
    pub(crate) show_ping_pong: bool,

    /// Indent JSON that does not fit on a line
    ///
    /// auto does so on a terminal. Digits, the order of keys and duplicates stay as they were sent.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) pretty: When,

    /// Use colour
    ///
    /// auto does so on a terminal; `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` are respected.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) color: When,

    /// The same as `--color never`
    #[arg(long, hide_short_help = true, conflicts_with = "color")]
    pub(crate) no_color: bool,

    /// Edit lines at the prompt as vi does
    ///
    /// Also with `set editing-mode vi` in `~/.inputrc` (or `$INPUTRC`).
    #[arg(long, hide_short_help = true)]
    pub(crate) vi: bool,

    /// Show each frame on the wire, in both directions
    ///
    /// One line per frame on stderr: time, direction (`<` received, `>` sent), opcode, FIN and RSV bits, mask, length,
    /// inflated length, and the first bytes, unmasked and inflated; for a Close its code and reason. Data after a Close
    /// is counted: `84 bytes after the Close`. With `--json` and `--record`, frames are records of type frame and
    /// after_close.
    #[arg(long, hide_short_help = true)]
    pub(crate) frames: bool,

    /// Print only errors on stderr
    ///
    /// What was explicitly requested is still printed: the handshake with `-v`, frames with `--frames`.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Show the handshake; twice: TLS and timing too
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl OutputArgs {
    /// The file of `--record`.
    pub(crate) fn recorded_to(&self) -> Option<Destination> {
        self.record.clone().map(|path| Destination { path, is_forced: self.force })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Http2When {
    Auto,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Auto,
    Text,
    Hex,
    Base64,
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timestamps {
    Utc,
    Local,
    Delta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ending")]
pub(crate) struct EndingArgs {
    /// Receive this long after the input, or `forever`
    ///
    /// The full time after the last message was sent, whatever arrives in between. `-1` means forever too, as in wscat.
    /// Without input (`--receive-only`, `--echo`, /dev/null), the time starts when the connection opens. Without this
    /// option, `--wait-idle` decides when to stop. Then wsprobe sends its Close; messages that arrive before the
    /// server's Close are still printed.
    #[arg(short, long, value_name = "TIME", value_parser = values::wait, allow_negative_numbers = true)]
    pub(crate) wait: Option<Wait>,

    /// After the input, receive until nothing has arrived for this long: 1s by default
    ///
    /// Only messages and parts of them count, not pings and pongs. Time during which stdout blocks does not count
    /// either. A feed that never pauses continues until `--wait`, `--count`, `--timeout` or a signal ends it. With
    /// `--wait`, whichever time ends first applies.
    #[arg(long, value_name = "TIME", value_parser = crate::text::units::time, hide_short_help = true)]
    pub(crate) wait_idle: Option<Duration>,

    /// End after the first message
    #[arg(short = '1', long, conflicts_with = "count")]
    pub(crate) one: bool,

    /// End after this many received messages
    ///
    /// Messages after the last of them are not printed, but counted on stderr. If `--wait` or `--wait-idle` ends the
    /// run before they have arrived, the exit status is 7.
    #[arg(long, value_name = "N", value_parser = values::count, hide_short_help = true)]
    pub(crate) count: Option<u64>,

    /// End after a text message that matches
    ///
    /// With `--binary`, binary messages are matched too, with U+FFFD in place of invalid UTF-8. Messages are matched as
    /// a whole, up to `--max-message`. The same applies to `--expect` and `--expect-json`.
    #[arg(long, value_name = "REGEX", value_parser = crate::text::patterns::regex, hide_short_help = true)]
    pub(crate) until: Option<Regex>,

    /// Limit the whole run, connecting included
    #[arg(long, value_name = "TIME", value_parser = crate::text::units::time, hide_short_help = true)]
    pub(crate) timeout: Option<Duration>,

    /// Exit with 1 unless a text message matches
    ///
    /// Repeat it for several expectations. They may be met in any order, and by one message or several. With
    /// `--binary`, binary messages are matched too. The run ends as soon as all expectations are met, unless `--count`
    /// or `--until` is given.
    #[arg(long, value_name = "REGEX", value_parser = crate::text::patterns::regex)]
    pub(crate) expect: Vec<Regex>,

    /// Exit with 1 unless a JSON message has this path (and this value there)
    ///
    /// PATH is a JSONPath (RFC 9535); its leading `$.` may be left out. VALUE is JSON; anything else is a string:
    /// `--expect-json op=done`, `--expect-json '$.items[0].id=7'`.
    #[arg(long, value_name = "PATH[=VALUE]", value_parser = values::json_path, hide_short_help = true)]
    pub(crate) expect_json: Vec<JsonExpectation>,

    /// Leave the prompt when the connection closes, even while a line is being typed
    ///
    /// Without it, the prompt stays once something was typed, and after a `/close`. Otherwise the run ends, with the status
    /// of the Close.
    #[arg(long, hide_short_help = true)]
    pub(crate) exit_on_close: bool,

    /// The code of wsprobe's Close (RFC 6455, section 7.4): 1000-1003, 1007-1014, 3000-4999
    #[arg(long, value_name = "N", default_value = "1000", value_parser = crate::message::close::close_code, hide_short_help = true)]
    pub(crate) close_code: u16,

    /// The reason of wsprobe's Close, at most 123 bytes
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = crate::message::close::close_reason, hide_short_help = true)]
    pub(crate) close_reason: String,

    /// Stop waiting for the server's Close after this long
    ///
    /// The time starts when wsprobe's Close was sent and is paused while stdout blocks. When it has passed, the exit
    /// status is 7; or 0 if whole messages were still arriving, because a server that only sends never gets to read the
    /// Close.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::text::units::time, hide_short_help = true)]
    pub(crate) close_timeout: Duration,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Add a header, `'Name: value'`; repeat it for more
    ///
    /// It replaces a header that wsprobe would send itself; an empty value (`'User-Agent:'`) removes that header.
    /// `@FILE` reads headers from a file, one per line.
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,

    /// Offer a subprotocol; repeat it for more
    ///
    /// In order of preference. The server chooses one of them or none; wsprobe prints its choice. `@FILE` reads a
    /// subprotocol from a file, `env:VAR` from the environment, for those that carry a token.
    #[arg(short, long = "subprotocol", value_name = "NAME", value_parser = secret::subprotocol)]
    pub(crate) subprotocols: Vec<String>,

    /// Send this Origin
    #[arg(short, long, value_name = "ORIGIN", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) origin: Option<String>,

    /// Send this Host instead of the URL's
    #[arg(long, value_name = "HOST", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) host: Option<String>,

    /// Send this User-Agent
    #[arg(short = 'A', long, value_name = "NAME", value_parser = values::field_value, hide_short_help = true)]
    pub(crate) user_agent: Option<String>,

    /// Send a cookie; repeat it for more
    ///
    /// `@FILE` reads a cookie jar (in Netscape's format, as curl and browsers write it) and sends the cookies that
    /// match the host, the path and, over ws://, a connection without TLS. FILE may also contain a single `NAME=VALUE`.
    /// `env:VAR` and `ask:` work as for `--bearer`.
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    pub(crate) cookie: Vec<String>,

    /// Authenticate; asks for a missing password
    ///
    /// With HTTP Basic (RFC 7617). `@FILE` reads NAME:PASS from a file and `env:VAR` from the environment, so that it
    /// does not appear in the list of processes.
    #[arg(short, long, alias = "auth", value_name = "NAME[:PASS]", conflicts_with = "bearer")]
    pub(crate) user: Option<String>,

    /// Authenticate with a bearer token
    ///
    /// `@FILE` reads it from a file, `env:VAR` from the environment, `ask:` asks for it at the terminal.
    #[arg(long, value_name = "TOKEN", hide_short_help = true)]
    pub(crate) bearer: Option<String>,

    /// Take user and password from `~/.netrc`
    ///
    /// Those of the URL's host, or else of `default`. `--user`, `--bearer` and a user in the URL take precedence; a
    /// user without a password in the URL gets the password of that user in the file.
    #[arg(long, hide_short_help = true, conflicts_with = "netrc_file")]
    pub(crate) netrc: bool,

    /// Take user and password from this file, in netrc's format
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) netrc_file: Option<PathBuf>,

    /// Follow redirects
    ///
    /// With status 301, 302, 303, 307 and 308. Credentials, cookies, secret headers and subprotocols that carry a token
    /// are not sent to another origin, `--cert` and `--sni` are not used for another host. Redirects from wss:// to
    /// ws:// are not followed.
    #[arg(short = 'L', long, hide_short_help = true)]
    pub(crate) location: bool,

    /// Follow redirects from wss:// to ws:// too
    #[arg(long, requires = "location", hide_short_help = true)]
    pub(crate) insecure_redirect: bool,

    /// Follow at most this many redirects
    #[arg(long, value_name = "N", default_value = "10", value_parser = values::redirects, hide_short_help = true)]
    pub(crate) max_redirects: usize,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// Do not check the server's certificate
    ///
    /// Nothing is checked, not even against `--cacert`, which may be given as well, as in wscat and curl. The
    /// certificate may be of any version, with a key of any size. With `--pin`, the server still has to prove that it
    /// holds the key.
    #[arg(short = 'k', long, visible_short_alias = 'n', alias = "no-check")]
    pub(crate) insecure: bool,

    /// Trust these certificate authorities (PEM) instead of the system's
    #[arg(long, alias = "ca", value_name = "FILE", hide_short_help = true)]
    pub(crate) cacert: Option<PathBuf>,

    /// Authenticate with this client certificate
    ///
    /// PEM, followed by the rest of the chain, and by the key if there is no `--key`; or PKCS #12, whatever the name of
    /// the file.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) cert: Option<PathBuf>,

    /// The private key of `--cert` (PEM)
    ///
    /// PKCS #8, also encrypted, PKCS #1 or SEC 1.
    #[arg(long, value_name = "FILE", requires = "cert", hide_short_help = true)]
    pub(crate) key: Option<PathBuf>,

    /// The passphrase of the key or the PKCS #12 file
    ///
    /// `@FILE` reads it from a file, `env:VAR` from the environment. Without this option, wsprobe asks for it at the
    /// terminal when it is needed.
    #[arg(long, alias = "pass", value_name = "TEXT", requires = "cert", hide_short_help = true)]
    pub(crate) passphrase: Option<String>,

    /// Request this server name, and check the certificate for it
    ///
    /// Instead of the host in the URL. For a server that is reached by an address or through a tunnel.
    #[arg(long, value_name = "NAME", value_parser = values::server_name, hide_short_help = true)]
    pub(crate) sni: Option<ServerName<'static>>,

    /// Use this version of TLS or a newer one
    #[arg(long, value_name = "VERSION", default_value = "1.2", hide_short_help = true)]
    pub(crate) tls_min: TlsVersion,

    /// Use this version of TLS or an older one
    #[arg(long, value_name = "VERSION", default_value = "1.3", hide_short_help = true)]
    pub(crate) tls_max: TlsVersion,

    /// Require this public key of the server
    ///
    /// The SHA-256 of its SubjectPublicKeyInfo in base64, optionally with `sha256//` before it, as for curl's
    /// `--pinnedpubkey`. Repeat it, or separate values with `;`, to accept any of several keys. It is checked with `-k`
    /// too.
    #[arg(long, alias = "pinnedpubkey", value_name = "SHA256", value_delimiter = ';', value_parser = values::pin, hide_short_help = true)]
    pub(crate) pin: Vec<Pin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum TlsVersion {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Route")]
pub(crate) struct RouteArgs {
    /// Connect through this proxy
    ///
    /// `http://`, `https://`, `socks5://` (wsprobe resolves names) or `socks5h://` (the proxy resolves names), followed
    /// by `USER:PASS@HOST:PORT`. wsprobe always uses a tunnel, for ws:// too. `@FILE` and `env:VAR` keep a password out
    /// of the list of processes. Without this option, `ws_proxy`, `http_proxy` and `all_proxy` name the proxy for
    /// ws://, `wss_proxy`, `https_proxy` and `all_proxy` the one for wss://, in lower or upper case. `--proxy ''`
    /// disables proxies.
    #[arg(long, value_name = "URL", conflicts_with = "unix_socket", hide_short_help = true)]
    pub(crate) proxy: Option<String>,

    /// Hosts to connect to without a proxy
    ///
    /// A list separated by commas: a name, which includes all names below it, an address, a network (`10.0.0.0/8`),
    /// each optionally with a port (`HOST:PORT`), or `*` for all hosts. Replaces `NO_PROXY`.
    #[arg(long, alias = "noproxy", value_name = "HOSTS", hide_short_help = true)]
    pub(crate) no_proxy: Option<String>,

    /// Connect to this Unix socket; the URL only determines the request
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pub(crate) unix_socket: Option<PathBuf>,

    /// Use this address for a name; repeat it for more
    ///
    /// `HOST:PORT:ADDR`; append more addresses with commas; `*` is any host. Nothing else changes: Host, TLS and
    /// redirects use the name.
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = ResolveOverride::from_text, hide_short_help = true)]
    pub(crate) resolve: Vec<ResolveOverride>,

    /// Connect to another host, `HOST1:PORT1:HOST2:PORT2`
    ///
    /// Connects to HOST2 and PORT2 instead of HOST1 and PORT1. An empty HOST1 or PORT1 matches any, an empty HOST2 or
    /// PORT2 changes nothing. Host and TLS still use HOST1.
    #[arg(long, value_name = "FROM:TO", value_parser = ConnectTo::from_text, hide_short_help = true)]
    pub(crate) connect_to: Vec<ConnectTo>,

    /// Connect from this address or interface
    #[arg(long, value_name = "ADDR", value_parser = LocalAddress::from_text, hide_short_help = true)]
    pub(crate) interface: Vec<LocalAddress>,

    /// Use IPv4 only
    #[arg(short = '4', long, hide_short_help = true, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', long, hide_short_help = true)]
    pub(crate) ipv6: bool,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Timing")]
pub(crate) struct TimingArgs {
    /// Fail if connecting takes longer than this
    ///
    /// Covers resolving the name, all addresses, the proxy and TLS together.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time, hide_short_help = true)]
    pub(crate) connect_timeout: Duration,

    /// Fail if the server does not answer the opening request in this time
    ///
    /// The time starts with the first byte of the request; `--connect-timeout` covers everything before it.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time, hide_short_help = true)]
    pub(crate) handshake_timeout: Duration,

    /// Wait this long for the server to come up, or `forever`
    ///
    /// Tries again every 50 ms while the name is unknown, the connection is refused or the response is 502, 503 or a
    /// similar status.
    #[arg(long, value_name = "TIME", value_parser = values::wait, hide_short_help = true)]
    pub(crate) wait_for_server: Option<Wait>,

    /// Ping the server this often, or `off`
    ///
    /// At the prompt every 30s by default, otherwise only if this option or `--ping-timeout` is given.
    /// `--show-ping-pong` shows the round trips, `/info` summarizes them.
    #[arg(long, value_name = "TIME", value_parser = values::interval, hide_short_help = true)]
    pub(crate) ping_interval: Option<Interval>,

    /// Fail if nothing arrives for this long after a ping
    ///
    /// 10s by default. Any data from the server counts, not only the pong. The exit status is 5, unless `--reconnect`
    /// connects again.
    #[arg(long, value_name = "TIME", value_parser = values::time_span, hide_short_help = true)]
    pub(crate) ping_timeout: Option<Duration>,

    /// Send this message at regular intervals
    ///
    /// For servers and proxies that do not treat pings as activity. It is sent in the same way as `-x` messages, after
    /// each `--heartbeat-interval`, for as long as the connection is open.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) heartbeat: Option<String>,

    /// The time between heartbeats, 30s by default
    #[arg(long, value_name = "TIME", value_parser = values::time_span, requires = "heartbeat", hide_short_help = true)]
    pub(crate) heartbeat_interval: Option<Duration>,

    /// Do not answer pings
    ///
    /// To test how a server handles a client that seems dead.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_pong: bool,

    /// Connect again when the connection is lost
    ///
    /// With N, makes at most N attempts in a row. Applies to temporary failures: a cut connection, a dead peer (see
    /// `--ping-interval`), a Close with 1001, 1011-1014 or 3008, and, while connecting again, an unknown name, a
    /// refused connection, a timeout or a response like 503; not to a bad certificate or a 401. `-x` messages are sent
    /// again. Messages that were not yet written to the socket, and those typed at the prompt in the meantime, are sent
    /// over the next connection.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "forever", value_parser = values::attempts, hide_short_help = true)]
    pub(crate) reconnect: Option<Attempts>,

    /// Wait between attempts: 0.5s..30s by default
    ///
    /// The first attempt is made after a random time up to MIN; then this limit doubles with each attempt, up to MAX. A
    /// connection that lasted for 5s (or MAX, if that is less) resets it.
    #[arg(long, value_name = "MIN..MAX", value_parser = values::delay, requires = "reconnect", hide_short_help = true)]
    pub(crate) reconnect_delay: Option<Delay>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compress {
    Auto,
    Off,
    Required,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Protocol")]
pub(crate) struct ProtocolArgs {
    /// Refuse larger messages, with a Close 1009
    ///
    /// A size in bytes, or with a unit: `64K`, `16MiB`.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = crate::text::units::size, hide_short_help = true)]
    pub(crate) max_message: usize,

    /// Compress messages (permessage-deflate)
    ///
    /// auto offers compression and continues without it if the server does not accept it; required fails in that case.
    /// Messages of 64 bytes and more are compressed. `-v` and the `open` record show what was negotiated, `/info` how
    /// well it works.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) compress: Compress,

    /// Offer these parameters of permessage-deflate
    ///
    /// Any of `client_no_context_takeover`, `server_no_context_takeover`, `client_max_window_bits[=N]` and
    /// `server_max_window_bits=N` (RFC 7692, section 7.1), separated by semicolons; N is 8 to 15. wsprobe follows those
    /// for the client whatever the server answers.
    #[arg(long, value_name = "LIST", value_parser = values::deflate, hide_short_help = true)]
    pub(crate) compress_options: Option<Parameters>,

    /// Send messages in frames of at most this size
    ///
    /// A size in bytes, or with a unit. Compressed messages are split after compression. Without this option, only
    /// messages over 64 KiB are split.
    #[arg(long, value_name = "SIZE", value_parser = crate::text::units::size, hide_short_help = true)]
    pub(crate) fragment: Option<usize>,

    /// Use HTTP/2 if the server takes WebSockets over it (RFC 8441)
    ///
    /// Offers `h2` and `http/1.1` in TLS (ALPN). If the server chooses HTTP/1.1, or chooses HTTP/2 and does not have
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL = 1, the connection is opened over HTTP/1.1, as always without TLS.
    /// `--http2=required` fails in these cases: with exit status 3 without HTTP/2, with 4 without the setting. `-v` shows
    /// the server's SETTINGS, `/info` and the `open` record that HTTP/2 is used. `-H` cannot set fields that belong to
    /// HTTP/1.1: Connection, Upgrade, Sec-WebSocket-Key. HTTP/3 (RFC 9220) is not supported.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_missing_value = "auto", hide_short_help = true, overrides_with_all = ["http2_prior_knowledge", "http1_1"])]
    pub(crate) http2: Option<Http2When>,

    /// Use HTTP/2 without asking the server first, for ws:// too
    ///
    /// For a server that is known to speak it (h2c without an upgrade). With wss://, only `h2` is offered.
    #[arg(long, hide_short_help = true, overrides_with_all = ["http2", "http1_1"])]
    pub(crate) http2_prior_knowledge: bool,

    /// Use HTTP/1.1; this is the default
    ///
    /// It overrides an earlier `--http2` or `--http2-prior-knowledge`.
    #[arg(long = "http1.1", hide_short_help = true, overrides_with_all = ["http2", "http2_prior_knowledge"])]
    pub(crate) http1_1: bool,

    /// The version of the protocol; only 13 is supported
    #[arg(short = 'p', long = "protocol", value_name = "N", value_parser = values::protocol_version, hide_short_help = true)]
    pub(crate) protocol_version: Option<u8>,

    /// Slash commands always work at the prompt; this option is for command lines written for wscat
    #[arg(long, hide_short_help = true)]
    pub(crate) slash: bool,
}
