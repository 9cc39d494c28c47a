//! Anything as the head of an answer and of a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_handshake(input));
