//! PKCS #12 (RFC 7292), as far as a client's certificate goes: certificates and keys, under the encryptions in use.
//!
//! Whether the file is as it was made is in `mac`, what is encrypted in `cipher`, keys from passphrases in `secret`.

mod cipher;
pub(crate) mod error;
pub(crate) mod fuzz;
mod mac;
mod secret;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence, Tag, Tagged as _};
use pkcs8::spki::AlgorithmIdentifierRef;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use self::error::Pkcs12Error;
use self::mac::Mac;

pub(super) use self::secret::Secret;

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<PrivateKeyDer<'static>>,
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

pub(super) fn read(bytes: &[u8], secret: &Secret<'_>) -> Result<Contents, Pkcs12Error> {
    let pfx = Pfx::from_der(bytes)?;
    if pfx.auth_safe.kind != DATA {
        return Err(Pkcs12Error::Unknown(PUBLIC_KEY));
    }
    let safes = pfx.auth_safe.content.decode_as::<&OctetStringRef>()?.as_bytes();
    let is_whole = pfx.mac.map_or(Ok(true), |mac| mac.fits(safes, secret))?;
    match Contents::read(safes, secret) {
        // What can be decrypted was not given a wrong passphrase.
        Ok(_) | Err(Pkcs12Error::Broken(_)) if !is_whole => Err(Pkcs12Error::Changed),
        contents => contents,
    }
}

/// Decrypts a key in PKCS #8, under an encryption of PKCS #5 or PKCS #12.
pub(super) fn unlock(der: &[u8], secret: &Secret<'_>) -> Result<PrivateKeyDer<'static>, Pkcs12Error> {
    let shrouded = ShroudedKey::from_der(der)?;
    let key = cipher::decrypt(shrouded.algorithm, shrouded.data.as_bytes(), secret)?;
    // One wrong passphrase in 256 leads to a sound padding: what is not a key then was decrypted with another.
    match AnyRef::from_der(&key) {
        Ok(any) if any.tag() == Tag::Sequence => Ok(PrivatePkcs8KeyDer::from(key).into()),
        _ => Err(Pkcs12Error::Passphrase),
    }
}

const PUBLIC_KEY: &str = "a public key instead of a passphrase";

impl Contents {
    fn read(safes: &[u8], secret: &Secret<'_>) -> Result<Self, Pkcs12Error> {
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
                        Pkcs12Error::Broken(_) => Pkcs12Error::Passphrase,
                        error => error,
                    })?;
                }
                // For the holder of a private key: nobody writes these.
                _ => return Err(Pkcs12Error::Unknown(PUBLIC_KEY)),
            }
        }
        Ok(contents)
    }

    fn add(&mut self, bags: &[u8], secret: &Secret<'_>) -> Result<(), Pkcs12Error> {
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
