//! wsprobe, a terminal client for WebSocket servers.
//!
//! ```text
//! args -> Cli -> Plan -> connect -> session -> render -> bytes
//!                        Input goes in, Event comes out, End says how it ended
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `cli` | clap, the environment, the manual; `unescape` reads the escapes of options and input |
//! | `plan` | what a run needs, gathered from the option structs of the modules below |
//! | `front` | threads and input: the pipe, the prompt, the server (`listen`, which is also behind `demo`), scripts (`scripts`, `play`, `run`), recordings (`replay`) |
//! | `command` | the slash commands of the prompt: parsing, help and completion from one table |
//! | `connect` | the order of dial, handshake, redirect, wire |
//! | `dial` | names, addresses, sockets, proxies, TLS |
//! | `handshake`, `request`, `target` | the opening handshake, what it says, to whom |
//! | `wire` | frames, compression, what is seen of them; tungstenite |
//! | `session` | the pump: socket and clock; keepalive, reconnecting; when and how it ends |
//! | `recording` | recordings read back: whose turn it was, when, and whether the same answers come |
//! | `script` | the language of `run`: its tree, parsing, formatting, judging |
//! | `render` | from events to bytes: text, JSON, hexdumps, records |
//! | `term` | stdout, stderr, the terminal's state, escaping |
//! | `file` | files that the user names: opening and reading them without end |
//! | `masking` | what is secret in URLs, header fields and subprotocols, and how it is shown |
//! | `event`, `error` | the shared words; what goes wrong before a session |

#![deny(unsafe_code)]

mod cli;
mod command;
mod connect;
mod dial;
mod error;
mod event;
mod file;
mod front;
mod handshake;
mod masking;
mod plan;
mod recording;
mod render;
mod request;
mod script;
mod session;
mod target;
mod term;
mod unescape;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs wsprobe with the arguments of its command line, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let code = match cli::job(args, &cli::Env::read()) {
        Ok(job) => front::run(job),
        Err(error) => front::complain(&error),
    };
    ExitCode::from(code)
}

/// What tests, benchmarks and fuzzers call; no part of the library's face.
#[doc(hidden)]
pub mod testing {
    pub mod parts;

    pub use crate::dial::tls::pkcs12::fuzz::pkcs12 as fuzz_pkcs12;
    pub use crate::front::serve::{Client, Said, Server};
    pub use crate::handshake::fuzz::handshake as fuzz_handshake;
    pub use crate::script::fuzz::script as fuzz_script;
    pub use crate::wire::bench::Wire;
    pub use crate::wire::fuzz::{deflate as fuzz_deflate, frame as fuzz_frame, verify as fuzz_verify};
}
