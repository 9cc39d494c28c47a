//! Options of curl that have no counterpart in wsprobe: which of them can be ignored, and the error for the others.
//!
//! By name, so that none of them is taken for a mistyped option of wsprobe's own.

/// What becomes of such an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is about files, uploads, other protocols or what is done here anyway.
    Dropped { takes_value: bool },
    /// Ignoring it would change the meaning of the line.
    Refused(String),
}

const DROPPED_FLAGS: &str = "
    alpn append buffer ca-native cert-status clobber compressed-ssh create-dirs crlf disable-eprt
    disable-epsv disallow-username-in-url doh-cert-status doh-insecure fail-early fail-with-body false-start form-escape
    ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control http0.9 http3
    http3-only ignore-content-length junk-session-cookies keepalive list-only mail-rcpt-allowfails metalink mptcp npn
    out-null parallel parallel-immediate post301 post302 post303 progress-bar progress-meter
    proxy-ca-native proxy-http2 proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel raw
    remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir
    sessionid skip-existing socks5-basic ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd
    ssl-revoke-best-effort styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tls-earlydata
    tlsv1 tlsv1.0 tlsv1.1 tr-encoding trace-ids trace-time use-ascii xattr";

const DROPPED_VALUES: &str = "
    alt-svc cert-type continue-at create-file-mode dump-header etag-save expect100-timeout ftp-account
    ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms hsts ip-tos keepalive-cnt
    keepalive-time key-type libcurl limit-rate max-filesize output-dir parallel-max parallel-max-host proto proto-default
    proto-redir proxy-cert-type proxy-key-type range retry-delay retry-max-time speed-limit speed-time stderr tftp-blksize
    time-cond trace trace-ascii trace-config vlan-priority write-out";

/// Names, and what wsprobe has instead.
const REFUSED: [(&str, &str); 8] = [
    (
        "delegation login-options negotiate ntlm-wb sasl-authzid service-name tlsauthtype tlspassword
         tlsuser",
        ": wsprobe supports Digest, NTLM and Basic (--user), and Bearer (--bearer)",
    ),
    (
        "proxy-negotiate proxy-service-name proxy-tlsauthtype proxy-tlspassword proxy-tlsuser
         proxy-user socks5-gssapi socks5-gssapi-nec socks5-gssapi-service",
        ": give the user and the password of a proxy in --proxy KIND://USER:PASS@HOST:PORT",
    ),
    ("preproxy proxy1.0 socks4 socks4a", ": proxies may be http://, https://, socks5:// or socks5h://"),
    ("dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url", ": --resolve HOST:PORT:ADDR names an address"),
    ("path-as-is request-target url-query", ": put the path and the query into the URL"),
    ("form form-string", ": a WebSocket has no forms; --execute MSG sends a message, --file FILE a file"),
    ("retry", ": --wait-for-server TIME waits until the server is up"),
    (
        "abstract-unix-socket capath ciphers config crlfile curves disable ech egd-file engine etag-compare haproxy-clientip
         haproxy-protocol head hostpubmd5 hostpubsha256 krb local-port location-trusted mail-auth mail-from mail-rcpt manual
         next proxy-cacert proxy-capath proxy-cert proxy-ciphers proxy-crlfile proxy-header proxy-insecure proxy-key
         proxy-pass proxy-pinnedpubkey proxy-tls13-ciphers pubkey quote random-file sigalgs sslv2 sslv3 telnet-option
         tls13-ciphers upload-flags variable",
        "; leave it out",
    ),
];

/// Its letters for such options.
const LETTERS: [(char, &str); 30] = [
    ('#', "progress-bar"),
    ('1', "tlsv1"),
    ('2', "sslv2"),
    ('3', "sslv3"),
    (':', "next"),
    ('B', "use-ascii"),
    ('C', "continue-at"),
    ('D', "dump-header"),
    ('F', "form"),
    ('I', "head"),
    ('J', "remote-header-name"),
    ('K', "config"),
    ('M', "manual"),
    ('O', "remote-name"),
    ('P', "ftp-port"),
    ('Q', "quote"),
    ('R', "remote-time"),
    ('U', "proxy-user"),
    ('Y', "speed-limit"),
    ('Z', "parallel"),
    ('a', "append"),
    ('j', "junk-session-cookies"),
    ('l', "list-only"),
    ('p', "proxytunnel"),
    ('q', "disable"),
    ('r', "range"),
    ('t', "telnet-option"),
    ('w', "write-out"),
    ('y', "speed-time"),
    ('z', "time-cond"),
];

/// The name that one of its letters stands for.
pub(super) fn long_name(letter: char) -> Option<&'static str> {
    LETTERS.iter().find(|(other, _)| *other == letter).map(|(_, name)| *name)
}

/// How a long option is treated; `None` for a name that curl does not have, or that wsprobe has as well.
pub(super) fn foreign(name: &str) -> Option<Foreign> {
    let is_in = |names: &str, name: &str| names.split_whitespace().any(|other| other == name);
    // Each of curl's flags can be turned off this way.
    let flag = name.strip_prefix("no-").unwrap_or(name);
    if is_in(DROPPED_FLAGS, flag) || is_in(DROPPED_VALUES, name) {
        return Some(Foreign::Dropped { takes_value: is_in(DROPPED_VALUES, name) });
    }
    let instead = REFUSED.iter().find(|(names, _)| is_in(names, flag)).map(|(_, instead)| instead)?;
    Some(Foreign::Refused(format!("curl's `--{name}` has no counterpart in wsprobe{instead}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_curl_is_told_as_what_it_is() {
        for (name, expected) in [
            ("progress-bar", Foreign::Dropped { takes_value: false }),
            ("no-progress-meter", Foreign::Dropped { takes_value: false }),
            ("write-out", Foreign::Dropped { takes_value: true }),
        ] {
            assert_eq!(foreign(name), Some(expected), "{name}");
        }
        for (name, words) in [
            (
                "negotiate",
                "curl's `--negotiate` has no counterpart in wsprobe: wsprobe supports Digest, NTLM and Basic (--user), and Bearer (--bearer)",
            ),
            (
                "proxy-user",
                "curl's `--proxy-user` has no counterpart in wsprobe: give the user and the password of a proxy in",
            ),
            ("capath", "curl's `--capath` has no counterpart in wsprobe; leave it out"),
        ] {
            let Some(Foreign::Refused(said)) = foreign(name) else { panic!("{name}") };
            assert!(said.starts_with(words), "{said}");
        }
        // The last two are wsprobe's own.
        for name in ["digset", "", "no-", "quiet", "rate"] {
            assert_eq!(foreign(name), None, "{name}");
        }
    }
}
