//! A refusal: any final answer but a 101, with the beginning of its body, and what to try after it.
//!
//! Plain code. What is tried depends on what the answer says and on what the request had already.

use std::time::{Duration, SystemTime};

use super::auth::LoginFault;
use super::body::Collected;
use super::challenge::Challenge;
use super::coding::{Decoded, decoded};
use super::head::{Response, list};
use crate::request::Request;

/// Any final status but 101, of a server or of a proxy.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) response: Response,
    /// The body as it was before its content codings, as far as those are known here.
    pub(crate) body: Vec<u8>,
    /// The same as it came.
    pub(crate) raw_body: Vec<u8>,
    /// The coding that `body` still has, such as `br`.
    pub(crate) coding: Option<String>,
    /// The body did not come whole: longer than the bound, stalled, broken or ended early.
    pub(crate) is_cut: bool,
    pub(crate) sent: SentRequest,
    /// Whether another request may be sent on the same connection.
    pub(crate) keeps_open: bool,
}

/// What of a request may explain why it was refused; nothing of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SentRequest {
    /// The scheme of its credentials; empty where they have none, since a bare word is the secret itself.
    pub(crate) scheme: Option<String>,
    pub(crate) origin: Option<String>,
    /// There are credentials, but they are not for this server: a redirect led here.
    pub(crate) withholds_credentials: bool,
    /// Why user and password were not sent once more, or at all.
    pub(crate) login: Option<LoginFault>,
}

/// How credentials of a scheme are given.
type Way = (&'static str, &'static str);

const SERVER_WAYS: [Way; 4] = [("Digest", "--user"), ("NTLM", "--user"), ("Basic", "--user"), ("Bearer", "--bearer")];
const PROXY_WAYS: [Way; 3] = [("Digest", PROXY_USER), ("NTLM", PROXY_USER), ("Basic", PROXY_USER)];

const PROXY_USER: &str = "--proxy KIND://USER:PASS@HOST:PORT";

/// More than this no server gets, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// More schemes than any server has; a hint stays a line.
const SHOWN_SCHEMES: usize = 6;

/// Whether a status says to try later, or is of a proxy that waits for the server behind it (RFC 9110, section 15).
pub(crate) fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504)
}

impl SentRequest {
    pub(super) fn of(request: &Request) -> Self {
        let scheme = request.field("Authorization").map(|value| value.split_once(' ').map_or("", |(scheme, _)| scheme));
        Self {
            scheme: scheme.map(str::to_owned),
            origin: request.field("Origin").map(str::to_owned),
            ..Self::default()
        }
    }
}

impl Refusal {
    pub(super) fn new(response: Response, collected: Collected, sent: SentRequest) -> Self {
        let Decoded { bytes, is_cut, left } = decoded(&collected.bytes, list(&response.fields, "Content-Encoding"));
        Self {
            response,
            body: bytes,
            raw_body: collected.bytes,
            coding: left,
            is_cut: collected.is_cut || is_cut,
            sent,
            keeps_open: false,
        }
    }

    /// `403 Forbidden`, as it came.
    pub(crate) fn status_line(&self) -> String {
        format!("{:03} {}", self.response.status, self.response.reason).trim_end().to_owned()
    }

