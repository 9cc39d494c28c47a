//! Errors of rustls as text.

use std::fmt::Debug;

use rustls::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use super::offer::Offer;
use super::{alert, objection};

/// What went wrong with this peer, "the server" or "the client".
pub(super) fn sentence(error: &Error, peer: &str, offer: Option<&Offer>) -> String {
    match error {
        Error::AlertReceived(alert) => format!("{peer} {}", alert::sentence(*alert, offer)),
        Error::InvalidCertificate(error) => objection::sentence(error),
        Error::InvalidMessage(message) => format!("{peer} {}", invalid(*message)),
        Error::PeerIncompatible(why) => format!("{peer} {}", incompatible(why)),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            format!("{peer} chose a protocol that was not offered (ALPN)")
        }
        Error::PeerMisbehaved(why) => format!("{peer} violates the rules of TLS: {}", in_words(why)),
        Error::InappropriateMessage { got_type, .. } => {
            format!("{peer} sent a TLS message out of order: {}", in_words(got_type))
        }
        Error::InappropriateHandshakeMessage { got_type, .. } => {
            format!("{peer} sent a handshake message out of order: {}", in_words(got_type))
        }
        Error::InvalidEncryptedClientHello(_) => format!("{peer} and wsprobe do not agree on ECH"),
        Error::NoCertificatesPresented => format!("{peer} sent no certificate"),
        Error::UnsupportedNameType => format!("{peer} has a name of a kind that certificates cannot contain"),
        Error::DecryptError => format!("{peer} sent a record that was modified in transit"),
        Error::PeerSentOversizedRecord => format!("{peer} sent a record that is longer than TLS allows"),
        Error::NoApplicationProtocol => format!("{peer} supports no protocol that was offered (ALPN)"),
        Error::InvalidCertRevocationList(_) => "a revocation list is broken".to_owned(),
        Error::EncryptError => "a record is too long to be encrypted".to_owned(),
        Error::FailedToGetCurrentTime => "the system's clock cannot be read".to_owned(),
        Error::FailedToGetRandomBytes => "the system provides no random numbers".to_owned(),
        Error::HandshakeNotComplete => "the handshake is not complete".to_owned(),
        Error::BadMaxFragmentSize => "the size of a record is out of bounds".to_owned(),
        Error::InconsistentKeys(_) => "our key does not belong to our certificate".to_owned(),
        Error::General(text) => text.clone(),
        Error::Other(other) => other.0.to_string(),
        // rustls may learn of more.
        _ => format!("{peer} and wsprobe are incompatible"),
    }
}

/// Whether it can be an answer in another protocol than TLS.
pub(super) fn is_no_tls(message: InvalidMessage) -> bool {
    matches!(
        message,
        InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion | InvalidMessage::MessageTooLarge
    )
}

fn invalid(message: InvalidMessage) -> String {
    if is_no_tls(message) {
        "does not speak TLS here: it sent something that is not a TLS record".to_owned()
    } else {
        format!("sent an invalid TLS message: {}", in_words(&message))
    }
}

fn incompatible(why: &PeerIncompatible) -> String {
    use PeerIncompatible as Lack;
    let words = match why {
        Lack::ServerDoesNotSupportTls12Or13 => "supports neither TLS 1.2 nor TLS 1.3",
        Lack::ServerTlsVersionIsDisabledByOurConfig => "chose a version of TLS that was not offered",
        Lack::Tls12NotOffered | Lack::Tls12NotOfferedOrEnabled | Lack::SupportedVersionsExtensionRequired => {
            "offers neither TLS 1.2 nor TLS 1.3"
        }
        Lack::NoCipherSuitesInCommon => "has no cipher suite in common with wsprobe",
        Lack::NoKxGroupsInCommon => "has no key exchange in common with wsprobe",
        Lack::NamedGroupsExtensionRequired => "offers no elliptic curve for the key exchange, only older kinds",
        Lack::NoSignatureSchemesInCommon | Lack::NoCertificateRequestSignatureSchemesInCommon => {
            "has no signature algorithm in common with our key"
        }
        Lack::SignatureAlgorithmsExtensionRequired => "offers no signature algorithms: it may be older than TLS 1.2",
        Lack::ServerRejectedEncryptedClientHello(_) => "does not accept an encrypted host name (ECH)",
        other => return format!("lacks something that wsprobe requires: {}", in_words(other)),
    };
    words.to_owned()
}

/// The name of a variant, taken apart.
fn in_words(variant: &dyn Debug) -> String {
    let name = format!("{variant:?}");
    let name = name.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    let mut words = String::new();
    let mut before = ' ';
    for char in name.chars() {
        if char.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.push(char.to_ascii_lowercase());
        before = char;
    }
    words
}
