//! RSA signatures of keys below 2048 bits (RFC 8017, section 8), which ring does not verify: this is not secure,
//! but it is all that a key of that size can prove.

use der::asn1::UintRef;
use der::{Decode as _, Sequence};
use p521::elliptic_curve::bigint::modular::{FixedMontyForm, FixedMontyParams};
use p521::elliptic_curve::bigint::{Odd, U2048};
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::SignatureScheme;

/// A key's public half (RFC 8017, appendix A.1.1).
#[derive(Sequence)]
pub(super) struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// Below this, ring refuses.
pub(super) const COMMON: usize = 2048;

impl<'a> RsaPublicKey<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        Self::from_der(der).ok()
    }

    pub(super) fn bits(&self) -> usize {
        let bytes = self.modulus.as_bytes();
        bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
    }

    /// Whether the signature, by that scheme of TLS, is the key's; `None` if the scheme is none of RSA.
    pub(super) fn verify(&self, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Option<bool> {
        let encoding = Encoding::of(scheme)?;
        let hash = digest(encoding.hash(), message);
        Some(self.encoded(signature).is_some_and(|encoded| match encoding {
            Encoding::Pkcs1(algorithm) => {
                pkcs1(algorithm, hash.as_ref(), encoded.len()).is_some_and(|it| it == encoded)
            }
            Encoding::Pss(algorithm) => is_pss(algorithm, hash.as_ref(), &encoded, self.bits() - 1).unwrap_or(false),
        }))
    }

    /// The encoded message, as long as the modulus (RSAVP1, section 5.2.2).
    fn encoded(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let length = self.modulus.as_bytes().len();
        let (modulus, signature) =
            (number(self.modulus.as_bytes())?, number(signature).filter(|_| signature.len() == length)?);
        let exponent = number(self.exponent.as_bytes())?;
        if signature >= modulus {
            return None;
        }
        let modulus = Option::from(Odd::new(modulus))?;
        let base = FixedMontyForm::new(&signature, &FixedMontyParams::new_vartime(modulus));
        let encoded = base.pow_bounded_exp(&exponent, exponent.bit_width_vartime()).retrieve().to_be_bytes();
        Some(encoded[encoded.len() - length..].to_vec())
    }
}

/// How a hash is made as long as the key.
#[derive(Clone, Copy)]
enum Encoding {
    Pkcs1(&'static Algorithm),
    Pss(&'static Algorithm),
}

impl Encoding {
    fn of(scheme: SignatureScheme) -> Option<Self> {
        Some(match scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => Self::Pkcs1(&SHA256),
            SignatureScheme::RSA_PKCS1_SHA384 => Self::Pkcs1(&SHA384),
            SignatureScheme::RSA_PKCS1_SHA512 => Self::Pkcs1(&SHA512),
            SignatureScheme::RSA_PSS_SHA256 => Self::Pss(&SHA256),
            SignatureScheme::RSA_PSS_SHA384 => Self::Pss(&SHA384),
            SignatureScheme::RSA_PSS_SHA512 => Self::Pss(&SHA512),
            _ => return None,
        })
    }

    fn hash(self) -> &'static Algorithm {
        let (Self::Pkcs1(algorithm) | Self::Pss(algorithm)) = self;
        algorithm
    }
}

fn number(bytes: &[u8]) -> Option<U2048> {
    let mut padded = [0; U2048::BYTES];
    padded.get_mut(U2048::BYTES.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(U2048::from_be_slice(&padded))
}

/// EMSA-PKCS1-v1_5 (section 9.2); `None` if the key is too short for it.
fn pkcs1(algorithm: &'static Algorithm, hash: &[u8], length: usize) -> Option<Vec<u8>> {
    // Note 1 there: the DER up to the hash.
    let kind = if algorithm == &SHA256 {
        1
    } else if algorithm == &SHA384 {
        2
    } else {
        3
    };
    let size = u8::try_from(hash.len()).ok()?;
    let info = [0x30, 17 + size, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, kind, 5, 0, 4, size];
    let padding = length.checked_sub(3 + info.len() + hash.len()).filter(|padding| *padding >= 8)?;
    Some([&[0, 1], &*vec![0xff; padding], &[0], &info, hash].concat())
}

/// EMSA-PSS (section 9.1.2), with a salt as long as the hash, as in TLS (RFC 8446, section 4.2.3).
fn is_pss(algorithm: &'static Algorithm, hash: &[u8], encoded: &[u8], bits: usize) -> Option<bool> {
    let size = hash.len();
    // One byte shorter than the modulus if that begins a byte.
    let (above, encoded) = encoded.split_at(encoded.len() - bits.div_ceil(8));
    let (masked, rest) = encoded.split_at_checked(encoded.len().checked_sub(size + 1)?)?;
    let (seed, trailer) = rest.split_at(size);
    let unused = encoded.len() * 8 - bits;
    let mut block: Vec<u8> = masked.iter().zip(mask(algorithm, seed, masked.len())).map(|(a, b)| a ^ b).collect();
    let first = block.first_mut()?;
    let cleared = 0xff >> unused;
    *first &= cleared;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(size)?)?;
    let is_padded = padding.split_last().is_some_and(|(one, zeros)| *one == 1 && zeros.iter().all(|zero| *zero == 0));
    let expected = digest(algorithm, &[&[0; 8], hash, salt].concat());
    let is_within = above.iter().all(|zero| *zero == 0) && masked[0] & !cleared == 0;
    Some(is_within && trailer == [0xbc] && is_padded && expected.as_ref() == seed)
}

