//! Whose certificates are good.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::task::JoinHandle;

use crate::error::Error;

/// Whose certificates are good.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// The certificate authorities of the system.
    System,
    /// `--cacert`: these alone.
    Only(Arc<Authorities>),
    /// `--insecure`: no check at all.
    Anyone,
}

/// What is trusted, as rustls wants it, and as it was given.
#[derive(Debug)]
pub(crate) struct Authorities {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// The roots, on their way: reading the system's takes milliseconds that connecting has to spare.
pub(in crate::dial) enum Roots {
    Here(Arc<Authorities>),
    Coming(JoinHandle<Result<Authorities, Error>>),
    NotNeeded,
}

impl Trust {
    /// Reads the certificate authorities of `--cacert` from a PEM file.
    ///
    /// # Errors
    /// In words, when the file cannot be read or holds no certificate.
    pub(crate) fn from_pem_file(path: &Path) -> Result<Self, String> {
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| format!("not a certificate in PEM: {error}"))?;
            certificates.push(certificate.clone());
            roots.add(certificate).map_err(|error| format!("not a certificate that can be used: {error}"))?;
        }
        if roots.is_empty() {
            return Err("it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned());
        }
        Ok(Self::Only(Arc::new(Authorities { roots: Arc::new(roots), certificates })))
    }
}

impl Roots {
    pub(in crate::dial) fn fetch(trust: &Trust) -> Self {
        match trust {
            Trust::System => Self::Coming(tokio::task::spawn_blocking(system_roots)),
            Trust::Only(roots) => Self::Here(Arc::clone(roots)),
            Trust::Anyone => Self::NotNeeded,
        }
    }

    /// `None` when anyone is trusted.
    pub(super) async fn load(self) -> Result<Option<Arc<Authorities>>, Error> {
        match self {
            Self::Here(roots) => Ok(Some(roots)),
            Self::Coming(roots) => Ok(Some(Arc::new(roots.await.expect("reading roots does not panic")?))),
            Self::NotNeeded => Ok(None),
        }
    }
}

fn system_roots() -> Result<Authorities, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs.iter().cloned());
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(Error::NoRoots { why });
    }
    Ok(Authorities { roots: Arc::new(roots), certificates: found.certs })
}
