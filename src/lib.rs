//! wsprobe, a terminal client for WebSocket servers.
//!
//! ```text
//! args -> Cli -> Job -> connect -> session -> render -> bytes
//!                       Input goes in, Event comes out, End says how it ended
//! ```
//!
//! The rooms, from the top. Each imports only what is below it; `tests/structure.rs` holds that.
//!
//! | module | owns |
//! |---|---|
//! | `cli` | clap, the environment, the manual: from what was typed to a `Job` |
//! | `app` | which command does a `Job` |
//! | `commands` | the order of a run: `pipe`, `prompt`, `listen`, `run`, `ping`, `load`, `check`, `replay`, `record_to_script`, `import`, `check_scripts`; none imports another |
//! | `server` | accepts clients, and does with each what was asked for: echo, broadcast, a command, a TCP connection, a relay, a script, a recording |
//! | `report` | `--report`: TAP, JUnit and JSON of tests, whatever a test is |
//! | `play` | plays scripts and recordings, and loads their files |
//! | `runtime` | the runtime, the time limit of a run, how its failure is told |
//! | `client` | connects, and again; where events go: stdout, records, stderr |
//! | `input` | stdin, and how it is cut into messages |
//! | `recording` | recordings read back: whose turn it was, when, and whether the same answers come; HAR files as recordings |
//! | `session` | the pump: socket and clock; keepalive, reconnecting; when and how it ends |
//! | `script` | the language of `run`: its tree, parsing, formatting, judging |
//! | `render` | from events to bytes: text, JSON, records, pages |
//! | `error` | what goes wrong before a session |
//! | `events` | what goes in, what comes out, how it ended |
//! | `conformance` | the cases of `check`: rules of the RFCs as data, and what was seen of a server, judged |
//! | `dial` | names, addresses, sockets, proxies, TLS |
//! | `handshake`, `request` | the opening handshake, and what it says |
//! | `wire` | frames, compression, what is seen of them; tungstenite |
//! | `codec` | what is inside messages: decoders to JSON, encoders from it |
//! | `term` | stdout, stderr, what is told to the user |
//! | `http2` | a stream of an HTTP/2 connection as a stream of bytes; h2 |
//! | `message`, `transport`, `target` | messages and Closes; what carries them; to whom |
//! | `compare` | equality of JSON, and differences |
//! | `masking` | what is secret, and how it is shown |
//! | `text` | escapes, units, patterns, hexdumps, what other tools call an option |
//! | `sys` | what is Unix's own: signals, process groups, files that do not block, limits, terminal modes, clocks |
//! | `testing` | what tests, benchmarks and fuzzers call |

#![deny(unsafe_code)]

mod app;
mod cli;
mod client;
mod codec;
mod commands;
mod compare;
mod conformance;
mod dial;
mod error;
mod events;
mod handshake;
mod http2;
mod input;
mod masking;
mod message;
mod play;
mod recording;
mod render;
mod report;
mod request;
mod runtime;
mod script;
mod server;
mod session;
mod sys;
mod target;
mod term;
#[doc(hidden)]
pub mod testing;
mod text;
mod transport;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs wsprobe with the arguments of its command line, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    #[cfg(frame_pointers)]
    sys::backtrace::tell_places();
    let code = match cli::invocation(args, &cli::Env::read()) {
        Ok(cli::Invocation { job, notes, warning }) => app::run(job, &notes, warning.as_deref()),
        Err(error) => runtime::complain(&error),
    };
    ExitCode::from(code)
}
