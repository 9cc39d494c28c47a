//! Encryption by a passphrase: what PKCS #12 brings itself (RFC 7292, appendix C) and PBES2 (RFC 8018).

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyIvInit as _};
use der::Sequence;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::{self, EncryptionScheme};
use pkcs8::spki::AlgorithmIdentifierRef;
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;

use super::error::Pkcs12Error;
use super::secret::{Purpose, Secret, derive};

/// Salt and rounds of the encryptions that PKCS #12 brings itself.
#[derive(Sequence)]
struct CipherParameters<'a> {
    salt: &'a OctetStringRef,
    rounds: u32,
}

#[derive(Clone, Copy)]
enum Cipher {
    TripleDes,
    /// With two keys, the first of which is used twice.
    TwoKeyDes,
    Rc2 {
        bits: usize,
    },
}

const RC4_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1");
const RC4_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2");
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const TWO_KEY_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4");
const RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
const RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

pub(super) fn decrypt(
    algorithm: AlgorithmIdentifierRef<'_>,
    data: &[u8],
    secret: &Secret<'_>,
) -> Result<Vec<u8>, Pkcs12Error> {
    let cipher = match algorithm.oid {
        TRIPLE_DES => Cipher::TripleDes,
        TWO_KEY_DES => Cipher::TwoKeyDes,
        RC2_128 => Cipher::Rc2 { bits: 128 },
        RC2_40 => Cipher::Rc2 { bits: 40 },
        RC4_128 | RC4_40 => return Err(Pkcs12Error::Unknown("RC4")),
        _ => return decrypt_pbes2(algorithm, data, secret),
    };
    let parameters = algorithm.parameters.ok_or(UNKNOWN)?;
    let CipherParameters { salt, rounds } = parameters.decode_as()?;
    secret.check_rounds(rounds)?;
    let mut plain = secret.forms().filter_map(|passphrase| {
        let derived =
            |purpose, length| derive(&SHA1_FOR_LEGACY_USE_ONLY, purpose, &passphrase, salt.as_bytes(), rounds, length);
        cipher.decrypt(&derived(Purpose::Encryption, cipher.key_length()), &derived(Purpose::Iv, 8), data)
    });
    // With a wrong key, the padding is valid now and then, but hardly ever after a SEQUENCE.
    plain.find(|plain| plain.first() == Some(&0x30)).ok_or(Pkcs12Error::Passphrase)
}

const UNKNOWN: Pkcs12Error = Pkcs12Error::Unknown("an encryption");

impl Cipher {
    fn key_length(self) -> usize {
        match self {
            Self::TripleDes => 24,
            Self::TwoKeyDes => 16,
            Self::Rc2 { bits } => bits / 8,
        }
    }

    /// `None` if there is no padding at the end, as with a wrong key.
    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        if let Self::Rc2 { bits } = self {
            let cipher = rc2::Rc2::new_with_eff_key_len(key, bits);
            return cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?.decrypt_padded_vec::<Pkcs7>(data).ok();
        }
        let key = [key, &key[..24 - key.len()]].concat();
        let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, iv);
        cipher.ok()?.decrypt_padded_vec::<Pkcs7>(data).ok()
    }
}

fn decrypt_pbes2(
    algorithm: AlgorithmIdentifierRef<'_>,
    data: &[u8],
    secret: &Secret<'_>,
) -> Result<Vec<u8>, Pkcs12Error> {
    let scheme = EncryptionScheme::try_from(algorithm).map_err(|_| UNKNOWN)?;
    match scheme.pbes2().ok_or(Pkcs12Error::Unknown("DES"))?.kdf {
        Kdf::Pbkdf2(ref kdf) => secret.check_rounds(kdf.iteration_count)?,
        Kdf::Scrypt(ref kdf) => {
            let block = 128 * u64::from(kdf.block_size);
            secret.check_memory(block.saturating_mul(kdf.cost_parameter))?;
            secret.check_memory(block.saturating_mul(kdf.parallelization.into()))?;
        }
        _ => return Err(UNKNOWN),
    }
    scheme.decrypt(secret.utf8(), data).map_err(|error| match error {
        pkcs5::Error::DecryptFailed | pkcs5::Error::EncryptFailed => Pkcs12Error::Passphrase,
        _ => UNKNOWN,
    })
}
