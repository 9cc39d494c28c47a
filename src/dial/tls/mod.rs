//! TLS by rustls: the client's side of a secured stream.
//!
//! Whom to trust is in `trust`, the judgement in `verify` and `objection`, who we are in `identity`, `key` and `pkcs12`, what
//! can be told of the other side in `peer` and `name`, what went wrong in `error`, `fault` and `alert`.

mod alert;
pub(crate) mod alpn;
pub(crate) mod crypto;
pub(crate) mod error;
mod fault;
mod identity;
mod key;
mod key_log;
mod name;
mod objection;
mod offer;
mod peer;
pub(crate) mod pem;
mod pin;
pub(crate) mod pkcs12;
mod trust;
mod verify;
mod versions;

use std::net::IpAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use url::Host;

use super::Stream;
use crate::dial::error::DialError;

pub(crate) use self::alpn::Alpn;
pub(crate) use self::error::TlsError;
pub(crate) use self::identity::{ClientIdentity, certified};
use self::offer::Offer;
pub(crate) use self::peer::Certificate;
pub(crate) use self::pin::Pin;
pub(super) use self::trust::Roots;
pub(crate) use self::trust::Trust;
pub(crate) use self::versions::{Version, Versions};

/// How to secure a connection.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) trust: Trust,
    pub(crate) identity: Option<ClientIdentity>,
    /// `--sni`: the name to ask for and to check, instead of the host's.
    pub(crate) name: Option<ServerName<'static>>,
    /// `--tls-min`, `--tls-max`
    pub(crate) versions: Versions,
    /// `--pin`: the server's key has to be one of these; none means any.
    pub(crate) pins: Vec<Pin>,
    pub(crate) alpn: Alpn,
    /// What all of this comes to, once it is made for many connections.
    pub(crate) prepared: Option<Arc<ClientConfig>>,
}

/// What was agreed on, and with whom.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) version: String,
    pub(crate) cipher_suite: String,
    pub(crate) alpn: Option<String>,
    /// `None` if it cannot be parsed, which does not matter if it is not checked.
    pub(crate) certificate: Option<Certificate>,
}

impl Options {
    /// What may be shown to another host than the one that it was meant for, such as a proxy or where a redirect leads.
    pub(crate) fn for_another_host(&self) -> Self {
        Self { identity: None, name: None, prepared: None, ..self.clone() }
    }

    /// What of it hints depend on.
    pub(crate) fn offer(&self) -> Offer {
        let identity = self.identity.as_ref();
        Offer {
            versions: self.versions,
            identity: identity.is_some(),
            old_identity: identity.is_some_and(ClientIdentity::is_old),
            name: self.name.is_some(),
            alpn: self.alpn,
        }
    }

    /// The same for many connections: the roots are read and all else is made now, and each has a whole handshake.
    pub(super) async fn prepared(&self) -> Result<Self, DialError> {
        let roots = Roots::of(&self.trust);
        let mut config = Arc::unwrap_or_clone(self.config(&roots).await?);
        // Each connection stands for a client of its own, which has no session to resume.
        config.resumption = Resumption::disabled();
        let trust = roots.load().await?.map_or(Trust::Anyone, Trust::Only);
        Ok(Self { trust, prepared: Some(Arc::new(config)), ..self.clone() })
    }

    pub(super) async fn config(&self, roots: &Roots<'_>) -> Result<Arc<ClientConfig>, DialError> {
        if let Some(prepared) = &self.prepared {
            let mut config = Arc::clone(prepared);
            let alpn = self.alpn.protocols();
            if config.alpn_protocols != alpn {
                Arc::make_mut(&mut config).alpn_protocols = alpn;
            }
            return Ok(config);
        }
        let provider = Arc::new(crypto::provider());
        let verifier = verify::Verifier::new(roots.load().await?, self.pins.clone(), &provider);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions.offered())
            .expect("ring supports both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some(ClientIdentity(certified)) => builder.with_client_cert_resolver(Arc::clone(certified) as _),
            None => builder.with_no_client_auth(),
        };
        // Some front ends assume HTTP/2 if a client offers nothing.
        config.alpn_protocols = self.alpn.protocols();
        config.key_log = Arc::new(key_log::KeyLog::open().await);
        Ok(Arc::new(config))
    }
}

/// Secures a stream, checking that the peer is `host`, or whom `options` name instead.
pub(super) async fn secure(
    stream: Stream,
    host: &Host,
    options: &Options,
    roots: &Roots<'_>,
) -> Result<(Stream, Session), DialError> {
    let name = match (&options.name, host) {
        (Some(name), _) => name.clone(),
        (None, Host::Domain(name)) => {
            ServerName::try_from(name.clone()).map_err(|_| DialError::BadName { name: name.clone() })?
        }
        (None, Host::Ipv4(address)) => ServerName::from(IpAddr::from(*address)),
        (None, Host::Ipv6(address)) => ServerName::from(IpAddr::from(*address)),
    };
    let secured = TlsConnector::from(options.config(roots).await?).connect(name, stream).await;
    let secured = secured
        .map_err(|error| DialError::Tls { host: host.to_string(), source: TlsError::new(error, options.offer()) })?;
    let (_, connection) = secured.get_ref();
    let leaf = connection.peer_certificates().and_then(<[_]>::first);
    let session = Session {
        version: connection.protocol_version().map_or_else(String::new, |version| format!("{version:?}")),
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        certificate: leaf.and_then(|leaf| Certificate::read(leaf)),
    };
    Ok((Stream::Tls(Box::new(secured)), session))
}
