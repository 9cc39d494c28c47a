//! What a fuzzer calls: any bytes as a PKCS #12 file and as an encrypted key.

use super::{Secret, is_pkcs12, read, unlock};

/// Parses any bytes as a file; nothing hangs, and invalid files are rejected.
pub fn pkcs12(input: &[u8]) {
    for passphrase in ["", "sesame"] {
        let secret = Secret::in_a_hurry(passphrase);
        if let Ok(contents) = read(input, &secret) {
            assert!(is_pkcs12(input));
            let size: usize = contents.certificates.iter().map(|certificate| certificate.len()).sum();
            assert!(size <= input.len());
        }
        unlock(input, &secret).ok();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dial::tls::pkcs12::error::Pkcs12Error;

    const FILES: [&[u8]; 3] = [
        include_bytes!("../../../../tests/reach/pkcs12/keytool-legacy-ec.p12"),
        include_bytes!("../../../../tests/reach/pkcs12/dotnet-like.p12"),
        include_bytes!("../../../../tests/reach/pkcs12/pbmac1-512-256.p12"),
    ];

    #[test]
    fn a_file_that_would_take_too_long_is_refused() {
        for file in FILES {
            assert_eq!(read(file, &Secret::in_a_hurry("sesame")).err(), Some(Pkcs12Error::Costly));
        }
    }

    #[test]
    fn a_wrong_passphrase_is_named_as_such_also_where_the_padding_is_sound_by_chance() {
        let locked = include_bytes!("../../../../tests/reach/pkcs12/locked-cheaply.der");
        assert!(unlock(locked, &Secret::new("sesame")).is_ok());
        for passphrase in 0..2000 {
            let unlocked = unlock(locked, &Secret::new(&passphrase.to_string()));
            assert_eq!(unlocked.err(), Some(Pkcs12Error::Passphrase), "{passphrase}");
        }
    }

    #[test]
    fn a_change_anywhere_in_a_file_is_found_out() {
        let file = FILES[1];
        let whole = read(file, &Secret::new("sesame")).unwrap();
        for at in (0..file.len()).step_by(29) {
            let mut changed = file.to_vec();
            changed[at] ^= 0x55;
            match read(&changed, &Secret::new("sesame")) {
                // Of no weight: the name of a kind of content, or an attribute.
                Ok(contents) => assert_eq!(contents.certificates, whole.certificates, "{at}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(
            file in prop::sample::select(FILES.to_vec()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in any::<prop::sample::Index>(),
        ) {
            let mut file = file.to_vec();
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            pkcs12(&file);
            file.truncate(length.index(file.len()));
            pkcs12(&file);
        }
    }
}
