//! Anything as a PKCS #12 file: nothing panics, hangs or grows, and changes of a file are detected.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_pkcs12(input));
