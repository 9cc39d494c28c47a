//! A cookie jar in Netscape's format, and which of its cookies go where (RFC 6265, section 5.4).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::target::Target;

/// The cookies of a file.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Jar(Vec<Cookie>);

#[derive(Clone, PartialEq, Eq)]
struct Cookie {
    domain: String,
    includes_subdomains: bool,
    path: String,
    is_secure: bool,
    /// `None` is when the browser closes, which is to say never.
    expires: Option<SystemTime>,
    /// `NAME=VALUE`
    pair: String,
}

impl Jar {
    /// Reads a jar; `None` if the text is none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let is_marked = text.starts_with("# Netscape HTTP Cookie File") || text.starts_with("# HTTP Cookie File");
        let lines = text.lines().map(|line| line.strip_prefix("#HttpOnly_").unwrap_or(line));
        let lines = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let cookies: Option<Vec<_>> = lines.map(cookie).collect();
        cookies.filter(|cookies| is_marked || !cookies.is_empty()).map(Self)
    }

    /// The cookies for a target at this time, those of the longest path first.
    pub(crate) fn cookies(&self, target: &Target, now: SystemTime) -> impl Iterator<Item = &str> {
        let host = target.host();
        let path = target.resource.split('?').next().unwrap_or_default();
        let mut meant: Vec<_> = self.0.iter().filter(|cookie| cookie.is_meant_for(&host, path, target, now)).collect();
        meant.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        meant.into_iter().map(|cookie| cookie.pair.as_str())
    }
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jar({} cookies)", self.0.len())
    }
}

impl Cookie {
    fn is_meant_for(&self, host: &str, path: &str, target: &Target, now: SystemTime) -> bool {
        let is_live = self.expires.is_none_or(|expires| expires > now);
        is_live && (!self.is_secure || target.scheme.is_tls()) && self.has_host(host) && self.has_path(path)
    }

    fn has_host(&self, host: &str) -> bool {
        let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
        host.eq_ignore_ascii_case(&self.domain)
            || self.includes_subdomains
                && !is_address
                && host.len() > self.domain.len()
                && host[..host.len() - self.domain.len()].ends_with('.')
                && host.to_ascii_lowercase().ends_with(&self.domain)
    }

    fn has_path(&self, path: &str) -> bool {
        path.strip_prefix(&self.path)
            .is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'))
    }
}

/// Domain, whether below it too, path, secure, expiry, name, value.
fn cookie(line: &str) -> Option<Cookie> {
    let fields: Vec<&str> = line.trim_end_matches(['\r', '\n']).split('\t').collect();
    // An editor may have cut the tab off that an empty value leaves at the end.
    let (&[domain, below, path, secure, expires, name], value) = fields.split_first_chunk::<6>()?;
    let value = match value {
        [] => "",
        [value] => value,
        _ => return None,
    };
    let flag = |text: &str| match text {
        _ if text.eq_ignore_ascii_case("TRUE") => Some(true),
        _ if text.eq_ignore_ascii_case("FALSE") => Some(false),
        _ => None,
    };
    let expires: u64 = expires.parse().ok()?;
    let is_clean = !name.is_empty() && !format!("{name}{value}").contains(|c: char| c.is_ascii_control() || c == ';');
    is_clean.then_some(Cookie {
        domain: domain.trim_start_matches('.').to_ascii_lowercase(),
        includes_subdomains: flag(below)?,
        path: path.to_owned(),
        is_secure: flag(secure)?,
        expires: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(expires)).filter(|_| expires != 0),
        pair: format!("{name}={value}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Parsed;

    const JAR: &str = "# Netscape HTTP Cookie File\n# a comment\n\n\
        .example.com\tTRUE\t/\tFALSE\t0\teverywhere\t1\n\
        example.com\tFALSE\t/\tFALSE\t2000000000\thost\t2\n\
        #HttpOnly_example.com\tFALSE\t/chat\tFALSE\t0\tdeep\t3\r\n\
        example.com\tFALSE\t/\tTRUE\t0\tsecure\t4\n\
        example.com\tFALSE\t/\tFALSE\t1000\told\t5\n\
        127.0.0.1\tTRUE\t/\tFALSE\t0\tempty\t\n";

    fn picked(url: &str) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
        let jar = Jar::from_text(JAR).unwrap();
        let target = Parsed::from_text(url).unwrap().target;
        jar.cookies(&target, now).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn host_path_and_security_decide() {
        for (url, cookies) in [
            ("ws://example.com/", "everywhere=1 host=2"),
            ("wss://example.com/?x=/chat", "everywhere=1 host=2 secure=4"),
            ("ws://EXAMPLE.com/chat", "deep=3 everywhere=1 host=2"),
            ("ws://example.com/chat/room?a", "deep=3 everywhere=1 host=2"),
            ("ws://example.com/chatty", "everywhere=1 host=2"),
            ("ws://www.example.com/chat", "everywhere=1"),
            ("ws://badexample.com/", ""),
            ("ws://127.0.0.1:8080/", "empty="),
            ("ws://1.127.0.0.1.example/", ""),
        ] {
            assert_eq!(picked(url), cookies, "{url}");
        }
    }

    #[test]
    fn what_is_no_jar_is_told_from_one() {
        assert!(Jar::from_text("# Netscape HTTP Cookie File\n").is_some());
        assert!(Jar::from_text("h\tTRUE\t/\tFALSE\t0\ta\t1").is_some());
        for text in
            ["", "a=b", "a=b; c=d\n", "# a comment", "h\tTRUE\t/\tFALSE\tnever\ta\t1", "h\tTRUE\t/\tFALSE\t0\ta\tb\x1b"]
        {
            assert!(Jar::from_text(text).is_none(), "{text}");
        }
    }
}
