//! What a file gives and takes without waiting.
//!
//! Other programs may share the file, so its mode stays as it is: each read and write says for itself that it would
//! rather fail than wait. Linux supports that since 4.14, for pipes since 6.4; elsewhere a thread is needed.

use std::fs::File;
use std::future::{pending, poll_fn};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::ioctl_fionread;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A file that tells when there is something to be read; a pipe, as a rule.
pub(crate) struct WatchedFile(AsyncFd<File>);

impl WatchedFile {
    /// Gives back what cannot be watched, such as a file on a disk.
    pub(crate) fn to_read(file: File) -> Result<Self, File> {
        watch(file, Interest::READABLE).map(Self)
    }

    /// Waits until something has come, and reads it; nothing at the end of the file. Cancel-safe.
    ///
    /// # Errors
    /// What the read said; `Unsupported` if it cannot be read without blocking.
    pub(crate) async fn read(&self, block: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = poll_fn(|cx| self.0.poll_read_ready(cx)).await?;
            let read = read(self.0.get_ref(), block);
            match &read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    continue;
                }
                // It has given all that was there; an end is noticed all the same.
                Ok(length) if (1..block.len()).contains(length) => ready.clear_ready(),
                _ => {}
            }
            return read;
        }
    }

    pub(crate) fn into_file(self) -> File {
        self.0.into_inner()
    }
}

/// Waits until whoever reads it has gone; for ever, if it is a file.
pub(crate) async fn reader_gone(file: File) {
    // Files cannot be watched, and need not be.
    let Ok(watched) = watch(file, Interest::ERROR) else { return pending().await };
    let _ = watched.ready(Interest::ERROR).await;
}

/// Waits until a terminal that takes lines has an end where one would begin, and takes that: it is not left for the shell.
/// What was typed otherwise is left for who reads it.
pub(crate) async fn ended(terminal: File) {
    let Ok(watched) = watch(terminal, Interest::READABLE) else { return pending().await };
    while let Ok(mut ready) = watched.readable().await {
        // No bytes are there where only an end is.
        if ioctl_fionread(&watched) == Ok(0) {
            let _ = watched.get_ref().read(&mut [0]);
            return;
        }
        ready.clear_ready();
    }
    pending().await
}

/// Waits until it takes more; blocks the thread.
///
/// # Errors
/// It cannot be waited for.
pub(crate) fn wait_writable(file: &File) -> io::Result<()> {
    poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE)?;
    Ok(())
}

fn watch(file: File, interest: Interest) -> Result<AsyncFd<File>, File> {
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
fn read(file: &File, block: &mut [u8]) -> io::Result<usize> {
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
fn read(_: &File, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn write(_: &File, _: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
