//! Anything as a script: what is printed of it is read as the same, and nothing panics or hangs.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsprobe::testing::fuzz_script(input));
