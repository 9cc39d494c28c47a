//! Anything as a request to a server: whom it lets in, and what it answers, does not depend on how the bytes arrive.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_request(input));
