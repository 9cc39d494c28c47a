//! The options under Output: what is printed, and how.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::client::output_file::Destination;
use crate::codec::DecoderChain;

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print a JSON record for each event, in and out
    ///
    /// `type` is open, text, binary, ping, pong, close or error; `dir` is in or out; `time` is RFC 3339 in UTC and
    /// never decreases. `data` contains the text of a message, `base64` the bytes of a binary one. `open` contains the
    /// headers of both sides; an error its message in `data` and its `kind`; a refusal also `status`, `headers` and
    /// `body`. wsprobe-json(5) explains all of them.
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

    #[command(flatten)]
    pub(crate) decode: DecodeArgs,

    /// Print the time before each message
    ///
    /// utc: RFC 3339; local: the time of day; delta: seconds since the previous message.
    #[arg(short, long, value_name = "KIND", hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "local", hide_possible_values = true)]
    pub(crate) timestamps: Option<Timestamps>,

    /// Show pings and pongs
    #[arg(short = 'P', long, hide_short_help = true)]
    pub(crate) show_ping_pong: bool,

    /// Indent JSON
    ///
    /// auto indents what does not fit on a line, on a terminal; always indents every object and list, in a pipe too. Digits,
    /// the order of keys and duplicates stay as they were sent.
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

/// What binary messages say.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(crate) struct DecodeArgs {
    /// Show what binary messages say, as JSON: `msgpack`, `cbor`, `gzip`, …
    ///
    /// HOW is one of those under DECODERS, or several with commas, in the order in which they apply: `gzip,msgpack`. A
    /// message is then shown as JSON, on a line for each value in it; what JSON cannot express is shown in CBOR's
    /// diagnostic notation (RFC 8949, section 8), such as h'00ff' for bytes, which in a pipe is a JSON string. With
    /// `--json` and `--record`, it is in `decoded`, beside `base64`. `--until`, `--expect`, `--expect-json`, `--reply`
    /// and `/filter` look at the JSON of each value. A message that cannot be decoded is shown as without this option,
    /// with the reason. No message is decoded to more bytes than `--max-message`. Messages that are sent are decoded too,
    /// where they are shown.
    #[arg(long, value_name = "HOW", hide_short_help = true, conflicts_with_all = ["output", "decode_with"])]
    pub(crate) decode: Option<DecoderChain>,

    /// Show what this command says of binary messages
    ///
    /// It runs in a shell, from the first binary message on. It reads each of them from its stdin, with its length before
    /// it (4 bytes, the most significant first), and must print one line for each, within 10 seconds: JSON, any other text,
    /// or nothing. The line is used as with `--decode`.
    #[arg(long, value_name = "CMD", hide_short_help = true, conflicts_with = "output")]
    pub(crate) decode_with: Option<String>,
}

impl DecodeArgs {
    pub(crate) fn is_given(&self) -> bool {
        self.decode.is_some() || self.decode_with.is_some()
    }
}

impl OutputArgs {
    /// The file of `--record`.
    pub(crate) fn recorded_to(&self) -> Option<Destination> {
        self.record.clone().map(|path| Destination { path, is_forced: self.force })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    #[default]
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}
