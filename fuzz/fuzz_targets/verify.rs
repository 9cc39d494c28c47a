//! Anything as the extensions of an offer and of an answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_verify(input));
