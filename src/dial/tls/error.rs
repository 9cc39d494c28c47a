//! Why TLS failed, and what to try.

use std::{fmt, io};

use rustls::{Error, InvalidMessage, PeerIncompatible};

use super::offer::Offer;
use super::{alert, fault, objection};

/// A handshake that failed, as a client sees it.
#[derive(Debug)]
pub(crate) struct TlsError {
    cause: Cause,
    offer: Offer,
}

#[derive(Debug)]
enum Cause {
    Tls(Error),
    /// The server went away in the middle.
    Closed,
    Io(io::Error),
}

/// An error of rustls on an open connection, for reads and writes.
#[derive(Debug)]
struct TlsFault {
    error: Error,
    peer: &'static str,
}

pub(crate) const SERVER: &str = "the server";
pub(crate) const CLIENT: &str = "the client";

impl TlsError {
    pub(crate) fn new(error: io::Error, offer: Offer) -> Self {
        let cause = match tls(&error) {
            Some(tls) => Cause::Tls(tls.clone()),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Cause::Closed,
            None => Cause::Io(error),
        };
        Self { cause, offer }
    }

    /// TLS 1.3 lets a client go on before the server has looked at its certificate, so the server's refusal arrives
    /// when the request is already under way.
    pub(crate) fn late(error: &io::Error, offer: Offer) -> Option<Self> {
        let error = tls(error).filter(|error| matches!(error, Error::AlertReceived(_)))?;
        Some(Self { cause: Cause::Tls(error.clone()), offer })
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match &self.cause {
            Cause::Tls(error) => hint(error, &self.offer),
            Cause::Closed => Some(PLAIN),
            Cause::Io(_) => None,
        }
    }

    /// Whether the error may be temporary: a broken connection may be, a verdict is not.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.cause, Cause::Closed | Cause::Io(_))
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Tls(error) => f.write_str(&fault::sentence(error, SERVER, Some(&self.offer))),
            Cause::Closed => f.write_str("the server closed the connection in the middle of the handshake"),
            Cause::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fault::sentence(&self.error, self.peer, None))
    }
}

impl std::error::Error for TlsFault {}

/// The same error, in words that people read.
pub(crate) fn in_words(error: io::Error, peer: &'static str) -> io::Error {
    match tls(&error) {
        Some(tls) => io::Error::new(error.kind(), TlsFault { error: tls.clone(), peer }),
        None => error,
    }
}

/// What a server says of a handshake that failed.
pub(crate) fn in_words_of_handshake(error: io::Error) -> io::Error {
    match tls(&error) {
        Some(Error::InvalidMessage(message)) if fault::is_no_tls(*message) => {
            io::Error::new(error.kind(), "the client does not speak TLS: it may have used ws:// instead of wss://")
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "the client closed the connection in the middle of the handshake")
        }
        _ => in_words(error, CLIENT),
    }
}

fn tls(error: &io::Error) -> Option<&Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref().or_else(|| inner.downcast_ref::<TlsFault>().map(|fault| &fault.error))
}

fn hint(error: &Error, offer: &Offer) -> Option<&'static str> {
    match error {
        Error::AlertReceived(alert) => alert::hint(*alert, offer),
        Error::InvalidCertificate(error) => Some(objection::hint(error)),
        Error::InvalidMessage(message) if fault::is_no_tls(*message) => Some(PLAIN),
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => Some("its certificate chain may be longer than 64 KiB"),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Some(alert::version_hint(offer)),
        Error::DecryptError => Some("a proxy or a firewall on the path may modify the traffic"),
        Error::PeerMisbehaved(rustls::PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            Some("this port may serve only HTTP/2 or another protocol")
        }
        _ => None,
    }
}

