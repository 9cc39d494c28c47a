//! Files that the user names, opened so that none of them holds the program up and read so that none fills its memory.
//!
//! A FIFO opens once somebody is at its other end, which may be never, and a device may have no end. Who has signals and
//! time limits to heed waits for a file aside: on a thread that nobody waits for when the program ends.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

/// What is read as a whole has to fit into memory.
const MOST: u64 = 64 << 20;

/// Who may read a file that is made; one that exists keeps its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// It may hold secrets, as curl's cookie jar and ssh's keys do.
    Owner,
    /// As far as the umask lets them.
    Anyone,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Anyone => 0o666,
        }
    }
}

/// Reads all of a regular file: opening a FIFO or reading a terminal could wait for ever.
///
/// # Errors
/// It is not a regular file, cannot be read, or holds more than 64 MiB.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    read(path)
}

/// Reads all of a file, however long that takes.
///
/// # Errors
/// It cannot be read, or holds more than 64 MiB.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, MOST)
}

/// The same with another limit, in bytes.
///
/// # Errors
/// It cannot be read, or holds more.
pub(crate) fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut data)?;
    if data.len() as u64 > most {
        let words = format!("it is larger than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(data)
}

/// The same as text.
///
/// # Errors
/// As [`read`], or it is not UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Opens a file to be replaced, and leaves in it what is there; a FIFO that nobody reads yet is waited for while other
/// things go on.
///
/// # Errors
/// It cannot be opened.
pub(crate) async fn replace(path: &Path, readers: Readers) -> io::Result<File> {
    open(&replacing(readers), path).await
}

/// The same without waiting for whoever is at its other end; what is written then waits as ever.
///
/// # Errors
/// It cannot be opened, or nobody is there.
pub(crate) fn replace_now(path: &Path, readers: Readers) -> io::Result<File> {
    open_now(&replacing(readers), path)
}

fn replacing(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(readers.mode());
    options
}

/// Opens a file to be read and to grow, for its owner alone.
///
/// # Errors
/// It cannot be opened, or is no regular file: what else there may be has no end, or waits for others.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(Readers::Owner.mode());
    let file = open_now(&options, path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// Makes a folder, and those above it, for its owner alone; one that exists stays as it is.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Takes a file from all but its owner.
///
/// # Errors
/// It is somebody else's.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(Readers::Owner.mode()))
}

/// Whether others than its owner may read a file.
///
/// # Errors
/// It cannot be looked at.
pub(crate) fn is_shared(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.mode() & 0o077 != 0)
}

/// Whether two are the same file, under whichever names.
pub(crate) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

async fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match open_at_once(options, path) {
        Err(error) if is_unread(&error, path) => {
            let (options, path) = (options.clone(), path.to_owned());
            let opened = tokio::task::spawn_blocking(move || options.open(path)).await;
            opened.unwrap_or_else(|lost| Err(io::Error::other(lost)))
        }
        opened => opened,
    }
}

/// Opens a file that grows, for its owner alone; what is written fails where it would wait.
///
/// # Errors
/// It cannot be opened.
pub(crate) async fn append_without_waiting(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().append(true).create(true).mode(Readers::Owner.mode()), path).await?;
    set_waiting(&file, false)?;
    Ok(file)
}

fn open_now(options: &OpenOptions, path: &Path) -> io::Result<File> {
    open_at_once(options, path).map_err(|error| {
        if is_unread(&error, path) { io::Error::new(error.kind(), "nobody reads this FIFO") } else { error }
    })
}

fn open_at_once(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.clone().custom_flags(libc::O_NONBLOCK).open(path)?;
    set_waiting(&file, true)?;
    Ok(file)
}

fn set_waiting(file: &File, waits: bool) -> io::Result<()> {
    let mut flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
    flags.set(OFlag::O_NONBLOCK, !waits);
    fcntl(file, FcntlArg::F_SETFL(flags))?;
    Ok(())
}

fn is_unread(error: &io::Error, path: &Path) -> bool {
    error.raw_os_error() == Some(libc::ENXIO)
        && std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn fifo() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        (dir, path)
    }

    #[test]
    fn what_has_no_end_is_told_so() {
        assert_eq!(read(Path::new("/dev/zero")).unwrap_err().to_string(), "it is larger than 64 MiB");
    }

    #[tokio::test]
    async fn a_fifo_is_waited_for_while_other_things_go_on() {
        let (_dir, path) = fifo();
        let mut options = OpenOptions::new();
        options.write(true);
        assert_eq!(open_now(&options, &path).unwrap_err().to_string(), "nobody reads this FIFO");
        let opening = open(&options, path.as_path());
        tokio::pin!(opening);
        tokio::select! {
            _ = &mut opening => panic!("nobody reads it"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        let read_end = path.clone();
        let reader = tokio::task::spawn_blocking(move || read(&read_end));
        opening.await.unwrap().write_all(b"hello").unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b"hello");
    }
}
