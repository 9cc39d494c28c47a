//! The opening request (RFC 6455, section 4.1): its fields, their order, what they offer, what of them is secret.
//!
//! Where secrets are kept is in `netrc` and `jar`. Plain code: `handshake` sends the bytes and checks the answer against what was offered here.

mod header;
pub(crate) mod jar;
pub(crate) mod netrc;
pub(crate) mod schemes;
pub(crate) mod sigv4;

pub(crate) use self::header::{Header, write_fields};

use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

use self::jar::Jar;
use self::schemes::SchemeChoice;
use self::sigv4::RequestSigner;
use crate::masking;
use crate::target::Target;
use crate::wire::offer::{self, Parameters};

/// What the user wants in the request, whatever the target.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestOptions {
    /// `-H`: replaces a default of the same name; an empty value removes it.
    pub(crate) headers: Vec<Header>,
    pub(crate) subprotocols: Vec<String>,
    pub(crate) origin: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) cookies: Vec<String>,
    /// Cookies of which the target gets what is meant for it.
    pub(crate) jars: Vec<Jar>,
    pub(crate) credentials: Option<Credentials>,
    /// How user and password are sent.
    pub(crate) schemes: SchemeChoice,
    /// Signs the request with the keys in it, if it is to be signed.
    pub(crate) signer: Option<RequestSigner>,
    pub(crate) compression: Compression,
}

/// `--compress`: whether permessage-deflate is offered by a client, or taken by a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    #[default]
    Off,
    Wanted(Parameters),
    /// A peer without it is of no use.
    Required(Parameters),
}

impl Compression {
    /// With which parameters, if at all.
    pub(crate) fn parameters(self) -> Option<Parameters> {
        match self {
            Self::Off => None,
            Self::Wanted(parameters) | Self::Required(parameters) => Some(parameters),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// For whichever scheme is asked for.
    Password { user: String, password: String },
    /// RFC 6750
    Bearer(String),
}

/// One opening request, ready to be sent, and what its answer is checked against.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    resource: String,
    fields: Vec<Header>,
    requires_compression: bool,
}

impl RequestOptions {
    /// User and password that are to be sent, where no header takes their place.
    pub(crate) fn login(&self) -> Option<(&str, &str)> {
        match &self.credentials {
            Some(Credentials::Password { user, password }) if !self.has_authorization() => Some((user, password)),
            _ => None,
        }
    }

    /// Whether they say who we are, whichever option does so.
    pub(crate) fn has_credentials(&self) -> bool {
        self.credentials.is_some() || self.signer.is_some() || self.has_authorization()
    }

    fn has_authorization(&self) -> bool {
        self.headers.iter().any(|header| header.is("Authorization"))
    }

    /// What may follow a redirect to another origin.
    pub(crate) fn without_secrets(&self) -> Self {
        Self {
            headers: self.headers.iter().filter_map(Header::without_secrets).collect(),
            subprotocols: masking::subprotocols(&self.subprotocols.join(",")).open,
            cookies: Vec::new(),
            jars: Vec::new(),
            credentials: None,
            signer: None,
            host: None,
            ..self.clone()
        }
    }
}

/// What nobody can guess. One place: the generator is unrolled wherever it is used.
#[inline(never)]
pub(crate) fn random_bytes() -> [u8; 16] {
    rand::random()
}

/// Whether it may be the name of a field (RFC 9110, section 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

impl Header {
    /// What of it may follow a redirect to another origin.
    fn without_secrets(&self) -> Option<Self> {
        if self.is(SUBPROTOCOLS) {
            let open = masking::subprotocols(&self.value).open.join(", ");
            return (!open.is_empty()).then(|| Self::new(&self.name, open));
        }
        // A Host given by hand, whichever option did it, belongs to the server it was meant for.
        (self.shown_value() == self.value && !self.is("Host")).then(|| self.clone())
    }
}

impl Request {
    /// Builds the request with a fresh key, without user and password.
    pub(crate) fn new(target: &Target, options: &RequestOptions) -> Self {
        Self::proving(target, options, None)
    }

