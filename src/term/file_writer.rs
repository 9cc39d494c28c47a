//! Writer threads, so that a slow reader never stops the clock or the socket.
//!
//! What can be written without waiting needs no thread, and is there sooner.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::sys::{broken_pipe, nonblocking, streams};

/// Chunks on their way to the writer. One is being written while the next is being filled.
const CHUNKS: usize = 2;

/// A writer to a file, a pipe or a terminal, with a thread of its own.
pub(crate) struct FileWriter {
    file: Arc<File>,
    /// Whether the file may take a write that does not wait.
    takes_at_once: Cell<bool>,
    chunks: mpsc::Sender<Bytes>,
    /// Chunks that the thread still has to write.
    unwritten: Arc<AtomicUsize>,
    /// Until there is something for it to do.
    writer: Cell<Option<WriterThread>>,
    done: oneshot::Receiver<io::Result<()>>,
}

/// What the thread takes with it.
struct WriterThread {
    file: Arc<File>,
    chunks: mpsc::Receiver<Bytes>,
    unwritten: Arc<AtomicUsize>,
    report: oneshot::Sender<io::Result<()>>,
}

impl WriterThread {
    fn run(mut self) {
        let result = std::iter::from_fn(|| self.chunks.blocking_recv()).try_for_each(|chunk| {
            write_all(&self.file, &chunk)?;
            self.unwritten.fetch_sub(1, Ordering::Release);
            Ok(())
        });
        drop(self.chunks);
        // The caller may be gone.
        let _ = self.report.send(result);
    }
}

/// A place for one more chunk.
pub(crate) struct ChunkSlot<'l> {
    permit: mpsc::Permit<'l, Bytes>,
    unwritten: &'l AtomicUsize,
}

impl ChunkSlot<'_> {
    pub(crate) fn send(self, chunk: Bytes) {
        self.unwritten.fetch_add(1, Ordering::Relaxed);
        self.permit.send(chunk);
    }
}

impl FileWriter {
    pub(crate) fn to_stdout() -> io::Result<Self> {
        streams::stdout().map(Self::to_file)
    }

    pub(crate) fn to_file(file: File) -> Self {
        nonblocking::widen(&file);
        let (file, unwritten) = (Arc::new(file), Arc::new(AtomicUsize::new(0)));
        let (chunks, receiver) = mpsc::channel::<Bytes>(CHUNKS);
        let (report, done) = oneshot::channel();
        let writer =
            WriterThread { file: Arc::clone(&file), chunks: receiver, unwritten: Arc::clone(&unwritten), report };
        Self { file, takes_at_once: Cell::new(true), chunks, unwritten, writer: Cell::new(Some(writer)), done }
    }

    /// Writes as much as the file takes without waiting, and tells how much that was.
    ///
    /// Nothing, while the thread has something to write; nor if the write fails, which the thread finds out and tells.
    pub(crate) fn write_at_once(&self, data: &[u8]) -> usize {
        if !self.takes_at_once.get() || self.unwritten.load(Ordering::Acquire) > 0 {
            return 0;
        }
        match nonblocking::write(&self.file, data) {
            Ok(written) => written,
            Err(error) => {
                self.takes_at_once.set(error.kind() != ErrorKind::Unsupported);
                0
            }
        }
    }

    /// Waits for a place for one more chunk while the writer is busy, and starts it if it is not there. Cancel-safe.
    ///
    /// # Errors
    /// The writer has failed; [`finish`](Self::finish) tells why.
    pub(crate) async fn place(&self) -> Result<ChunkSlot<'_>, WriterStopped> {
        if let Some(writer) = self.writer.take() {
            // Without a thread, the channel has no receiver, which `finish` notices.
            let _ = std::thread::Builder::new().name("writer".to_owned()).spawn(|| writer.run());
        }
        let permit = self.chunks.reserve().await.map_err(|_| WriterStopped)?;
        Ok(ChunkSlot { permit, unwritten: &self.unwritten })
    }

    /// Ends when the writer has failed, also while nothing is written.
    pub(crate) async fn stopped(&self) {
        self.chunks.closed().await;
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// The first error of the writer; a reader that went away is none.
    pub(crate) async fn finish(self) -> io::Result<()> {
        if self.writer.into_inner().is_some() {
            return Ok(());
        }
        drop(self.chunks);
        match self.done.await {
            Ok(Err(error)) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("cannot start the thread that writes")),
        }
    }
}

/// The writer thread has stopped.
#[derive(Debug)]
pub(crate) struct WriterStopped;

/// Writes a page to stdout; a reader that has seen enough is not an error.
///
/// # Errors
/// What the write said.
pub(crate) fn print(page: &[u8]) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the owner of stdout")]
    let mut stdout = io::stdout().lock();
    match stdout.write_all(page).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Ends when the reader of stdout has gone, also while nothing is written, or when somebody says so (SIGPIPE).
pub(crate) async fn stdout_gone() {
    let reader_gone = async {
        match streams::stdout() {
            Ok(stdout) => nonblocking::reader_gone(stdout).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = reader_gone => {}
        () = broken_pipe::sent() => {}
    }
}

/// Writes on, even if another program has set the stream to non-blocking.
fn write_all(mut file: &File, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match file.write(data) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => data = &data[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => nonblocking::wait_writable(file)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
