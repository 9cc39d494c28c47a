//! The options under Route: how the server is reached.

use std::path::PathBuf;

use clap::Args;

use crate::dial::{ConnectTo, LocalAddress, ResolveOverride};

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Route")]
pub(crate) struct RouteArgs {
    /// Connect through this proxy
    ///
    /// `http://`, `https://`, `socks5://` (wsprobe resolves names) or `socks5h://` (the proxy resolves names), followed
    /// by `USER:PASS@HOST:PORT`. wsprobe always uses a tunnel, for ws:// too. `@FILE` and `env:VAR` keep a password out
    /// of the list of processes. Without this option, `ws_proxy`, `http_proxy` and `all_proxy` name the proxy for
    /// ws://, `wss_proxy`, `https_proxy` and `all_proxy` the one for wss://, in lower or upper case. `--proxy ''`
    /// disables proxies.
    #[arg(long, value_name = "URL", conflicts_with = "unix_socket", hide_short_help = true)]
    pub(crate) proxy: Option<String>,

    /// Send the proxy's user name and password with Basic, at once
    ///
    /// Without any of these options, that is done for a proxy on this machine and for an https:// proxy; others get them when
    /// they ask, with the strongest of Digest, NTLM and Basic. SOCKS proxies have a scheme of their own.
    #[arg(long, conflicts_with = "proxy_anyauth", hide_short_help = true)]
    pub(crate) proxy_basic: bool,

    /// Send the proxy's user name and password with Digest only
    #[arg(long, conflicts_with = "proxy_anyauth", hide_short_help = true)]
    pub(crate) proxy_digest: bool,

    /// Send the proxy's user name and password with NTLM only, at once
    #[arg(long, conflicts_with = "proxy_anyauth", hide_short_help = true)]
    pub(crate) proxy_ntlm: bool,

    /// Send the proxy's user name and password only when it asks, with the strongest scheme that it offers
    #[arg(long, hide_short_help = true)]
    pub(crate) proxy_anyauth: bool,

    /// Hosts to connect to without a proxy
    ///
    /// A list separated by commas: a name, which includes all names below it, an address, a network (`10.0.0.0/8`),
    /// each optionally with a port (`HOST:PORT`), or `*` for all hosts. Replaces `NO_PROXY`.
    #[arg(long, alias = "noproxy", value_name = "HOSTS", hide_short_help = true)]
    pub(crate) no_proxy: Option<String>,

    /// Connect to this Unix socket; the URL only determines the request
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pub(crate) unix_socket: Option<PathBuf>,

    /// Use this address for a name; repeat it for more
    ///
    /// `HOST:PORT:ADDR`; append more addresses with commas; `*` is any host. Nothing else changes: Host, TLS and
    /// redirects use the name.
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = ResolveOverride::from_text, hide_short_help = true)]
    pub(crate) resolve: Vec<ResolveOverride>,

    /// Connect to another host, `HOST1:PORT1:HOST2:PORT2`
    ///
    /// Connects to HOST2 and PORT2 instead of HOST1 and PORT1. An empty HOST1 or PORT1 matches any, an empty HOST2 or
    /// PORT2 changes nothing. Host and TLS still use HOST1.
    #[arg(long, value_name = "FROM:TO", value_parser = ConnectTo::from_text, hide_short_help = true)]
    pub(crate) connect_to: Vec<ConnectTo>,

    /// Connect from this address or interface
    #[arg(long, value_name = "ADDR", value_parser = LocalAddress::from_text, hide_short_help = true)]
    pub(crate) interface: Vec<LocalAddress>,

    /// Use IPv4 only
    #[arg(short = '4', long, hide_short_help = true, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', long, hide_short_help = true)]
    pub(crate) ipv6: bool,
}
