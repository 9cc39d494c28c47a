//! What we offer a server, as far as hints depend on it.

use super::alpn::Alpn;
use super::versions::Versions;

/// What was offered to the server, as far as hints depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) versions: Versions,
    /// `--cert`
    pub(crate) identity: bool,
    /// Its certificate is of a version of X.509 before 3.
    pub(crate) old_identity: bool,
    /// `--sni`
    pub(crate) name: bool,
    pub(crate) alpn: Alpn,
}