/// MGF1 (appendix B.2.1).
fn mask(algorithm: &'static Algorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|counter| digest(algorithm, &[seed, &counter.to_be_bytes()].concat()));
    let mask: Vec<_> = blocks.take(length.div_ceil(algorithm.output_len())).collect();
    mask.iter().flat_map(AsRef::as_ref).copied().take(length).collect()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};

    use super::*;

    /// Made by OpenSSL for `hello`: the key, a PSS signature with SHA-256, a PKCS #1 signature with SHA-384.
    struct Case {
        bits: usize,
        key: &'static str,
        pss: &'static str,
        pkcs1: &'static str,
    }

    const CASES: [Case; 2] = [
        Case {
            bits: 1024,
            key: "MIGJAoGBAMJjKNUPgxiWUyJMj9AzObO7edkMYk2eYyw53unZhRWgU3EdUjtYqA2c0vrOwJ0SyJ5xiMylRfLbzrYzCMwdnI7pglCN \
             P08DmYtcEAyxi/CdxsO6+g9sZBj7VaFAwGxhaHKoS1C40n05mpSm/w8HcvnlAP7c7XpyE2RP9zBRvMUnAgMBAAE=",
            pss: "gZd6o1JdRI40m3C1k3kf3rKxdDWBi55GBUPD4+/tWnPTWnAUH7VB97EyFisPuFAa3sSPlv17rtL+z2YamHBzus/TrCdmL3Qm9+kY \
             okFenZPwMLREYttb9EMJuHRvNQIizOLYGZTiV2d5uidAiOHEJQMnlI3cA9HXMdXcGJBaags=",
            pkcs1: "R9HgkjCjv9QJcJJY1D/QP1tuAtHt4pNQYVdPszPuthbxyCJ/qhp+ORkYG9jG3t0MUaLeoZjB9yin5g5wcxFf5luASOYDAc8k6TIP \
             dpErl4DmwNrxlXp2YOSUY9bHxW6bfXWjOJuE5TFxXWMBO4/rny8tfQBe1L0qKJzk/ytTuZQ=",
        },
        Case {
            bits: 1025,
            key: "MIGJAoGBAXxFjy10I+nA3vGxRw19v88sahvq+RCwZ//B4JQg7pPeRVKJRLUVo2H2EKZGo/al98xTDIjJ2nSPoSbNZqozNtj5umU7 \
             xcU6nd7TpHC+UGO/wrHirY6L/o6nQj10447RldDwpSrTc2tj2QQnpDjpuKVhiBe7KApup70dWm53OBHDAgMBAAE=",
            pss: "AQbFbu9/nRonpJj4L17ObHAIhAaayu0b2BGEghIx/rOR999CgCyDMsxPuAXWGjt9T9hsFV0lao4MsefiRie5GR8hSaAjzF+HtzwU \
             Pq5FRYOX2luW9ni8xzKuFbjMZVvk90Fi63yZLV0fPRSA5CJWRBqmDcfepeSxwHhSbrWqocyb",
            pkcs1: "AFG49KSv0qwEH287uw8CZbdQnmBG926jHg9576enGfQP+F5okb+g0AcuAZq8TbRH1Je0dDI3zkZzJwhXytzN0kDNUrSPMuPT+4ya \
             M1GraMZIqJ7sJxSwkzvIJ4XL5+6Ygc9MfKGjmi6RHtL6+B8j4Hw+CTxS1UqnU4cMUC8+GLXd",
        },
    ];

    fn bytes(base64: &str) -> Vec<u8> {
        BASE64.decode(base64.replace(' ', "")).unwrap()
    }

    #[test]
    fn what_the_key_has_signed_is_told_from_everything_else() {
        for case in CASES {
            let key = bytes(case.key);
            let key = RsaPublicKey::read(&key).unwrap();
            assert_eq!(key.bits(), case.bits);
            for (scheme, signature) in
                [(SignatureScheme::RSA_PSS_SHA256, case.pss), (SignatureScheme::RSA_PKCS1_SHA384, case.pkcs1)]
            {
                let signature = bytes(signature);
                assert_eq!(key.verify(scheme, b"hello", &signature), Some(true), "{scheme:?}");
                assert_eq!(key.verify(scheme, b"hallo", &signature), Some(false));
                assert_eq!(key.verify(scheme, b"hello", &signature[1..]), Some(false));
                assert_eq!(key.verify(scheme, b"hello", &[&[0], &signature[..]].concat()), Some(false));
                assert_eq!(key.verify(scheme, b"hello", &vec![0xff; signature.len()]), Some(false));
                for at in 0..signature.len() {
                    let mut other = signature.clone();
                    other[at] ^= 1;
                    assert_eq!(key.verify(scheme, b"hello", &other), Some(false), "{at}");
                }
                for other in [SignatureScheme::RSA_PSS_SHA512, SignatureScheme::RSA_PKCS1_SHA256] {
                    assert_eq!(key.verify(other, b"hello", &signature), Some(false));
                }
                assert_eq!(key.verify(SignatureScheme::ED25519, b"hello", &signature), None);
            }
        }
    }

    #[test]
    fn no_key_makes_it_panic() {
        for modulus in [&[][..], &[0], &[1], &[2], &[3], &[0x7f; 9], &[0x7e; 9], &[0x7f; 300]] {
            for exponent in [&[0][..], &[1], &[0x7f; 300]] {
                let key =
                    RsaPublicKey { modulus: UintRef::new(modulus).unwrap(), exponent: UintRef::new(exponent).unwrap() };
                for scheme in [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256] {
                    for signature in [vec![], vec![0; modulus.len()], vec![1; modulus.len()]] {
                        assert_ne!(key.verify(scheme, b"", &signature), Some(true));
                    }
                }
            }
        }
    }
}
