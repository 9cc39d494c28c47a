//! The standard streams, as files of our own: whoever reads or writes them so passes by the buffers and locks of `std::io`.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

use nix::sys::stat::{FileStat, fstat, stat};

/// # Errors
/// There are too many open files.
#[expect(clippy::disallowed_methods, reason = "the owner of stdin asks for it here")]
pub(crate) fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// # Errors
/// There are too many open files.
#[expect(clippy::disallowed_methods, reason = "the owner of stdout asks for it here")]
pub(crate) fn stdout() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Whether stdin is /dev/null; a closed one is too, as the runtime of Rust sees to that.
#[expect(clippy::disallowed_methods, reason = "nothing is read")]
pub(crate) fn stdin_is_absent() -> bool {
    let device = |stat: nix::Result<FileStat>| stat.map(|stat| stat.st_rdev);
    matches!((device(fstat(io::stdin())), device(stat("/dev/null"))), (Ok(stdin), Ok(null)) if stdin == null)
}
