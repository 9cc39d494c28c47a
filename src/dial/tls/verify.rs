//! The judgement on a server's certificate: its chain and names by webpki, its key by the pins.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

use super::crypto::possession::{Possession, PublicKey, possession};
use super::name;
use super::objection::{Case, Objection};
use super::peer::Certificate;
use super::pin::Pin;
use super::trust::Authorities;

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

impl Verifier {
    pub(super) fn new(trusted: Option<Arc<Authorities>>, pins: Vec<Pin>, provider: &Arc<CryptoProvider>) -> Self {
        let chain = trusted.map(|authorities| Chain::new(authorities, Arc::clone(provider)));
        Self { chain, pins, algorithms: provider.signature_verification_algorithms }
    }

    /// Without a check, the proof is useless: anybody can make a certificate for a key.
    fn takes_any_key(&self) -> bool {
        self.chain.is_none() && self.pins.is_empty()
    }

    /// What TLS itself asks of a certificate.
    fn verify_possession(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match possession(certificate, message, signed, &self.algorithms) {
            Possession::Proven => Ok(HandshakeSignatureValid::assertion()),
            Possession::Unknown if self.takes_any_key() => Ok(HandshakeSignatureValid::assertion()),
            Possession::Unknown => Err(Objection::UnknownKey.into()),
            Possession::Refuted => Err(Objection::NotItsKey.into()),
        }
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

    fn verify(&self, case: &Case<'_>) -> Result<(), rustls::Error> {
        let Case { leaf, intermediates, name: host, now } = *case;
        if let Some(objection) = Objection::to_leaf(leaf) {
            return Err(objection.into());
        }
        let error = match self.webpki.verify_server_cert(leaf, intermediates, host, &[], now) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let rustls::Error::InvalidCertificate(bad) = &error else { return Err(error) };
        let alone = || Objection::to_issuer(leaf).filter(|it| matches!(it, Objection::SelfSigned { .. }));
        let objection = match bad {
            // What `openssl req -x509` makes is an authority that is its own server, which webpki takes for neither.
            CertificateError::Other(_) if alone().is_some() && self.authorities.hold(leaf) => {
                return verify_alone(case);
            }
            CertificateError::BadSignature => self.short_key(case).or_else(alone),
            bad => Objection::behind(bad, case).or_else(|| alone().filter(|_| is_unnamed(bad))),
        };
        Err(objection.map_or(error, Into::into))
    }

    /// A signature that is wrong may be one of a key that is too short to be looked at.
    fn short_key(&self, case: &Case<'_>) -> Option<Objection> {
        let read = |certificate| Certificate::read(certificate);
        let intermediate = case.intermediates.iter().find_map(|one| {
            let bits = PublicKey::of(one)?.too_few_bits()?;
            Some(Objection::ShortKey { owner: format!("its authority `{}`", read(one)?.subject), bits })
        });
        intermediate.or_else(|| {
            let issuer = read(case.intermediates.last().unwrap_or(case.leaf))?.issuer;
            let keys = self
                .authorities
                .roots
                .roots
                .iter()
                .filter(|root| name::of_content(&root.subject).as_ref() == Some(&issuer));
            let bits = keys.filter_map(|root| PublicKey::from_content(&root.subject_public_key_info)?.too_few_bits());
            bits.min().map(|bits| Objection::ShortKey { owner: format!("its authority `{issuer}`"), bits })
        })
    }
}

/// The checks that remain for a certificate that is trusted itself.
fn verify_alone(case: &Case<'_>) -> Result<(), rustls::Error> {
    let bad = rustls::Error::InvalidCertificate;
    let certificate = Certificate::read(case.leaf).ok_or(bad(CertificateError::BadEncoding))?;
    let at =
        |time: SystemTime| UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let (not_before, not_after) = (at(certificate.not_before), at(certificate.not_after));
    let time = case.now;
    if time < not_before {
        return Err(bad(CertificateError::NotValidYetContext { time, not_before }));
    }
    if time > not_after {
        return Err(bad(CertificateError::ExpiredContext { time, not_after }));
    }
    verify_server_name(&ParsedCertificate::try_from(case.leaf)?, case.name).map_err(|error| match &error {
        rustls::Error::InvalidCertificate(bad) => Objection::behind(bad, case).map_or(error, Into::into),
        _ => error,
    })
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
            let case = Case { leaf, intermediates, name, now };
            // After any error: another root may have the same name as the rejected one.
            chain.verify(&case).or_else(|refusal| match chain.whole() {
                Some(whole) => whole.verify(&case),
                None => Err(refusal),
            })?;
        }
        if !self.pins.is_empty() {
            let found = Pin::of(leaf).ok_or(Objection::UnknownKey)?;
            if !self.pins.contains(&found) {
                return Err(Objection::Pin { found }.into());
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
        match &self.chain {
            Some(_) => verify_tls12_signature(message, certificate, signed, &self.algorithms).map_err(not_its_key),
            None => self.verify_possession(message, certificate, signed),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &self.chain {
            Some(_) => verify_tls13_signature(message, certificate, signed, &self.algorithms).map_err(not_its_key),
            None => self.verify_possession(message, certificate, signed),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let unchecked = self.takes_any_key().then_some(SignatureScheme::ED448);
        self.algorithms.supported_schemes().into_iter().chain(unchecked).collect()
    }
}

/// Of the handshake there is one signature, so webpki's words for those of certificates do not fit.
fn not_its_key(error: rustls::Error) -> rustls::Error {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::BadSignature) => Objection::NotItsKey.into(),
        error => error,
    }
}

/// Whether webpki's own words say less than who signed it.
fn is_unnamed(bad: &CertificateError) -> bool {
    let CertificateError::Other(other) = bad else { return false };
    !matches!(other.0.downcast_ref(), Some(webpki::Error::NameConstraintViolation))
}
