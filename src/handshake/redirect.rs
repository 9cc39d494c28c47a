//! Redirects (RFC 9110, section 15.4), and how many of them are followed.
//!
//! Plain code: whether to follow at all, and which secrets go along, is `connect`'s.

use url::{ParseError, Url};

use super::head::Response;
use crate::masking;
use crate::target::{BadUrl, Endpoint, Parsed, Target};

/// A redirect that is not followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRedirect {
    #[error("the server answered {status:03} without a `Location`")]
    NoLocation { status: u16 },
    #[error("the server redirects to `{}`, which is not a URL", masking::typed(location))]
    Syntax { location: String, source: BadUrl },
    #[error("the server redirects to `{}`, which is not a WebSocket URL", masking::reference(location))]
    Scheme { location: String },
    #[error("the server redirects from wss:// to `{to}`, which is not encrypted; --insecure-redirect follows it")]
    Downgrade { to: Target },
    #[error("the server redirects in a loop, back to `{to}`")]
    Loop { to: Target },
    #[error("the server redirected more than {max} times, last to `{to}`")]
    TooMany { max: usize, to: Target },
}

/// The targets visited so far.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    current: Target,
    before: Vec<Target>,
    max: usize,
    /// Whether it may lead from wss:// to ws://.
    may_downgrade: bool,
}

impl Trail {
    /// Begins at `start`, from where at most `max` redirects are followed.
    pub(crate) fn new(start: Target, max: usize, may_downgrade: bool) -> Self {
        Self { current: start, before: Vec::new(), max, may_downgrade }
    }

    pub(crate) fn current(&self) -> &Target {
        &self.current
    }

    /// Goes where the answer of the current target points to; `None` when it is not a redirect.
    pub(crate) fn follow(&mut self, response: &Response) -> Result<Option<&Target>, BadRedirect> {
        let Some(to) = redirect_target(&self.current, response)? else {
            return Ok(None);
        };
        if self.current.scheme.is_tls() && !to.scheme.is_tls() && !self.may_downgrade {
            return Err(BadRedirect::Downgrade { to });
        }
        // Responses do not change the next request (there is no cookie jar), so a loop would never end.
        if to == self.current || self.before.contains(&to) {
            return Err(BadRedirect::Loop { to });
        }
        if self.before.len() == self.max {
            return Err(BadRedirect::TooMany { max: self.max, to });
        }
        self.before.push(std::mem::replace(&mut self.current, to));
        Ok(Some(&self.current))
    }
}

/// Where the answer points to; `None` when it is not a redirect.
fn redirect_target(from: &Target, response: &Response) -> Result<Option<Target>, BadRedirect> {
    let status = response.status;
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.field("Location").ok_or(BadRedirect::NoLocation { status })?;
    let no_url = |source: BadUrl| BadRedirect::Syntax { location: location.to_owned(), source };
    let mut url = base(from).and_then(|base| base.join(location)).map_err(|error| no_url(error.into()))?;
    // `ws+unix:` is not among them: a server must not choose sockets on this machine.
    if !matches!(url.scheme(), "ws" | "wss" | "http" | "https") {
        return Err(BadRedirect::Scheme { location: location.to_owned() });
    }
    url.set_fragment(None);
    let mut to = Parsed::from_text(url.as_str()).map_err(no_url)?.target;
    if matches!(from.place, Endpoint::Unix(_)) && url.host_str() == Some(SAME_SOCKET) {
        to = Target { resource: to.resource, ..from.clone() };
    }
    // The server does not know the zone, and it is the same address.
    if let (Endpoint::Host { host, zone, .. }, Endpoint::Host { host: same, zone: none, .. }) =
        (&from.place, &mut to.place)
        && host == same
    {
        none.clone_from(zone);
    }
    Ok(Some(to))
}

fn base(from: &Target) -> Result<Url, ParseError> {
    let authority = match &from.place {
        Endpoint::Host { .. } => from.authority(),
        Endpoint::Unix(_) => SAME_SOCKET.to_owned(),
    };
    Url::parse(&format!("{}://{authority}{}", from.scheme, from.resource))
}

