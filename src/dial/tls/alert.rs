//! What the other side of TLS complains of (RFC 8446, section 6), in words, and what to try.

use rustls::AlertDescription as Alert;

use super::offer::Offer;

/// What an alert means, after "the server" or "the client".
pub(super) fn sentence(alert: Alert, offer: Option<&Offer>) -> String {
    let (name, words) = match alert {
        Alert::CloseNotify => ("close_notify", "ended the connection instead of the handshake"),
        Alert::UnexpectedMessage => ("unexpected_message", "did not expect our message"),
        Alert::BadRecordMac => ("bad_record_mac", "got a record that was changed on its way"),
        Alert::DecryptionFailed => ("decryption_failed", "could not decrypt our record"),
        Alert::RecordOverflow => ("record_overflow", "got a record that is too long for it"),
        Alert::DecompressionFailure => ("decompression_failure", "could not decompress our record"),
        Alert::HandshakeFailure => ("handshake_failure", "found no settings of TLS that suit both sides"),
        Alert::NoCertificate => ("no_certificate", "has no certificate to show"),
        Alert::BadCertificate => ("bad_certificate", "cannot use our certificate, or misses it"),
        Alert::UnsupportedCertificate => ("unsupported_certificate", "does not take our kind of certificate"),
        Alert::CertificateRevoked => ("certificate_revoked", "says that our certificate is revoked"),
        Alert::CertificateExpired => ("certificate_expired", "says that our certificate is not valid at this time"),
        Alert::CertificateUnknown => ("certificate_unknown", "does not accept our certificate"),
        Alert::IllegalParameter => ("illegal_parameter", "found a forbidden value in our handshake"),
        Alert::UnknownCA => ("unknown_ca", "does not trust who signed our certificate"),
        Alert::AccessDenied => ("access_denied", "knows our certificate, but does not let it in"),
        Alert::DecodeError => ("decode_error", "could not read our handshake"),
        Alert::DecryptError => ("decrypt_error", "found a signature or a checksum of our handshake wrong"),
        Alert::ExportRestriction => ("export_restriction", "keeps to an old rule about the export of ciphers"),
        Alert::ProtocolVersion => ("protocol_version", "speaks no version of TLS that was offered"),
        Alert::InsufficientSecurity => ("insufficient_security", "wants stronger ciphers than were offered"),
        Alert::InternalError => ("internal_error", "failed by a fault of its own"),
        Alert::InappropriateFallback => ("inappropriate_fallback", "was offered an older version than it expects"),
        Alert::UserCanceled => ("user_canceled", "cancelled the handshake"),
        Alert::NoRenegotiation => ("no_renegotiation", "does not renegotiate"),
        Alert::MissingExtension => ("missing_extension", "misses an extension in our handshake"),
        Alert::UnsupportedExtension => ("unsupported_extension", "got an extension that it did not ask for"),
        Alert::CertificateUnobtainable => ("certificate_unobtainable", "could not fetch our certificate"),
        Alert::UnrecognisedName => ("unrecognized_name", "serves nobody of the name that was asked for"),
        Alert::BadCertificateStatusResponse => ("bad_certificate_status_response", "got a bad proof by OCSP"),
        Alert::BadCertificateHashValue => ("bad_certificate_hash_value", "fetched another certificate than ours"),
        Alert::UnknownPSKIdentity => ("unknown_psk_identity", "does not know our pre-shared key"),
        Alert::CertificateRequired => ("certificate_required", "requires a certificate of ours"),
        Alert::NoApplicationProtocol => ("no_application_protocol", "speaks no protocol that was offered"),
        Alert::EncryptedClientHelloRequired => ("ech_required", "wants the name of the host encrypted (ECH)"),
        other => return format!("sent an alert that TLS does not define ({})", u8::from(other)),
    };
    match (alert, offer) {
        (Alert::ProtocolVersion, Some(offer)) => format!("{words} ({}; alert {name})", offer.versions),
        (Alert::NoApplicationProtocol, Some(_)) => format!("{words} (ALPN `http/1.1`; alert {name})"),
        _ => format!("{words} (alert {name})"),
    }
}

/// What a client may try.
pub(super) fn hint(alert: Alert, offer: &Offer) -> Option<&'static str> {
    Some(match alert {
        Alert::HandshakeFailure if offer.identity => {
            "it may dislike our certificate, or know only ciphers that wsprobe does not speak, such as those with CBC"
        }
        Alert::HandshakeFailure => {
            "it may want a certificate of ours: --cert FILE; or know only ciphers that wsprobe does not speak, such as \
             those with CBC"
        }
        Alert::CertificateRequired | Alert::NoCertificate | Alert::CertificateUnobtainable if !offer.identity => {
            CERTIFICATE
        }
        Alert::BadCertificate | Alert::CertificateUnknown | Alert::AccessDenied if !offer.identity => CERTIFICATE,
        Alert::UnknownCA if offer.identity => "the file of --cert may lack the chain up to an authority that it knows",
        Alert::CertificateExpired => "renew the certificate of --cert; or one of both clocks is wrong",
        Alert::CertificateRequired
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => "give another certificate to --cert",
        Alert::UnrecognisedName if offer.name => "give another name to --sni",
        Alert::UnrecognisedName => "name a host that it serves with --sni NAME",
        Alert::ProtocolVersion => return Some(version_hint(offer)),
        Alert::InsufficientSecurity => {
            "wsprobe offers AES-GCM and ChaCha20 only, with keys exchanged on elliptic curves"
        }
        Alert::NoApplicationProtocol => "this port may be for HTTP/2 or another protocol alone",
        Alert::EncryptedClientHelloRequired => "wsprobe does not speak ECH",
        Alert::InternalError => "the server's log may tell more",
        Alert::BadRecordMac | Alert::DecryptError => "a proxy or a firewall on the way may change what is sent",
        _ => return None,
    })
}

/// About a version that is not there.
pub(super) fn version_hint(offer: &Offer) -> &'static str {
    if offer.versions.is_all() {
        "it may be older than TLS 1.2, which wsprobe does not speak"
    } else {
        "it may speak another version of TLS: --tls-min, --tls-max"
    }
}

const CERTIFICATE: &str = "give it one with --cert FILE";
