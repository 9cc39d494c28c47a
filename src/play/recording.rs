//! The record of all connections of a run (`--record`).

use crate::client::output_buffer::OutputBuffer;
use crate::error::Error;
use crate::events::{Event, TimeOrder};
use crate::render::record::{self, Secrets};
use crate::session::Gone;

pub(crate) struct SharedRecording {
    spool: OutputBuffer,
    secrets: Secrets,
    times: TimeOrder,
}

impl SharedRecording {
    pub(crate) fn new(spool: OutputBuffer, secrets: Secrets) -> Self {
        Self { spool, secrets, times: TimeOrder::default() }
    }

    pub(crate) fn put(&self, event: &Event) {
        let event = Event { at: self.times.next(event.at), ..event.clone() };
        self.spool.append(|out| record::write(&event, self.secrets, out));
    }

    pub(crate) async fn room(&self) -> Result<(), Gone> {
        self.spool.room().await
    }

    pub(crate) async fn flush(&self) -> Result<(), Gone> {
        self.spool.flush().await
    }

    pub(crate) async fn finish(self) -> Result<(), Error> {
        self.spool.finish().await.map_err(|source| Error::Local { what: "write the record", source })
    }
}
