//! `wsprobe replay`: its options, and what they mean.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json_path::JsonPath;

use super::env::Env;
use super::options::{
    EndingArgs, Options, OutputArgs, ProtocolArgs, RequestArgs, RouteArgs, StdinArgs, TimingArgs, TlsArgs,
};
use super::{translate, values};
use crate::app::Job;
use crate::error::Error;
use crate::events::ClientName;
use crate::recording::check::Ignored;
use crate::recording::pace::Speed;
use crate::session::Wait;

/// All that `wsprobe replay` takes.
#[derive(Args, Clone, Debug)]
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
    request: RequestArgs,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    route: RouteArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    protocol: ProtocolArgs,
}

/// All that `wsprobe record-to-script` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct ToScript {
    /// The recording: a file that `--record` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Take this client's part of what `listen` recorded
    #[arg(long, value_name = "NAME", value_parser = values::client)]
    client: Option<ClientName>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Replay")]
struct Replaying {
    /// How fast: `2x`, `0.5x`, or `max` for no pauses
    ///
    /// The time between what is sent is that of the recording, so many times shorter. Answers are waited for at any
    /// speed.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = values::speed)]
    speed: Speed,

    /// Exit with 1 unless the same answers come
    ///
    /// The messages that were recorded, in their order, and the code of the Close. Two texts that are JSON are the same
    /// if their values are; other texts and bytes have to be equal. What is different, missing or one too many is
    /// told on stderr. The exit status is 0 if nothing is, however the recorded connection ended.
    #[arg(long)]
    compare: bool,

    /// Let JSON answers differ here; repeat it for more
    ///
    /// A JSONPath (RFC 9535), whose leading `$.` may be left out: `--ignore time --ignore '$..id'`.
    #[arg(long, value_name = "PATH", requires = "compare", value_parser = values::path)]
    ignore: Vec<JsonPath>,

    /// Play this client's part of what `listen` recorded
    #[arg(long, value_name = "NAME", value_parser = values::client)]
    client: Option<ClientName>,

    /// Wait so long for each recorded answer, or `forever`
    ///
    /// Before what was sent after it is sent again, and at the end for the server's Close if it closed. What has not
    /// come by then is not waited for any more.
    #[arg(short, long, value_name = "TIME", default_value = "5s", value_parser = values::wait)]
    wait: Wait,

    /// Limit the whole run, connecting included
    #[arg(long, value_name = "TIME", value_parser = crate::text::units::time)]
    timeout: Option<Duration>,

    /// Give up on the server's Close after this long
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
        if self.timing.reconnect.is_some() {
            return Err(Error::Usage(
                "a replay connects as often as was recorded, and so not with `--reconnect`".to_owned(),
            ));
        }
        if self.output.vi {
            return Err(Error::Usage("`--vi` is for the prompt, and a replay has none".to_owned()));
        }
        let defaults = Options::defaults();
        let options = Options {
            // Nothing is read from stdin, also on a terminal.
            messages: super::options::MessageArgs {
                stdin: StdinArgs { receive_only: true, ..defaults.messages.stdin },
                ..defaults.messages
            },
            output: self.output.clone(),
            ending: EndingArgs {
                timeout: self.replaying.timeout,
                close_timeout: self.replaying.close_timeout,
                ..defaults.ending
            },
            request: self.request.clone(),
            tls: self.tls.clone(),
            route: self.route.clone(),
            timing: self.timing.clone(),
            protocol: self.protocol.clone(),
        };
        let mut plan = *translate::connect(&self.url, &options, env)?;
        let Replaying { speed, compare, ref ignore, client, wait, .. } = self.replaying;
        // What is compared has to be there as a whole.
        plan.connect.manner.parts &= !compare;
        let compare = compare.then(|| Ignored(ignore.clone()));
        Ok(crate::commands::replay::ReplayOptions {
            plan,
            file: self.file.clone(),
            client,
            speed,
            patience: wait,
            compare,
        })
    }
}
