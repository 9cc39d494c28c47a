//! Anything as a PKCS #12 file: nothing panics, hangs or grows, and who changes a file is found out.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_pkcs12(input));
