//! A self-signed certificate (RFC 5280, section 4.1): what `--tls-self-signed` shows.

use std::error::Error;
use std::net::IpAddr;

use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier};
use der::{DateTime, Decode as _, Encode as _, Sequence, Tag};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_cert::Version;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::{Extensions, ToExtension as _};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::Validity;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// A certificate with its key, made now.
pub(crate) struct SelfSigned {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// The SubjectPublicKeyInfo, in DER.
    pub(crate) public_key: Vec<u8>,
}

#[derive(Sequence)]
struct Signed {
    content: Content,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// `x509_cert` reads a TBSCertificate; only its builder, with a second SHA-1, makes one.
#[derive(Sequence)]
struct Content {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: Version,
    serial_number: SerialNumber,
    algorithm: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    public_key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Extensions,
}

impl SelfSigned {
    /// Makes one for `localhost` and these addresses, with a key of its own (ECDSA, P-256).
    ///
    /// # Errors
    /// When the system provides no random numbers.
    pub(crate) fn new(addresses: &[IpAddr]) -> Result<Self, Box<dyn Error>> {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| "the system provides no random numbers")?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.as_ref().to_vec()));
        let signing = any_ecdsa_type(&key)?;
        let public_key = signing.public_key().ok_or("the key has no public half")?.to_vec();
        let content = Content::new(addresses, &public_key)?;
        let signer = signing.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).ok_or("the key cannot sign")?;
        let signature = BitString::from_bytes(&signer.sign(&content.to_der()?)?)?;
        let signed = Signed { algorithm: content.algorithm.clone(), content, signature };
        Ok(Self { certificate: signed.to_der()?.into(), key, public_key })
    }
}

impl Content {
    fn new(addresses: &[IpAddr], public_key: &[u8]) -> der::Result<Self> {
        let subject = named("wsprobe listen")?;
        let names = addresses.iter().map(|address| GeneralName::from(*address));
        let names = std::iter::once(GeneralName::DnsName(Ia5String::new("localhost")?)).chain(names).collect();
        // A wrong clock on one side should not make it invalid.
        let validity =
            Validity::new(DateTime::new(1975, 1, 1, 0, 0, 0)?.into(), DateTime::new(4096, 1, 1, 0, 0, 0)?.into());
        Ok(Self {
            version: Version::V3,
            // Two certificates of one name need different serial numbers; these derive from their keys.
            serial_number: SerialNumber::new(&public_key[public_key.len() - 16..])?,
            algorithm: AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None },
            issuer: subject.clone(),
            validity,
            extensions: vec![(&SubjectAltName(names)).to_extension(&subject, &[])?],
            subject,
            public_key: SubjectPublicKeyInfoOwned::from_der(public_key)?,
        })
    }
}

/// Put together from its parts: reading it as text would bring `const_oid`'s names of 1300 objects along.
fn named(common_name: &str) -> der::Result<Name> {
    let value = Any::new(Tag::Utf8String, common_name.as_bytes())?;
    let part = RelativeDistinguishedName::try_from(vec![AttributeTypeAndValue { oid: COMMON_NAME, value }])?;
    Name::from_der(&RdnSequence::from(vec![part]).to_der()?)
}
