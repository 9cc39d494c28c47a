//! The program `wsprobe`: see the library for the map.

use std::process::ExitCode;

fn main() -> ExitCode {
    wsprobe::run(std::env::args_os())
}
