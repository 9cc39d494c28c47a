//! Who a proxy is told that we are.

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub(super) struct ProxyLogin {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for ProxyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(***)")
    }
}
