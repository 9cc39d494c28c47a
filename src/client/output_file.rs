//! Files that are written as a whole, such as records and reports: what is in them stays until there is something to write,
//! and files that the run itself reads or prints to are refused.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::sys::file::{self, Readers};

/// A file to write to, and whether what is in it may be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) path: PathBuf,
    pub(crate) is_forced: bool,
}

impl Destination {
    /// Refuses a file that has something in it, unless that may be lost.
    ///
    /// # Errors
    /// It would be lost.
    pub(crate) fn check(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        // What is no file has nothing in it that could be lost.
        if self.is_forced || !metadata.is_file() || metadata.len() == 0 {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is not empty; --force replaces it"))
    }
}

/// Our own streams, as they may be opened.
const STREAMS: [(&str, &str); 3] = [("/dev/stdin", "stdin"), ("/dev/stdout", "stdout"), ("/dev/stderr", "stderr")];

/// Opens a file to be replaced; what is in it stays until [`empty`]. One that exists keeps its mode. The reader of a FIFO
/// is waited for while other things go on.
///
/// # Errors
/// It cannot be written, or is one of our own streams.
pub(crate) async fn open(path: &Path, readers: Readers) -> io::Result<File> {
    file::replace(path, readers).await.and_then(not_a_stream)
}

/// The same without waiting for anybody.
///
/// # Errors
/// The same; or nobody reads the FIFO.
pub(crate) fn open_now(path: &Path, readers: Readers) -> io::Result<File> {
    file::replace_now(path, readers).and_then(not_a_stream)
}

fn not_a_stream(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    // What is no file has nothing in it that could be lost.
    let is_same = |stream: &str| std::fs::metadata(stream).is_ok_and(|stream| file::is_same(&metadata, &stream));
    match STREAMS.iter().find(|(stream, _)| metadata.is_file() && is_same(stream)) {
        Some((_, name)) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is the same file as {name}"))),
        None => Ok(file),
    }
}

/// Writes a whole file; this may wait for whoever reads it.
///
/// # Errors
/// It cannot be written, or has something in it that may not be lost.
pub(crate) fn write(to: &Destination, data: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&to.path)?;
    to.check(&file)?;
    empty(&file);
    file.write_all(data)
}

/// Empties a file, now that something is to be written to it.
pub(crate) fn empty(file: &File) {
    // A pipe or a terminal is empty by itself.
    let _ = file.set_len(0);
}

/// Refuses a file to write that is one to read.
///
/// # Errors
/// They are the same file.
pub(crate) fn check_not_read<'r>(written: &Path, read: impl IntoIterator<Item = &'r Path>) -> Result<(), Error> {
    let Ok(metadata) = std::fs::metadata(written) else { return Ok(()) };
    let is_same =
        |path: &&Path| std::fs::metadata(path).is_ok_and(|read| read.is_file() && file::is_same(&metadata, &read));
    match read.into_iter().find(is_same) {
        Some(path) => Err(Error::Usage(format!(
            "`{}` would be overwritten, but this run reads it as `{}`",
            written.display(),
            path.display()
        ))),
        None => Ok(()),
    }
}
