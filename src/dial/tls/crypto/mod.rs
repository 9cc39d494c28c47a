//! The cryptography of TLS: ring's, with the curve P-521, which ring lacks and which OpenSSL's servers may use.
//!
//! What rustls and webpki refuse to look at, such as keys of 1024 bits, is in `possession` and `rsa`.

mod p521;
pub(super) mod possession;
mod rsa;

use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, WebPkiSupportedAlgorithms, ring};
use webpki::ring as algorithms;

use self::p521::Ecdsa;

/// What both sides of TLS work with.
pub(crate) fn provider() -> CryptoProvider {
    let mut groups = ring::DEFAULT_KX_GROUPS.to_vec();
    // A server with a certificate on P-521 shows it over TLS 1.2 only to those who can exchange keys there as well.
    groups.push(&p521::Ecdh as &dyn SupportedKxGroup);
    CryptoProvider { kx_groups: groups, signature_verification_algorithms: SIGNATURES, ..ring::default_provider() }
}

const P521_SHA256: &Ecdsa = &Ecdsa::Sha256;
const P521_SHA384: &Ecdsa = &Ecdsa::Sha384;
const P521_SHA512: &Ecdsa = &Ecdsa::Sha512;

/// Those of rustls for ring, in their order, with P-521 at the end of each list.
const SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        algorithms::ECDSA_P256_SHA256,
        algorithms::ECDSA_P256_SHA384,
        algorithms::ECDSA_P384_SHA256,
        algorithms::ECDSA_P384_SHA384,
        algorithms::ED25519,
        algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        algorithms::RSA_PKCS1_2048_8192_SHA256,
        algorithms::RSA_PKCS1_2048_8192_SHA384,
        algorithms::RSA_PKCS1_2048_8192_SHA512,
        algorithms::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        algorithms::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
        P521_SHA256,
        P521_SHA384,
        P521_SHA512,
    ],
    // TLS 1.3 takes the first of each list; in TLS 1.2 a scheme leaves the curve open.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[algorithms::ECDSA_P384_SHA384, algorithms::ECDSA_P256_SHA384, P521_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256, P521_SHA256],
        ),
        (SignatureScheme::ED25519, &[algorithms::ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA256, &[algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[algorithms::RSA_PKCS1_2048_8192_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[algorithms::RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[algorithms::RSA_PKCS1_2048_8192_SHA256]),
        (SignatureScheme::ECDSA_NISTP521_SHA512, &[P521_SHA512]),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_ring_offers_is_offered_in_the_same_order() {
        let (ours, rings) = (provider(), ring::default_provider());
        let [theirs, own] = [&rings, &ours].map(|provider| provider.signature_verification_algorithms);
        let (schemes, rest) = own.mapping.split_at(theirs.mapping.len());
        for ((scheme, list), (their_scheme, their_list)) in schemes.iter().zip(theirs.mapping) {
            assert_eq!(scheme, their_scheme);
            for (one, other) in list.iter().zip(*their_list) {
                assert_eq!(one.public_key_alg_id(), other.public_key_alg_id());
                assert_eq!(one.signature_alg_id(), other.signature_alg_id());
            }
        }
        assert_eq!(
            rest.iter().map(|(scheme, _)| *scheme).collect::<Vec<_>>(),
            [SignatureScheme::ECDSA_NISTP521_SHA512]
        );
        assert_eq!(own.all.len(), theirs.all.len() + 3);
        assert_eq!(ours.kx_groups.len(), rings.kx_groups.len() + 1);
    }
}
