//! The versions of TLS.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V12,
    V13,
}

/// The versions to offer, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) min: Version,
    pub(crate) max: Version,
}

impl Versions {
    pub(super) fn is_all(self) -> bool {
        self.min != self.max
    }

    pub(super) fn offered(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match (self.min, self.max) {
            (Version::V12, Version::V12) => &ALL[1..],
            (Version::V13, _) => &ALL[..1],
            (Version::V12, Version::V13) => &ALL,
        }
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.min, self.max) {
            (_, Version::V12) => "TLS 1.2",
            (Version::V13, _) => "TLS 1.3",
            (Version::V12, Version::V13) => "TLS 1.2 and 1.3",
        })
    }
}
