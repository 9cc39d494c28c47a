//! The client's certificate with its key, from PEM or PKCS #12.

use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use rustls::client::ResolvesClientCert as _;
use rustls::pki_types::pem::{self, PemObject as _, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::crypto::possession::PublicKey;
use super::key::signing_key;
use super::peer::version;
use super::pem::in_words;
use super::pkcs12::{self, Secret};

/// A certificate chain with the key of its first certificate.
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity(pub(super) Arc<SingleCertAndKey>);

/// What a PEM file holds.
#[derive(Debug, Default)]
struct Pem {
    certificates: Vec<CertificateDer<'static>>,
    keys: Vec<PrivateKeyDer<'static>>,
    /// PKCS #8 under a passphrase.
    encrypted: Vec<Vec<u8>>,
}

impl ClientIdentity {
    /// Reads the file of `--cert`, with the key of `--key` if it is in a file of its own.
    ///
    /// `passphrase` is asked only when something is encrypted.
    ///
    /// # Errors
    /// A message for the user, with the name of the file.
    pub(crate) fn from_files(
        certificate: &Path,
        key: Option<&Path>,
        passphrase: &mut dyn FnMut(&Path) -> Result<String, String>,
    ) -> Result<Self, String> {
        let bytes = read(certificate)?;
        let named = |error: &dyn std::fmt::Display, path: &Path| format!("`{}`: {error}", path.display());
        let (certificates, mut keys) = if pkcs12::is_pkcs12(&bytes) {
            // Many files have an empty passphrase, which the user should not be asked for.
            let contents = match pkcs12::read(&bytes, &Secret::new("")) {
                Err(pkcs12::error::Pkcs12Error::Passphrase | pkcs12::error::Pkcs12Error::Changed) => {
                    pkcs12::read(&bytes, &Secret::new(&passphrase(certificate)?))
                }
                read => read,
            };
            let contents = contents.map_err(|error| named(&error, certificate))?;
            (contents.certificates, contents.keys)
        } else {
            let pem = Pem::read(&bytes).map_err(|error| named(&error, certificate))?;
            if pem.certificates.is_empty() {
                return Err(named(&"it contains no certificate, neither in PEM nor in PKCS #12", certificate));
            }
            let keys = if key.is_none() { pem.unlocked(certificate, passphrase)? } else { Vec::new() };
            (pem.certificates, keys)
        };
        if let Some(key) = key {
            let pem = Pem::read(&read(key)?).map_err(|error| named(&error, key))?;
            keys = pem.unlocked(key, passphrase)?;
        }
        if keys.is_empty() {
            let place = key.unwrap_or(certificate);
            return Err(named(&"it contains no private key; name the file of the key with --key", place));
        }
        let certified = certified(&certificates, &keys);
        certified.map(Self).map_err(|error| named(&error, key.unwrap_or(certificate)))
    }

    /// Whether its certificate is of a version before 3 (RFC 5280, section 4.1.2.1), without extensions.
    pub(super) fn is_old(&self) -> bool {
        let certified = self.0.resolve(&[], &[]);
        let version = certified.and_then(|certified| version(certified.cert.first()?));
        version.is_some_and(|version| version < 3)
    }
}

impl Pem {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut found = Self::default();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
            let (kind, der) = section.map_err(|error| bad_pem(bytes, &error))?;
            match kind {
                SectionKind::Certificate => found.certificates.push(der.into()),
                SectionKind::PrivateKey => found.keys.push(PrivateKeyDer::Pkcs8(der.into())),
                SectionKind::RsaPrivateKey => found.keys.push(PrivateKeyDer::Pkcs1(der.into())),
                SectionKind::EcPrivateKey => found.keys.push(PrivateKeyDer::Sec1(der.into())),
                _ => {}
            }
        }
        found.encrypted = encrypted(bytes)?;
        Ok(found)
    }

    fn unlocked(
        &self,
        path: &Path,
        passphrase: &mut dyn FnMut(&Path) -> Result<String, String>,
    ) -> Result<Vec<PrivateKeyDer<'static>>, String> {
        let mut keys: Vec<_> = self.keys.iter().map(PrivateKeyDer::clone_key).collect();
        if let Some(der) = self.encrypted.first().filter(|_| keys.is_empty()) {
            let key = pkcs12::unlock(der, &Secret::new(&passphrase(path)?));
            keys.push(key.map_err(|error| match error {
                pkcs12::error::Pkcs12Error::Broken(error) => {
                    format!("`{}`: its encrypted key is broken: {error}", path.display())
                }
                error => format!("`{}`: {error}", path.display()),
            })?);
        }
        Ok(keys)
    }
}

/// The sections that rustls passes over.
fn encrypted(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let text = String::from_utf8_lossy(bytes);
    let sections = text.split(BEGIN).skip(1).map(|rest| {
        let base64: String = rest.split(END).next().unwrap_or_default().split_whitespace().collect();
        let der = BASE64.decode(base64.as_bytes());
        der.map_err(|_| "its encrypted key is not base64".to_owned())
    });
    sections.collect()
}

fn bad_pem(bytes: &[u8], error: &pem::Error) -> String {
    if memchr::memmem::find(bytes, b"Proc-Type: 4,ENCRYPTED").is_some() {
        return "its key uses an obsolete encryption; convert it with `openssl pkcs8 -topk8 -in OLD -out NEW`"
            .to_owned();
    }
    format!("its PEM is broken: {}", in_words(error))
}

/// The key with its certificate first; the rest of the chain stays in its order.
///
/// # Errors
/// A message to print after the name of the file.
pub(crate) fn certified(
    certificates: &[CertificateDer<'static>],
    keys: &[PrivateKeyDer<'static>],
) -> Result<Arc<SingleCertAndKey>, String> {
    if certificates.iter().all(|certificate| PublicKey::of(certificate).is_none()) {
        return Err("the certificate is broken".to_owned());
    }
    for key in keys {
        let key = signing_key(key, certificates)?;
        let public = key.public_key();
        // A key that does not tell its public half has nothing to compare.
        let fits = |certificate: &CertificateDer<'_>| match (&public, PublicKey::of(certificate)) {
            (Some(public), Some(found)) => found.der == public.as_ref(),
            (public, _) => public.is_none(),
        };
        if let Some(at) = certificates.iter().position(fits) {
            let mut chain = certificates.to_vec();
            chain[..=at].rotate_right(1);
            return Ok(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key))));
        }
    }
    Err("the key does not belong to the certificate".to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    crate::sys::file::read(path).map_err(|error| format!("`{}`: {error}", path.display()))
}
