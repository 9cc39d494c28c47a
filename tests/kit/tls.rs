//! Certificates and the authorities that sign them, made for the test.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::path;

/// A private certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("ring makes keys");
        let pem = params.self_signed(&key).expect("the parameters are sound").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A file for `--cacert`.
    pub fn file(&self, dir: &tempfile::TempDir) -> PathBuf {
        let file = path(dir, "ca.pem");
        std::fs::write(&file, &self.pem).expect("there is room");
        file
    }

    /// A certificate for these names and its key, as files.
    pub fn files(&self, dir: &tempfile::TempDir, names: &[&str]) -> (PathBuf, PathBuf) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().expect("ring makes keys");
        let params = CertificateParams::new(names).expect("these are names");
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are sound");
        let files = (path(dir, "certificate.pem"), path(dir, "key.pem"));
        std::fs::write(&files.0, certificate.pem()).expect("there is room");
        std::fs::write(&files.1, key.serialize_pem()).expect("there is room");
        files
    }

    /// A server whose certificate is for these names and addresses.
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.server_with(names, rustls::DEFAULT_VERSIONS, |_| {})
    }

    pub fn server_with(
        &self,
        names: &[&str],
        versions: &[&'static SupportedProtocolVersion],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("these are names");
        change(&mut params);
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are sound");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it is PKCS #8");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate match");
        Arc::new(config)
    }
}

/// A server with an untrusted certificate, for this machine.
pub fn stranger() -> Arc<ServerConfig> {
    Authority::new("nobody's").server(&["localhost", "127.0.0.1"])
}
