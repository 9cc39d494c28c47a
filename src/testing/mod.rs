//! What tests, benchmarks and fuzzers call; not part of the public interface.

pub mod parts;
pub(crate) mod serve;

pub use self::serve::{Client, Said, Server};
pub use crate::cli::option_names;
pub use crate::codec::fuzz::decode as fuzz_decode;
pub use crate::dial::tls::pkcs12::fuzz::pkcs12 as fuzz_pkcs12;
pub use crate::handshake::fuzz::{handshake as fuzz_handshake, request as fuzz_request};
pub use crate::recording::fuzz::recording as fuzz_recording;
pub use crate::script::fuzz::script as fuzz_script;
pub use crate::wire::bench::Wire;
pub use crate::wire::fuzz::{deflate as fuzz_deflate, frame as fuzz_frame, verify as fuzz_verify};
