//! What a server shows to prove who it is, and what it asks of its clients: the server's side of rustls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::certificate::SelfSigned;
use crate::dial::tls::crypto::provider;
use crate::dial::tls::pem::in_words;
use crate::dial::tls::{Alpn, certified};
use crate::sys::file;
use crate::text::hex;

/// A certificate and its key, ready for use.
#[derive(Clone, Debug)]
pub(crate) struct ServerIdentity {
    pub(crate) config: Arc<ServerConfig>,
    /// How a client can know it, where no authority vouches for it.
    pub(crate) notes: Vec<String>,
}

/// Where the certificate comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof<'p> {
    Files {
        certificate: &'p Path,
        key: &'p Path,
    },
    /// Made now, for this machine and for this address.
    SelfSigned(Option<IpAddr>),
}

impl ServerIdentity {
    /// `clients` asks for certificates of these authorities.
    ///
    /// # Errors
    /// A message for the user, if a file cannot be read or does not hold what it should.
    pub(crate) fn new(proof: Proof<'_>, clients: Option<Arc<RootCertStore>>, alpn: Alpn) -> Result<Self, String> {
        let (chain, key, notes) = match proof {
            Proof::Files { certificate, key } => (read_chain(certificate)?, read_key(key)?, Vec::new()),
            Proof::SelfSigned(address) => self_signed(address)?,
        };
        let certified = certified(&chain, &[key]).map_err(|error| match proof {
            Proof::Files { key, .. } => format!("cannot use the private key in `{}`: {error}", key.display()),
            Proof::SelfSigned(_) => error,
        })?;
        let provider = Arc::new(provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions");
        let builder = match clients {
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(certified);
        config.alpn_protocols = alpn.protocols();
        Ok(Self { config: Arc::new(config), notes })
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bad = |error: &dyn std::fmt::Display| format!("cannot use the certificate in `{}`: {error}", path.display());
    let pem = file::read(path).map_err(|error| bad(&error))?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| bad(&in_words(&error)))?;
    if chain.is_empty() {
        return Err(bad(&"it contains none in PEM (`-----BEGIN CERTIFICATE-----`)"));
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bad = |error: &dyn std::fmt::Display| format!("cannot use the private key in `{}`: {error}", path.display());
    let pem = file::read(path).map_err(|error| bad(&error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => bad(&"it contains none in PEM, or one with a passphrase"),
        error => bad(&in_words(&error)),
    })
}

type Made = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, Vec<String>);

fn self_signed(address: Option<IpAddr>) -> Result<Made, String> {
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses.extend(address.filter(|address| !addresses.contains(address)));
    let made = SelfSigned::new(&addresses).map_err(|error| format!("cannot make a certificate: {error}"))?;
    let fingerprint = hex::digits(digest(&SHA256, &made.certificate).as_ref()).to_uppercase();
    let pairs: Vec<_> = fingerprint.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    let pin = BASE64.encode(digest(&SHA256, &made.public_key).as_ref());
    let notes = vec![
        format!("self-signed, SHA-256 {}", pairs.join(":")),
        format!("clients can check it with -k --pin sha256//{pin}"),
    ];
    Ok((vec![made.certificate], made.key, notes))
}
