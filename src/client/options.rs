//! What a run against one server needs.

use std::time::Duration;

use super::connect;
use super::output_file::Destination;
use crate::events::Batch;
use crate::input::source::Source;
use crate::render::OutputStyle;
use crate::session;
use crate::session::reconnect::RetryPolicy;
use crate::term::diagnostics::Diagnostics;

/// One run against one server.
#[derive(Clone, Debug)]
pub(crate) struct ClientOptions {
    pub(crate) connect: connect::Options,
    /// `-x`: sent before anything else.
    pub(crate) first: Batch,
    pub(crate) source: Source,
    /// `--expect-status`: the run is about the answer to the opening request alone.
    pub(crate) expected_status: Option<u16>,
    pub(crate) session: session::options::Options,
    pub(crate) retry: RetryPolicy,
    pub(crate) style: OutputStyle,
    pub(crate) record: Option<Destination>,
    pub(crate) diagnostics: Diagnostics,
    /// `--timeout`: the limit for all of it.
    pub(crate) timeout: Option<Duration>,
    /// `--wait` or `--wait-idle` was given: without input, the input counts as ended from the start.
    pub(crate) ends_without_input: bool,
}