    /// The same with what proves who we are, as the server asks for it.
    pub(crate) fn proving(target: &Target, options: &RequestOptions, proof: Option<String>) -> Self {
        let mut fields = vec![
            Header::new("Host", options.host.clone().unwrap_or_else(|| target.authority())),
            Header::new("Upgrade", "websocket"),
            Header::new("Connection", "Upgrade"),
            Header::new("Sec-WebSocket-Key", BASE64.encode(random_bytes())),
            Header::new("Sec-WebSocket-Version", "13"),
        ];
        let user_agent = options.user_agent.as_deref().unwrap_or(concat!("wsprobe/", env!("CARGO_PKG_VERSION")));
        let subprotocols = options.subprotocols.join(", ");
        let now = SystemTime::now();
        let kept = options.jars.iter().flat_map(|jar| jar.cookies(target, now));
        let cookies = options.cookies.iter().map(String::as_str).chain(kept).collect::<Vec<_>>().join("; ");
        let authorization = match &options.credentials {
            Some(Credentials::Bearer(token)) => Some(format!("Bearer {token}")),
            _ => proof,
        };
        let extensions = options.compression.parameters().map(|offer| offer.to_string());
        for (name, value) in [
            ("Sec-WebSocket-Extensions", extensions.as_deref()),
            ("User-Agent", Some(user_agent)),
            ("Origin", options.origin.as_deref()),
            (SUBPROTOCOLS, Some(subprotocols.as_str())),
            ("Authorization", authorization.as_deref()),
            ("Cookie", Some(cookies.as_str())),
        ] {
            fields.extend(value.filter(|value| !value.is_empty()).map(|value| Header::new(name, value)));
        }
        replace(&mut fields, &options.headers);
        let requires_compression = matches!(options.compression, Compression::Required(_));
        let mut request = Self { resource: target.resource.clone(), fields, requires_compression };
        if let Some(signer) = &options.signer {
            let host = request.field("Host").unwrap_or_default();
            let signed = signer.sign(&target.resource, host, &options.headers, now);
            request.resource = signed.resource;
            request.fields.extend(signed.fields);
        }
        request
    }

    pub(crate) fn key(&self) -> &str {
        self.field("Sec-WebSocket-Key").unwrap_or_default()
    }

    /// The subprotocols offered, whichever option named them.
    pub(crate) fn subprotocols(&self) -> impl Iterator<Item = &str> {
        subprotocols(&self.fields)
    }

    /// The names of the extensions offered (RFC 6455, section 9.1).
    pub(crate) fn extensions(&self) -> impl Iterator<Item = &str> {
        offer::names(self.extension_fields())
    }

    /// What was offered of permessage-deflate, whichever option did so.
    pub(crate) fn deflate_offers(&self) -> Vec<Parameters> {
        offer::offers(self.extension_fields())
    }

    pub(crate) fn requires_compression(&self) -> bool {
        self.requires_compression
    }

    fn extension_fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|field| field.is("Sec-WebSocket-Extensions")).map(|field| field.value.as_str())
    }

    /// The bytes of the request.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("GET {} HTTP/1.1\r\n", self.resource);
        write_fields(&mut head, &self.fields);
        head
    }

    /// The path with its query.
    pub(crate) fn resource(&self) -> &str {
        &self.resource
    }

    /// The fields in their order.
    pub(crate) fn fields(&self) -> &[Header] {
        &self.fields
    }

    /// The same, for good.
    pub(crate) fn into_fields(self) -> Vec<Header> {
        self.fields
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.is(name)).map(|field| field.value.as_str())
    }
}

