//! What is wrong with a certificate, as text, and hints.

use std::sync::Arc;

use der::SliceReader;
use der::asn1::ObjectIdentifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ExtendedKeyPurpose, OtherError};

use super::crypto::possession::PublicKey;
use super::crypto::provider;
use super::peer::{Certificate, critical_extensions, version};
use super::pin::Pin;

/// What webpki does not say, or says without a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Objection {
    #[error("its certificate is self-signed (`{subject}`)")]
    SelfSigned { subject: String },
    #[error("its certificate is signed by `{issuer}`, which is not trusted")]
    UnknownIssuer { issuer: String },
    #[error("its key is not one of the pinned keys: it is sha256//{found}")]
    Pin { found: Pin },
    #[error("its certificate is for {}, not for `{wanted}`", listed(names))]
    Name { wanted: String, names: Vec<String> },
    #[error("its certificate does not name the hosts that it is for")]
    NoNames,
    #[error("its certificate is of X.509 version {version}, which cannot name the hosts that it is for")]
    OldVersion { version: u8 },
    #[error("{owner} has an RSA key of {bits} bits, which is too short")]
    ShortKey { owner: String, bits: usize },
    #[error("its certificate is for {}, not for servers", listed(purposes))]
    Purpose { purposes: Vec<String> },
    #[error("a certificate in its chain is signed with {algorithm}, which can be forged")]
    OldSignature { algorithm: &'static str },
    #[error("a certificate in its chain is signed with {algorithm}, which wsprobe cannot check")]
    UnknownSignature { algorithm: &'static str },
    #[error("a certificate in its chain has a critical extension that wsprobe does not know{}", named(extensions))]
    CriticalExtension { extensions: Vec<String> },
    #[error("it does not hold the key of its certificate: the signature of the handshake is wrong")]
    NotItsKey,
    #[error("its certificate has a kind of key that wsprobe does not know, so nothing proves that it holds it")]
    UnknownKey,
}

/// What the certificate was looked at for.
pub(super) struct Case<'c> {
    pub(super) leaf: &'c CertificateDer<'c>,
    pub(super) intermediates: &'c [CertificateDer<'c>],
    pub(super) name: &'c ServerName<'c>,
    pub(super) now: UnixTime,
}

impl Objection {
    /// Hints after errors that no authority can fix.
    pub(super) fn to_leaf(leaf: &CertificateDer<'_>) -> Option<Self> {
        match version(leaf) {
            Some(version @ ..3) => Some(Self::OldVersion { version }),
            _ => {
                let bits = PublicKey::of(leaf)?.too_few_bits()?;
                Some(Self::ShortKey { owner: "its certificate".to_owned(), bits })
            }
        }
    }

    /// To a certificate that nobody else has signed, or nobody known.
    pub(super) fn to_issuer(last: &CertificateDer<'_>) -> Option<Self> {
        let Certificate { subject, issuer, .. } = Certificate::read(last)?;
        Some(if subject == issuer { Self::SelfSigned { subject } } else { Self::UnknownIssuer { issuer } })
    }

    /// webpki's error, with the names that it leaves out.
    pub(super) fn behind(error: &CertificateError, case: &Case<'_>) -> Option<Self> {
        use CertificateError as Bad;
        match error {
            Bad::UnknownIssuer => Self::to_issuer(case.intermediates.last().unwrap_or(case.leaf)),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                let names = Certificate::read(case.leaf)?.names;
                let wanted = case.name.to_str().into_owned();
                Some(if names.is_empty() { Self::NoNames } else { Self::Name { wanted, names } })
            }
            Bad::InvalidPurposeContext { presented, .. } => {
                Some(Self::Purpose { purposes: presented.iter().map(purpose).collect() })
            }
            // Signed by a namesake of a trusted authority, with a key of another kind.
            Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { public_key_algorithm_id: key, .. }
                if is_known(key) =>
            {
                Self::to_issuer(case.intermediates.last().unwrap_or(case.leaf))
            }
            Bad::UnsupportedSignatureAlgorithmContext { signature_algorithm_id: id, .. }
            | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id: id, .. } => {
                Some(to_signature(id))
            }
            Bad::Other(other) => match other.0.downcast_ref() {
                Some(webpki::Error::UnsupportedCriticalExtension) => {
                    let all = std::iter::once(case.leaf).chain(case.intermediates);
                    Some(Self::CriticalExtension { extensions: all.flat_map(critical_extensions).collect() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What to try.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::SelfSigned { .. } | Self::UnknownIssuer { .. } => AUTHORITY,
            Self::Pin { .. } => "if the server has a new key, give it to --pin",
            Self::Name { .. } => NAME,
            Self::NoNames => "it needs a subjectAltName; -k skips the check",
            Self::OldVersion { .. } => {
                "it has to be reissued in version 3, as by `openssl x509 -req -in NAME.csr -CA ca.pem -CAkey ca.key \
                 -extfile EXT`, where EXT has the line `subjectAltName=DNS:NAME`; -k skips the check, and --pin then \
                 checks the key"
            }
            Self::ShortKey { .. } => "it needs 2048 bits or more; -k skips the check",
            Self::Purpose { .. } => "it has to be issued for `serverAuth`; -k skips the check",
            Self::OldSignature { .. } => "it has to be reissued, signed with SHA-256; -k skips the check",
            Self::UnknownSignature { .. } | Self::CriticalExtension { .. } => WITHOUT,
            Self::NotItsKey => "someone may be intercepting the connection with a copy of the server's certificate",
            Self::UnknownKey => "without --pin, -k skips the proof",
        }
    }
}

impl From<Objection> for rustls::Error {
    fn from(objection: Objection) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(objection))))
    }
}

