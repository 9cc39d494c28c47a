//! Why a PKCS #12 file cannot be used.

/// Some seconds; a file in use has 2,000 to some 100,000.
pub(super) const MOST_ROUNDS: u32 = 10_000_000;
pub(super) const MOST_MEMORY: usize = 256 << 20;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Pkcs12Error {
    #[error("the passphrase is wrong")]
    Passphrase,
    #[error("the passphrase is wrong, or the file was changed after it was made: its MAC does not match")]
    Changed,
    #[error("it is protected by {0}, which wsprobe does not support; convert it with `openssl pkcs12`")]
    Unknown(&'static str),
    #[error("opening it would cost too much: more than {MOST_ROUNDS} iterations, or {} MiB", MOST_MEMORY >> 20)]
    Costly,
    #[error("its PKCS #12 is broken: {0}")]
    Broken(#[from] der::Error),
}
