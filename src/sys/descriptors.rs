//! File descriptors: how many there may be, and whether there are enough to begin with.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than any run needs before it is under way: runtimes, their pipes for signals, a socket, what it reads and writes.
const NEEDED: u64 = 24;

/// Finds out whether there are enough to begin with; libraries take it for granted, and panic.
///
/// # Errors
/// There are too few.
pub(crate) fn check() -> io::Result<()> {
    are_there().or_else(|_| {
        raise_limit();
        are_there()
    })
}

fn are_there() -> io::Result<()> {
    // The system gives the lowest number that is free: those from there on are.
    let free = u64::try_from(File::open("/")?.as_raw_fd()).expect("an open file has a number");
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if free + NEEDED <= soft { Ok(()) } else { Err(Errno::EMFILE.into()) }
}

/// How many more there can be, at most.
pub(crate) fn room() -> u64 {
    raise_limit();
    let used = File::open("/").map_or(0, |file| u64::try_from(file.as_raw_fd()).unwrap_or(0));
    getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft.saturating_sub(used + NEEDED))
}

/// Lets a server have as many as it may: each client takes one, and the usual limit is made for programs that use select(2).
pub(crate) fn raise_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Then there is room for fewer clients, and they will be told.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
