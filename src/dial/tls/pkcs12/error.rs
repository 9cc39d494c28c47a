//! Why a PKCS #12 file cannot be used.

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Pkcs12Error {
    #[error("the passphrase is wrong")]
    Passphrase,
    #[error("the passphrase is wrong, or the file was changed after it was made: its MAC does not match")]
    Changed,
    #[error("it is protected by {0}, which wsprobe does not support; convert it with `openssl pkcs12`")]
    Unknown(&'static str),
    #[error("opening it would cost too much: more than {} iterations, or {} \
        MiB", super::secret::MOST_ROUNDS, super::secret::MOST_MEMORY >> 20)]
    Costly,
    #[error("its PKCS #12 is broken: {0}")]
    Broken(#[from] der::Error),
}
