//! File descriptors: how many there may be, and whether there are enough to begin with.

use std::fs::File;
use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than any run needs before it is under way: runtimes, their pipes for signals, a socket, what it reads and writes.
const NEEDED: usize = 24;

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
    let held: io::Result<Vec<File>> = (0..NEEDED).map(|_| File::open("/")).collect();
    held.map(drop)
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
