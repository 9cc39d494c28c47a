//! PKCS #12 (RFC 7292), as far as a client's certificate goes: certificates and keys, under the encryptions in use.
//!
//! The file's MAC is not looked at: it tells a wrong passphrase, which decrypting tells as well, and a change of the
//! file, after which key and certificate would not fit.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyIvInit as _};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::spki::AlgorithmIdentifierRef;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

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
    #[error("it uses the encryption {0}, which wsprobe does not know; `openssl pkcs12` can write another")]
    Unknown(ObjectIdentifier),
    #[error("its PKCS #12 is broken: {0}")]
    Broken(#[from] der::Error),
}

#[derive(Sequence)]
struct Pfx<'a> {
    version: u8,
    auth_safe: ContentInfo<'a>,
    mac: Option<AnyRef<'a>>,
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

/// Salt and rounds of the encryptions that PKCS #12 brings itself (RFC 7292, appendix C).
#[derive(Sequence)]
struct PbeParameters<'a> {
    salt: &'a OctetStringRef,
    rounds: u32,
}

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const SHA1_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// Told by the beginning, whatever the file's name.
pub(super) fn is_pkcs12(bytes: &[u8]) -> bool {
    Pfx::from_der(bytes).is_ok_and(|pfx| pfx.version == 3)
}

pub(super) fn read(bytes: &[u8], passphrase: &str) -> Result<Contents, Unread> {
    let pfx = Pfx::from_der(bytes)?;
    let mut contents = Contents::default();
    for safe in Vec::<ContentInfo<'_>>::from_der(pfx.auth_safe.content.decode_as::<&OctetStringRef>()?.as_bytes())? {
        match safe.kind {
            DATA => contents.add(safe.content.decode_as::<&OctetStringRef>()?.as_bytes(), passphrase)?,
            ENCRYPTED_DATA => {
                let EncryptedContent { algorithm, content, .. } = safe.content.decode_as::<EncryptedData<'_>>()?.info;
                let plain = decrypt(algorithm, content.as_bytes(), passphrase)?;
                contents.add(&plain, passphrase)?;
            }
            // For the holder of a private key: nobody writes these.
            kind => return Err(Unread::Unknown(kind)),
        }
    }
    Ok(contents)
}

impl Contents {
    fn add(&mut self, bags: &[u8], passphrase: &str) -> Result<(), Unread> {
        // What decrypts to something else was decrypted with another passphrase.
        for bag in Vec::<Bag<'_>>::from_der(bags).map_err(|_| Unread::Passphrase)? {
            match bag.kind {
                CERTIFICATE => {
                    let bag = bag.value.decode_as::<CertificateBag<'_>>()?;
                    if bag.kind == X509 {
                        self.certificates.push(CertificateDer::from(bag.certificate.as_bytes().to_vec()));
                    }
                }
                KEY => self.keys.push(PrivatePkcs8KeyDer::from(bag.value.to_der()?).into()),
                SHROUDED_KEY => {
                    let bag = bag.value.decode_as::<ShroudedKey<'_>>()?;
                    let key = decrypt(bag.algorithm, bag.data.as_bytes(), passphrase)?;
                    self.keys.push(PrivatePkcs8KeyDer::from(key).into());
                }
                // Revocation lists and other secrets.
                _ => {}
            }
        }
        Ok(())
    }
}

fn decrypt(algorithm: AlgorithmIdentifierRef<'_>, data: &[u8], passphrase: &str) -> Result<Vec<u8>, Unread> {
    if ![SHA1_3DES, SHA1_RC2_40].contains(&algorithm.oid) {
        let scheme = EncryptionScheme::try_from(algorithm).map_err(|_| Unread::Unknown(algorithm.oid))?;
        return scheme.decrypt(passphrase, data).map_err(|_| Unread::Passphrase);
    }
    let PbeParameters { salt, rounds } =
        algorithm.parameters.ok_or(Unread::Unknown(algorithm.oid))?.decode_as::<PbeParameters<'_>>()?;
    // RFC 7292, appendix B.1: UTF-16, with a terminator.
    let passphrase: Vec<u8> = passphrase.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let derived = |purpose, length| derive(purpose, &passphrase, salt.as_bytes(), rounds, length);
    let iv = derived(IV_MATERIAL, 8);
    let plain = if algorithm.oid == SHA1_3DES {
        let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&derived(KEY_MATERIAL, 24), &iv);
        cipher.expect("the lengths are those of 3DES").decrypt_padded_vec::<Pkcs7>(data)
    } else {
        let cipher = rc2::Rc2::new_with_eff_key_len(&derived(KEY_MATERIAL, 5), 40);
        let cipher = cbc::Decryptor::inner_iv_slice_init(cipher, &iv);
        cipher.expect("the length is that of RC2's block").decrypt_padded_vec::<Pkcs7>(data)
    };
    plain.map_err(|_| Unread::Passphrase)
}

/// What the derived bytes are for (RFC 7292, appendix B.3).
const KEY_MATERIAL: u8 = 1;
const IV_MATERIAL: u8 = 2;

/// The block of SHA-1.
const BLOCK: usize = 64;

/// RFC 7292, appendix B.2, with SHA-1; the letters are its own.
fn derive(purpose: u8, passphrase: &[u8], salt: &[u8], rounds: u32, length: usize) -> Vec<u8> {
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(BLOCK) * BLOCK).collect() };
    let mut i = [filled(salt), filled(passphrase)].concat();
    let mut derived = Vec::with_capacity(length + 20);
    loop {
        let mut a = sha1(&[&[purpose; BLOCK], i.as_slice()]);
        for _ in 1..rounds {
            a = sha1(&[&a]);
        }
        derived.extend_from_slice(&a);
        if derived.len() >= length {
            derived.truncate(length);
            return derived;
        }
        let b: Vec<u8> = a.iter().copied().cycle().take(BLOCK).collect();
        for block in i.chunks_mut(BLOCK) {
            let mut carry = 1;
            for (byte, add) in block.iter_mut().zip(&b).rev() {
                let sum = u16::from(*byte) + u16::from(*add) + carry;
                [_, *byte] = sum.to_be_bytes();
                carry = sum >> 8;
            }
        }
    }
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}
