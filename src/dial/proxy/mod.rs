//! Proxies: which one leads to a target, and the tunnel through it (`http`, `socks`), always a tunnel.

mod error;
mod exceptions;
mod http;
mod login;
mod socks;

use std::fmt;

use bytes::Bytes;
use url::{Host, Url};

use super::Stream;
use crate::handshake::auth::{KnownChallenge, Login, LoginPeer};
use crate::request::schemes::SchemeChoice;
use crate::target::{Endpoint, Scheme, Target, percent_decoded, split_zone};

pub(crate) use self::error::ProxyError;
pub(crate) use self::exceptions::Exceptions;
pub(crate) use self::http::ProxyHead;
pub(super) use self::http::{ProxyPath, TunnelStep};
use self::login::ProxyLogin;

/// A proxy, as `--proxy` and the environment name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(super) zone: Option<String>,
    login: Option<ProxyLogin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    Http,
    Https,
    /// Names are resolved here.
    Socks5,
    /// Names are resolved by the proxy.
    Socks5h,
}

/// Which proxy leads where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) ws: Option<Proxy>,
    pub(crate) wss: Option<Proxy>,
    /// How user and password are sent to one.
    pub(crate) schemes: SchemeChoice,
    /// Where none is used.
    pub(crate) except: Exceptions,
}

impl Proxy {
    /// Reads `[KIND://][USER:PASS@]HOST[:PORT]`; without a kind it is `http`, as for curl.
    ///
    /// # Errors
    /// What would be right. The text is not repeated, it may hold a password.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (kind, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match kind.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => ProxyKind::Socks5h,
            _ => {
                return Err("a proxy URL begins with http://, https://, socks5:// or socks5h://".to_owned());
            }
        };
        // A scheme that the parser does not know, as it would drop the port that it takes for the scheme's own.
        let (rest, zone) = split_zone(rest).map_err(|_| "write an IPv6 zone as in `[fe80::1%25eth0]`")?;
        let url = Url::parse(&format!("proxy://{rest}")).map_err(|error| error.to_string())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the host of the proxy is missing")?;
        let host = Host::parse(host).map_err(|error| error.to_string())?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("only a port may follow the host of a proxy".to_owned());
        }
        let has_login = !url.username().is_empty() || url.password().is_some();
        let login = has_login.then(|| ProxyLogin {
            user: percent_decoded(url.username()),
            password: percent_decoded(url.password().unwrap_or_default()),
        });
        if let Some(ProxyLogin { user, password }) = &login {
            let lengths = 1..=socks::LONGEST;
            if kind.is_socks() && !(lengths.contains(&user.len()) && lengths.contains(&password.len())) {
                return Err("the user and the password of a SOCKS proxy must have 1 to 255 bytes each".to_owned());
            }
        }
        // curl's: https has its usual port, the others that of SOCKS.
        let port = url.port().unwrap_or(if kind == ProxyKind::Https { 443 } else { 1080 });
        Ok(Self { kind, host, port, zone, login })
    }

    /// Proves to the proxy who we are, if it is one that asks as HTTP does.
    pub(super) fn login(&self, schemes: SchemeChoice) -> Option<Login> {
        let login = self.login.as_ref().filter(|_| !self.kind.is_socks());
        let known = KnownChallenge::default();
        login.map(|login| Login::new((&login.user, &login.password), LoginPeer::Proxy, schemes, known))
    }

    /// Makes the proxy at the other end of the stream connect to a host.
    pub(super) async fn tunnel(
        &self,
        stream: &mut Stream,
        (host, port): (&Host, u16),
        login: Option<&mut Login>,
        path: ProxyPath,
        trace: &dyn Fn(ProxyHead<'_>),
    ) -> Result<TunnelStep, ProxyError> {
        match self.kind {
            ProxyKind::Http | ProxyKind::Https => {
                http::tunnel(stream, &format!("{host}:{port}"), login, path, trace).await
            }
            ProxyKind::Socks5 | ProxyKind::Socks5h => {
                socks::tunnel(stream, host, port, self.login.as_ref()).await?;
                Ok(TunnelStep::Open(Bytes::new()))
            }
        }
    }
}

impl ProxyKind {
    pub(crate) fn is_socks(self) -> bool {
        matches!(self, Self::Socks5 | Self::Socks5h)
    }
}

impl Proxies {
    /// The proxy that leads to a target.
    pub(super) fn to(&self, target: &Target) -> Option<&Proxy> {
        let Endpoint::Host { host, port, .. } = &target.place else { return None };
        let proxy = match target.scheme {
            Scheme::Ws => &self.ws,
            Scheme::Wss => &self.wss,
        };
        proxy.as_ref().filter(|_| !self.except.contain(host, *port))
    }
}

/// Without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5h => "socks5h",
        };
        match (&self.host, &self.zone) {
            (Host::Ipv6(address), Some(zone)) => write!(f, "{kind}://[{address}%25{zone}]:{}", self.port),
            (host, _) => write!(f, "{kind}://{host}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_as_curl_reads_it() {
        for (text, shown, login) in [
            ("proxy:3128", "http://proxy:3128", None),
            ("proxy", "http://proxy:1080", None),
            ("http://proxy:80/", "http://proxy:80", None),
            ("HTTPS://proxy", "https://proxy:443", None),
            ("socks5://[::1]:9", "socks5://[::1]:9", None),
            ("http://[fe80::1%25eth0]:9", "http://[fe80::1%25eth0]:9", None),
            ("socks5h://me:p%40w@10.0.0.1", "socks5h://10.0.0.1:1080", Some(("me", "p@w"))),
            ("me@Proxy:1", "http://proxy:1", Some(("me", ""))),
        ] {
            let proxy = Proxy::from_text(text).unwrap();
            assert_eq!(proxy.to_string(), shown, "{text}");
            assert_eq!(proxy.login.map(|login| (login.user, login.password)), login.map(|(u, p)| (u.into(), p.into())));
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_repeated() {
        for text in [
            "socks4://secret@h",
            "ftp://secret@h",
            "",
            "http://",
            "secret:99999",
            "h/secret",
            "h?secret",
            "secret@[::1%25a b]",
            "socks5://:secret@h",
            "socks5://secret@h",
        ] {
            let error = Proxy::from_text(text).unwrap_err();
            assert!(!error.contains("secret"), "{text}: {error}");
        }
    }
}
