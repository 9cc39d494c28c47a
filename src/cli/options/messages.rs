//! The options under Messages: what is sent.

use std::time::Duration;

use bytes::Bytes;
use clap::{ArgMatches, Args, FromArgMatches as _};
use regex::Regex;

use crate::cli::{message_file, values};
use crate::codec::encode::PayloadEncoding;
use crate::session::{LockstepOptions, Rate};

/// What is about messages where there are none.
const STREAM_CONFLICTS: [&str; 16] = [
    "encode",
    "decode",
    "decode_with",
    "delimiter",
    "null",
    "keep_newline",
    "whole",
    "chunk",
    "json_input",
    "rate",
    "lockstep",
    "echo",
    "json",
    "output",
    "pretty",
    "timestamps",
];

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArgs {
    /// Send this message or @FILE first; repeat it for more
    ///
    /// Messages are sent in order as soon as the connection is open. Then the input has ended and stdin is never read,
    /// so this works in cron, nohup and CI. With `--interactive`, stdin is read after them; with `--receive-only`,
    /// wsprobe only listens.
    ///
    /// `@FILE` sends a file as one message, as `--file` does; `@@TEXT` sends the text `@TEXT`.
    #[arg(short = 'x', long = "execute", value_name = "MSG", allow_hyphen_values = true)]
    pub(crate) execute: Vec<String>,

    /// Send this file as one message, like `-x @FILE`; `-` is stdin
    ///
    /// As text if it is UTF-8, without the line end of its last line; otherwise, and with `--binary`, byte by byte.
    /// `--escapes` does not apply. It is read before anything connects, and may have 384 MiB. With `-x`, messages are sent
    /// in the order in which they are given.
    #[arg(long, value_name = "FILE", hide_short_help = true, value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Vec<String>,

    /// After `-x`, continue with stdin: the prompt on a terminal, the pipe otherwise
    #[arg(short, long, hide_short_help = true, conflicts_with = "receive_only")]
    pub(crate) interactive: bool,

    #[command(flatten)]
    pub(crate) stdin: StdinArgs,

    /// Carry bytes, not messages: `ssh -o ProxyCommand='wsprobe --stream URL' HOST`
    ///
    /// What comes on stdin is sent at once, as binary messages, without waiting for a line or a size. What arrives, binary or
    /// text, goes to stdout as its bytes, with nothing between messages; also on a terminal, which a hostile server can then
    /// control. There is no prompt. `-x` messages are sent first, and stdin after them with `-i`.
    ///
    /// A WebSocket has no half-close: at the end of stdin, wsprobe receives until nothing has arrived for a second
    /// (`--wait-idle`, `--wait`), then its Close tells the server of the end. What the server still sends before its own Close
    /// is printed, and `--close-timeout` counts anew from each byte of it. `wsprobe listen --tcp` sends the rest in this way;
    /// other servers may throw it away. `-w 0` tells the end at once, `-w forever` leaves it to the server.
    #[arg(long, hide_short_help = true, conflicts_with_all = STREAM_CONFLICTS)]
    pub(crate) stream: bool,

    /// Run a command instead of reading stdin: it reads what arrives, and what it prints is sent
    ///
    /// It runs in a shell, once the connection is open, with what wsprobe would print on its stdin and its stdout in place of
    /// wsprobe's stdin: a line for each message, or as `--stream`, `--delimiter`, `--json` and the like say. Its stderr is
    /// wsprobe's. `-x` messages are sent first. When it exits, the connection is closed, with 1011 if it failed, unless
    /// `--wait` or `--wait-idle` goes on. When the connection ends, its stdin ends after the last message; if it has not exited
    /// within `--close-timeout` after it has read that, it is terminated together with the processes that it has started. If
    /// all else went well, its failure is the exit status (127: there is no such command; 128 and the number of a signal).
    #[arg(long, value_name = "CMD", hide_short_help = true, conflicts_with_all = ["interactive", "receive_only", "echo"])]
    pub(crate) exec: Option<String>,

    /// Send at most N messages in TIME, evenly spread: `10`, `10/s`, `100/1m`
    #[arg(long, value_name = "N[/TIME]", value_parser = values::rate, hide_short_help = true)]
    pub(crate) rate: Option<Rate>,

    /// Send each message only once the one before it has a reply
    ///
    /// Any message that arrives after a message was sent is its reply, unless `--until-each` says what to look for; what
    /// arrived before is none, nor is what `--reply` answers. Applies to `-x`, then to stdin. The run ends with the reply
    /// to the last message; `--wait`, `--wait-idle`, `--count` and the like can prolong it. After a connection is lost,
    /// `--reconnect` sends a message again that had no reply. Not for the prompt.
    #[arg(long, conflicts_with = "echo", hide_short_help = true)]
    pub(crate) lockstep: bool,

    /// With `--lockstep`, wait for a text message that matches
    ///
    /// All messages are printed; those that do not match are not counted as a reply. With `--binary`, binary messages
    /// are matched too, with U+FFFD in place of invalid UTF-8.
    #[arg(long, value_name = "REGEX", value_parser = crate::text::patterns::regex, requires = "lockstep", hide_short_help = true)]
    pub(crate) until_each: Option<Regex>,

    /// With `--lockstep`, fail if a reply takes longer than this
    ///
    /// The time starts when the message was sent and is paused while stdout blocks. The exit status is 7, also with
    /// `--reconnect`. Without this option, a reply is waited for as long as the connection is open.
    #[arg(long, value_name = "TIME", value_parser = values::time_span, requires = "lockstep", hide_short_help = true)]
    pub(crate) timeout_each: Option<Duration>,

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

impl MessageArgs {
    /// How each message waits for a reply, if it does.
    pub(crate) fn lockstep(&self) -> Option<LockstepOptions> {
        self.lockstep.then(|| LockstepOptions { until: self.until_each.clone(), timeout: self.timeout_each })
    }

    /// With the files among the messages, in the order in which they were given.
    pub(super) fn in_order(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let places = |id| matches.indices_of(id).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        let (texts, files) = (places("execute"), places("file"));
        let mut messages = Self::from_arg_matches_mut(matches)?;
        if !files.is_empty() {
            let named = std::mem::take(&mut messages.file).into_iter().map(|path| message_file::as_message(&path));
            let texts = texts.into_iter().zip(std::mem::take(&mut messages.execute));
            let mut all: Vec<_> = texts.chain(files.into_iter().zip(named)).collect();
            all.sort_by_key(|(place, _)| *place);
            messages.execute = all.into_iter().map(|(_, message)| message).collect();
        }
        Ok(messages)
    }
}

/// The options that `wsprobe listen` has as well.
#[derive(Args, Clone, Debug, Default)]
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

    /// Send JSON as `msgpack` or `cbor`
    ///
    /// Each message of stdin, of `-x` and of the prompt must be JSON, and is sent as a binary message in this encoding:
    /// integers in as few bytes as they need, other numbers as 64-bit floats, objects with their keys in order.
    #[arg(long, value_name = "HOW", value_parser = values::encoding, hide_short_help = true, conflicts_with_all = ["binary", "escapes", "chunk", "json_input"])]
    pub(crate) encode: Option<PayloadEncoding>,

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
