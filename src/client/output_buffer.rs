//! Output on its way to a [`FileWriter`]: collected while more arrives, and handed over in one piece otherwise.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;

use bytes::{Buf as _, BytesMut};

use super::output_file;
use crate::session::Gone;
use crate::term::FileWriter;

/// Enough for one write; more waiting than this slows its source down.
const PIECE: usize = 64 << 10;

/// A buffer before a writer. Shared by the two halves of the pump, so it takes `&self`.
pub(crate) struct OutputBuffer {
    // Borrowed between awaits only.
    waiting: RefCell<BytesMut>,
    writer: FileWriter,
    /// The same file, until it is emptied for what is written first.
    replaced: Cell<Option<File>>,
    /// A reader that has gone loses what is written, and that is all.
    may_lose: bool,
}

impl OutputBuffer {
    pub(crate) fn new(writer: FileWriter) -> Self {
        Self { waiting: RefCell::default(), writer, replaced: Cell::new(None), may_lose: false }
    }

    /// To a file whose contents are replaced by what is written, if anything is.
    pub(crate) fn replacing(file: File) -> io::Result<Self> {
        let replaced = file.try_clone()?;
        Ok(Self { replaced: Cell::new(Some(replaced)), ..Self::new(FileWriter::to_file(file)) })
    }

    /// To a pipe whose reader may go.
    pub(crate) fn losing(pipe: File) -> Self {
        Self { may_lose: true, ..Self::new(FileWriter::to_file(pipe)) }
    }

    /// Lets something be appended; never waits.
    pub(crate) fn append(&self, append: impl FnOnce(&mut BytesMut)) {
        append(&mut self.waiting.borrow_mut());
    }

    /// Appends something large: what the file takes without waiting is not copied.
    pub(crate) fn pass(&self, data: &[u8]) {
        self.make_way();
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.is_empty() {
            let written = self.writer.write_at_once(&waiting);
            waiting.advance(written);
        }
        let written = if waiting.is_empty() { self.writer.write_at_once(data) } else { 0 };
        waiting.extend_from_slice(&data[written..]);
    }

    /// Waits until there is room for more. Cancel-safe: nothing leaves the buffer before a place is reserved for it.
    pub(crate) async fn room(&self) -> Result<(), Gone> {
        if self.waiting.borrow().len() < PIECE {
            return Ok(());
        }
        self.flush().await
    }

    /// Hands over all that waits.
    pub(crate) async fn flush(&self) -> Result<(), Gone> {
        if self.is_empty() {
            return Ok(());
        }
        self.make_way();
        let written = self.writer.write_at_once(&self.waiting.borrow());
        self.waiting.borrow_mut().advance(written);
        if self.is_empty() {
            return Ok(());
        }
        let place = match self.writer.place().await {
            Ok(place) => place,
            Err(_) if self.may_lose => {
                self.waiting.borrow_mut().clear();
                return Ok(());
            }
            Err(_) => return Err(Gone),
        };
        // The other half may have taken it meanwhile.
        let piece = self.waiting.borrow_mut().split().freeze();
        if !piece.is_empty() {
            place.send(piece);
        }
        Ok(())
    }

    /// Empties the file that is to be replaced, before anything is written to it.
    fn make_way(&self) {
        if let Some(file) = self.replaced.take() {
            output_file::empty(&file);
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// Ends when nothing more can be written, if that matters.
    pub(crate) async fn stopped(&self) {
        if self.may_lose {
            return std::future::pending().await;
        }
        self.writer.stopped().await;
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// What the writer could not write; a reader that went away is not an error.
    pub(crate) async fn finish(self) -> io::Result<()> {
        // A failed writer tells its own reason below.
        let _ = self.flush().await;
        self.writer.finish().await
    }
}
