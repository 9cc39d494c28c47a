//! Whom a server lets in, and what it grants: plain code that looks at a request.

use data_encoding::BASE64;

use super::server::{Choice, Denial, Opening};
use super::verify;
use crate::request::{Compression, Credentials, Header};
use crate::wire::offer::Parameters;

/// The conditions, in the order in which they are looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    /// `--refuse`: nobody is let in.
    pub(crate) refusal: Option<(u16, String)>,
    /// `--path`: the only one there is.
    pub(crate) path: Option<String>,
    pub(crate) credentials: Option<Credentials>,
    /// `--origin`: where pages may come from; empty means that it does not matter.
    pub(crate) origins: Vec<Origin>,
    /// Those that the server speaks, the best first; empty means whatever the client likes best.
    pub(crate) subprotocols: Vec<String>,
    /// `--compress`: for a client that offers it.
    pub(crate) compression: Compression,
    /// `-H`: in every answer.
    pub(crate) headers: Vec<Header>,
}

/// An origin that is allowed: `https://example.org`, `example.org`, `*.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Option<String>,
    /// With the port, if one was written; with `*.` before it, any name below it.
    host: String,
}

impl Admission {
    /// Everybody is let in, and may compress.
    pub(crate) fn compressing() -> Self {
        Self { compression: Compression::Wanted(Parameters::default()), ..Self::default() }
    }

    /// Judges a sound handshake.
    pub(crate) fn choose(&self, opening: &Opening) -> Result<Choice, Denial> {
        self.admit(opening)?;
        if !self.origins.is_empty() {
            let origin = field(opening, "Origin").unwrap_or_default();
            if !self.origins.iter().any(|allowed| allowed.allows(origin)) {
                return Err(self.denial(403, "this origin is not allowed here\n"));
            }
        }
        let mut offered = opening.subprotocols();
        let subprotocol = match &self.subprotocols[..] {
            [] => offered.next().map(str::to_owned),
            ours => {
                let offered: Vec<_> = offered.collect();
                ours.iter().find(|name| offered.contains(&name.as_str())).cloned()
            }
        };
        let compression = self.compression.wishes();
        if matches!(self.compression, Compression::Required(wishes) if verify::deflate(opening, &wishes).is_none()) {
            return Err(self.denial(400, "clients have to offer permessage-deflate here\n"));
        }
        Ok(Choice { subprotocol, compression, headers: self.headers.clone() })
    }

    /// Judges what holds for every request, also for one that only wants to see a page.
    pub(crate) fn admit(&self, opening: &Opening) -> Result<(), Denial> {
        let path = opening.resource.split('?').next().unwrap_or_default();
        if let (None, Some(only)) = (&self.refusal, &self.path)
            && path != only
        {
            return Err(self.denial(404, "there is nothing at this path\n"));
        }
        self.admit_anywhere(opening)
    }

    /// The same whatever the path.
    pub(crate) fn admit_anywhere(&self, opening: &Opening) -> Result<(), Denial> {
        if let Some((status, body)) = &self.refusal {
            return Err(self.denial(*status, body));
        }
        match &self.credentials {
            Some(credentials) if !is_authorized(credentials, field(opening, "Authorization")) => {
                let scheme = match credentials {
                    Credentials::Basic { .. } => r#"Basic realm="wsprobe", charset="UTF-8""#,
                    Credentials::Bearer(_) => "Bearer",
                };
                let mut denial = self.denial(401, "credentials are needed here\n");
                denial.headers.insert(0, Header::new("WWW-Authenticate", scheme));
                Err(denial)
            }
            _ => Ok(()),
        }
    }

    /// An answer with the headers of `-H`.
    pub(crate) fn denial(&self, status: u16, body: &str) -> Denial {
        Denial { status, headers: self.headers.clone(), body: body.to_owned() }
    }
}

impl Origin {
    /// # Errors
    /// In words, when it is no origin.
    pub(crate) fn from_text(text: &str) -> Result<Self, String> {
        let (scheme, host) = match text.split_once("://") {
            Some((scheme, host)) => (Some(scheme.to_ascii_lowercase()), host),
            None => (None, text),
        };
        let name = host.strip_prefix("*.").unwrap_or(host);
        if name.is_empty() || name.contains(|c: char| c == '/' || c == '*' || c.is_whitespace()) {
            return Err("write an origin like `https://example.org`, `example.org` or `*.example.org`".to_owned());
        }
        Ok(Self { scheme, host: host.to_ascii_lowercase() })
    }

    fn allows(&self, origin: &str) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else { return false };
        if self.scheme.as_ref().is_some_and(|expected| !expected.eq_ignore_ascii_case(scheme)) {
            return false;
        }
        let host = host.to_ascii_lowercase();
        let has_port = |host: &str| host.rfind(':').is_some_and(|colon| !host[colon..].contains(']'));
        // Who wrote a scheme means an origin, whose port is the scheme's own unless it is written (RFC 6454).
        let host = match host.rfind(':') {
            Some(colon) if has_port(&host) && !has_port(&self.host) && self.scheme.is_none() => &host[..colon],
            _ => &host,
        };
        match self.host.strip_prefix('*') {
            Some(domain) => host.len() > domain.len() && host.ends_with(domain),
            None => host == self.host,
        }
    }
}

