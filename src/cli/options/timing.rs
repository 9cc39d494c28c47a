//! The options under Timing.

use std::time::Duration;

use clap::Args;
use smart_default::SmartDefault;

use crate::cli::values;
use crate::cli::values::Interval;
use crate::session::{Attempts, Delay, ReconnectOn, Wait};

#[derive(Args, Clone, Debug, SmartDefault)]
#[command(next_help_heading = "Timing")]
pub(crate) struct TimingArgs {
    /// Fail if connecting takes longer than this
    ///
    /// Covers resolving the name, all addresses, the proxy and TLS together.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time, hide_short_help = true)]
    #[default(Duration::from_secs(10))]
    pub(crate) connect_timeout: Duration,

    /// Fail if the server does not answer the opening request in this time
    ///
    /// The time starts with the first byte of the request; `--connect-timeout` covers everything before it.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = crate::text::units::time, hide_short_help = true)]
    #[default(Duration::from_secs(10))]
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

    /// Fail if the server sends no message for this long
    ///
    /// Pongs do not count, parts of a message do. The exit status is 7, unless `--reconnect` connects again. The server
    /// gets a Close with 1001.
    #[arg(long, value_name = "TIME", value_parser = values::time_span, hide_short_help = true)]
    pub(crate) idle_timeout: Option<Duration>,

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
    /// over the next connection. After a 429 or 503 with `Retry-After`, the next attempt waits at least for that time,
    /// up to a day; `--wait-for-server` does the same.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "forever", value_parser = values::attempts, hide_short_help = true)]
    pub(crate) reconnect: Option<Attempts>,

    /// Wait between attempts: 0.5s..30s by default
    ///
    /// The first attempt is made after a random time up to MIN; then this limit doubles with each attempt, up to MAX. A
    /// connection that lasted for 5s (or MAX, if that is less) resets it.
    #[arg(long, value_name = "MIN..MAX", value_parser = values::delay, requires = "reconnect", hide_short_help = true)]
    pub(crate) reconnect_delay: Option<Delay>,

    /// Connect again after a Close with one of these codes as well, or after `any` end
    ///
    /// With `any`, only an end of ours is the end: Ctrl-C, the end of the input, `--timeout` and the like. 1005 stands
    /// for a Close without a code.
    #[arg(long, value_name = "CODE,…", value_parser = values::reconnect_on, requires = "reconnect", hide_short_help = true)]
    pub(crate) reconnect_on: Option<ReconnectOn>,
}
