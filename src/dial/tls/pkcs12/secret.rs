//! A passphrase, and the keys that are made of it.

use ring::digest::{Algorithm, Context};

use super::error::{MOST_MEMORY, MOST_ROUNDS, Pkcs12Error};

/// A passphrase, with what may be spent on it.
pub(crate) struct Secret<'p> {
    passphrase: &'p str,
    most_rounds: u32,
    most_memory: usize,
}

/// What a key of PKCS #12 is for (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Encryption = 1,
    Iv = 2,
    Mac = 3,
}

impl<'p> Secret<'p> {
    pub(crate) fn new(passphrase: &'p str) -> Self {
        Self { passphrase, most_rounds: MOST_ROUNDS, most_memory: MOST_MEMORY }
    }

    /// A passphrase that gives up early.
    pub(super) fn in_a_hurry(passphrase: &'p str) -> Self {
        Self { passphrase, most_rounds: 64, most_memory: 1 << 16 }
    }

    /// As PKCS #5 takes it.
    pub(super) fn utf8(&self) -> &[u8] {
        self.passphrase.as_bytes()
    }

    /// # Errors
    /// When that many would take too long.
    pub(super) fn check_rounds(&self, rounds: u32) -> Result<(), Pkcs12Error> {
        if rounds > self.most_rounds { Err(Pkcs12Error::Costly) } else { Ok(()) }
    }

    pub(super) fn check_memory(&self, bytes: u64) -> Result<(), Pkcs12Error> {
        if bytes > self.most_memory as u64 { Err(Pkcs12Error::Costly) } else { Ok(()) }
    }

    /// As PKCS #12 takes it: UTF-16 with a terminator (RFC 7292, appendix B.1). An empty passphrase may also be none at
    /// all, without a terminator, and nothing in the file tells.
    pub(super) fn forms(&self) -> impl Iterator<Item = Vec<u8>> {
        let terminated = self.passphrase.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        let none = self.passphrase.is_empty().then(Vec::new);
        std::iter::once(terminated).chain(none)
    }
}

/// RFC 7292, appendix B.2; the letters are its own.
pub(super) fn derive(
    algorithm: &'static Algorithm,
    purpose: Purpose,
    passphrase: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Vec<u8> {
    let block = algorithm.block_len();
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect() };
    let diversifier = vec![purpose as u8; block];
    let mut i = [filled(salt), filled(passphrase)].concat();
    let mut derived = Vec::with_capacity(length + algorithm.output_len());
    loop {
        let mut a = hash(algorithm, &[&diversifier, &i]);
        for _ in 1..rounds {
            a = hash(algorithm, &[&a]);
        }
        derived.extend_from_slice(&a);
        if derived.len() >= length {
            derived.truncate(length);
            return derived;
        }
        let b: Vec<u8> = a.iter().copied().cycle().take(block).collect();
        i.chunks_mut(block).for_each(|chunk| add_one_more(chunk, &b));
    }
}

/// chunk = chunk + b + 1, the first byte being the highest.
fn add_one_more(chunk: &mut [u8], b: &[u8]) {
    let mut carry = 1;
    for (byte, add) in chunk.iter_mut().zip(b).rev() {
        let sum = u16::from(*byte) + u16::from(*add) + carry;
        [_, *byte] = sum.to_be_bytes();
        carry = sum >> 8;
    }
}

fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};

    use super::*;

    #[test]
    fn keys_are_derived_as_openssl_derives_them() {
        // `openssl kdf -keylen 32 -kdfopt digest:D -kdfopt hexpass:… -kdfopt hexsalt:S -kdfopt id:N PKCS12KDF`
        let hex = |text: &str| crate::text::hex::bytes(text).unwrap();
        let salt = hex("e241f01650dbeae4");
        let passphrase = Secret::new("123456").forms().next().unwrap();
        for (algorithm, purpose, rounds, length, expected) in [
            (&SHA256, Purpose::Mac, 2048, 32, "721259f14aad70b58839f71566b433da1b8ad08f650f4d02faaa0b9b095bb51d"),
            (&SHA1_FOR_LEGACY_USE_ONLY, Purpose::Encryption, 3, 24, "c2098244703404598daf6a6d1f2c80d70a67a36b919fe8e9"),
            (&SHA1_FOR_LEGACY_USE_ONLY, Purpose::Iv, 3, 8, "ca6091478ad8cac4"),
            (
                &SHA512,
                Purpose::Mac,
                5,
                64,
                "5cc2bb8274d8c83287668b9ee7547e678c08b293f9e89c1e4d638d6eec0ba8677759e0081b15af20caa3ce5133bf8acf0d962bc5dfc06fb1ee649003923afe6e",
            ),
            (
                &SHA384,
                Purpose::Encryption,
                1,
                100,
                "b1991cee4375a80a559928650b4f5ad73649c9792312a140f5d7fd30de2da9e82af1ddb5cce35f1528d61249815ca5959ad9d16e6c81bef9d9cf40eabc2f2187960c02b178bb4b4023f2072a732f74dddb3e74bc0740d8b79ee1f8e0df4b80842b763a4f",
            ),
        ] {
            assert_eq!(derive(algorithm, purpose, &passphrase, &salt, rounds, length), hex(expected));
        }
    }

    #[test]
    fn an_empty_passphrase_may_be_none_at_all() {
        let forms = |passphrase| Secret::new(passphrase).forms().collect::<Vec<_>>();
        assert_eq!(forms(""), [vec![0, 0], vec![]]);
        assert_eq!(forms("aß"), [vec![0, 0x61, 0, 0xdf, 0, 0]]);
    }
}
