//! The seal of a file: a MAC by a key made of the passphrase (RFC 7292, section 4, and PBMAC1, RFC 9579).

use std::num::NonZeroU32;

use der::Sequence;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::spki::AlgorithmIdentifierRef;
use ring::{digest, hmac, pbkdf2};

use super::error::Pkcs12Error;
use super::secret::{Purpose, Secret, derive};

#[derive(Sequence)]
pub(super) struct Mac<'a> {
    info: DigestInfo<'a>,
    salt: &'a OctetStringRef,
    #[asn1(default = "one")]
    rounds: u32,
}

#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    digest: &'a OctetStringRef,
}

/// RFC 8018, appendix A.5
#[derive(Sequence)]
struct Pbmac1<'a> {
    derivation: AlgorithmIdentifierRef<'a>,
    scheme: AlgorithmIdentifierRef<'a>,
}

/// RFC 8018, appendix A.2
#[derive(Sequence)]
struct Pbkdf2<'a> {
    salt: &'a OctetStringRef,
    rounds: u32,
    length: Option<u16>,
    function: Option<AlgorithmIdentifierRef<'a>>,
}

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");

const UNKNOWN: Pkcs12Error = Pkcs12Error::Unknown("a kind of MAC");

/// A key of PBMAC1 is as long as a hash; RFC 9579 asks for 20 bytes and more.
const LONGEST_KEY: u16 = 1024;

impl Mac<'_> {
    /// Whether it is that of the content, by this passphrase.
    pub(super) fn fits(&self, content: &[u8], secret: &Secret<'_>) -> Result<bool, Pkcs12Error> {
        if self.info.algorithm.oid == PBMAC1 {
            return self.fits_pbmac1(content, secret);
        }
        let (digest, mac) = match self.info.algorithm.oid {
            SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
            SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
            SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
            _ => return Err(UNKNOWN),
        };
        secret.check_rounds(self.rounds)?;
        Ok(secret.forms().any(|passphrase| {
            let length = digest.output_len();
            let key = derive(digest, Purpose::Mac, &passphrase, self.salt.as_bytes(), self.rounds, length);
            hmac::verify(&hmac::Key::new(mac, &key), content, self.info.digest.as_bytes()).is_ok()
        }))
    }

    /// Salt and iterations of the old kind are present, but ignored.
    fn fits_pbmac1(&self, content: &[u8], secret: &Secret<'_>) -> Result<bool, Pkcs12Error> {
        let Pbmac1 { derivation, scheme } = self.info.algorithm.parameters.ok_or(UNKNOWN)?.decode_as()?;
        if derivation.oid != PBKDF2 {
            return Err(UNKNOWN);
        }
        let Pbkdf2 { salt, rounds, length, function } = derivation.parameters.ok_or(UNKNOWN)?.decode_as()?;
        let (function, _) = algorithms(function.map_or(HMAC_SHA1, |function| function.oid))?;
        let (_, mac) = algorithms(scheme.oid)?;
        let rounds = NonZeroU32::new(rounds).ok_or(UNKNOWN)?;
        secret.check_rounds(rounds.get())?;
        let length = length.map_or(mac.digest_algorithm().output_len(), |length| length.min(LONGEST_KEY).into());
        let mut key = vec![0; length];
        pbkdf2::derive(function, rounds, salt.as_bytes(), secret.utf8(), &mut key);
        Ok(hmac::verify(&hmac::Key::new(mac, &key), content, self.info.digest.as_bytes()).is_ok())
    }
}

fn algorithms(oid: ObjectIdentifier) -> Result<(pbkdf2::Algorithm, hmac::Algorithm), Pkcs12Error> {
    Ok(match oid {
        HMAC_SHA1 => (pbkdf2::PBKDF2_HMAC_SHA1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        HMAC_SHA256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256),
        HMAC_SHA384 => (pbkdf2::PBKDF2_HMAC_SHA384, hmac::HMAC_SHA384),
        HMAC_SHA512 => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512),
        _ => return Err(UNKNOWN),
    })
}

fn one() -> u32 {
    1
}
