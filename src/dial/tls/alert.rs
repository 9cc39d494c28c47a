//! Alerts of the TLS peer (RFC 8446, section 6) as text, and hints.

use rustls::AlertDescription as Alert;

use super::alpn::Alpn;
use super::offer::Offer;

/// What an alert means, after "the server" or "the client".
pub(super) fn sentence(alert: Alert, offer: Option<&Offer>) -> String {
    let (name, words) = match alert {
        Alert::CloseNotify => ("close_notify", "closed the connection instead of finishing the handshake"),
        Alert::UnexpectedMessage => ("unexpected_message", "did not expect our message"),
        Alert::BadRecordMac => ("bad_record_mac", "received a record that was modified in transit"),
        Alert::DecryptionFailed => ("decryption_failed", "could not decrypt our record"),
        Alert::RecordOverflow => ("record_overflow", "received a record that is too long"),
        Alert::DecompressionFailure => ("decompression_failure", "could not decompress our record"),
        Alert::HandshakeFailure => ("handshake_failure", "found no TLS parameters that both sides support"),
        Alert::NoCertificate => ("no_certificate", "has no certificate to send"),
        Alert::BadCertificate => ("bad_certificate", "cannot use our certificate, or requires one"),
        Alert::UnsupportedCertificate => ("unsupported_certificate", "does not support our kind of certificate"),
        Alert::CertificateRevoked => ("certificate_revoked", "says that our certificate is revoked"),
        Alert::CertificateExpired => ("certificate_expired", "says that our certificate is not valid at this time"),
        Alert::CertificateUnknown => ("certificate_unknown", "does not accept our certificate"),
        Alert::IllegalParameter => ("illegal_parameter", "found an illegal value in our handshake"),
        Alert::UnknownCA => ("unknown_ca", "does not trust the authority that signed our certificate"),
        Alert::AccessDenied => ("access_denied", "accepts our certificate, but denies it access"),
        Alert::DecodeError => ("decode_error", "could not read our handshake"),
        Alert::DecryptError => ("decrypt_error", "found a wrong signature or checksum in our handshake"),
        Alert::ExportRestriction => ("export_restriction", "follows an obsolete rule about the export of ciphers"),
        Alert::ProtocolVersion => ("protocol_version", "supports no version of TLS that was offered"),
        Alert::InsufficientSecurity => ("insufficient_security", "requires stronger ciphers than were offered"),
        Alert::InternalError => ("internal_error", "failed with an internal error"),
        Alert::InappropriateFallback => ("inappropriate_fallback", "was offered an older version than it expects"),
        Alert::UserCanceled => ("user_canceled", "cancelled the handshake"),
        Alert::NoRenegotiation => ("no_renegotiation", "does not renegotiate"),
        Alert::MissingExtension => ("missing_extension", "requires an extension that is missing in our handshake"),
        Alert::UnsupportedExtension => ("unsupported_extension", "received an extension that it did not request"),
        Alert::CertificateUnobtainable => ("certificate_unobtainable", "could not fetch our certificate"),
        Alert::UnrecognisedName => ("unrecognized_name", "does not serve the name that was requested"),
        Alert::BadCertificateStatusResponse => ("bad_certificate_status_response", "received an invalid OCSP response"),
        Alert::BadCertificateHashValue => ("bad_certificate_hash_value", "fetched a certificate that is not ours"),
        Alert::UnknownPSKIdentity => ("unknown_psk_identity", "does not know our pre-shared key"),
        Alert::CertificateRequired => ("certificate_required", "requires a certificate from us"),
        Alert::NoApplicationProtocol => ("no_application_protocol", "supports no protocol that was offered"),
        Alert::EncryptedClientHelloRequired => ("ech_required", "requires an encrypted host name (ECH)"),
        other => return format!("sent an alert that TLS does not define ({})", u8::from(other)),
    };
    match (alert, offer) {
        (Alert::ProtocolVersion, Some(offer)) => format!("{words} ({}; alert {name})", offer.versions),
        (Alert::NoApplicationProtocol, Some(offer)) => format!("{words} ({}; alert {name})", offer.alpn),
        _ => format!("{words} (alert {name})"),
    }
}

/// What a client may try.
pub(super) fn hint(alert: Alert, offer: &Offer) -> Option<&'static str> {
    Some(match alert {
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
        | Alert::DecodeError
        | Alert::HandshakeFailure
            if offer.old_identity =>
        {
            OLD_IDENTITY
        }
        Alert::HandshakeFailure if offer.identity => {
            "it may reject our certificate, or support only ciphers that wsprobe does not support, such as those with \
             CBC"
        }
        Alert::HandshakeFailure => {
            "it may require a certificate from us (--cert FILE), or support only ciphers that wsprobe does not \
             support, such as those with CBC"
        }
        Alert::CertificateRequired | Alert::NoCertificate | Alert::CertificateUnobtainable if !offer.identity => {
            CERTIFICATE
        }
        Alert::BadCertificate | Alert::CertificateUnknown | Alert::AccessDenied if !offer.identity => CERTIFICATE,
        Alert::UnknownCA if offer.identity => "the file of --cert may lack the chain up to an authority that it knows",
        Alert::CertificateExpired => "renew the certificate of --cert, or check the clocks of both machines",
        Alert::CertificateRequired
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => "use another certificate with --cert",
        Alert::UnrecognisedName if offer.name => "use a different name for --sni",
        Alert::UnrecognisedName => "name a host that it serves with --sni NAME",
        Alert::ProtocolVersion => return Some(version_hint(offer)),
        Alert::InsufficientSecurity => "wsprobe offers only AES-GCM and ChaCha20, with key exchange on elliptic curves",
        Alert::NoApplicationProtocol if offer.alpn == Alpn::Http1 => {
            "this port may serve only HTTP/2, or another protocol: --http2 offers it too"
        }
        Alert::NoApplicationProtocol if offer.alpn == Alpn::Http2 => "it may not speak HTTP/2: --http1.1 does without",
        Alert::NoApplicationProtocol => "this port may serve another protocol",
        Alert::EncryptedClientHelloRequired => "wsprobe does not support ECH",
        Alert::InternalError => "the server's log may say more",
        Alert::BadRecordMac | Alert::DecryptError => "a proxy or a firewall on the path may modify the traffic",
        _ => return None,
    })
}

/// The hint after a version mismatch.
pub(super) fn version_hint(offer: &Offer) -> &'static str {
    if offer.versions.is_all() {
        "it may support only versions older than TLS 1.2, which wsprobe does not support"
    } else {
        "it may require another version of TLS: see --tls-min and --tls-max"
    }
}

const OLD_IDENTITY: &str = "the certificate of --cert is of X.509 version 1, which many servers reject: reissue it with extensions, as in \
    `openssl x509 -req -in NAME.csr -CA ca.pem -CAkey ca.key -out NAME.pem -extfile EXT`, where EXT has the line \
    `extendedKeyUsage=clientAuth`";

const CERTIFICATE: &str = "use --cert FILE";