/// What is wrong with a certificate by rustls' own judgement, after "its".
pub(super) fn sentence(error: &CertificateError) -> String {
    use CertificateError as Bad;
    let words = match error {
        Bad::Other(other) => return other_sentence(other),
        Bad::ExpiredContext { not_after, .. } => return format!("its certificate expired on {}", date(*not_after)),
        Bad::NotValidYetContext { not_before, .. } => {
            return format!("its certificate is not valid before {}", date(*not_before));
        }
        Bad::ExpiredRevocationListContext { next_update, .. } => {
            return format!("the revocation list for its certificate expired on {}", date(*next_update));
        }
        Bad::BadEncoding => "its certificate is broken",
        Bad::Expired => "its certificate has expired",
        Bad::NotValidYet => "its certificate is not valid yet",
        Bad::Revoked => "its certificate is revoked",
        Bad::UnhandledCriticalExtension => {
            "a certificate in its chain has a critical extension that wsprobe does not know"
        }
        Bad::UnknownIssuer => "its certificate is not signed by a trusted authority",
        Bad::UnknownRevocationStatus => "it cannot be determined whether its certificate is revoked",
        Bad::ExpiredRevocationList => "the revocation list for its certificate has expired",
        Bad::BadSignature => "a certificate in its chain is not signed by the authority that it names",
        Bad::UnsupportedSignatureAlgorithmContext { .. }
        | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a certificate in its chain is signed in a way that wsprobe cannot check"
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "its certificate is for another name",
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => "its certificate is for another purpose",
        Bad::InvalidOcspResponse => "the proof that its certificate is not revoked (OCSP) is invalid",
        Bad::ApplicationVerificationFailure => "its certificate is not accepted",
        // rustls may learn of more.
        _ => "its certificate cannot be checked",
    };
    words.to_owned()
}

fn other_sentence(other: &OtherError) -> String {
    if let Some(objection) = other.0.downcast_ref::<Objection>() {
        return objection.to_string();
    }
    let words = match other.0.downcast_ref::<webpki::Error>() {
        Some(webpki::Error::NameConstraintViolation) => {
            "its certificate is for names that its authority may not sign (name constraints)"
        }
        Some(webpki::Error::CaUsedAsEndEntity) => "its certificate is an authority's, not a server's",
        Some(webpki::Error::EndEntityUsedAsCa) => {
            "a certificate in its chain is signed by one that does not belong \
            to an authority"
        }
        Some(webpki::Error::PathLenConstraintViolated) => {
            "its chain is longer than one of its authorities allows (path length)"
        }
        Some(webpki::Error::UnsupportedCertVersion) => "a certificate in its chain is not of X.509 version 3",
        Some(webpki::Error::CertDistrusted) => "its certificate is distrusted",
        Some(webpki::Error::EmptyEkuExtension) => "its certificate is not valid for any purpose",
        Some(webpki::Error::SignatureAlgorithmMismatch) => {
            "a certificate in its chain states two different signature \
            algorithms"
        }
        Some(
            webpki::Error::MaximumNameConstraintComparisonsExceeded
            | webpki::Error::MaximumPathBuildCallsExceeded
            | webpki::Error::MaximumPathDepthExceeded
            | webpki::Error::MaximumSignatureChecksExceeded,
        ) => "its chain is too long or too complex to be checked",
        _ => "a certificate in its chain is broken",
    };
    words.to_owned()
}

