//! PKCS #12 (RFC 7292), as far as a client's certificate goes: certificates and keys, under the encryptions in use.
//!
//! Whether the file is as it was made is in `mac`, what is encrypted in `cipher`, keys from passphrases in `secret`.

mod cipher;
pub(crate) mod fuzz;
mod mac;
mod secret;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use pkcs8::spki::AlgorithmIdentifierRef;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use self::mac::Mac;
pub(super) use self::secret::Secret;

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<PrivateKeyDer<'static>>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("the passphrase is wrong")]
    Passphrase,
    #[error("the passphrase is wrong, or the file was changed after it was made: its MAC does not fit")]
    Changed,
    #[error("it is protected by {0}, which wsprobe does not know; `openssl pkcs12` can write another")]
    Unknown(&'static str),
    #[error("it takes longer to open than is reasonable: more than {} rounds, or {} MiB", secret::MOST_ROUNDS, secret::MOST_MEMORY >> 20)]
    Costly,
    #[error("its PKCS #12 is broken: {0}")]
    Broken(#[from] der::Error),
}

#[derive(Sequence)]
struct Pfx<'a> {
    version: u8,
    auth_safe: ContentInfo<'a>,
    mac: Option<Mac<'a>>,
}

#[derive(Sequence)]
struct ContentInfo<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: AnyRef<'a>,
}

#[derive(Sequence)]
struct EncryptedData<'a> {
    version: u8,
    info: EncryptedContent<'a>,
}

#[derive(Sequence)]
struct EncryptedContent<'a> {
    kind: ObjectIdentifier,
    algorithm: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    content: &'a OctetStringRef,
}

#[derive(Sequence)]
struct Bag<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: AnyRef<'a>,
    attributes: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct CertificateBag<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    certificate: &'a OctetStringRef,
}

#[derive(Sequence)]
struct ShroudedKey<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");

/// Told by the beginning, whatever the file's name.
pub(super) fn is_pkcs12(bytes: &[u8]) -> bool {
    Pfx::from_der(bytes).is_ok_and(|pfx| pfx.version == 3)
}

pub(super) fn read(bytes: &[u8], secret: &Secret<'_>) -> Result<Contents, Unread> {
    let pfx = Pfx::from_der(bytes)?;
    if pfx.auth_safe.kind != DATA {
        return Err(Unread::Unknown(PUBLIC_KEY));
    }
    let safes = pfx.auth_safe.content.decode_as::<&OctetStringRef>()?.as_bytes();
    let is_whole = pfx.mac.map_or(Ok(true), |mac| mac.fits(safes, secret))?;
    match Contents::read(safes, secret) {
        // What can be decrypted was not given a wrong passphrase.
        Ok(_) | Err(Unread::Broken(_)) if !is_whole => Err(Unread::Changed),
        contents => contents,
    }
}

/// Decrypts a key in PKCS #8, under an encryption of PKCS #5 or PKCS #12.
pub(super) fn unlock(der: &[u8], secret: &Secret<'_>) -> Result<PrivateKeyDer<'static>, Unread> {
    let shrouded = ShroudedKey::from_der(der)?;
    let key = cipher::decrypt(shrouded.algorithm, shrouded.data.as_bytes(), secret)?;
    Ok(PrivatePkcs8KeyDer::from(key).into())
}

const PUBLIC_KEY: &str = "a public key instead of a passphrase";

impl Contents {
    fn read(safes: &[u8], secret: &Secret<'_>) -> Result<Self, Unread> {
        let mut contents = Self::default();
        for safe in Vec::<ContentInfo<'_>>::from_der(safes)? {
            match safe.kind {
                DATA => contents.add(safe.content.decode_as::<&OctetStringRef>()?.as_bytes(), secret)?,
                ENCRYPTED_DATA => {
                    let EncryptedContent { algorithm, content, .. } =
                        safe.content.decode_as::<EncryptedData<'_>>()?.info;
                    let plain = cipher::decrypt(algorithm, content.as_bytes(), secret)?;
                    // What decrypts to something else was decrypted with another passphrase.
                    contents.add(&plain, secret).map_err(|error| match error {
                        Unread::Broken(_) => Unread::Passphrase,
                        error => error,
                    })?;
                }
                // For the holder of a private key: nobody writes these.
                _ => return Err(Unread::Unknown(PUBLIC_KEY)),
            }
        }
        Ok(contents)
    }

    fn add(&mut self, bags: &[u8], secret: &Secret<'_>) -> Result<(), Unread> {
        for bag in Vec::<Bag<'_>>::from_der(bags)? {
            match bag.kind {
                CERTIFICATE => {
                    let bag = bag.value.decode_as::<CertificateBag<'_>>()?;
                    if bag.kind == X509 {
                        self.certificates.push(CertificateDer::from(bag.certificate.as_bytes().to_vec()));
                    }
                }
                KEY => self.keys.push(PrivatePkcs8KeyDer::from(bag.value.to_der()?).into()),
                SHROUDED_KEY => self.keys.push(unlock(&bag.value.to_der()?, secret)?),
                // Revocation lists and other secrets.
                _ => {}
            }
        }
        Ok(())
    }
}
