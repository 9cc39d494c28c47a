//! Why a PKCS #12 file cannot be used.

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Pkcs12Error {
    #[error("the passphrase is wrong")]
    Passphrase,
    #[error("the passphrase is wrong, or the file was changed after it was made: its MAC does not fit")]
    Changed,
    #[error("it is protected by {0}, which wsprobe does not know; `openssl pkcs12` can write another")]
    Unknown(&'static str),
    #[error("it takes longer to open than is reasonable: more than {} rounds, or {} MiB", super::secret::MOST_ROUNDS, super::secret::MOST_MEMORY >> 20)]
    Costly,
    #[error("its PKCS #12 is broken: {0}")]
    Broken(#[from] der::Error),
}
