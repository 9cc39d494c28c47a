//! The curve P-521 (secp521r1) for rustls and webpki: signatures are verified and keys exchanged, none is signed with.

use p521::SecretKey;
use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
use p521::elliptic_curve::sec1::ToSec1Point as _;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// ECDSA with this hash.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ecdsa {
    Sha256,
    Sha384,
    Sha512,
}

/// The exchange of keys, for one connection each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ecdh;

struct Exchange {
    secret: SecretKey,
    public: Vec<u8>,
}

/// The length of a coordinate.
const FIELD: usize = 66;

impl Ecdsa {
    fn hash(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        // A hash is a number (SEC 1, section 4.1.4), and `p521` takes none that is shorter than half of the field.
        let hash = digest(self.hash(), message);
        let mut number = [0; FIELD];
        number[FIELD - hash.as_ref().len()..].copy_from_slice(hash.as_ref());
        key.verify_prehash(&number, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::Sha256 => alg_id::ECDSA_SHA256,
            Self::Sha384 => alg_id::ECDSA_SHA384,
            Self::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}

impl SupportedKxGroup for Ecdh {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = random_key()?;
        let public = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(Exchange { secret, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // RFC 8446, section 4.2.8.2: uncompressed, and on the curve.
        let peer = peer.first().filter(|form| **form == 4).and_then(|_| p521::PublicKey::from_sec1_bytes(peer).ok());
        let peer = peer.ok_or(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare))?;
        let shared = p521::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

fn random_key() -> Result<SecretKey, Error> {
    loop {
        let mut bytes = [0; FIELD];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bytes)
            .map_err(|_: GetRandomFailed| Error::FailedToGetRandomBytes)?;
        // 521 bits; what is not below the order of the curve, nearly never, is drawn again.
        bytes[0] &= 1;
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_an_exchange_come_to_the_same_secret() {
        let [one, other] = [Ecdh.start().unwrap(), Ecdh.start().unwrap()];
        let [public, other_public] = [one.pub_key().to_vec(), other.pub_key().to_vec()];
        assert_eq!((public.len(), public[0]), (1 + 2 * FIELD, 4));
        assert_ne!(public, other_public);
        let [secret, other_secret] = [one.complete(&other_public).unwrap(), other.complete(&public).unwrap()];
        assert_eq!(secret.secret_bytes(), other_secret.secret_bytes());
        assert_eq!(secret.secret_bytes().len(), FIELD);
    }

    #[test]
    fn what_is_no_point_of_the_curve_is_a_bad_key_share() {
        let public = Ecdh.start().unwrap().pub_key().to_vec();
        let mut elsewhere = public.clone();
        elsewhere[50] ^= 1;
        let compressed = [&[2 + (public[2 * FIELD] & 1)], &public[1..=FIELD]].concat();
        for bad in [&[][..], &[0], &public[1..], &elsewhere, &compressed] {
            let refused = Ecdh.start().unwrap().complete(bad).err();
            assert_eq!(refused, Some(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare)));
        }
    }
}