    /// How long to wait (RFC 9110, section 10.2.3; 429: RFC 6585, section 4): seconds, or until a date.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let value = self.response.field("Retry-After").filter(|_| matches!(self.response.status, 429 | 503))?;
        let asked = match value.trim().parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => httpdate::parse_http_date(value.trim()).ok()?.duration_since(now).unwrap_or_default(),
        };
        Some(asked.min(LONGEST_WAIT))
    }

    /// What to try after a server's refusal.
    pub(crate) fn hint(&self) -> Option<String> {
        match self.response.status {
            _ if self.sent.login.is_some() => Some(self.login_hint("WWW-Authenticate", &SERVER_WAYS)),
            300..=399 => self.redirect_hint(),
            200 | 204 => Some("is the path right?".to_owned()),
            // As nginx, Apache and Go say it in a page of their own.
            400 if memchr::memmem::find(&self.body, b"HTTPS").is_some() => {
                Some("the port is for TLS: use wss://".to_owned())
            }
            401 => Some(self.login_hint("WWW-Authenticate", &SERVER_WAYS)),
            403 => Some(self.forbidden_hint()),
            404 => Some(match &self.sent.origin {
                None => "is the path right? some servers also answer this way without --origin".to_owned(),
                Some(origin) => format!("is the path right, and does the server accept the origin `{origin}`?"),
            }),
            407 => Some(format!("a proxy on the path answered; {}", self.proxy_hint())),
            426 => Some(self.upgrade_hint()),
            _ => None,
        }
    }

    /// What to try after a proxy wanted other credentials.
    pub(crate) fn proxy_hint(&self) -> String {
        self.login_hint("Proxy-Authenticate", &PROXY_WAYS)
    }

    /// Those that are no redirects have a `Location` as well, or none to follow.
    fn redirect_hint(&self) -> Option<String> {
        let location = self.response.field("Location");
        match self.response.status {
            301 | 302 | 303 | 307 | 308 => location.map(|_| "-L follows it".to_owned()),
            304 => Some("this answers a conditional request: leave out If-None-Match and similar headers".to_owned()),
            _ => location.map(|_| "this is not a redirect to follow: connect to its URL".to_owned()),
        }
    }

    fn forbidden_hint(&self) -> String {
        match (&self.sent.scheme, &self.sent.origin) {
            (None, None) => "it may require credentials, or an --origin that it accepts".to_owned(),
            (None, Some(origin)) => format!("it may require credentials, or an origin other than `{origin}`"),
            (Some(_), None) => "it may reject these credentials, or require an --origin that it accepts".to_owned(),
            (Some(_), Some(origin)) => format!("it may reject these credentials, or the origin `{origin}`"),
        }
    }

    fn upgrade_hint(&self) -> String {
        match self.response.field("Sec-WebSocket-Version") {
            Some(versions) if !versions.split(',').any(|version| version.trim() == "13") => {
                format!("it supports version `{versions}` of WebSocket, wsprobe only 13")
            }
            _ => "it may require another version or subprotocol".to_owned(),
        }
    }

    fn login_hint(&self, field: &str, ways: &[Way]) -> String {
        let challenges = Challenge::all(&self.response.fields, field);
        if let Some(fault) = &self.sent.login {
            return fault_hint(fault, &challenges, ways);
        }
        let Some(sent) = &self.sent.scheme else {
            return self.first_login_hint(&challenges, ways);
        };
        let offered = schemes(&challenges);
        let others: Vec<_> = ways
            .iter()
            .filter(|(scheme, _)| !scheme.eq_ignore_ascii_case(sent) && challenges.iter().any(|one| one.is(scheme)))
            .collect();
        let Some(challenge) = challenges.iter().find(|challenge| challenge.is(sent)) else {
            let unfit = if sent.is_empty() { "what was sent".to_owned() } else { format!("the {sent} that was sent") };
            return match (offered, &others[..]) {
                (None, _) if sent.is_empty() => "the credentials were refused".to_owned(),
                (None, _) => format!("the credentials ({sent}) were refused"),
                (Some(offered), []) => format!("it offers {offered}, not {unfit}"),
                (Some(offered), others) => format!("it offers {offered}, not {unfit}: try {}", options(others)),
            };
        };
        let why = challenge.error().map_or_else(String::new, |error| format!(": {error}"));
        let also = if others.is_empty() { String::new() } else { format!("; {} would also work", options(&others)) };
        format!("the credentials were refused{why}{also}")
    }

    /// Nothing was given so far, or nothing that went along.
    fn first_login_hint(&self, challenges: &[Challenge], ways: &[Way]) -> String {
        let offered = schemes(challenges);
        let usable: Vec<_> =
            ways.iter().filter(|(scheme, _)| challenges.iter().any(|challenge| challenge.is(scheme))).collect();
        if self.sent.withholds_credentials {
            let offered = offered.map_or_else(String::new, |offered| format!("it offers {offered}; "));
            return format!("{offered}credentials are not sent to another origin after a redirect: connect to its URL");
        }
        match (offered, &usable[..]) {
            (None, _) => format!("try {}", options(&ways.iter().collect::<Vec<_>>())),
            (Some(_), []) if challenges.iter().all(|challenge| challenge.is("Negotiate")) => {
                LoginFault::Negotiate.to_string()
            }
            (Some(offered), []) => {
                let known: Vec<_> = ways.iter().map(|(scheme, _)| *scheme).collect();
                format!("it offers {offered}, but wsprobe supports {}", known.join(", "))
            }
            (Some(offered), usable) => format!("it offers {offered}: try {}", options(usable)),
        }
    }
}

