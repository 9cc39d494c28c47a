//! The judgement on a server's certificate: its chain and names by webpki, its key by the pins.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

use super::peer::Certificate;
use super::trust::Authorities;

/// The SHA-256 of a public key (of its SubjectPublicKeyInfo).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pin([u8; 32]);

/// What webpki does not say, or says without a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Objection {
    #[error("its certificate is signed by itself alone (`{subject}`)")]
    SelfSigned { subject: String },
    #[error("its certificate is signed by `{issuer}`, which is not trusted")]
    UnknownIssuer { issuer: String },
    #[error("its key is none of those that are pinned, but sha256//{found}")]
    Pin { found: Pin },
}

#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` takes any certificate, and still checks that the peer holds its key.
    chain: Option<Chain>,
    pins: Vec<Pin>,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
struct Chain {
    webpki: Arc<WebPkiServerVerifier>,
    authorities: Arc<Authorities>,
    provider: Arc<CryptoProvider>,
}

impl Pin {
    /// Reads `sha256//BASE64`, as curl writes it, or the base64 alone.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let base64 = text.strip_prefix("sha256//").unwrap_or(text);
        BASE64.decode(base64.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    fn of(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        Ok(Self(digest(&SHA256, &key).as_ref().try_into().expect("SHA-256 has 32 bytes")))
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl Verifier {
    pub(super) fn new(trusted: Option<Arc<Authorities>>, pins: Vec<Pin>, provider: &Arc<CryptoProvider>) -> Self {
        let chain = trusted.map(|authorities| Chain::new(authorities, Arc::clone(provider)));
        Self { chain, pins, algorithms: provider.signature_verification_algorithms }
    }
}

impl Chain {
    fn new(authorities: Arc<Authorities>, provider: Arc<CryptoProvider>) -> Self {
        let roots = Arc::clone(&authorities.roots);
        let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let webpki = built.expect("there is a root, and no revocation list that could be bad");
        Self { webpki, authorities, provider }
    }

    /// With all that the system trusts, if this one knows only a part of it.
    fn whole(&self) -> Option<Self> {
        Some(Self::new(Arc::new(self.authorities.whole()?), Arc::clone(&self.provider)))
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let error = match self.webpki.verify_server_cert(leaf, intermediates, name, &[], now) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let objection = match &error {
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                objection_to(intermediates.last().unwrap_or(leaf))
            }
            // What `openssl req -x509` makes is an authority that is its own server, which webpki takes for neither.
            rustls::Error::InvalidCertificate(CertificateError::Other(_)) => match objection_to(leaf) {
                Some(Objection::SelfSigned { .. }) if self.authorities.hold(leaf) => {
                    return verify_alone(leaf, name, now);
                }
                objection => objection.filter(|objection| matches!(objection, Objection::SelfSigned { .. })),
            },
            _ => None,
        };
        Err(objection.map_or(error, refusal))
    }
}

/// The checks that remain for a certificate that is trusted itself.
fn verify_alone(leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let bad = rustls::Error::InvalidCertificate;
    let certificate = Certificate::read(leaf).ok_or(bad(CertificateError::BadEncoding))?;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
    if now < certificate.not_before {
        return Err(bad(CertificateError::NotValidYet));
    }
    if now > certificate.not_after {
        return Err(bad(CertificateError::Expired));
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            // Whatever the refusal: another root may have the same name as the one that it is about.
            chain.verify(leaf, intermediates, name, now).or_else(|refusal| match chain.whole() {
                Some(whole) => whole.verify(leaf, intermediates, name, now),
                None => Err(refusal),
            })?;
        }
        if !self.pins.is_empty() {
            let found = Pin::of(leaf)?;
            if !self.pins.contains(&found) {
                return Err(refusal(Objection::Pin { found }));
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// To the end of a chain that leads nowhere.
fn objection_to(last: &CertificateDer<'_>) -> Option<Objection> {
    let Certificate { subject, issuer, .. } = Certificate::read(last)?;
    Some(if subject == issuer { Objection::SelfSigned { subject } } else { Objection::UnknownIssuer { issuer } })
}

fn refusal(objection: Objection) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(objection))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_curl_writes_it() {
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let pin = Pin::from_text(base64).unwrap();
        assert_eq!(Pin::from_text(&format!("sha256//{base64}")), Some(pin));
        assert_eq!(pin.to_string(), base64);
        for bad in ["", "sha256//", "sha1//x", "AAAA", "47DEQpj8HBSa"] {
            assert_eq!(Pin::from_text(bad), None, "{bad}");
        }
    }
}
