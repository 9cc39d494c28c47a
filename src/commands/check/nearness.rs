//! Where what breaks rules may be sent.

use crate::client::connect;
use crate::client::nearness::is_near;
use crate::dial::{ConnectTo, Dialed};
use crate::error::Error;
use crate::target::Endpoint;

/// Refuses a server that anybody may reach.
///
/// # Errors
/// It is one, or what is behind a proxy is not known to be none.
pub(super) fn check(dialed: &Dialed, options: &connect::Options) -> Result<(), Error> {
    let behind_proxy = match &options.target.place {
        Endpoint::Host { host, port, .. } if dialed.proxy.is_some() => {
            Some(ConnectTo::end_of(&options.route.detours, host, *port).0)
        }
        _ => None,
    };
    if is_near(&dialed.peer, behind_proxy.as_ref()) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{} is at {}, neither on this machine nor in a private network: `--malformed` and `--limits` need \
         `--authorized` there, which says that its owner agrees",
        options.target, dialed.peer
    )))
}
