//! Whether a peer holds the key of the certificate that it shows, whatever else is wrong with the certificate.
//!
//! Only the key of the certificate is examined, so that nothing else can make this fail.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Encode as _, Sequence, SliceReader, Tag, TagNumber, Tagged as _};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, alg_id};
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::rsa;

/// What a signature of the handshake says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Possession {
    Proven,
    /// The signature was made with another key.
    Refuted,
    /// The key cannot be found, or is of a kind that is not known.
    Unknown,
}

/// A SubjectPublicKeyInfo (RFC 5280, section 4.1).
pub(crate) struct PublicKey<'a> {
    /// As the pins hash it.
    pub(crate) der: Vec<u8>,
    /// The content of its AlgorithmIdentifier.
    algorithm: &'a [u8],
    pub(crate) bits: &'a [u8],
}

#[derive(Sequence)]
struct Fields<'a> {
    algorithm: AnyRef<'a>,
    bits: BitStringRef<'a>,
}

impl<'a> PublicKey<'a> {
    /// Of a certificate of any version.
    pub(crate) fn of(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        Self::read(key_info(certificate).ok()?)
    }

    /// Without its tag and length, as webpki keeps those of its authorities.
    pub(crate) fn from_content(content: &'a [u8]) -> Option<Self> {
        Self::read(AnyRef::new(Tag::Sequence, content).ok()?)
    }

    fn read(info: AnyRef<'a>) -> Option<Self> {
        let fields = info.decode_as::<Fields<'_>>().ok()?;
        Some(Self { der: info.to_der().ok()?, algorithm: fields.algorithm.value(), bits: fields.bits.raw_bytes() })
    }

    fn rsa(&self) -> Option<rsa::RsaPublicKey<'a>> {
        (self.algorithm == alg_id::RSA_ENCRYPTION.as_ref()).then(|| rsa::RsaPublicKey::read(self.bits))?
    }

    /// The size of an RSA key that is shorter than is good.
    pub(crate) fn too_few_bits(&self) -> Option<usize> {
        // A modulus may begin with zeros.
        self.rsa().map(|key| key.bits()).filter(|bits| bits.div_ceil(8) * 8 < rsa::COMMON)
    }

    fn verify(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
        known: &WebPkiSupportedAlgorithms,
    ) -> Possession {
        let said = |good| if good { Possession::Proven } else { Possession::Refuted };
        if let (Some(key), Some(_)) = (self.rsa(), self.too_few_bits()) {
            return key.verify(scheme, message, signature).map_or(Possession::Refuted, said);
        }
        let possible = known.mapping.iter().filter(|(one, _)| *one == scheme).flat_map(|(_, algorithms)| *algorithms);
        let mut fitting = possible.filter(|algorithm| algorithm.public_key_alg_id().as_ref() == self.algorithm);
        let fitting = fitting.next().map(|algorithm| algorithm.verify_signature(self.bits, message, signature).is_ok());
        fitting.map_or(Possession::Unknown, said)
    }
}

/// Looks at the signature of a handshake.
pub(crate) fn possession(
    certificate: &CertificateDer<'_>,
    message: &[u8],
    signed: &DigitallySignedStruct,
    known: &WebPkiSupportedAlgorithms,
) -> Possession {
    match PublicKey::of(certificate) {
        Some(key) => key.verify(signed.scheme, message, signed.signature(), known),
        None => Possession::Unknown,
    }
}

/// Steps over what is before the key.
fn key_info<'a>(certificate: &'a CertificateDer<'_>) -> der::Result<AnyRef<'a>> {
    let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let mut certificate = SliceReader::new(AnyRef::from_der(certificate)?.value())?;
    let mut content = SliceReader::new(AnyRef::decode(&mut certificate)?.value())?;
    let mut skipped = AnyRef::decode(&mut content)?;
    if skipped.tag() == version {
        skipped = AnyRef::decode(&mut content)?;
    }
    // After the serial number: the signature's algorithm, issuer, validity, subject.
    skipped.tag().assert_eq(Tag::Integer)?;
    for _ in 0..4 {
        AnyRef::decode(&mut content)?;
    }
    AnyRef::decode(&mut content)
}