/// The names of the schemes, each once.
fn schemes(challenges: &[Challenge]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for challenge in challenges {
        if names.len() < SHOWN_SCHEMES && !names.iter().any(|name| challenge.is(name)) {
            names.push(&challenge.scheme);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// Why user and password did not help, and what else the peer takes.
fn fault_hint(fault: &LoginFault, challenges: &[Challenge], ways: &[Way]) -> String {
    let offers_token = challenges.iter().any(|challenge| challenge.is("Bearer"));
    match ways.iter().find(|(scheme, _)| *scheme == "Bearer" && offers_token) {
        Some((_, option)) => format!("{fault}; {option} would also work"),
        None => fault.to_string(),
    }
}

/// The options, each once.
fn options(ways: &[&Way]) -> String {
    let mut named: Vec<_> = ways.iter().map(|(_, option)| *option).collect();
    named.dedup();
    named.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Header;

    fn refusal(status: u16, fields: &[(&str, &str)], sent: SentRequest) -> Refusal {
        let fields = fields.iter().map(|(name, value)| Header::new(name, *value)).collect();
        let (reason, head, interim) = (String::new(), String::new(), Vec::new());
        let response = Response { minor_version: 1, status, reason, fields, head, interim };
        Refusal::new(response, Collected { bytes: Vec::new(), is_cut: false }, sent)
    }

    fn with(scheme: Option<&str>, origin: Option<&str>) -> SentRequest {
        let owned = |text: &str| text.to_owned();
        SentRequest { scheme: scheme.map(owned), origin: origin.map(owned), ..SentRequest::default() }
    }

    fn login(offered: &[&str], sent: Option<&str>) -> String {
        let fields: Vec<_> = offered.iter().map(|value| ("WWW-Authenticate", *value)).collect();
        refusal(401, &fields, with(sent, None)).hint().unwrap()
    }

    #[test]
    fn the_time_to_wait_is_read_as_seconds_or_a_date_and_is_bounded() {
        // RFC 9110, section 5.6.7: 1994-11-06 08:49:37, in its three forms.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 90);
        let wait = |status, value| {
            let time = refusal(status, &[("Retry-After", value)], with(None, None)).retry_after(now);
            time.map(|time| time.as_secs())
        };
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999", Some(24 * 60 * 60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(90)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(90)),
            ("Sun Nov  6 08:49:37 1994", Some(90)),
            ("Tue, 06 Nov 1984 08:49:37 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(wait(503, value), seconds, "{value}");
        }
        assert_eq!((wait(429, "3"), wait(403, "3")), (Some(3), None));
    }

    #[test]
    fn a_401_names_what_is_offered_and_advises_nothing_that_was_given() {
        for (offered, sent, hint) in [
            (&[][..], None, "try --user or --bearer"),
            (&["Basic realm=x"], None, "it offers Basic: try --user"),
            (&["Bearer, basic"], None, "it offers Bearer, basic: try --user or --bearer"),
            (&["Digest realm=x, qop=\"auth\"", "NTLM"], None, "it offers Digest, NTLM: try --user"),
            (&["Negotiate"], None, "it wants Negotiate (Kerberos), which wsprobe does not have"),
            (&["Basic realm=x"], Some("Basic"), "the credentials were refused"),
            (&["Basic", "Bearer"], Some("Basic"), "the credentials were refused; --bearer would also work"),
            (&["Bearer error=\"invalid_token\""], Some("bearer"), "the credentials were refused: invalid_token"),
            (&["Bearer"], Some("Basic"), "it offers Bearer, not the Basic that was sent: try --bearer"),
            (&["Digest", "NTLM"], Some("Basic"), "it offers Digest, NTLM, not the Basic that was sent: try --user"),
            (&[], Some("Token"), "the credentials (Token) were refused"),
            (&[], Some(""), "the credentials were refused"),
            (&["Basic"], Some(""), "it offers Basic, not what was sent: try --user"),
            (&["a, b, c, d, e, f, g, h"], Some("a"), "the credentials were refused"),
            (
                &["a, A, b, c, d, e, f, g, h"],
                None,
                "it offers a, b, c, d, e, f, but wsprobe supports Digest, NTLM, Basic, Bearer",
            ),
        ] {
            assert_eq!(login(offered, sent), hint, "{offered:?}, {sent:?}");
        }
        let fault = |offered: &[&str], fault| {
            let fields: Vec<_> = offered.iter().map(|value| ("WWW-Authenticate", *value)).collect();
            refusal(401, &fields, SentRequest { login: Some(fault), ..with(Some("Basic"), None) }).hint().unwrap()
        };
        assert_eq!(fault(&["Basic"], LoginFault::Refused), "it refused the user name or password");
        assert_eq!(
            fault(&["Basic, Bearer"], LoginFault::Refused),
            "it refused the user name or password; --bearer would also work"
        );
        let sent = SentRequest { withholds_credentials: true, ..SentRequest::default() };
        let hint = refusal(401, &[("WWW-Authenticate", "Basic")], sent).hint();
        let expected = "it offers Basic; credentials are not sent to another origin after a redirect: connect to its \
            URL";
        assert_eq!(hint.as_deref(), Some(expected));
    }

    #[test]
    fn a_proxys_407_is_about_the_proxys_credentials() {
        let hint =
            |sent| refusal(407, &[("proxy-authenticate", "Basic"), ("WWW-Authenticate", "x")], sent).proxy_hint();
        assert_eq!(hint(with(None, None)), "it offers Basic: try --proxy KIND://USER:PASS@HOST:PORT");
        assert_eq!(hint(with(Some("Basic"), None)), "the credentials were refused");
    }

    #[test]
    fn a_403_or_404_looks_at_the_origin() {
        for (status, sent, hint) in [
            (403, with(None, None), "it may require credentials, or an --origin that it accepts"),
            (403, with(None, Some("http://a")), "it may require credentials, or an origin other than `http://a`"),
            (403, with(Some("Basic"), None), "it may reject these credentials, or require an --origin that it accepts"),
            (403, with(Some("Basic"), Some("x")), "it may reject these credentials, or the origin `x`"),
            (404, with(None, None), "is the path right? some servers also answer this way without --origin"),
            (404, with(None, Some("x")), "is the path right, and does the server accept the origin `x`?"),
        ] {
            assert_eq!(refusal(status, &[], sent).hint().as_deref(), Some(hint));
        }
    }

    #[test]
    fn only_what_is_followed_is_to_be_followed() {
        for (status, hint) in [
            (300, Some("this is not a redirect to follow: connect to its URL")),
            (301, Some("-L follows it")),
            (304, Some("this answers a conditional request: leave out If-None-Match and similar headers")),
            (307, Some("-L follows it")),
            (418, None),
        ] {
            let refused = refusal(status, &[("Location", "/x")], SentRequest::default());
            assert_eq!(refused.hint().as_deref(), hint, "{status}");
        }
        assert_eq!(refusal(300, &[], SentRequest::default()).hint(), None);
    }

    #[test]
    fn a_page_about_https_is_understood() {
        let said = b"The plain HTTP request was sent to HTTPS port".to_vec();
        let plain = refusal(400, &[], SentRequest::default());
        let told = Refusal { body: said, ..refusal(400, &[], SentRequest::default()) };
        assert_eq!((plain.hint(), told.hint().as_deref()), (None, Some("the port is for TLS: use wss://")));
    }

    #[test]
    fn a_status_is_shown_as_it_came() {
        let shown = |status| refusal(status, &[], SentRequest::default()).status_line();
        assert_eq!([shown(0), shown(99), shown(404)], ["000", "099", "404"]);
    }
}
