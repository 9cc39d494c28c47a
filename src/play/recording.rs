//! The record of all connections of a run (`--record`).

use crate::client::output_buffer::OutputBuffer;
use crate::error::Error;
use crate::events::{Event, TimeOrder};
use crate::render::record::{self, Secrets};
use crate::session::Gone;

pub(crate) struct SharedRecording {
    buffer: OutputBuffer,
    secrets: Secrets,
    times: TimeOrder,
}

impl SharedRecording {
    pub(crate) fn new(buffer: OutputBuffer, secrets: Secrets) -> Self {
        Self { buffer, secrets, times: TimeOrder::default() }
    }

    pub(crate) fn put(&self, event: &Event) {
        let event = Event { at: self.times.next(event.at), ..event.clone() };
        self.buffer.append(|out| record::write(&event, self.secrets, out));
    }

    pub(crate) async fn room(&self) -> Result<(), Gone> {
        self.buffer.room().await
    }

    pub(crate) async fn flush(&self) -> Result<(), Gone> {
        self.buffer.flush().await
    }

    pub(crate) async fn finish(self) -> Result<(), Error> {
        self.buffer.finish().await.map_err(|source| Error::Local { what: "write the record", source })
    }
}
