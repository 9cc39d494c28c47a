//! The options under Ending: when a run is over.

use std::time::Duration;

use clap::Args;
use regex::Regex;
use smart_default::SmartDefault;

use crate::cli::values;
use crate::session::{JsonExpectation, Wait};

#[derive(Args, Clone, Debug, SmartDefault)]
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

    /// Exit with 0 if the server answers the handshake with this status, with 1 if it answers with another one
    ///
    /// The run ends with the handshake: nothing is sent and stdin is not read. After `--location`, the status of the last
    /// answer counts. A server that accepts is left with a Close at once; that is a success only with `101`, which over
    /// HTTP/2 stands for its 200 (RFC 8441). Without any answer, the exit status is as usual.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..=599), hide_short_help = true)]
    pub(crate) expect_status: Option<u16>,

    /// Leave the prompt when the connection closes, even while a line is being typed
    ///
    /// Without it, the prompt stays once something was typed, and after a `/close`. Otherwise the run ends, with the status
    /// of the Close.
    #[arg(long, hide_short_help = true)]
    pub(crate) exit_on_close: bool,

    /// The code of wsprobe's Close (RFC 6455, section 7.4): 1000-1003, 1007-1014, 3000-4999
    #[arg(long, value_name = "N", default_value = "1000", value_parser = crate::message::close::close_code, hide_short_help = true)]
    #[default(1000)]
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
    #[default(Duration::from_secs(5))]
    pub(crate) close_timeout: Duration,
}
