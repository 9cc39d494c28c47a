//! Sockets in the file system.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;
pub(crate) use tokio::net::UnixStream;

/// A socket in the file system that listens; its file goes with it.
pub(crate) struct SocketFile {
    listener: UnixListener,
    path: PathBuf,
    /// Which file it is at that path.
    id: Option<FileId>,
}

/// What tells a file from another that has come in its place: device and inode.
type FileId = (u64, u64);

impl SocketFile {
    /// Listens at a path. A socket there that nobody answers at is replaced. Needs a runtime to be there.
    ///
    /// # Errors
    /// Something else is there, or the folder takes no file.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        remove_if_left_behind(path);
        let listener = UnixListener::bind(path)?;
        Ok(Self { listener, path: path.to_owned(), id: file_id(path) })
    }

    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A successor may have come, whose socket this now is.
        if self.id.is_some() && file_id(&self.path) == self.id {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn file_id(path: &Path) -> Option<FileId> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// A socket in the file system stays when its server was killed; one that nobody answers at is no longer needed.
fn remove_if_left_behind(path: &Path) {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let is_refused = || {
        let connected = std::os::unix::net::UnixStream::connect(path);
        connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    if is_socket && is_refused() {
        let _ = std::fs::remove_file(path);
    }
}
