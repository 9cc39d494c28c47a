//! The connection that a relay makes to a server for each of its clients (`listen --forward`): what is asked there, and
//! what its refusal is to the client.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::lane::Impairments;
use crate::client::connect;
use crate::client::connector::{Connected, Connector};
use crate::client::options::ClientOptions;
use crate::error::Error;
use crate::events::FailureKind;
use crate::handshake::Refusal;
use crate::handshake::head::{OpeningRequest, list, values};
use crate::handshake::server::Denial;
use crate::request::{Header, RequestOptions};
use crate::target::Target;
use crate::term::Talk;

/// How the server is asked for each client.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamOptions {
    /// How to connect to it.
    pub(crate) client: Box<ClientOptions>,
    /// `--keep-origin`: the client's Origin goes on as it is.
    pub(crate) keeps_origin: bool,
    /// `--auth`: the client's credentials are for us.
    pub(crate) keeps_credentials: bool,
    pub(crate) impairments: Impairments,
    /// `--edit-with`: a command that changes what passes.
    pub(crate) editor: Option<String>,
}

/// Connects to the server.
pub(crate) struct Upstream {
    pub(crate) options: Arc<UpstreamOptions>,
    talk: Rc<Talk>,
    /// What we are called in the field Via (RFC 9110, section 7.6.3).
    pseudonym: String,
}

/// Fields of one connection that go no further (RFC 9110, section 7.6.1), and those that every opening handshake makes
/// itself.
const OF_THE_CONNECTION: [&str; 13] = [
    "Connection",
    "Content-Length",
    "Host",
    "Keep-Alive",
    "Proxy-Connection",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

impl Upstream {
    pub(super) fn new(options: Arc<UpstreamOptions>, talk: Rc<Talk>) -> Self {
        let pseudonym = format!("wsprobe-{:016x}", rand::random::<u64>());
        Self { options, talk, pseudonym }
    }

    /// Connects for a client that asked so.
    ///
    /// # Errors
    /// What the client is told if that fails.
    pub(super) async fn open(&self, asked: &OpeningRequest) -> Result<Box<Connected>, Denial> {
        self.check_loop(asked)?;
        let client = &self.options.client;
        let connect = connect::Options {
            target: target(&client.connect.target, &asked.resource),
            request: self.request(asked),
            ..client.connect.clone()
        };
        let (_held, mut signals) = mpsc::channel(1);
        let connecting = Connector::new(client, None).first(&connect, &self.talk, &mut signals).await;
        connecting.map(Box::new).map_err(|error| denial(&error))
    }

    /// Whether a request came from this relay.
    pub(super) fn check_loop(&self, asked: &OpeningRequest) -> Result<(), Denial> {
        if list(&asked.fields, "Via").any(|via| via.ends_with(&self.pseudonym)) {
            let why = Some("the server of `--forward` is this relay itself".to_owned());
            return Err(Denial { why, ..Denial::new(508, "this relay leads to itself\n") });
        }
        Ok(())
    }

    /// The client's request as it goes on; what the command line says counts more.
    pub(super) fn request(&self, asked: &OpeningRequest) -> RequestOptions {
        let connect = &self.options.client.connect;
        let mut request = connect.request.clone();
        let own = |name: &str| match name.to_ascii_lowercase().as_str() {
            "authorization" => self.options.keeps_credentials || connect.request.credentials.is_some(),
            "user-agent" => connect.request.user_agent.is_some(),
            "origin" => connect.request.origin.is_some(),
            // They go along with those of the command line.
            "cookie" => true,
            _ => false,
        };
        let mut headers: Vec<_> = passed_on(&asked.fields).filter(|field| !own(&field.name)).collect();
        headers.retain(|field| !request.headers.iter().any(|given| given.is(&field.name)));
        if !self.options.keeps_origin {
            for origin in headers.iter_mut().filter(|field| field.is("Origin")) {
                origin.value = origin_of(&connect.target);
            }
        }
        headers.push(Header::new("Via", format!("1.1 {}", self.pseudonym)));
        headers.append(&mut request.headers);
        request.headers = headers;
        request.cookies.extend(values(&asked.fields, "Cookie").map(str::to_owned));
        if request.subprotocols.is_empty() {
            request.subprotocols = asked.subprotocols().map(str::to_owned).collect();
        }
        request
    }
}

/// The client's path and query go behind those of the URL if that ends with `/`.
pub(super) fn target(target: &Target, asked: &str) -> Target {
    if !target.resource.ends_with('/') {
        return target.clone();
    }
    // A request to a proxy has the whole URL in it (RFC 9112, section 3.2.2).
    let path = asked.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or(asked);
    Target { resource: format!("{}{}", target.resource, path.trim_start_matches('/')), ..target.clone() }
}

/// The origin of pages of that server (RFC 6454, section 6.2).
fn origin_of(target: &Target) -> String {
    format!("{}://{}", if target.scheme.is_tls() { "https" } else { "http" }, target.authority())
}

/// The fields that go on.
pub(super) fn passed_on(fields: &[Header]) -> impl Iterator<Item = Header> {
    let named: Vec<_> = list(fields, "Connection").collect();
    let stays = move |field: &&Header| {
        OF_THE_CONNECTION.iter().copied().chain(named.iter().copied()).any(|name| field.is(name))
    };
    fields.iter().filter(move |field| !stays(field)).cloned()
}

/// What a client gets that cannot be connected to the server.
pub(super) fn denial(error: &Error) -> Denial {
    let why = Some(error.chain());
    match error {
        Error::Refused(refusal) => Denial { why, ..as_it_came(refusal) },
        error if error.kind() == FailureKind::TimedOut => {
            Denial { why, ..Denial::new(504, "the server behind this relay does not answer\n") }
        }
        _ => Denial { why, ..Denial::new(502, "the server behind this relay cannot be reached\n") },
    }
}

/// The server's own refusal.
fn as_it_came(refusal: &Refusal) -> Denial {
    let mut headers: Vec<_> = passed_on(&refusal.response.fields).collect();
    if refusal.response.status == 426 {
        // RFC 9110, section 15.5.22
        headers.extend(values(&refusal.response.fields, "Upgrade").map(|value| Header::new("Upgrade", value)));
        headers.extend(
            values(&refusal.response.fields, "Sec-WebSocket-Version")
                .map(|value| Header::new("Sec-WebSocket-Version", value)),
        );
    }
    if !headers.iter().any(|field| field.is("Content-Type")) {
        // Without a value, ours is left out.
        headers.push(Header::new("Content-Type", ""));
    }
    Denial {
        status: refusal.response.status,
        reason: Some(refusal.response.reason.as_str().into()),
        headers,
        body: refusal.raw_body.clone(),
        why: None,
    }
}