fn field<'o>(opening: &'o Opening, name: &str) -> Option<&'o str> {
    opening.fields.iter().find(|field| field.is(name)).map(|field| field.value.trim())
}

fn is_authorized(credentials: &Credentials, given: Option<&str>) -> bool {
    // The name of a scheme may be written in any case (RFC 9110, section 11.1).
    let Some((scheme, given)) = given.and_then(|given| given.split_once(' ')) else { return false };
    let given = given.trim();
    match credentials {
        Credentials::Basic { user, password } => {
            let expected = BASE64.encode(format!("{user}:{password}").as_bytes());
            scheme.eq_ignore_ascii_case("Basic") && is_same(&expected, given)
        }
        Credentials::Bearer(token) => scheme.eq_ignore_ascii_case("Bearer") && is_same(token, given),
    }
}

/// Compares without telling by the time it takes where two secrets begin to differ.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(resource: &str, fields: &[(&str, &str)]) -> Opening {
        let fields = fields.iter().map(|(name, value)| Header::new(name, *value)).collect();
        Opening { resource: resource.to_owned(), fields }
    }

    fn status(admission: &Admission, resource: &str, fields: &[(&str, &str)]) -> u16 {
        admission.choose(&opening(resource, fields)).map_or_else(|denial| denial.status, |_| 101)
    }

    #[test]
    fn origins_are_matched_by_what_was_written() {
        for (allowed, origin, expected) in [
            ("https://example.org", "https://example.org", true),
            ("https://example.org", "HTTPS://Example.ORG", true),
            ("https://example.org", "http://example.org", false),
            ("https://example.org", "https://example.org:8443", false),
            ("https://example.org:8443", "https://example.org:8443", true),
            ("example.org", "http://example.org:8080", true),
            ("example.org", "https://evil-example.org", false),
            ("example.org", "https://a.example.org", false),
            ("*.example.org", "https://a.b.example.org", true),
            ("*.example.org", "https://example.org", false),
            ("*.example.org", "https://evilexample.org", false),
            ("*.example.org", "https://example.org.evil.net", false),
            ("https://*.example.org", "http://a.example.org", false),
            ("[::1]", "http://[::1]:3000", true),
            ("example.org", "null", false),
            ("example.org", "", false),
        ] {
            assert_eq!(Origin::from_text(allowed).unwrap().allows(origin), expected, "{allowed} {origin}");
        }
        for bad in ["", "*", "*.", "https://", "a b", "https://a/b", "a.*.b"] {
            assert!(Origin::from_text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_condition_has_its_status() {
        let admission = Admission {
            path: Some("/ws".into()),
            credentials: Some(Credentials::Basic { user: "me".into(), password: "pw".into() }),
            origins: vec![Origin::from_text("example.org").unwrap()],
            ..Admission::default()
        };
        let good = [("authorization", "basic bWU6cHc="), ("Origin", "http://example.org")];
        assert_eq!(status(&admission, "/ws?x=1", &good), 101);
        assert_eq!(status(&admission, "/", &good), 404);
        assert_eq!(status(&admission, "/ws", &good[1..]), 401);
        assert_eq!(status(&admission, "/ws", &good[..1]), 403);
        assert_eq!(status(&admission, "/ws", &[("Authorization", "Basic bWU6cHx="), good[1]]), 401);
        let compressing =
            Admission { compression: Compression::Required(Parameters::default()), ..Admission::default() };
        assert_eq!(status(&compressing, "/", &[("Sec-WebSocket-Extensions", "permessage-deflate")]), 101);
        assert_eq!(status(&compressing, "/", &[("Sec-WebSocket-Extensions", "permessage-deflate; mux")]), 400);
        let refusing = Admission { refusal: Some((503, "busy".into())), ..admission };
        assert_eq!(refusing.choose(&opening("/ws", &good)).unwrap_err().body, "busy");
    }

    #[test]
    fn a_bearer_token_has_to_be_the_very_one() {
        let admission = Admission { credentials: Some(Credentials::Bearer("t0k".into())), ..Admission::default() };
        assert_eq!(status(&admission, "/", &[("Authorization", "Bearer t0k")]), 101);
        for wrong in ["Bearer t0", "Bearer t0kx", "Basic t0k", "t0k", ""] {
            assert_eq!(status(&admission, "/", &[("Authorization", wrong)]), 401, "{wrong}");
        }
        let denial = admission.choose(&opening("/", &[])).unwrap_err();
        assert_eq!(denial.headers, [Header::new("WWW-Authenticate", "Bearer")]);
    }

    #[test]
    fn the_servers_order_of_subprotocols_counts() {
        let offering = opening("/", &[("Sec-WebSocket-Protocol", "a, b"), ("sec-websocket-protocol", "c")]);
        let chosen = |ours: &[&str]| {
            let subprotocols = ours.iter().map(|name| (*name).to_owned()).collect();
            Admission { subprotocols, ..Admission::default() }.choose(&offering).unwrap().subprotocol
        };
        assert_eq!(chosen(&[]).as_deref(), Some("a"));
        assert_eq!(chosen(&["x", "c", "b"]).as_deref(), Some("c"));
        assert_eq!(chosen(&["x"]), None);
    }
}
