//! `wsprobe replay`: its options, and what they mean.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json_path::JsonPath;

use super::env::Env;
use super::options::{ConnectionArgs, Options, OutputArgs};
use super::profile::ConfigArgs;
use super::unlisted::unlisted;
use super::{translate, values};
use crate::app::Job;
use crate::error::Error;
use crate::events::ClientName;
use crate::recording::check::Ignored;
use crate::recording::pace::Speed;
use crate::session::Wait;

/// Options that have no effect here, and why.
const UNUSED: [(&[&str], &str); 2] = [
    (&["reconnect", "reconnect-delay", "reconnect-on"], "which connects as many times as the recording"),
    (&["vi"], "which has no prompt"),
];

/// All that `wsprobe replay` takes.
#[derive(Args, Clone, Debug)]
#[command(mut_args(|argument| unlisted(argument, &UNUSED)))]
pub(super) struct ReplayArgs {
    /// The recording: a file that `--record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The server, as for `wsprobe URL`
    #[arg(value_name = "URL")]
    url: String,

    #[command(flatten)]
    replaying: Replaying,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    _config: ConfigArgs,
}

/// All that `wsprobe record-to-script` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ToScript {
    /// The recording: a file that `--record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Use this client's part of a recording of `listen`
    #[arg(long, value_name = "NAME", value_parser = values::client)]
    client: Option<ClientName>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Replay")]
struct Replaying {
    /// How fast: `2x`, `0.5x`, or `max` for no pauses
    ///
    /// The recorded pauses are divided by this factor. wsprobe waits for answers at any speed.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = values::speed)]
    speed: Speed,

    /// Exit with 1 unless the same answers arrive
    ///
    /// Compares the recorded messages, in their order, and the code of the Close. Two texts that are JSON are equal if
    /// their values are; other texts and bytes have to be identical. Different, missing and additional answers are
    /// printed on stderr. The exit status is 0 if there are none, however the recorded connection ended.
    #[arg(long)]
    compare: bool,

    /// Ignore differences of JSON answers here; repeat it for more
    ///
    /// A JSONPath (RFC 9535), whose leading `$.` may be left out: `--ignore time --ignore '$..id'`.
    #[arg(long, value_name = "PATH", requires = "compare", value_parser = values::path)]
    ignore: Vec<JsonPath>,

    /// Send this client's part of a recording of `listen`
    #[arg(long, value_name = "NAME", value_parser = values::client)]
    client: Option<ClientName>,

    /// Wait this long for each recorded answer, or `forever`
    ///
    /// An answer is waited for before sending what followed it in the recording; at the end, the server's Close is
    /// waited for if it was recorded. After this time, wsprobe no longer waits for the answer.
    #[arg(short, long, value_name = "TIME", default_value = "5s", value_parser = values::wait)]
    wait: Wait,

    /// Limit the whole run, connecting included
    #[arg(long, value_name = "TIME", value_parser = crate::text::units::time)]
    timeout: Option<Duration>,

    /// Stop waiting for the server's Close after this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::text::units::time)]
    close_timeout: Duration,
}

impl ToScript {
    pub(super) fn job(self) -> Job {
        Job::ToScript { file: self.file, client: self.client }
    }
}

impl ReplayArgs {
    pub(super) fn job(&self, env: &Env) -> Result<crate::commands::replay::ReplayOptions, Error> {
        let given = [self.connection.timing.reconnect.is_some(), self.output.vi];
        if let Some((_, (names, why))) = given.into_iter().zip(UNUSED).find(|(is_given, _)| *is_given) {
            return Err(Error::Usage(format!("`--{}` cannot be used with `replay`, {why}", names[0])));
        }
        let mut options = Options::without_stdin().connecting(&self.connection);
        options.output = self.output.clone();
        options.ending.timeout = self.replaying.timeout;
        options.ending.close_timeout = self.replaying.close_timeout;
        let mut plan = *translate::connect(&self.url, &options, env)?;
        let Replaying { speed, compare, ref ignore, client, wait, .. } = self.replaying;
        // What is compared has to be there as a whole.
        plan.connect.connection.parts &= !compare;
        let compare = compare.then(|| Ignored(ignore.clone()));
        Ok(crate::commands::replay::ReplayOptions { plan, file: self.file.clone(), client, speed, wait, compare })
    }
}
