//! `--pin`: a key that a server has to have.

use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;

use super::crypto::possession::PublicKey;

/// The SHA-256 of a public key (of its SubjectPublicKeyInfo).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pin([u8; 32]);

impl Pin {
    /// Reads `sha256//BASE64`, as curl writes it, or the base64 alone.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let base64 = text.strip_prefix("sha256//").unwrap_or(text);
        BASE64.decode(base64.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// Of the certificate's key; none if that cannot be read.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let key = PublicKey::of(certificate)?;
        Some(Self(digest(&SHA256, &key.der).as_ref().try_into().expect("SHA-256 has 32 bytes")))
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_curl_writes_it() {
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let pin = Pin::from_text(base64).unwrap();
        assert_eq!(Pin::from_text(&format!("sha256//{base64}")), Some(pin));
        assert_eq!(pin.to_string(), base64);
        for bad in ["", "sha256//", "sha1//x", "AAAA", "47DEQpj8HBSa"] {
            assert_eq!(Pin::from_text(bad), None, "{bad}");
        }
    }
}
