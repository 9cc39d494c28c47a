//! A certificate for the server, its authority, and a file with that authority among the system's roots.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;

/// Debian's bundle of roots.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What the clients trust, and what the server shows.
pub struct Trust {
    /// The authority alone.
    pub one: PathBuf,
    /// The system's roots and the authority.
    pub all: PathBuf,
    pub server: Arc<ServerConfig>,
}

impl Trust {
    pub fn make(dir: &TempDir) -> Result<Self, Box<dyn std::error::Error>> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "wsprobe compare");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let (one, all) = (dir.path().join("one.pem"), dir.path().join("all.pem"));
        std::fs::write(&one, &authority)?;
        std::fs::copy(SYSTEM, &all)?;
        std::fs::OpenOptions::new().append(true).open(&all)?.write_all(authority.as_bytes())?;

        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        // Python and OpenSSL require the key identifier of the issuer.
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let server =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)?;
        Ok(Self { one, all, server: Arc::new(server) })
    }
}
