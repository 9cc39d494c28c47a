//! What `wsprobe check` is asked for.

use std::time::Duration;

use super::choice::CaseChoice;
use crate::client::options::ClientOptions;
use crate::report::ReportRequest;
use crate::session::Rate;

/// A server to be checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckOptions {
    pub(crate) plan: ClientOptions,
    pub(crate) choice: CaseChoice,
    /// `-x`: what each connection says first.
    pub(crate) hello: Vec<String>,
    /// A SHOULD counts too.
    pub(crate) is_strict: bool,
    /// How many connections there are at most in some time.
    pub(crate) rate: Rate,
    /// How long each reaction is waited for.
    pub(crate) wait: Duration,
    /// How long the server has to notice a client that answers nothing.
    pub(crate) vanish: Option<Duration>,
    /// The server's owner agrees.
    pub(crate) is_authorized: bool,
    /// Each frame is shown.
    pub(crate) frames: bool,
    pub(crate) reports: Vec<ReportRequest>,
}