/// What to try about rustls' own judgement.
pub(super) fn hint(error: &CertificateError) -> &'static str {
    use CertificateError as Bad;
    match error {
        Bad::Other(other) => other.0.downcast_ref::<Objection>().map_or(WITHOUT, Objection::hint),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => NAME,
        // No authority makes these good.
        Bad::Expired | Bad::ExpiredContext { .. } => {
            "it has to be renewed, or this machine's clock is wrong; -k skips the check"
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "is this machine's clock right? -k skips the check",
        Bad::UnknownIssuer => AUTHORITY,
        _ => WITHOUT,
    }
}

const AUTHORITY: &str = "name its authority with --cacert FILE, or use -k to skip the check";
const NAME: &str = "use a name that the certificate is for, in the URL or with --sni, or use -k to skip the check";
const WITHOUT: &str = "-k skips the check";

fn date(at: UnixTime) -> String {
    let at = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(at.as_secs()));
    at.map_or_else(String::new, |at| humantime::format_rfc3339_seconds(at).to_string().replace('T', " "))
}

/// Whether wsprobe can check what such keys have signed.
fn is_known(key: &[u8]) -> bool {
    let algorithms = provider().signature_verification_algorithms;
    algorithms.all.iter().any(|algorithm| algorithm.public_key_alg_id().as_ref() == key)
}

fn to_signature(id: &[u8]) -> Objection {
    use Objection::{OldSignature, UnknownSignature};
    let oid: der::Result<ObjectIdentifier> =
        SliceReader::new(id).and_then(|mut reader| der::Decode::decode(&mut reader));
    match oid.map(|oid| oid.to_string()).as_deref() {
        Ok("1.2.840.113549.1.1.2") => OldSignature { algorithm: "RSA and MD2" },
        Ok("1.2.840.113549.1.1.4") => OldSignature { algorithm: "RSA and MD5" },
        Ok("1.2.840.113549.1.1.5" | "1.3.14.3.2.29") => OldSignature { algorithm: "RSA and SHA-1" },
        Ok("1.2.840.10045.4.1") => OldSignature { algorithm: "ECDSA and SHA-1" },
        Ok("1.2.840.10040.4.3") => OldSignature { algorithm: "DSA and SHA-1" },
        Ok("1.2.840.113549.1.1.14") => UnknownSignature { algorithm: "RSA and SHA-224" },
        Ok("1.2.840.113549.1.1.10") => UnknownSignature { algorithm: "RSA-PSS with uncommon parameters" },
        Ok("1.2.840.10045.4.3.1") => UnknownSignature { algorithm: "ECDSA and SHA-224" },
        Ok("1.2.840.10045.4.3.2") => UnknownSignature { algorithm: "ECDSA on an uncommon curve" },
        Ok("1.2.840.10045.4.3.3") => UnknownSignature { algorithm: "ECDSA and SHA-384 on an uncommon curve" },
        Ok("1.2.840.10045.4.3.4") => UnknownSignature { algorithm: "ECDSA and SHA-512 on a curve other than P-521" },
        Ok("1.3.101.113") => UnknownSignature { algorithm: "Ed448" },
        Ok("1.2.156.10197.1.501") => UnknownSignature { algorithm: "SM2" },
        Ok(text) if text.starts_with("2.16.840.1.101.3.4.3.1") || text.starts_with("2.16.840.1.101.3.4.3.2") => {
            UnknownSignature { algorithm: "a post-quantum algorithm (ML-DSA, SLH-DSA)" }
        }
        _ => UnknownSignature { algorithm: "an unknown algorithm" },
    }
}

fn purpose(purpose: &ExtendedKeyPurpose) -> String {
    let words = match purpose {
        ExtendedKeyPurpose::ClientAuth => "clients",
        ExtendedKeyPurpose::ServerAuth => "servers",
        ExtendedKeyPurpose::Other(arcs) => match arcs[..] {
            [1, 3, 6, 1, 5, 5, 7, 3, 3] => "code signing",
            [1, 3, 6, 1, 5, 5, 7, 3, 4] => "e-mail",
            [1, 3, 6, 1, 5, 5, 7, 3, 8] => "time stamping",
            [1, 3, 6, 1, 5, 5, 7, 3, 9] => "OCSP",
            [2, 5, 29, 37, 0] => "any purpose",
            _ => "a private purpose",
        },
    };
    words.to_owned()
}

/// As many as fit into a sentence.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= LISTED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..LISTED].join(", "), names.len() - LISTED),
    }
}

const LISTED: usize = 5;

fn named(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", listed(names)) }
}