/// Stands for the host that a URL of a Unix socket lacks, and no server has this name (RFC 6761, section 6.4): where
/// it is still there afterwards, `Location` named no other.
const SAME_SOCKET: &str = "same-socket.invalid";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Header;

    fn target(text: &str) -> Target {
        Parsed::from_text(text).unwrap().target
    }

    fn answer(status: u16, location: Option<&str>) -> Response {
        let fields = location.into_iter().map(|location| Header::new("location", location)).collect();
        Response { minor_version: 1, status, reason: String::new(), fields, head: String::new(), interim: Vec::new() }
    }

    fn shown(from: &str, location: &str) -> String {
        match redirect_target(&target(from), &answer(302, Some(location))) {
            Ok(to) => to.expect("302 is a redirect").url(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn a_location_is_read_relative_to_where_it_comes_from() {
        for (from, location, to) in [
            ("ws://a/x/y?q", "ws://b:8080/z", "ws://b:8080/z"),
            ("ws://a/x/y?q", "wss://b/z?1", "wss://b/z?1"),
            ("ws://a/x/y?q", "http://b/z", "ws://b/z"),
            ("ws://a/x/y?q", "HTTPS://B", "wss://b/"),
            ("wss://a/x/y?q", "//b:1/z", "wss://b:1/z"),
            ("wss://a:444/x/y?q", "/z", "wss://a:444/z"),
            ("ws://a/x/y?q", "z", "ws://a/x/z"),
            ("ws://a/x/y?q", "../z", "ws://a/z"),
            ("ws://a/x/y?q", "?p=1", "ws://a/x/y?p=1"),
            ("ws://a/x/y?q", "", "ws://a/x/y?q"),
            ("ws://[::1]:9/x", "y", "ws://[::1]:9/y"),
            ("ws://[fe80::1%25lo]:9/x", "y", "ws://[fe80::1%25lo]:9/y"),
            ("ws://[fe80::1%25lo]:9/x", "ws://[fe80::1]:8/", "ws://[fe80::1%25lo]:8/"),
            ("ws://[fe80::1%25lo]:9/x", "ws://[fe80::2]:9/", "ws://[fe80::2]:9/"),
            ("ws://a/", "/z#top", "ws://a/z"),
            ("ws://a/", "ws://me:secret@b/", "ws://b/"),
            ("ws://a/", "/\u{fffd} x", "ws://a/%EF%BF%BD%20x"),
            ("ws+unix:/run/app.sock:/x/y?q", "/z", "ws+unix:/run/app.sock:/z"),
            ("ws+unix:/run/app.sock:/x/y?q", "z", "ws+unix:/run/app.sock:/x/z"),
            ("ws+unix:/run/app.sock:/x/y?q", "?p", "ws+unix:/run/app.sock:/x/y?p"),
            ("ws+unix:/run/app.sock:/x/y?q", "ws://b/z", "ws://b/z"),
            ("ws+unix:/run/app.sock:/x/y?q", "//b/z", "ws://b/z"),
        ] {
            assert_eq!(shown(from, location), to, "{from} {location}");
        }
    }

    #[test]
    fn a_location_that_leads_astray_is_refused() {
        for (from, location, error) in [
            ("ws://a/", "ftp://b/", "error: the server redirects to `ftp://b/`, which is not a WebSocket URL"),
            ("ws://a/", "ws+unix:/s:/", "error: the server redirects to `ws+unix:/s:/`, which is not a WebSocket URL"),
            ("ws://a/", "http://[", "error: the server redirects to `http://[`, which is not a URL"),
        ] {
            assert_eq!(shown(from, location), error);
        }
        assert_eq!(
            redirect_target(&target("ws://a/"), &answer(307, None)),
            Err(BadRedirect::NoLocation { status: 307 })
        );
    }

    #[test]
    fn only_a_redirect_is_followed() {
        for (status, is_redirect) in
            [(200, false), (300, false), (301, true), (302, true), (303, true), (304, false), (307, true), (308, true)]
        {
            let to = redirect_target(&target("ws://a/"), &answer(status, Some("/b"))).unwrap();
            assert_eq!(to.is_some(), is_redirect, "{status}");
        }
    }

    #[test]
    fn a_trail_follows_to_its_end() {
        let mut trail = Trail::new(target("ws://a/0"), 2, false);
        assert_eq!(trail.follow(&answer(301, Some("/1"))), Ok(Some(&target("ws://a/1"))));
        assert_eq!(trail.follow(&answer(404, None)), Ok(None));
        assert_eq!(trail.follow(&answer(301, Some("ws://b/2"))), Ok(Some(&target("ws://b/2"))));
        assert_eq!(trail.current(), &target("ws://b/2"));
        let too_many = BadRedirect::TooMany { max: 2, to: target("ws://b/3") };
        assert_eq!(trail.follow(&answer(301, Some("/3"))), Err(too_many));
    }

    #[test]
    fn a_trail_leads_from_wss_to_ws_only_where_that_is_allowed() {
        for location in ["ws://a/", "http://b/"] {
            let follow = |may| {
                Trail::new(target("wss://a/"), 9, may)
                    .follow(&answer(301, Some(location)))
                    .map(Option::<&Target>::cloned)
            };
            assert!(matches!(follow(false), Err(BadRedirect::Downgrade { .. })));
            assert_eq!(follow(true), Ok(Some(target(location))));
        }
    }

    #[test]
    fn a_trail_finds_a_circle_of_any_length() {
        let mut trail = Trail::new(target("ws://a/0"), 9, false);
        assert_eq!(trail.follow(&answer(301, Some("#"))), Err(BadRedirect::Loop { to: target("ws://a/0") }));
        trail.follow(&answer(301, Some("/1"))).unwrap();
        assert_eq!(trail.follow(&answer(301, Some("/0"))), Err(BadRedirect::Loop { to: target("ws://a/0") }));
    }
}
