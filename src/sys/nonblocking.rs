//! What a file gives and takes without waiting.
//!
//! Other programs may share the file, so its mode stays as it is: each read and write says for itself that it would
//! rather fail than wait. Linux supports that since 4.14, for pipes since 6.4; elsewhere a thread is needed.

use std::fs::File;
use std::io;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches for the time when a file is ready; gives back what cannot be watched, such as a file on a disk.
pub(crate) fn watch(file: File, interest: Interest) -> Result<AsyncFd<File>, File> {
    #[expect(unsafe_code, reason = "tokio asks for a promise")]
    // SAFETY: the descriptor is owned by what watches it, and so stays open for as long.
    let watched = unsafe { AsyncFd::register_with_interest(file, interest) };
    watched.map_err(|error| error.into_parts().0)
}

/// Reads what is there.
///
/// # Errors
/// `WouldBlock` if that is nothing; `Unsupported` if it cannot be read so.
#[cfg(target_os = "linux")]
pub(crate) fn read(file: &File, block: &mut [u8]) -> io::Result<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    Ok(preadv2(file, &mut [io::IoSliceMut::new(block)], HERE, ReadWriteFlags::NOWAIT)?)
}

/// Writes as much as there is room for.
///
/// # Errors
/// `WouldBlock` if there is none; `Unsupported` if it cannot be written so.
#[cfg(target_os = "linux")]
pub(crate) fn write(file: &File, data: &[u8]) -> io::Result<usize> {
    use rustix::io::{ReadWriteFlags, pwritev2};
    Ok(pwritev2(file, &[io::IoSlice::new(data)], HERE, ReadWriteFlags::NOWAIT)?)
}

/// Lets a pipe hold more, so that who writes and who reads it wake each other less often.
#[cfg(target_os = "linux")]
pub(crate) fn widen(file: &File) {
    // The limit for ordinary users (/proc/sys/fs/pipe-max-size); for other files, and users with many pipes, this fails.
    const MOST: usize = 1 << 20;
    let _ = rustix::pipe::fcntl_setpipe_size(file, MOST);
}

/// The place that the file is at.
#[cfg(target_os = "linux")]
const HERE: u64 = u64::MAX;

#[cfg(not(target_os = "linux"))]
pub(crate) fn widen(_: &File) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read(_: &File, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn write(_: &File, _: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
