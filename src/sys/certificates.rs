//! Where the system keeps the certificates that it trusts.

use std::path::PathBuf;

/// The file that `rustls_native_certs` begins with.
#[cfg(all(unix, not(target_os = "macos")))]
#[expect(clippy::disallowed_methods, reason = "`rustls_native_certs` goes by the environment, and this by the same")]
pub(crate) fn bundle() -> Option<PathBuf> {
    match (std::env::var_os("SSL_CERT_FILE"), std::env::var_os("SSL_CERT_DIR")) {
        (Some(file), _) => Some(file.into()),
        // Directories stand for the system's bundle too.
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}

/// Other systems have no bundle, but a service to ask.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) fn bundle() -> Option<PathBuf> {
    None
}