/// The subprotocols that a request's fields offer, the preferred ones first.
pub(crate) fn subprotocols(fields: &[Header]) -> impl Iterator<Item = &str> {
    let all = fields.iter().filter(|field| field.is(SUBPROTOCOLS));
    all.flat_map(|field| field.value.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

const SUBPROTOCOLS: &str = "Sec-WebSocket-Protocol";

/// Lets each given field take the place of the default of its name; further ones of that name follow it.
fn replace(fields: &mut Vec<Header>, given: &[Header]) {
    let mut kept: Vec<Header> = Vec::with_capacity(fields.len() + given.len());
    for default in fields.drain(..) {
        let mut replacements = given.iter().filter(|header| header.is(&default.name)).peekable();
        if replacements.peek().is_none() {
            kept.push(default);
        } else {
            kept.extend(replacements.cloned());
        }
    }
    for header in given {
        if !kept.iter().any(|field| field.is(&header.name)) {
            kept.extend(given.iter().filter(|other| other.is(&header.name)).cloned());
        }
    }
    kept.retain(|field| !field.value.is_empty());
    *fields = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Parsed;

    fn head(options: &RequestOptions) -> String {
        Request::new(&Parsed::from_text("ws://example.com:8080/chat?x=1").unwrap().target, options).head()
    }

    #[test]
    fn the_request_has_what_rfc_6455_asks_for() {
        let head = head(&RequestOptions::default());
        assert!(head.starts_with("GET /chat?x=1 HTTP/1.1\r\nHost: example.com:8080\r\nUpgrade: websocket\r\n"));
        assert!(head.contains("\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "));
        assert!(head.contains("\r\nSec-WebSocket-Version: 13\r\nUser-Agent: wsprobe/"));
        assert!(head.ends_with("\r\n\r\n"));
    }

    #[test]
    fn a_given_header_replaces_the_default_in_its_place_and_an_empty_one_removes_it() {
        let headers = vec![
            Header::new("host", "other"),
            Header::new("X-Two", "1"),
            Header::new("x-two", "2"),
            Header::new("User-Agent", ""),
        ];
        let head = head(&RequestOptions { headers, ..RequestOptions::default() });
        assert!(head.starts_with("GET /chat?x=1 HTTP/1.1\r\nhost: other\r\nUpgrade"));
        assert!(head.ends_with("\r\nX-Two: 1\r\nx-two: 2\r\n\r\n"), "{head}");
        assert!(!head.contains("User-Agent"));
    }

    #[test]
    fn secrets_are_sent_but_not_shown() {
        let options = RequestOptions {
            credentials: Some(Credentials::Password { user: "me".into(), password: "pw".into() }),
            cookies: vec!["a=1".into(), "b=2".into()],
            ..RequestOptions::default()
        };
        let target = Parsed::from_text("ws://h/").unwrap().target;
        let request = Request::proving(&target, &options, Some("Basic bWU6cHc=".to_owned()));
        assert!(request.head().contains("Authorization: Basic bWU6cHc=\r\nCookie: a=1; b=2\r\n"));
        assert!(masking::head(&request.head()).contains("Authorization: Basic ***\r\nCookie: ***\r\n"));
        // A header that was given by hand stays what it is.
        let headers = vec![Header::new("authorization", "Token x")];
        let by_hand = RequestOptions { headers, ..options.clone() };
        assert_eq!((options.login(), by_hand.login()), (Some(("me", "pw")), None));
    }

    #[test]
    fn no_secret_follows_to_another_origin() {
        let headers = [
            ("X-Tenant", "blue"),
            ("X-Auth-User", "sesame"),
            ("Host", "inner"),
            ("Referer", "http://h/?token=sesame"),
            ("sec-websocket-protocol", "chat, bearer.sesame"),
        ];
        let options = RequestOptions {
            headers: headers.map(|(name, value)| Header::new(name, value)).to_vec(),
            subprotocols: ["v1", "access_token", "sesame"].map(str::to_owned).to_vec(),
            ..RequestOptions::default()
        }
        .without_secrets();
        let kept = [Header::new("X-Tenant", "blue"), Header::new("sec-websocket-protocol", "chat")];
        assert_eq!((options.headers.as_slice(), options.subprotocols.as_slice()), (&kept[..], &["v1".to_owned()][..]));
    }

    #[test]
    fn offers_are_found_whichever_option_made_them() {
        let headers =
            vec![Header::new("sec-websocket-protocol", "a, b"), Header::new("Sec-WebSocket-Extensions", "x; y=1")];
        let request = Request::new(
            &Parsed::from_text("ws://h/").unwrap().target,
            &RequestOptions { headers, ..RequestOptions::default() },
        );
        assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(request.extensions().collect::<Vec<_>>(), ["x"]);
    }
}
