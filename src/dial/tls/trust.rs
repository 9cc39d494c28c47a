//! Which certificates are trusted.
//!
//! The system's authorities are read by `rustls_native_certs`: on most systems a bundle and a directory that holds the
//! same once more, in a file each. So only the bundle is read at first, and everything only for a server that the
//! bundle does not cover.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::OnceCell;

use super::pem::in_words;
use crate::dial::error::DialError;
use crate::sys::certificates;

/// Which certificates are trusted.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// The certificate authorities of the system.
    System,
    /// `--cacert`: these alone.
    Only(Arc<Authorities>),
    /// `--insecure`: no check at all.
    Anyone,
}

/// Authorities, as rustls wants them.
#[derive(Debug)]
pub(crate) struct Authorities {
    pub(crate) roots: Arc<RootCertStore>,
    given: RootSource,
}

/// What they were read from.
#[derive(Debug)]
enum RootSource {
    All(Vec<CertificateDer<'static>>),
    /// The system's bundle, which need not be all that the system trusts.
    Bundle,
}

/// The roots for one connection, and for a proxy on its way: the system's are read once, as late as they can be.
pub(crate) struct Roots<'t> {
    trust: &'t Trust,
    system: OnceCell<Arc<Authorities>>,
}

impl Trust {
    /// Reads the certificate authorities of `--cacert` from a PEM file.
    ///
    /// # Errors
    /// A message for the user, if the file cannot be read or holds no certificate.
    pub(crate) fn from_pem_file(path: &Path) -> Result<Self, String> {
        let pem = crate::sys::file::read(path).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| format!("not a certificate in PEM: {}", in_words(&error)))?;
            certificates.push(certificate.clone());
            roots.add(certificate).map_err(|_| "not a usable certificate: it is broken")?;
        }
        if roots.is_empty() {
            return Err("it contains no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned());
        }
        Ok(Self::Only(Arc::new(Authorities { roots: Arc::new(roots), given: RootSource::All(certificates) })))
    }
}

impl Authorities {
    /// Whether it is trusted itself, not because of its issuer.
    pub(super) fn hold(&self, certificate: &CertificateDer<'_>) -> bool {
        match &self.given {
            RootSource::All(certificates) => certificates.iter().any(|one| one == certificate),
            RootSource::Bundle => false,
        }
    }

    /// All that the system trusts, if these are only a part of it.
    pub(super) fn whole(&self) -> Option<Self> {
        match self.given {
            RootSource::All(_) => None,
            RootSource::Bundle => system().ok(),
        }
    }
}

impl<'t> Roots<'t> {
    pub(crate) fn of(trust: &'t Trust) -> Self {
        Self { trust, system: OnceCell::new() }
    }

    /// Reads them while `reaching` waits for the network.
    pub(crate) async fn beside<T>(&self, reaching: impl Future<Output = T>) -> T {
        // Polled second: the first packet is on its way before reading keeps this thread busy. Whoever needs the roots
        // is told why there are none.
        let (reached, _) = tokio::join!(biased; reaching, self.load());
        reached
    }

    /// `None` when anyone is trusted.
    pub(super) async fn load(&self) -> Result<Option<Arc<Authorities>>, DialError> {
        match self.trust {
            Trust::System => self.system.get_or_try_init(first).await.map(|roots| Some(Arc::clone(roots))),
            Trust::Only(roots) => Ok(Some(Arc::clone(roots))),
            Trust::Anyone => Ok(None),
        }
    }
}

/// The bundle, or all that there is where none is good for a start.
async fn first() -> Result<Arc<Authorities>, DialError> {
    // Reading the bundle costs less than a millisecond, much of which a thread would cost too.
    if let Some(bundle) = bundle() {
        return Ok(Arc::new(bundle));
    }
    let read = tokio::task::spawn_blocking(system).await;
    read.expect("reading roots does not panic").map(Arc::new)
}

fn bundle() -> Option<Authorities> {
    let path = certificates::bundle()?;
    // A pipe can be read once, and this may not be the last time.
    let pem = path.is_file().then(|| crate::sys::file::read(&path).ok())??;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    (!roots.is_empty()).then(|| Authorities { roots: Arc::new(roots), given: RootSource::Bundle })
}

fn system() -> Result<Authorities, DialError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs.iter().cloned());
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(DialError::NoRoots { why });
    }
    Ok(Authorities { roots: Arc::new(roots), given: RootSource::All(found.certs) })
}
