//! Anything as the payload of compressed messages, and anything as a message that is compressed and inflated again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_deflate(input));
