//! Which clients a server accepts, and what it grants: plain code that judges a request.

use std::sync::Arc;
use std::time::Instant;

use url::Host;

use super::auth::basic;
use super::auth::guard::{DigestGuard, DigestVerdict, is_same};
use super::authority::{Authority, is_loopback, is_same_host};
use super::head::OpeningRequest;
use super::origin::{Origins, SHOWN, is_harmless};
use super::server::{Denial, Grant};
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
    /// `--auth-digest`: user and password are asked for with Digest.
    pub(crate) digest: Option<DigestClock>,
    /// `--origin`: where pages may come from.
    pub(crate) origins: Origins,
    /// `--host`: what the server is called by those who may come.
    pub(crate) hosts: Hosts,
    /// Whether the port is that of `wss://` where none is told.
    pub(crate) is_tls: bool,
    /// Those that the server speaks, the best first; empty means whatever the client likes best.
    pub(crate) subprotocols: Vec<String>,
    /// The one that is taken before that.
    pub(crate) favourite: Option<&'static str>,
    /// `--compress`: for a client that offers it.
    pub(crate) compression: Compression,
    /// `-H`: in every answer.
    pub(crate) headers: Vec<Header>,
}

/// A guard, and since when it has been one.
#[derive(Clone, Debug)]
pub(crate) struct DigestClock {
    guard: Arc<DigestGuard>,
    started: Instant,
}

/// The names that a server answers to: a page of another name may have changed its DNS to point here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hosts {
    #[default]
    Any,
    /// Those of the loopback interface, and these.
    Only(Vec<Host>),
}

impl Admission {
    /// Everybody is let in, and may compress.
    pub(crate) fn compressing() -> Self {
        let compression = Compression::Wanted(Parameters::default());
        Self { compression, origins: Origins::Any, ..Self::default() }
    }

    /// Judges a sound handshake.
    pub(crate) fn choose(&self, opening: &OpeningRequest, asked: &Authority) -> Result<Grant, Denial> {
        self.admit(opening, asked)?;
        self.admit_origin(opening, asked)?;
        let offered = opening.subprotocols();
        let subprotocol = match &self.subprotocols[..] {
            [] => {
                let offered: Vec<_> = offered.collect();
                let favourite = self.favourite.filter(|name| offered.contains(name));
                favourite.or(offered.first().copied()).map(str::to_owned)
            }
            ours => {
                let offered: Vec<_> = offered.collect();
                ours.iter().find(|name| offered.contains(&name.as_str())).cloned()
            }
        };
        let compression = self.compression.parameters();
        if matches!(self.compression, Compression::Required(own) if verify::deflate(opening, &own).is_none()) {
            return Err(self.denial(400, "clients must offer permessage-deflate here\n"));
        }
        Ok(Grant { subprotocol, compression, headers: self.headers.clone() })
    }

    /// Judges a request that is no handshake, and is answered by more than a page of ours.
    pub(crate) fn admit_plain(&self, opening: &OpeningRequest, asked: &Authority) -> Result<(), Denial> {
        self.admit(opening, asked)?;
        // A browser tells none where it only asks for a page, or for what a page of the server itself consists of.
        if field(opening, "Origin").is_some() { self.admit_origin(opening, asked) } else { Ok(()) }
    }

    fn admit_origin(&self, opening: &OpeningRequest, asked: &Authority) -> Result<(), Denial> {
        let origin = field(opening, "Origin");
        if !self.origins.allow(origin, asked, self.is_tls) {
            let why = Some(Origins::objection(origin));
            return Err(Denial { why, ..self.denial(403, "this origin is not allowed here\n") });
        }
        Ok(())
    }

    /// Judges what holds for every request, also for one that only wants to see a page.
    pub(crate) fn admit(&self, opening: &OpeningRequest, asked: &Authority) -> Result<(), Denial> {
        self.admit_host(asked)?;
        let path = opening.resource.split('?').next().unwrap_or_default();
        if let Some(only) = &self.path
            && path != only
        {
            return Err(self.denial(404, "there is nothing at this path\n"));
        }
        self.authorize(opening)
    }

    /// The same whatever the path.
    pub(crate) fn admit_anywhere(&self, opening: &OpeningRequest, asked: &Authority) -> Result<(), Denial> {
        self.admit_host(asked)?;
        self.authorize(opening)
    }

    fn admit_host(&self, asked: &Authority) -> Result<(), Denial> {
        if let Some((status, body)) = &self.refusal {
            return Err(self.denial(*status, body));
        }
        if !self.hosts.have(&asked.host) {
            let why = Some(Hosts::objection(&asked.host));
            return Err(Denial { why, ..self.denial(403, "this host is not served here\n") });
        }
        Ok(())
    }

