//! TLS by rustls: whom to trust, and the client's side of a secured stream.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, KeyLogFile, RootCertStore, SignatureScheme};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use url::Host;

use super::Stream;
use crate::error::Error;

/// Whose certificates are good.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// The certificate authorities of the system.
    System,
    /// `--cacert`: these alone.
    Only(Arc<RootCertStore>),
    /// `--insecure`: no check at all.
    Anyone,
}

/// What was agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) version: String,
    pub(crate) cipher_suite: String,
    pub(crate) alpn: Option<String>,
}

/// The roots, on their way: reading the system's takes milliseconds that connecting has to spare.
pub(super) enum Roots {
    Here(Trust),
    Coming(JoinHandle<Result<RootCertStore, Error>>),
}

impl Trust {
    /// Reads the certificate authorities of `--cacert` from a PEM file.
    ///
    /// # Errors
    /// In words, when the file cannot be read or holds no certificate.
    pub(crate) fn from_pem_file(path: &Path) -> Result<Self, String> {
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| format!("not a certificate in PEM: {error}"))?;
            roots.add(certificate).map_err(|error| format!("not a certificate that can be used: {error}"))?;
        }
        if roots.is_empty() {
            return Err("it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned());
        }
        Ok(Self::Only(Arc::new(roots)))
    }
}

impl Roots {
    pub(super) fn fetch(trust: &Trust) -> Self {
        match trust {
            Trust::System => Self::Coming(tokio::task::spawn_blocking(system_roots)),
            trust => Self::Here(trust.clone()),
        }
    }

    pub(super) async fn config(self) -> Result<Arc<ClientConfig>, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions");
        let builder = match self {
            Self::Coming(roots) => builder.with_root_certificates(roots.await.expect("reading roots does not panic")?),
            Self::Here(Trust::Only(roots)) => builder.with_root_certificates(roots),
            Self::Here(Trust::Anyone | Trust::System) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            }
        };
        let mut config = builder.with_no_client_auth();
        // Some front ends take a client that offers nothing for one that speaks HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.key_log = Arc::new(KeyLogFile::new());
        Ok(Arc::new(config))
    }
}

/// Secures a stream, checking that the peer is `host`.
pub(super) async fn secure(stream: Stream, host: &Host, config: Arc<ClientConfig>) -> Result<(Stream, Session), Error> {
    let name = match host {
        Host::Domain(name) => ServerName::try_from(name.clone())
            .map_err(|_| Error::Usage(format!("`{name}` is no name that a certificate can have")))?,
        Host::Ipv4(address) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::from(*address))),
        Host::Ipv6(address) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::from(*address))),
    };
    let secured = TlsConnector::from(config).connect(name, stream).await;
    let secured = secured.map_err(|source| Error::Tls { host: host.to_string(), source })?;
    let (_, connection) = secured.get_ref();
    let session = Session {
        version: connection.protocol_version().map_or_else(String::new, |version| format!("{version:?}")),
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
    };
    Ok((Stream::Tls(Box::new(secured)), session))
}

fn system_roots() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(Error::NoRoots { why });
    }
    Ok(roots)
}

/// `--insecure`: takes any certificate, and still checks that the peer holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
