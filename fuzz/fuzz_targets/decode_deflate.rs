//! `--decode deflate`: what is made of any messages is JSON, within the limit.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wsprobe::testing::fuzz_decode("deflate", data));
