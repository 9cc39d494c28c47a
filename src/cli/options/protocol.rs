//! The options under Protocol: frames, compression, and the version of HTTP.

use clap::{Args, ValueEnum};
use smart_default::SmartDefault;

use crate::cli::values;
use crate::wire::offer::Parameters;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Http2When {
    Auto,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compress {
    Auto,
    Off,
    Required,
}

#[derive(Args, Clone, Debug, SmartDefault)]
#[command(next_help_heading = "Protocol")]
pub(crate) struct ProtocolArgs {
    /// Refuse larger messages, with a Close 1009
    ///
    /// A size in bytes, or with a unit: `64K`, `16MiB`.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = crate::text::units::size, hide_short_help = true)]
    #[default(256 << 20)]
    pub(crate) max_message: usize,

    /// Compress messages (permessage-deflate)
    ///
    /// auto offers compression and continues without it if the server does not accept it; required fails in that case.
    /// Messages of 64 bytes and more are compressed. `-v` and the `open` record show what was negotiated, `/info` how
    /// well it works.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    #[default(Compress::Auto)]
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
    /// HTTP/1.1: Connection, Upgrade, Sec-WebSocket-Key. HTTP/3 (RFC 9220) is not supported: the libraries for it do not
    /// carry WebSockets yet.
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
