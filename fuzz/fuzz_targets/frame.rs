//! Anything as what comes in: the verdict may not depend on how it was cut, and nothing panics or grows.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_frame(input));
