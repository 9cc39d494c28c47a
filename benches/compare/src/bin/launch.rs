//! Starts a program, waits for it, and writes down what it took: `launch REPORT PROGRAM [ARG…]`.
//!
//! A process inherits the peak of its parent's memory (`ru_maxrss` outlives exec), so a small one has to start it.
#![allow(clippy::disallowed_methods, reason = "it is a program of its own")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode};

use compare::clock;
use compare::usage::Usage;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(report), Some(program)) = (args.next(), args.next()) else {
        eprintln!("launch REPORT PROGRAM [ARG…]");
        return ExitCode::from(2);
    };
    let mut command = Command::new(&program);
    command.args(args);
    let started = clock::now();
    let status = match command.status() {
        Ok(status) => status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)),
        Err(error) => {
            eprintln!("launch: {}: {error}", program.display());
            return ExitCode::FAILURE;
        }
    };
    let ended = clock::now();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it takes a place to write to");
    let cpu = (used.user_time() + used.system_time()).num_nanoseconds();
    let usage = Usage { started, ended, status, peak: used.max_rss().cast_unsigned(), cpu: cpu.cast_unsigned() };
    // Under another name first, so that nobody reads half of it.
    let unfinished = std::path::Path::new(&report).with_extension("new");
    let written = std::fs::write(&unfinished, usage.to_line()).and_then(|()| std::fs::rename(&unfinished, &report));
    if let Err(error) = written {
        eprintln!("launch: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
