//! Private keys: what can be signed with, and why something cannot.

use std::sync::Arc;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Reader as _, Sequence, SliceReader};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;

use super::crypto::possession::PublicKey;

/// A key on a curve (RFC 5915, section 3).
#[derive(Sequence)]
struct EcKey<'a> {
    version: u8,
    secret: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    curve: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public: Option<BitStringRef<'a>>,
}

/// What a key is, whatever it is wrapped in.
struct Parts<'k> {
    algorithm: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    /// As the algorithm writes it.
    key: &'k [u8],
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Makes the key ready to sign; one that lacks its public half takes it from the certificate that it belongs to.
///
/// # Errors
/// A message to print after the name of the file.
pub(super) fn signing_key(
    key: &PrivateKeyDer<'_>,
    certificates: &[CertificateDer<'_>],
) -> Result<Arc<dyn SigningKey>, String> {
    if let Ok(key) = any_supported_type(key) {
        return Ok(key);
    }
    let parts = Parts::of(key).ok_or("its key is broken")?;
    let publics = certificates.iter().filter_map(PublicKey::of);
    let mut completed = publics.filter_map(|public| any_supported_type(&parts.completed(&public)?).ok());
    match completed.next() {
        Some(key) => Ok(key),
        None => Err(parts.refusal()),
    }
}

impl<'k> Parts<'k> {
    fn of(key: &'k PrivateKeyDer<'_>) -> Option<Self> {
        match key {
            PrivateKeyDer::Pkcs8(key) => {
                let info = PrivateKeyInfoRef::try_from(key.secret_pkcs8_der()).ok()?;
                let curve = info.algorithm.parameters.and_then(|parameters| parameters.decode_as().ok());
                Some(Self { algorithm: info.algorithm.oid, curve, key: info.private_key.as_bytes() })
            }
            PrivateKeyDer::Pkcs1(key) => Some(Self { algorithm: RSA, curve: None, key: key.secret_pkcs1_der() }),
            PrivateKeyDer::Sec1(key) => {
                let key = key.secret_sec1_der();
                Some(Self { algorithm: EC, curve: EcKey::from_der(key).ok()?.curve, key })
            }
            _ => None,
        }
    }

    /// With that public half, if it is a key on a curve that has none.
    fn completed(&self, public: &PublicKey<'_>) -> Option<PrivateKeyDer<'static>> {
        let length = match self.curve {
            Some(P256) => 32,
            Some(P384) => 48,
            _ => return None,
        };
        let short = EcKey::from_der(self.key).ok().filter(|key| key.public.is_none())?;
        let mut secret = vec![0; length];
        let digits = short.secret.as_bytes();
        secret.get_mut(length.checked_sub(digits.len())?..)?.copy_from_slice(digits);
        let public = BitStringRef::from_bytes(public.bits).ok()?;
        let key = EcKey { version: 1, secret: OctetStringRef::new(&secret).ok()?, curve: None, public: Some(public) };
        let (curve, key) = (self.curve?, key.to_der().ok()?);
        let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some(AnyRef::from(&curve)) };
        let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&key).ok()?);
        Some(PrivatePkcs8KeyDer::from(info.to_der().ok()?).into())
    }

    /// Why it cannot be signed with.
    fn refusal(&self) -> String {
        match (self.algorithm, self.curve) {
            (RSA, _) => match rsa_bits(self.key) {
                Some(bits) => format!("its RSA key has {bits} bits, but wsprobe supports 2048 to 4096"),
                None => "its RSA key is broken".to_owned(),
            },
            (EC, Some(P256 | P384)) => match EcKey::from_der(self.key) {
                Ok(EcKey { public: None, .. }) => {
                    "its key lacks the public half, and belongs to none of the given certificates".to_owned()
                }
                _ => "its elliptic-curve key is broken".to_owned(),
            },
            (EC, curve) => {
                let curve = if curve == Some(P521) { "the curve P-521" } else { "an uncommon curve" };
                format!("its key is on {curve}, but wsprobe supports P-256 and P-384")
            }
            _ => "its key is of a kind that wsprobe does not support; use RSA, ECDSA or Ed25519".to_owned(),
        }
    }
}

/// The size of the modulus (RFC 8017, appendix A.1.2).
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut fields = SliceReader::new(AnyRef::from_der(key).ok()?.value()).ok()?;
    let _version: AnyRef<'_> = fields.decode().ok()?;
    let modulus: UintRef<'_> = fields.decode().ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - first.leading_zeros() as usize)
}