    fn authorize(&self, opening: &OpeningRequest) -> Result<(), Denial> {
        let given = field(opening, "Authorization");
        let challenges = match (&self.credentials, &self.digest) {
            (None, _) => return Ok(()),
            (Some(Credentials::Password { user, password }), Some(clock)) => {
                let now = clock.started.elapsed();
                match clock.guard.judge(given, (user, password), opening, now) {
                    DigestVerdict::Right => return Ok(()),
                    verdict => clock.guard.challenges(verdict == DigestVerdict::Stale, now).to_vec(),
                }
            }
            (Some(credentials), _) if is_authorized(credentials, given) => return Ok(()),
            (Some(Credentials::Password { .. }), None) => asking(r#"Basic realm="wsprobe", charset="UTF-8""#),
            (Some(Credentials::Bearer(_)), _) => asking("Bearer"),
        };
        let mut denial = self.denial(401, "credentials are required here\n");
        denial.headers.splice(..0, challenges);
        Err(denial)
    }

    /// An answer with the headers of `-H`.
    pub(crate) fn denial(&self, status: u16, body: &str) -> Denial {
        Denial { headers: self.headers.clone(), ..Denial::new(status, body) }
    }
}

impl DigestClock {
    pub(crate) fn starting() -> Self {
        Self { guard: Arc::default(), started: Instant::now() }
    }
}

fn asking(scheme: &str) -> Vec<Header> {
    vec![Header::new("WWW-Authenticate", scheme)]
}

impl Hosts {
    fn have(&self, host: &Host) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => is_loopback(host) || names.iter().any(|name| is_same_host(name, host)),
        }
    }

    /// What is wrong with a host that is not ours, and what would make it so.
    fn objection(host: &Host) -> String {
        let host = host.to_string();
        let shown: String = host.chars().take(SHOWN).collect();
        // A suggestion is pasted into a shell.
        let name = if shown == host && is_harmless(&host) { &host } else { "NAME" };
        format!(
            "it requested the host `{shown}`; `--host {name}` allows it, which is needed behind a proxy that forwards \
             its own Host"
        )
    }
}

fn field<'o>(opening: &'o OpeningRequest, name: &str) -> Option<&'o str> {
    opening.fields.iter().find(|field| field.is(name)).map(|field| field.value.trim())
}

fn is_authorized(credentials: &Credentials, given: Option<&str>) -> bool {
    // The name of a scheme may be written in any case (RFC 9110, section 11.1).
    let Some((scheme, given)) = given.and_then(|given| given.split_once(' ')) else { return false };
    let given = given.trim();
    match credentials {
        Credentials::Password { user, password } => {
            let expected = basic(user, password);
            scheme.eq_ignore_ascii_case("Basic") && expected.split_once(' ').is_some_and(|(_, it)| is_same(it, given))
        }
        Credentials::Bearer(token) => scheme.eq_ignore_ascii_case("Bearer") && is_same(token, given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::origin::OriginPattern;

    fn opening(resource: &str, fields: &[(&str, &str)]) -> OpeningRequest {
        let fields = fields.iter().map(|(name, value)| Header::new(name, *value)).collect();
        OpeningRequest { method: "GET".to_owned(), resource: resource.to_owned(), fields }
    }

    fn here() -> Authority {
        Authority::from_text("localhost:8080").unwrap()
    }

    fn status(admission: &Admission, resource: &str, fields: &[(&str, &str)]) -> u16 {
        admission.choose(&opening(resource, fields), &here()).map_or_else(|denial| denial.status, |_| 101)
    }

    #[test]
    fn each_condition_has_its_status() {
        let admission = Admission {
            path: Some("/ws".into()),
            credentials: Some(Credentials::Password { user: "me".into(), password: "pw".into() }),
            origins: Origins::Only(vec![OriginPattern::from_text("example.org").unwrap()]),
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
        assert_eq!(refusing.choose(&opening("/ws", &good), &here()).unwrap_err().body, b"busy");
    }

    #[test]
    fn a_bearer_token_has_to_be_the_very_one() {
        let admission = Admission { credentials: Some(Credentials::Bearer("t0k".into())), ..Admission::default() };
        assert_eq!(status(&admission, "/", &[("Authorization", "Bearer t0k")]), 101);
        for wrong in ["Bearer t0", "Bearer t0kx", "Basic t0k", "t0k", ""] {
            assert_eq!(status(&admission, "/", &[("Authorization", wrong)]), 401, "{wrong}");
        }
        let denial = admission.choose(&opening("/", &[]), &here()).unwrap_err();
        assert_eq!(denial.headers, [Header::new("WWW-Authenticate", "Bearer")]);
    }

    #[test]
    fn the_servers_order_of_subprotocols_counts() {
        let offering = opening("/", &[("Sec-WebSocket-Protocol", "a, b"), ("sec-websocket-protocol", "c")]);
        let chosen = |ours: &[&str]| {
            let subprotocols = ours.iter().map(|name| (*name).to_owned()).collect();
            Admission { subprotocols, ..Admission::default() }.choose(&offering, &here()).unwrap().subprotocol
        };
        assert_eq!(chosen(&[]).as_deref(), Some("a"));
        assert_eq!(chosen(&["x", "c", "b"]).as_deref(), Some("c"));
        assert_eq!(chosen(&["x"]), None);
        let favourite = |name| {
            let admission = Admission { favourite: Some(name), ..Admission::default() };
            admission.choose(&offering, &here()).unwrap().subprotocol
        };
        assert_eq!(favourite("b").as_deref(), Some("b"));
        assert_eq!(favourite("x").as_deref(), Some("a"));
    }
}