const PLAIN: &str = "use ws:// for a port without TLS";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{
        AlertDescription, CertRevocationListError, CertificateError, ContentType, EncryptedClientHelloError,
        ExtendedKeyPurpose, HandshakeType, InconsistentKeys, OtherError, PeerMisbehaved,
    };

    use super::super::Alpn;
    use super::*;
    use crate::dial::tls::versions::{Version, Versions};

    fn time() -> UnixTime {
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(981_158_400))
    }

    /// One of each kind that rustls has.
    fn certificate_errors() -> Vec<CertificateError> {
        use CertificateError as Bad;
        let other = |error: webpki::Error| Bad::Other(OtherError(Arc::new(error)));
        let id = vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0];
        let mut all = vec![
            Bad::BadEncoding,
            Bad::Expired,
            Bad::ExpiredContext { time: time(), not_after: time() },
            Bad::NotValidYet,
            Bad::NotValidYetContext { time: time(), not_before: time() },
            Bad::Revoked,
            Bad::UnhandledCriticalExtension,
            Bad::UnknownIssuer,
            Bad::UnknownRevocationStatus,
            Bad::ExpiredRevocationList,
            Bad::ExpiredRevocationListContext { time: time(), next_update: time() },
            Bad::BadSignature,
            Bad::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: id.clone(),
                supported_algorithms: Vec::new(),
            },
            Bad::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: id.clone(),
                public_key_algorithm_id: id,
            },
            Bad::NotValidForName,
            Bad::NotValidForNameContext {
                expected: ServerName::try_from("localhost").unwrap(),
                presented: vec!["DnsName(\"a.example\")".to_owned()],
            },
            Bad::InvalidPurpose,
            Bad::InvalidPurposeContext {
                required: ExtendedKeyPurpose::ServerAuth,
                presented: vec![ExtendedKeyPurpose::Other(vec![1, 2, 3])],
            },
            Bad::InvalidOcspResponse,
            Bad::ApplicationVerificationFailure,
        ];
        all.extend(webpki_errors().into_iter().map(other));
        all
    }

    fn webpki_errors() -> Vec<webpki::Error> {
        vec![
            webpki::Error::BadDer,
            webpki::Error::BadDerTime,
            webpki::Error::CaUsedAsEndEntity,
            webpki::Error::CertDistrusted,
            webpki::Error::EmptyEkuExtension,
            webpki::Error::EndEntityUsedAsCa,
            webpki::Error::ExtensionValueInvalid,
            webpki::Error::InvalidNetworkMaskConstraint,
            webpki::Error::InvalidSerialNumber,
            webpki::Error::MalformedDnsIdentifier,
            webpki::Error::MalformedExtensions,
            webpki::Error::MalformedNameConstraint,
            webpki::Error::MaximumNameConstraintComparisonsExceeded,
            webpki::Error::MaximumPathBuildCallsExceeded,
            webpki::Error::MaximumPathDepthExceeded,
            webpki::Error::MaximumSignatureChecksExceeded,
            webpki::Error::NameConstraintViolation,
            webpki::Error::PathLenConstraintViolated,
            webpki::Error::SignatureAlgorithmMismatch,
            webpki::Error::UnsupportedCertVersion,
            webpki::Error::UnsupportedCriticalExtension,
        ]
    }

    fn errors() -> Vec<Error> {
        let mut all = vec![
            Error::InappropriateMessage {
                expect_types: vec![ContentType::Alert],
                got_type: ContentType::ApplicationData,
            },
            Error::InappropriateHandshakeMessage {
                expect_types: vec![HandshakeType::Certificate],
                got_type: HandshakeType::HelloRetryRequest,
            },
            Error::InvalidEncryptedClientHello(EncryptedClientHelloError::InvalidConfigList),
            Error::NoCertificatesPresented,
            Error::UnsupportedNameType,
            Error::DecryptError,
            Error::EncryptError,
            Error::InvalidCertRevocationList(CertRevocationListError::ParseError),
            Error::General("something broke".to_owned()),
            Error::FailedToGetCurrentTime,
            Error::FailedToGetRandomBytes,
            Error::HandshakeNotComplete,
            Error::PeerSentOversizedRecord,
            Error::NoApplicationProtocol,
            Error::BadMaxFragmentSize,
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
            Error::Other(OtherError(Arc::new(io::Error::other("something else broke")))),
        ];
        all.extend(certificate_errors().into_iter().map(Error::InvalidCertificate));
        all.extend((0..=255).map(|code| Error::AlertReceived(AlertDescription::from(code))));
        let messages = [
            InvalidMessage::CertificatePayloadTooLarge,
            InvalidMessage::HandshakePayloadTooLarge,
            InvalidMessage::InvalidContentType,
            InvalidMessage::MissingData("CertificatePayload"),
            InvalidMessage::DuplicateExtension(7),
            InvalidMessage::UnexpectedMessage("ServerHello"),
            InvalidMessage::UnknownProtocolVersion,
        ];
        all.extend(messages.map(Error::InvalidMessage));
        let misbehaved = [
            PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported,
            PeerMisbehaved::SelectedUnofferedApplicationProtocol,
            PeerMisbehaved::SelectedUnofferedCipherSuite,
        ];
        all.extend(misbehaved.map(Error::PeerMisbehaved));
        let incompatible = [
            PeerIncompatible::EcPointsExtensionRequired,
            PeerIncompatible::ExtendedMasterSecretExtensionRequired,
            PeerIncompatible::NoCipherSuitesInCommon,
            PeerIncompatible::NoKxGroupsInCommon,
            PeerIncompatible::NoSignatureSchemesInCommon,
            PeerIncompatible::ServerDoesNotSupportTls12Or13,
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            PeerIncompatible::Tls12NotOffered,
            PeerIncompatible::ServerRejectedEncryptedClientHello(None),
        ];
        all.extend(incompatible.map(Error::PeerIncompatible));
        all
    }

    fn offers() -> impl Iterator<Item = Offer> {
        let all = Versions { min: Version::V12, max: Version::V13 };
        let one = Versions { min: Version::V13, max: Version::V13 };
        [all, one].into_iter().flat_map(|versions| {
            [false, true].map(|given| Offer {
                versions,
                identity: given,
                old_identity: false,
                name: given,
                alpn: Alpn::Http1,
            })
        })
    }

    /// Whether it looks like what only a programmer of rustls would write.
    fn is_debug_text(words: &str) -> bool {
        let is_camel = |word: &str| {
            let inner = word.chars().zip(word.chars().skip(1));
            inner.clone().filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase()).count() > 0
                && !["serverAuth", "subjectAltName", "ChaCha20", "KiB"].contains(&word)
        };
        words.split(|char: char| !char.is_ascii_alphanumeric()).any(is_camel)
            || ["{", "}", "::", "\"", "[", "None", "Some"].iter().any(|part| words.contains(part))
    }

    #[test]
    fn every_error_of_rustls_has_a_sentence_and_none_is_the_text_of_its_debug() {
        for (error, offer) in errors().into_iter().flat_map(|error| offers().map(move |offer| (error.clone(), offer))) {
            let failure = TlsError::new(io::Error::new(io::ErrorKind::InvalidData, error.clone()), offer);
            let sentence = failure.to_string();
            assert!(sentence.len() > 8 && !is_debug_text(&sentence), "{error:?}: {sentence}");
            assert!(failure.hint().is_none_or(|hint| !is_debug_text(hint)), "{error:?}: {:?}", failure.hint());
            for words in [
                in_words(io::Error::other(error.clone()), SERVER).to_string(),
                in_words_of_handshake(io::Error::other(error.clone())).to_string(),
            ] {
                assert!(words.len() > 8 && !is_debug_text(&words), "{error:?}: {words}");
            }
        }
    }

    #[test]
    fn every_alert_that_has_a_name_has_words_of_its_own() {
        let named = (0..=255).map(AlertDescription::from).filter(|alert| !format!("{alert:?}").contains("0x"));
        let words: Vec<_> = named.map(|alert| alert::sentence(alert, None)).collect();
        assert_eq!(words.len(), 35);
        assert!(words.iter().all(|words| !words.contains("does not define")), "{words:?}");
        assert_eq!(words.iter().collect::<std::collections::HashSet<_>>().len(), words.len());
        assert_eq!(alert::sentence(AlertDescription::from(200), None), "sent an alert that TLS does not define (200)");
    }

    #[test]
    fn a_hint_does_not_advise_what_was_given() {
        for alert in (0..=255).map(AlertDescription::from) {
            let hint = |offer| alert::hint(alert, &offer).unwrap_or_default();
            for offer in offers().filter(|offer| offer.identity) {
                assert!(!hint(offer).contains("--cert FILE") && !hint(offer).contains("with --sni"), "{alert:?}");
            }
            for offer in offers().filter(|offer| !offer.identity) {
                assert!(!hint(offer).contains("the file of --cert"), "{alert:?}");
            }
        }
    }
}
