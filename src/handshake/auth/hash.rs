//! The hashes of Digest (RFC 7616, section 3.4), as both sides compute them.

use md5::{Digest as _, Md5};
use ring::digest::{SHA256, SHA512_256, digest};

use crate::text::hex;

/// A hash that has a name in the registry of Digest's algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DigestHash {
    Md5,
    Sha256,
    Sha512256,
}

/// What goes into a response, beside user and password.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestTerms<'t> {
    pub(super) hash: DigestHash,
    /// `-sess`: the nonces go into the key as well.
    pub(super) is_session: bool,
    pub(super) realm: &'t str,
    pub(super) nonce: &'t str,
    pub(super) method: &'t str,
    pub(super) uri: &'t str,
    pub(super) cnonce: &'t str,
    /// The count of the nonce in eight digits, with `qop=auth`; RFC 2069 has none.
    pub(super) count: Option<&'t str>,
}

impl DigestHash {
    /// Reads the name of an algorithm, and whether it ends with `-sess`.
    pub(super) fn from_name(name: &str) -> Option<(Self, bool)> {
        let name = name.to_ascii_uppercase();
        let (base, is_session) = name.strip_suffix("-SESS").map_or((&*name, false), |base| (base, true));
        let hash = match base {
            "MD5" => Self::Md5,
            "SHA-256" => Self::Sha256,
            "SHA-512-256" => Self::Sha512256,
            _ => return None,
        };
        Some((hash, is_session))
    }

    pub(super) fn is_strong(self) -> bool {
        self != Self::Md5
    }

    /// The hash of a text, in hex.
    pub(super) fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex::digits(&Md5::digest(text)),
            Self::Sha256 => hex::digits(digest(&SHA256, text.as_bytes()).as_ref()),
            Self::Sha512256 => hex::digits(digest(&SHA512_256, text.as_bytes()).as_ref()),
        }
    }
}

impl DigestTerms<'_> {
    /// The response (RFC 7616, section 3.4.1).
    pub(super) fn response(&self, user: &str, password: &str) -> String {
        let Self { hash, realm, nonce, method, uri, cnonce, .. } = self;
        let mut secret = hash.of(&format!("{user}:{realm}:{password}"));
        if self.is_session {
            secret = hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = hash.of(&format!("{method}:{uri}"));
        hash.of(&match self.count {
            Some(count) => format!("{secret}:{nonce}:{count}:{cnonce}:auth:{request}"),
            None => format!("{secret}:{nonce}:{request}"),
        })
    }
}
