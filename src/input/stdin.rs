//! Stdin: read where that cannot block, or else on a thread of its own.

use std::fs::File;
use std::future::pending;
use std::io::{self, Read as _};

use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::splitter::{Cut, Cutter};
use crate::events::Batch;
use crate::session::Inlet;
use crate::sys::nonblocking::{self, WatchedFile};
use crate::sys::streams;

/// What one read may bring.
const BLOCK: usize = 128 << 10;

/// Batches between its thread and the socket: one may be a message of any size.
const BATCHES: usize = 1;

/// Opens stdin for reading, or tells why there is nothing to read.
///
/// `/dev/null` and a stdin that cannot be read are no input at all: nohup, cron, docker and systemd start programs so.
///
/// # Errors
/// The reason, where the user may not know of it.
pub(crate) fn open() -> Result<Option<File>, io::Error> {
    if streams::stdin_is_absent() {
        return Ok(None);
    }
    let stdin = streams::stdin()?;
    // Nothing is read, but what cannot be read says so: a directory, or a file opened for writing.
    (&stdin).read(&mut []).map(|_| Some(stdin))
}

/// What stdin has to send.
pub(crate) enum Stdin {
    /// Read by whoever asks for more: a hop from task to task, or from thread to thread, is long for a round trip.
    Here(Box<Watched>),
    /// Read on a thread of its own, since a read may block.
    Aside(mpsc::Receiver<Result<Batch, String>>),
    Ended,
    /// Nothing will come, and that is not the end.
    Silent,
}

impl Stdin {
    /// Reads it, and cuts it so.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(crate) fn new(file: File, cut: Cut) -> io::Result<Self> {
        nonblocking::widen(&file);
        let reader = StdinReader { cutter: Cutter::new(cut), block: vec![0; BLOCK] };
        match WatchedFile::to_read(file) {
            Ok(file) => Ok(Self::Here(Box::new(Watched { file, reader, has_more: false, wrong: None, ended: false }))),
            Err(file) => reader.read_aside(file).map(Self::Aside),
        }
    }

    fn step_aside(&mut self) -> io::Result<()> {
        if let Self::Here(watched) = std::mem::replace(self, Self::Ended) {
            let Watched { file, reader, .. } = *watched;
            *self = Self::Aside(reader.read_aside(file.into_file())?);
        }
        Ok(())
    }
}

impl Inlet for Stdin {
    async fn next(&mut self) -> Option<Result<Batch, String>> {
        loop {
            match self {
                Self::Here(watched) => match watched.next().await {
                    Ok(next) => return next,
                    Err(Unsupported) => {
                        if let Err(error) = self.step_aside() {
                            return Some(Err(format!("cannot read stdin: {error}")));
                        }
                    }
                },
                Self::Aside(batches) => return batches.recv().await,
                Self::Ended => return None,
                Self::Silent => return pending().await,
            }
        }
    }
}

/// A stdin that tells when there is something to be read; a pipe, as a rule.
pub(crate) struct Watched {
    file: WatchedFile,
    reader: StdinReader,
    /// The last read was full: the next may be as well.
    has_more: bool,
    /// Why nothing comes after what was given last.
    wrong: Option<String>,
    ended: bool,
}

/// It cannot be read without blocking.
struct Unsupported;

impl Watched {
    /// As [`Inlet::next`].
    async fn next(&mut self) -> Result<Option<Result<Batch, String>>, Unsupported> {
        loop {
            if let Some(why) = self.wrong.take() {
                return Ok(Some(Err(why)));
            }
            if self.ended {
                return Ok(None);
            }
            if self.has_more {
                // What has come from the peer meanwhile does not wait for the end of the input.
                yield_now().await;
                self.has_more = false;
            }
            let read = self.file.read(&mut self.reader.block).await;
            if matches!(&read, Err(error) if error.kind() == io::ErrorKind::Unsupported) {
                return Err(Unsupported);
            }
            self.has_more = matches!(read, Ok(BLOCK..));
            let Some(Brought { batch, wrong, ended }) = self.reader.take(read) else { continue };
            (self.wrong, self.ended) = (wrong, ended);
            if !batch.is_empty() {
                return Ok(Some(Ok(batch)));
            }
        }
    }
}

/// Takes what stdin has to where it is sent.
struct StdinReader {
    cutter: Cutter,
    block: Vec<u8>,
}

/// What a read has brought: a batch, the reason why it is the last, and whether it is.
struct Brought {
    batch: Batch,
    wrong: Option<String>,
    ended: bool,
}

impl StdinReader {
    /// Reads everything on a thread, to the end of the input, or for as long as somebody takes its batches.
    fn read_aside(mut self, mut stdin: File) -> io::Result<mpsc::Receiver<Result<Batch, String>>> {
        let (batches, receiver) = mpsc::channel(BATCHES);
        let read = move || {
            loop {
                let read = stdin.read(&mut self.block);
                let Some(Brought { batch, wrong, ended }) = self.take(read) else { continue };
                if !batch.is_empty() && batches.blocking_send(Ok(batch)).is_err() {
                    return;
                }
                if let Some(why) = wrong {
                    let _ = batches.blocking_send(Err(why));
                }
                if ended {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("stdin".to_owned()).spawn(read)?;
        Ok(receiver)
    }

    /// Cuts what a read has brought; none if it is to be tried again.
    fn take(&mut self, read: io::Result<usize>) -> Option<Brought> {
        let mut batch = Batch::new();
        let (result, ended) = match read {
            Ok(0) => (self.cutter.finish(&mut batch), true),
            Ok(length) => (self.cutter.push(&self.block[..length], &mut batch), false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return None,
            Err(error) => (Err(format!("cannot read stdin: {error}")), true),
        };
        let ended = ended || result.is_err();
        Some(Brought { batch, wrong: result.err(), ended })
    }
}
