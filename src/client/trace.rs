//! The steps of connecting, as they are told.

use std::time::Duration;

use crate::dial::Dialed;
use crate::dial::proxy::ProxyHead;
use crate::http2::settings::PeerSettings;
use crate::target::Target;

/// What a verbose user gets to see on the way.
pub(crate) enum Trace<'t> {
    Dialed {
        target: &'t Target,
        dialed: &'t Dialed,
    },
    /// What the server says of itself before a request over HTTP/2.
    Settings(&'t PeerSettings),
    /// Why it is asked again, over HTTP/1.1.
    Returned(&'t str),
    /// The request as it was sent, with its secrets: only who shows it takes the time to mask them.
    Request(&'t str),
    /// A head of the answer as it came.
    Response(&'t str),
    Redirected(&'t Target),
    /// The scheme by which user and password are sent next.
    Answering(&'static str),
    /// The server let us in without them.
    NotAsked,
    /// How long the server took to answer.
    Answered(Duration),
}

impl<'t> From<ProxyHead<'t>> for Trace<'t> {
    fn from(head: ProxyHead<'t>) -> Self {
        match head {
            ProxyHead::Request(head) => Trace::Request(head),
            ProxyHead::Response(head) => Trace::Response(head),
        }
    }
}
