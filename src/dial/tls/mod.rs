//! TLS by rustls: the client's side of a secured stream.
//!
//! Whom to trust is in `trust`, the judgement in `verify` and `objection`, who we are in `identity`, `key` and `pkcs12`, what
//! can be told of the other side in `peer` and `name`, what went wrong in `failure`, `fault` and `alert`.

mod alert;
pub(crate) mod crypto;
pub(crate) mod error;
mod fault;
mod identity;
mod key;
mod key_log;
mod name;
mod objection;
mod peer;
pub(crate) mod pem;
pub(crate) mod pkcs12;
mod trust;
mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use url::Host;

use super::Stream;
use crate::error::Error;

pub(crate) use self::error::{Offer, TlsError};
pub(crate) use self::identity::{ClientIdentity, certified};
pub(crate) use self::peer::Certificate;
pub(super) use self::trust::Roots;
pub(crate) use self::trust::Trust;
pub(crate) use self::verify::Pin;

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V12,
    V13,
}

/// The versions to offer, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) min: Version,
    pub(crate) max: Version,
}

/// What was agreed on, and with whom.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) version: String,
    pub(crate) cipher_suite: String,
    pub(crate) alpn: Option<String>,
    /// `None` if it cannot be read, which nobody minds who does not check it.
    pub(crate) certificate: Option<Certificate>,
}

impl Options {
    /// What may be shown to another host than the one that it was meant for, such as a proxy or where a redirect leads.
    pub(crate) fn for_another_host(&self) -> Self {
        Self { identity: None, name: None, ..self.clone() }
    }

    pub(super) async fn config(&self, roots: &Roots<'_>) -> Result<Arc<ClientConfig>, Error> {
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
        // Some front ends take a client that offers nothing for one that speaks HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.key_log = Arc::new(key_log::KeyLog::open().await);
        Ok(Arc::new(config))
    }
}

impl Versions {
    fn is_all(self) -> bool {
        self.min != self.max
    }

    fn offered(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match (self.min, self.max) {
            (Version::V12, Version::V12) => &ALL[1..],
            (Version::V13, _) => &ALL[..1],
            (Version::V12, Version::V13) => &ALL,
        }
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.min, self.max) {
            (_, Version::V12) => "TLS 1.2",
            (Version::V13, _) => "TLS 1.3",
            (Version::V12, Version::V13) => "TLS 1.2 and 1.3",
        })
    }
}

/// Secures a stream, checking that the peer is `host`, or whom `options` name instead.
pub(super) async fn secure(
    stream: Stream,
    host: &Host,
    options: &Options,
    roots: &Roots<'_>,
) -> Result<(Stream, Session), Error> {
    let name = match (&options.name, host) {
        (Some(name), _) => name.clone(),
        (None, Host::Domain(name)) => ServerName::try_from(name.clone())
            .map_err(|_| Error::Usage(format!("`{name}` is no name that a certificate can have")))?,
        (None, Host::Ipv4(address)) => ServerName::from(IpAddr::from(*address)),
        (None, Host::Ipv6(address)) => ServerName::from(IpAddr::from(*address)),
    };
    let secured = TlsConnector::from(options.config(roots).await?).connect(name, stream).await;
    let secured = secured
        .map_err(|error| Error::Tls { host: host.to_string(), source: TlsError::new(error, Offer::of(options)) })?;
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
